"""Which of the programs that were started a person would name, and what became of the others.

Each rule has its reason, which the documentation shows as a table.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from typing import NamedTuple

from imbue.resource_guards.discover.command_lines import LAUNCHERS
from imbue.resource_guards.discover.command_lines import SHELLS
from imbue.resource_guards.discover.command_lines import behind
from imbue.resource_guards.discover.command_lines import commands
from imbue.resource_guards.past_python import LOCAL_PROGRAMS


class Started(NamedTuple):
    """One program that was started.

    Args:
        path: Its file.
        arguments: Its command line; the first is what it was called.
        through: The names of the processes between pytest's and it.
    """

    path: str
    arguments: Sequence[str]
    through: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The name by which it would be guarded."""
        called = Path(self.arguments[0]).name if self.arguments else ""
        own = Path(self.path).name
        # What is found by its name is named so, and not by what a link leads to.
        return called if called and Path(self.path).with_name(called).exists() else own


class Place(NamedTuple):
    """Where the suite's own things are.

    Args:
        folders: Folders of the project and of what tests write.
        environment: Folders of the Python that runs the tests.
        path: The folders of PATH: what is found there is the machine's, wherever it lies.
    """

    folders: Sequence[str]
    environment: Sequence[str]
    path: Sequence[str] = ()


class Rule(NamedTuple):
    """A rule that leaves a program out.

    Args:
        title: What it is about.
        reason: Why a person would not name it.
        applies: Whether it is about a program.
    """

    title: str
    reason: str
    applies: Callable[[Started, Place], bool]


_LOOKED_FOR: Final = frozenset(
    ("ldconfig", "ldconfig.real", "lsb_release", "ifconfig", "arp", "netstat", "lscpu", "getconf")
)

_PYTHON: Final = re.compile(r"(python|pypy)[\d.]*t?")
_SHEBANG: Final = re.compile(rb"#!.*?(python|pypy)")


def _is_python(started: Started, place: Place) -> bool:
    del place
    return _PYTHON.fullmatch(Path(started.path).name) is not None


def is_other_python(started: Started, place: Place) -> bool:
    """Whether it is a Python of another environment, in which nothing of ours is."""
    is_ours = any(started.path.startswith(f"{folder}/") for folder in place.environment)
    return _is_python(started, place) and not is_ours


def _is_script(started: Started, place: Place) -> bool:
    if not any(started.path.startswith(f"{folder}/") for folder in place.environment):
        return False
    try:
        with Path(started.path).open("rb") as file:
            return _SHEBANG.match(file.read(200)) is not None
    except OSError:
        return False


def _is_own(started: Started, place: Place) -> bool:
    outside = not any(started.path.startswith(f"{folder}/") for folder in place.environment)
    outside &= str(Path(started.path).parent) not in place.path
    return outside and any(started.path.startswith(f"{folder}/") for folder in place.folders)


def _is_part(started: Started, place: Place) -> bool:
    del place
    return bool(started.through) and shutil.which(started.name) is None


RULES: Final = (
    Rule("Python", "what a child Python starts and connects to is seen by itself", _is_python),
    Rule(
        "scripts of this environment",
        "they are Python, too: pytest's, pip's, the project's own",
        _is_script,
    ),
    Rule(
        "the suite's own programs",
        "they are in the project or in a temporary folder, so every machine has them",
        _is_own,
    ),
    Rule(
        "parts of other programs",
        "another program started them, and no name on PATH leads to them: cc1, git-remote-https",
        _is_part,
    ),
    Rule(
        "programs of every POSIX system",
        "no machine that runs the suite is without cat, cp and the like",
        lambda started, _: started.name in LOCAL_PROGRAMS,
    ),
    Rule(
        "programs that Python's own library looks around with",
        "ctypes, platform and uuid work without them",
        lambda started, _: started.name in _LOOKED_FOR,
    ),
)
"""The rules, the first of which that is about a program counts."""

FOLDED: Final = (
    ("shells", "what their command starts is named instead, with 'through sh'"),
    ("env, timeout, sudo and the like", "they lead to another program, which is named instead"),
)
"""What is looked through, and how."""


class Named(NamedTuple):
    """A program as a person would name it.

    Args:
        name: Its name.
        through: What has started it, if that is another program: ``sh``, ``git``.
        rule: The rule that leaves it out; `None` if it is to be told.
    """

    name: str
    through: str
    rule: Rule | None


def named(started: Started, place: Place) -> Iterator[Named]:
    """The programs that a start is told as.

    Args:
        started: What was started.
        place: Where the suite's own things are.
    """
    through = [each for each in started.through if not _PYTHON.fullmatch(each)]
    yield from _named(started, through[-1] if through else "", place, deep=5)


def _named(started: Started, through: str, place: Place, *, deep: int) -> Iterator[Named]:
    name = started.name
    if deep and name in SHELLS:
        for words in commands(started.arguments):
            yield from _found(words, name, place, deep - 1)
        return
    if deep and name in LAUNCHERS:
        yield from _found(behind(started.arguments, LAUNCHERS[name]), through, place, deep - 1)
        return
    rule = next((each for each in RULES if each.applies(started, place)), None)
    yield Named(name, through, rule)


def _found(words: Sequence[str], through: str, place: Place, deep: int) -> Iterator[Named]:
    path = shutil.which(words[0]) if words else None
    if path is not None:
        yield from _named(Started(path, words), through, place, deep=deep)
