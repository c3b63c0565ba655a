"""What this machine has and others have not: POSIX, /proc, a temporary directory for programs."""

from __future__ import annotations

import os
import sys

import pytest

from imbue.resource_guards.declare.policy import Policy
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.enforcement import Enforcement
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.kinds import Mode
from imbue.resource_guards.record import ancestors
from imbue.resource_guards.record import children
from imbue.resource_guards.report.inventory import layers
from support.suite import Suite


def test_no_posix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards are not half installed: it is an error that says what they need; the list says it too."""
    registry = Registry()
    path = os.environ["PATH"]
    with monkeypatch.context() as windows:
        windows.setattr(os, "name", "nt")
        told = list(layers(registry, native=True))
        with pytest.raises(ResourceGuardMisconfiguration, match="need a POSIX system"):
            Enforcement(registry, Policy(Mode.ENFORCE), print, print)

    assert len(told) == 1
    assert "need a POSIX system" in told[0]
    assert os.environ["PATH"] == path


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
    assert "child Pythons: OFF: no resource_guards_child.pth in the site-packages" in outcome.output


@pytest.mark.skipif(sys.platform != "linux", reason="the native layer exists on Linux")
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
