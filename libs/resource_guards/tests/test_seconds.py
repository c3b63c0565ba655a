"""How long the tests and fixtures took that used a resource, in reports of one run and of several."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.document import read_document
from imbue.resource_guards.report.evidence import Declaration
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.evidence import UsedResource
from imbue.resource_guards.report.fixture_seconds import FixtureSeconds
from imbue.resource_guards.report.merging import merge_documents
from imbue.resource_guards.report.seconds import all_seconds
from imbue.resource_guards.report.seconds import seconds_of
from imbue.resource_guards.report.stopwatch import Stopwatch
from imbue.resource_guards.report.table import table
from support.suite import WORKERS
from support.suite import Suite

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "imbue/resource_guards/report/schema.json").read_text()
)

# A clock that a test or fixture moves on, in place of waiting: pytest's phases, and ours, are read from it.
CLOCK = """
    import time, _pytest.timing

    OFFSET = [0.0]
    REAL = time.perf_counter

    def move(seconds): OFFSET[0] += seconds

    def now(): return REAL() + OFFSET[0]

    time.perf_counter = now
    _pytest.timing.perf_counter = now  # where pytest has bound it before
"""

TESTS = """
    import subprocess, pytest, clock

    def use(): subprocess.run(["tool"], check=True)

    @pytest.fixture(scope="session")
    def slow():
        clock.move(1000)

    @pytest.fixture(scope="module")
    def server():
        use()
        clock.move(10)
        yield
        clock.move(5)

    @pytest.fixture
    def own():
        clock.move(2)
        yield
        clock.move(1)

    @pytest.mark.tool
    def test_first(slow, server, own):
        clock.move(100)

    @pytest.mark.tool
    def test_second(server):
        clock.move(200)

    def test_plain():
        clock.move(50)

    def test_skipped():
        pytest.skip("why not")
"""


@pytest.fixture(name="timed")
def timed_fixture(suite: Suite) -> Suite:
    """A suite with fixtures of each kind, whose clock is moved on by what takes time."""
    suite.guard_tool()
    # A plugin that is loaded first, so that all read the clock by it.
    suite.write(clock=CLOCK, test_it=TESTS)
    return suite


def report_of(suite: Suite, name: str = "report.json") -> dict[str, Any]:
    """A report that a run has written, when it has been checked against the schema."""
    data: dict[str, Any] = json.loads((suite.path / name).read_text())
    jsonschema.validate(data, SCHEMA)
    return data


def run_timed(suite: Suite, *arguments: str, name: str = "report.json") -> str:
    """Run the suite with its clock, and return what the run printed."""
    return suite.run(
        f"--resource-guards-json={name}",
        "--resource-guards-report",
        *arguments,
        plugins=("clock",),
    ).output


@WORKERS
def test_seconds_of_a_run(timed: Suite, workers: tuple[str, ...]) -> None:
    """Each test has those of all its phases, and a shared fixture has its own, once, for what it used."""
    output = run_timed(timed, "--dist=loadfile", *workers) if workers else run_timed(timed)

    data = report_of(timed)
    tests = {each["nodeid"].partition("::")[2]: each for each in data["tests"]}
    assert tests["test_first"]["seconds"] == pytest.approx(1113, abs=5)
    assert tests["test_first"]["shared_seconds"] == pytest.approx(1010, abs=5)
    assert tests["test_second"]["seconds"] == pytest.approx(200, abs=5)
    assert tests["test_plain"]["seconds"] == pytest.approx(50, abs=5)
    (fixture,) = data["fixtures"]
    assert (fixture["name"], fixture["resources"], fixture["times"]) == ("server", ["tool"], 1)
    assert fixture["setup"] == pytest.approx(10, abs=5)
    assert fixture["teardown"] == pytest.approx(5, abs=2)
    # 103 and 200 of the tests, 15 of the fixture; the slow fixture has used nothing.
    assert re.search(
        r"^tool: 5 min (1[89]|2\d) s in 2 tests and 1 shared fixture; "
        r'-m "not tool" saves 5 min (1[89]|2\d) s of 22 min \d+ s$',
        output,
        re.MULTILINE,
    ), output


def test_fixtures_that_ask_for_others(timed: Suite) -> None:
    """What another fixture takes that is set up meanwhile is not theirs, and is in the test's once."""
    timed.write(
        test_it="""
            import subprocess, pytest, clock

            def use(): subprocess.run(["tool"], check=True)

            @pytest.fixture(scope="module")
            def inner():
                use()
                clock.move(100)

            @pytest.fixture(scope="module")
            def outer(request):
                use()
                clock.move(10)
                request.getfixturevalue("inner")
                clock.move(20)

            @pytest.mark.tool
            def test_it(outer): pass
        """
    )
    run_timed(timed)

    data = report_of(timed)
    found = {each["name"]: each["setup"] for each in data["fixtures"]}
    assert found == {
        "inner": pytest.approx(100, abs=5),
        "outer": pytest.approx(30, abs=5),
    }
    assert data["tests"][0]["shared_seconds"] == pytest.approx(130, abs=5)


