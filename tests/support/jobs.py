"""The parts of these tests that can be run alone, or left out."""

from __future__ import annotations

import pytest

JOBS = {
    "libtmux": ("test_libtmux",),
    "suites": ("test_any_suite", "test_network_suites", "test_skips_by_hand"),
    "catalogue": ("test_catalogue",),
    "queues": ("test_handed_over_queues",),
    "budgets": ("test_budgets",),
    "installation": ("test_wheels", "test_installation", "test_installed_only", "test_release"),
    "checks": (
        "test_mutation",
        "test_docs",
        "test_ci_files",
        "test_site",
        "test_picture",
        "test_examples",
        "test_typing",
        "test_cover",
    ),
}
"""What takes longest, as jobs that can be run alone: the modules of each."""

LONG = tuple(
    module
    for job in ("libtmux", "suites", "budgets", "catalogue", "queues")
    for module in JOBS[job]
)
"""The modules that workers begin with."""

PROCESSES = frozenset(("suite", "pytester", "wheels", "engine", "postgres", "redis", "browser"))
"""The fixtures of tests that run pytest, or a server, in a process of its own."""


def is_wanted(item: pytest.Item, *, quick: bool, job: str | None) -> bool:
    """Whether a test belongs to the part that was asked for."""
    module = item.path.stem
    if job:
        return module in JOBS[job]
    if not quick:
        return True
    is_of_job = any(module in modules for modules in JOBS.values())
    takes_long = is_of_job or item.get_closest_marker("slow") is not None
    return not takes_long and not PROCESSES.intersection(getattr(item, "fixturenames", ()))
