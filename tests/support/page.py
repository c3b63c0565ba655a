"""Read the code blocks of a page, and do what they say in a folder of its own.

The kinds of blocks:

- ``python``, ``toml``, ``ini`` and ``yaml`` with a ``title="NAME"`` are written to the file of that name; a
  later block of the same name takes its place. Settings have to be readable, and the entry points
  that a ``[project]`` table advertises are put where an installer would put them.
- ``diff`` with a ``title="NAME"`` changes the file of that name, which has the lines that are taken
  out or only shown, one below the other, once.
- ``console`` has commands, after ``$``, and what each prints. Those of known programs are really run,
  ``cd`` leads to another folder. The lines shown have to be in the output, one below the other, but for those that a line
  ``...`` stands for. A command fails where the text shown counts a failure, ``1 failed`` or ``1
  error``, and pytest ends with 4 where it has a line that begins with ``ERROR:``.

Files that no ``console`` block follows are run by a last ``pytest``, which may not fail.

Before lines are compared, what differs from run to run is made the same on both sides: process ids,
seconds, the length of rules, and the folder that the page's files are in.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(
    r"^```(?P<language>\w*)(?P<attributes>.*)\n(?P<text>(?s:.*?))^```$", re.MULTILINE
)
ANY_FENCE = re.compile(r"^\s*(?:```|~~~)", re.MULTILINE)
TITLE = re.compile(r'^ title="([\w./-]+)"$')

FAILURE = re.compile(r"\b\d+ (?:failed|errors?)\b")
USAGE_ERROR = re.compile(r"^ERROR: ", re.MULTILINE)

FILES = ("python", "toml", "ini", "yaml", "diff")
LEFT_OUT = "..."
SECONDS = 120

SAME = (
    (re.compile(r"process \d+"), "process 4711"),
    # Pages say `pytest`, and it is started as a module of this Python.
    (re.compile(r"^python -m pytest ", re.MULTILINE), "pytest "),
    (re.compile(r"\bin \d+\.\d+s\b"), "in 0.12s"),
    (re.compile(r"\b\d+\.\d+ s\b"), "0.12 s"),
    (re.compile(r"={3,}|_{3,}|-{3,}"), "==="),
)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Args:
        language: The word after the fence.
        title: The file that it is, if it is one.
        text: What stands in it.
        line: Where it begins.
    """

    language: str
    title: str
    text: str
    line: int


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page, in their order.

    Raises:
        ValueError: One is of no kind that is known, or its fence is not read as one.
    """
    blocks = []
    for match in FENCE.finditer(page):
        line = page.count("\n", 0, match.start()) + 1
        title = TITLE.match(match["attributes"])
        block = Block(match["language"], title[1] if title else "", match["text"], line)
        if not (block.title and block.language in FILES) and not (
            block.language == "console" and not match["attributes"]
        ):
            raise ValueError(f"line {line}: no kind of block is known that begins so: {match[0]}")
        blocks.append(block)
    if len(ANY_FENCE.findall(page)) != 2 * len(blocks):
        raise ValueError("a fence is indented, of another form, or has no end")
    return blocks


def commands_of(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a console block, and what it is said to print.

    Raises:
        ValueError: It begins with something else.
    """
    before, *rest = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    if before or not rest:
        raise ValueError(f"line {block.line}: a console block begins with a command, after '$ '")
    for each in rest:
        command, _, shown = each.partition("\n")
        yield command, shown.strip("\n")


@dataclass(frozen=True)
class Desk:
    """Where a page is done.

    Args:
        files: The folder of its files.
        programs: The programs that its commands may name, and what is run for each.
        environment: Their environment.
    """

    files: Path
    programs: Mapping[str, tuple[str, ...]]
    environment: Mapping[str, str]


def empty_desk(folder: Path, stand_ins: tuple[str, ...]) -> Desk:
    """A desk without files, with this Python and what is installed for it.

    Args:
        folder: An empty folder for it.
        stand_ins: Programs that the page names and that do nothing here, but succeed.
    """
    files, bin_folder = folder / "page", folder / "bin"
    files.mkdir()
    bin_folder.mkdir()
    for name in stand_ins:
        program = bin_folder / name
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
    environment = {
        **outer_environment(),
        "PATH": os.pathsep.join([str(bin_folder), os.environ["PATH"]]),
        "PYTHONPATH": str(files),
        # As for a user who has pytest, pytest-xdist and resource-guards, and nothing else.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "-presource_guards -pxdist -pno:cacheprovider",
    }
    programs = {"pytest": (sys.executable, "-m", "pytest"), "python": (sys.executable,)}
    return Desk(files, programs, environment)


