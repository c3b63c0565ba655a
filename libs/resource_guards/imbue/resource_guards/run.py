"""What is known of a run, for those who follow its tests and tell of them: they never see the session."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

if TYPE_CHECKING:  # hardly a run records, and what that takes is long to import
    from collections.abc import Callable

    import pytest

    from imbue.resource_guards.declare.policy import Policy
    from imbue.resource_guards.declare.registry import Registry
    from imbue.resource_guards.report.findings import Findings
    from imbue.resource_guards.report.recorder import Recorder


class Run(NamedTuple):
    """One run of pytest's, in one process.

    Args:
        config: pytest's.
        registry: What is guarded; conftests that are still to come may add to it.
        policy: What is done about violations.
        findings: Takes what is to be told beside the tests' own reports.
        recorder: Takes the record of each test, where records are asked for.
        give_up: Called with a reason where verdicts would be wrong: nothing is judged any more.
    """

    config: pytest.Config
    registry: Registry
    policy: Policy
    findings: Findings
    recorder: Recorder | None
    give_up: Callable[[str], None]

    @property
    def is_worker(self) -> bool:
        """Whether a controller of xdist waits for what is found here."""
        return hasattr(self.config, "workerinput")
