"""The decisions that are pure functions, and the small parts, each by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import imbue.resource_guards as package
from imbue.resource_guards import resource_guards as facade
from imbue.resource_guards import system
from imbue.resource_guards.declare.names import mark_name
from imbue.resource_guards.errors import JournalError
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import SDK
from imbue.resource_guards.intercept.import_hook import ImportHook
from imbue.resource_guards.intercept.method_patch import MethodPatch
from imbue.resource_guards.intercept.targets import find_module
from imbue.resource_guards.intercept.targets import is_source_file
from imbue.resource_guards.model import SdkTarget
from imbue.resource_guards.model import Use
from imbue.resource_guards.record.journal import Journal
from imbue.resource_guards.report.evidence import UsedResource
from imbue.resource_guards.report.interned import Interned
from imbue.resource_guards.wire.guards_file import Guarded
from imbue.resource_guards.wire.guards_file import find
from imbue.resource_guards.wire.guards_file import format_guards
from imbue.resource_guards.wire.guards_file import parse_guards
from imbue.resource_guards.wire.guards_file import reference
from imbue.resource_guards.wire.line import format_use
from imbue.resource_guards.wire.line import parse_record


@pytest.mark.parametrize(
    ("label", "mark"),
    [("docker", "docker"), ("docker-compose", "docker_compose"), ("a.b-c", "a_b_c"), ("é", "é")],
)
def test_marks_are_made_from_names(label: str, mark: str) -> None:
    """Hyphens and dots become underscores."""
    assert mark_name(label) == mark


@given(st.text())
def test_any_text_gives_a_mark_or_one_kind_of_error(label: str) -> None:
    """A mark is an identifier that can follow ``@pytest.mark.``; nothing else gets through."""
    try:
        mark = mark_name(label)
    except ResourceGuardMisconfiguration as error:
        complaint = str(error)
        assert label in complaint or repr(label) in complaint
    else:
        assert mark.isidentifier()


@given(
    st.integers(0, 10**9),
    st.text(st.characters(codec="utf-8", exclude_characters="\n\t"), max_size=400),
    st.booleans(),
)
def test_a_record_reads_back(scope_id: int, what: str, allowed: bool) -> None:  # noqa: FBT001
    """What is written to the journal is what is read."""
    use = Use("docker", allowed, SDK, what, pid=7)

    entry = parse_record(format_use(scope_id, use).decode().removesuffix("\n"))

    assert entry.scope_id == str(scope_id)
    assert entry.use == use


@pytest.mark.parametrize(
    "line",
    [
        "",
        "RG2\t1\tdocker\tallowed\tshim\t7\t\t\tdocker run",
        "RG2\t1\tdockRG2\t1\tdocker\tallowed\tshim\t7\t\t\tdocker\t.",
        "\t1\tdocker\tallowed\tshim\t7\t\t\tdocker\t.",
    ],
)
def test_a_torn_record_is_an_error(line: str) -> None:
    """A line that lacks its beginning, its end or a field does not pass for a use."""
    with pytest.raises(JournalError, match="torn record"):
        parse_record(line)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """An empty journal."""
    return Journal(tmp_path / "journal", tmp_path / "health")


USE = Use("docker", allowed=True, layer=SDK, what="docker run", pid=7)


def test_a_journal_that_was_emptied_and_refilled(journal: Journal) -> None:
    """It is not taken for the old one, though it has the same size and a whole record."""
    journal.append(1, USE)
    journal.read_news()
    os.truncate(journal.path, 0)
    journal.append(1, USE._replace(pid=USE.pid + 1))

    assert journal.size() == journal.read
    with pytest.raises(JournalError, match="was truncated"):
        journal.has_news()


def test_a_journal_whose_descriptor_became_another_files(journal: Journal) -> None:
    """It is opened anew, and its size is that of its own file from then on."""
    os.close(journal._fd)
    others = os.open(os.devnull, os.O_RDONLY)  # takes the number
    try:
        journal.append(1, USE)

        assert journal.has_news()
        assert journal.size() == journal.path.stat().st_size
    finally:
        os.close(others)


def test_the_journal_tells_what_is_new(journal: Journal) -> None:
    """Each record is read once, and half of one waits for its end."""
    assert not journal.has_news()
    journal.append(1, USE)
    assert journal.has_news()
    assert [entry.use for entry in journal.read_news()] == [USE]
    assert not journal.has_news()

    record = format_use(2, USE)
    with journal.path.open("ab") as file:
        file.write(record[:10])
        file.flush()
        assert journal.read_news() == []
        file.write(record[10:])
    assert [entry.scope_id for entry in journal.read_news()] == ["2"]
    journal.check()


def test_the_journal_knows_when_it_has_lost_something(journal: Journal) -> None:
    """A torn end, an emptied health file and a removed file are each an error."""
    with journal.path.open("a") as file:
        file.write("RG2\thalf")
    with pytest.raises(JournalError, match="torn"):
        journal.check()
    journal.path.write_text("")
    journal.health.write_text("")
    with pytest.raises(JournalError, match="could not append"):
        journal.check()
    journal.path.unlink()
    with pytest.raises(JournalError, match="was removed"):
        journal.has_news()


def test_a_full_disk_is_an_error(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that cannot be written, or only in part, does not pass silently."""
    monkeypatch.setattr(system, "write", lambda _fd, data: len(data) - 1)
    with pytest.raises(JournalError, match="half a record"):
        journal.append(1, USE)

    def full(_fd: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(system, "write", full)
    with pytest.raises(JournalError, match="No space left"):
        journal.append(1, USE)


class Base:
    """A base class."""

    def method(self) -> str:
        """A method."""
        return "base"


class Derived(Base):
    """A class without an entry of its own."""


def patch_of(owner: type, calls: list[int]) -> MethodPatch:
    """A patch of `method` that counts calls."""
    return MethodPatch(
        SdkTarget(owner=owner, attribute="method"), owner, lambda *_: calls.append(1)
    )


def test_a_patch_is_put_in_and_taken_out_once() -> None:
    """Installing twice counts a call once; uninstalling twice restores what was there."""
    original = vars(Base)["method"]
    calls: list[int] = []
    patch = patch_of(Base, calls)
    for _ in range(2):
        patch.install()
    assert Base().method() == "base"
    assert calls == [1]
    assert Base.method.__name__ == "method"
    for _ in range(2):
        patch.uninstall()
    assert vars(Base)["method"] is original


def test_a_patch_of_an_inherited_method_leaves_no_copy() -> None:
    """It is deleted again from the class that never had it."""
    patch = patch_of(Derived, [])
    patch.install()
    assert "method" in vars(Derived)
    patch.uninstall()
    assert "method" not in vars(Derived)


def test_a_patch_does_not_undo_a_later_one() -> None:
    """What someone else has put over it stays."""
    original = vars(Base)["method"]
    patch = patch_of(Base, [])
    patch.install()
    later = lambda _self: "later"  # noqa: E731
    Base.method = later  # type: ignore[method-assign]
    try:
        patch.uninstall()
        assert vars(Base)["method"] is later
    finally:
        Base.method = original  # type: ignore[method-assign]


def test_the_import_hook_leaves_modules_their_own_loader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It calls back once the module is executed, on a new import too, and is gone when removed."""
    (tmp_path / "hooked_module.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    hook = ImportHook()
    seen: list[ModuleType] = []
    hook.install()
    hook.install()
    try:
        hook.when_imported("hooked_module", seen.append)
        import hooked_module  # type: ignore[import-not-found]

        assert seen == [hooked_module]
        assert type(hooked_module.__loader__).__name__ == "SourceFileLoader"
        assert hooked_module.__spec__.loader is hooked_module.__loader__
        del sys.modules["hooked_module"]
        import hooked_module

        assert seen[1:] == [hooked_module]
    finally:
        hook.uninstall()
        sys.modules.pop("hooked_module", None)
    assert hook not in sys.meta_path


def test_the_import_hook_finds_no_module_that_is_not_there() -> None:
    """A missing module is the same error as ever."""
    hook = ImportHook()
    hook.install()
    try:
        hook.when_imported("no_such_module_at_all", print)
        with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
            __import__("no_such_module_at_all")
    finally:
        hook.uninstall()


def test_the_vocabulary_is_frozen() -> None:
    """Values that stages hand on cannot be changed by one of them."""
    with pytest.raises(AttributeError):
        USE.allowed = False  # type: ignore[misc]


def test_two_import_hooks_do_not_ask_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both call back, as where pytest runs in a process that another pytest guards."""
    (tmp_path / "twice_hooked.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    hooks = [ImportHook(), ImportHook()]
    seen: list[ModuleType] = []
    try:
        for hook in hooks:
            hook.when_imported("twice_hooked", seen.append)
        __import__("twice_hooked")
    finally:
        for hook in hooks:
            hook.uninstall()
    assert [module.__name__ for module in seen] == ["twice_hooked"] * 2


def test_public_names_of_the_package() -> None:
    """Each can be imported from the package, is listed, and is the same as on the path of 0.1.x; others are not there."""
    assert package.__all__ == facade.__all__
    for name in package.__all__:
        assert getattr(package, name) is getattr(facade, name)
        assert name in dir(package)
    with pytest.raises(AttributeError, match="no attribute 'pytest_plugins'"):
        package.pytest_plugins  # noqa: B018 - asked for as pytest does


def test_the_package_alone_imports_nothing() -> None:
    """A child Python that has the package's name only loads no more of it."""
    code = "import sys, imbue.resource_guards; print([n for n in sys.modules if 'resource_guards.' in n])"
    done = subprocess.run(
        [sys.executable, "-SIc", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


@given(st.lists(st.lists(st.text(), min_size=3)), st.lists(st.text()))
def test_the_file_of_guards_is_read_as_it_was_written(
    guards: list[list[str]], path: list[str]
) -> None:
    """Whatever stands in its fields; what is of another version is refused."""
    text = format_guards(Guarded(7, path, guards))

    guarded = parse_guards(text)

    assert (guarded.pid, guarded.path, guarded.guards) == (7, path, guards)
    with pytest.raises(ValueError, match="guards"):
        parse_guards(text.replace(text.partition("\n")[0], "guards\t0", 1))


class Reached:
    """Something with a method, which two objects share by name."""

    def method(self) -> None:
        """Nothing."""

    @classmethod
    def of_class(cls) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("named", "name"),
    [
        (Reached, "Reached"),
        (Reached.method, "Reached.method"),
        (Reached.of_class, "Reached.of_class"),
        (Reached().method, None),
        (Reached(), None),
        (partial(Reached), None),
        (lambda: None, None),
    ],
    ids=["class", "method", "class method", "object's method", "object", "partial", "lambda"],
)
def test_a_reference_leads_to_what_it_is_of(named: object, name: str | None) -> None:
    """What no name leads to has none: another process would find something else by it."""
    found = reference(named)

    assert found == (name and f"{__name__}:{name}")
    assert found is None or find(found) == named


def test_a_reference_to_a_module() -> None:
    """It is its name."""
    assert find(reference(json) or "") is json


FILES = (
    *("plain.py", "whole/__init__.py", "whole/part.py", "whole/within/__init__.py"),
    *("whole/within/part.py", "bare/part.py", "whole/bare/part.py", "shadowed.py"),
    "later/shadowed/__init__.py",
)


@pytest.mark.parametrize(
    ("name", "is_there"),
    [
        ("plain", True),
        ("whole", True),
        ("whole.part", True),
        ("whole.within.part", True),
        ("absent", False),
        ("absent.part", False),
        ("plain.part", False),
        ("whole.absent", False),
        ("whole.absent.part", False),
        ("shadowed.part", False),
        # These are there in another way.
        ("whole.within", False),
        ("bare.part", False),
        ("whole.bare.part", False),
    ],
)
def test_what_is_plainly_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, is_there: bool
) -> None:
    """What is told to be a source file is found by the import system too."""
    for file in FILES:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "later"), *sys.path])

    assert is_source_file(name) == is_there
    if is_there:
        assert not isinstance(find_module(name), str)


def test_counts_that_records_share_are_not_changed_in_place() -> None:
    """What one test has used more of is not counted for another that had used the same."""
    known = Interned()
    first, second = UsedResource(), UsedResource()
    for used in (first, second):
        used.add("program")
        used.ways = known.ways(used.ways)
    assert first.ways is second.ways
    first.add("program", 2)
    assert (first.ways, second.ways) == ({"program": 3}, {"program": 1})
