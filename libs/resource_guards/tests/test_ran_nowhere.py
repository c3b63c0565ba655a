"""Reports of several machines, put together: which tests none has run, and which use a resource only on some."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.suite import WORKERS
from support.suite import Suite

JOBS = """
    import subprocess, sys, pytest

    def use(name): subprocess.run([name], check=True)

    @pytest.mark.one
    def test_one(): use("one")

    @pytest.mark.two
    def test_two(): use("two")

    @pytest.mark.three
    def test_three(): use("three")

    @pytest.mark.one
    @pytest.mark.two
    def test_dead_both(): pass

    @pytest.mark.two
    @pytest.mark.parametrize("number", [1, 2])
    def test_dead_parameter(number): pass

    @pytest.mark.one
    @pytest.mark.three
    def test_dead_together(): use("one"); use("three")

    @pytest.mark.skipif(sys.platform == "linux", reason="not on Linux")
    def test_dead_here(): pass

    def test_dead_deselected(): pass

    def test_alive(): pass

    @pytest.mark.one(optional=True)
    def test_optional():
        import shutil
        if shutil.which("one"): use("one")

    @pytest.mark.xfail
    def test_xfailed(): raise AssertionError
"""

DEAD = {
    "one and three not available": ["test_dead_together"],
    "one and two not available": ["test_dead_both"],
    "two not available": ["test_two", "test_dead_parameter[1]", "test_dead_parameter[2]"],
    "skipped: not on Linux": ["test_dead_here"],
    "deselected in each run": ["test_dead_deselected"],
}


def merged(
    suite: Suite, *names: str, arguments: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Put the reports of some jobs together."""
    command = [sys.executable, "-m", "imbue.resource_guards", "merge", *names, "-o", "all.json"]
    return subprocess.run(
        [*command, *arguments], cwd=suite.path, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("is_split", [False, True], ids=["a matrix", "shards"])
def test_what_ran_on_no_machine(suite: Suite, is_split: bool) -> None:  # noqa: FBT001 - a parameter
    """Three jobs with other resources each: exactly the tests are named that none has run, and why."""
    suite.write(test_it=JOBS)
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = one two three\n"})
    away = "--deselect=test_it.py::test_dead_deselected"
    for job, here in (("a", "one"), ("b", "three"), ("c", "")):
        for name in ("one", "two", "three"):
            (suite.bin / name).unlink(missing_ok=True)
        if here:
            suite.tool(here)
        if is_split:  # each shard has a part of the tests, and none the one that is never selected
            part = {"a": "one or dead", "b": "three", "c": "two or alive or optional or xfailed"}
            selected = ["-k", part[job]]
        else:
            selected = []
        report = f"--resource-guards-json={job}.json"
        suite.run("--resource-guards-unavailable=skip", report, away, *selected)

    done = merged(suite, "a.json", "b.json", "c.json", arguments=("--fail-on-ran-nowhere",))

    machines, count, *rest = done.stdout.splitlines()
    groups: dict[str, list[str]] = {}
    for line in rest:
        if line.startswith("    "):
            groups[[*groups][-1]].append(line.partition("::")[2])
        else:
            groups[line.strip()] = []
    assert done.returncode == 1, done
    assert machines == "two was not available on any machine: 'two' is not on PATH"
    assert count == "7 tests ran nowhere:"
    dead = sorted(name for names in DEAD.values() for name in names)
    assert sorted(name for names in groups.values() for name in names) == dead
    if not is_split:
        assert {key.rpartition(" (")[0]: names for key, names in groups.items()} == DEAD
    assert merged(suite, "a.json", "b.json", "c.json").returncode == 0


@WORKERS
def test_why_a_test_was_deselected(suite: Suite, workers: tuple[str, ...]) -> None:
    """The options that have left it out are told; of several runs all of them."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import pytest

            @pytest.mark.tool
            def test_it(): pass

            def test_other(): pass
        """
    )
    suite.run("-m", "not tool", "--resource-guards-json=a.json", *workers)
    suite.run("-k", "other", "--resource-guards-json=b.json", *workers)

    done = merged(suite, "a.json", "b.json")

    assert done.stdout.splitlines() == [
        "1 test ran nowhere:",
        '  deselected by -m "not tool" or -k "other" in each run, needs tool (1 test)',
        "    test_it.py::test_it",
    ]


@WORKERS
def test_a_run_that_lacks_what_it_requires(suite: Suite, workers: tuple[str, ...]) -> None:
    """It was not whole, and a merge says why before it names what has not run."""
    suite.write(
        test_it="""
            import pytest

            @pytest.mark.tool
            def test_it(): pass
        """
    )
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = tool\n"})
    suite.run("--resource-guards-require=tool", "--resource-guards-json=a.json", *workers)

    first, *others = merged(suite, "a.json").stdout.splitlines()

    assert first.startswith(
        "a.json is not the whole suite: it ended early: "
        "tool is not available: 'tool' is not on PATH. This run requires it"
    )
    assert others == [
        "1 test ran nowhere:",
        "  not run in each run, needs tool (1 test)",
        "    test_it.py::test_it",
    ]


def test_all_ran_somewhere(suite: Suite) -> None:
    """Then nothing is said, and nothing fails."""
    suite.tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.tool
            def test_it(): subprocess.run(["tool"], check=True)

            def test_other(): pass
        """
    )
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = tool\n"})
    suite.run("-m", "tool", "--resource-guards-json=a.json")
    (suite.bin / "tool").unlink()
    suite.run("--resource-guards-unavailable=skip", "--resource-guards-json=b.json")

    done = merged(suite, "a.json", "b.json", arguments=("--fail-on-ran-nowhere",))

    assert (done.returncode, done.stdout) == (0, ""), done


def test_used_on_one_machine_and_not_on_another(suite: Suite) -> None:
    """A merge names the test, and the fix says which form its mark should have, and gives it none itself."""
    suite.tool()
    text = """
        import os, subprocess, pytest

        @pytest.mark.tool
        def test_marked():
            if "A" in os.environ: subprocess.run(["tool"], check=True)

        def test_unmarked():
            if "A" in os.environ: subprocess.run(["tool"], check=True)

        @pytest.mark.tool(optional=True)
        def test_optional():
            if "A" in os.environ: subprocess.run(["tool"], check=True)
    """
    suite.write(test_it=text)
    suite.write_files(
        {"pytest.ini": "[pytest]\nresource_guards = tool\nresource_guards_mode = warn\n"}
    )
    before = (suite.path / "test_it.py").read_text()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("A", "1")
        suite.run("--resource-guards-json=a.json")
    suite.run("--resource-guards-json=b.json")

    done = merged(suite, "a.json", "b.json")

    assert "2 tests used tool in one run but not in another" in done.stdout
    assert "test_it.py::test_optional" not in done.stdout
    command = [sys.executable, "-m", "imbue.resource_guards", "fix", "all.json", "--write"]
    fixed = subprocess.run(command, cwd=suite.path, capture_output=True, text=True, check=False)
    for name in ("test_marked", "test_unmarked"):
        assert (
            f"{name}: it used tool in one run but not in another: write @pytest.mark.tool(opt"
            in fixed.stdout
        )
    assert (suite.path / "test_it.py").read_text() == before
