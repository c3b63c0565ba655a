"""Resources that are not available: their tests are skipped or the run stops, in words; nothing else changes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from imbue.resource_guards.availability.prober import Prober
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guards.places import places_of
from support.suite import WORKERS
from support.suite import Suite

TESTS = """
    import unittest
    import pytest
    from imbue.resource_guards.resource_guards import fixture_uses_resources

    @pytest.fixture(scope="session", autouse=True)
    def around(): yield

    @pytest.fixture
    def fails(): raise AssertionError("it is set up")

    @pytest.fixture
    @fixture_uses_resources("away")
    def contract(): raise AssertionError("it is set up")

    @pytest.mark.away
    def test_function(fails): pass

    @pytest.mark.parametrize("way", [pytest.param("a", marks=pytest.mark.away), "b"])
    def test_parameter(way): assert way == "b"

    @pytest.mark.away
    class TestClass:
        @classmethod
        def setup_class(cls): raise AssertionError("it is set up")
        def test_method(self): pass

    @pytest.mark.away
    class TestUnit(unittest.TestCase):
        @classmethod
        def setUpClass(cls): raise AssertionError("it is set up")
        def test_method(self): pass

    def test_contract(contract): pass

    @pytest.mark.away
    async def test_coroutine(fails): pass

    @pytest.mark.away(optional=True)
    def test_optional(fails): pass

    @pytest.mark.away
    @pytest.mark.tool
    def test_two(fails): pass

    def test_plain(): pass

    @pytest.mark.tool
    def test_here():
        import subprocess
        subprocess.run(["tool"], check=True)

    @pytest.mark.tool
    def test_superfluous(): pass
"""

MODULE = """
    '''
    >>> 1 / 0
    1
    '''
    import pytest
    pytestmark = pytest.mark.away
    def test_module(): raise AssertionError
"""

SKIPPED = (
    *("test_function", "test_parameter[a]", "test_method", "test_contract", "test_coroutine"),
    # The last is a doctest.
    *("test_optional", "test_two", "test_module", "test_marked_module"),
)


@pytest.fixture(name="partly")
def partly_fixture(suite: Suite) -> Suite:
    """A suite with two programs, of which one is not on PATH."""
    suite.tool()
    suite.write(test_it=TESTS, test_marked_module=MODULE)
    suite.write_files(
        {
            "pytest.ini": "[pytest]\nresource_guards = tool away\n",
            "conftest.py": """
                import pytest

                def pytest_collection_modifyitems(items):
                    for item in items:
                        if isinstance(item, pytest.DoctestItem):
                            item.add_marker("away")
            """,
        }
    )
    return suite


@WORKERS
def test_tests_are_skipped(partly: Suite, workers: tuple[str, ...]) -> None:
    """Before anything is set up for them, with the reason in each place; all others are judged as before."""
    outcome = partly.run(
        "--resource-guards-unavailable=skip",
        *("-rs", "--doctest-modules", "--resource-guards-json=report.json"),
        *workers,
    )

    skipped = [
        (name, each) for (_, name), each in outcome.cases.items() if each.outcome == "skipped"
    ]
    reason = "away is not available: 'away' is not on PATH"
    assert len(skipped) == 10
    assert {name.rpartition(".")[2] for name, _ in skipped} == {*SKIPPED}
    assert all(reason in each.text for _, each in skipped)
    assert f"test_it.py:16: {reason}" in outcome.output
    assert "away: 10 tests skipped (not available: 'away' is not on PATH)" in outcome.output
    assert outcome["test_parameter[b]"].outcome == "passed"
    assert outcome["test_here"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous()
    records = json.loads((partly.path / "report.json").read_text())["tests"]
    told = {each["nodeid"]: each["unavailable"] for each in records if "unavailable" in each}
    assert len(told) == 10
    assert {*map(str, told.values())} == {str({"away": "'away' is not on PATH"})}
    assert all(each["reason"] == reason for each in records if each["outcome"] == "skipped")


def test_by_default_they_run(partly: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they do without any probe; in CI too."""
    monkeypatch.setenv("CI", "true")

    outcome = partly.run()

    assert "it is set up" in outcome["test_function"].text
    assert "not available" not in outcome.output


