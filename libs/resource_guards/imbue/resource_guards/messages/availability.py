"""Whether resources are available, and what follows from it."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Final

from imbue.resource_guards.messages.common import cause
from imbue.resource_guards.messages.common import counted
from imbue.resource_guards.messages.common import nearest
from imbue.resource_guards.messages.common import quoted

SUMMARY_TITLE: Final = "resource guards: not available"

_SHOWN: Final = 3


def not_on_path(names: Sequence[str]) -> str:
    """None of some programs is installed."""
    if len(names) == 1:
        return f"'{names[0]}' is not on PATH"
    return f"none of {_some(names)} is on PATH"


def not_installed(packages: Sequence[str]) -> str:
    """None of some packages is installed."""
    if len(packages) == 1:
        return f"the package '{packages[0]}' is not installed"
    return f"none of the packages {_some(packages)} is installed"


def refused(place: str | tuple[str, int], error: Exception) -> str:
    """Nothing accepts a connection."""
    if isinstance(place, str):
        where = place.replace("\0", "@")
    else:
        host, port = place
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"nothing answers at {where} ({cause(error)})"


def command_failed(command: str, code: int, said: str) -> str:
    """A command has failed."""
    return f"'{command}' exited with {code}{f': {said}' if said else ''}"


def command_not_found(command: str, error: Exception) -> str:
    """A command could not be started."""
    return f"'{command}' could not be started ({cause(error)})"


def no_answer(what: str, seconds: float) -> str:
    """A probe has taken too long."""
    return f"{what}: no answer within {seconds:g} s"


def probe_raised(probe: str, error: BaseException) -> str:
    """A probe has ended with an exception."""
    return f"its probe {probe} raised {type(error).__name__}: {error}"


def probe_not_importable(label: str, probe: str, error: Exception) -> str:
    """A probe in the settings that does not exist."""
    return (
        f"Resource guard '{label}': the probe {probe} cannot be imported ({type(error).__name__}: {error}). Name a function "
        f"in a module that the tests can import."
    )


def probe_says_something_else(label: str, probe: str, said: object) -> str:
    """A probe's function that returns neither None nor a reason."""
    return (
        f"Resource guard '{label}': the probe {probe} returned {said!r}. Return None if the resource is available, "
        f"or the reason as a string if it is not."
    )


def probe_bad(label: str, value: object) -> str:
    """Something that cannot be a probe."""
    return (
        f"Resource guard '{label}': the probe {value!r} cannot be read. Write a command, without a shell ('docker info', \"sh -c 'a && b'\"), "
        f"'connect:127.0.0.1:5432', 'connect:unix:/run/db.sock', 'program:psql', 'package:redis', 'module:function', or a list of these."
    )


def unavailable_unknown(text: str, known: Iterable[str]) -> str:
    """An unknown value of the setting."""
    return f"resource_guards_unavailable: '{text}' is unknown. Write one of {', '.join(known)}."


def seconds_bad(text: str) -> str:
    """An invalid time limit."""
    return f"resource_guards_probe_seconds: '{text}' is not a number of seconds above 0 and up to 3600. Write, for example, 2 or 0.5."


def required_unknown(name: str, labels: Collection[str]) -> str:
    """A required resource that is not guarded."""
    return (
        f"resource_guards_require: '{name}' is not guarded{nearest(name, labels) or '.'} "
        f"{f'Guarded resources: {quoted(labels)}.' if labels else 'Nothing is guarded.'}"
    )


def required_untold(labels: Sequence[str]) -> str:
    """Required resources that nothing can check."""
    return (
        f"resource_guards_require: nothing can check whether {quoted(labels)} is available here. Give it a probe: "
        f'[tool.resource_guards.{labels[0]}] probe = "...".'
    )


def probe_of_nothing(name: str, labels: Collection[str]) -> str:
    """A probe for a resource that is not guarded."""
    return f"register_probe: '{name}' is not guarded{nearest(name, labels) or '.'} Guarded resources: {quoted(labels)}."


def probe_not_a_function(label: str, probe: str, why: str) -> str:
    """Something that cannot be called as a probe."""
    return (
        f"Resource guard '{label}': the probe {probe} {why}. Give a plain function without arguments that returns "
        f"None, or the reason as a string."
    )


def required_missing(reasons: Mapping[str, str]) -> str:
    """Required resources that are not available."""
    said = "; ".join(unavailable(label, reason) for label, reason in reasons.items())
    return (
        f"{said}. This run requires {'it' if len(reasons) == 1 else 'them'} (resource_guards_require, or "
        f"--resource-guards-require). No test was run. If a check is wrong, write another one: "
        f'[tool.resource_guards.{next(iter(reasons))}] probe = "connect:HOST:PORT".'
    )


def unavailable(label: str, reason: str) -> str:
    """Why a test is skipped."""
    return f"{label} is not available: {reason}"


def skipped_for(label: str, tests: int, reason: str) -> str:
    """How many tests were skipped because a resource is not available."""
    return f"{label}: {counted(tests, 'test')} skipped (not available: {reason})"


def mark_arguments(nodeid: str, mark: str, arguments: str) -> str:
    """A mark with unknown arguments."""
    return (
        f"{nodeid}: @pytest.mark.{mark}({arguments}): the mark of a guarded resource takes optional=True or no argument. "
        f"Write @pytest.mark.{mark}, or @pytest.mark.{mark}(optional=True) if the test uses it only sometimes."
    )


def _some(names: Sequence[str]) -> str:
    shown = quoted(names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
