"""Discovery: what a suite uses from outside, and the settings that guard it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imbue.resource_guards.__main__ import main
from support.suite import WORKERS
from support.suite import Suite

ROOT = Path(__file__).resolve().parents[3]

BARE = """
    import socket, smtplib, subprocess, sys, threading
    import pytest

    subprocess.run(["early"])

    @pytest.fixture
    def repository():
        subprocess.run(["tool", "init"])

    @pytest.fixture(scope="module")
    def server():
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield server.getsockname()

    def test_in_a_fixture(repository): pass
    def test_in_a_shell(): subprocess.run("tool a | cat", shell=True)
    def test_in_a_child():
        subprocess.run([sys.executable, "-c", "import subprocess; subprocess.run(['tool', 'b'])"])
    def test_behind_env(): subprocess.run(["env", "A=1", "other"])
    def test_to_its_own(server): socket.create_connection(server).close()
    def test_to_another(): socket.create_connection(("127.0.0.1", {port})).close()
    def test_of_a_name():
        with pytest.raises(OSError):
            socket.create_connection(("db.invalid", 5433), timeout=1)
    def test_of_a_library():
        smtplib.SMTP("127.0.0.1", {port}, timeout=5).close()
    def test_fails():
        subprocess.run(["other"])
        assert False
    def test_idle(): pass
"""


@pytest.fixture
def bare(suite: Suite) -> Suite:
    """A suite without any settings, and the programs that it starts."""
    for name in ("tool", "other", "early"):
        suite.tool(name)
    return suite


SERVER = """
import socket, sys
server = socket.socket(fileno=int(sys.argv[1]))
while True:
    connection, _ = server.accept()
    connection.sendall(b"220 here\\r\\n")
    connection.close()
"""


@contextmanager
def mail_server() -> Iterator[int]:
    """A server that was started before pytest, and so is none of the suite's own; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", SERVER, str(server.fileno())]
        with subprocess.Popen(command, pass_fds=[server.fileno()]) as process:
            port = server.getsockname()[1]
            server.close()
            try:
                yield port
            finally:
                process.kill()


def rows(output: str) -> dict[str, str]:
    """What is said of each thing that was found."""
    lines = [line.split(maxsplit=3) for line in output.splitlines() if " test" in line[:12]]
    return {
        words[2]: f"{words[0]} {' '.join(words[3:])}".strip() for words in lines if len(words) > 2
    }


@WORKERS
def test_what_a_suite_uses(bare: Suite, workers: tuple[str, ...]) -> None:
    """Programs however they are started, addresses, known libraries; each with tests, fixtures and an example."""
    with mail_server() as port:
        bare.write(test_it=BARE.format(port=port))
        before = bare.run(*workers)
        # Fresh, since a worker that is forked with pytest began with it, and such a server counts as another's.
        outcome = bare.run("--resource-guards-discover", *workers, fresh=True)

    assert outcome.outcomes == before.outcomes
    found = rows(outcome.output)
    assert found["tool"] == "3 a program, through sh (1), in fixture repository (1)", outcome.output
    assert found["other"] == "2 a program, 1 of them failed or were skipped"
    assert found["early"] == "no a program, at startup or during collection"
    assert found["db.invalid:5433"] == "1 an address"
    assert found["smtp"].startswith("1 by smtplib"), found
    assert found[f"127.0.0.1:{port}"] == "2 an address"
    assert "such as test_it.py::test_in_a_fixture" in outcome.output
    assert "Servers that the suite starts itself, which need no mark: 1 test" in outcome.output
    assert "Unknown for tests that did not pass: 1 failed" in outcome.output
    assert 'resource_guards = ["other", "smtp", "tool"]' in outcome.output
    assert f'[tool.resource_guards.localhost_{port}]\naddresses = ["127.0.0.1:{port}"]' in (
        outcome.output
    )


def test_nothing_from_outside(suite: Suite) -> None:
    """A suite that uses nothing is told so, and no settings are proposed."""
    suite.write(test_it="def test_it(): pass")

    outcome = suite.run("--resource-guards-discover")

    assert "Nothing: no program, no connection" in outcome.output
    assert suite.run("--resource-guards-discover", "test_it.py").code == 0
    assert "Settings" not in outcome.output
    assert outcome.code == 0


STARTS = """
    import subprocess, pytest

    @pytest.fixture(scope="module")
    def shared(): subprocess.run(["tool"])

    def test_of_a_fixture(shared): pass
    def test_by_path(): subprocess.run(["other"])
    @pytest.mark.parametrize("name", ["tool", "true"])
    def test_some(name): subprocess.run([name])
    def test_idle(): pass
"""

