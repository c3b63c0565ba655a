"""The workspace's own programs: the lock without addresses, the quickstart, the checks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matrix
import pytest

import dev
import lock
import lowest
import sdk_matrix
from support.jobs import JOBS
from support.jobs import NAMES
from support.jobs import NO_JOB
from support.jobs import is_wanted
from support.jobs import job_of

INDEX = f"https://{lock.HOSTS[0]}/simple"
FILES = f"https://files.{lock.HOSTS[1]}"

WITH_ADDRESSES = f"""\
[[package]]
name = "six"
version = "1.16.0"
source = {{ registry = "{INDEX}" }}
sdist = {{ url = "{FILES}/packages/71/39/six-1.16.0.tar.gz", hash = "sha256:1e61", size = 34041 }}
wheels = [
    {{ url = "{FILES}/packages/d9/5a/six-1.16.0-py2.py3-none-any.whl", hash = "sha256:8abb" }},
]
"""

WITHOUT = """\
[[package]]
name = "six"
version = "1.16.0"
source = { registry = "registry" }
sdist = { path = "six-1.16.0.tar.gz", hash = "sha256:1e61", size = 34041 }
wheels = [
    { path = "six-1.16.0-py2.py3-none-any.whl", hash = "sha256:8abb" },
]
"""


def test_addresses_are_taken_out() -> None:
    """Versions, hashes and file names stay, and a second time changes nothing."""
    assert lock.without_addresses(WITH_ADDRESSES) == WITHOUT
    assert lock.without_addresses(WITHOUT) == WITHOUT


def test_hosts_are_found() -> None:
    """Each host is found wherever it stands, in any case, and a like name is not."""
    assert lock.named_hosts(WITH_ADDRESSES) == lock.HOSTS[:2]
    assert lock.named_hosts(f"HTTP://REGISTRY.{lock.HOSTS[2].upper()}/x") == [lock.HOSTS[2]]
    assert lock.named_hosts(WITHOUT + "pypi, organised") == []


@pytest.mark.git
def test_the_lock_is_checked_alike_behind_another_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a machine has an index of its own, the lock is as good as elsewhere."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_INDEX_URL", "https://127.0.0.1:9/simple")

    assert lock.check() == 0


@pytest.mark.git
def test_a_file_that_names_a_host_is_found(tmp_path: Path) -> None:
    """The check sees files that git tracks and new ones, and not those that it ignores."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("ignored\n")
    (tmp_path / "good").write_text("nothing\n")
    for name in ("bad", "ignored"):
        (tmp_path / name).write_text(f"see {INDEX}\n")

    complaint = f"bad names the download host {lock.HOSTS[0]}"
    assert lock.complaints_about(tmp_path) == [complaint]


@pytest.mark.git
def test_the_lock_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fits the workspace, as uv finds without network or cache, and no file names a host."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    assert lock.main(["--check"]) == 0


def test_a_lock_that_does_not_fit_is_found(tmp_path: Path) -> None:
    """A dependency that the lock does not have makes the check fail."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["six"]\n'
    )
    (tmp_path / "uv.lock").write_text('version = 1\nrevision = 3\nrequires-python = ">=3.11"\n')
    command = [dev.find_uv(), "lock", "--check", "--offline", "--quiet"]

    assert subprocess.run(command, cwd=tmp_path, check=False).returncode != 0


@pytest.mark.git
@pytest.mark.slow
def test_the_quickstart() -> None:
    """It shows both kinds of violation and then a suite without any."""
    show = dev.ROOT / "examples" / "quickstart" / "show.py"
    done = subprocess.run(
        [sys.executable, show],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )

    assert done.returncode == 0, done.stdout
    assert "Test invoked 'weather' without @pytest.mark.weather" in done.stdout
    assert "Test has @pytest.mark.git but never invoked git" in done.stdout
    assert "2 failed, 2 passed" in done.stdout
    assert "4 passed" in done.stdout
    assert "3 passed, 1 deselected" in done.stdout


def test_arguments_of_pytest_stand_behind_dashes() -> None:
    """What stands before is the program's own; without dashes all is."""
    assert dev.split(["3.12", "--", "-k", "--", "x"]) == (["3.12"], ["-k", "--", "x"])
    assert dev.split(["3.12"]) == (["3.12"], [])
    assert dev.split(["--", "-x"]) == ([], ["-x"])


