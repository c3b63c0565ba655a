"""Command lines that lead to another program: what a launcher is given, and the commands of a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Final

SHELLS: Final = frozenset(("sh", "bash", "dash", "zsh", "ksh", "ash", "fish"))

LAUNCHERS: Final[Mapping[str, frozenset[str]]] = {
    "env": frozenset(("-u", "-C", "-S")),
    "exec": frozenset(("-a",)),
    "command": frozenset(),
    "nice": frozenset(("-n",)),
    "nohup": frozenset(),
    "setsid": frozenset(),
    "stdbuf": frozenset(("-i", "-o", "-e")),
    "sudo": frozenset(("-u", "-g")),
    "time": frozenset(("-f", "-o")),
    "timeout": frozenset(("-k", "-s")),
    "xargs": frozenset(("-n", "-P", "-I", "-L", "-d")),
}
"""Programs that lead to another one, and their options that take a word."""

_ASSIGNED: Final = re.compile(r"[A-Za-z_]\w*=")
_ENDS: Final = frozenset(
    ("|", "||", "&&", ";", "&", "(", "{", "|&", "!", "then", "do", "else", "if", "while")
)
_REDIRECTED: Final = re.compile(r"\d*[<>]")
_BUILT_IN: Final = frozenset(
    [
        ".",
        ":",
        "alias",
        "bg",
        "break",
        "case",
        "cd",
        "continue",
        "done",
        "esac",
        "eval",
        "exit",
        "export",
        "fg",
        "fi",
        "for",
        "function",
        "getopts",
        "hash",
        "if",
        "jobs",
        "local",
        "read",
        "return",
        "set",
        "shift",
        "source",
        "trap",
        "type",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "until",
        "wait",
        "while",
        "then",
        "do",
        "else",
        "elif",
        "}",
        ")",
    ]
)


def behind(arguments: Sequence[str], with_word: frozenset[str]) -> Sequence[str]:
    """The command line that a launcher is given."""
    words = list(arguments[1:])
    takes_time = arguments and Path(arguments[0]).name == "timeout"
    while words:
        word = words[0]
        if word in with_word:
            del words[:2]
        elif word.startswith("-") or _ASSIGNED.match(word):
            del words[0]
        elif takes_time:
            takes_time = False
            del words[0]
        else:
            break
    return words


def commands(arguments: Sequence[str]) -> Iterator[Sequence[str]]:
    """The simple commands of ``sh -c '...'``, as far as they can be read without running it."""
    options = [each for each in arguments[1:] if each.startswith("-")]
    if not any("c" in each.lstrip("-") for each in options if not each.startswith("--")):
        return
    text = next((each for each in arguments[1:] if not each.startswith("-")), "")
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    for line in text.splitlines() if "\n" in text else [None]:
        if line is not None:
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:  # a quote goes on in the next line
            continue
        yield from _simple(words)


def _simple(words: Sequence[str]) -> Iterator[Sequence[str]]:
    command: list[str] = []
    for word in [*words, ";"]:
        if word in _ENDS or set(word) <= set("|&;()"):
            if command and command[0] not in _BUILT_IN:
                yield command
            command = []
        elif not command and (_ASSIGNED.match(word) or _REDIRECTED.match(word)):
            continue
        else:
            command.append(word)
