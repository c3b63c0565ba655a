"""Run the suite of the catalogue's clients in an environment that has them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

SUITE: Final = Path(__file__).parents[1] / "catalogue_suite"

_FILES: Final = {
    "clients.py": "clients.py",
    "mocks.py": "mocks.py",
    "stub.py": "stub.py",
    "suite_clients.py": "test_clients.py",
    "suite_conftest.py": "conftest.py",
    "suite_mocks.py": "test_mocks.py",
    "real.py": "real.py",
    "suite_real.py": "test_real.py",
}

_OUTCOME: Final = re.compile(
    r"^(PASSED|FAILED|ERROR) (test_\w+)\.py::(test_\w+)\[(\w+)\](?: - (.*))?$", re.MULTILINE
)

_TEXTS: Final = {
    "unmarked": "needs @pytest.mark.",
    "kept_unmarked": "needs @pytest.mark.",
    "superfluous": " is not needed: ",
}
"""What is said of tests that are to fail."""


class Run:
    """What a run of the suite has come to.

    Args:
        output: What pytest printed.
    """

    def __init__(self, output: str) -> None:
        self.output = output
        found = _OUTCOME.findall(output)
        self.clients = {
            (way, test[5:]): (how, why)
            for how, file, test, way, why in found
            if file != "test_mocks"
        }
        self.mocks = {
            (mock, test[5:]): (how, why)
            for how, file, test, mock, why in found
            if file == "test_mocks"
        }

    def wrong(self) -> list[str]:
        """Each verdict that is wrong, and what was said."""
        wrong = [
            f"{way} {test}: {how} {why}"
            for (way, test), (how, why) in self.clients.items()
            if not _is_right(test, how, why)
        ]
        for (mock, test), (how, why) in self.mocks.items():
            is_right = how == "PASSED" if test == "unmarked" else _is_right(test, how, why)
            if not is_right:
                wrong.append(f"{mock} {test}: {how} {why}")
        return wrong


def _is_right(test: str, how: str, why: str) -> bool:
    return how == "PASSED" if test not in _TEXTS else how == "FAILED" and _TEXTS[test] in why


def write_suite(folder: Path) -> None:
    """Put the suite into a folder."""
    for name, new in _FILES.items():
        shutil.copy(SUITE / name, folder / new)


def run_suite(
    python: Path, folder: Path, entry: str, *files: str, table: str = "", **variables: str
) -> Run:
    """Run some of its files for an entry of the catalogue.

    Args:
        python: The environment's interpreter.
        folder: Where the suite is.
        entry: The entry, which alone is guarded, by the settings alone.
        files: The files.
        table: What a table of the project says of it.
        variables: What else stands in the environment: ``CLIENT`` for the only client whose ways are run, and
            the ports of servers.
    """
    settings = f'[tool.pytest.ini_options]\nresource_guards = ["{entry}"]\n'
    if table:
        settings += f"[tool.resource_guards.{entry}]\n{table}\n"
    (folder / "pyproject.toml").write_text(settings)
    own = ("RESOURCE_GUARDS_", "PYTEST_", "PYTHON")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environment |= {
        "ENTRY": entry,
        "COLUMNS": "300",
        **variables,
    }
    command = [
        python,
        "-m",
        "pytest",
        "-rA",
        "--tb=short",
        "-pno:cacheprovider",
        "--strict-markers",
        *files,
    ]
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Run(done.stdout + done.stderr)
