"""The native layer starts the right shim, and harms no program that starts something."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from support.suite import Suite

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the native layer works on Linux")

NATIVE = "-oresource_guards_native=true"

LITTLE_STACKS = r"""
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile int code = 99;

static void *in_thread(void *name)
{
    char *argv[] = {name, NULL};
    pid_t pid;
    int status = 1;
    if (posix_spawnp(&pid, name, NULL, NULL, argv, environ) == 0)
        waitpid(pid, &status, 0);
    code = status;
    return NULL;
}

static void in_handler(int signal)
{
    int status = 1;
    pid_t pid = fork();
    (void)signal;
    if (!pid) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    code = status;
}

int main(int count, char **arguments)
{
    if (count > 1) {
        pthread_attr_t attributes;
        pthread_t thread;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
        if (pthread_create(&thread, &attributes, in_thread, arguments[1]))
            return 98;
        pthread_join(thread, NULL);
    } else {
        stack_t stack = {.ss_sp = malloc(8192), .ss_size = 8192};
        struct sigaction action = {.sa_handler = in_handler, .sa_flags = SA_ONSTACK};
        sigaltstack(&stack, NULL);
        sigaction(SIGUSR1, &action, NULL);
        raise(SIGUSR1);
    }
    return code ? 1 : 0;
}
"""


@pytest.fixture(autouse=True)
def cache(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own for the library."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(suite.path / "cache"))


def test_a_program_with_little_stacks(suite: Suite) -> None:
    """A thread with the smallest stack, and a signal handler on 8 kB, can start programs."""
    source, program = suite.path / "little.c", suite.bin / "little"
    source.write_text(LITTLE_STACKS)
    compiler = shutil.which("cc")
    assert compiler is not None
    subprocess.run([compiler, "-pthread", "-o", program, source], check=True)
    suite.guard_tool()
    suite.write(
        test_it="""
            import os, subprocess, pytest

            @pytest.mark.parametrize("native", [True, False])
            @pytest.mark.parametrize("arguments", [["true"], []], ids=["thread", "handler"])
            def test_it(arguments, native):
                env = {**os.environ, **({} if native else {"LD_PRELOAD": ""})}
                assert subprocess.run(["little", *arguments], env=env).returncode == 0
        """
    )

    outcome = suite.run(NATIVE)

    assert outcome.counts == {"passed": 4}, outcome.output


def test_the_program_that_was_called_is_run(suite: Suite) -> None:
    """Of two installed by one name, a call by path runs the one at that path."""
    suite.guard_tool()
    other = suite.tool("tool", "echo the other", folder=suite.bin.parent / "other")
    suite.write(
        conftest=f"""
            import os
            os.environ["PATH"] += ":{other.parent}"

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        test_it=f"""
            import subprocess, pytest

            @pytest.mark.tool
            def test_marked():
                done = subprocess.run(["sh", "-c", "{other} hi"], capture_output=True, text=True)
                assert done.stdout == "the other\\n"

            @pytest.mark.tool
            @pytest.mark.parametrize("first", ["tool", "{suite.bin}/tool"])
            def test_first(first):
                done = subprocess.run(["sh", "-c", first], capture_output=True, text=True)
                assert done.stdout == ""

            def test_unmarked():
                done = subprocess.run(["sh", "-c", "{other} hi"], capture_output=True, text=True)
                assert done.stdout == ""
        """,
    )

    outcome = suite.run(NATIVE)

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing()
    assert outcome.counts == {"passed": 3, "failed": 1}
    assert suite.runs_of() == ["hi", "", ""]


def test_a_script_that_stands_where_a_shim_might(suite: Suite) -> None:
    """A project's folder may be called as a private directory is; what it starts is guarded."""
    suite.guard_tool()
    script = suite.path / "resource-guards-demo" / "bin" / "deploy"
    script.parent.mkdir(parents=True)
    script.write_text(f"{suite.bin / 'tool'} deployed\n")
    suite.write(
        test_it=f"""
            import subprocess

            def test_unmarked():
                subprocess.run(["sh", "{script}"])
        """
    )

    outcome = suite.run(NATIVE)

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert suite.runs_of() == []


def test_pytest_in_pytest(suite: Suite) -> None:
    """The inner run's shim starts the outer's, and that the program: each sees it once."""
    suite.guard_tool()
    suite.write(
        inner__conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
        """,
        inner__test_inner=f"""
            import subprocess, pytest

            @pytest.mark.tool
            def test_inner():
                subprocess.run(["sh", "-c", "{suite.bin}/tool in"], check=True)
        """,
        test_outer=f"""
            import os, subprocess, sys, pytest

            COMMAND = [sys.executable, "-m", "pytest", "-p", "resource_guards", "{NATIVE}"]

            def run(**env):
                return subprocess.run(
                    [*COMMAND, "--rootdir=inner", "inner/test_inner.py"], env={{**os.environ, **env}}
                ).returncode

            @pytest.mark.tool
            def test_marked():
                assert run() == 0

            def test_unmarked():
                assert run() == 1
        """,
    )

    outcome = suite.run(NATIVE, "test_outer.py")

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert suite.runs_of() == ["in"]
