"""Which argument of an interpreter is the program that it runs: ``sh -e /path/tool``.

Shells, Python, other scripting languages and the dynamic loader, each by the options in its manual page. A
command that is given as text (``sh -c``) names no file here.

Imports nothing, since child Pythons load it at start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final


class _Options:
    """What the options of an interpreter mean, as far as one has to know to find the script.

    Args:
        values: Letters whose value is what follows in the same word, else the next word.
        words: Long options whose value is the next word.
        ends: Letters after which there is no script: the program is text, a module or read from stdin.
        long_ends: The same of long options.
        separate: Letters whose value is always the next word, whatever follows in the same one.
        signs: What an option begins with.
    """

    def __init__(  # noqa: PLR0913 - a table of options
        self,
        *,
        values: str = "",
        words: Sequence[str] = (),
        ends: str = "",
        long_ends: Sequence[str] = (),
        separate: str = "",
        signs: str = "-",
        has_letters: bool = True,
    ) -> None:
        self.values = values
        self.words = frozenset(words)
        self.ends = ends
        self.long_ends = frozenset(long_ends)
        self.separate = separate
        self.signs = signs
        self.has_letters = has_letters

    def script(self, arguments: Sequence[str]) -> int | None:
        """The position of the script in a command line; `None` if it has none."""
        at = 1
        while at < len(arguments):
            word = arguments[at]
            if not word or word[0] not in self.signs:
                return at
            if word == "--":
                return at + 1 if at + 1 < len(arguments) else None
            if word == "-":
                return None
            if word.startswith("--") or not self.has_letters:
                if word.partition("=")[0] in self.long_ends:
                    return None
                at += 2 if word in self.words else 1
                continue
            skipped = self._skipped(word[1:])
            if skipped is None:
                return None
            at += 1 + skipped
        return None

    def _skipped(self, letters: str) -> int | None:
        """How many of the next words are values of these options; `None` if there is no script."""
        skipped = 0
        for at, letter in enumerate(letters):
            if letter in self.ends:
                return None
            if letter in self.separate:
                skipped += 1
            elif letter in self.values:
                return skipped + (at + 1 == len(letters))
        return skipped


_SHELL: Final = _Options(separate="oO", ends="cs", signs="-+", words=("--rcfile", "--init-file"))
_LOADER: Final = _Options(
    words=(
        "--library-path",
        "--preload",
        "--audit",
        "--argv0",
        "--inhibit-rpath",
        "--glibc-hwcaps-prepend",
        "--glibc-hwcaps-mask",
    ),
    long_ends=(
        "--list",
        "--verify",
        "--help",
        "--version",
        "--list-tunables",
        "--list-diagnostics",
    ),
    has_letters=False,
)

INTERPRETERS: Final = {
    **dict.fromkeys(("sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"), _SHELL),
    **dict.fromkeys(
        ("python", "pypy"), _Options(values="WX", ends="cm", words=("--check-hash-based-pycs",))
    ),
    "perl": _Options(values="CIMmx0iFl", ends="eE"),
    "ruby": _Options(values="ICrWEFx0iTK", ends="e"),
    "node": _Options(
        values="rC",
        ends="ep",
        words=("--require", "--import", "--loader", "--conditions"),
        long_ends=("--eval", "--print", "--test"),
    ),
    "php": _Options(values="dcfz", ends="rRBE"),
    "lua": _Options(values="l", ends="e"),
}
"""The options of each, by its name without a version."""


def script_at(program: str, arguments: Sequence[str]) -> int | None:
    """The position of the script that an interpreter is to run.

    Args:
        program: The path of what is started.
        arguments: Its command line.

    Example:
        >>> script_at("/bin/sh", ["sh", "-eo", "pipefail", "tool", "x"])
        3
    """
    name = program.rpartition("/")[2]
    if name.startswith("ld") and ".so" in name:
        return _LOADER.script(arguments)
    options = INTERPRETERS.get(name.rstrip("0123456789.tdw"))
    options = options or INTERPRETERS.get(name.rstrip("0123456789."))
    return None if options is None else options.script(arguments)
