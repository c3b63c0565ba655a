"""Write a small test suite, run it as a user would, and read what became of each test."""

from __future__ import annotations

import os
import shutil
import textwrap
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from itertools import count
from pathlib import Path

import pytest

from support.forking import can_fork
from support.forking import zygote

_SECONDS = 120
"""How long a run may take."""

MISSING = "without @pytest.mark.{}"
SUPERFLUOUS = "never invoked {}"
UNUSED = "never used {}"


OTHERS_VARIABLES = (
    *("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "GITHUB_STEP_SUMMARY"),
    *("CI", "BUILD_NUMBER", "AI_AGENT", "CLAUDECODE"),  # which change what pytest and we print
)
"""What may be set around the tests, and is not meant for the suites that they run."""

WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
"""A test with it runs in one process and in two of xdist."""


@dataclass
class Test:
    """What a run said of one test: its outcome, by the worst of its phases, and all its text."""

    __test__ = False

    outcome: str = "passed"
    text: str = ""

    def says_missing(self, mark: str = "tool") -> bool:
        """Whether it failed for want of the mark."""
        return self.outcome in ("failed", "error") and MISSING.format(mark) in self.text

    def says_superfluous(self, label: str = "tool") -> bool:
        """Whether it failed because it has the mark, or a fixture declares it, and did not use the resource."""
        said = any(each.format(label) in self.text for each in (SUPERFLUOUS, UNUSED))
        return self.outcome in ("failed", "error") and said


@dataclass
class Outcome:
    """What became of a run.

    Args:
        code: Its exit code.
        output: All that it has printed.
        cases: What it said of each test, by module (and class) and name.
    """

    code: int
    output: str
    cases: dict[tuple[str, str], Test] = field(default_factory=dict)

    @property
    def tests(self) -> dict[str, Test]:
        """What was said of each test, by its name alone."""
        return {name: test for (_, name), test in self.cases.items()}

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcome of each test by its name."""
        return {name: test.outcome for name, test in self.tests.items()}

    @property
    def counts(self) -> Counter[str]:
        """How many tests had each outcome."""
        return Counter(self.outcomes.values())

    def __getitem__(self, name: str) -> Test:
        return self.tests[name]


class Suite:
    """A directory with a test suite, and programs on PATH that leave evidence when they run."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = pytester.path / "suite"
        self.path.mkdir()
        self.temporary = pytester.path / "tmp"
        self.temporary.mkdir()
        self.bin = pytester.path / "bin"
        self.bin.mkdir()
        self._pytester = pytester
        self._numbers = count()
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("PATH", str(self.bin), prepend=os.pathsep)
        monkeypatch.setenv("TMPDIR", str(self.temporary))
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        for name in OTHERS_VARIABLES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.chdir(self.path)

    def tool(self, name: str = "tool", script: str = "", folder: Path | None = None) -> Path:
        """Make a program that notes each of its runs, and then runs `script`."""
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        evidence = self._evidence(name)
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> "{evidence}"\n{script}\n')
        path.chmod(0o755)
        return path

    def runs_of(self, name: str = "tool") -> list[str]:
        """The arguments of each run of a program since the last call."""
        evidence = self._evidence(name)
        if not evidence.exists():
            return []
        runs = evidence.read_text().splitlines()
        evidence.unlink()
        return runs

    def be_nobodys_child(self) -> None:
        """Have its runs be no children of this one, whose guards would be in them as well."""
        self._monkeypatch.delenv("RESOURCE_GUARDS_SCOPE", raising=False)

    def clear(self) -> None:
        """Remove all files of the suite, and the evidence of earlier runs."""
        for path in self.path.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        for evidence in self._pytester.path.glob("*.evidence"):
            evidence.unlink()

    def write(self, **files: str) -> None:
        """Write Python files, ``conftest="..."`` for ``conftest.py``; ``__`` is a folder."""
        self.write_files({f"{name.replace('__', '/')}.py": text for name, text in files.items()})

    def write_files(self, files: Mapping[str, str]) -> None:
        """Write files, by their paths."""
        for name, text in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def guard_tool(self) -> None:
        """Make a program ``tool``, and a conftest that guards it."""
        self.tool()
        self.write(
            conftest="""
                def pytest_register_resource_guards(registry):
                    registry.register_resource_guard("tool")
            """
        )

    def name_guards(self, *names: str) -> None:
        """Make programs, and settings that name them as guarded."""
        for name in names:
            self.tool(name)
        self.write_files(
            {"pytest.ini": f"[pytest]\nresource_guards = {' '.join(names)}\npythonpath = .\n"}
        )

    def run(
        self,
        *arguments: str,
        plugins: tuple[str, ...] = (),
        load: str = "-p",
        fresh: bool = False,
    ) -> Outcome:
        """Run the suite in a process of its own.

        Args:
            arguments: pytest's.
            plugins: Names of further plugins to load.
            load: How the plugin is loaded: by ``-p``, which leaves other plugins out and is fast;
                ``auto``, as for a user; ``none``, but a conftest may; or ``blocked``.
            fresh: In a Python that has imported nothing yet, which takes longer.
        """
        junit = self._pytester.path / "junit.xml"
        junit.unlink(missing_ok=True)
        options = [f"--junitxml={junit}", "-ojunit_logging=no", "-pno:cacheprovider"]
        if load == "auto":
            self._monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
            # The first changes the order, the second has session fixtures for every test, whose end a
            # superfluous mark waits for, and the last run all tests, or their fixtures, themselves;
            # there are tests about each of them.
            self._monkeypatch.setenv(
                "PYTEST_ADDOPTS", "-pno:randomly -pno:django -pno:trio -pno:twisted"
            )
        elif load == "-p":
            options += ["-presource_guards"]
        elif load == "blocked":
            options += ["-pno:resource_guards"]
        options += [f"-p{name}" for name in plugins]
        if load != "auto" and any(argument.startswith("-n") for argument in arguments):
            options += ["-pxdist"]
        if not fresh and can_fork():
            code, output = self._run_forked(*options, *arguments)
        else:
            result = self._pytester.runpytest_subprocess(*options, *arguments, timeout=_SECONDS)
            code, output = int(result.ret), f"{result.stdout.str()}\n{result.stderr.str()}"
        return Outcome(code, output, _read(junit) if junit.exists() else {})

    def _run_forked(self, *arguments: str) -> tuple[int, str]:
        """The same as `runpytest_subprocess`, in a fork of a Python that has imported pytest."""
        temporary = self._pytester.path / f"runpytest-{next(self._numbers)}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", str(Path.cwd()), prepend=os.pathsep)
            words = [f"--basetemp={temporary}", *arguments]
            print("running:", "pytest", *words)
            ended = zygote().run(words, Path.cwd(), self._pytester.path, _SECONDS)
        print(ended.output, ended.errors)
        return ended.code, "\n".join([*ended.output.splitlines(), *ended.errors.splitlines()])

    def leftovers(self) -> list[str]:
        """What a run has left in the temporary directory of its own making."""
        return sorted(path.name for path in self.temporary.glob("resource-guards-*"))

    def _evidence(self, name: str) -> Path:
        return self._pytester.path / f"{name}.evidence"


def _read(junit: Path) -> dict[tuple[str, str], Test]:
    tests: dict[tuple[str, str], Test] = {}
    for case in ET.parse(junit).getroot().iter("testcase"):  # noqa: S314 - pytest has written it
        key = case.get("classname", ""), case.get("name", "")
        test = tests.setdefault(key, Test())
        for child in case:
            if child.tag in ("failure", "error", "skipped"):
                test.text += f"{child.get('message') or ''}\n{child.text or ''}\n"
                outcome = {"failure": "failed"}.get(child.tag, child.tag)
                if test.outcome not in ("failed", "error"):
                    test.outcome = outcome
    return tests