def test_reports_of_parts_of_a_test(timed: Suite) -> None:
    """A report of a part of the body, as subtests have it, adds nothing to the seconds of the body."""
    timed.write(
        test_it="""
            import pytest, clock

            def test_it(request):
                node = request.node
                for number in range(3):
                    clock.move(100)
                    report = pytest.TestReport(
                        node.nodeid, node.location, {}, "passed", None, "call", duration=100
                    )
                    node.ihook.pytest_runtest_logreport(report=report)
        """
    )
    timed.run("--resource-guards-json=report.json", plugins=("clock",))

    assert report_of(timed)["tests"][0]["seconds"] == pytest.approx(300, abs=5)


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["one process", "a worker"])
def test_a_test_that_is_run_again(timed: Suite, workers: tuple[str, ...]) -> None:
    """All attempts took their time, and what each gave to shared fixtures is known."""
    timed.write(
        test_it="""
            import clock, pytest

            TIMES = [100, 200, 300]

            @pytest.fixture(params=[0], scope="module")
            def shared():
                clock.move(7)

            @pytest.fixture
            def own():
                yield
                clock.move(1000)

            def test_it(shared, own):
                clock.move(TIMES.pop(0))
                assert not TIMES
        """
    )
    timed.run(
        "--resource-guards-json=report.json",
        "--reruns=2",
        *workers,
        plugins=("clock", "pytest_rerunfailures"),
    )

    (test,) = report_of(timed)["tests"]
    assert test["outcome"] == "passed"
    own = test["seconds"] - test["shared_seconds"]
    assert own == pytest.approx(3600, abs=5)
    assert test["shared_seconds"] % 7 == pytest.approx(0, abs=0.5)


def test_a_session_fixture_after_its_last_user(timed: Suite) -> None:
    """Its tear-down is no part of the seconds of the test in whose tear-down pytest does it."""
    timed.write(
        test_it="""
            import subprocess, pytest, clock

            @pytest.fixture(scope="session")
            def server():
                subprocess.run(["tool"], check=True)
                yield
                clock.move(100)

            @pytest.mark.tool
            def test_user(server): pass

            def test_plain(): pass
        """
    )
    run_timed(timed)

    data = report_of(timed)
    plain = data["tests"][1]
    assert plain["seconds"] == pytest.approx(100, abs=5)
    assert plain["shared_seconds"] == pytest.approx(100, abs=5)
    assert data["fixtures"][0]["teardown"] == pytest.approx(100, abs=5)


def test_nothing_is_measured_without_a_report(timed: Suite) -> None:
    """A run that keeps no records does not even import the stopwatch."""
    timed.write(
        test_last="""
            import sys

            def test_it():
                assert "imbue.resource_guards.report.stopwatch" not in sys.modules
        """
    )

    assert (
        timed.run("test_it.py", "test_last.py", plugins=("clock",))["test_it"].outcome == "passed"
    )


