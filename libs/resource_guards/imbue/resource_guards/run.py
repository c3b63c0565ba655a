"""What is known of a run, for those who follow its tests and tell of them: they never see the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # hardly a run records, and what that takes is long to import
    from collections.abc import Callable

    import pytest

    from imbue.resource_guards.declare.policy import Policy
    from imbue.resource_guards.declare.registry import Registry
    from imbue.resource_guards.report.findings import Findings
    from imbue.resource_guards.report.recorder import Recorder


class Run:
    """One run of pytest's, in one process.

    Args:
        config: pytest's.
        registry: What is guarded; conftests that are still to come may add to it.
        policy: What is done about violations.
        findings: Takes what is to be told beside the tests' own reports.
        recorder: Takes the record of each test, where records are asked for.
        give_up: Called with a reason where verdicts would be wrong: nothing is judged any more.
    """

    __slots__ = ("config", "findings", "give_up", "policy", "recorder", "registry")

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to know of a run
        self,
        config: pytest.Config,
        registry: Registry,
        policy: Policy,
        findings: Findings,
        recorder: Recorder | None,
        give_up: Callable[[str], None],
    ) -> None:
        self.config = config
        self.registry = registry
        self.policy = policy
        self.findings = findings
        self.recorder = recorder
        self.give_up = give_up

    @property
    def is_worker(self) -> bool:
        """Whether a controller of xdist waits for what is found here."""
        return hasattr(self.config, "workerinput")
