"""When the machine lets us down: the run never passes silently, and never hangs."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

from support.suite import Suite

WORKERS = pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["one process", "a worker"])


@WORKERS
def test_a_use_that_cannot_be_recorded(suite: Suite, workers: tuple[str, ...]) -> None:
    """Where no file may grow, the program is not run, and the run fails and tells why."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import resource, subprocess, pytest

            def limited():
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

            @pytest.mark.tool
            def test_marked():
                subprocess.run(["tool", "now"], check=True)
                subprocess.run(["sh", "-c", "if :; then tool later; fi"], preexec_fn=limited)
        """
    )

    outcome = suite.run(*workers)

    assert outcome.code != 0
    assert "could not be recorded" in outcome.output
    assert suite.runs_of() == ["now"]


@pytest.mark.parametrize(
    "where", ["a fork", "a child Python"], ids=["in a fork", "in a child Python"]
)
def test_an_sdk_call_that_cannot_be_recorded(suite: Suite, where: str) -> None:
    """The same for what another Python process sees."""
    suite.write(
        sdk="def send(): pass",
        conftest="""
            from imbue.resource_guards.resource_guards import register_sdk_guard
            register_sdk_guard("sdk", targets=["sdk:send"])
        """,
        test_it=f"""
            import contextlib, os, resource, subprocess, sys, pytest

            @contextlib.contextmanager
            def limited():
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
                try:
                    yield
                finally:  # for what else the process may have to write at its end
                    resource.setrlimit(resource.RLIMIT_FSIZE, [resource.RLIM_INFINITY] * 2)

            def send():
                import sdk
                with limited():
                    sdk.send()

            def in_fork():
                pid = os.fork()
                if not pid:
                    try:
                        send()
                    finally:
                        os._exit(0)
                os.waitpid(pid, 0)

            def in_child():
                subprocess.run([sys.executable, "-c", "import test_it; test_it.send()"])

            @pytest.mark.sdk
            def test_marked():
                import sdk
                sdk.send()
                {"in_fork" if where == "a fork" else "in_child"}()

            @pytest.mark.filterwarnings("ignore")
            def test_unmarked():
                {"in_fork" if where == "a fork" else "in_child"}()
        """,
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "could not be recorded" in outcome.output


@WORKERS
def test_a_torn_record(suite: Suite, workers: tuple[str, ...]) -> None:
    """Half a record in the journal, as of a process killed while it wrote, fails the run."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import glob, os

            def test_tears():
                (journal,) = glob.glob(os.environ["TMPDIR"] + "/resource-guards-*/journal")
                with open(journal, "a") as file:
                    file.write("RG2\\t1\\ttool\\tall")
        """
    )

    outcome = suite.run(*workers)

    assert outcome.code != 0
    assert "torn record" in outcome.output


@WORKERS
@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("journal.write_bytes(b'')", "was truncated while tests ran"),
        ("journal.write_bytes(b''); run()", "was truncated while tests ran"),
        ("journal.unlink(); journal.touch()", "was removed while tests ran"),
        ("journal.rename(journal.with_name('x')); journal.touch()", "was replaced while tests ran"),
        ("journal.unlink(); journal.symlink_to('/dev/null')", "was removed while tests ran"),
        ("journal.rename(journal.with_name('x')); journal.mkdir()", "was replaced while tests ran"),
        ("append('1', 'allowed', 'shim', 'many')", "a record that no guard writes"),
        ("append('1', 'allowed', 'shim', '9' * 5000)", "a record that no guard writes"),
        ("append('9' * 5000, 'allowed', 'shim', '1')", "a record that no guard writes"),
        ("append('1', 'maybe', 'shim', '1')", "a record that no guard writes"),
        ("append('1', 'allowed', 'ship', '1')", "a record that no guard writes"),
    ],
)
def test_a_journal_that_a_test_tampers_with(
    suite: Suite, act: str, said: str, workers: tuple[str, ...]
) -> None:
    """An unmarked use never passes silently: the run fails and says what was done to the file."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import glob, os, pathlib, subprocess, pytest

            (journal,) = map(pathlib.Path, glob.glob(os.environ["TMPDIR"] + "/resource-guards-*/journal"))

            def run():
                subprocess.run(["sh", "-c", "if :; then tool; fi"])

            def append(scope, outcome, layer, pid):
                with journal.open("a") as file:
                    file.write("\\t".join(["RG2", scope, "tool", outcome, layer, pid, "", "", "tool", ".\\n"]))

            @pytest.mark.tool
            def test_marked():
                run()

            def test_tampers():
                {act}
        """
    )

    outcome = suite.run(*workers, "-v")

    assert outcome.code not in (pytest.ExitCode.OK, pytest.ExitCode.INTERNAL_ERROR)
    assert said in outcome.output
    assert "INTERNALERROR" not in outcome.output
    assert suite.leftovers() == []


FULL = pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a file system")


@WORKERS
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))", "ulimit -f"),
        ("resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))", "ulimit -f"),
        ("limit_files(0)", "ulimit -n"),
        ("limit_files(1)", "ulimit -n"),
        ("limit_files(2)", "ulimit -n"),
        ("fail(fcntl, 'flock', errno.ENOLCK)", "with locks (flock)"),
        ("sys.modules['fcntl'] = None", "Set TMPDIR to a directory"),
        ("fail(pathlib.Path, 'write_text', errno.ENOSPC)", "Free some space there"),
        ("fail(pathlib.Path, 'mkdir', errno.EDQUOT)", "Free some space there"),
        ("fail(system, 'write', errno.ENOSPC)", "Free some space there"),
        ("fail(tempfile, 'gettempdir', errno.ENOENT); del os.environ['TMPDIR']", "Set TMPDIR to"),
    ],
)
def test_a_start_for_which_something_is_missing(
    suite: Suite, setting: str, said: str, workers: tuple[str, ...]
) -> None:
    """It is one usage error that says what is missing, whichever file it is missing for."""
    suite.tool()
    suite.write(
        conftest=f"""
            import errno, os, pathlib, pytest, sys, tempfile
            import fcntl, resource
            from imbue.resource_guards import system

            def fail(owner, name, number):
                def failing(*_, **__):
                    raise OSError(number, os.strerror(number))
                setattr(owner, name, failing)

            def limit_files(room):
                least = os.dup(0) + room
                os.closerange(least - room, least)
                resource.setrlimit(resource.RLIMIT_NOFILE, (least, least))

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")

            @pytest.hookimpl(tryfirst=True)
            def pytest_sessionstart():
                {setting}
        """,
        test_it="def test_never(): pass",
    )

    outcome = suite.run(*workers, "-s")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR, outcome.output
    assert re.search("^ERROR: .*cannot (create .* in (/|the )|start)", outcome.output, re.MULTILINE)
    assert said in outcome.output
    assert "Traceback" not in outcome.output
    assert "INTERNALERROR" not in outcome.output


@FULL
def test_a_full_temporary_directory(suite: Suite, tmp_path: Path) -> None:
    """On a file system without room a run is one usage error, and leaves nothing behind."""
    full = tmp_path / "full"
    full.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=100", "none", str(full)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("this root may not mount a file system")
    try:
        (full / "file").write_bytes(bytes(4096))
        suite.guard_tool()
        suite.write(test_it="def test_never(): pass")

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TMPDIR", str(full))
            outcome = suite.run("-s")

        left = [path.name for path in full.iterdir()]
    finally:
        subprocess.run(["umount", str(full)], check=True)
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "No space left on device. Free some space there" in outcome.output.replace("'", "")
    assert left == ["file"]


@pytest.mark.parametrize("closed", [".", "bin", "journal", "health", "state"])
def test_a_private_directory_that_a_test_closes(suite: Suite, closed: str) -> None:
    """A record may have been lost, so the run fails, and the directory is removed all the same."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import glob, os

            def test_closes():
                (private,) = glob.glob(os.environ["TMPDIR"] + "/resource-guards-*")
                os.chmod(os.path.join(private, "{closed}"), 0o400)

            def test_next():
                pass
        """
    )

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    assert "were changed while tests ran" in outcome.output
    assert suite.leftovers() == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user and come back")
@pytest.mark.parametrize("mark", ["@pytest.mark.tool", ""], ids=["marked", "unmarked"])
def test_a_directory_that_a_process_may_not_write(
    suite: Suite, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shim that can record nothing runs nothing, and says so."""
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        suite.tool("tool", "echo ran", folder=Path(open_to_all, "bin"))
        suite.write(
            conftest="""
                def pytest_register_resource_guards(registry):
                    registry.register_resource_guard("tool")
            """,
            test_it=f"""
                import glob, os, subprocess, pytest

                {mark}
                def test_it():
                    (private,) = glob.glob(os.environ["TMPDIR"] + "/resource-guards-*")
                    for path in (private, *glob.glob(private + "/**", recursive=True)):
                        os.chmod(path, 0o755)
                    os.setresuid(65534, 65534, 0)
                    try:
                        start = ["sh", "-c", "if :; then tool; fi"]
                        done = subprocess.run(start, capture_output=True, text=True)
                    finally:
                        os.setresuid(0, 0, 0)
                    assert (done.returncode, done.stdout) == (127, "")
                    assert "its use cannot be recorded" in done.stderr
            """,
        )
        monkeypatch.setenv("PATH", f"{open_to_all}/bin", prepend=os.pathsep)
        monkeypatch.setenv("TMPDIR", open_to_all)

        outcome = suite.run()

        assert outcome.code == pytest.ExitCode.TESTS_FAILED
        assert outcome["test_it"].says_superfluous() is bool(mark), outcome.output
        assert "were changed while tests ran" in outcome.output


