"""The modules that start programs may be imported anew, or copied: each has ours, until the session ends."""

from __future__ import annotations

import pytest

from support.suite import Suite

FRESH = {
    "subprocess": """
        take_out("subprocess", "_posixsubprocess")
        import subprocess
        run = lambda word: subprocess.run([word])""",
    "_posixsubprocess alone": """
        take_out("_posixsubprocess")
        import subprocess
        importlib.reload(subprocess)
        run = lambda word: subprocess.run([word])""",
    "_posixsubprocess from its file": """
        import _posixsubprocess as first
        spec = first.__spec__
        fresh = importlib.util.module_from_spec(spec); spec.loader.exec_module(fresh)
        import subprocess
        subprocess._fork_exec = fresh.fork_exec
        subprocess._USE_VFORK = False
        # Until Python 3.12 `subprocess` calls it by the module's name.
        subprocess._posixsubprocess = fresh
        run = lambda word: subprocess.run([word])""",
    "os and posix": """
        take_out("os", "posix")
        import os
        run = lambda word: os.waitpid(os.posix_spawn(word, [word], dict(os.environ)), 0)""",
    "posix alone": """
        take_out("posix")
        import posix
        run = lambda word: posix.waitpid(posix.posix_spawn(word, [word], {}), 0)""",
    "posix from its spec": """
        import posix
        spec = posix.__spec__
        fresh = importlib.util.module_from_spec(spec); spec.loader.exec_module(fresh)
        run = lambda word: fresh.waitpid(fresh.posix_spawn(word, [word], {}), 0)""",
    "os.execve of a fresh os": """
        take_out("os", "posix")
        import os
        run = lambda word: in_fork(os, lambda: os.execve(word, [word], dict(os.environ)))""",
    "os.system of a fresh os": """
        take_out("os", "posix")
        import os
        run = lambda word: os.system("tool")""",
}
"""Ways to get functions that nobody has had before."""

HELPERS = """
import importlib, importlib.util, sys

def take_out(*names):
    for name in names:
        sys.modules.pop(name)

def in_fork(os, call):
    pid = os.fork()
    if not pid:
        try:
            call()
        finally:
            os._exit(1)
    os.waitpid(pid, 0)

def start(word):
    before = {name: sys.modules.get(name) for name in ("subprocess", "_posixsubprocess", "os", "posix")}
    parts = {name: dict(vars(before[name])) for name in ("subprocess",) if before[name] is not None}
    try:
        run = fresh()
        run(word)
    finally:
        sys.modules.update({name: module for name, module in before.items() if module is not None})
        for name, space in parts.items():
            vars(before[name]).update(space)
"""


@pytest.fixture(autouse=True)
def outside(suite: Suite) -> None:
    """The suites are no children of this run, whose guards would be in each."""
    suite.be_nobodys_child()


@pytest.mark.parametrize("how", FRESH)
@pytest.mark.parametrize("where", ["here", "in a child"])
def test_a_fresh_module(suite: Suite, how: str, where: str) -> None:
    """What is started by it is seen, in the session and in a Python that a test starts."""
    tool = str(suite.tool())
    helper = HELPERS + "\ndef fresh():" + FRESH[how] + "\n        return run\n"
    suite.write_files({"helper.py": helper})
    call = "start"
    if where == "in a child":
        call = "in_child"
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        test_it=f"""
            import subprocess, sys
            import pytest
            from helper import start

            def in_child(word):
                code = "import sys, subprocess, helper; helper.start(sys.argv[1])"
                subprocess.run([sys.executable, "-c", code, word], check=True)

            @pytest.mark.parametrize("time", ["first", "second"])
            def test_unmarked(time):
                {call}({tool!r})

            @pytest.mark.tool
            def test_marked():
                {call}({tool!r})

            @pytest.mark.tool
            def test_superfluous():
                {call}("/bin/true") if "os.system" not in {how!r} else None
        """,
    )

    outcome = suite.run()

    assert outcome["test_unmarked[first]"].says_missing(), outcome.output
    assert outcome["test_unmarked[second]"].says_missing(), outcome.output
    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_superfluous"].says_superfluous(), outcome.output
    assert suite.runs_of() == [""]


def test_copies_at_the_end_of_the_session(suite: Suite) -> None:
    """Nothing of ours is left in them: modules that are loaded, copies that only a test has, and names."""
    suite.guard_tool()
    suite.write_files(
        {
            "other/kept.py": "KEPT = {}\n",
            "other/test_copies.py": """
import importlib.util, os, posix, subprocess, sys, types
from os import execv, system as by_another_name

import kept

def anew(*names):
    before = {name: sys.modules.pop(name) for name in names}
    module = __import__(names[0])
    sys.modules.update(before)
    return module

def test_copies():
    kept.KEPT["os"] = anew("os", "posix")
    kept.KEPT["os alone"] = anew("os")
    kept.KEPT["posix"] = anew("posix")
    kept.KEPT["subprocess"] = anew("subprocess", "_posixsubprocess")
    kept.KEPT["subprocess alone"] = anew("subprocess")
    kept.KEPT["_posixsubprocess"] = anew("_posixsubprocess")
    copied = sys.modules["copied"] = types.ModuleType("copied")
    copied.__dict__.update(vars(os))
    kept.KEPT["copied"] = copied
    kept.KEPT["names"] = sys.modules[__name__]
    names = [name for module in kept.KEPT.values() for name, value in vars(module).items()
             if hasattr(value, "__wrapped__") and value.__module__ in ("posix", "_posixsubprocess")]
    assert set(names) >= {
        "execv", "execve", "system", "posix_spawn", "posix_spawnp", "fork_exec", "by_another_name"}
""",
            "other/conftest.py": """
import gc, os, subprocess
import kept

def pytest_unconfigure(config):
    for name, module in kept.KEPT.items():
        ours = [each for each, value in vars(module).items() if hasattr(value, "__wrapped__")
                and value.__module__ in ("posix", "_posixsubprocess")]
        print("left in", name, ours)
        # And each works: it has its own function back.
        if "subprocess" in name and name != "_posixsubprocess":
            module.run(["true"], check=True)
        elif "os" in name and "sub" not in name:
            assert module.system("true") == 0
""",
        }
    )

    outcome = suite.run("other", "-s", "-ppytester")

    assert outcome.outcomes == {"test_copies": "passed"}, outcome.output
    lines = [line for line in outcome.output.splitlines() if "left in" in line]
    assert len(lines) == 8, outcome.output
    assert all(line.endswith("[]") for line in lines), lines


def test_copies_are_not_kept(suite: Suite) -> None:
    """A fresh module that nobody has any more is gone, as without guards."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import gc, sys, weakref

            def test_it():
                gone = []
                for name in ["posix", "_posixsubprocess"] * 3:
                    before = sys.modules.pop(name, None)
                    module = __import__(name)
                    gone.append(weakref.ref(module))
                    if before is not None:
                        sys.modules[name] = before
                del module
                gc.collect()
                assert [each() for each in gone] == [None] * 6
        """
    )

    assert suite.run().outcomes == {"test_it": "passed"}
