"""Try discovery and the fix on suites that nobody here wrote, and compare what comes out with what is known of them.

    python scripts/real_suites.py                 # all
    python scripts/real_suites.py huey pgspecial  # some
    python scripts/real_suites.py --cost huey     # and what discovery costs: the best of three

Each suite is downloaded as a source distribution and gets an environment of its own, with what it needs and the core.
It is run as it is, with discovery, with discovery and the fix writing in one run and in two, then with what was
written, and with what a person adds. Others are guarded by settings that are given: these are run as they are, with
the fix writing, enforcing, without the programs, and with the fix again. Each run has a fresh server. Fails if a figure
is another than the table in real_suites_table.py says.

As Debian has them, it takes postgresql, redis-server, memcached, etcd-server, graphviz, git and mercurial. The servers
but PostgreSQL have their usual ports, so that nobody else may listen there.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

import dev
from real_suites_run import Place
from real_suites_run import Run
from real_suites_run import differing
from real_suites_run import unlike
from real_suites_run import without_number
from real_suites_table import GUARDED
from real_suites_table import SUITES
from real_suites_table import GuardedSuite
from real_suites_table import RealSuite

TRIES = 3
MOST_COST = 10
"""How much more CPU discovery may take, in percent; judged of what takes a second or more."""


def used(path: Path) -> dict[str, int]:
    """What a file of discovery names, but for the suite's own servers, with how many tests."""
    found = json.loads(path.read_text())["found"]
    return {
        re.sub(r"^127\.0\.0\.1:\d+$", "127.0.0.1", each["name"]): len(each["tests"])
        for each in found
        if each["tests"] and not (each["own"] == sorted(each["tests"]) and not each["outside"])
    }


def try_suite(suite: RealSuite, folder: Path, *, cost: bool, show: bool) -> Iterator[str]:
    """What is other than the table says, and each figure that is known only after the runs."""
    place = Place(suite, folder)
    bare = place.run(place.copy("bare"), "-pno:resource_guards")
    data = folder / "found.json"
    discover = ("--resource-guards-discover", f"--resource-guards-discover-json={data}")
    seen = place.run(place.copy("seen"), *discover)
    once = place.run(
        place.copy("once"), "--resource-guards-discover=write", "--resource-guards-fix=write"
    )
    twice = place.copy("twice")
    place.run(twice, "--resource-guards-discover=write")
    place.run(twice, "--resource-guards-fix=write")
    yield from (f"two runs write {each} otherwise" for each in unlike(once.folder, twice))
    enforced = place.run(once.folder)
    for what, run in (("discovery", seen), ("discovery and fix", once)):
        yield from (f"{what}: {each} ends otherwise" for each in differing(bare, run))
    changed = tests_of(differing(bare, enforced))
    marks, removed, _, left = fixed(once)
    yield from other_than(
        suite,
        outcomes=dict(Counter(bare.outcomes.values())),
        uses=used(data),
        marks=marks,
        removed=removed,
        left=left,
        violations=len(changed),
    )
    if len(changed) != suite.violations:
        yield f"enforcing: {', '.join(changed[:10])} end otherwise"
    if suite.by_hand:
        yield from by_hand(suite, once.folder)
        last = place.run(once.folder)
        yield from (f"by hand: {each} ends otherwise" for each in differing(bare, last))
    if cost:
        yield from cost_of(place, bare, seen, discover)
    if show:
        print(seen.output, once.output, enforced.output, sep="\n")


def by_hand(suite: RealSuite, folder: Path) -> Iterator[str]:
    """Change what a person is left to change; says what is not there."""
    for name, changes in suite.by_hand.items():
        path = folder / name
        for old, new in changes.items():
            before = path.read_text()
            path.write_text(before.replace(old, new))
            if old not in before:
                yield f"by hand: {name} has no {old!r}"


def try_guarded(suite: GuardedSuite, folder: Path, *, show: bool) -> Iterator[str]:
    """The same of a suite that is guarded by given settings: a fix, enforcing, without the programs, the fix again."""
    place = Place(suite, folder)
    guards = "-oresource_guards=" + "\n".join(f"binary:{each}" for each in suite.guards)
    data = folder / "report.json"
    write = (guards, "--resource-guards-fix=write")
    bare = place.run(place.copy("bare"), "-pno:resource_guards")
    first = place.run(place.copy("fixed"), *write, f"--resource-guards-json={data}")
    lines = changed_lines(bare.folder, first.folder)
    said = linted(first.folder) - linted(bare.folder)
    put_hook(first)
    enforced = place.run(first.folder, guards)
    others = f"-mnot ({' or '.join(suite.guards)})"
    without = place.run(first.folder, guards, others, without=suite.guards)
    again = place.run(first.folder, *write)
    yield from (f"the fix: {each} ends otherwise" for each in differing(bare, first))
    marks, removed, files, left = fixed(first)
    changed = tests_of(differing(bare, enforced))
    missed = [each for each in differing(bare, without) if each in without.outcomes]
    yield from other_than(
        suite,
        outcomes=dict(Counter(bare.outcomes.values())),
        uses=reported(data),
        marks=marks,
        removed=removed,
        files=files,
        lines=lines,
        unsorted=len(said),
        left=left,
        violations=len(changed),
        without=len(missed),
    )
    if len(changed) != suite.violations:
        yield f"enforcing: {', '.join(changed[:10])} end otherwise"
    if len(missed) != suite.without:
        yield f"without {', '.join(suite.guards)}: {', '.join(missed[:20])} end otherwise"
    if fixed(again)[:3] != (0, 0, 0):
        yield f"the fix again: {fixed(again)}"
    if show:
        print(first.output, enforced.output, without.output, again.output, sep="\n")