@pytest.mark.git
def test_the_fix_leaves_them(partly: Suite) -> None:
    """What does not run shows nothing."""
    before = (partly.path / "test_it.py").read_text()

    outcome = partly.run("--resource-guards-unavailable=skip", "--resource-guards-fix=write")

    after = (partly.path / "test_it.py").read_text()
    assert before.count("mark.away") == after.count("mark.away"), outcome.output
    assert before.count("mark.tool") == after.count("mark.tool") + 1


@WORKERS
@pytest.mark.parametrize("by", ["option", "setting"])
@pytest.mark.parametrize("names", ["away", "all", "tool,away", "tool away"])
def test_required(partly: Suite, workers: tuple[str, ...], by: str, names: str) -> None:
    """The run stops before the first test, with the reason."""
    if by == "setting":
        said = "[pytest]\nresource_guards = tool away\nresource_guards_require = "
        partly.write_files({"pytest.ini": said + names.replace(",", " ")})
    option = [f"--resource-guards-require={names}"] if by == "option" else []

    outcome = partly.run("--resource-guards-unavailable=skip", *option, *workers)

    assert outcome.code == pytest.ExitCode.USAGE_ERROR, outcome.output
    assert "ERROR: away is not available: 'away' is not on PATH. The run has" in outcome.output
    assert not any(test.outcome == "passed" for test in outcome.tests.values())


@WORKERS
def test_what_is_required_is_there(partly: Suite, workers: tuple[str, ...]) -> None:
    """The run goes on."""
    outcome = partly.run("--resource-guards-require=tool", "-k", "test_here", *workers)

    assert outcome.counts == {"passed": 1}, outcome.output


def test_required_while_nothing_runs(partly: Suite) -> None:
    """`--collect-only` needs nothing."""
    outcome = partly.run("--resource-guards-require=all", "--collect-only", "-q")

    assert outcome.code == 0, outcome.output


@WORKERS
def test_required_of_a_conftest_below(suite: Suite, workers: tuple[str, ...]) -> None:
    """A controller of xdist does not know of it; its workers do, and run nothing."""
    suite.write_files(
        {
            "pytest.ini": "[pytest]\nresource_guards_require = away\n",
            "below/conftest.py": """
                def pytest_register_resource_guards(registry):
                    registry.register_binary_guard("away")
            """,
            "below/test_below.py": "def test_below(): pass\n",
            "test_it.py": "def test_it(): pass\n",
        }
    )

    outcome = suite.run(*workers)

    assert outcome.code not in (0, pytest.ExitCode.NO_TESTS_COLLECTED)
    assert "away is not available: 'away' is not on PATH" in outcome.output
    assert outcome.tests == {}


BAD = {
    "resource_guards_unavailable = skpi": "there is no 'skpi'. Write one of run, skip",
    "resource_guards_require = toll": "'toll' is not guarded; did you mean 'tool'?",
    "resource_guards_unavailable = skip\nresource_guards_probe_seconds = soon": "'soon' is no number of",
    "resource_guards_unavailable = skip\nresource_guards_probe_seconds = 0": "'0' is no number of",
    "resource_guards_unavailable = skip\nresource_guards_probe_seconds = inf": "'inf' is no number of",
}


@WORKERS
@pytest.mark.parametrize("setting", BAD)
def test_settings_that_cannot_be(partly: Suite, workers: tuple[str, ...], setting: str) -> None:
    """One usage error that names the value, and what is allowed."""
    partly.write_files({"pytest.ini": f"[pytest]\nresource_guards = tool away\n{setting}\n"})

    outcome = partly.run(*workers)

    assert BAD[setting] in outcome.output
    assert outcome.code != 0
    assert "Traceback" not in outcome.output


def test_required_of_nothing(suite: Suite) -> None:
    """Where nothing is guarded, that is an error too."""
    suite.write(test_it="def test_it(): pass")

    outcome = suite.run("--resource-guards-require=docker")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "'docker' is not guarded. Nothing is guarded." in outcome.output


