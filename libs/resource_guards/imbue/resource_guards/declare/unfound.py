"""Names in the settings that nothing here has: a program that this machine lacks, or a misspelt name.

Which of the two shows when tests are collected: nobody marks tests with a name that is not meant.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import pytest

from imbue.resource_guards.declare.entries import shipped
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.messages import declare as messages

_REFUSED: Final = re.compile(r"'(\w+)' not found in `markers`")
"""What pytest says of a mark that it does not know."""


class Unfound:
    """Looks, as a plugin, which marks the collected tests have, with those that are deselected.

    Args:
        config: pytest's.
        names: The names, which have been registered as programs.
        registry: What is guarded.
        installed: The guard packages that are installed.
    """

    def __init__(
        self,
        config: pytest.Config,
        names: Sequence[str],
        registry: Registry,
        installed: Sequence[str],
    ) -> None:
        self._config = config
        self._names = names
        self._registry = registry
        self._installed = installed
        self._refused: set[str] = set()
        self._marks = {line.partition(":")[0].strip() for line in config.getini("markers")}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """With strict markers, pytest refuses the files whose marks have the right name."""
        if report.failed:
            self._refused.update(_REFUSED.findall(report.longreprtext))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which names may be the reason for that."""
        found = [(each, get_close_matches(each, self._refused, n=1)) for each in self._names]
        lines = [messages.name_perhaps(name, marks[0]) for name, marks in found if marks]
        if lines:
            terminalreporter.section("resource guards")
        for line in lines:
            terminalreporter.line(line)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """A test has been found."""
        self._note([item])

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Tests will not run, and may have got marks by now."""
        self._note(items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Leave no tests to a worker that will complain: by then xdist has begun to run them."""
        if hasattr(self._config, "workerinput"):
            try:
                self.check(session)
            except ResourceGuardMisconfiguration:
                session.items.clear()

    def check(self, session: pytest.Session) -> None:
        """Complain of a name that is no mark of any test, if all tests have been collected.

        Raises:
            ResourceGuardMisconfiguration: There is such a name.
        """
        if session.testsfailed or self._config.pluginmanager.hasplugin("dsession"):
            return  # the reason is told, and xdist's controller collects none
        self._note(session.items)
        labels = {each.label: each for each in self._registry}
        for name in self._names:
            resource = labels[name]
            is_meant = len(resource.guards) > 1 or resource.name in self._marks
            if not is_meant and collects_all(self._config):
                known = [*shipped(), *self._installed, *sorted(self._marks), *_programs()]
                raise ResourceGuardMisconfiguration(
                    messages.name_unknown(name, self._installed, known)
                )

    def _note(self, items: Iterable[pytest.Item]) -> None:
        self._marks.update(mark.name for item in items for mark in item.iter_markers())


def collects_all(config: pytest.Config) -> bool:
    """Whether a run collects all tests of the project, as far as its arguments say.

    It does if they name all test paths of the settings, or without any, the root directory or a
    folder in it.
    """
    option = config.option
    if option.ignore or option.ignore_glob or getattr(option, "lf", False):
        return False
    named = [Path(config.invocation_params.dir, each).absolute() for each in config.args]
    root = config.rootpath
    paths = [path for each in config.getini("testpaths") for path in glob.glob(str(root / each))]  # noqa: PTH207 - may be absolute
    if paths:
        return all(_is_within(Path(path), named) for path in paths)
    return any(each.is_dir() and _is_within(root, [each, each.parent]) for each in named)


def _is_within(path: Path, folders: Iterable[Path]) -> bool:
    return any(folder in (path, *path.parents) for folder in folders)


def _programs() -> list[str]:
    found: set[str] = set()
    for folder in os.get_exec_path():
        try:
            found.update(each.name for each in Path(folder).iterdir())
        except OSError:
            continue
    return sorted(found)