def changed_lines(before: Path, after: Path) -> tuple[int, int]:
    """How many lines of Python were added, and how many taken away."""
    count = Counter[str]()
    for name in unlike(before, after):
        old, new = before / name, after / name
        if name.endswith(".py") and new.exists():  # and is none that the tests have made
            lines = old.read_text().splitlines(), new.read_text().splitlines()
            count.update(line[:1] for line in list(difflib.unified_diff(*lines, n=0))[2:])
    return count["+"], count["-"]


def linted(folder: Path) -> Counter[str]:
    """What ruff says of imports and names, by file and rule."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--exit-zero", "--select=I,F"]
    done = subprocess.run(
        [*command, "--output-format=json"], cwd=folder, stdout=subprocess.PIPE, check=True
    )
    found = json.loads(done.stdout)
    return Counter(f"{Path(each['filename']).relative_to(folder)} {each['code']}" for each in found)


def put_hook(run: Run) -> None:
    """Put the hook that a fix has printed, for tests that can carry no mark, where it says."""
    said = r"put this into (\S+) .*?:\n(NEEDS = .*?add_marker\(mark\)\n)"
    if found := re.search(said, run.output, re.DOTALL):
        conftest = run.folder / found[1]
        before = conftest.read_text() if conftest.exists() else ""
        conftest.write_text(f"{before}\n\n{found[2]}")


def tests_of(names: Sequence[str]) -> list[str]:
    """The tests; one that fails and then cannot be torn down has two names."""
    return sorted({without_number(each) for each in names})


def fixed(run: Run) -> tuple[int, ...]:
    """How many marks a fix has added and removed, in how many files, and how many tests it leaves to a person."""
    said = r"(\d+) marks? added, (\d+) removed in (\d+) files?; (\d+) left to change by hand"
    found = re.search(said, run.output)
    return tuple(map(int, found.groups())) if found else (0, 0, 0, 0)


def reported(path: Path) -> dict[str, int]:
    """How many tests have used which resource, as a report says."""
    tests = json.loads(path.read_text())["tests"]
    return dict(Counter(name for each in tests for name in each["used"]))


def other_than(suite: RealSuite | GuardedSuite, **figures: object) -> Iterator[str]:
    """The figures that are others than the table says."""
    for name, now in figures.items():
        known = getattr(suite, name)
        if now != known:
            yield f"{name}: {now}, and not {known}"


def cost_of(place: Place, bare: Run, seen: Run, discover: Sequence[str]) -> Iterator[str]:
    """Whether discovery takes too much CPU."""
    without, with_it = [bare.cpu], [seen.cpu]
    for _ in range(TRIES - 1):
        without.append(place.run(place.copy("bare"), "-pno:resource_guards").cpu)
        with_it.append(place.run(place.copy("seen"), *discover).cpu)
    more = (min(with_it) / min(without) - 1) * 100
    print(f"CPU: {min(without):.2f} s, with discovery {min(with_it):.2f} s, {more:+.0f} %")
    if more > MOST_COST and min(without) > 1:
        yield f"discovery costs {more:.0f} %"


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all by default")
    parser.add_argument("--cost", action="store_true", help="measure the CPU, too")
    parser.add_argument("--show", action="store_true", help="print what pytest has printed")
    options = parser.parse_args(arguments)
    everything: Mapping[str, RealSuite | GuardedSuite] = {**SUITES, **GUARDED}
    unknown = set(options.names) - everything.keys()
    if unknown:
        parser.error(f"no suite {', '.join(sorted(unknown))}; there are {', '.join(everything)}")
    for each in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(each) is signal.SIG_IGN:  # in the background; a suite would inherit it
            signal.signal(each, signal.SIG_DFL)
    rows = []
    for name in options.names or everything:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="real-", ignore_cleanup_errors=True) as folder:
            suite, place = everything[name], Path(folder)
            tried = (
                try_guarded(suite, place, show=options.show)
                if isinstance(suite, GuardedSuite)
                else try_suite(suite, place, cost=options.cost, show=options.show)
            )
            wrong = list(tried)
        for line in wrong:
            print(f"{name}: {line}", flush=True)
        rows.append((name, int(bool(wrong)), time.monotonic() - begin))
    dev.print_results("suite", rows)
    return int(any(code for _, code, _ in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
