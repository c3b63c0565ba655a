"""What a run that discovers ends with: what was found, as data, as a file, and with the settings that guard it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards.declare.names import key_of
from imbue.resource_guards.declare.policy import read_native
from imbue.resource_guards.discover.found import Collector
from imbue.resource_guards.discover.found import Discovery
from imbue.resource_guards.discover.found import Found
from imbue.resource_guards.discover.found import to_data
from imbue.resource_guards.discover.recorder import DiscoveryRecorder
from imbue.resource_guards.discover.rules import Place
from imbue.resource_guards.discover.setup import ADDED
from imbue.resource_guards.discover.setup import ENTRIES
from imbue.resource_guards.discover.signature import SIGNATURE
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guards.program import Program
from imbue.resource_guards.messages import discover as messages
from imbue.resource_guards.report.files import read_regular

VERSION: Final = 1


def discovery_of(config: pytest.Config, recorder: DiscoveryRecorder) -> Discovery:
    """Put together what a run has found.

    Args:
        config: pytest's.
        recorder: Has the records.
    """
    names = recorder.labels()
    programs = {
        guard.name: each.label
        for each in recorder.registry
        for guard in each.guards
        if isinstance(guard, Program)
    }
    for entry in config.stash[ENTRIES]:
        for program in entry.table.get(key_of(Program), ()):
            programs.setdefault(program, entry.name)
    collector = Collector(names, programs, _place(config.rootpath))
    tests = recorder.all_records()
    for test in tests:
        collector.add_test(test)
    for when, resource, what in recorder.outside:
        collector.add_outside(when, resource, what)
    found = Discovery(
        collector.found(),
        collector.left_out,
        Counter(each.outcome for each in tests),
        [label for label in names.values() if label not in config.stash[ADDED]],
    )
    if not read_native(config):
        found.not_seen.append(messages.NATIVE_LAYER)
    if collector.other_pythons:
        found.not_seen.append(messages.other_pythons(sorted(collector.other_pythons)))
    if recorder.has_lost:
        found.not_seen.append(messages.OUT_OF_REACH)
    return found


def _place(root: Path) -> Place:
    folders = [str(root), tempfile.gettempdir(), os.path.realpath(tempfile.gettempdir())]
    environment = {sys.prefix, os.path.realpath(sys.prefix)}
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return Place(folders, sorted(environment), path)


def written(found: Discovery) -> str:
    """The text of a file that :func:`read` reads."""
    data = {
        "format": SIGNATURE,
        "version": VERSION,
        "found": [to_data(each) for each in found.found],
        "left_out": {title: sorted(names) for title, names in found.left_out.items()},
        "outcomes": dict(found.outcomes),
        "guarded": found.guarded,
        "not_seen": found.not_seen,
    }
    return f"{json.dumps(data, indent=1)}\n"


def read(path: Path) -> Discovery:
    """Read a file of a discovery.

    Raises:
        ResourceGuardMisconfiguration: It is none.
    """
    try:
        data = json.loads(read_regular(path))
        if (data["format"], data["version"]) != (SIGNATURE, VERSION):
            data = {}  # of another version, or no such file
        return Discovery(
            [_found(each) for each in data["found"]],
            {title: set(names) for title, names in data["left_out"].items()},
            Counter(data["outcomes"]),
            list(data["guarded"]),
            list(data["not_seen"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResourceGuardMisconfiguration(messages.not_discovery(path, error)) from error


def merged(all_of: list[Discovery]) -> Discovery:
    """Several discoveries as one: of a suite that was split, or run on several machines."""
    found: dict[tuple[str, str], Found] = {}
    whole = Discovery()
    for one in all_of:
        for each in one.found:
            known = found.setdefault((each.kind, each.name), Found(each.kind, each.name))
            elsewhere = (known.tests.keys() - known.own) | (each.tests.keys() - each.own)
            known.own = (known.own | each.own) - elsewhere
            known.tests.update(each.tests)
            for name in ("fixtures", "by", "through"):
                group = getattr(known, name)
                for value, tests in getattr(each, name).items():
                    group.setdefault(value, set()).update(tests)
            known.outside |= each.outside
            known.nobody |= each.nobody
            known.connects |= each.connects
        for title, names in one.left_out.items():
            whole.left_out.setdefault(title, set()).update(names)
        whole.outcomes += one.outcomes
        whole.guarded += [each for each in one.guarded if each not in whole.guarded]
        whole.not_seen += [each for each in one.not_seen if each not in whole.not_seen]
    whole.found = sorted(found.values(), key=lambda each: (-len(each.tests), each.name))
    return whole


def _found(data: Mapping[str, Any]) -> Found:
    return Found(
        data["kind"],
        data["name"],
        dict(data["tests"]),
        {name: set(tests) for name, tests in data["fixtures"].items()},
        {name: set(tests) for name, tests in data["by"].items()},
        {name: set(tests) for name, tests in data["through"].items()},
        set(data["outside"]),
        set(data["own"]),
        set(data["nobody"]),
        bool(data["connects"]),
    )
