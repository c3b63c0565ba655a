"""Files that are read, and files that are replaced with all that is known of them kept."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from imbue.resource_guards.fix.together import Changed
from imbue.resource_guards.fix.together import NotWrittenError
from imbue.resource_guards.fix.together import write_together
from imbue.resource_guards.report import files
from imbue.resource_guards.report.files import StagedFile
from imbue.resource_guards.report.files import read_regular
from imbue.resource_guards.report.files import write_whole

ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
OTHER = 65534


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_file_that_grows_while_it_is_read(tmp_path: Path) -> None:
    """Its size is not believed, and no more of it is read than may be."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")

    assert read_regular(path, 5) == b"12345"
    for largest in (0, 4):
        with pytest.raises(OSError, match="larger than"):
            read_regular(path, largest)
    if Path("/proc/self/status").exists():  # its size is 0
        with pytest.raises(OSError, match="larger than"):
            read_regular(Path("/proc/self/status"), 5)


def test_nothing_stays_open(tmp_path: Path) -> None:
    """Also where a file is refused."""
    before = os.dup(0)
    os.close(before)
    for path in (tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file"):
            read_regular(path)
    after = os.dup(0)
    os.close(after)

    assert after == before


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o4755, 0o2664])
def test_the_mode_is_kept(tmp_path: Path, mode: int) -> None:
    """All bits of it."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)

    write_whole(path, b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert names(tmp_path) == ["file"]


def test_a_new_file_has_the_mode_of_any_other(tmp_path: Path) -> None:
    """As the umask has it."""
    path = tmp_path / "file"
    (tmp_path / "other").touch()

    write_whole(path, b"new")

    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


@ROOT
def test_the_owner_is_kept(tmp_path: Path) -> None:
    """Root leaves a file to whom it belongs."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    os.chown(path, OTHER, OTHER)
    path.chmod(0o4640)

    write_whole(path, b"new")

    assert (path.stat().st_uid, path.stat().st_gid) == (OTHER, OTHER)
    assert stat.S_IMODE(path.stat().st_mode) == 0o4640


def test_an_owner_that_cannot_be_kept_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of another user, that one may write, is written in place."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    before = path.stat()

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(files, "_owner", lambda found: (found.st_ino, 0))
        patch.setattr(os, "chown", refuse)
        write_whole(path, b"new")

    assert path.read_bytes() == b"new"
    assert path.stat().st_ino == before.st_ino
    assert names(tmp_path) == ["file"]


def test_links_are_kept(tmp_path: Path) -> None:
    """A symbolic link still leads to the file, and each hard link to the same one."""
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "file"
    path.write_bytes(b"old")
    (tmp_path / "hard").hardlink_to(path)
    (tmp_path / "soft").symlink_to(path)

    write_whole(tmp_path / "soft", b"new")

    assert (tmp_path / "soft").readlink() == path
    assert (tmp_path / "hard").read_bytes() == b"new"
    assert path.stat().st_nlink == 2
    assert names(tmp_path) == ["folder", "hard", "soft"]
    assert names(tmp_path / "folder") == ["file"]


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="Python has no access to attributes here")
def test_attributes_are_kept(tmp_path: Path) -> None:
    """Access lists and labels stay on the file."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "user.note", b"keep")
    except OSError:
        pytest.skip("the file system has none")

    write_whole(path, b"new")

    assert path.read_bytes() == b"new"
    assert os.getxattr(path, "user.note") == b"keep"


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    """A device is not replaced by a file; a folder is an error."""
    link = tmp_path / "null"
    link.symlink_to("/dev/null")

    write_whole(link, b"new")

    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, b"new")


def test_a_long_name(tmp_path: Path) -> None:
    """A file whose name could not be longer is replaced too."""
    path = tmp_path / ("x" * 255)
    path.write_bytes(b"old")

    write_whole(path, b"new")

    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("is_linked", [False, True], ids=["replaced", "in place"])
def test_taken_back(tmp_path: Path, *, is_linked: bool) -> None:
    """A replacement that is undone leaves the old content, and nothing beside it."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    if is_linked:
        (tmp_path / "link").hardlink_to(path)
    before = path.stat()

    replacement = StagedFile(path, b"new")
    replacement.commit()
    assert path.read_bytes() == b"new"
    replacement.undo()
    replacement.discard()

    assert path.read_bytes() == b"old"
    assert path.stat().st_ino == before.st_ino
    assert names(tmp_path) == (["file", "link"] if is_linked else ["file"])


