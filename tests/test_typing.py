"""The public API's types: mypy and pyright accept each right use of it, and no wrong one."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import dev
from imbue.resource_guards import resource_guards
from support.tools import run_tool

USES = dev.ROOT / "tests" / "typed" / "api.py"
MYPY = ("--hide-error-context", "--no-error-summary")
# The node and the pyright that are locked, and no look for newer ones.
PYRIGHT = {"PYRIGHT_PYTHON_GLOBAL_NODE": "0", "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}


def mypy(file: Path) -> str:
    """What mypy finds in the file."""
    done = run_tool("mypy", *MYPY, file)
    assert done.returncode == bool(done.stdout), done.stdout
    return done.stdout


def pyright(file: Path, settings: Path) -> str:
    """What pyright finds in the file, which the settings name."""
    project = ("--project", settings, "--pythonpath", sys.executable)
    done = run_tool("pyright", *project, environment=PYRIGHT)
    assert f"{file}" in done.stdout or "0 errors" in done.stdout, done.stdout
    return done.stdout.partition("0 errors")[0]


def lines_in(found: str) -> set[int]:
    """The lines in which errors were found."""
    return {int(line) for line in re.findall(r"\.py:(\d+):.*\berror\b", found)}


def test_each_public_name_is_tried() -> None:
    """The uses import all that the documented module exports."""
    imported = re.findall(r"^from imbue\S+ import (\w+)$", USES.read_text(), re.MULTILINE)

    assert {*imported} - {"resource_guards"} == {*resource_guards.__all__}


def test_mypy_and_pyright_accept_the_uses() -> None:
    """Each right use is accepted, and each comment on a wrong one is needed."""
    assert mypy(USES) == ""
    assert pyright(USES, dev.ROOT / "pyproject.toml") == ""


def test_mypy_and_pyright_find_the_wrong_uses(tmp_path: Path) -> None:
    """Without the comments, both find an error in exactly the lines that had them."""
    text = USES.read_text()
    wrong = {number for number, line in enumerate(text.splitlines(), 1) if "ignore[" in line}
    bare = tmp_path / "bare.py"
    bare.write_text(re.sub(r"  # type: ignore.*", "", text))
    settings = tmp_path / "pyrightconfig.json"
    core = dev.ROOT / "libs" / "resource_guards"
    settings.write_text(f'{{"extraPaths": ["{core}"], "typeCheckingMode": "strict"}}')

    assert len(wrong) > 20
    assert lines_in(mypy(bare)) == wrong
    assert lines_in(pyright(bare, settings)) == wrong
