"""A kind of guard that this package does not have: one module of a suite's own, and nothing else."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.guard import Layer
from imbue.resource_guards.guards.table import KINDS
from support.suite import WORKERS
from support.suite import Suite

# Guards the lookup of a host name, in whatever Python it is made.
KIND = """
    import socket

    from imbue.resource_guards import Guard, Layer, ResourceGuardMisconfiguration

    LOOKUP = Layer(
        "lookup", "lookup", "seen when it was looked up", title="look-ups", sees="names of hosts",
    )

    class HostName(Guard):
        kind = "name"
        layers = (LOOKUP,)

        def __init__(self, host):
            self.host = host

        @classmethod
        def parse(cls, label, text):
            if "." not in text:
                raise ResourceGuardMisconfiguration(f"{label}: {text!r} is no name of a host")
            return cls(text)

        @property
        def key(self):
            return self.host

        def install(self, resource, process, undo):
            undo.callback(setattr, socket, "getaddrinfo", socket.getaddrinfo)
            self.watch(resource.name, process.see)

        def wire(self, process):
            return [self.host]

        @classmethod
        def install_in_child(cls, resource, fields, process):
            cls(*fields).watch(resource, process.see)

        def watch(self, resource, see):
            real = socket.getaddrinfo

            def getaddrinfo(host, *args, **kwargs):
                if host == self.host:
                    see(resource, f"lookup of {host}", LOOKUP)
                return real("localhost", *args, **kwargs)

            socket.getaddrinfo = getaddrinfo

        @classmethod
        def describe(cls, guards):
            return [[f"look-ups of {guard.host}"] for guard in guards]

        def gaps(self, resource):
            return [f"{resource.label}: of {self.host}, only getaddrinfo is seen"]

    def pytest_register_resource_guards(registry):
        registry.register_guard_kind(HostName)
"""

TESTS = """
    import socket, subprocess, sys, pytest

    CHILD = "import socket; socket.getaddrinfo('api.example.com', 80)"

    def look_up(host="api.example.com"):
        socket.getaddrinfo(host, 80)

    @pytest.mark.api
    def test_marked():
        look_up()

    @pytest.mark.api
    def test_marked_in_child():
        subprocess.run([sys.executable, "-c", CHILD], check=True)

    @pytest.mark.api
    def test_superfluous():
        look_up("other.example.com")

    def test_unmarked():
        look_up()

    def test_unmarked_in_child():
        done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True)
        assert "ResourceGuardViolation" in done.stderr

    def test_plain():
        pass
"""


@pytest.fixture(name="with_kind")
def with_kind_fixture(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite with the kind in a module that each Python finds, and a resource that the settings define."""
    monkeypatch.setenv("PYTHONPATH", str(suite.path))
    suite.write(lookups=KIND, test_it=TESTS)
    suite.write_files(
        {"pytest.ini": "[pytest]\nresource_guards_define =\n  api: name:api.example.com\n"}
    )
    return suite


@WORKERS
def test_it_is_judged(with_kind: Suite, workers: tuple[str, ...]) -> None:
    """Here and in child Pythons, by marks as any other; its use is told in its own words."""
    outcome = with_kind.run(*workers, plugins=("lookups",))

    failed = {name for name, outcome in outcome.outcomes.items() if outcome == "failed"}
    assert failed == {"test_superfluous", "test_unmarked", "test_unmarked_in_child"}
    assert outcome["test_superfluous"].says_superfluous("api")
    for name in ("test_unmarked", "test_unmarked_in_child"):
        assert outcome[name].says_missing("api")
        assert "lookup of api.example.com" in outcome[name].text
    assert "api: of api.example.com, only getaddrinfo is seen" in outcome.output


@WORKERS
def test_it_is_reported(with_kind: Suite, workers: tuple[str, ...]) -> None:
    """In a column of its own, and in the JSON file, which the commands read."""
    path = with_kind.path / "report.json"

    outcome = with_kind.run(
        *workers, "--resource-guards-report", f"--resource-guards-json={path}", plugins=("lookups",)
    )

    heading = next(line for line in outcome.output.splitlines() if line.startswith("resource  "))
    row = next(line for line in outcome.output.splitlines() if line.startswith("api  "))
    columns = dict(zip(heading.split(), row.split(), strict=True))
    assert columns["lookup"] == "4"
    assert columns["child"] == "2"
    tests = {each["nodeid"]: each for each in json.loads(path.read_text())["tests"]}
    used = tests["test_it.py::test_marked_in_child"]["used"]["api"]
    assert used["ways"] == {"lookup": 1, "child": 1}
    assert used["uses"][0]["way"] == "lookup"


