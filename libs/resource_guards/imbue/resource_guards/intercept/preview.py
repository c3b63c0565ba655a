"""What guarding some targets comes to, found out by importing them in another Python.

A target may be in its module by other ways than its source (an import, a base class, C), it may be of a kind that
cannot be guarded, and its package may have other names for it. All that shows when it is imported, which is
for the list of guards alone: nothing else of an SDK happens in the process that asks.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any
from typing import Final
from typing import NamedTuple

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.intercept.aliases import Original
from imbue.resource_guards.intercept.aliases import aliases
from imbue.resource_guards.intercept.aliases import holders
from imbue.resource_guards.intercept.aliases import namespace
from imbue.resource_guards.intercept.attributes import defined_elsewhere
from imbue.resource_guards.intercept.attributes import is_missing
from imbue.resource_guards.intercept.attributes import missing_reason
from imbue.resource_guards.intercept.attributes import reference_to
from imbue.resource_guards.intercept.attributes import resolve
from imbue.resource_guards.intercept.method_patch import MethodPatch
from imbue.resource_guards.kinds import MethodKind
from imbue.resource_guards.model import SdkTarget

SECONDS_FOR_AN_IMPORT: Final = 60


class Preview(NamedTuple):
    """What guarding a target comes to.

    Args:
        is_there: The installed version has it.
        refusal: Why it cannot be guarded; empty if it can.
        guarded: The other names by which it is guarded.
        unguarded: Where the function is kept besides, so that calls through there are not seen.
    """

    is_there: bool
    refusal: str = ""
    guarded: tuple[str, ...] = ()
    unguarded: tuple[str, ...] = ()


def preview(targets: Iterable[SdkTarget]) -> dict[str, Preview]:
    """What each target comes to, by its title; of those that have a name and could be imported."""
    by_package: dict[str, list[list[Any]]] = {}
    for each in targets:
        owner = each.owner if isinstance(each.owner, str) else reference_to(each.owner)
        if owner is not None:
            package = owner.partition(":")[0].partition(".")[0]
            by_package.setdefault(package, []).append([owner, each.attribute, each.kind])
    # A Python for each package: it may take long to import, or for ever, or end the process.
    found: dict[str, Preview] = {}
    for some in by_package.values():
        found.update(_asked(some))
    return found


def _asked(targets: list[list[Any]]) -> Iterator[tuple[str, Preview]]:
    program = f"from {__name__} import answer; answer()"
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, json.dumps([sys.path, targets])],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS_FOR_AN_IMPORT,
            check=False,
        )
        answers = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return
    for title, (is_there, refusal, guarded, unguarded) in answers.items():
        yield title, Preview(is_there, refusal, tuple(guarded), tuple(unguarded))


def answer() -> None:
    """In the other Python: read the targets of its command line, and write what they come to."""
    sys.path[:], asked = json.loads(sys.argv[1])
    targets = [
        SdkTarget(owner=owner, attribute=name, kind=kind and MethodKind(kind))
        for owner, name, kind in asked
    ]
    with redirect_stdout(io.StringIO()):
        found = {each.title: look(each) for each in targets}
    print(json.dumps(found), flush=True)  # noqa: T201 - it is the answer
    os._exit(0)  # whatever the SDK wants to do at the end, it has done nothing


def look(target: SdkTarget) -> Preview:
    """What guarding a target comes to, in this process, which imports it."""
    module_name, _, path = target.owner.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError:
        return Preview(is_there=False)
    owner = resolve(module, path)
    if is_missing(owner, target.attribute):
        is_elsewhere = defined_elsewhere(target, owner) is not None
        return Preview(is_elsewhere, missing_reason(target, owner))
    try:
        patch = MethodPatch(target, owner, print)
        patch.install()
    except ResourceGuardMisconfiguration as error:
        return Preview(is_there=True, refusal=str(error))
    package = module_name.partition(".")[0]
    left = [_place(holder, name) for holder, name, _ in aliases(patch.original, package)]
    unguarded = tuple(sorted({*left, *_containers(patch.original, package)}))
    guarded = tuple(sorted(_place(holder, name) for holder, name in patch.aliases))
    return Preview(is_there=True, guarded=guarded, unguarded=unguarded)


def _containers(original: Original, package: str) -> Iterator[str]:
    """The dictionaries and lists of a package that have the function itself in them."""
    kept = {
        id(each)
        for each in gc.get_referrers(original.function)
        if type(each) in (dict, list, tuple, set, frozenset)
    }
    for holder in holders(package):
        for name, value in namespace(holder).items():
            if id(value) in kept and value is not namespace(holder):
                yield _place(holder, name)


def _place(holder: Any, name: str) -> str:
    if isinstance(holder, type):
        return f"{holder.__module__}:{holder.__qualname__}.{name}"
    return f"{holder.__name__}:{name}"