def test_what_pytest_and_others_do_with_skips(partly: Suite) -> None:
    """`--lf`, `--sw` and reruns work as with any skip."""
    skip = ("--resource-guards-unavailable=skip", "-pcacheprovider", "-pstepwise")
    first = partly.run(*skip)
    assert first["test_superfluous"].says_superfluous()

    last_failed = partly.run(*skip, "--lf", "test_it.py")
    assert {*last_failed.tests} == {"test_superfluous"}, last_failed.output

    stepwise = partly.run(*skip, "--sw")
    assert stepwise["test_superfluous"].says_superfluous()

    again = partly.run(
        "--resource-guards-unavailable=skip", "--reruns=1", plugins=("pytest_rerunfailures",)
    )
    assert "away: 9 tests skipped" in again.output


def test_where_guards_are_off(partly: Suite) -> None:
    """What is not available is skipped all the same; nothing else is looked at."""
    outcome = partly.run("--resource-guards-unavailable=skip", "--resource-guards=off")

    assert "away: 9 tests skipped (not available: 'away' is not on PATH)" in outcome.output
    assert outcome["test_superfluous"].outcome == "passed"


# Probes


def registry_of(**table: Any) -> Registry:
    """A registry with the resource ``x`` as a table defines it."""
    from imbue.resource_guards.declare.tables import register_tables

    registry = Registry()
    register_tables({"x": table}, registry)
    return registry


def reason_of(registry: Registry, seconds: float = 5) -> str:
    """Why the one resource of a registry is not available."""
    (resource,) = registry
    return Prober(registry, seconds).reason(resource)


@pytest.fixture(name="port")
def port_fixture() -> Any:
    """The port of a server that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_closed(port: int) -> None:
    """It is available while something listens, by the guard of its address and by a probe."""
    address = f"127.0.0.1:{port}"
    ways = {"addresses": [address]}, {"programs": ["no-such"], "probe": f"connect:{address}"}
    assert [reason_of(registry_of(**way)) for way in ways] == ["", ""]

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and listens not
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        for way in ({"addresses": [address]}, {"programs": ["sh"], "probe": f"connect:{address}"}):
            assert (
                reason_of(registry_of(**way))
                == f"nothing answers at {address} (Connection refused)"
            )


def test_a_unix_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its path, which may be a pattern."""
    monkeypatch.chdir(tmp_path)
    pattern = f"unix:{tmp_path}/*.sock"
    assert "nothing answers at" in reason_of(registry_of(addresses=[pattern]))

    with socket.socket(socket.AF_UNIX) as server:
        server.bind("a.sock")
        server.listen()
        assert reason_of(registry_of(addresses=[pattern])) == ""


def test_any_of_programs_and_addresses(port: int) -> None:
    """One is enough; the package of a client says nothing where there is anything else."""
    client = ["json:loads"]
    assert reason_of(registry_of(programs=["no-such", "sh"])) == ""
    assert reason_of(registry_of(programs=["no-such"], addresses=[f"127.0.0.1:{port}"])) == ""
    assert reason_of(registry_of(programs=["no-such"], calls=client)) == "'no-such' is not on PATH"
    assert reason_of(registry_of(calls=client)) == ""
    assert reason_of(registry_of(calls=["no_such:x"])) == "the package 'no_such' is not installed"
    assert "no_such" not in sys.modules
    many = reason_of(registry_of(programs=["no-a", "no-b", "no-c", "no-d"]))
    assert many == "none of 'no-a', 'no-b', 'no-c' and 1 more is on PATH"
    # A network leads nowhere, so nothing is known against it.
    assert reason_of(registry_of(programs=["no-such"], addresses=["10.0.0.0/8"])) != ""
    assert reason_of(registry_of(addresses=["10.0.0.0/8"])) == ""


PLACES = {
    "127.0.0.1:5432": [("127.0.0.1", 5432)],
    "[::1]:5432": [("::1", 5432)],
    "*:5432": [("127.0.0.1", 5432)],
    "db.example:5432": [("db.example", 5432)],
    "*.example.com:443": [],
    "db.example": [],
    "10.0.0.0/8:443": [],
    "*": [],
    "unix:/no/such": ["/no/such"],
    "unix:@name": ["\0name"],
}


@pytest.mark.parametrize("text", PLACES)
def test_where_an_address_leads(text: str) -> None:
    """So far as it names a place."""
    assert list(places_of(text)) == PLACES[text]


