"""What runs on the code host: pinned, with no more rights than needed, and behind one gate."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # its stubs would be for this file alone

import dev
from support.tools import run_tool

WORKFLOWS = sorted((dev.ROOT / ".github" / "workflows").glob("*.yml"))
ZIZMOR = ("zizmor", "--offline", "--persona=pedantic", "--quiet")
PINNED = re.compile(r"uses: [\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def read(name: str) -> dict[Any, Any]:
    """The workflow of that name. (YAML reads its key ``on`` as true.)"""
    loaded: dict[Any, Any] = yaml.safe_load((dev.ROOT / f".github/workflows/{name}").read_text())
    return loaded


def commands(job: dict[str, Any]) -> list[str]:
    """The commands of a job."""
    return [step["run"] for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("path", sorted((dev.ROOT / ".github").rglob("*.yml")), ids=str)
def test_every_file_is_yaml(path: Path) -> None:
    """Each file that the code host reads has keys, and no key twice."""
    text = path.read_text()

    assert isinstance(yaml.safe_load(text), dict)
    top = re.findall(r"^(\w+):", text, re.MULTILINE)
    assert len(top) == len(set(top))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned(path: Path) -> None:
    """By a commit, with the version that it is in a comment."""
    uses = [line.strip(" -") for line in path.read_text().splitlines() if "uses:" in line]

    assert uses
    assert [line for line in uses if not PINNED.fullmatch(line)] == []


def test_one_action_has_one_pin() -> None:
    """All workflows use the same commit of an action."""
    uses = {line for path in WORKFLOWS for line in re.findall(r"uses: .*", path.read_text())}

    assert len(uses) == len({line.partition("@")[0] for line in uses})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_workflow_has_rights(path: Path) -> None:
    """Its jobs have those that they name; only the one that publishes may prove who it is."""
    workflow = read(path.name)

    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        expected = ({"id-token": "write"},) if name == "publish" else ({}, {"contents": "read"})
        assert job.get("permissions", {}) in expected, name


def test_what_publishes_runs_nothing_of_the_repository() -> None:
    """It takes what the build, which has no rights, has made, and has no commands."""
    jobs = read("release.yml")["jobs"]

    assert jobs["build"]["permissions"] == {}
    assert jobs["publish"]["needs"] == "build"
    assert jobs["publish"]["environment"] == "pypi"
    assert commands(jobs["publish"]) == []
    assert not any("checkout" in step["uses"] for step in jobs["publish"]["steps"])


def test_the_gate_needs_every_job() -> None:
    """And runs whatever became of them."""
    jobs = read("ci.yml")["jobs"]
    gate = jobs.pop("gate")

    assert set(gate["needs"]) == set(jobs)
    assert gate["if"] == "always()"
    assert not [name for name, job in jobs.items() if "if" in job or "continue-on-error" in job]


@pytest.mark.parametrize(
    ("results", "opens"),
    [
        ("success success", True),
        ("success failure", False),
        ("failure success", False),
        ("cancelled", False),
        ("success skipped success", False),
    ],
)
def test_the_gate_opens_when_each_job_has_succeeded(results: str, opens: bool) -> None:  # noqa: FBT001 - a row
    """Its command, as the code host runs it, fails for any other result."""
    (command,) = commands(read("ci.yml")["jobs"]["gate"])
    bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command]

    done = subprocess.run(bash, env={"RESULTS": results}, check=False)

    assert (done.returncode == 0) is opens


def test_ci_has_every_python_and_both_pytests() -> None:
    """Those that the classifiers of the packages name, on Linux; and two on macOS."""
    jobs = read("ci.yml")["jobs"]

    assert jobs["linux"]["strategy"]["matrix"] == {
        "python": ["3.11", "3.12", "3.13", "3.14", "3.15"],
        "pytest": ["pytest 8.4", "newest pytest"],
        "include": [{"python": "3.14", "pytest": "next pytest"}],
    }
    assert jobs["macos"]["strategy"]["matrix"] == {"python": ["3.12", "3.13"]}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_file_that_a_job_names_exists(path: Path) -> None:
    """A script, or a test that is left out, is found in the workspace."""
    text = " ".join(run for job in read(path.name)["jobs"].values() for run in commands(job))
    named = re.findall(r"(?<![.\w/])(?:benchmarks|examples|libs|scripts|tests)/[\w/]+\.py", text)

    assert named
    assert [name for name in named if not (dev.ROOT / name).exists()] == []


def test_zizmor_finds_nothing() -> None:
    """In the workflows and in dependabot's settings, however strict it is."""
    done = run_tool(*ZIZMOR, ".github")

    assert done.returncode == 0, done.stdout


def test_zizmor_finds_what_is_wrong(tmp_path: Path) -> None:
    """In the same workflow with an action that is not pinned."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = (dev.ROOT / ".github" / "workflows" / "ci.yml").read_text()
    (folder / "ci.yml").write_text(re.sub(r"@[0-9a-f]{40} # (v\d+)\S+", r"@\1", text))

    done = run_tool(*ZIZMOR, ".github", cwd=tmp_path)

    assert done.returncode != 0
    assert "unpinned-uses" in done.stdout


def test_pre_commit_fetches_nothing() -> None:
    """All of its hooks are programs of the workspace's own environment."""
    settings = yaml.safe_load((dev.ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in settings["repos"] for hook in repo["hooks"]]

    assert {repo["repo"] for repo in settings["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks)
