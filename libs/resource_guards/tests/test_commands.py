"""``python -m imbue.resource_guards`` on files that anybody may have made: one line, and exit code 2."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from imbue.resource_guards.__main__ import main
from imbue.resource_guards.report.document import SIGNATURE

REPORT: dict[str, Any] = {
    "format": SIGNATURE,
    "version": 1,
    "resources": [{"mark": "tool", "name": "tool"}],
    "sources": {},
    "problems": [],
    "late_uses": [],
    "tests": [
        {
            "nodeid": "test_it.py::test_it",
            "outcome": "passed",
            "source": {"path": "test_it.py", "line": 3, "qualname": "test_it"},
            "cls": None,
            "classes": [],
            "parameters": {},
            "axes": [],
            "declared": [],
            "used": {},
            "violations": {},
            "blocked": False,
            "finished": True,
        }
    ],
}
USED = {
    "count": 1,
    "ways": {"program": 1},
    "uses": [{"way": "program", "what": "t", "where": "", "in_child": False, "fixture": None}],
}

COMMANDS = pytest.mark.parametrize(
    "command",
    [["report"], ["fix", "--diff"], ["merge", "-o", "all.json"]],
    ids=lambda each: each[0],
)


def report_of_test(**changes: Any) -> bytes:
    """A report whose one test is changed."""
    report = copy.deepcopy(REPORT)
    report["tests"][0].update(changes)
    return json.dumps(report).encode()


def report_of(**changes: Any) -> bytes:
    """A report that is changed."""
    return json.dumps({**REPORT, **changes}).encode()


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "cannot be read as a report"),
    "binary": (bytes(range(256)), "cannot be read as a report"),
    "zeros": (bytes(100), "cannot be read as a report"),
    "utf-16": (json.dumps(REPORT).encode("utf-16"), "cannot be read as a report"),
    "half": (json.dumps(REPORT).encode()[:200], "cannot be read as a report"),
    "two": (json.dumps(REPORT).encode() * 2, "cannot be read as a report"),
    "no JSON": (b"NaN", "is not a report"),
    "nested lists": (b"[" * 200_000, "nested too deeply"),
    "nested objects": (b'{"a":' * 200_000, "nested too deeply"),
    "a long number": (b"1" * 10_000, "cannot be read as a report"),
    "version true": (report_of(version=True), "version must be a whole number"),
    "version 3": (report_of(version=3), "has version 3"),
    "version 0": (report_of(version=0), "reads version 1 and 2"),
    "not a number of seconds": (
        report_of_test(seconds=-1),
        "tests[0].seconds must be a number from 0",
    ),
    "seconds null": (
        report_of_test(seconds=None),
        "tests[0].seconds must be a number, but is None",
    ),
    "seconds true": (
        report_of_test(seconds=True),
        "tests[0].seconds must be a number, but is True",
    ),
    "seconds without end": (report_of_test(seconds=float("inf")), "a number from 0 to 1000000000"),
    "seconds not a number": (report_of_test(seconds=float("nan")), "a number from 0 to 1000000000"),
    "a fixture of nothing": (
        report_of(fixtures=[{"name": "a", "resources": [], "times": 1, "setup": 0, "teardown": 0}]),
        "fixtures[0].resources must be",
    ),
    "a long version": (report_of(version=10**4000), "has version 1000"),
    "version text": (report_of(version="1\x1b[31m"), "version must be a whole number"),
    "tests an object": (report_of(tests={}), "tests must be a list"),
    "a test null": (report_of(tests=[None]), "tests[0] must be an object"),
    "resources text": (report_of(resources="tool"), "resources must be a list"),
    "unknown outcome": (report_of_test(outcome="\n::error::x"), "tests[0].outcome must be one of"),
    "unknown violation": (
        report_of_test(violations={"tool": ["x"]}),
        "violations['tool'][0] must be",
    ),
    "used a list": (report_of_test(used=[]), "tests[0].used must be an object"),
    "count text": (
        report_of_test(used={"tool": {**USED, "count": "1"}}),
        "used['tool'].count must be",
    ),
    "a number as a name": (report_of_test(nodeid=5), "tests[0].nodeid must be text"),
    "NUL in a path": (
        report_of_test(source={"path": "a\0b.py", "line": 1, "qualname": "a"}, used={"tool": USED}),
        "tests[0].source.path must be the path of a file",
    ),
}


def run(*arguments: str) -> tuple[int, str]:
    """Run the program in this process, and return its exit code and what it says of an error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    return code, err.getvalue()


@pytest.fixture(autouse=True)
def _in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@COMMANDS
@pytest.mark.parametrize("name", BROKEN)
def test_broken_files(command: list[str], name: str) -> None:
    """Each is one line that says what is wrong with it, and nothing is written."""
    content, said = BROKEN[name]
    Path("a.json").write_bytes(content)

    code, error = run(*command, "a.json")

    assert code == 2
    assert error.startswith("error: a.json ")
    assert said in error
    assert error.count("\n") == 1
    assert len(error) < 500
    assert error.rstrip("\n").isprintable()
    assert [path.name for path in Path().iterdir()] == ["a.json"]