def test_ten_thousand_uses_from_fifty_processes(suite: Suite) -> None:
    """None is lost and none is torn."""
    suite.guard_tool()
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import register_sdk_guard
            register_sdk_guard("sdk", targets=["sdk:send"])

            def pytest_runtest_teardown(item):
                if "fifty" in item.name:
                    pids = {}
                    plugin = item.config.pluginmanager.get_plugin("resource_guards_lifecycle")
                    plugin.enforcement.read_journal()
                    for use in plugin.running.scope.uses:
                        assert use.what.startswith("sdk:send"), use
                        pids[use.pid] = pids.get(use.pid, 0) + 1
                    print("COUNTED", len(pids), sum(pids.values()))
        """,
        sdk="def send(): pass",
        test_it="""
            import os, sdk

            def test_fifty():
                children = []
                for _ in range(50):
                    pid = os.fork()
                    if not pid:
                        try:
                            for _ in range(200):
                                try:
                                    sdk.send()
                                except Exception:
                                    pass
                        finally:
                            os._exit(0)
                    children.append(pid)
                for pid in children:
                    os.waitpid(pid, 0)
        """,
    )

    outcome = suite.run("-s")

    assert "COUNTED 50 10000" in outcome.output
    assert outcome["test_fifty"].says_missing("sdk")
    assert "torn" not in outcome.output


def test_many_threads_that_start_processes(suite: Suite) -> None:
    """None of them gets an error, and no record is lost."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest
            from concurrent.futures import ThreadPoolExecutor

            @pytest.mark.tool
            def test_many(request):
                with ThreadPoolExecutor(16) as pool:
                    list(pool.map(lambda n: subprocess.run(["tool", str(n)], check=True), range(400)))
                plugin = request.config.pluginmanager.get_plugin("resource_guards_lifecycle")
                plugin.enforcement.read_journal()
                assert len(plugin.running.scope.uses) == 400
        """
    )

    outcome = suite.run()

    assert outcome.outcomes == {"test_many": "passed"}, outcome.output
    assert outcome.code == 0
    assert len(suite.runs_of()) == 400


def test_shims_of_many_processes_at_once(suite: Suite) -> None:
    """Fifty shells that call the tool ten times each leave five hundred whole records."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.tool
            def test_many(request):
                call = "for i in 1 2 3 4 5 6 7 8 9 10; do tool a b c; done"
                shells = [subprocess.Popen(["sh", "-c", call]) for _ in range(50)]
                assert [shell.wait() for shell in shells] == [0] * 50
                plugin = request.config.pluginmanager.get_plugin("resource_guards_lifecycle")
                plugin.enforcement.read_journal()
                assert len(plugin.running.scope.uses) == 500
        """
    )

    outcome = suite.run()

    assert outcome.outcomes == {"test_many": "passed"}, outcome.output
    assert len(suite.runs_of()) == 500


def test_two_megabytes_of_arguments(suite: Suite) -> None:
    """A shim passes them on, and records a line of bounded size."""
    suite.guard_tool()
    suite.tool("tool", script='[ "$#" = 20 ] && [ "${#1}" = 100000 ]')
    suite.write(
        test_it=r"""
            import subprocess, pytest

            LONG = ["x" * 100_000] * 19 + ["\n\t" * 50_000]

            @pytest.mark.tool
            def test_marked():
                subprocess.run(["tool", *LONG], check=True, timeout=20)

            def test_unmarked():
                subprocess.run(["tool", *LONG], timeout=20)
        """
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output[-2000:]
    assert outcome["test_unmarked"].says_missing()
    assert "<100000 bytes>" in outcome["test_unmarked"].text


@pytest.mark.parametrize(
    ("missing", "complaint"),
    [
        ("compiler", "needs a C compiler"),
        ("headers", "the C compiler failed"),
        ("cache", "its library cannot be kept in"),
        ("directory", "LD_PRELOAD cannot name a library in"),
        ("loading", "does not load"),
    ],
)
def test_the_native_layer_asked_for_and_not_to_be_had(
    suite: Suite, missing: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a usage error that says what is missing, and not silence."""
    suite.guard_tool()
    suite.write(test_it="def test_never(): pass")
    monkeypatch.setenv("XDG_CACHE_HOME", str(suite.path / "cache"))
    if missing == "compiler":
        monkeypatch.setenv("PATH", str(suite.bin))
    elif missing == "headers":
        monkeypatch.setenv("CC", "false")
    elif missing == "directory":
        monkeypatch.setenv("TMPDIR", str(suite.path / "a b"))
        (suite.path / "a b").mkdir()
    elif missing == "loading":  # a compiler for another machine, say
        script = 'while [ "$1" != -o ]; do shift; done; echo nothing > "$2"'
        monkeypatch.setenv("CC", str(suite.tool("cc", script)))
    else:
        (suite.path / "cache").touch()

    outcome = suite.run("-oresource_guards_native=true")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert complaint in outcome.output
    assert suite.leftovers() == []