def test_commands() -> None:
    """What ends with 0 is there; of another the last line is the reason."""
    assert reason_of(registry_of(programs=["sh"], probe="true")) == ""
    failing = reason_of(
        registry_of(programs=["sh"], probe="sh -c 'echo one; echo two >&2; exit 3'")
    )
    assert failing == "'sh -c 'echo one; echo two >&2; exit 3'' ended with 3: two"
    missing = reason_of(registry_of(programs=["sh"], probe="no-such info"))
    assert missing == "'no-such info' could not be started (No such file or directory)"
    assert reason_of(registry_of(programs=["sh"], probe=["no-such info", "true"])) == ""
    assert reason_of(registry_of(programs=["no-such"], probe="program:sh")) == ""


def test_a_command_that_leaves_a_server_behind(tmp_path: Path) -> None:
    """It is the command that is waited for, and not what it has started."""
    pid = tmp_path / "pid"
    begin = time.monotonic()

    reason = reason_of(registry_of(programs=["sh"], probe=f"sh -c 'sleep 600 & echo $! > {pid}'"))

    os.kill(int(pid.read_text()), signal.SIGKILL)
    assert reason == ""
    assert time.monotonic() - begin < 4


def test_packages() -> None:
    """Installed, and not imported."""
    assert reason_of(registry_of(programs=["no-such"], probe="package:json.tool")) == ""
    missing = reason_of(registry_of(programs=["sh"], probe=["package:no_such.part", "program:no"]))
    assert missing == "the package 'no_such.part' is not installed; 'no' is not on PATH"


def test_a_command_that_hangs(tmp_path: Path) -> None:
    """It ends with its time, and all that it has started."""
    begin = time.monotonic()
    pid = tmp_path / "pid"
    command = f"sh -c 'sleep 600 & echo $! > {pid}; wait'"

    assert "no answer within 0.5 s" in reason_of(registry_of(programs=["sh"], probe=command), 0.5)

    assert time.monotonic() - begin < 10
    alive = subprocess.run(
        ["ps", "-o", "stat=", "-p", pid.read_text().strip()], capture_output=True, check=False
    )
    assert alive.stdout.strip()[:1] in (b"", b"Z"), alive


FUNCTIONS = """
    import os, subprocess, sys, threading, time

    CALLS = []
    NEVER = threading.Event()

    def fine(): CALLS.append(1)
    def why(): return "the moon is full"
    def empty(): return ""
    def raises(): raise ValueError("no tide")
    def exits(): sys.exit(3)
    def hangs(): NEVER.wait()
    def writes():
        print("TERMINAL by print")
        print("TERMINAL by stderr", file=sys.stderr)
        os.write(1, b"TERMINAL by a descriptor\\n")
        subprocess.run(["sh", "-c", "echo TERMINAL by a child"])
        return "it wrote"
    def uses(): subprocess.run(["tool"], check=True)
    def yes():
        CALLS.append(1)
        assert len(CALLS) == 1, "asked twice"
        return True
    def takes(what): pass
    async def later(): pass
    def yields(): yield
"""

REASONS = {
    "why": "the moon is full",
    "raises": "its probe probes:raises raised ValueError: no tide",
    "exits": "its probe of x raised SystemExit: 3",
    "hangs": "the probe: no answer within 0.5 s",
    "writes": "it wrote",
}


@WORKERS
@pytest.mark.parametrize("name", ["fine", "empty", "uses", *REASONS])
def test_functions(suite: Suite, workers: tuple[str, ...], name: str) -> None:
    """Whatever a probe does, it ends in time, nothing reaches the terminal, and it is no use of anything."""
    suite.tool()
    suite.write(
        probes=FUNCTIONS,
        test_it="""
            import subprocess, pytest

            @pytest.mark.tool
            @pytest.mark.parametrize("number", range(3))
            def test_marked(number): subprocess.run(["tool"], check=True)

            @pytest.mark.tool
            def test_superfluous(): pass

            def test_unmarked(): subprocess.run(["tool"], check=True)
        """,
    )
    table = (
        f"[tool.resource_guards.x]\nprograms = ['tool']\nmark = 'tool'\nprobe = 'probes:{name}'\n"
    )
    settings = (
        "[tool.pytest.ini_options]\npythonpath = ['.']\nresource_guards_unavailable = 'skip'\n"
        "resource_guards_probe_seconds = '0.5'\n"
    )
    suite.write_files({"pyproject.toml": settings + table})

    outcome = suite.run("-s", "-rs", *workers)

    assert "TERMINAL" not in outcome.output
    if name in REASONS:
        reason = f"x: 4 tests skipped (not available: {REASONS[name]})"
        assert reason in outcome.output
    else:
        assert outcome["test_marked[0]"].outcome == "passed", outcome.output
        assert outcome["test_superfluous"].says_superfluous("x")
    assert outcome["test_unmarked"].outcome == "failed"
    assert "Late use" not in outcome.output