def test_the_lowest_versions_are_read() -> None:
    """From what uv prints, without the workspace's own packages."""
    compiled = "libcst==1.8.0\n-e file:///somewhere/libs/resource_guards\npytest==8.4.0\n"

    assert lowest.pins_in(compiled) == ["libcst==1.8.0", "pytest==8.4.0"]


def test_a_lowest_version_that_is_not_installed_is_found() -> None:
    """Another version of the package, even one that begins like it, is not it."""
    frozen = "libcst==1.8.0\npytest==8.4.01\ntrustme==1.2.1\n"

    assert lowest.absent(["libcst==1.8.0"], frozen) == []
    pins = ["libcst==1.8.0", "pytest==8.4.0", "pluggy==1.6.0"]
    assert lowest.absent(pins, frozen) == ["pytest==8.4.0", "pluggy==1.6.0"]


def test_the_oldest_modal_is_the_lowest_that_is_allowed() -> None:
    """The matrix of SDKs begins where the extra of the package does."""
    settings = (dev.ROOT / "libs" / "mngr_modal" / "pyproject.toml").read_text("utf-8")

    assert f'"modal>={next(iter(sdk_matrix.SDKS["modal"][0]))}"' in settings


def test_no_module_has_a_global_statement() -> None:
    """State hangs on objects, and modules stay small, in the packages that we ship."""
    sources = [*dev.ROOT.glob("libs/*/imbue/**/*.py")]
    assert len(sources) > 30
    for source in sources:
        lines = source.read_text().splitlines()
        assert not [line for line in lines if line.strip().startswith("global ")], source
        assert len(lines) <= 300, source


@pytest.mark.parametrize(
    ("python", "folder"),
    [("3.12", "3.12-pytest-8.4"), ("/opt/a b/python3.15", "opt_a b_python3.15-pytest-8.4")],
)
def test_the_folder_of_a_python_that_is_a_path(python: str, folder: str) -> None:
    """It is below the matrix's own."""
    assert matrix.folder_name(python, "pytest 8.4") == folder


def test_every_module_of_a_job_is_there() -> None:
    """And is of one job, which the page for contributors names."""
    modules = [module for each in JOBS.values() for module in each]
    folders = [dev.ROOT / "tests", *dev.ROOT.glob("libs/*/tests")]
    there = {path.stem for folder in folders for path in folder.glob("test_*.py")}

    assert set(modules) <= there
    assert len(modules) == len(set(modules))
    page = (dev.ROOT / "CONTRIBUTING.md").read_text()
    assert [name for name in NAMES if f"`{name}`" not in page and name != NO_JOB] == []


@pytest.mark.parametrize(
    ("module", "fixtures", "quick", "job", "wanted"),
    [
        ("test_verdict", ["facts"], True, None, True),
        ("test_fixtures", ["suite"], True, None, False),
        ("test_libtmux", [], True, None, False),
        ("test_libtmux", [], False, "libtmux", True),
        ("test_verdict", [], False, "libtmux", False),
        ("test_fixtures", ["suite"], False, None, True),
        ("test_fixtures", ["suite"], False, "none", True),
        ("test_libtmux", [], False, "none", False),
    ],
)
def test_what_a_part_of_the_tests_has(
    module: str,
    fixtures: list[str],
    quick: bool,  # noqa: FBT001 - a column
    job: str | None,
    wanted: bool,  # noqa: FBT001 - a column
) -> None:
    """The quick ones run no pytest and no server, and belong to no job."""
    item: Any = SimpleNamespace(
        path=Path(f"{module}.py"), fixturenames=fixtures, get_closest_marker=lambda _: None
    )

    assert is_wanted(item, quick=quick, job=job) is wanted
    item.get_closest_marker = lambda name: name == "slow" or None
    assert is_wanted(item, quick=quick, job=job) is (wanted and not quick)


def test_which_job_has_the_runs_with_workers() -> None:
    """One of its own, but those of a module that is of a job, which has them."""
    callspec = SimpleNamespace(params={"workers": ("-n2",)})
    for module, job in {"test_fixtures": "workers", "test_databases": "services"}.items():
        item: Any = SimpleNamespace(path=Path(f"{module}.py"), callspec=callspec)
        assert job_of(item) == job
    item.path, callspec.params = Path("test_fixtures.py"), {"workers": ()}
    assert job_of(item) == NO_JOB
