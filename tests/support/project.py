"""A project of examples/, outside the workspace, in an environment of its own with what is published."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import dev
from support.page import Desk
from support.page import outer_environment
from support.wheels import wheel_of

EXAMPLES = {
    "core": ("git", "tracker"),
    "docker": ("docker",),
    "modal": ("modal",),
    "services": ("postgres", "redis", "rates", "gzip"),
    "workspace": ("git", "docker", "modal"),
}
"""The projects, and the resources that each guards."""

CORE = "resource-guards"
MODULES = {
    CORE: "imbue.resource_guards.plugin",
    "imbue-mngr": "imbue.mngr.register_guards_docker",
    "imbue-mngr-modal": "imbue.mngr_modal.register_guards",
}
"""A module of each package."""


@dataclass(frozen=True)
class Project:
    """A copy of an example, and its environment.

    Args:
        folder: The copy.
        python: The interpreter of the environment.
    """

    folder: Path
    python: Path

    def desk(self, **environment: str) -> Desk:
        """Where its README is done: ``pip`` stands for uv's, which installs into the environment."""
        bin_folder = self.python.parent
        path = os.pathsep.join([str(bin_folder), os.environ["PATH"]])
        base = {**outer_environment(), "PATH": path, "VIRTUAL_ENV": str(bin_folder.parent)}
        programs = {
            "pip": (dev.find_uv(), "pip"),
            "pytest": (str(self.python), "-m", "pytest"),
            **{path.name: (str(path),) for path in bin_folder.glob("relnotes")},
        }
        return Desk(self.folder, programs, {**base, **environment})


def copy_example(name: str, folder: Path) -> Path:
    """Copy an example as it would be checked out."""
    ignored = shutil.ignore_patterns("__pycache__", ".venv", ".*_cache")
    return Path(shutil.copytree(dev.ROOT / "examples" / name, folder / name, ignore=ignored))


def packages_of(project: Path) -> list[str]:
    """Those of our packages that a project's group ``dev`` names, and the core, which they bring."""
    settings = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    named = {
        match[0]
        for requirement in settings["dependency-groups"]["dev"]
        if (match := re.match(r"[\w-]+", requirement))
    }
    return [name for name in MODULES if name in named or name == CORE]


def make_environment_for(project: Path, folder: Path, distributions: Path) -> Path:
    """Make an environment with a project's locked packages and the wheels of ours that it names.

    Args:
        project: The project, of whose name there is a group of dependencies in the workspace.
        folder: Where the environment is made.
        distributions: The folder with the wheels.

    Returns:
        The environment's interpreter.
    """
    python = dev.make_environment(folder)
    dev.install_locked(python, f"--only-group=example-{project.name}")
    wheels = [wheel_of(distributions, package) for package in packages_of(project)]
    dev.run(dev.find_uv(), "pip", "install", "--quiet", f"--python={python}", "--no-deps", *wheels)
    return python


def assert_published(python: Path, packages: list[str]) -> None:
    """Assert that these packages of ours, and no others, are the environment's own, not links."""
    inside = Path(_say(python, "import sysconfig; print(sysconfig.get_path('purelib'))"))
    for package, module in MODULES.items():
        find = f"import {module} as it; print(it.__file__)"
        if package in packages:
            found = Path(_say(python, find))
            assert found.is_relative_to(inside), f"{package} is {found}"
            assert found.resolve().is_relative_to(inside.resolve()), f"{package} is {found}"
        else:
            assert "ModuleNotFoundError" in _say(python, find), package


def _say(python: Path, code: str) -> str:
    done = subprocess.run(
        [python, "-c", code],
        cwd=python.parent,
        env=outer_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.strip()