def test_it_is_listed(with_kind: Suite) -> None:
    """With its guards, and its layer."""
    output = with_kind.run("--resource-guards-list", plugins=("lookups",)).output

    assert "  look-ups of api.example.com\n" in output
    assert "  look-ups: live (names of hosts)\n" in output


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("api: name:here", "api: 'here' is no name of a host"),
        (
            "api: nam:api.example.com",
            "'nam:api.example.com' names no kind of guard; did you mean 'name'? Write one of 'program',",
        ),
        ("api: name:", "resource 'api': 'name:' has no value. Write it after the colon"),
        (
            "api: program:api, call:sdk:send",
            "resource 'api': 'program:' has no value. Write it after the colon",
        ),
        ("api: hooks:x", "'hooks:x' cannot be written in settings"),
        ("api:", "'api:' defines no resource"),
        ("name", "'name' defines no resource"),
        ("api: program:bin/api", "'bin/api' is not the name of an executable"),
        ("api: call:api", "cannot read the target 'api'"),
    ],
)
def test_settings_that_cannot_be_read(with_kind: Suite, line: str, complaint: str) -> None:
    """One error before the first test: what is written, what may be, and what to write."""
    with_kind.write_files({"pytest.ini": f"[pytest]\nresource_guards_define =\n  {line}\n"})

    outcome = with_kind.run(plugins=("lookups",))

    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert outcome.output.count(complaint) == 1, outcome.output
    assert "Traceback" not in outcome.output


def test_the_kinds_of_this_package_in_settings(suite: Suite) -> None:
    """A resource is defined by programs and calls, without any code."""
    suite.tool()
    suite.write(
        sdk="def send(): pass",
        test_it="""
            import subprocess, pytest, sdk

            def test_program(): subprocess.run(["tool"])

            def test_call(): sdk.send()

            @pytest.mark.rates
            def test_marked(): sdk.send()
        """,
    )
    suite.write_files(
        {
            "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n"
            "resource_guards_define = ['rates: program:tool call:sdk:send']\n"
        }
    )

    outcome = suite.run()

    assert outcome["test_program"].says_missing("rates")
    assert outcome["test_call"].says_missing("rates")
    assert outcome["test_marked"].outcome == "passed"


@pytest.mark.parametrize(
    ("method", "what", "complaint"),
    [
        (
            "install",
            "raise ValueError('no luck')",
            "its class raised ValueError: no luck (lookups.py:",
        ),
        ("install", "open('/nowhere')", "its class raised FileNotFoundError: "),
        (
            "wire",
            "raise ValueError('no luck')",
            "its class raised ValueError: no luck (lookups.py:",
        ),
        ("wire", "return [1]", "returned [1]. It must return"),
        ("wire", "return self.host", "returned 'api.example.com'. It must"),
    ],
)
def test_a_kind_that_cannot_be_installed(
    with_kind: Suite, method: str, what: str, complaint: str
) -> None:
    """One error before the first test, which names the guard; what is in place is taken out."""
    arguments = {"install": "self, resource, process, undo", "wire": "self, process"}[method]
    undone = "undo.callback(print, 'all undone')\n            undo.callback(setattr"
    text = KIND.replace("undo.callback(setattr", undone)
    head = f"def {method}({arguments}):\n"
    with_kind.write(lookups=text.replace(head, f"{head}            {what}\n"))

    outcome = with_kind.run(plugins=("lookups",))

    assert outcome.code == pytest.ExitCode.USAGE_ERROR, outcome.output
    assert "Resource guard 'api' (" in outcome.output
    assert "<name api.example.com>" in outcome.output
    assert outcome.output.count(complaint) == 1, outcome.output
    assert outcome.output.count("all undone") == (method == "wire")
    assert "Traceback" not in outcome.output
    assert "INTERNALERROR" not in outcome.output
    assert with_kind.leftovers() == []


def test_a_kind_that_cannot_be_taken_out(with_kind: Suite) -> None:
    """The run fails and says so, and all else is taken out."""
    with_kind.write(
        lookups=KIND.replace("undo.callback(setattr, ", "undo.callback(max, "),
        test_it="def test_plain(): pass",
    )

    outcome = with_kind.run(plugins=("lookups",))

    assert outcome.code == pytest.ExitCode.TESTS_FAILED, outcome.output
    assert "removing <name api.example.com> raised TypeError: " in outcome.output
    assert "Traceback" not in outcome.output
    assert with_kind.leftovers() == []


