"""The records of a run that discovers: all that each test has started and connected to, and what nobody has."""

from __future__ import annotations

from collections.abc import Container
from collections.abc import Iterable
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from imbue.resource_guards.discover.command_lines import LAUNCHERS
from imbue.resource_guards.discover.command_lines import SHELLS
from imbue.resource_guards.discover.observers import ADDRESSES
from imbue.resource_guards.discover.observers import PROGRAMS
from imbue.resource_guards.report import recorder
from imbue.resource_guards.report.evidence import SeenUse
from imbue.resource_guards.report.evidence import UsedResource
from imbue.resource_guards.report.record_maker import RecordMaker
from imbue.resource_guards.report.recorder import Recorder

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from imbue.resource_guards.declare.registry import Registry
    from imbue.resource_guards.model import Use
    from imbue.resource_guards.report.evidence import TestRecord
    from imbue.resource_guards.report.findings import Findings
    from imbue.resource_guards.report.record_maker import AccountOfTest

OBSERVED: Final = (PROGRAMS, ADDRESSES)

SEPARATOR: Final = "\t"
"""Between the processes that something came through, and what it was."""

_PYTESTS: Final = frozenset(
    ("filterwarnings", "parametrize", "skip", "skipif", "usefixtures", "xfail")
)


def start_recording(
    config: pytest.Config, registry: Registry, findings: Findings, began: int
) -> Recorder:
    """Keep the records of a run that discovers; see `report.recorder.start`."""
    return recorder.start(DiscoveryRecorder, config, registry, findings, began)


class DiscoveryRecorder(Recorder):
    """Keeps the records of a run that discovers.

    Attributes:
        outside: What was used while tests were collected, by hooks of the session, and after the tests
            that have begun it: when, of which resource, and what.
    """

    discovers = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outside: list[tuple[str, str, str]] = []

    def takes(self, when: str, uses: Iterable[Use]) -> bool:
        """Keep what was used for no test; see `Recorder.takes`."""
        known = set(self.outside)
        for use in uses:
            each = when, use.resource, observed(use)
            if each not in known:
                known.add(each)
                self.outside.append(each)
        return True

    def to_data(self) -> dict[str, Any]:
        """For the controller: what no report has carried."""
        outside = [list(each) for each in self.outside]
        return {**super().to_data(), "outside": outside, "has_lost": self.has_lost}

    def merge(self, data: dict[str, Any]) -> None:
        """Take over what a worker knows beyond its reports."""
        super().merge(data)
        self.has_lost = self.has_lost or data["has_lost"]
        known = set(self.outside)
        self.outside += [each for each in map(tuple, data["outside"]) if each not in known]

    @property
    def registry(self) -> Registry:
        """What is watched."""
        return self._registry

    def _make_maker(self) -> RecordMaker:
        return _Maker(self._root, _AnyMark())


def observed(use: Use) -> str:
    """What was seen, with the processes that it came through."""
    return f"{use.through}{SEPARATOR}{use.what}" if use.through else use.what


class _AnyMark:
    """All marks but pytest's own: any of them may be the name of what is going to be found."""

    def __contains__(self, name: object) -> bool:
        return name not in _PYTESTS


class _Maker(RecordMaker):
    def __init__(self, root: Path, names: Container[object]) -> None:
        super().__init__(root, names)
        self._kept: set[tuple[str, str, str | None]] = set()

    def of_account(self, account: AccountOfTest, known: TestRecord | None = None) -> TestRecord:
        """The record of a test that has run."""
        self._kept.clear()
        return super().of_account(account, known)

    def _keep(self, used: UsedResource, seen: SeenUse, use: Use) -> None:
        if use.resource not in OBSERVED:
            super()._keep(used, seen, use)
            return
        what = observed(use)
        key = use.resource, told_once(what), seen.fixture
        if key not in self._kept:
            self._kept.add(key)
            used.uses.append(SeenUse(seen.way, what, seen.where, seen.in_child, seen.fixture))


def told_once(what: str) -> str:
    """What makes one start or connection another than the next: the program, or the command of a shell."""
    through, tab, line = what.rpartition(SEPARATOR)
    path = line.partition(" ")[0]
    name = path.rpartition("/")[2]
    return what if name in SHELLS or name in LAUNCHERS else f"{through}{tab}{path}"
