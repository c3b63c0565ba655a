"""Which module may import which: the contracts in pyproject.toml hold, and each can fail."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

import pytest

import dev
from support.suite import Suite
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
    ("stages", f"{CORE}/scope/slot.py", "imbue.resource_guards.intercept.child"),
    ("stages", f"{CORE}/record/book.py", "imbue.resource_guards.intercept.binaries"),
    ("judge", f"{CORE}/judge/verdict.py", "os"),
    ("judge", f"{CORE}/judge/verdict.py", "imbue.resource_guards.record.children"),
    ("interceptors", f"{CORE}/intercept/shims.py", "imbue.resource_guards.record.ledger"),
    ("interceptors", f"{CORE}/intercept/child_patch.py", "imbue.resource_guards.scope.slot"),
    ("pytest", f"{CORE}/record/ledger.py", "pytest"),
    ("pytest", f"{CORE}/fix/plan.py", "pytest"),
    ("children", f"{CORE}/intercept/audit.py", "imbue.resource_guards.intercept.starts"),
    ("kinds", f"{CORE}/guards/address.py", "imbue.resource_guards.guards.call"),
    ("internals", f"{CORE}/report/outcome.py", "_pytest._code.code"),
    ("internals", f"{CORE}/fix/plan.py", "_pytest.mark"),
    ("report", f"{CORE}/report/evidence.py", "imbue.resource_guards.report.document"),
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


@pytest.fixture(name="copied")
def copied_fixture(tmp_path: Path) -> Path:
    """The packages, to be broken."""
    for member in dev.MEMBERS:
        source = dev.ROOT / "libs" / member / "imbue"
        shutil.copytree(source, tmp_path / "imbue", dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize(("contract", "file", "imported"), OFFENCES)
def test_a_contract_can_fail(copied: Path, contract: str, file: str, imported: str) -> None:
    """One import where it must not be breaks the contract about it, and no other."""
    with (copied / file).open("a") as module:
        module.write(f"\nimport {imported}\n")

    assert broken(copied) == {contract}


def test_an_import_for_types_counts(copied: Path) -> None:
    """A cycle that a type checker alone sees is one."""
    with (copied / CORE / "report" / "recorder.py").open("a") as module:
        module.write("\nfrom typing import TYPE_CHECKING\n")
        module.write("if TYPE_CHECKING:\n    import imbue.resource_guards.lifecycle.accounts\n")

    assert broken(copied) == {"stages"}


HEAVY = (
    *("collections.abc", "contextlib", "dataclasses", "enum", "functools", "importlib", "inspect"),
    *("json", "pathlib", "re", "shutil", "subprocess", "threading", "typing"),
    *("callsite", "kinds", "messages", "model", "record"),
)


def test_what_a_child_python_loads(suite: Suite) -> None:
    """With guards of all kinds: no module of the standard library that takes long to load, nor one of ours that does."""
    suite.tool()
    suite.write(
        sdk="def send(): pass",
        addresses="def is_use(address): return False",
        conftest="""
            import addresses

            def pytest_register_resource_guards(registry):
                registry.register_binary_guard("tool")
                registry.register_sdk_guard("tool", targets=["sdk:send"])
                registry.register_connection_guard("tool", addresses.is_use)
        """,
        test_it=f"""
            import json, subprocess, sys

            CODE = "import sys; loaded = sorted(sys.modules); import json; print(json.dumps(loaded))"

            def test_loaded():
                command = [sys.executable, "-c", CODE]
                bare = subprocess.check_output([sys.executable, "-I", "-S", *command[1:]])
                loaded = set(json.loads(subprocess.check_output(command)))
                ours = {{name for name in loaded if name.startswith("imbue.resource_guards.")}}
                kinds = {{f"imbue.resource_guards.guards.{{kind}}" for kind in ("program", "call", "address")}}
                assert kinds <= ours
                heavy = {{*{HEAVY!r}}}
                heavy |= {{f"imbue.resource_guards.{{name}}" for name in heavy}}
                assert (loaded - set(json.loads(bare))) & heavy == set()
        """,
    )

    assert suite.run().outcomes == {"test_loaded": "passed"}