def outer_environment() -> dict[str, str]:
    """This process's environment, without what the pytest around a page's own has put there.

    And without that by which pytest knows CI, where it does not shorten the lines of its summary.
    """
    own = ("RESOURCE_GUARDS_", "PYTEST_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    for name in ("CI", "BUILD_NUMBER", "GITHUB_STEP_SUMMARY"):
        kept.pop(name, None)
    return {**kept, "COLUMNS": "80"}


class PageRun:
    """Does what a page's blocks say.

    Args:
        desk: Where.
        not_run: Commands that cannot be run here, each with the reason.
    """

    def __init__(self, desk: Desk, not_run: Mapping[str, str]) -> None:
        self._desk = desk
        self._not_run = not_run
        self._files = self._folder = desk.files

    def do(self, page: str) -> None:
        """Do what all blocks say, and compare."""
        waiting = False
        for block in blocks_of(page):
            if block.language == "console":
                for command, shown in commands_of(block):
                    self._run(command, shown)
                waiting = False
            elif block.language == "diff":
                change(self._files / block.title, block.text)
                waiting = True
            else:
                self._write(block)
                waiting = True
        if waiting:
            code, output = self._execute("pytest")
            assert code in (0, 5), output  # 5: there are no tests

    def _write(self, block: Block) -> None:
        path = self._files / block.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
        if block.language == "ini":
            configparser.ConfigParser().read_string(block.text)
        if block.language == "toml":
            self._install(tomllib.loads(block.text).get("project"))

    def _install(self, project: Mapping[str, object] | None) -> None:
        if project is None:
            return
        folder = self._files / f"{str(project['name']).replace('-', '_')}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        groups = project["entry-points"]
        assert isinstance(groups, dict)
        lines = [
            line
            for group, entries in groups.items()
            for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
        ]
        (folder / "entry_points.txt").write_text("\n".join(lines))

    def _run(self, command: str, shown: str) -> None:
        if command in self._not_run:
            assert not shown, f"{command} is not run, so nothing can be said of what it prints"
            return
        code, output = self._execute(command)
        expected = 4 if USAGE_ERROR.search(shown) else int(bool(FAILURE.search(shown)))
        assert code == expected, f"$ {command}\n{output}"
        assert_shown(shown, output, self._files)

    def _execute(self, command: str) -> tuple[int, str]:
        program, *arguments = shlex.split(command)
        if program == "cd":
            self._folder = (self._folder / " ".join(arguments)).resolve(strict=True)
            return 0, ""
        programs = self._desk.programs
        assert program in programs, f"'{command}' is neither run nor listed with a reason"
        done = subprocess.run(
            [*programs[program], *arguments],
            cwd=self._folder,
            env=self._desk.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode, done.stdout


def change(path: Path, diff: str) -> None:
    """Change a file by a diff that has no line numbers.

    Raises:
        ValueError: Not exactly one place in the file has its lines.
    """
    lines = diff.splitlines(keepends=True)
    before, after = ("".join(line[1:] or line for line in lines if line[0] != s) for s in "+-")
    text = path.read_text()
    if text.count(before) != 1:
        raise ValueError(f"{path.name} has these lines {text.count(before)} times:\n{before}")
    path.write_text(text.replace(before, after))


def assert_shown(shown: str, output: str, folder: Path) -> None:
    """Assert that the lines shown are in the output, in their order."""
    real = f"\n{same(output, folder)}\n"
    for part in re.split(rf"^{re.escape(LEFT_OUT)}$", same(shown, folder), flags=re.MULTILINE):
        lines = f"\n{part.strip(chr(10))}\n"
        if lines.strip():
            _, found, real = real.partition(lines)
            assert found, f"not in the output, or not after what stands before it:{lines}\n{output}"
            real = f"\n{real}"


def same(text: str, folder: Path) -> str:
    """The text without what differs from run to run."""
    text = text.replace(f"{folder}{os.sep}", "").replace(str(folder), "FOLDER")
    for pattern, replacement in SAME:
        text = pattern.sub(replacement, text)
    return "\n".join(line.rstrip() for line in text.splitlines())
