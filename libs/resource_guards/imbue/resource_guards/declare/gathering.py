"""Gather what is guarded, as settings, hooks and the documented functions tell of it, until the run ends."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING
from typing import Final

import pytest

from imbue.resource_guards.declare.policy import read_texts

if TYPE_CHECKING:
    from imbue.resource_guards.declare.registry import Registry
    from imbue.resource_guards.declare.tables import Tables
    from imbue.resource_guards.declare.unfound import Unfound
    from imbue.resource_guards.model import Resource


PENDING: Final[list[Registry]] = []
"""What was registered when no session existed yet, if anything was; the first session takes it over."""


class Gathering:
    """What one session guards; empty, and nearly free, until a guard is registered.

    Args:
        config: pytest's.

    Attributes:
        skip_names: The marks that the project describes itself.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.skip_names: set[str] = set()
        self._config = config
        self._registry: Registry | None = None
        self._listener: Callable[[Resource], None] | None = None
        self._has_asked = False
        self._unfound: Unfound | None = None

    @property
    def registry(self) -> Registry:
        """Where guards are registered."""
        if self._registry is None:
            # Takes longer than all else that a session without guards does.
            from imbue.resource_guards.declare.registry import Registry

            self._registry = Registry()
            self._registry.listen(self._listener)
        return self._registry

    @property
    def has_guards(self) -> bool:
        """Whether any guard is registered."""
        return self._registry is not None and bool(self._registry.names)

    def listen(self, listener: Callable[[Resource], None] | None) -> None:
        """Call back with each resource that is added or extended from now on; `None` ends it."""
        self._listener = listener
        if self._registry is not None:
            self._registry.listen(listener)

    def read_settings(self) -> None:
        """Register what the settings name or define.

        Raises:
            ResourceGuardMisconfiguration: One of them cannot be read, or names nothing.
        """
        tables = self._read_tables()
        names = read_texts(self._config, "resource_guards")
        lines = read_texts(self._config, "resource_guards_define")
        if names:
            from imbue.resource_guards.declare.from_settings import register_named

            self._unfound, tables = register_named(
                self._config, names, self.registry, (lines, tables)
            )
        self.ask_hooks()
        if lines or tables:  # after the hooks, which may tell of kinds of guards
            from imbue.resource_guards.declare.from_settings import register_defined
            from imbue.resource_guards.declare.tables import register_tables

            register_tables(tables, self.registry)  # first, since a table can say the mark
            register_defined(lines, self.registry)

    def check_names(self, pytest_session: pytest.Session) -> None:
        """Complain of a name in the settings that nothing has, and no test as its mark.

        Raises:
            ResourceGuardMisconfiguration: There is one.
        """
        if self._unfound is not None:
            self._unfound.check(pytest_session)

    def _read_tables(self) -> Tables:
        # Most projects have no guards, and are read no further than to see that. One of the two words may have
        # a slip in it.
        files = {self._config.rootpath / "pyproject.toml": None, self._config.inipath: None}
        texts = [*map(str.encode, self._config.option.override_ini or ())]
        for path in files:
            with suppress(OSError):
                texts.append(path.read_bytes() if path is not None else b"")
        if not any(b"guard" in text or b"resource" in text for text in texts):
            return {}
        from imbue.resource_guards.declare.setting_files import read_tables

        return read_tables(self._config)

    def ask_hooks(self) -> None:
        """Register the guards of hooks, when the first plugin or conftest is there that has one.

        That may be a conftest that is found while tests are collected. A second call changes nothing.

        Raises:
            ResourceGuardMisconfiguration: One registers a guard wrongly.
        """
        hook = self._config.hook.pytest_register_resource_guards
        if self._has_asked or not hook.get_hookimpls():
            return
        self._has_asked = True
        from imbue.resource_guards.declare.from_hooks import collect_from_hooks

        collect_from_hooks(self._config, self.registry)

    def add_marker_lines(self, resources: Iterable[Resource] | None = None) -> None:
        """Make the marks of some resources known to pytest; by default of all that there are."""
        from imbue.resource_guards.declare.markers import add_marker_lines

        add_marker_lines(self._config, resources or self.registry, skip_names=self.skip_names)
