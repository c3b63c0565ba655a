"""What is published has all that it promises, and nothing else."""

from __future__ import annotations

import shutil
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import dev
import lock
from imbue.resource_guards.resource_guards import fixture_uses_resources
from release import archives_in
from support.archives import Files
from support.archives import Package
from support.archives import contents
from support.archives import faults_of_sdist
from support.archives import faults_of_wheel
from support.tools import run_tool
from support.wheels import wheel_of

VERSION: str = tomllib.loads((dev.ROOT / "libs/resource_guards/pyproject.toml").read_text("utf-8"))[
    "project"
]["version"]

CORE = Package(
    name="resource-guards",
    member="resource_guards",
    version=VERSION,
    requires=(
        "pluggy>=1.6",
        "pytest>=8.4",
        "libcst>=1.8; extra == 'fix'",
        "tomlkit>=0.13; extra == 'fix'",
    ),
    extras=("fix",),
    entry_points={"pytest11": {"resource_guards": "imbue.resource_guards.plugin"}},
    at_root=("resource_guards_child.pth",),
)
DOCKER = Package(
    name="imbue-mngr",
    member="mngr",
    version=VERSION,
    requires=("resource-guards>=1.0",),
    extras=(),
    entry_points={
        "resource_guards": {"docker": "imbue.mngr.register_guards_docker:register_docker_guards"}
    },
)
MODAL = Package(
    name="imbue-mngr-modal",
    member="mngr_modal",
    version=VERSION,
    requires=(
        "resource-guards>=1.0",
        "modal>=1.0.5; extra == 'control-plane'",
        "trustme>=1.2; extra == 'control-plane'",
    ),
    extras=("control-plane",),
    entry_points={
        "resource_guards": {"modal": "imbue.mngr_modal.register_guards:register_modal_guards"}
    },
)
EACH_PACKAGE = pytest.mark.parametrize("package", [CORE, DOCKER, MODAL], ids=lambda each: each.name)


@pytest.fixture(scope="session")
@fixture_uses_resources("git")
def tracked() -> Files:
    """All files of the packages that git tracks, or would, by their paths below `libs`."""
    libs = dev.ROOT / "libs"
    files = [path for path in lock.tracked_files(dev.ROOT) if path.is_relative_to(libs)]
    return {path.relative_to(libs).as_posix(): path.read_bytes() for path in files}


def of_member(package: Package, tracked: Files) -> Files:
    """The files of one member, by their paths in its folder."""
    start = f"{package.member}/"
    return {
        name.removeprefix(start): text for name, text in tracked.items() if name.startswith(start)
    }


@pytest.mark.git
@EACH_PACKAGE
def test_a_wheel_is_its_sources(package: Package, wheels: Path, tracked: Files) -> None:
    """It has each tracked file of its package, the licence and true metadata, and nothing else."""
    wheel = contents(wheel_of(wheels, package.name))

    assert faults_of_wheel(package, of_member(package, tracked), wheel) == []


@pytest.mark.git
@EACH_PACKAGE
def test_a_source_distribution_is_its_sources(
    package: Package, wheels: Path, tracked: Files
) -> None:
    """It has each tracked file of the member but its tests, true metadata, and nothing else."""
    sdist = contents(wheels / f"{package.stem}.tar.gz")
    ignored = (dev.ROOT / ".gitignore").read_bytes()

    assert faults_of_sdist(package, of_member(package, tracked), ignored, sdist) == []


def test_nothing_else_is_published(wheels: Path) -> None:
    """A wheel and a source distribution of each package, all of one version."""
    stems = [package.stem for package in (CORE, DOCKER, MODAL)]
    expected = {f"{stem}-py3-none-any.whl" for stem in stems} | {f"{stem}.tar.gz" for stem in stems}

    assert {path.name for path in archives_in(wheels)} == expected


@EACH_PACKAGE
def test_a_wheel_is_the_same_from_sources_and_from_their_distribution(
    package: Package, wheels: Path, tmp_path: Path
) -> None:
    """Whoever builds it gets the same bytes as are published."""
    published = wheel_of(wheels, package.name).read_bytes()

    for name, source in {
        "checkout": dev.ROOT / "libs" / package.member,
        "distribution": wheels / f"{package.stem}.tar.gz",
    }.items():
        dev.build(tmp_path / name, "--wheel", source)
        assert wheel_of(tmp_path / name, package.name).read_bytes() == published, name


