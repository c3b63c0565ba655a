"""The kinds of things that every stage shares. A session without guards imports these, and not `model.py`."""

from __future__ import annotations

from enum import Enum
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
    FIXTURE = "fixture"
    OTHER = "other"
    """Neither, or one of them that is known by its id alone, as in a child process."""


class ViolationKind(Enum):
    """The four ways in which a declaration and the uses can disagree."""

    MISSING_MARK = "missing mark"
    SUPERFLUOUS_MARK = "superfluous mark"
    FIXTURE_UNDECLARED_USE = "fixture used an undeclared resource"
    FIXTURE_UNUSED_DECLARATION = "fixture declared a resource it never used"