SETTINGS = {
    "pyproject.toml": (
        '[project]\nname = "x"  # stays\n\n[tool.pytest.ini_options]\naddopts = "-q"\n',
        '[project]\nname = "x"  # stays\n\n[tool.pytest.ini_options]\naddopts = "-q"\nresource_guards = ["other", "tool"]\n',
    ),
    "pytest.ini": (
        "# mine\n[pytest]\naddopts = -q\n\n[other]\nkey = 1\n",
        "# mine\n[pytest]\nresource_guards =\n    other\n    tool\naddopts = -q\n\n[other]\nkey = 1\n",
    ),
    "tox.ini": (
        "[tox]\n\n[pytest]\nresource_guards =\n    other\n",
        "[tox]\n\n[pytest]\nresource_guards =\n    other\n    tool\n",
    ),
    "setup.cfg": (
        "[tool:pytest]\nresource_guards = other\naddopts = -q\n",
        "[tool:pytest]\nresource_guards = other\n    tool\naddopts = -q\n",
    ),
    "pytest.toml": (
        '[pytest]\nresource_guards = ["other"]  # so far\n',
        '[pytest]\nresource_guards = ["other", "tool"]  # so far\n',
    ),
}


@pytest.mark.parametrize("file", SETTINGS)
def test_settings_and_marks_in_one_go(bare: Suite, file: str) -> None:
    """The settings are added to the file that the project uses, marks to its tests; and then it is enforced."""
    before, after = SETTINGS[file]
    bare.write(test_it=STARTS)
    bare.write_files({file: before})

    outcome = bare.run("--resource-guards-discover=write", "--resource-guards-fix=write")

    assert (bare.path / file).read_text() == after, outcome.output
    assert f"+++ b/{file}" in outcome.output
    assert f"{file} has the settings now." in outcome.output
    source = (bare.path / "test_it.py").read_text()
    assert source.count("@pytest.mark.tool") == 1
    assert "marks=pytest.mark.tool" in source
    assert source.count("@pytest.mark.other") == 1
    enforced = bare.run()
    assert enforced.counts == {"passed": 5}, enforced.output
    again = bare.run("--resource-guards-discover=write", "--resource-guards-fix=check")
    assert again.code == 0, again.output
    assert "All of it is guarded already." in again.output
    assert (bare.path / file).read_text() == after


def test_a_resource_with_a_mark_of_another_name(bare: Suite) -> None:
    """What the project guards already keeps the mark that its settings give it."""
    bare.write(test_it=STARTS)
    bare.write_files(
        {
            "pyproject.toml": '[tool.resource_guards.tool]\nprograms = ["tool"]\nmark = "needs_tool"\n'
        }
    )

    bare.run("--resource-guards-discover=write", "--resource-guards-fix=write")

    source = (bare.path / "test_it.py").read_text()
    assert "@pytest.mark.needs_tool" in source
    assert "mark.tool" not in source
    assert bare.run().counts == {"passed": 5}


def test_a_project_without_a_file_of_settings(bare: Suite) -> None:
    """It gets a pyproject.toml, with tables for addresses."""
    with mail_server() as port:
        bare.write(
            test_it=f"""
                import socket
                def test_it(): socket.create_connection(("127.0.0.1", {port})).close()
            """
        )
        bare.run("--resource-guards-discover=write", "--resource-guards-fix=write")
        enforced = bare.run("--resource-guards-report")

    assert (bare.path / "pyproject.toml").read_text() == (
        f'[tool.resource_guards.localhost_{port}]\naddresses = ["127.0.0.1:{port}"]\n'
    )
    assert f"@pytest.mark.localhost_{port}" in (bare.path / "test_it.py").read_text()
    assert enforced.counts == {"passed": 1}, enforced.output


def test_addresses_in_an_ini_file(bare: Suite) -> None:
    """They are defined in a line each."""
    with mail_server() as port:
        bare.write_files({"pytest.ini": "[pytest]\n"})
        bare.write(
            test_it=f"""
                import socket
                def test_it(): socket.create_connection(("127.0.0.1", {port})).close()
            """
        )
        bare.run("--resource-guards-discover=write", "--resource-guards-fix=write")
        enforced = bare.run()

    assert (
        f"    localhost_{port}: address:127.0.0.1:{port}\n"
        in (bare.path / "pytest.ini").read_text()
    )
    assert enforced.counts == {"passed": 1}, enforced.output


def test_a_known_library_at_an_own_server(bare: Suite) -> None:
    """It is told apart, and neither proposed nor marked."""
    bare.write(
        test_it="""
            import smtplib, socket, threading

            def test_it():
                with socket.create_server(("127.0.0.1", 0)) as server:
                    greet = lambda: server.accept()[0].sendall(b"220 here\\r\\n")
                    thread = threading.Thread(target=greet)
                    thread.start()
                    smtplib.SMTP(*server.getsockname(), timeout=30).close()
                    thread.join()
        """
    )

    outcome = bare.run("--resource-guards-discover", "--resource-guards-fix=write")

    assert not rows(outcome.output), outcome.output
    assert (
        "Servers that the suite starts itself, which need no mark: 1 test (smtp)" in outcome.output
    )
    assert "Settings" not in outcome.output
    assert "mark" not in (bare.path / "test_it.py").read_text()


