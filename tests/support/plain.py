"""Words that a reader trips over, and the usual ones to write instead.

The rule is `tests/test_plain.py`'s: no text for users has one of these. A new row needs no more than a regular
expression and the better word. `ALLOWED` has what may stay, each with the reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final
from typing import NamedTuple

WORDS: Final = {
    # What a test does with a resource, and what a report does with a fact.
    r"invok(e|es|ed|ing)": "used (a service), ran (a program), called (a function)",
    r"tells?": "reports, shows, says",
    r"told": "reported, shown",
    r"called superfluous": "reported as superfluous",
    r"charged to": "counted for",
    r"not to be trusted": "unreliable, cannot be trusted",
    r"whoever": "the code that, the person who",
    # What one does.
    r"put(s|ting)?( \w+)? right": "fix",
    r"(puts?|putting)( \w+){0,8} together": "merge, combine",
    r"(takes?|taken|taking|took)( \w+){0,3} (out|away)(?! of)": "remove",
    r"left to a person": "to change by hand",
    r"looked at anew": "checked again",
    r"(one|he|she|somebody) has to": "you have to",
    r"anew": "again",
    # What is, and where.
    r"stands?(?! for\b)(?! in for\b)|stood|standing": "is, is written, comes",
    r"(is|are|was|were)( not)? there": "exists, is installed, is missing",
    r"(has|have|had) (it|them) not": "does not have it, is missing",
    r"(?<!there )(is|are|was|were) (no|none)(?! longer| more| other| such| one| need|\.\.\.)": "is not a",
    r"brings?( along)?|brought( along)?": "includes, installs, adds",
    r"has got": "has",
    r"comes? ready": "is built in",
    r"comes? out of": "is produced by",
    r"(comes?|came) of": "is caused by",
    r"hangs? on|hanging on|hung on": "depends on",
    r"go(es)? before": "overrides",
    r"go(es)? over (a|the) (connection|network)": "is sent over",
    r"takes? the place of": "replaces",
    r"in (the )?place of": "instead of",
    r"what becomes of": "what happens to",
    r"(is|are) to be": "should be, must be",
    # Of whom it is.
    r"one's own": "your own, custom",
    r"of (its|their|\w+'s|\w+s') own": "its own ..., before the noun",
    # How, and how much.
    r"besides": "also, as well",
    r"for nothing": "unnecessarily, is not needed",
    r"in vain": "without success",
    r"for (want|lack) of": "without, because X is missing",
    r"for the sake of": "for",
    r"as (it is|they are)(?=[.,;:)]| here\b)": "unchanged",
    r"at times": "sometimes",
    r"all the same": "anyway",
    r"some (ten|twenty|thirty|forty|fifty|\d+)": "about",
    r"where it were": "instead of",
    r"there(of|by|in)|where(in|by|of)|here(by|of|in)": "a clause with a verb",
    # What things are called.
    r"octets?": "bytes",
    r"blanks?(?! lines?)": "space",
    r"slips?": "typo, mistake",
    r"set-up|tear-down|clean-up|look-ups?": "setup, teardown, cleanup, lookup",
}
"""By regular expression, in any case and as whole words: what to write instead."""

ALLOWED: Final = (
    # The two lines that the released 0.1 prints, and that its users search their logs for.
    r"Test invoked '[^']*' without",
    r"Test has @?[\w.{}]+ but never invoked",
    # To see a difference is no report.
    r"(tell|tells|told)( [\w']+){0,6} apart",
)
"""What is taken for other words, as regular expressions."""

_WORDS: Final = [
    (re.compile(rf"(?<![\w-])(?:{bad})(?![\w-])", re.IGNORECASE), good)
    for bad, good in WORDS.items()
]
_ALLOWED: Final = re.compile("|".join(ALLOWED))

# Code is code, and an inline name too; what a block of console or text shows is what a user reads.
_CODE: Final = re.compile(
    r"^( *)```(?:python|toml|ini|yaml|json|sh|bash)\b.*?^\1```|<!--.*?-->|`[^`\n]+`|\]\([^)\n]*\)",
    re.DOTALL | re.MULTILINE,
)


class Found(NamedTuple):
    """A bad word in a text.

    Args:
        line: Its line, from 1.
        words: The words, as they are in the text.
        better: What to write instead.
    """

    line: int
    words: str
    better: str


def found_in_text(text: str) -> list[Found]:
    """The bad words of a text, in their order."""
    # A line end between two words is a space.
    flat = _ALLOWED.sub(lambda match: "|" * len(match[0]), text.replace("\n", " "))
    return sorted(
        Found(text.count("\n", 0, match.start()) + 1, match[0], good)
        for expression, good in _WORDS
        for match in expression.finditer(flat)
    )


def found_in_markdown(text: str) -> list[Found]:
    """The bad words of a page, less those in its code."""
    return found_in_text(_CODE.sub(_blanked, text))


def found_in_source(source: str) -> list[Found]:
    """The bad words in the texts of a Python module, docstrings too."""
    return [
        each._replace(line=line + each.line - 1)
        for line, text in texts(source)
        for each in found_in_text(text)
    ]


def texts(source: str) -> Iterator[tuple[int, str]]:
    """The texts of a module with their lines; ``{}`` is in the place of a value in an f-string."""
    pending: list[ast.AST] = [ast.parse(source)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(map(_part, node.values))
            # A value may have texts itself.
            pending += [each.value for each in node.values if isinstance(each, ast.FormattedValue)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        else:
            pending += ast.iter_child_nodes(node)


def _part(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else "{}"


def _blanked(found: re.Match[str]) -> str:
    """As many lines, and no words."""
    return "|" + "\n" * found[0].count("\n")
