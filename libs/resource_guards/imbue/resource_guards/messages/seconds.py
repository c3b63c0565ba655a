"""How long tests took."""

from __future__ import annotations

from typing import Final
from typing import Protocol

from imbue.resource_guards.messages.common import counted

UNKNOWN: Final = "unknown"

_MINUTE: Final = 60


class Known(Protocol):
    """A number of seconds, as far as it is known."""

    @property
    def known(self) -> float:
        """Those that are known."""

    @property
    def tests(self) -> int:
        """Of how many tests there should be some."""

    @property
    def unknown(self) -> int:
        """Of how many of these they are not known, or not all."""

    @property
    def fixtures(self) -> int:
        """Of how many fixtures some of them are."""

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is known of them."""


def duration(seconds: float) -> str:
    """``0.04 s``, ``12.3 s``, ``2 min 5 s``."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest} s"


def as_far_as_known(seconds: Known) -> str:
    """It, or the least that it is, or that nothing is known."""
    if seconds.is_unknown:
        return UNKNOWN
    return f"{'at least ' if seconds.unknown else ''}{duration(seconds.known)}"


def of_resource(label: str, mark: str, used: Known, saved: Known, run: Known) -> str:
    """The line of a resource: how long its tests took, and what a run without them saves."""
    fixtures = f" and {counted(used.fixtures, 'shared fixture')}" if used.fixtures else ""
    return (
        f"{label}: {as_far_as_known(used)} in {counted(used.tests, 'test')}{fixtures}; "
        f'-m "not {mark}" saves {as_far_as_known(saved)} of {as_far_as_known(run)}'
    )