def missing(path: Path) -> None:
    """Make nothing."""


def endless(path: Path) -> None:
    """A link to a device that has no end."""
    path.symlink_to("/dev/zero")


def huge(path: Path) -> None:
    """A file of a terabyte, of which nothing is on the disk."""
    with path.open("wb") as file:
        file.truncate(2**40)


def loop(path: Path) -> None:
    """A link to itself."""
    path.symlink_to(path)


def broken_device(path: Path) -> None:
    """A regular file that fails to be read."""
    path.symlink_to("/proc/self/mem")


def closed(path: Path) -> None:
    """A file that nobody may read."""
    path.touch(mode=0)


@COMMANDS
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (missing, "No such file"),
        (os.mkfifo, "it is not a regular file"),
        (endless, "it is not a regular file"),
        (Path.mkdir, "it is not a regular file"),
        (huge, "it is larger than"),
        (loop, "symbolic links"),
        pytest.param(
            broken_device,
            "cannot be read as a report",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="there is no such file"),
        ),
        pytest.param(
            closed,
            "Permission denied",
            marks=pytest.mark.skipif(os.getuid() == 0, reason="root may read anything"),
        ),
    ],
)
def test_what_is_no_file_to_read(
    command: list[str], make: Callable[[Path], object], said: str
) -> None:
    """It is one line, at once: nothing waits for a pipe, or fills memory from a device."""
    make(Path("a.json"))

    code, error = run(*command, "a.json")

    assert code == 2
    assert error.startswith("error: a.json cannot be read as a report: ")
    assert said in error
    assert error.count("\n") == 1


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@settings(
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    """Whatever a file contains, the program ends with one line."""
    (tmp_path / "a.json").write_bytes(content)

    code, error = run("report", "a.json")

    assert code == 2
    assert error.count("\n") == 1


def test_foreign_text_of_a_report() -> None:
    """Names of tests and resources in it cannot control the terminal, nor command a CI server."""
    report = copy.deepcopy(REPORT)
    report["resources"] = [{"mark": "tool", "name": "\x1b[31mred\r"}]
    report["tests"][0]["nodeid"] = "::error::x\n\x07"
    report["tests"][0]["used"] = {"tool": USED}
    Path("a.json").write_text(json.dumps(report))

    done = run_program("report", "-v", "a.json")

    assert done.returncode == 0
    assert "\\x1b[31mred\\r" in done.stdout
    assert "  \\x3a:error::x\\n\\x07: passed, unmarked, used once" in done.stdout
    assert "\x1b" not in done.stdout


def run_program(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    command = [sys.executable, "-m", "imbue.resource_guards", *arguments]
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run(command, text=True, check=False, **given)


def test_a_reader_that_has_seen_enough() -> None:
    """A pipe that nobody reads any more is no error."""
    Path("a.json").write_bytes(report_of(tests=REPORT["tests"] * 5000))
    reads, writes = os.pipe()
    os.close(reads)

    try:
        done = run_program("report", "a.json", stdout=writes)
    finally:
        os.close(writes)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device")
def test_a_full_disk() -> None:
    """Output that cannot be written is one line."""
    Path("a.json").write_bytes(report_of())

    with Path("/dev/full").open("w") as full:
        done = run_program("report", "a.json", stdout=full)
    merged = run_program("merge", "a.json", "-o", "/dev/full")

    for each in (done, merged):
        assert each.returncode == 2
        assert each.stderr.count("\n") == 1
        assert "No space left on device" in each.stderr


def test_a_terminal_without_unicode() -> None:
    """What it cannot show is an escape."""
    report = copy.deepcopy(REPORT)
    report["resources"][0]["name"] = "ärger \ud800"
    Path("a.json").write_text(json.dumps(report))

    done = run_program("report", "a.json", env={**os.environ, "PYTHONIOENCODING": "ascii"})

    assert (done.returncode, done.stderr) == (0, "")
    assert "\\xe4rger \\ud800" in done.stdout


@pytest.mark.parametrize("output", ["folder", "a.json/all.json"])
def test_an_output_that_cannot_be_written(output: str) -> None:
    """It is one line."""
    Path("a.json").write_bytes(report_of())
    Path("folder").mkdir()

    code, error = run("merge", "a.json", "-o", output)

    assert (code, error.count("\n")) == (2, 1)


def test_words_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with them is said with escapes."""
    with pytest.raises(SystemExit) as raised:
        main(["report", "a.json", "\x1b[31m"])

    assert raised.value.code == 2
    assert "unrecognized arguments: \\x1b[31m" in capsys.readouterr().err


def test_an_error_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one line that says where it is from."""
    Path("a.json").write_bytes(report_of())
    monkeypatch.setattr("imbue.resource_guards.__main__.table", lambda *_, **__: 1 / 0)

    code, error = run("report", "a.json")

    assert code == 2
    assert "ZeroDivisionError at test_commands.py:" in error
    assert error.count("\n") == 1


def test_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the program as a shell expects it."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    Path("a.json").write_bytes(report_of())
    monkeypatch.setattr("imbue.resource_guards.__main__.table", interrupt)

    assert run("report", "a.json") == (130, "")
