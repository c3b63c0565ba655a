"""Where ``import pytest`` comes in files of several styles: what sorts imports has nothing to move."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped] # it has no types

from imbue.resource_guards.fix.edits import Action
from imbue.resource_guards.fix.edits import Change
from imbue.resource_guards.fix.edits import Edit
from imbue.resource_guards.fix.edits import Place
from imbue.resource_guards.fix.edits import PlaceKind
from imbue.resource_guards.fix.own_modules import own_modules
from imbue.resource_guards.fix.rewrite import rewrite

BODY = "\n\ndef test_it():\n    pass\n"
STYLES: dict[str, tuple[tuple[str, ...], str]] = {
    "nothing": ((), "def test_it():\n    pass\n"),
    "docstring": ((), '"""Doc."""\n\n\ndef test_it():\n    pass\n'),
    "comment above": ((), "# About it.\n\n\ndef test_it():\n    pass\n"),
    "standard": ((), "import os\nfrom pathlib import Path\n" + BODY),
    "one line": ((), "import zlib\n" + BODY),
    "one own": ((), "from shop import cart\n" + BODY),
    "one relative": ((), "from . import cart\n" + BODY),
    "one third": ((), "from hypothesis import given\n" + BODY),
    "later third": ((), "import yaml\n" + BODY),
    "future": ((), "from __future__ import annotations\n" + BODY),
    "future and own": ((), "from __future__ import annotations\n\nfrom shop import cart\n" + BODY),
    "all sections": (
        (),
        '"""Doc."""\n\nfrom __future__ import annotations\n\nimport os\nimport sys\nfrom pathlib import Path\n\n'
        "import attr\nimport yaml\nfrom hypothesis import given\n\nfrom shop import cart\nfrom shop.till import Till\n\n"
        "from . import helpers\n" + BODY,
    ),
    "import before from": ((), "import attr\nfrom hypothesis import given\n" + BODY),
    "no third": ((), "import os\n\nfrom shop import cart\n" + BODY),
    "a comment between": (
        (),
        "import os\n\n# What we test.\nfrom shop import cart\n" + BODY,
    ),
    "a comment above a third": ((), "import os\n\n# For its data.\nimport yaml\n" + BODY),
    "a comment within": (
        (),
        "import attr\n\n# For its data.\nimport yaml\n\nfrom shop import cart\n" + BODY,
    ),
    "a comment above all": ((), "# Copyright.\nfrom shop import cart\n" + BODY),
    "try": (
        (),
        "import os\n\ntry:\n    import numpy\nexcept ImportError:\n    numpy = None\n" + BODY,
    ),
    "types": (
        (),
        "import os\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from shop import cart\n"
        + BODY,
    ),
    "two blocks": ((), "import os\n\nos.environ['A'] = 'b'\n\nimport yaml\n" + BODY),
    "several lines": ((), "import os\n\nfrom shop import (\n    cart,\n    till,\n)\n" + BODY),
    "forced": (
        ("force-sort-within-sections=true",),
        "from pathlib import Path\nimport subprocess\n\nfrom hypothesis import given\nimport yaml\n\nfrom shop import cart\n"
        + BODY,
    ),
    "forced, by the standard ones": (
        ("force-sort-within-sections=true",),
        "from pathlib import Path\nimport subprocess\n\nfrom hypothesis import given\n" + BODY,
    ),
    "from first": (
        ("from-first=true",),
        "from pathlib import Path\nimport os\n\nfrom yaml import load\nimport attr\n" + BODY,
    ),
    "kinds apart": (
        ("lines-between-types=1",),
        "import os\n\nfrom pathlib import Path\n\nfrom hypothesis import given\nfrom yaml import load\n"
        + BODY,
    ),
    "kinds apart, with a third": (
        ("lines-between-types=1",),
        "import os\n\nfrom pathlib import Path\n\nimport attr\n\nfrom hypothesis import given\n"
        + BODY,
    ),
    "capitals": ((), "import PIL\nimport yaml\n" + BODY),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a package of its own, and a folder of tests."""
    (tmp_path / "src" / "shop").mkdir(parents=True)
    for name in ("__init__", "cart", "till"):
        (tmp_path / "src" / "shop" / f"{name}.py").touch()
    (tmp_path / "tests").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    return tmp_path


def complaints(project: Path, source: bytes, settings: tuple[str, ...]) -> str:
    """What ruff says of the order of a file's imports."""
    (project / "tests" / "test_it.py").write_bytes(source)
    options = [word for each in settings for word in ("--config", f"lint.isort.{each}")]
    command = [
        find_ruff_bin(),
        "check",
        "--isolated",
        "--no-cache",
        "--select=I",
        "--diff",
        *options,
        ".",
    ]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode else ""


@pytest.mark.parametrize(("settings", "text"), STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("kind", [PlaceKind.FUNCTION, PlaceKind.MODULE])
def test_the_order_of_imports(
    project: Path, settings: tuple[str, ...], text: str, kind: PlaceKind
) -> None:
    """What ruff finds in order stays so with a mark and its import, and is the same but for these."""
    assert complaints(project, text.encode(), settings) == ""
    place = Place(kind, "test_it" if kind is PlaceKind.FUNCTION else "")
    is_own = own_modules(project / "tests" / "test_it.py", project)

    result = rewrite(text.encode(), [Change((Edit(Action.ADD, "docker", place),))], is_own)

    assert complaints(project, result.source, settings) == ""
    assert b"import pytest\n" in result.source
    left = [line for line in result.source.decode().splitlines() if "pytest" not in line and line]
    assert left == [line for line in text.splitlines() if line]


@pytest.mark.parametrize(
    ("name", "is_own"),
    [("shop", True), ("till", True), ("plugin", True), ("inner", True), ("yaml", False)],
)
def test_what_is_a_projects_own(project: Path, name: str, *, is_own: bool) -> None:
    """A package or module beside its settings, or in a folder `src` there; also of a project in another."""
    (project / "till.py").touch()
    (project / "libs" / "a" / "plugin").mkdir(parents=True)
    (project / "libs" / "a" / "setup.cfg").touch()
    (project / "libs" / "a" / "src").mkdir()
    (project / "libs" / "a" / "src" / "inner.py").touch()
    (project / "libs" / "yaml").mkdir()

    found = own_modules(project / "libs" / "a" / "tests" / "test_it.py", project)

    assert found(name) is is_own
