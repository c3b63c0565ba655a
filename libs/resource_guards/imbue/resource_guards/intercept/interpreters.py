"""Which argument of an interpreter is the program that it runs: ``sh -e /path/tool``.

Shells, Python, other scripting languages and the dynamic loader, each by the source that is named at its
table. A command that is given as text (``sh -c``) names no file here.

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
        attached: Letters whose value, if there is one, is the rest of the word and never the next one.
        words: Long options whose value is the next word.
        ends: Letters after which there is no script: the program is text, a module or read from stdin.
        long_ends: The same of long options.
        scripts: Options whose value, as the next word, is the script.
        separate: Letters whose value is always the next word, whatever follows in the same one.
        signs: What an option begins with.
        is_ended_by_dash: A single dash ends the options; otherwise it stands for stdin.
        has_letters: Options of one dash are letters.
    """

    def __init__(  # noqa: PLR0913 - a table of options
        self,
        *,
        values: str = "",
        attached: str = "",
        words: Sequence[str] = (),
        ends: str = "",
        long_ends: Sequence[str] = (),
        scripts: Sequence[str] = (),
        separate: str = "",
        signs: str = "-",
        is_ended_by_dash: bool = False,
        has_letters: bool = True,
    ) -> None:
        self.values = values
        self.attached = attached
        self.words = frozenset(words)
        self.ends = ends
        self.long_ends = frozenset(long_ends)
        self.scripts = frozenset(scripts)
        self.separate = separate
        self.signs = signs
        self.is_ended_by_dash = is_ended_by_dash
        self.has_letters = has_letters

    def script(self, arguments: Sequence[str], at: int = 1) -> int | None:
        """The position of the script in a command line; `None` if it has none.

        Args:
            arguments: The command line.
            at: Where its options begin.
        """
        while at < len(arguments):
            word = arguments[at]
            if not word or word[0] not in self.signs:
                return at
            if word in self.scripts or word == "--" or (word == "-" and self.is_ended_by_dash):
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
            if letter in self.attached:
                return skipped
            if letter in self.separate:
                skipped += 1
            elif letter in self.values:
                return skipped + (at + 1 == len(letters))
        return skipped