def test_many_starts_and_long_commands(bare: Suite) -> None:
    """What comes late in a test, or at the end of a long command, is seen as well."""
    bare.write(
        test_it="""
            import subprocess

            def test_many():
                for number in range(600):
                    subprocess.run(["tool", str(number)])
                subprocess.run("early; true", shell=True)

            def test_long():
                subprocess.run(f"A={'x' * 300}; other; B={'y' * 2000}", shell=True)
        """
    )

    found = rows(bare.run("--resource-guards-discover").output)

    assert found == {
        "tool": "1 a program",
        **dict.fromkeys(("early", "other"), "1 a program, through sh"),
    }


def test_one_run_and_two_write_the_same(bare: Suite) -> None:
    """Also where a test needs what the catalogue knows, and a program that it does not: marks stand by name."""
    for name in ("terraform", "zeal"):
        bare.tool(name)
    text = """
        import subprocess

        def test_both():
            subprocess.run(["zeal"], check=True)
            subprocess.run(["terraform"], check=True)

        def test_none(): pass
    """
    bare.write(test_it=text)
    path = bare.path / "test_it.py"

    bare.run("--resource-guards-discover=write", "--resource-guards-fix=write")
    once = path.read_text()
    bare.write(test_it=text)
    bare.run("--resource-guards-fix=write")

    assert "@pytest.mark.terraform\n@pytest.mark.zeal\ndef test_both" in once
    assert path.read_text() == once


def test_marks_that_are_not_ours(bare: Suite) -> None:
    """A suite's own mark of the name of something that comes ready may have arguments; it stays as it is."""
    bare.write(
        test_it="""
            import subprocess, pytest

            @pytest.mark.redis("db", 1)
            @pytest.mark.tool
            def test_it(): subprocess.run(["tool"])
        """
    )

    outcome = bare.run("--resource-guards-discover=write", "--resource-guards-fix=write")

    assert outcome.counts == {"passed": 1}, outcome.output
    source = (bare.path / "test_it.py").read_text()
    assert '@pytest.mark.redis("db", 1)\n@pytest.mark.tool\ndef' in source


