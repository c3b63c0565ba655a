"""Fix the source by the report of a run: plan, and apply the plan."""

from __future__ import annotations

from pathlib import Path

from imbue.resource_guards.fix.apply import Fixed
from imbue.resource_guards.fix.apply import Output
from imbue.resource_guards.fix.apply import apply
from imbue.resource_guards.fix.plan import make_plan
from imbue.resource_guards.report.document import Document


def fix_by(document: Document, root: Path, output: str) -> Fixed:
    """Add and remove marks as the tests of a report need them.

    Args:
        document: The report.
        root: The root directory that its paths are relative to.
        output: ``diff``, ``write`` or ``check``.
    """
    plan = make_plan(document.tests, document.labels)
    return apply(plan, root, Output(output), sources=document.sources)