# bash(1), dash(1), zsh(1) and `busybox sh --help`; that a dash alone ends options was tried with bash 5.2, dash
# 0.5 and busybox 1.35.
_SHELL: Final = _Options(
    separate="oO",
    ends="cs",
    signs="-+",
    words=("--rcfile", "--init-file", "--emulate"),
    is_ended_by_dash=True,
)
# The same, but that what an option `c` leads to is found: the text, where there is one.
_SHELL_WITH_TEXT: Final = _Options(
    separate=_SHELL.separate,
    ends="s",
    signs=_SHELL.signs,
    words=tuple(_SHELL.words),
    is_ended_by_dash=True,
)
# python(1), `python --help-all`, and `pypy --help`.
_PYTHON: Final = _Options(values="WX", ends="cm", words=("--check-hash-based-pycs", "--jit"))
# perlrun(1), each tried with perl 5.36. The digits after -0 and -l are letters without a value here, since
# others may follow: -0777ne. What -d has after a colon is a module.
_PERL: Final = _Options(values="I", attached="MmxiCFD:", ends="eEVvh")
# ruby(1), and `proc_long_options` in ruby.c. As in Perl, others may follow on the digits of -0, -T and -W.
_RUBY: Final = _Options(
    values="ICXrE",
    attached="KFxi:",
    ends="eh",
    words=(
        "--enable",
        "--disable",
        "--encoding",
        "--external-encoding",
        "--internal-encoding",
        "--parser",
    ),
    long_ends=("--version", "--copyright", "--help", "--dump"),
)
# `node --help` of Node.js 20: all that have a value there take it from the next word, as was tried. Those of V8
# (`node --v8-options`) do not.
_NODE: Final = _Options(
    values="rC",
    ends="epchv",
    words=(
        "--allow-fs-read",
        "--allow-fs-write",
        "--build-snapshot-config",
        "--conditions",
        "--cpu-prof-dir",
        "--cpu-prof-interval",
        "--cpu-prof-name",
        "--diagnostic-dir",
        "--disable-proto",
        "--disable-warning",
        "--dns-result-order",
        "--env-file",
        "--env-file-if-exists",
        "--experimental-default-type",
        "--experimental-loader",
        "--experimental-policy",
        "--experimental-sea-config",
        "--heap-prof-dir",
        "--heap-prof-interval",
        "--heap-prof-name",
        "--heapsnapshot-near-heap-limit",
        "--heapsnapshot-signal",
        "--icu-data-dir",
        "--import",
        "--input-type",
        "--inspect-port",
        "--inspect-publish-uid",
        "--loader",
        "--max-http-header-size",
        "--network-family-autoselection-attempt-timeout",
        "--openssl-config",
        "--policy-integrity",
        "--redirect-warnings",
        "--report-dir",
        "--report-directory",
        "--report-filename",
        "--report-signal",
        "--require",
        "--secure-heap",
        "--secure-heap-min",
        "--snapshot-blob",
        "--test-concurrency",
        "--test-name-pattern",
        "--test-reporter",
        "--test-reporter-destination",
        "--test-shard",
        "--test-timeout",
        "--title",
        "--tls-cipher-list",
        "--tls-keylog",
        "--trace-event-categories",
        "--trace-event-file-pattern",
        "--trace-require-module",
        "--unhandled-rejections",
        "--use-largepages",
        "--v8-pool-size",
        "--watch-path",
    ),
    long_ends=("--eval", "--print", "--test", "--check", "--help", "--version", "--run"),
)
# php(1), from sapi/cli/php.1.in; -S and -t are in `php --help`. -l, -s and -w only read the file. (-z has an extension.)
_PHP: Final = _Options(
    values="dcgzSt",
    ends="rRBElswimvh",
    words=("--define", "--php-ini", "--global", "--zend-extension", "--server", "--docroot"),
    long_ends=(
        "--run",
        "--process-begin",
        "--process-code",
        "--process-end",
        "--syntax-check",
        "--syntax-highlight",
        "--stripped",
    ),
    scripts=("-f", "-F", "--file", "--process-file"),
)
# lua(1) and luajit(1): what -e has is run before the script.
_LUA: Final = _Options(values="le")
_LUAJIT: Final = _Options(values="lej", attached="O", ends="b")
# `ld.so --help`.
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

_SHELLS: Final = ("sh", "bash", "dash", "ash", "zsh", "ksh", "mksh")

INTERPRETERS: Final = {
    **dict.fromkeys(_SHELLS, _SHELL),
    **dict.fromkeys(("python", "pypy"), _PYTHON),
    "perl": _PERL,
    "ruby": _RUBY,
    **dict.fromkeys(("node", "nodejs"), _NODE),
    "php": _PHP,
    "lua": _LUA,
    "luajit": _LUAJIT,
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
    if name == "busybox":
        is_shell = len(arguments) > 1 and arguments[1] in _SHELLS
        return _SHELL.script(arguments, 2) if is_shell else None
    name = name.removesuffix("-dbg")  # as Debian calls a Python with checks
    options = INTERPRETERS.get(name.rstrip("0123456789.tdw"))
    options = options or INTERPRETERS.get(name.rstrip("0123456789."))
    return None if options is None else options.script(arguments)


def passed_on(program: str, arguments: Sequence[str]) -> Sequence[str]:
    """Those arguments of a program that it may start another one by.

    They are all of them, but for a shell that is given a text: what follows that is $0, $1, ... in it.

    Args:
        program: The path of what is started.
        arguments: Its command line.

    Example:
        >>> passed_on("/bin/sh", ["sh", "-ec", "make", "/bin/tool"])
        ['make']
    """
    if program.rpartition("/")[2] in _SHELLS and script_at(program, arguments) is None:
        at = _SHELL_WITH_TEXT.script(arguments)
        if at is not None:
            return arguments[at:] if "$" in arguments[at] else arguments[at : at + 1]
    return arguments[1:]
