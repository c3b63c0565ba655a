"""Measure what guards cost, beside a bare run and beside the released peer.

    python3 benchmarks/run.py                      # all cases, 7 rounds
    python3 benchmarks/run.py --short              # small, one round: shows that it works
    python3 benchmarks/run.py --output docs/performance.md empty calls

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


def measure(python: Path, flavour: str, folder: Path, arguments: tuple[str, ...]) -> Run:
    """Run a suite once.

    Raises:
        RuntimeError: It has failed, so that its figures would mean nothing.
    """
    command = [str(python), "-m", "pytest", "-q", "-pno:cacheprovider", "-pno:randomly"]
    command += ["-pno:resource_guards"] * (flavour == "bare") + [*arguments]
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
        for path, text in case.files(count).items():
            (Path(name) / path).write_text(text)
        for _ in range(min(rounds, case.most_rounds)):
            for flavour, python in pythons.items():
                if flavour != "peer" or case.by_peer:
                    run = measure(python, flavour, Path(name), case.arguments)
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
                budget_of(case, more) if flavour == "ours" else "",
                f"{max(run.megabytes for run in each):.0f}",
                f"{directory:,}" if directory else "",
            )
        )
    return rows


def budget_of(case: Case, more: float) -> str:
    """What a case may cost, and whether it keeps to that.

    Args:
        case: The case.
        more: What one unit of it costs above the bare run, in µs of CPU.
    """
    if case.limit is None:
        return case.held
    over = more - case.limit
    return f"{case.limit:,g} µs: {'met' if over <= 0 else f'missed by {over:,.2f} µs'}"


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
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        pythons = environments(Path(folder), peer=not options.no_peer)
        rounds_of(CASES["empty"], 1, pythons, 1)  # which compiles what is imported
        rounds_of(CASES["start"], 1, pythons, 1)
        for name in options.cases or CASES:
            case = CASES[name]
            count = case.short if options.short else case.count
            runs = rounds_of(case, count, pythons, 1 if options.short else options.rounds)
            rows += rows_of(case, count, runs)
            print(f"{name} done", file=sys.stderr)
    text = table(rows)
    print(text)
    if options.output:
        version = ".".join(map(str, sys.version_info[:3]))
        options.output.write_text(
            f"---\nhide:\n  - toc\n---\n\n# Performance\n\nWritten by `python3 benchmarks/run.py --output docs/performance.md`, "
            f"with CPython {version} on {os.cpu_count()} cores, in {options.rounds} rounds "
            f"(the case of 100,000 tests once). "
            f"Each case is run bare, with our guards "
            f"and with {PEER} in turn.\n\n"
            f"*More for each* is the least CPU time (user and system) less that of the bare run, for one "
            f"unit: a test, a call, a start, a session. It includes its part of the session's start. "
            f"What a test that uses nothing takes has its budget in instructions, 1 % of an empty test's and 3 % at "
            f"most, which a test holds: [decision 0018](decisions/0018-the-cost-of-a-test.md).\n\n{text}\n"
        )


if __name__ == "__main__":
    main()
