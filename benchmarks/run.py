"""Measure what guards cost, beside a bare run and beside the released peer.

    python3 benchmarks/run.py                      # all cases, 7 rounds
    python3 benchmarks/run.py --short              # small, one round: shows that it works
    python3 benchmarks/run.py empty calls          # some
    python3 benchmarks/run.py --output docs/performance.md

All runs of a case are made in turn, round by round. The peer (``resource-guards==0.1.9``) is installed in an
environment of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT)]

import dev  # noqa: E402 - found by the line above
from benchmarks.cases import CASES  # noqa: E402 - as above
from benchmarks.cases import RESOURCES  # noqa: E402 - as above
from benchmarks.cases import Case  # noqa: E402 - as above

PEER = "resource-guards==0.1.9"
HEADER = (
    "case",
    "units",
    "run by",
    "CPU s, least (median)",
    "wall s, least (median)",
    "more for each, by CPU",
    "budget",
    "memory, MB",
    "directory, bytes",
)


@dataclass(frozen=True)
class Run:
    """One run.

    Args:
        cpu: Seconds of CPU, of the run and its children, or of what the suite has timed itself.
        wall: Seconds of the clock, likewise.
        megabytes: The largest memory of the run.
        directory: Bytes in the private directory at its end, where there is one.
    """

    cpu: float
    wall: float
    megabytes: float
    directory: int | None = None


def environments(folder: Path, *, peer: bool) -> dict[str, Path]:
    """The interpreters of the bare run and ours, which are the same, and of the peer."""
    ours = dev.make_environment(folder / "ours")
    dev.install_locked(ours, "--only-group=libtmux")
    dev.install_members(ours, *dev.MEMBERS, editable=False)  # as users do; links import slowly
    found = {"bare": ours, "ours": ours}
    if peer:
        found["peer"] = dev.make_environment(folder / "peer")
        dev.install_locked(found["peer"], "--only-group=libtmux")
        dev.run(dev.find_uv(), "pip", "install", "--quiet", "--python", found["peer"], PEER)
    return found


def command_of(case: Case, flavour: str) -> list[str]:
    """What Python runs for a case."""
    if case.commands:
        return [*case.commands[flavour]]
    command = ["-m", "pytest", "-q", "-pno:cacheprovider", "-pno:randomly", *case.arguments]
    return command + (["-pno:resource_guards"] if flavour == "bare" else [*case.options])


def measure(python: Path, flavour: str, folder: Path, case: Case) -> Run:
    """Run a suite once.

    Raises:
        RuntimeError: It has failed, so that its figures would mean nothing.
    """
    command = [str(python), *command_of(case, flavour)]
    environment = {**os.environ, "BENCHMARK": flavour, "PYTHONHASHSEED": "0"}
    notes = folder / "notes"
    notes.write_text("")
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # or each run would compile what it imports
    environment.pop("RESOURCE_GUARDS_SCOPE", None)  # of a run around this one
    environment["BENCHMARK_NOTES"] = str(notes)
    environment["PATH"] = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            text = output.read().decode(errors="replace")[-3000:]
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    noted: dict[str, Any] = {"cpu": used.ru_utime + used.ru_stime, "wall": wall}
    for line in notes.read_text().splitlines():
        noted.update(json.loads(line))
    return Run(megabytes=used.ru_maxrss / 1024, **noted)


def rounds_of(
    case: Case, count: int, pythons: Mapping[str, Path], rounds: int
) -> dict[str, list[Run]]:
    """Run a case in turn: bare, ours, peer, bare, ours, peer, ..."""
    runs: dict[str, list[Run]] = {}
    with tempfile.TemporaryDirectory() as name:
        files = case.files(count)
        for _ in range(min(rounds, case.most_rounds)):
            for flavour, python in pythons.items():
                if flavour != "peer" or case.by_peer:
                    for path, text in files.items():  # which the run before may have changed
                        (Path(name) / path).write_text(text)
                    run = measure(python, flavour, Path(name), case)
                    runs.setdefault(flavour, []).append(run)
    return runs


def rows_of(case: Case, count: int, runs: Mapping[str, list[Run]]) -> list[tuple[str, ...]]:
    """The rows of a case in the table."""
    bare = min(run.cpu for run in runs["bare"])
    rows: list[tuple[str, ...]] = []
    for flavour, each in runs.items():
        cpu, wall = [run.cpu for run in each], [run.wall for run in each]
        more = (min(cpu) - bare) / count * 1e6
        share = f" ({(min(cpu) / bare - 1) * 100:+.1f} %)"
        directory = max((run.directory or 0 for run in each), default=0)
        rows.append(
            (
                case.title,
                f"{count:,}",
                flavour,
                f"{min(cpu):.3f} ({statistics.median(cpu):.3f})",
                f"{min(wall):.3f} ({statistics.median(wall):.3f})",
                "" if flavour == "bare" else f"{more:,.2f} µs{share}",
                budget_of(case, more, max(run.megabytes for run in each))
                if flavour == "ours"
                else "",
                f"{max(run.megabytes for run in each):.0f}",
                f"{directory:,}" if directory else "",
            )
        )
    return rows


def budget_of(case: Case, more: float, megabytes: float = 0) -> str:
    """What a case may cost, and whether it keeps to that.

    Args:
        case: The case.
        more: What one unit of it costs above the bare run, in µs of CPU.
        megabytes: The largest memory of a run, in MB.
    """
    said = [case.held] if case.held else []
    if case.limit is not None:
        said.append(f"{case.limit:,g} µs: {_met(more - case.limit, '{:,.2f} µs')}")
    if case.megabytes is not None:
        said.append(f"{case.megabytes:g} MB: {_met(megabytes - case.megabytes, '{:.0f} MB')}")
    return "; ".join(said)


def _met(over: float, form: str) -> str:
    return "met" if over <= 0 else f"missed by {form.format(over)}"


def noticed(runs: Mapping[str, Mapping[str, list[Run]]], counts: Mapping[str, int]) -> str:
    """What a user notices, in a few lines.

    Args:
        runs: Of each case, the runs by flavour.
        counts: How many units each case has.
    """

    def more(name: str) -> float:
        bare, ours = (min(run.cpu for run in runs[name][each]) for each in ("bare", "ours"))
        return (ours - bare) / counts[name] * 1e6

    empty = min(run.cpu for run in runs["empty"]["bare"]) / counts["empty"] * 1e6
    return (
        f"- **A test that uses nothing** takes {more('empty'):.0f} µs more. (An empty one takes {empty:.0f} µs.)\n"
        f"- **A session** takes {more('start') / 1000:.0f} ms more at its start.\n"
        f"- **An allowed use** takes {more('further-calls') / 1000:.2f} ms more if Python starts the program, "
        f"{more('shell-calls') / 1000:.2f} ms if a shell does "
        f"({more('script-calls') / 1000:.2f} ms in a script of it), and {more('target-calls'):.1f} µs for a call of an SDK.\n"
        f"- **A report** takes {more('json') / 1000:.2f} ms for a test with {RESOURCES} resources.\n"
        f"- **A fix** takes {more('fix') / 1000:.1f} ms for each test that gets a mark."
    )


def table(rows: list[tuple[str, ...]]) -> str:
    """The rows in Markdown."""
    lines = [HEADER, ("---",) * len(HEADER), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}")
    parser.add_argument("--short", action="store_true", help="small and once")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is run")
    parser.add_argument("--no-peer", action="store_true", help="leave the peer out")
    parser.add_argument("--output", type=Path, help="a Markdown file")
    options = parser.parse_args()
    unknown = [name for name in options.cases if name not in CASES]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}; there are {', '.join(CASES)}")
    if options.output and options.cases:
        parser.error("the page needs all cases, so name none with --output")
    rows = []
    found: dict[str, dict[str, list[Run]]] = {}
    counts = {name: case.short if options.short else case.count for name, case in CASES.items()}
    with tempfile.TemporaryDirectory() as folder:
        pythons = environments(Path(folder), peer=not options.no_peer)
        rounds_of(CASES["empty"], 1, pythons, 1)  # which compiles what is imported
        rounds_of(CASES["start"], 1, pythons, 1)
        for name in options.cases or CASES:
            rounds = 1 if options.short else options.rounds
            found[name] = rounds_of(CASES[name], counts[name], pythons, rounds)
            rows += rows_of(CASES[name], counts[name], found[name])
            print(f"{name} done", file=sys.stderr)
    text = table(rows)
    print(text)
    if found.keys() == CASES.keys():
        print(noticed(found, counts))
    if options.output:
        options.output.write_text(page(noticed(found, counts), text, options.rounds))


def page(notices: str, text: str, rounds: int) -> str:
    """docs/performance.md."""
    version = ".".join(map(str, sys.version_info[:3]))
    return f"""---
hide:
  - toc
---

# Performance

What you notice, on the machine that is named below the table:

{notices}

With guards of addresses (Docker, databases), Python may have to call an audit hook for events such as each call
of `id`: if pytest-socket is loaded, or something uses the class of sockets that is below Python's (as trio does).
Then a test takes a little more, and `copy.deepcopy` takes twice as long.

## Figures

Each case runs without guards (*bare*), with these guards (*ours*) and, if it can, with {PEER} (*peer*), in turn.

- *CPU s* and *wall s* are those of the fastest run, and of the median.
- *More for each* is the CPU time of the fastest run, user and system, minus that of the fastest bare run, for one unit: a test, a
  call, a start, a session. It includes its part of the session's start.
- A test that uses nothing has its budget in instructions: at most 3 % of those of an empty test. A test checks this
  ([decision 0018](decisions/0018-the-cost-of-a-test.md)).

{text}

Measured with CPython {version} on {os.cpu_count()} cores, {rounds} rounds (the case of 100,000 tests once), by
`python3 benchmarks/run.py --output docs/performance.md`.
"""


if __name__ == "__main__":
    main()