def test_the_native_layer_on_another_platform(suite: Suite) -> None:
    """It is a usage error that names the platform."""
    suite.write(
        conftest="""
            import sys

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
                sys.platform = "darwin"
        """,
        test_it="def test_never(): pass",
    )

    outcome = suite.run("-oresource_guards_native=true")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "the native layer works on Linux, not on darwin" in outcome.output
    assert suite.leftovers() == []


def test_the_native_layer_beside_another_preload(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A preload that is there already stays, and is there again when the run is over."""
    suite.guard_tool()
    monkeypatch.setenv("XDG_CACHE_HOME", str(suite.path / "cache"))
    libc = "libdl.so.2"  # a library that can be preloaded anywhere and does nothing
    monkeypatch.setenv("LD_PRELOAD", libc)
    suite.write(
        conftest="""
            import os

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")

            def pytest_unconfigure(config):
                config.add_cleanup(lambda: print("PRELOAD", os.environ["LD_PRELOAD"]))
        """,
        test_it=f"""
            import os

            def test_it():
                ours, theirs = os.environ["LD_PRELOAD"].split(":")
                assert ours.endswith("native.so")
                assert theirs == "{libc}"
        """,
    )

    outcome = suite.run("-oresource_guards_native=true", "-s")

    assert outcome.outcomes == {"test_it": "passed"}, outcome.output
    assert f"PRELOAD {libc}" in outcome.output


def test_the_native_layer_changes_nothing_else(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs that start nothing guarded print, fail and die as they do without it."""
    suite.guard_tool()
    monkeypatch.setenv("XDG_CACHE_HOME", str(suite.path / "cache"))
    suite.write(
        test_it=r"""
            import os, subprocess, sys, pytest

            COMMANDS = [
                ["sh", "-c", "echo out; echo err >&2; exit 3"],
                ["sh", "-c", "kill -TERM $$"],
                ["sh", "-c", "no-such-program-at-all"],
                ["sh", "-c", "exec /no/such/path"],
                ["sh", "-c", "cd / && exec pwd"],
                ["sh", "-c", "printf '%s|' a 'b c' '' '*' \"$0\"", "zero"],
                ["env", "-i", "A=1", "env"],
                ["xargs", "-n1", "echo"],
                [sys.executable, "-c", "import os; os.execvp('echo', ['echo', 'a', ''])"],
                [sys.executable, "-c", "import os; os.execv('/no/such', ['x'])"],
                [sys.executable, "-c", "import os; print(os.posix_spawnp('true', ['true'], {}) > 0)"],
                ["find", "/etc/hostname", "-exec", "basename", "{}", ";"],
            ]

            def run(command, **changed):
                env = {**os.environ, **changed}
                done = subprocess.run(command, input=b"1 2\n", capture_output=True, env=env)
                return done.returncode, done.stdout, done.stderr

            @pytest.mark.parametrize("command", COMMANDS, ids=range(len(COMMANDS)))
            def test_same(command):
                assert os.environ["LD_PRELOAD"].endswith("native.so")
                assert run(command) == run(command, LD_PRELOAD="")
        """
    )

    outcome = suite.run("-oresource_guards_native=true")

    assert outcome.counts == {"passed": 12}, outcome.output
