"""What tells that a resource is available, as settings and registrations name it.

A probe of settings is a text: a command (``docker info``), ``connect:127.0.0.1:5432``, ``program:psql``,
``package:redis``, or a function ``module:function``.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from imbue.resource_guards import system
from imbue.resource_guards.declare.signatures import signature_of
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guards.places import places_of
from imbue.resource_guards.guards.places import refusal
from imbue.resource_guards.guards.program import Program
from imbue.resource_guards.intercept.targets import is_installed
from imbue.resource_guards.messages import availability as messages
from imbue.resource_guards.model import SdkTarget

Probe = Callable[[float], str]
"""Given how many seconds it may take: why the resource is not available; empty if it is."""

_CONNECT: Final = "connect:"
_PORTS: Final = 1 << 16
_PROGRAM: Final = "program:"
_PACKAGE: Final = "package:"
_SHELL: Final = frozenset(("&&", "||", "|", ";", "&", "<", ">", ">>"))
"""What a command would give to a shell, and there is none."""
_NO_COMMAND: Final = re.compile(r"[A-Za-z]\w*:")
"""How a word begins that says some way, and none that there is; `C:` of a path is not on these systems."""
_FUNCTION: Final = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*")


def read_probe(label: str, text: object) -> Probe:
    """The probe that a text stands for.

    Args:
        label: The name of the resource.
        text: The text.

    Raises:
        ResourceGuardMisconfiguration: It cannot be read.
    """
    __tracebackhide__ = True
    if not isinstance(text, str) or not text.strip() or not text.isprintable():
        raise ResourceGuardMisconfiguration(messages.probe_bad(label, text))
    if text.startswith(_CONNECT):
        return _connecting(label, text)
    if text.startswith(_PROGRAM):
        program = Program.parse(label, text.removeprefix(_PROGRAM))
        return lambda _seconds: program.probe()
    if text.startswith(_PACKAGE):
        return _installed(label, text)
    if _FUNCTION.fullmatch(text):
        return lambda _seconds: ask(label, text, _imported(label, text))
    try:
        command = shlex.split(text)
    except ValueError as error:
        raise ResourceGuardMisconfiguration(messages.probe_bad(label, text)) from error
    if not _SHELL.isdisjoint(command) or _NO_COMMAND.match(command[0]):
        raise ResourceGuardMisconfiguration(messages.probe_bad(label, text))
    return lambda seconds: _run(text, command, seconds)


def title_of(probe: object) -> str:
    """A probe, as a user would write it.

    Args:
        probe: What it was made from: a text or a function.
    """
    if isinstance(probe, str):
        return probe
    name = getattr(probe, "__qualname__", None) or repr(probe)
    return f"{getattr(probe, '__module__', '?')}:{name}"


def _connecting(label: str, text: str) -> Probe:
    __tracebackhide__ = True
    places = list(places_of(text.removeprefix(_CONNECT)))
    ports = [place[1] for place in places if isinstance(place, tuple)]
    if (
        not places
        or text.startswith(f"{_CONNECT}*")
        or any(each.isspace() for each in text)
        or any(not 0 < port < _PORTS for port in ports)
    ):
        raise ResourceGuardMisconfiguration(messages.probe_bad(label, text))
    # Anew each time: a socket in the file system may come and go.
    return lambda _seconds: refusal(list(places_of(text.removeprefix(_CONNECT)))) or ""


def _installed(label: str, text: str) -> Probe:
    __tracebackhide__ = True
    name = text.removeprefix(_PACKAGE)
    if not all(part.isidentifier() for part in name.split(".")):
        raise ResourceGuardMisconfiguration(messages.probe_bad(label, text))
    target = SdkTarget(owner=f"{name}.{name}", attribute="")  # whatever is in it
    return lambda _seconds: "" if is_installed(target) else messages.not_installed([name])


def _imported(label: str, text: str) -> Callable[[], object]:
    module, _, path = text.partition(":")
    try:
        found = importlib.import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
    except Exception as error:
        raise ResourceGuardMisconfiguration(
            messages.probe_not_importable(label, text, error)
        ) from error
    return found  # type: ignore[return-value] # that it cannot be called is told when it is asked


def ask(label: str, title: str, function: Callable[[], object]) -> str:
    """Why a function says that a resource is not available; empty if it says nothing.

    Args:
        label: The name of the resource.
        title: What the function is called in messages.
        function: It.

    Raises:
        ResourceGuardMisconfiguration: It says something that is no reason.
    """
    if why := _why_not(function):
        raise ResourceGuardMisconfiguration(messages.probe_not_a_function(label, title, why))
    try:
        said = function()
    except Exception as error:  # noqa: BLE001 - whatever its reason, it has not found the resource
        return messages.probe_raised(title, error)
    if said is not None and not isinstance(said, str):
        raise ResourceGuardMisconfiguration(messages.probe_says_something_else(label, title, said))
    return said or ""


def _why_not(function: object) -> str:
    """Why something is no plain function without arguments; empty if it is, or if nothing can tell."""
    if not callable(function):
        return "cannot be called"
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "is asynchronous"
    if inspect.isgeneratorfunction(function):
        return "is a generator"
    try:
        signature_of(function).bind()
    except TypeError as error:
        return f"cannot be called so: {error}"
    except ValueError:  # a function in C that does not say what it takes
        return ""
    return ""


def _run(text: str, command: list[str], seconds: float) -> str:
    """Whether a command ends well; it and all that it has started end with the time that it has."""
    # A file: a pipe ends only with the last process that has it, and a command may leave a server behind.
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return messages.command_not_found(text, error)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.wait()
            return messages.no_answer(f"'{text}'", seconds)
        output.seek(0)
        lines = output.read().decode(errors="replace").split("\n")
    if process.returncode == 0:
        return ""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return messages.command_failed(text, process.returncode, last)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and, where there are groups of processes, all that it has started."""
    if not system.HAS_POSIX:
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