def test_twine_renders_every_description(wheels: Path) -> None:
    """The index takes all that is published, and shows its README."""
    done = run_tool("twine", "check", "--strict", *archives_in(wheels))

    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASSED") == 6


# Wrong archives: the right one with something put in, taken out or replaced.
Change = Callable[[Files], Files]


def put(name: str, text: bytes = b"") -> Change:
    """With a file more, or with another content."""
    return lambda files: {**files, name: text}


def take(end: str) -> Change:
    """Without the file whose name ends so."""
    return lambda files: {name: text for name, text in files.items() if not name.endswith(end)}


def replace(end: str, old: str, new: str) -> Change:
    """With other text in the file whose name ends so."""

    def change(files: Files) -> Files:
        (name,) = [each for each in files if each.endswith(end)]
        assert old.encode() in files[name]
        return {**files, name: files[name].replace(old.encode(), new.encode())}

    return change


METADATA = "METADATA"
WRONG_WHEELS: dict[str, tuple[Package, Change, str]] = {
    "a module is missing": (CORE, take("/judge/verdict.py"), "judge/verdict.py is missing"),
    "a module is old": (CORE, put("imbue/resource_guards/api.py"), "api.py is not as in the"),
    "no marker of types": (DOCKER, take("py.typed"), "the package has no py.typed"),
    "marker in the namespace": (DOCKER, put("imbue/py.typed"), "in the namespace itself"),
    "namespace is a package": (MODAL, put("imbue/__init__.py"), "imbue/__init__.py is in the name"),
    "no .pth": (CORE, take(".pth"), "resource_guards_child.pth is missing"),
    ".pth where it is not run": (CORE, put("imbue/resource_guards/x.pth"), "would be run"),
    ".pth of another": (MODAL, put("resource_guards_child.pth"), "would be run by each Python"),
    "no licence": (DOCKER, take("licenses/LICENSE"), "LICENSE is missing"),
    "another's licence": (DOCKER, replace("LICENSE", "MIT", "ISC"), "LICENSE is not as in the"),
    "a test": (CORE, put("imbue/resource_guards/test_x.py"), "test_x.py is a test"),
    "its conftest": (CORE, put("imbue/resource_guards/conftest.py"), "conftest.py is a test"),
    "all tests": (CORE, put("tests/x.py"), "tests/x.py is a test"),
    "stray file": (MODAL, put("imbue/mngr_modal/.DS_Store"), ".DS_Store is stray"),
    "compiled file": (MODAL, put("imbue/mngr_modal/__pycache__/rpc.pyc"), "rpc.pyc is stray"),
    "another package's file": (DOCKER, put("imbue/mngr_modal/rpc.py"), "rpc.py is stray"),
    "not recorded": (CORE, put("imbue/resource_guards/x.py"), "RECORD has imbue/resource_guards/x"),
    "recorded only": (CORE, take("judge/verdict.py"), "RECORD has imbue/resource_guards/judge/ver"),
    "wrongly recorded": (CORE, put("imbue/resource_guards/api.py"), "RECORD has imbue/resource_gu"),
    "no record": (CORE, take("RECORD"), "RECORD is missing"),
    "name": (DOCKER, replace(METADATA, "Name: imbue-mngr", "Name: mngr"), "Name is ['mngr']"),
    "version": (DOCKER, replace(METADATA, "Version: 1.", "Version: 2."), "Version is ['2."),
    "older Python": (CORE, replace(METADATA, ">=3.11", ">=3.10"), "Requires-Python is"),
    "new Python": (CORE, replace(METADATA, ":: 3.15", ":: 3.16"), "Classifier is"),
    "dependency": (CORE, replace(METADATA, "pluggy>=1.6", "pluggy>=1.5"), "Requires-Dist is"),
    "extra": (CORE, replace(METADATA, "Extra: fix", "Extra: mend"), "Provides-Extra is ['mend']"),
    "licence's name": (CORE, replace(METADATA, ": MIT", ": ISC"), "License-Expression is ['ISC']"),
    "summary": (CORE, replace(METADATA, "Summary:", "Summery:"), "there is no Summary"),
    "description": (CORE, replace(METADATA, "resource", "resauce"), "is not the README"),
    "description's kind": (CORE, replace(METADATA, "text/markdown", "text/plain"), "Content-Type"),
    "entry point": (CORE, replace("entry_points.txt", ".plugin", ".plug"), "the entry points are"),
    "no entry points": (MODAL, take("entry_points.txt"), "entry_points.txt is missing"),
    "one Python": (CORE, replace("WHEEL", "py3-none-any", "cp311-none-any"), "not for every Pyth"),
    "machine": (CORE, replace("WHEEL", "Purelib: true", "Purelib: false"), "not for every Python"),
}


