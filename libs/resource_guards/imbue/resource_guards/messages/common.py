"""Parts of sentences."""

from __future__ import annotations

from collections.abc import Iterable


def counted(number: int, what: str) -> str:
    """``1 test``, ``2 tests``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def quoted(names: Iterable[object]) -> str:
    """The names in quotes, separated by commas, or ``none``."""
    return ", ".join(f"'{name}'" for name in names) or "none"


def nearest(name: str, names: Iterable[str]) -> str:
    """``; did you mean 'docker'?`` where one of the names is like it, else nothing."""
    import difflib  # for errors alone

    found = difflib.get_close_matches(name, list(names), 1)
    return f"; did you mean '{found[0]}'?" if found else ""


def cause(error: Exception) -> str:
    """What an error says; without the number and file of a system error, which the sentence has."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def raised(error: Exception, origin: str) -> str:
    """An unexpected error, with the place that raised it."""
    return f"{type(error).__name__} at {origin}: {error}"
