"""What each kind of message means, for ``python -m imbue.resource_guards explain``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.messages.common import nearest
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
TOPIC_HELP: Final = (
    "the kind of message, a part of its name, or 'all'; without it, the kinds are listed"
)

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


def topics_like(text: str) -> list[str]:
    """The kinds that a word or two stand for: ``superfluous``, ``missing mark``, ``all``."""
    if text in EXPLANATIONS:
        return [text]
    letters = _letters(text)
    return [each for each in EXPLANATIONS if text == ALL or (letters and letters in _letters(each))]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def topic_unknown(text: str) -> str:
    """A kind of message that does not exist."""
    return (
        f"no kind of message is called '{text}'{nearest(text, EXPLANATIONS) or '.'} "
        f"python -m imbue.resource_guards explain lists all."
    )


def explained(topic: str) -> str:
    """What one kind of message means."""
    about, text = EXPLANATIONS[topic]
    return f"{topic}\n\n{about[0].upper()}{about[1:]}.\n\n{text}"
