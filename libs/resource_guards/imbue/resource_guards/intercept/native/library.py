"""Build the native layer's library, once for each machine, and preload it into child processes."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.intercept.binaries import Binary
from imbue.resource_guards.intercept.private_directory import PREFIX
from imbue.resource_guards.messages import intercept as messages

VARIABLE: Final = "LD_PRELOAD"
SOURCE: Final = Path(__file__).with_name("preload.c")

_DIVIDES: Final = frozenset(" :;$\t\n")
"""Characters at which the loader divides `LD_PRELOAD`, or that it expands (ld.so(8))."""

# What a child finds in its own memory, so that a library which is not loaded does not pass silently.
_PROBE: Final = """
while IFS= read -r line; do
  case $line in */native.so) exit 0 ;; esac
done < /proc/self/maps
exit 1
"""

# Loading it is all that it costs a program that starts nothing, so it is kept small: no start files
# and no libraries of its own (libc's functions are there in every program that loads it), bound
# when they are first called, in as few mappings as the linker can make.
FLAGS: Final = (
    "-shared",
    "-fPIC",
    "-Os",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-nostdlib",
    "-s",
    "-Wl,-z,noseparate-code,-z,norelro,-z,lazy,--hash-style=gnu,--build-id=none",
    f'-DSHIM_PREFIX="/{PREFIX}"',
)


def built_library() -> Path:
    """The library, compiled now or by an earlier session of this user.

    Raises:
        ResourceGuardMisconfiguration: This platform has no such layer, there is no compiler, or
            the compiler failed.
    """
    if sys.platform != "linux":
        raise ResourceGuardMisconfiguration(messages.native_unavailable(sys.platform))
    compiler = os.environ.get("CC") or next(filter(shutil.which, ("cc", "gcc", "clang")), None)
    if compiler is None:
        raise ResourceGuardMisconfiguration(messages.NATIVE_NEEDS_COMPILER)
    made_of = [SOURCE.read_bytes(), repr((compiler, FLAGS, platform.machine())).encode()]
    digest = hashlib.sha256(b"".join(made_of)).hexdigest()[:16]
    library = _cache() / f"native-{digest}.so"
    try:
        if not library.exists():
            _compile(compiler, library)
    except OSError as error:  # no room there, say
        raise ResourceGuardMisconfiguration(
            messages.native_no_cache(library.parent, error)
        ) from error
    return library


class Preload:
    """Preloads the library into whatever this process starts from now on.

    Args:
        directory: The private directory. The library is put there, since it looks for what is
            guarded beside itself.

    Raises:
        ResourceGuardMisconfiguration: There is no library.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / "native"
        self._library = str(directory / "native.so")
        unfit = sorted(_DIVIDES.intersection(self._library))
        if unfit:
            raise ResourceGuardMisconfiguration(messages.native_unfit(directory, unfit[0]))
        shutil.copyfile(built_library(), self._library)
        self._file.touch()
        # Before what is there already: that goes on to see whatever it is handed.
        os.environ[VARIABLE] = ":".join(filter(None, [self._library, os.environ.get(VARIABLE)]))
        probe = subprocess.run(["/bin/sh", "-c", _PROBE], capture_output=True, check=False)
        if probe.returncode:
            self.remove()
            said = probe.stderr.decode(errors="replace")
            raise ResourceGuardMisconfiguration(messages.native_not_loaded(self._library, said))

    def write(self, binaries: Iterable[Binary]) -> None:
        """Say which files are guarded."""
        lines = [
            f"{device} {inode} {int(binary.is_shared((device, inode)))} {shim}\n"
            for binary in binaries
            for (device, inode), shim in binary.shims.items()
        ]
        new = self._file.with_suffix(".new")
        new.write_text("".join(lines), "utf-8", "surrogateescape")
        new.replace(self._file)

    def note_starts(self, resource: str) -> None:
        """Have each start of a program be recorded, as a use of a resource; for discovery."""
        self._file.with_name("noted").write_text(f"{resource}\n", "utf-8")

    def remove(self) -> None:
        """Take the library out of the variable, and leave what else is there."""
        preloads = os.environ.get(VARIABLE, "").split(":")
        if self._library in preloads:
            preloads.remove(self._library)
            if preloads:
                os.environ[VARIABLE] = ":".join(preloads)
            else:
                del os.environ[VARIABLE]


def _cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "resource-guards"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o022:
            raise PermissionError(messages.WRITABLE_BY_OTHERS)
    except OSError as error:
        raise ResourceGuardMisconfiguration(messages.native_no_cache(folder, error)) from error
    return folder


def _compile(compiler: str, library: Path) -> None:
    # Several workers may start at once: each compiles a file of its own, and the last one stays.
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        made = Path(folder, library.name)
        command = [*compiler.split(), *FLAGS, "-o", str(made), str(SOURCE)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            said = str(error)
            raise ResourceGuardMisconfiguration(
                messages.native_not_compiled(command, said)
            ) from error
        if done.returncode:
            raise ResourceGuardMisconfiguration(messages.native_not_compiled(command, done.stderr))
        made.replace(library)