def test_what_a_probe_uses_is_nobodys(suite: Suite) -> None:
    """It blocks and fails no test, and makes no mark right."""
    suite.tool()
    suite.write(
        probes=FUNCTIONS,
        test_it="""
            import pytest

            @pytest.mark.other
            def test_0_superfluous(): pass

            @pytest.mark.tool
            def test_1_superfluous(): pass
        """,
    )
    settings = (
        "[tool.pytest.ini_options]\npythonpath = ['.']\nresource_guards_unavailable = 'skip'\n"
    )
    table = "[tool.resource_guards.{}]\nprograms = ['{}']\nprobe = 'probes:uses'\n"
    tables = table.format("other", "sh") + table.format("tool", "tool")
    suite.write_files({"pyproject.toml": settings + tables})

    outcome = suite.run()

    assert len(suite.runs_of()) == 2
    for name, mark in (("test_0_superfluous", "other"), ("test_1_superfluous", "tool")):
        assert outcome[name].says_superfluous(mark)
        assert not outcome[name].says_missing("tool")


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        ("probes:no_such", "the probe probes:no_such cannot be imported (AttributeError"),
        ("no_such:probe", "the probe no_such:probe cannot be imported (ModuleNotFoundError"),
        ("probes:yes", "the probe probes:yes returned True. Return None if"),
        ("probes:CALLS", "the probe probes:CALLS cannot be called. Give a plain function"),
        ("probes:takes", "the probe probes:takes cannot be called so: missing a required argument"),
        ("probes:later", "the probe probes:later is asynchronous. Give a plain function"),
        ("probes:yields", "the probe probes:yields is a generator. Give a plain function"),
    ],
)
def test_functions_that_cannot_be(suite: Suite, probe: str, said: str) -> None:
    """That is a fault of the settings, and no reason to skip anything."""
    suite.write(
        probes=FUNCTIONS,
        test_it="""
            import pytest

            @pytest.mark.sh
            def test_it(): pass

            @pytest.mark.sh
            def test_too(): pass
        """,
    )
    table = f"[tool.resource_guards.sh]\nprograms = ['sh']\nprobe = '{probe}'\n"
    settings = (
        "[tool.pytest.ini_options]\npythonpath = ['.']\nresource_guards_unavailable = 'skip'\n"
    )
    suite.write_files({"pyproject.toml": settings + table})

    outcome = suite.run()

    for name in ("test_it", "test_too"):
        assert outcome[name].outcome == "error"
        assert said in outcome[name].text
        assert "prober.py" not in outcome[name].text

    outcome = suite.run("--resource-guards-require=sh")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert said in outcome.output


@pytest.mark.parametrize(
    "probe",
    [
        3,
        "",
        "package:",
        "package:a-b",
        "connect:",
        "connect:*:80",
        "connect: a:1",
        "connect:a:99999",
        "git --version && true",
        "a | b",
        "Connect:a:1",
        "http://a",
        "connect:10.0.0.0/8",
        "'",
        [""],
        [],
        {},
    ],
)
def test_probes_that_cannot_be(probe: object) -> None:
    """They are refused when they are read, with what can be written."""
    with pytest.raises(ResourceGuardMisconfiguration, match=r"cannot be read\. Write a command"):
        registry_of(programs=["sh"], probe=probe)


def test_probes_by_python() -> None:
    """A function, or what settings say; twice the same is once."""
    calls = []

    def probe() -> str:
        calls.append(1)
        return "closed"

    registry = Registry()
    registry.register_binary_guard("sh")
    registry.register_probe("sh", probe)
    registry.register_probe("sh", probe)
    prober = Prober(registry, 5)
    (resource,) = registry

    assert [prober.reason(resource), prober.reason(resource)] == ["closed", "closed"]
    assert calls == [1]

    registry.register_probe("sh", "program:sh")
    assert reason_of(registry) == ""
    with pytest.raises(ResourceGuardMisconfiguration, match="cannot be read"):
        registry.register_probe("sh", 3)  # type: ignore[arg-type] # as somebody may who has no types


