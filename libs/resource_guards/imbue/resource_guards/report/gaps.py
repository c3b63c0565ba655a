"""Why a run was not the whole suite: what could not be collected, and by what it was broken off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from typing import Annotated
from typing import Any
from typing import Final

from imbue.resource_guards.messages import gaps as messages
from imbue.resource_guards.report.evidence import Reason
from imbue.resource_guards.report.reader import OPTIONAL
from imbue.resource_guards.report.reader import Matching
from imbue.resource_guards.report.writer import plain

ALL: Final = "."
"""What could not be collected where the collection itself was broken off."""

_Node = Annotated[str, Matching(r"[^\0]+", "a node id")]


@dataclass(frozen=True, slots=True)
class Gap:
    """One reason for which tests are missing, or did not run.

    Args:
        reason: What has happened.
        uncollected: The file, directory or class that could not be collected, by its node id; ``.`` for the
            whole suite; `None` if all was collected, and the run was broken off later.
    """

    reason: Reason
    uncollected: _Node | None = field(default=None, metadata={OPTIONAL: True})

    def to_data(self) -> dict[str, Any]:
        """Plain data."""
        return plain(self)

    def hides(self, nodeid: str) -> bool:
        """Whether a test could be among what was not collected."""
        if self.uncollected is None:
            return False
        within = (f"{self.uncollected}::", f"{self.uncollected}/")
        return self.uncollected == ALL or nodeid.startswith(within)

    def __str__(self) -> str:
        """What is said of it."""
        if self.uncollected is None:
            return messages.ended_early(self.reason)
        if self.uncollected == ALL:
            return messages.ended_before_all_were_known(self.reason)
        return messages.not_collected(self.uncollected, self.reason)


def is_hidden(nodeid: str, gaps: Iterable[Gap]) -> bool:
    """Whether nobody knows if there is such a test, since not all could be collected."""
    return any(gap.hides(nodeid) for gap in gaps)
