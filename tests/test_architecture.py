"""Which module may import which: the contracts in pyproject.toml hold, and each can fail."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

import pytest

import dev
from support.tools import run_tool

SETTINGS = dev.ROOT / "pyproject.toml"
CONTRACTS = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads(SETTINGS.read_text())["tool"]["importlinter"]["contracts"]
}
CORE = "imbue/resource_guards"

# For each contract imports that break it and no other: in which file, and of what.
OFFENCES = [
    ("stages", f"{CORE}/declare/gathering.py", "imbue.resource_guards.lifecycle.accounts"),
    ("stages", f"{CORE}/model.py", "imbue.resource_guards.judge.verdict"),
    ("stages", f"{CORE}/session.py", "imbue.resource_guards.api"),
    ("stages", f"{CORE}/without_a_stage.py", "os"),
    ("stages", f"{CORE}/report/header.py", "imbue.resource_guards.fix.edits"),
    ("judge", f"{CORE}/judge/verdict.py", "os"),
    ("judge", f"{CORE}/judge/verdict.py", "imbue.resource_guards.record.children"),
    ("interceptors", f"{CORE}/intercept/shims.py", "imbue.resource_guards.record.ledger"),
    ("interceptors", f"{CORE}/intercept/child_patch.py", "imbue.resource_guards.record.ledger"),
    ("pytest", f"{CORE}/record/ledger.py", "pytest"),
    ("pytest", f"{CORE}/fix/plan.py", "pytest"),
    ("internals", f"{CORE}/report/outcome.py", "_pytest._code.code"),
    ("internals", f"{CORE}/fix/plan.py", "_pytest.mark"),
    ("children", f"{CORE}/intercept/audit.py", "imbue.resource_guards.intercept.starts"),
    ("children-light", f"{CORE}/intercept/binaries.py", "pathlib"),
    ("children-light", f"{CORE}/intercept/starts.py", "imbue.resource_guards.model"),
    ("report", f"{CORE}/report/record_of_test.py", "imbue.resource_guards.report.document"),
    ("report", f"{CORE}/fix/plan.py", "imbue.resource_guards.report.header"),
    ("libcst", f"{CORE}/report/table.py", "libcst"),
    ("packages", "imbue/mngr/engine.py", "imbue.mngr_modal.rpc"),
    ("packages", f"{CORE}/callsite.py", "imbue.mngr.engine"),
    ("documented", "imbue/mngr/register_guards_docker.py", "imbue.resource_guards.model"),
    ("documented", "imbue/mngr_modal/pytest_plugin.py", "imbue.resource_guards.session"),
]


def broken(*folders: Path) -> set[str]:
    """The contracts that the packages in these folders break."""
    environment = {"PYTHONPATH": os.pathsep.join(map(str, folders)), "COLUMNS": "200"}
    options = [f"--config={SETTINGS}", "--no-cache", "--no-logo"]
    done = run_tool("lint-imports", *options, cwd=folders[0], environment=environment)
    found = {contract for contract, name in CONTRACTS.items() if f"{name} BROKEN" in done.stdout}
    assert f"{len(found)} broken" in done.stdout, done.stdout
    assert done.returncode == (1 if found else 0), done.stdout
    return found


def test_the_contracts_hold() -> None:
    """No module imports what it must not."""
    assert broken(*(dev.ROOT / "libs" / member for member in dev.MEMBERS)) == set()


def test_each_contract_is_broken_once() -> None:
    """There is an offence for each contract below."""
    assert {contract for contract, *_ in OFFENCES} == set(CONTRACTS)


@pytest.mark.parametrize(("contract", "file", "imported"), OFFENCES)
def test_a_contract_can_fail(tmp_path: Path, contract: str, file: str, imported: str) -> None:
    """One import where it must not be breaks the contract about it, and no other."""
    for member in dev.MEMBERS:
        source = dev.ROOT / "libs" / member / "imbue"
        shutil.copytree(source, tmp_path / "imbue", dirs_exist_ok=True)
    with (tmp_path / file).open("a") as module:
        module.write(f"\nimport {imported}\n")

    assert broken(tmp_path) == {contract}
