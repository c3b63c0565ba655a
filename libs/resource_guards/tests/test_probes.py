"""Probes: what tells that a resource is available, and what becomes of one that hangs, raises, writes or is none."""

from __future__ import annotations

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
    assert failing == "'sh -c 'echo one; echo two >&2; exit 3'' exited with 3: two"
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

    assert "tool is not available: 'false' exited with 1" in outcome["test_it"].text

    suite.write_files({"pyproject.toml": "[tool.resource_guards.other]\nprobe = 'false'\n"})
    assert "[tool.resource_guards.other] guards nothing" in suite.run().output


def test_a_line_of_settings(suite: Suite) -> None:
    """A resource that is defined in a line may have one too."""
    suite.write(test_it="import pytest\n@pytest.mark.tool\ndef test_it(): raise AssertionError\n")
    line = "resource_guards_define = tool: program:sh 'probe:sh -c \"exit 4\"'"
    suite.write_files({"pytest.ini": f"[pytest]\n{line}\nresource_guards_unavailable = skip\n"})

    assert "exited with 4" in suite.run()["test_it"].text


def test_a_probe_alone_for_a_program(suite: Suite) -> None:
    """A name in the settings that is a program's may have a table with nothing but a probe."""
    suite.tool()
    suite.write(test_it="import pytest\n@pytest.mark.tool\ndef test_it(): raise AssertionError\n")
    settings = "[tool.pytest.ini_options]\nresource_guards = ['tool']\nresource_guards_unavailable = 'skip'\n"
    suite.write_files(
        {"pyproject.toml": f"{settings}[tool.resource_guards.tool]\nprobe = 'false'\n"}
    )

    assert "tool is not available: 'false' exited with 1" in suite.run()["test_it"].text


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


def test_the_list_has_probes(suite: Suite) -> None:
    """Those of the settings, as they are written there, and those of the catalogue."""
    suite.write(test_it="def test_it(): pass")
    table = "[tool.resource_guards.x]\nprograms = ['sh']\nprobe = 'probes:why'\n"
    settings = "[tool.pytest.ini_options]\nresource_guards = ['redis']\n"
    suite.write_files({"pyproject.toml": settings + table})

    output = suite.run("--resource-guards-list").output

    assert "  available if: probes:why\n" in output
    assert "  available if: connect:127.0.0.1:6379\n" in output
