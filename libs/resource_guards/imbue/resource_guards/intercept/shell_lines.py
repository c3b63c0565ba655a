"""What a shell runs for certain, of a line that it is given as text: ``sh -c "tool a | sort"``.

Only of lines that are plain: commands of words, joined by operators, with nothing that could fail or change
what a name means before the command runs. Then who starts the shell knows what the shell will do, as of a start
without one. The grammar is that of POSIX, "Shell Command Language", as dash and bash have it.

Loaded with the first shell that is given a line, since child Pythons start many programs and few shells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from typing import Final
from typing import NamedTuple

from imbue.resource_guards.environment import ENVIRONMENT
from imbue.resource_guards.environment import raw_environment
from imbue.resource_guards.system import fsencode

_VARIABLE: Final = r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\}|[0-9@*#?$])"
_PIECE: Final = (
    rf"""(?:[A-Za-z0-9_./:=@%+,^*?~{{}}!-]|{_VARIABLE}|'[^'\0]*'|"(?:[^"$`\\\0]|{_VARIABLE})*")"""
)
_TOKEN: Final = re.compile(
    rf"""[ \t]*(?:
        (?P<redirection>[0-2]?(?:>&[12]|[<>][ \t]*/dev/null)(?=[ \t;|&]|$))
      | (?P<word>{_PIECE}+)
      | (?P<operator>&&|\|\||\||;(?!;))
    )""",
    re.VERBOSE | re.ASCII,
)
_SPACE: Final = " \t\n"
_NAME: Final = re.compile(r"[A-Za-z0-9_./+-]+", re.ASCII)
_QUOTED: Final = re.compile(r"""'([^']*)'|"([^"]*)\"""")

# "Reserved Words" of POSIX and of bash(1).
_RESERVED_WORDS: Final = """
! { } [[ ]] case coproc do done elif else esac fi for function if in select then time until while
"""
_RESERVED: Final = frozenset(_RESERVED_WORDS.split())
# Which a shell has itself, before it looks along PATH: those of dash(1) and bash(1).
_BUILT_IN_NAMES: Final = """
. : [ alias bg bind break builtin caller cd chdir command compgen complete compopt continue declare dirs disown
echo enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd
printf pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type typeset
ulimit umask unalias unset wait
"""
_BUILT_IN: Final = frozenset(_BUILT_IN_NAMES.split())
# By which bash is told of functions, of a file that it reads first, and of options (bash(1)).
_CHANGING: Final = (b"BASH_ENV", b"BASH_FUNC_", b"BASHOPTS", b"SHELLOPTS")
# With one of these it reads ~/.bashrc, unless it was started by another shell (`run_startup_files` in its shell.c).
_REMOTE: Final = (b"SSH_CLIENT", b"SSH2_CLIENT")
_LONGEST: Final = 1 << 16
"""Letters of a line. Linux takes arguments of 128 KiB, and a path is longer than its name."""
_EXPANDED: Final = frozenset("$*?~{")
"""Signs of words that the shell puts something else for."""


class Command(NamedTuple):
    """A command that a shell runs for certain, if it is there.

    Args:
        start: Where its name begins in the line.
        end: Where its name ends.
        words: Its name and its arguments, without quotes.
    """

    start: int
    end: int
    words: list[str]


def variables_of(environment: Any) -> Mapping[bytes, bytes] | None:
    """The variables of a shell that understands a line as it is understood here; else `None`.

    Args:
        environment: As a function is given it: octets with equals signs, a mapping, or `None` for this process's.
    """
    try:
        if environment is None or environment is ENVIRONMENT:
            found = raw_environment()
        elif isinstance(environment, Mapping):
            found = {_octets(name): _octets(value) for name, value in environment.items()}
        else:
            found = dict(_octets(each).split(b"=", 1) for each in environment)
    except (TypeError, ValueError, AttributeError):
        return None  # the caller gets its own error
    if any(name.startswith(_CHANGING) for name in found):
        return None
    if found.get(b"SHLVL", b"0") == b"0" and any(name in found for name in _REMOTE):
        return None
    # Without PATH each shell has folders of its own, and for a tilde in it bash puts the user's home.
    return found if b"~" not in found.get(b"PATH", b"~") else None


def certain_commands(line: str) -> list[Command]:
    """The commands of a plain line that are run whatever becomes of others: those of its first pipeline.

    None of a line that is not plain, of which a part may be an error that keeps the shell from running any.
    A command is left out if its name is not written as it is, or if the shell puts something for one of its words.

    Example:
        >>> [each.words for each in certain_commands("tool -q 'a b' | sort && tool")]
        [['tool', '-q', 'a b'], ['sort']]
        >>> certain_commands("if tool; then tool; fi")
        []
    """
    found: list[Command] = []
    words: list[re.Match[str]] = []
    is_first = True
    for token in _tokens(line):
        if token is not None and token["word"]:
            words.append(token)
        elif token is None or token["operator"]:
            if not words or words[0]["word"] in _RESERVED:
                return []
            if is_first and (command := _named(words)) is not None:
                found.append(command)
            is_first = is_first and token is not None and token["operator"] == "|"
            words = []
    return found


def _tokens(line: str) -> list[re.Match[str] | None]:
    """The words, redirections and operators of a line, and `None` at its end; nothing if one of them is odd."""
    found: list[re.Match[str] | None] = []
    at, end = 0, len(line.rstrip(_SPACE))
    if len(line) > _LONGEST or line.startswith(("-", "+")):  # which the shell takes for options
        return []
    while at < end:
        token = _TOKEN.match(line, at, end)
        if token is None:
            return []
        at = token.end()
        if token["word"] and line.startswith(("<", ">"), at):  # perhaps the number of a descriptor
            return []
        if token["operator"] != ";" or at < end:
            found.append(token)
    return [*found, None]


def _named(words: list[re.Match[str]]) -> Command | None:
    """A command whose first word is a name that is looked up along PATH, or a path."""
    first = words[0]
    name = first["word"]
    if not _NAME.fullmatch(name) or name in _BUILT_IN:
        return None
    plain = []
    for each in words:
        word = each["word"]
        if not _EXPANDED.isdisjoint(_QUOTED.sub(_expanded_in, word)):
            return None
        plain.append(_QUOTED.sub(_within, word))
    return Command(first.start("word"), first.end("word"), plain)


def _within(quoted: re.Match[str]) -> str:
    return quoted[1] if quoted[1] is not None else quoted[2]


def _expanded_in(quoted: re.Match[str]) -> str:
    return "$" if "$" in (quoted[2] or "") else ""


def _octets(text: Any) -> bytes:
    return text if isinstance(text, bytes) else fsencode(text)
