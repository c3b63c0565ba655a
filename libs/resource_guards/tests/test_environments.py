"""What tests do to the environment, and how they give it to children, hides no use."""

from __future__ import annotations

import os

import pytest

from support.suite import Suite


@pytest.mark.parametrize("name", ["PATH", "RESOURCE_GUARDS_SCOPE"])
def test_a_variable_that_a_test_removes(suite: Suite, name: str) -> None:
    """The next test finds it again, and is guarded in this process and in child Pythons."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import os, subprocess, sys, pytest

            CHILD = [sys.executable, "-c", "import subprocess; subprocess.run(['tool'])"]

            def test_removes():
                del os.environ[{name!r}]

            @pytest.mark.parametrize("command", [["tool"], CHILD], ids=["here", "in a child"])
            def test_unmarked(command):
                assert {name!r} in os.environ
                subprocess.run(command)
        """
    )

    outcome = suite.run()

    assert outcome["test_removes"].outcome == "passed"
    for where in ("here", "in a child"):
        assert outcome[f"test_unmarked[{where}]"].says_missing(), outcome.output
    assert suite.runs_of() == []


def test_environments_that_are_given_to_children(suite: Suite) -> None:
    """One with the variable names the test, as text or bytes; one that has another keeps it."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, subprocess

            NAME = "RESOURCE_GUARDS_SCOPE"

            def seen(env):
                command = ["/bin/sh", "-c", 'printf "<%s>" "$RESOURCE_GUARDS_SCOPE"']
                return subprocess.run(command, env=env, check=True, capture_output=True).stdout

            def test_it():
                inherited = seen(None)
                assert b"=*:" in os.environb[NAME.encode()] and b"=*:" not in inherited
                assert seen(dict(os.environ)) == inherited
                assert seen(dict(os.environb)) == inherited
                assert seen({NAME: " /elsewhere=1:,"}) == b"< /elsewhere=1:,>"
                assert seen({}) == b"<>"
        """
    )

    outcome = suite.run()

    assert outcome["test_it"].outcome == "passed", outcome.output


def test_starts_that_cannot_be(suite: Suite) -> None:
    """Arguments of no use make Python's own error, with and without a guard."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, subprocess, pytest

            @pytest.mark.parametrize(
                "start",
                [
                    lambda: subprocess.run(["tool", 7]),
                    lambda: subprocess.run(["tool"], env=7),
                    lambda: os.posix_spawn("tool", [7], os.environ),
                    lambda: subprocess.run(["tool"], cwd=["."]),
                ],
            )
            def test_it(start):
                with pytest.raises((TypeError, AttributeError)) as error:
                    start()
                own = error.traceback.filter(error)[-1]  # as pytest shows it
                assert own.path.name in ("subprocess.py", "os.py", "test_it.py")
        """
    )

    outcome = suite.run()

    assert outcome.counts == {"passed": 4}, outcome.output
    assert suite.runs_of() == []


@pytest.mark.parametrize(
    ("links", "is_one"),
    [
        ({}, True),
        ({"view": "symbolic"}, False),
        ({"tool.old": "hard"}, False),
        ({"another": "hard"}, False),
    ],
    ids=["alone", "with a link", "with a hard link", "with a hard link of any name"],
)
def test_a_program_behind_a_link(suite: Suite, links: dict[str, str], *, is_one: bool) -> None:
    """Its file is the program under any name, unless it has further names: then by its own alone."""
    real = suite.tool("tool.basic")
    (suite.bin / "tool").symlink_to(real.name)
    for name, kind in links.items():
        if kind == "hard":
            os.link(real, suite.bin / name)
        else:
            (suite.bin / name).symlink_to(real.name)
    (suite.path / "renamed").symlink_to(real)
    others = [suite.path / "renamed", real, *(suite.bin / name for name in links)]
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        test_it=f"""
            import subprocess, pytest

            def test_by_its_name():
                subprocess.run([{str(suite.bin / "tool")!r}], check=True)

            @pytest.mark.parametrize("number", {list(range(len(others)))!r})
            def test_by_another(number):
                subprocess.run([{[str(other) for other in others]!r}[number]], check=True)
        """,
    )

    outcome = suite.run()

    assert outcome["test_by_its_name"].says_missing()
    for number in range(len(others)):
        test = outcome[f"test_by_another[{number}]"]
        assert test.says_missing() is is_one, outcome.output
        assert (test.outcome == "passed") is not is_one


def test_a_fixture_whose_tear_down_fails_between_parameters(suite: Suite) -> None:
    """The test that comes next has that error, and those after it are judged as ever."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.fixture(scope="module", params=[1, 2, 3])
            def server(request):
                subprocess.run(["tool", str(request.param)], check=True)
                yield request.param
                if request.param == 1:
                    raise OSError("cannot stop")

            @pytest.mark.tool
            def test_marked(server):
                pass

            def test_unmarked(server):
                pass
        """
    )

    outcome = suite.run()

    assert "INTERNALERROR" not in outcome.output
    assert "cannot stop" in outcome.output
    assert outcome["test_marked[3]"].outcome == "passed", outcome.output
    assert outcome["test_unmarked[3]"].says_missing()


@pytest.mark.parametrize("name", ["a line\nend", "a\ttab", "back\\slash n"])
def test_a_folder_of_path_with_an_odd_name(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Child Pythons are guarded as ever, and a program in that folder is known there."""
    folder = suite.path / name
    tool = suite.tool(folder=folder)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    suite.name_guards("tool")
    suite.write_files(
        {
            "test_it.py": f"""
import subprocess, sys, pytest

CODE = "import subprocess, sys; subprocess.run(sys.argv[1:])"

def test_unmarked():
    subprocess.run([sys.executable, "-c", CODE, {str(tool)!r}])

@pytest.mark.tool
def test_marked():
    subprocess.run([sys.executable, "-c", CODE, {str(tool)!r}], check=True)
"""
        }
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert len(suite.runs_of()) == 1
