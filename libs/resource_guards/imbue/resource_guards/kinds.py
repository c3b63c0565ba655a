"""The kinds of things that every stage shares. A session without guards imports these, and not `model.py`."""

from __future__ import annotations

from enum import Enum
from enum import IntEnum
from enum import StrEnum


class MethodKind(StrEnum):
    """How a guarded method is called; :func:`create_sdk_method_guard` takes one per method."""

    SYNC = "sync"
    ASYNC = "async"
    GEN = "gen"
    ASYNC_GEN = "async_gen"


class Mode(StrEnum):
    """How strict a run is."""

    ENFORCE = "enforce"
    WARN = "warn"
    OFF = "off"


class Direction(StrEnum):
    """In which way declarations and uses disagree: a mark is missing, or superfluous."""

    MISSING = "missing"
    SUPERFLUOUS = "superfluous"


class OwnerKind(Enum):
    """What is charged with a use."""

    TEST = "test"
    ITEM = "item"
    """A test that is no function, such as a doctest."""
    FIXTURE = "fixture"
    OTHER = "other"
    """Neither, or one of them that is known by its id alone, as in a child process."""


class ViolationKind(Enum):
    """The four ways in which a declaration and the uses can disagree."""

    MISSING_MARK = "missing mark"
    SUPERFLUOUS_MARK = "superfluous mark"
    FIXTURE_UNDECLARED_USE = "fixture used an undeclared resource"
    FIXTURE_UNUSED_DECLARATION = "fixture declared a resource it never used"


class Phase(IntEnum):
    """How far a session has come. It goes on, and never back."""

    BLOCKED = -1
    """The plugin is not wanted (``-p no:resource_guards``); the documented functions do nothing."""
    LOADING = 0
    """Plugins and the first conftests are imported, and may register guards."""
    CONFIGURING = 1
    """Settings are read, and plugins and conftests are asked for their guards."""
    CONFIGURED = 2
    """Conftests have described the marks that they want to describe."""
    JUDGING = 3
    """All conftests are loaded, and tests run."""
    FINISHING = 4
    """pytest tears down what an early end has left; the guards stay until that is done."""
