"""What makes a run untrustworthy."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from imbue.resource_guards.messages.common import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def tests_overlap(first: str, second: str, plugins: Sequence[str]) -> str:
    whose = f" (run by {', '.join(plugins)})" if plugins else ""
    how = f"and {second} ran at the same time" if second else "ran before it was set up"
    return (
        f"Tests overlap in this process{whose}: {first} {how}. What each of them uses cannot be told "
        f"apart, so no test is judged from here on. Run them one at a time, or with "
        f"--resource-guards=off."
    )


def verdicts_lost(worker: str, count: int, first: str) -> str:
    return (
        f"Worker {worker} crashed before {counted(count, 'test')} that it had run could be judged, "
        f"because their fixtures were still set up: {first}"
        f"{' and others' if count > 1 else ''}. Fix the crash, and run the tests again."
    )


RUN_UNTRUSTWORTHY: Final = "resource guards cannot go on: see 'resource guards' above"
"""Why pytest stops, in its last lines. The section above them has the problem itself."""


def journal_torn(line: str) -> str:
    return (
        f"The journal of uses has a torn record ({line[:80]!r}): a process died while it wrote, "
        f"and the use is lost. Run the tests again."
    )


def journal_foreign(line: str) -> str:
    return (
        f"The journal of uses has a record that no guard writes ({line[:80]!r}), so it cannot "
        f"be trusted. Look for a test or program that writes to the temporary directory."
    )


def journal_replaced(path: Path) -> str:
    return (
        f"The file {path} was replaced while tests ran, so uses of resources were not seen. Look for a "
        f"test or program that changes the temporary directory."
    )


def journal_cut(path: Path) -> str:
    return (
        f"The file {path} was truncated while tests ran, so uses of resources were lost. Look for a "
        f"test or program that changes the temporary directory."
    )


def directory_unreadable(path: Path, error: OSError) -> str:
    return (
        f"The private directory {path.parent} cannot be read any more ({error.strerror}), so uses of "
        f"resources may be missing. Look for a test that changes the limits "
        f"of the process, or the temporary directory."
    )


def journal_removed(path: Path) -> str:
    return (
        f"The private directory {path.parent} was removed while tests ran, so uses of resources "
        f"were not seen. Look for a test or program that cleans the temporary directory."
    )


def directory_locked(path: Path) -> str:
    return (
        f"The permissions of {path} were changed while tests ran, so uses of resources may be "
        f"missing. Look for a test or program that changes the temporary directory."
    )


def state_unwritable(path: Path, error: OSError) -> str:
    return (
        f"The resources that the running test may use could not be written to {path} ({error}), so programs "
        f"that it starts cannot be judged. Look for a test or program that cleans the temporary "
        f"directory, or free some space on its file system."
    )


def journal_out_of_reach(directory: str, reason: object) -> str:
    """A process that can neither record a use nor report that."""
    return (
        f"A use of a resource could not be recorded in {directory} ({reason}), so this process was "
        f"ended. If it changed its user or root directory, use the resource before that."
    )


def journal_unwritable(path: Path, reason: object) -> str:
    return (
        f"A use of a resource could not be recorded in {path} ({reason}). Free some space on its file "
        f"system, or set TMPDIR to another directory."
    )