def test_fixtures_of_equal_names(timed: Suite) -> None:
    """Those of different files are different ones, in one run and in several put together."""
    module = """
        import subprocess, pytest

        @pytest.fixture(scope="module")
        def server():
            subprocess.run(["tool"], check=True)

        @pytest.mark.tool
        def test_it(server): pass
    """
    timed.write(test_it=module, test_other=module)
    run_timed(timed, name="a.json")
    run_timed(timed, name="b.json")

    assert program(timed, "merge", "a.json", "b.json", "-o", "all.json").returncode == 0

    places = [(each["name"], each["where"]) for each in report_of(timed, "a.json")["fixtures"]]
    assert places == [("server", "test_it.py"), ("server", "test_other.py")]
    assert [each["times"] for each in report_of(timed, "all.json")["fixtures"]] == [2, 2]


def test_fixtures_of_several_projects() -> None:
    """Also those of equal names in their conftests."""
    server = FixtureSeconds("server", ["tool"], 1, 10, 1)
    documents = {root: Document(fixtures=[server], root=root) for root in ("one", "two")}

    merged = merge_documents(documents)

    assert [each.where for each in merged.fixtures] == ["one", "two"]


def test_a_merge_adds_up(timed: Suite) -> None:
    """Two runs of one suite took twice as long; what version 1 of a report lacks is unknown, and not zero."""
    run_timed(timed, name="a.json")
    run_timed(timed, name="b.json")
    old = json.loads((timed.path / "a.json").read_text())
    old["version"] = 1
    del old["fixtures"]
    old.pop("root", None)
    for test in old["tests"]:
        test.pop("seconds", None)
        test.pop("shared_seconds", None)
    (timed.path / "old.json").write_text(json.dumps(old))

    assert program(timed, "merge", "a.json", "b.json", "-o", "all.json").returncode == 0
    merged = report_of(timed, "all.json")
    assert merged["tests"][1]["seconds"] == pytest.approx(400, abs=10)
    assert merged["fixtures"][0]["times"] == 2
    assert merged["fixtures"][0]["setup"] == pytest.approx(20, abs=5)

    shown = program(timed, "report", "old.json").stdout
    assert 'tool: unknown in 2 tests; -m "not tool" saves unknown of unknown' in shown
    assert program(timed, "merge", "a.json", "old.json", "-o", "all.json").returncode == 0
    part = report_of(timed, "all.json")["tests"][1]
    assert (part["seconds"], part["seconds_in_part"]) == (pytest.approx(200, abs=5), True)
    assert program(timed, "merge", "all.json", "b.json", "-o", "more.json").returncode == 0
    assert report_of(timed, "more.json")["tests"][1]["seconds_in_part"]
    shown = program(timed, "report", "all.json").stdout
    assert re.search(
        r"tool: at least \d.* in 2 tests and 1 shared fixture; .* saves at least", shown
    )


