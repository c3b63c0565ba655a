"""What each kind of message means, for ``python -m imbue.resource_guards explain``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.messages.explained_marks import OF_MARKS
from imbue.resource_guards.messages.explained_runs import OF_RUNS
from imbue.resource_guards.messages.explained_settings import OF_SETTINGS

TOPICS: Final = {
    ViolationKind.MISSING_MARK: "missing-mark",
    ViolationKind.SUPERFLUOUS_MARK: "superfluous-mark",
    ViolationKind.FIXTURE_UNDECLARED_USE: "fixture-undeclared",
    ViolationKind.FIXTURE_UNUSED_DECLARATION: "fixture-unused",
}

EXPLANATIONS: Final = OF_MARKS | OF_SETTINGS | OF_RUNS

ALL: Final = "all"
"""The topic that stands for all of them."""

EXPLAIN_HELP: Final = "explain a kind of message, or list all kinds"
TOPIC_HELP: Final = "the kind of message, or 'all'; without it, the kinds are listed"

_GROUPS: Final = {
    "Marks, fixtures and availability": OF_MARKS,
    "Settings and guards": OF_SETTINGS,
    "Runs, reports and fixes": OF_RUNS,
}


def listed() -> Iterator[str]:
    """The lines of the list of all kinds."""
    width = max(map(len, EXPLANATIONS))
    for title, group in _GROUPS.items():
        yield f"{title}:"
        for topic, (about, _) in group.items():
            yield f"  {topic:{width}}  {about}"
        yield ""
    yield "Explain one: python -m imbue.resource_guards explain missing-mark"
    yield f"Explain all: python -m imbue.resource_guards explain {ALL}"


def explained(topic: str) -> str:
    """What one kind of message means, or all of them."""
    if topic == ALL:
        return "\n\n".join(map(explained, EXPLANATIONS))
    about, text = EXPLANATIONS[topic]
    return f"{topic}\n\n{about[0].upper()}{about[1:]}.\n\n{text}"