def test_a_slow_probe_on_ten_workers(suite: Suite) -> None:
    """Each worker asks once, at the same time, and all skip."""
    suite.write(
        probes="""
            import os, time
            from pathlib import Path

            def slow():
                Path(f"asked-{os.getpid()}").touch(exist_ok=False)
                time.sleep(0.5)
                return "slowly"
        """,
        test_it="""
            import pytest

            @pytest.mark.sh
            @pytest.mark.parametrize("number", range(100))
            def test_it(number): raise AssertionError
        """,
    )
    table = "[tool.resource_guards.sh]\nprograms = ['sh']\nprobe = 'probes:slow'\n"
    settings = (
        "[tool.pytest.ini_options]\npythonpath = ['.']\nresource_guards_unavailable = 'skip'\n"
    )
    suite.write_files({"pyproject.toml": settings + table})

    outcome = suite.run("-n10")

    assert outcome.counts == {"skipped": 100}
    assert "sh: 100 tests skipped (not available: slowly)" in outcome.output
    assert 1 <= len([*suite.path.glob("asked-*")]) <= 10


def test_a_probe_of_ones_own_for_a_package(suite: Suite) -> None:
    """A table that has nothing else gives a resource a probe that a conftest has registered."""
    suite.guard_tool()
    suite.write(test_it="import pytest\n@pytest.mark.tool\ndef test_it(): raise AssertionError\n")
    suite.write_files({"pyproject.toml": "[tool.resource_guards.tool]\nprobe = 'false'\n"})

    outcome = suite.run("--resource-guards-unavailable=skip")

    assert "tool is not available: 'false' ended with 1" in outcome["test_it"].text

    suite.write_files({"pyproject.toml": "[tool.resource_guards.other]\nprobe = 'false'\n"})
    assert "[tool.resource_guards.other] guards nothing" in suite.run().output


def test_a_line_of_settings(suite: Suite) -> None:
    """A resource that is defined in a line may have one too."""
    suite.write(test_it="import pytest\n@pytest.mark.tool\ndef test_it(): raise AssertionError\n")
    line = "resource_guards_define = tool: program:sh 'probe:sh -c \"exit 4\"'"
    suite.write_files({"pytest.ini": f"[pytest]\n{line}\nresource_guards_unavailable = skip\n"})

    assert "ended with 4" in suite.run()["test_it"].text


def test_a_probe_alone_for_a_program(suite: Suite) -> None:
    """A name in the settings that is a program's may have a table with nothing but a probe."""
    suite.tool()
    suite.write(test_it="import pytest\n@pytest.mark.tool\ndef test_it(): raise AssertionError\n")
    settings = "[tool.pytest.ini_options]\nresource_guards = ['tool']\nresource_guards_unavailable = 'skip'\n"
    suite.write_files(
        {"pyproject.toml": f"{settings}[tool.resource_guards.tool]\nprobe = 'false'\n"}
    )

    assert "tool is not available: 'false' ended with 1" in suite.run()["test_it"].text