def program(suite: Suite, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in the suite's folder."""
    command = [sys.executable, "-m", "imbue.resource_guards", *arguments]
    return subprocess.run(command, cwd=suite.path, capture_output=True, text=True, check=False)


def record(name: str, seconds: float | None, *, used: bool, marked: bool) -> TestRecord:
    """A test that has passed."""
    return TestRecord(
        name,
        "passed",
        declared=[Declaration("tool", "function")] if marked else [],
        used={"tool": UsedResource(1)} if used else {},
        seconds=seconds,
    )


def test_what_a_run_without_the_mark_saves() -> None:
    """The tests that carry it; and the fixtures that used it, unless an unmarked test used it as well."""
    marked = record("a", 5, used=True, marked=True)
    superfluous = record("b", 3, used=False, marked=True)
    missing = record("c", 2, used=True, marked=False)
    server = FixtureSeconds("server", ["tool"], 1, 10, 1)

    right = seconds_of(Document(tests=[marked, superfluous], fixtures=[server]), "tool")
    wrong = seconds_of(Document(tests=[marked, superfluous, missing], fixtures=[server]), "tool")

    assert (right.used.known, right.saved.known) == (16, 19)
    assert (wrong.used.known, wrong.saved.known) == (18, 8)


def test_seconds_that_are_known_in_part() -> None:
    """The line says that it is the least."""
    tests = [
        record(f"test_{n}", s, used=True, marked=True) for n, s in enumerate([1.5, None, 0.25])
    ]
    document = Document({"tool": "tool"}, tests)

    assert all_seconds(document) == (1.75, 3, 1, 0)
    assert (
        'tool: at least 1.8 s in 3 tests; -m "not tool" saves at least 1.8 s of at least 1.8 s'
        in [line.text for line in table(document, verbose=False)]
    )


@WORKERS
def test_a_fixture_that_ends_in_a_skipped_test(timed: Suite, workers: tuple[str, ...]) -> None:
    """Its time is part of all, so that no resource saves more than the whole; what a test used before it skipped counts."""
    timed.write(
        test_it="""
            import subprocess, pytest, clock

            @pytest.fixture(scope="module")
            def server():
                subprocess.run(["tool"])
                yield
                clock.move(100)

            @pytest.mark.tool
            def test_it(server): pass

            @pytest.mark.tool
            def test_skips(server):
                subprocess.run(["tool"])
                clock.move(50)
                pytest.skip("now")

            @pytest.mark.skip(reason="why not")
            def test_last(): pass
        """
    )

    output = run_timed(timed, *workers)

    (line,) = re.findall(r"tool: .*", output.partition("guards: report")[2])
    took = "4 min 10 s" if workers else "2 min 30 s"  # each worker has the fixture
    assert f"{took} in 2 tests and 1 shared fixture" in line, output
    assert line.endswith(f"saves {took} of {took}"), line


def test_an_attempt_that_is_judged_late(timed: Suite) -> None:
    """Of a test that was run again the last attempt counts, also where the first waited for a fixture; from workers too."""
    timed.write(
        test_it="""
            import subprocess, pytest

            TIMES = [1, 2]

            @pytest.fixture(scope="module")
            def server():
                subprocess.run(["tool"])
                yield

            @pytest.mark.tool
            def test_it(server):
                TIMES.pop()
                assert not TIMES
        """
    )

    timed.run(
        "--resource-guards-json=report.json", "--reruns=1", "-n1", plugins=("pytest_rerunfailures",)
    )

    (test,) = report_of(timed)["tests"]
    assert test["outcome"] == "passed"


def test_a_test_that_did_not_run_has_none() -> None:
    """A merge takes those of the run that has run it, and adds nothing for a skip."""
    ran = record("a", 5, used=True, marked=True)
    skipped = TestRecord("a", "skipped", seconds=0.1)

    merged = merge_documents({"a": Document(tests=[ran]), "b": Document(tests=[skipped])})

    assert merged.tests[0].seconds == 5


def test_laps_within_laps() -> None:
    """Only the innermost goes on, and one that ends twice or out of turn disturbs no other."""
    times = iter(range(0, 100, 10))
    watch = Stopwatch(lambda: next(times))
    outer = watch.begin()  # 0
    inner = watch.begin()  # 10
    watch.end(outer)  # 20, out of turn
    watch.end(inner)  # 30
    watch.end(inner)  # 40

    assert (outer.seconds, inner.seconds) == (10, 20)
    assert watch.take() == 30
    assert watch.take() == 0


def test_a_report_of_version_1(tmp_path: Path) -> None:
    """It is read: it has no fixtures, and says nothing of where its project is."""
    path = tmp_path / "a.json"
    path.write_text(
        '{"format": "resource-guards-report", "version": 1, "resources": [], "sources": {}, '
        '"problems": [], "late_uses": [], "tests": []}'
    )

    document = read_document(path)

    assert (document.fixtures, document.root) == ([], None)