@pytest.mark.parametrize("where", ["install_in_child(cls, resource, fields, process):", "module"])
@pytest.mark.parametrize("error", ["ValueError", "OSError", "RuntimeError"])
def test_a_kind_that_fails_in_a_child_python(with_kind: Suite, where: str, error: str) -> None:
    """It says so there, and the other guards of the session are in place."""
    fails = f"raise {error}('no luck')"
    if where == "module":
        text = KIND.replace(
            "import socket", f"import os, socket\n    if 'CHILD' in os.environ: {fails}", 1
        )
    else:
        text = KIND.replace(where, f"{where}\n            {fails}")
    with_kind.write(
        lookups=text,
        sdk="def send(): pass",
        test_it="""
            import os, subprocess, sys

            CHILD = "import sdk, socket; socket.getaddrinfo('localhost', 80); sdk.send()"

            def test_child():
                done = subprocess.run(
                    [sys.executable, "-c", CHILD], capture_output=True, text=True,
                    env={**os.environ, "CHILD": "1"},
                )
                said, *others = done.stderr.splitlines()
                assert said.startswith("resource guards: in this process 'api' is not guarded by lookups:HostName,")
                assert "no luck (lookups.py:" in said
                assert any("ResourceGuardViolation" in line for line in others)
        """,
    )
    lines = "  api: name:api.example.com\n  rates: call:sdk:send\n"
    with_kind.write_files({"pytest.ini": f"[pytest]\nresource_guards_define =\n{lines}"})

    outcome = with_kind.run(plugins=("lookups",))

    assert outcome["test_child"].says_missing("rates"), outcome.output
    assert "AssertionError" not in outcome.output


class Numbered(Guard):
    """A kind whose name is no text."""

    kind = 5  # type: ignore[assignment]


class Unnamed(Guard):
    """A kind that settings could not name."""


class Taken(Guard):
    """A kind that has the name of another."""

    kind = "program"


class BySdk(Guard):
    """A kind that is seen by a layer with the name of another."""

    kind = "sdks"
    layers = (Layer("sdk", "sdk", "seen", title="mine", sees="all"),)
    key = "all"


class ByTab(Guard):
    """A kind whose layer no line of the journal could have."""

    kind = "tabs"
    layers = (Layer("a\tb", "sdk", "seen", title="mine", sees="all"),)
    key = "all"


@pytest.mark.parametrize("kind", [Unnamed, Taken, Numbered, object, None, Guard])
def test_what_is_no_kind(kind: object) -> None:
    """It is refused in one sentence."""
    with pytest.raises(ResourceGuardMisconfiguration, match="give a subclass of imbue"):
        Registry().register_guard_kind(kind)  # type: ignore[arg-type]


class ByAccent(Guard):
    """A kind whose layer no report of another machine could have."""

    kind = "accents"
    layers = (Layer("é", "sdk", "seen", title="mine", sees="all"),)
    key = "all"


class ByChild(Guard):
    """A kind whose uses would be counted as those of children."""

    kind = "children"
    layers = (Layer("own", "child", "seen", title="mine", sees="all"),)
    key = "all"


class ByText(Guard):
    """A kind with something else where a layer was meant."""

    kind = "texts"
    layers = ("own",)  # type: ignore[assignment]
    key = "all"


@pytest.mark.parametrize("guard", [BySdk(), ByTab(), ByAccent(), ByChild(), ByText()])
def test_layers_that_cannot_be(guard: Guard) -> None:
    """A layer is one word, and no other layer's."""
    with pytest.raises(ResourceGuardMisconfiguration, match="whose name no other layer has"):
        Registry().register_guard("tool", guard)


def test_what_is_no_guard() -> None:
    """It is refused in one sentence."""
    with pytest.raises(ResourceGuardMisconfiguration, match="is not a guard"):
        Registry().register_guard("tool", "tool")  # type: ignore[arg-type]


def test_a_kind_says_what_it_must() -> None:
    """What each kind has to say itself, the base does not make up; the rest it says for all."""
    base = Guard()
    with pytest.raises(NotImplementedError):
        _ = base.key
    with pytest.raises(NotImplementedError):
        base.install(None, None, ExitStack())
    with pytest.raises(NotImplementedError):
        Guard.install_in_child("", [], None)
    with pytest.raises(NotImplementedError):
        Guard.parse("", "")
    assert base.wire(None) is None
    assert base.claim == ""
    assert base.probe() is None
    assert [*base.packages, *base.gaps(None), *base.doubts((), {})] == []
    assert Guard.describe([BySdk()]) == [[" all"]]


def test_the_table_of_kinds() -> None:
    """Each kind has its own name and at least one layer, and guards are equal by kind and key."""
    assert all(kind.kind == name and kind.layers for name, kind in KINDS.items())
    program = KINDS["program"].parse("x", "tool")
    assert program == KINDS["program"].parse("y", "tool")
    assert program != KINDS["program"].parse("x", "other")
    assert program not in (KINDS["call"].parse("x", "tool:run"), "tool")
    assert repr(program) == "<program tool>"