def test_a_new_file_taken_back(tmp_path: Path) -> None:
    """It is gone again."""
    replacement = StagedFile(tmp_path / "file", b"new")
    replacement.commit()
    replacement.undo()
    replacement.discard()

    assert names(tmp_path) == []


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be taken back is kept as a copy there."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "file"
    path.write_bytes(b"old")

    replacement = StagedFile(path, b"new")
    replacement.commit()
    replacement.undo()
    replacement.discard()

    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def changed(folder: Path, count: int) -> list[Changed]:
    """Files of a folder, and what they are to contain."""
    made = []
    for number in range(count):
        file = folder / f"file{number}"
        file.write_bytes(b"old %d" % number)
        made.append(Changed(file.name, file, b"old %d" % number, b"new %d" % number))
    return made


def test_several_files(tmp_path: Path) -> None:
    """All are written."""
    write_together(changed(tmp_path, 3))

    assert [(tmp_path / f"file{n}").read_bytes() for n in range(3)] == [
        b"new 0",
        b"new 1",
        b"new 2",
    ]
    assert names(tmp_path) == ["file0", "file1", "file2"]


@pytest.mark.parametrize("failing", range(3))
@pytest.mark.parametrize("step", ["making ready", "commit", "changed", "interrupt"])
def test_one_of_several_fails(
    tmp_path: Path, failing: int, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are as they were, whichever it is and whenever, and the text says so."""
    wanted = changed(tmp_path, 3)
    left = [b"old 0", b"old 1", b"old 2"]
    calls = iter(range(10))
    stage, commit = StagedFile._stage, StagedFile.commit

    def fail() -> None:
        raise KeyboardInterrupt if step == "interrupt" else OSError(errno.ENOSPC, "No room")

    def failing_stage(self: StagedFile, content: bytes) -> Path:
        if next(calls) == failing:
            fail()
        return stage(self, content)

    def failing_commit(self: StagedFile) -> None:
        if next(calls) == failing:
            fail()
        commit(self)

    if step == "making ready":
        monkeypatch.setattr(StagedFile, "_stage", failing_stage)
    elif step == "changed":
        left[failing] = b"edited"
        wanted[failing].file.write_bytes(b"edited")
    else:
        monkeypatch.setattr(StagedFile, "commit", failing_commit)

    with pytest.raises(KeyboardInterrupt if step == "interrupt" else NotWrittenError) as raised:
        write_together(wanted)

    assert [each.file.read_bytes() for each in wanted] == left
    assert names(tmp_path) == ["file0", "file1", "file2"]
    if step != "interrupt":
        why = "it changed while" if step == "changed" else "No room"
        assert str(raised.value).startswith(f"file{failing}: cannot be written: {why}")
        assert str(raised.value).endswith("No file was changed.")


def test_one_cannot_be_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text names it, and where its old content is."""
    wanted = changed(tmp_path, 2)
    commit = StagedFile.commit

    def commit_the_first(self: StagedFile) -> None:
        if self._path.name == "file1":
            monkeypatch.setattr(Path, "replace", refuse)
            raise OSError(errno.ENOSPC, "No room")
        commit(self)

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(StagedFile, "commit", commit_the_first)

    with pytest.raises(
        NotWrittenError, match=r"except: file0 .Input/output error; its earlier"
    ) as raised:
        write_together(wanted)

    (kept,) = (path for path in tmp_path.iterdir() if path.name.startswith("."))
    assert kept.read_bytes() == b"old 0"
    assert str(kept) in str(raised.value)
    assert (tmp_path / "file1").read_bytes() == b"old 1"


def test_a_write_in_place_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written of it is taken back."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    (tmp_path / "link").hardlink_to(path)
    write = Path.write_bytes

    def fail_once(self: Path, content: bytes) -> int:
        if content == b"new":
            write(self, b"n")
            raise OSError(errno.ENOSPC, "No room")
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", fail_once)

    with pytest.raises(OSError, match="No room"):
        write_whole(path, b"new")

    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file", "link"]
