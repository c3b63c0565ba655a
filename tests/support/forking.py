"""Run pytest as ``python -m pytest`` does, in a fork of a Python that has imported it already.

A process of its own, with its own environment and directory, at a third of the time. What depends on how Python
starts (its own variables, what was imported at first) takes a fresh one.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from typing import NamedTuple

from imbue.resource_guards.intercept.starts import with_scope

_SCOPE: Final = "RESOURCE_GUARDS_SCOPE"
_NOT_AT_START: Final = ("PYTHONPATH", "PYTHONUNBUFFERED")


class Ended(NamedTuple):
    """A run: its exit code, and what it wrote."""

    code: int
    output: str
    errors: str


class Zygote:
    """A Python that forks.

    Args:
        guarded: It is a child of this run, whose guards are in it, too.
    """

    def __init__(self, *, guarded: bool) -> None:
        ours, theirs = socket.socketpair()
        self._socket = ours
        self.started_with = _of_python(os.environ)
        script = str(Path(__file__).with_name("zygote.py"))
        environment = dict(os.environ)
        if not guarded:
            environment.pop(_SCOPE, None)
        self._process = subprocess.Popen(
            [sys.executable, script], stdin=theirs.fileno(), env=environment
        )
        theirs.close()
        # Unbuffered, so that whoever waits for the socket waits for what is not read yet.
        self._lines = ours.makefile("rb", buffering=0)

    def run(self, arguments: Sequence[str], folder: Path, outputs: Path, seconds: float) -> Ended:
        """Run pytest with these arguments.

        Args:
            arguments: Its arguments.
            folder: Where.
            outputs: A folder for what it writes.
            seconds: How long it may take.

        Raises:
            TimeoutError: It took longer, and was killed.
        """
        environment = dict(os.environ)
        if _SCOPE in environment:  # of this test, as for any start
            environment[_SCOPE] = with_scope(environment[_SCOPE].encode()).decode()
        request = {"arguments": arguments, "folder": str(folder), "environment": environment}
        names = [outputs / "forked-stdout", outputs / "forked-stderr"]
        files = [name.open("wb") for name in names]
        socket.send_fds(
            self._socket, [json.dumps(request).encode()], [file.fileno() for file in files]
        )
        for file in files:
            file.close()
        pid = int(self._lines.readline())
        try:
            has_ended = select.select([self._socket], [], [], seconds)[0]
        except BaseException:  # a limit of time for the test
            self._kill(pid)
            raise
        if not has_ended:
            self._kill(pid)
            raise TimeoutError(f"killed after {seconds} s: pytest {' '.join(arguments)}")
        code = int(self._lines.readline())
        return Ended(code, *(name.read_text(errors="replace") for name in names))

    def _kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self._lines.readline()  # that it has ended, which the next run must not take for its own end

    def close(self) -> None:
        """End it."""
        self._lines.close()
        self._socket.close()
        self._process.wait(timeout=30)


def can_fork() -> bool:
    """Whether a fork would be what a fresh Python is: none of the variables that Python reads at its start differs."""
    zygote = _ZYGOTES.get(_SCOPE in os.environ)
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if "COVERAGE_PROCESS_START" in os.environ or any(
        Path(each, "sitecustomize.py").exists() for each in path if each
    ):
        return False
    return zygote is None or zygote.started_with == _of_python(os.environ)


def zygote() -> Zygote:
    """The one of this process, for runs that are its children or for those that are nobody's."""
    guarded = _SCOPE in os.environ
    if guarded not in _ZYGOTES:
        _ZYGOTES[guarded] = Zygote(guarded=guarded)
        atexit.register(_ZYGOTES[guarded].close)
    return _ZYGOTES[guarded]


_ZYGOTES: Final[dict[bool, Zygote]] = {}


def _of_python(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name.startswith("PYTHON") and name not in _NOT_AT_START
    }