def test_a_probe_of_nothing(suite: Suite) -> None:
    """A name that is not guarded is an error, with the nearest."""
    suite.write(
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_binary_guard("rates")
                registry.register_probe("rate", "true")
        """,
        test_it="def test_it(): pass",
    )

    outcome = suite.run("--resource-guards-unavailable=skip")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "register_probe: 'rate' is not guarded; did you mean 'rates'?" in outcome.output


def test_required_and_nothing_can_tell(suite: Suite) -> None:
    """That is said, and not passed over."""
    suite.write(test_it="def test_it(): pass")
    table = "[tool.resource_guards.lan]\naddresses = ['10.0.0.0/8']\n"
    suite.write_files({"pyproject.toml": table})

    outcome = suite.run("--resource-guards-require=lan")

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "whether 'lan' can be used here cannot be told. Give it a probe" in outcome.output
    assert suite.run("--resource-guards-require=all").code == 0


@WORKERS
def test_a_reason_of_the_tests_own_goes_first(partly: Suite, workers: tuple[str, ...]) -> None:
    """A mark of pytest's that skips it, with or without a condition; a condition that fails is told as ever."""
    partly.write(
        test_it="""
            import pytest

            @pytest.mark.away
            @pytest.mark.skip(reason="bug 12")
            def test_skip(): pass

            @pytest.mark.away
            @pytest.mark.skipif(True, reason="mine")
            def test_condition(): pass

            @pytest.mark.away
            @pytest.mark.skipif(False, reason="not mine")
            def test_other(): pass

            @pytest.mark.away
            @pytest.mark.skipif("no_such_name", reason="x")
            def test_bad(): pass
        """
    )

    outcome = partly.run("--resource-guards-unavailable=skip", *workers)

    assert "bug 12" in outcome["test_skip"].text
    assert "mine" in outcome["test_condition"].text
    assert "away is not available" in outcome["test_other"].text
    assert outcome["test_bad"].outcome == "error"
    assert "away: 2 tests skipped" in outcome.output


# Optional marks


SOMETIMES = """
    import os, subprocess, pytest

    @pytest.mark.tool(optional=True)
    def test_does_not(): pass

    @pytest.mark.tool(optional=True)
    def test_does(): subprocess.run(["tool"], check=True)

    @pytest.mark.tool
    class TestClass:
        @pytest.mark.tool(optional=True)
        def test_closest(self): pass

    @pytest.mark.tool(optional=True)
    class TestOther:
        @pytest.mark.tool
        def test_superfluous(self): pass
        def test_inherited(self): pass
"""


@WORKERS
def test_optional(suite: Suite, workers: tuple[str, ...]) -> None:
    """It may use the resource and need not; the closest mark counts; `-m` selects it."""
    suite.guard_tool()
    suite.write(test_it=SOMETIMES)

    outcome = suite.run("-m", "tool", *workers)

    assert outcome["test_superfluous"].says_superfluous()
    del outcome.tests["test_superfluous"]
    assert outcome.counts == {"passed": 4, "failed": 1}, outcome.output


@WORKERS
@pytest.mark.parametrize(
    "arguments", ["'why'", "optional=False", "reason='x'", "optional=1", "True"]
)
def test_other_arguments(suite: Suite, workers: tuple[str, ...], arguments: str) -> None:
    """They are an error that names the test, and what can be written."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import pytest

            @pytest.mark.tool({arguments})
            def test_it(): pass
        """
    )

    outcome = suite.run(*workers)

    assert outcome.code != 0
    assert f"test_it.py::test_it: @pytest.mark.tool({arguments}): the mark of" in outcome.output
    assert outcome.tests == {}
    assert "or @pytest.mark.tool(optional=True) if the test uses it only at times" in outcome.output


def test_the_fix_keeps_optional_marks(suite: Suite) -> None:
    """Used or not."""
    suite.guard_tool()
    suite.write(test_it=SOMETIMES)

    before = (suite.path / "test_it.py").read_text()

    outcome = suite.run("--resource-guards-fix=write")

    assert (suite.path / "test_it.py").read_text() == before
    assert "TestOther::test_superfluous: it did not use tool: remove its own" in outcome.output


# Ran nowhere


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


def test_the_list_has_probes(suite: Suite) -> None:
    """Those of the settings, as they are written there, and those of the catalogue."""
    suite.write(test_it="def test_it(): pass")
    table = "[tool.resource_guards.x]\nprograms = ['sh']\nprobe = 'probes:why'\n"
    settings = "[tool.pytest.ini_options]\nresource_guards = ['redis']\n"
    suite.write_files({"pyproject.toml": settings + table})

    output = suite.run("--resource-guards-list").output

    assert "  available if: probes:why\n" in output
    assert "  available if: connect:127.0.0.1:6379\n" in output


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

    assert "2 tests used tool in one run and not in another" in done.stdout
    assert "test_it.py::test_optional" not in done.stdout
    command = [sys.executable, "-m", "imbue.resource_guards", "fix", "all.json", "--write"]
    fixed = subprocess.run(command, cwd=suite.path, capture_output=True, text=True, check=False)
    for name in ("test_marked", "test_unmarked"):
        assert (
            f"{name}: it used tool in one run and not in another: write @pytest.mark.tool(opt"
            in fixed.stdout
        )
    assert (suite.path / "test_it.py").read_text() == before
