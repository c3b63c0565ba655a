"""What the settings say of resources that are not available."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any
from typing import Final
from typing import NamedTuple

import pytest

from imbue.resource_guards.declare.policy import read_texts
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import availability as messages

ALL: Final = "all"
"""The word for all resources that are guarded."""


_MOST_SECONDS: Final = 3600


class Absence(Enum):
    """What becomes of a test whose resource is not available."""

    RUN = "run"
    SKIP = "skip"


class Demands(NamedTuple):
    """What a run asks of resources.

    Args:
        skips: Tests of those that are not available are skipped.
        required: Those that have to be available, by name or mark; `ALL` for all.
        seconds: How long each may take to show that it is.
    """

    skips: bool
    required: Sequence[str]
    seconds: float


def read_demands(config: pytest.Config) -> Demands:
    """What options and settings ask for.

    Raises:
        ResourceGuardMisconfiguration: One cannot be read.
    """
    option = config.option
    text = option.resource_guards_unavailable or _text(config, "resource_guards_unavailable")
    try:
        absence = Absence(text.strip() if isinstance(text, str) else text)
    except ValueError as error:
        known = [each.value for each in Absence]
        raise ResourceGuardMisconfiguration(messages.unavailable_unknown(text, known)) from error
    said = [*read_texts(config, "resource_guards_require"), *option.resource_guards_require]
    required = [name for each in said for name in each.replace(",", " ").split()]
    return Demands(absence is Absence.SKIP, required, _seconds(config))


def _seconds(config: pytest.Config) -> float:
    text = _text(config, "resource_guards_probe_seconds")
    try:
        seconds = float(text)
    except (TypeError, ValueError):
        seconds = 0
    if not 0 < seconds <= _MOST_SECONDS:
        raise ResourceGuardMisconfiguration(messages.seconds_bad(text))
    return seconds


def _text(config: pytest.Config, name: str) -> Any:
    try:
        return config.getini(name)
    except TypeError as error:  # of pytest's TOML files, where values have types
        from imbue.resource_guards.messages.options import value_unreadable

        raise ResourceGuardMisconfiguration(value_unreadable(error)) from error