def test_shards_are_merged(bare: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    """Files of parts of a suite say together what one of the whole does."""
    bare.write(test_it=STARTS)
    for name, words in {"whole": (), "a": ("-k", "some"), "b": ("-k", "not some")}.items():
        bare.run("--resource-guards-discover-json", f"../{name}.json", *words)

    code = main(["merge", "../a.json", "../b.json", "-o", "../both.json"])

    both, whole = (json.loads(Path(f"../{name}.json").read_text()) for name in ("both", "whole"))
    assert code == 0
    assert both["found"] == whole["found"]
    assert rows(capsys.readouterr().out)["tool"].startswith("2 a program")


def test_a_report_and_a_discovery_are_not_merged(
    bare: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    """One error names the files; one that is no discovery any more is named, too."""
    bare.write(test_it=STARTS)
    bare.run("--resource-guards-discover-json", "../a.json")
    Path("../b.json").write_text("{}")
    broken = Path("../a.json").read_text().replace('"found"', '"lost"')
    Path("../c.json").write_text(broken)

    assert main(["merge", "../a.json", "../b.json", "-o", "../both.json"]) == 2
    assert "reports and discoveries cannot be merged" in capsys.readouterr().err
    assert main(["merge", "../a.json", "../c.json", "-o", "../both.json"]) == 2
    assert "c.json was not written by --resource-guards-discover-json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "settings", "says"),
    [
        (("--resource-guards-report",), "", "guards nothing, so there is nothing to report"),
        (("--resource-guards=off",), "", "-fix and -discover see nothing"),
        (("--resource-guards-discover=all",), "", "ignored explicit argument 'all'"),
    ],
)
def test_what_cannot_be_asked_for(
    bare: Suite, arguments: tuple[str, ...], settings: str, says: str
) -> None:
    """One error says what is wrong, before any test runs."""
    bare.write(test_it=STARTS)
    bare.write_files({"pytest.ini": f"[pytest]\n{settings}\n"})

    outcome = bare.run("--resource-guards-discover", *arguments)

    assert outcome.code == 4
    assert says in outcome.output
    assert not outcome.cases


def test_settings_that_cannot_be_written(bare: Suite) -> None:
    """The run fails with the reason."""
    bare.write(
        test_it=STARTS,
        conftest="""
        import os, pathlib

        def pytest_sessionfinish():
            pathlib.Path("tox.ini").unlink()
            os.mkdir("tox.ini")
    """,
    )
    bare.write_files({"tox.ini": "[pytest]\n"})

    outcome = bare.run("--resource-guards-discover=write")

    assert outcome.code == 1
    assert "tox.ini cannot be read, so no settings were added" in outcome.output


def test_descendants_that_are_not_python(bare: Suite) -> None:
    """The native layer sees what they start, and without it the output says that it does not."""
    bare.write(
        test_it="""
            import subprocess
            def test_it(): subprocess.run(["sh", "program.sh"])
        """
    )
    bare.write_files({"program.sh": "tool a\n"})

    without = bare.run("--resource-guards-discover")
    with_it = bare.run("--resource-guards-discover", "-oresource_guards_native=true")

    assert "Not seen: what programs other than Python start" in without.output
    assert "tool" not in rows(without.output)
    assert rows(with_it.output)["tool"] == "1 a program, through sh"
    assert "Not seen" not in with_it.output


def test_where_nobody_listens(suite: Suite) -> None:
    """A port that refuses is nothing to guard for tests that pass by that; one that fails by it may want a service."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        refusing, down = (each.getsockname()[1] for each in (one, two))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        other = datagrams.getsockname()[1]
        suite.write(
            test_it=f"""
                import socket
                import pytest

                def test_refused():
                    with pytest.raises(OSError):
                        socket.create_connection(("127.0.0.1", {refusing}))
                def test_no_path():
                    with pytest.raises(OSError), socket.socket(socket.AF_UNIX) as it:
                        it.connect("/not/there")
                def test_closed_by_then():
                    with socket.create_server(("127.0.0.1", 0)) as server:
                        address = server.getsockname()
                        socket.create_connection(address).close()
                    with pytest.raises(OSError):
                        socket.create_connection(address)
                def test_down(): socket.create_connection(("127.0.0.1", {down}))
                def test_datagram():
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
                        it.sendto(b"x", ("127.0.0.1", {other}))
            """
        )

        output = suite.run("--resource-guards-discover").output

    found = {name: said for name, said in rows(output).items() if ":" in name and said[1:3] == " a"}
    assert found == {
        f"127.0.0.1:{down}": "1 an address, 1 of them failed or were skipped",
        f"127.0.0.1:{other}": "1 an address",
    }
    vain = next(line for line in output.splitlines() if "No server listens there" in line)
    assert vain.startswith("No server listens there, and 2 tests passed anyway: ")
    assert f"127.0.0.1:{refusing}" in vain
    assert "unix:/not/there" in vain
    assert f"localhost_{refusing}" not in output


@pytest.mark.skipif(os.getuid() != 0, reason="changing user or root takes root's rights")
@WORKERS
def test_what_cannot_be_recorded_is_let_go(bare: Suite, workers: tuple[str, ...]) -> None:
    """A fork and a child Python that have lost each way to the records do what they would do without discovery."""
    bare.write(
        test_it="""
            import os, socket, subprocess, sys

            CODE = '''
            import os, subprocess
            os.setuid(65534)
            os._exit(subprocess.run(["true"]).returncode)
            '''

            def test_fork():
                pid = os.fork()
                if not pid:
                    os.setuid(65534)
                    os.closerange(0, 256)
                    os.execvp("true", ["true"])
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            def test_child():
                code = CODE.replace("            ", "")
                done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE)
                assert (done.returncode, done.stderr) == (0, b"")
            def test_tool(): subprocess.run(["tool"])
        """
    )

    before = bare.run(*workers)
    outcome = bare.run("--resource-guards-discover", *workers)

    assert set(before.outcomes.values()) == {"passed"}, before.output
    assert outcome.outcomes == before.outcomes, outcome.output
    assert outcome.code == 0
    assert rows(outcome.output)["tool"] == "1 a program", outcome.output
    assert "what a process used but could not record" in outcome.output


def test_a_known_library_on_a_server_of_the_suites_own(suite: Suite) -> None:
    """Where the library is proposed for other tests, its guard stops these, too: one run gives all of them the mark."""
    with mail_server() as port:
        suite.write_files(
            {
                "pyproject.toml": "",
                "test_it.py": f"""
import smtplib, socket, threading

import pytest


@pytest.fixture
def own():
    def serve():
        connection, _ = server.accept()
        connection.sendall(b"220 here\\r\\n")
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def test_own(own):
    smtplib.SMTP("127.0.0.1", own, timeout=5).close()


def test_other():
    smtplib.SMTP("127.0.0.1", {port}, timeout=5).close()


def test_idle():
    pass
""",
            }
        )

        both = suite.run("--resource-guards-discover=write", "--resource-guards-fix=write")
        enforced = suite.run()

    assert set(both.outcomes.values()) == {"passed"}, both.output
    assert set(enforced.outcomes.values()) == {"passed"}, enforced.output
    assert len(enforced.outcomes) == 3
