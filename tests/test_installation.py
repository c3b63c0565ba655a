"""What pip installs works outside the workspace, and goes for another version or without a trace."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import dev
from support.installation import VERDICTS
from support.installation import Installation
from support.installation import Tree
from support.installation import difference
from support.installation import make_installation
from support.wheels import wheel_of

PACKAGES = ("resource-guards", "imbue-mngr", "imbue-mngr-modal")
PEER = "resource-guards==0.1.9"

GUARDED = """
    import sys, pytest

    def test_their_modules_are_there():
        assert "imbue.mngr.register_guards_docker" in sys.modules
        assert "imbue.mngr_modal.register_guards" in sys.modules

    @pytest.mark.docker
    def test_docker(): pass

    @pytest.mark.modal
    def test_modal(): pass
"""

# A later version of each package has one module more and one less, none that a suite needs.
GONE = {
    "resource_guards": "__main__.py",
    "mngr": "pytest_plugin.py",
    "mngr_modal": "pytest_plugin.py",
}


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that is only copied."""
    return make_installation(tmp_path_factory.mktemp("untouched") / "environment").folder


@pytest.fixture
def installation(untouched: Path, tmp_path: Path) -> Installation:
    """An environment with what the core depends on, and none of our packages."""
    return Installation(shutil.copytree(untouched, tmp_path / "environment", symlinks=True))


@pytest.fixture(scope="session")
def later_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of a later version, which has other modules."""
    folder = tmp_path_factory.mktemp("later")
    for member, gone in GONE.items():
        sources = shutil.copytree(dev.ROOT / "libs" / member, folder / "sources" / member)
        settings = sources / "pyproject.toml"
        text = settings.read_text("utf-8")
        later = re.sub(r'^version = "(.*)"', r'version = "\1.post1"', text, flags=re.MULTILINE)
        settings.write_text(later, "utf-8")
        (sources / "imbue" / member / gone).unlink()
        (sources / "imbue" / member / "added.py").touch()
        dev.build(folder, "--wheel", sources)
    return folder


def wheels_in(folder: Path) -> list[Path]:
    """The wheels of all packages in a folder."""
    return [wheel_of(folder, package) for package in PACKAGES]


def missing_verdicts(installation: Installation) -> list[str]:
    """The verdicts that the small suite should have, and has not."""
    said = installation.run_suite()
    print(said)
    return [verdict for verdict in VERDICTS if verdict not in said]


def left_by_pip(before: Tree, installation: Installation) -> list[str]:
    """What is not as before, by path below ``imbue``, of which pip leaves the empty folder.

    It removes a folder that had files of its own, and a namespace has none.
    """
    namespace = installation.site / "imbue"
    changes = difference(before, installation.tree())
    assert f"{namespace.relative_to(installation.folder)} is left" in changes
    return [change.rpartition("/imbue/")[2] for change in changes if "/imbue " not in change]


def test_installed_packages_work_and_leave_no_file(
    installation: Installation, wheels: Path
) -> None:
    """A suite is guarded, in its child Pythons too; pip then removes all that has come."""
    before = installation.tree()

    installation.install(*wheels_in(wheels))
    assert missing_verdicts(installation) == []
    installation.pip("uninstall", "--yes", *PACKAGES)

    assert left_by_pip(before, installation) == []
    assert installation.start("", RESOURCE_GUARDS_SCOPE="left") == ""
    assert "ModuleNotFoundError" in installation.start("import imbue.resource_guards")


def test_a_left_over_pth_would_be_seen(installation: Installation) -> None:
    """A Python that starts with it, and without our package, complains."""
    pth = dev.ROOT / "libs" / "resource_guards" / "resource_guards_child.pth"
    shutil.copy(pth, installation.site)

    assert "Error" in installation.start("", RESOURCE_GUARDS_SCOPE="left")


def test_guard_packages_named_in_settings_leave_no_file(
    installation: Installation, wheels: Path
) -> None:
    """They are found by their entry points, where they are installed."""
    before = installation.tree()

    installation.install(*wheels_in(wheels))
    said = installation.run_suite("-oresource_guards=docker modal", conftest="", tests=GUARDED)
    assert "1 passed" in said, said
    assert "never invoked docker" in said
    assert "never invoked modal" in said
    installation.pip("uninstall", "--yes", *PACKAGES)

    assert left_by_pip(before, installation) == []


def test_guard_packages_loaded_as_plugins_leave_what_pytest_compiles(
    installation: Installation, wheels: Path
) -> None:
    """pytest keeps its own form of each module named so, of whatever package, and pip does not know."""
    before = installation.tree()
    modules = ("mngr", "mngr_modal")
    conftest = f"pytest_plugins = {[f'imbue.{module}.pytest_plugin' for module in modules]}"

    installation.install(*wheels_in(wheels))
    said = installation.run_suite(conftest=conftest, tests=GUARDED)
    assert "never invoked docker" in said, said
    assert "never invoked modal" in said
    installation.pip("uninstall", "--yes", *PACKAGES)

    left = left_by_pip(before, installation)
    assert {path.partition("/")[0].partition(" ")[0] for path in left} == set(modules)
    files = [path for path in left if "." in path]
    assert len(files) == len(modules)
    assert all("/__pycache__/pytest_plugin." in path and "-pytest-" in path for path in files)


def test_upgrade_from_the_released_package(installation: Installation, wheels: Path) -> None:
    """All is as if it had never been there; what comes works, and leaves no file either."""
    before = installation.tree()
    wheel = wheel_of(wheels, "resource-guards")

    installation.pip("install", PEER)
    assert difference(before, installation.tree())
    installation.install(wheel)
    upgraded = installation.tree()
    assert missing_verdicts(installation) == []
    installation.pip("uninstall", "--yes", "resource-guards")
    assert left_by_pip(before, installation) == []

    installation.install(wheel)
    assert difference(installation.tree(), upgraded) == []


@pytest.mark.parametrize("down", [False, True], ids=["up", "down"])
def test_another_version_takes_the_place(
    down: bool,  # noqa: FBT001 - a row
    installation: Installation,
    wheels: Path,
    later_wheels: Path,
) -> None:
    """All is as if the other one had never been there, and what is there works."""
    one, other = (later_wheels, wheels) if down else (wheels, later_wheels)
    before = installation.tree()

    installation.install(*wheels_in(one))
    first = installation.tree()
    assert missing_verdicts(installation) == []
    installation.install(*wheels_in(other))
    second = installation.tree()
    assert missing_verdicts(installation) == []
    installation.pip("uninstall", "--yes", *PACKAGES)
    assert left_by_pip(before, installation) == []

    installation.install(*wheels_in(other))
    assert difference(installation.tree(), second) == []
    changed = {path.rpartition("/")[2] for path in first.keys() ^ second.keys()}
    assert {"added.py", *GONE.values()} <= changed


def test_every_difference_is_seen() -> None:
    """What came, what went and what is another."""
    before = {"a": "1", "b": "2", "c": "3"}

    assert difference(before, before) == []
    assert difference(before, {"a": "1", "b": "4", "d": "3"}) == [
        "b is changed",
        "c is gone",
        "d is left",
    ]
