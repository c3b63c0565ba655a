"""What a guard package's function is given."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import Protocol

from imbue.resource_guards.guard import Guard
from imbue.resource_guards.kinds import MethodKind
from imbue.resource_guards.model import SdkTarget


class Registrar(Protocol):
    """Where guards are registered: a :class:`Registry`, or the module of documented functions.

    A function of a guard package takes one, so hooks, entry points and conftests can all use it.
    """

    def register_binary_guard(
        self, name: str, *, binaries: Iterable[str] | None = None, mark: str | None = None
    ) -> None:
        """See :meth:`Registry.register_binary_guard`."""

    def register_resource_guard(
        self, name: str, *, binaries: Iterable[str] | None = None, mark: str | None = None
    ) -> None:
        """See :meth:`Registry.register_resource_guard`."""

    def register_sdk_guard(
        self,
        name: str,
        install: Callable[[], object] | None = None,
        cleanup: Callable[[], object] | None = None,
        *,
        targets: Iterable[str | SdkTarget] | None = None,
        mark: str | None = None,
    ) -> None:
        """See :meth:`Registry.register_sdk_guard`."""

    def register_connection_guard(
        self,
        name: str,
        is_use: Callable[[Any], bool],
        *,
        mark: str | None = None,
        libraries: Iterable[str] | None = None,
    ) -> None:
        """See :meth:`Registry.register_connection_guard`."""

    def register_address_guard(
        self,
        name: str,
        *addresses: str,
        mark: str | None = None,
        libraries: Iterable[str] | None = None,
    ) -> None:
        """See :meth:`Registry.register_address_guard`."""

    def create_sdk_method_guard(
        self, name: str, methods: Sequence[tuple[Any, str, MethodKind]], *, mark: str | None = None
    ) -> None:
        """See :meth:`Registry.create_sdk_method_guard`."""

    def register_guard(self, name: str, guard: Guard, *, mark: str | None = None) -> None:
        """See :meth:`Registry.register_guard`."""

    def register_probe(self, name: str, probe: Callable[[], str | None] | str) -> None:
        """See :meth:`Registry.register_probe`."""

    def register_guard_kind(self, kind: type[Guard]) -> None:
        """See :meth:`Registry.register_guard_kind`."""
