"""The parts of these tests that can be run alone, or left out."""

from __future__ import annotations

import pytest

JOBS = {
    "libtmux": ("test_libtmux",),
    "suites": ("test_any_suite", "test_network_suites", "test_skips_by_hand"),
    "catalogue": ("test_catalogue",),
    "queues": ("test_handed_over_queues",),
    "services": (
        "test_control_plane",
        "test_databases",
        "test_docker_available",
        "test_docker_engine",
        "test_docker_guards",
        "test_engine_addresses",
        "test_libpq",
        "test_modal_background",
        "test_modal_guards",
        "test_modal_ways",
        "test_open_connections",
        "test_page",
        "test_past_sockets",
        "test_transports",
    ),
    "libraries": (
        "test_fidelity",
        "test_handed_over",
        "test_handed_over_async",
        "test_handed_over_libraries",
        "test_handed_over_plugins",
        "test_handed_over_schedulers",
        "test_plugins",
        "test_report_readers",
        "test_two_worlds",
    ),
    "fixes": (
        "test_fix",
        "test_fix_contracts",
        "test_fix_corners",
        "test_fix_edges",
        "test_fix_imports",
        "test_fix_loop",
        "test_projects",
        "test_rewrite_properties",
    ),
    "budgets": ("test_budgets",),
    "installation": (
        "test_wheels",
        "test_installation",
        "test_installed_only",
        "test_private_authority",
        "test_release",
    ),
    "checks": (
        "test_architecture",
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
"""What takes longest, as jobs that can be run alone: the modules of each.

Those of *services* run real servers, of Docker, databases and Modal, and a browser; those of *libraries* run the
libraries and plugins of others beside ours; those of *fixes* write to suites, and run them again.
"""

WORKERS_JOB = "workers"
"""What other modules run a second time, with two workers of pytest-xdist."""

NO_JOB = "none"
"""In place of a job's name: the tests that belong to none."""

NAMES = (*sorted((*JOBS, WORKERS_JOB)), NO_JOB)
"""What can be asked for."""

LONG = tuple(
    module
    for job in ("libtmux", "suites", "budgets", "catalogue", "queues")
    for module in JOBS[job]
)
"""The modules that workers begin with."""

PROCESSES = frozenset(("suite", "pytester", "wheels", "engine", "postgres", "redis", "browser"))
"""The fixtures of tests that run pytest, or a server, in a process of its own."""


def job_of(item: pytest.Item) -> str:
    """The job that a test belongs to, or that it belongs to none."""
    module = item.path.stem
    for job, modules in JOBS.items():
        if module in modules:
            return job
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return WORKERS_JOB if parameters.get("workers") else NO_JOB


def is_wanted(item: pytest.Item, *, quick: bool, job: str | None) -> bool:
    """Whether a test belongs to the part that was asked for."""
    if job:
        return job_of(item) == job
    if not quick:
        return True
    takes_long = job_of(item) != NO_JOB or item.get_closest_marker("slow") is not None
    return not takes_long and not PROCESSES.intersection(getattr(item, "fixturenames", ()))
