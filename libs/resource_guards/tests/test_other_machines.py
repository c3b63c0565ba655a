"""What this machine has and others have not: POSIX, /proc, a temporary directory for programs."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from pathlib import Path

import pytest

from imbue.resource_guards.intercept.told_to_children import CHILD_FILE
from imbue.resource_guards.intercept.told_to_children import has_child_file
from imbue.resource_guards.record import ancestors
from imbue.resource_guards.record import children
from imbue.resource_guards.wire.variable import SCOPE_VARIABLE
from support.suite import Suite

MEMBER = Path(__file__).parents[1]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no /proc to do without")
def test_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of the processes around this one, nor of its children, and nothing fails."""

    def no_file(path: str, **_: object) -> None:
        raise FileNotFoundError(path)

    assert ancestors.child_of(os.getppid()) == str(os.getpid())
    monkeypatch.setattr(ancestors, "open", no_file, raising=False)
    monkeypatch.setattr(children, "_TASKS", "/no-proc/self/task")

    assert ancestors.through(os.getppid()) == ""
    assert ancestors.child_of(os.getppid()) == ""
    assert children.own_children() == []


def test_programs_that_may_not_be_run_from_the_temporary_directory(suite: Suite) -> None:
    """Where its file system is mounted `noexec`, it is a usage error that names the way out."""
    suite.guard_tool()
    guarded = (suite.path / "conftest.py").read_text()
    suite.write(
        conftest=f"""
import os

access = os.access

def access_on_noexec(path, mode, **options):
    is_there = "/resource-guards-" in str(path)
    return access(path, mode, **options) and not (is_there and mode & os.X_OK)

os.access = access_on_noexec
{guarded}
        """,
        test_it="def test_never(): pass",
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "cannot be run, so resource guard 'tool' cannot watch" in outcome.output
    assert outcome.tests == {}
    assert suite.leftovers() == []


def test_sources_without_what_a_wheel_installs(suite: Suite) -> None:
    """The list says that child Pythons are not seen, and what to install."""
    suite.guard_tool()
    suite.write(
        conftest="""
            import site

            site.getsitepackages = list
            site.getusersitepackages = lambda: "/nowhere"
        """
    )

    outcome = suite.run("--resource-guards-list")

    assert outcome.code == 0
    assert f"child Pythons: OFF: no {CHILD_FILE} in the site-packages" in outcome.output


def test_no_superfluous_mark_where_child_pythons_are_not_guarded(suite: Suite) -> None:
    """What a test has started may have used the resource; the header says so, and a line at the end."""
    suite.tool()
    suite.write(
        conftest="""
            import site

            site.getsitepackages = list
            site.ENABLE_USER_SITE = False

            def pytest_register_resource_guards(registry):
                registry.register_sdk_guard("service", targets=["client:send"])
                registry.register_binary_guard("tool")
        """,
        client="def send(): pass",
        test_it="""
            import pytest, subprocess, sys

            @pytest.mark.service
            def test_by_a_child():
                subprocess.run([sys.executable, "-S", "-c", "import client; client.send()"], check=True)

            @pytest.mark.service
            def test_alone():
                pass

            @pytest.mark.tool
            def test_whose_program_has_a_shim():
                subprocess.run([sys.executable, "-c", ""], check=True)
        """,
    )

    outcome = suite.run()

    assert outcome.outcomes == {
        "test_by_a_child": "passed",
        "test_alone": "failed",
        "test_whose_program_has_a_shim": "failed",
    }
    said = f"Pythons that tests start are not guarded: Python finds no {CHILD_FILE} in the site-packages"
    assert said in outcome.output
    assert "service: whether 1 test with this mark" in outcome.output
    assert "Fix: install resource-guards as a wheel" in outcome.output


@pytest.mark.parametrize("text", ["", "# taken away by a policy\n", b"\xff"])
def test_a_file_that_begins_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | bytes
) -> None:
    """One that was emptied, or is not readable, is as none."""
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(tmp_path)])
    monkeypatch.setattr(site, "ENABLE_USER_SITE", False)
    (tmp_path / CHILD_FILE).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert not has_child_file()

    (tmp_path / CHILD_FILE).write_bytes((MEMBER / CHILD_FILE).read_bytes())
    assert has_child_file()


@pytest.mark.parametrize(
    ("version", "beside", "is_read"),
    [
        ((3, 14), "", True),
        ((3, 15), "", True),
        ((3, 15), "resource_guards_child.start", False),
        ((3, 17), "other.start", True),
        ((3, 18), "", False),
    ],
)
def test_pythons_that_do_not_run_the_line(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    version: tuple[int, int],
    beside: str,
    is_read: bool,  # noqa: FBT001 - a column
) -> None:
    """As PEP 829 has it: from 3.15 none where a ``.start`` file has the same name, from 3.18 none at all."""
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(tmp_path)])
    monkeypatch.setattr(site, "ENABLE_USER_SITE", False)
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    (tmp_path / CHILD_FILE).write_bytes((MEMBER / CHILD_FILE).read_bytes())
    if beside:
        (tmp_path / beside).write_text("somebody:start")

    assert has_child_file() is is_read


def test_a_python_that_nobody_guards_imports_nothing_of_ours() -> None:
    """Also where the package is installed."""
    environment = {key: value for key, value in os.environ.items() if key != SCOPE_VARIABLE}
    command = [sys.executable, "-X", "importtime", "-c", "pass"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert "site" in done.stderr
    assert "imbue" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the native layer works on Linux")
def test_a_cache_that_others_can_write(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The native layer's library is not taken from where someone else could have put it."""
    suite.guard_tool()
    suite.write(test_it="def test_never(): pass")
    cache = suite.path / "cache" / "resource-guards"
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))

    outcome = suite.run("-oresource_guards_native=true")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "can be written by, another user" in outcome.output
    assert list(cache.iterdir()) == []
