"""Fix the source by the report of a run: plan, and apply the plan."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.fix.apply import Fixed
from imbue.resource_guards.fix.apply import Output
from imbue.resource_guards.fix.apply import apply
from imbue.resource_guards.fix.plan import make_plan
from imbue.resource_guards.messages import fix as messages
from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.repository import REPOSITORY
from imbue.resource_guards.report.repository import place_in_repository


def check_root(document: Document, root: Path) -> None:
    """Find out whether the paths of a report can be relative to a directory.

    Args:
        document: The report.
        root: The directory.

    Raises:
        ResourceGuardMisconfiguration: It has none of the files, and the report says that it is of another place.
    """
    place = place_in_repository(root)
    is_here = any((root / each).exists() for each in document.sources)
    if document.root in (None, place) or is_here or not document.sources:
        return
    there = ""
    if place is not None:
        there = os.path.relpath(root / posixpath.relpath(document.root or "", place))
    begin = "" if document.root == REPOSITORY else document.root or ""
    raise ResourceGuardMisconfiguration(messages.fix_of_another_root(begin, there))


def fix_by(document: Document, root: Path, output: str) -> Fixed:
    """Add and remove marks as the tests of a report need them.

    Args:
        document: The report.
        root: The root directory that its paths are relative to.
        output: ``diff``, ``write`` or ``check``.
    """
    plan = make_plan(document.tests, document.labels)
    return apply(plan, root, Output(output), sources=document.sources)