@pytest.mark.git
@pytest.mark.parametrize(
    ("package", "change", "fault"), WRONG_WHEELS.values(), ids=WRONG_WHEELS.keys()
)
def test_a_wrong_wheel_is_found(
    package: Package, change: Change, fault: str, wheels: Path, tracked: Files
) -> None:
    """Whatever the fault, it is told."""
    wheel = change(contents(wheel_of(wheels, package.name)))

    faults = faults_of_wheel(package, of_member(package, tracked), wheel)
    assert [told for told in faults if fault in told], faults


TOP = f"{CORE.stem}/"
WRONG_SDISTS: dict[str, tuple[Change, str]] = {
    "a module is missing": (take("/judge/verdict.py"), "judge/verdict.py is missing"),
    "a module is old": (put(f"{TOP}imbue/resource_guards/api.py"), "api.py is not as in the"),
    "no licence": (take("/LICENSE"), "LICENSE is missing"),
    "no .pth": (take(".pth"), "resource_guards_child.pth is missing"),
    "no settings": (take("pyproject.toml"), "pyproject.toml is missing"),
    "a test": (put(f"{TOP}tests/test_verdict.py"), "test_verdict.py is a test"),
    "stray file": (put(f"{TOP}.coverage"), ".coverage is stray"),
    "namespace is a package": (put(f"{TOP}imbue/__init__.py"), "in the namespace itself"),
    "other rules": (put(f"{TOP}.gitignore"), ".gitignore is not as in the sources"),
    "version": (replace("PKG-INFO", "Version: 1.", "Version: 2."), "Version is ['2."),
    "no metadata": (take("PKG-INFO"), "PKG-INFO is missing"),
}


@pytest.mark.git
@pytest.mark.parametrize(("change", "fault"), WRONG_SDISTS.values(), ids=WRONG_SDISTS.keys())
def test_a_wrong_source_distribution_is_found(
    change: Change, fault: str, wheels: Path, tracked: Files
) -> None:
    """Whatever the fault, it is told."""
    sdist = change(contents(wheels / f"{CORE.stem}.tar.gz"))
    ignored = (dev.ROOT / ".gitignore").read_bytes()

    faults = faults_of_sdist(CORE, of_member(CORE, tracked), ignored, sdist)
    assert [told for told in faults if fault in told], faults


def test_a_description_that_the_index_refuses_is_found(wheels: Path, tmp_path: Path) -> None:
    """twine fails for a wheel whose README does not render."""
    right = wheel_of(wheels, CORE.name)
    wrong = tmp_path / right.name
    change = replace(METADATA, "text/markdown", "text/x-rst")
    with zipfile.ZipFile(wrong, "w") as archive:
        for name, text in change(contents(right)).items():
            archive.writestr(name, text)

    done = run_tool("twine", "check", "--strict", wrong)

    assert done.returncode != 0
    assert "FAILED" in done.stdout


def test_sources_that_build_another_wheel_are_found(wheels: Path, tmp_path: Path) -> None:
    """A file that is only in the checkout makes its wheel another than the published one."""
    shutil.copytree(dev.ROOT / "libs" / DOCKER.member, tmp_path / "sources")
    (tmp_path / "sources" / "imbue" / DOCKER.member / "more.py").touch()

    dev.build(tmp_path, "--wheel", tmp_path / "sources")

    built, published = wheel_of(tmp_path, DOCKER.name), wheel_of(wheels, DOCKER.name)
    assert built.read_bytes() != published.read_bytes()
