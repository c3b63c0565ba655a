"""The documented functions. They take no config, and act on the session of this process."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any

import pytest

from imbue.resource_guards import plugin
from imbue.resource_guards.declare.gathering import PENDING
from imbue.resource_guards.declare.markers import add_marker_lines
from imbue.resource_guards.declare.registry import Registry
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.guard import Guard
from imbue.resource_guards.kinds import MethodKind
from imbue.resource_guards.kinds import Phase
from imbue.resource_guards.messages import declare as messages
from imbue.resource_guards.model import SdkTarget
from imbue.resource_guards.record.book import ACTIVE
from imbue.resource_guards.scope.slot import caller
from imbue.resource_guards.session import SESSIONS
from imbue.resource_guards.session import GuardSession


def register_binary_guard(
    name: str, *, binaries: Iterable[str] | None = None, mark: str | None = None
) -> None:
    """Guard a resource by its command-line programs; see :meth:`Registry.register_binary_guard`.

    Example:
        >>> register_binary_guard("tmux")
        >>> register_binary_guard("docker", binaries=["docker", "docker-compose"])
    """
    __tracebackhide__ = True
    _registry().register_binary_guard(name, binaries=binaries, mark=mark)


def register_resource_guard(
    name: str, *, binaries: Iterable[str] | None = None, mark: str | None = None
) -> None:
    """Do the same as :func:`register_binary_guard`, under its name in 0.1.x."""
    __tracebackhide__ = True
    _registry().register_binary_guard(name, binaries=binaries, mark=mark)


def register_sdk_guard(
    name: str,
    install: Callable[[], object] | None = None,
    cleanup: Callable[[], object] | None = None,
    *,
    targets: Iterable[str | SdkTarget] | None = None,
    mark: str | None = None,
) -> None:
    """Guard a resource by the calls of an SDK; see :meth:`Registry.register_sdk_guard`.

    Example:
        >>> register_sdk_guard("storage", targets=["storage_sdk.client:Client.send"])
    """
    __tracebackhide__ = True
    _registry().register_sdk_guard(name, install, cleanup, targets=targets, mark=mark)


def register_connection_guard(
    name: str,
    is_use: Callable[[Any], bool],
    *,
    mark: str | None = None,
    libraries: Iterable[str] | None = None,
) -> None:
    """Guard a resource by connections to it; see :meth:`Registry.register_connection_guard`.

    Example:
        >>> def is_postgres(address):
        ...     return isinstance(address, tuple) and address[1] == 5432
        >>> register_connection_guard("postgres", is_postgres)
    """
    __tracebackhide__ = True
    _registry().register_connection_guard(name, is_use, mark=mark, libraries=libraries)


def register_address_guard(
    name: str,
    *addresses: str,
    mark: str | None = None,
    libraries: Iterable[str] | None = None,
) -> None:
    """Guard a resource by its addresses; see :meth:`Registry.register_address_guard`.

    Example:
        >>> register_address_guard("postgres", "localhost:5432", "unix:/run/postgresql/*")
    """
    __tracebackhide__ = True
    _registry().register_address_guard(name, *addresses, mark=mark, libraries=libraries)


def create_sdk_method_guard(
    name: str, methods: Sequence[tuple[Any, str, MethodKind]], *, mark: str | None = None
) -> None:
    """Guard a resource by methods of classes; see :meth:`Registry.create_sdk_method_guard`."""
    __tracebackhide__ = True
    _registry().create_sdk_method_guard(name, methods, mark=mark)


def register_guard(name: str, guard: Guard, *, mark: str | None = None) -> None:
    """Guard a resource by a guard of any kind; see :meth:`Registry.register_guard`."""
    __tracebackhide__ = True
    _registry().register_guard(name, guard, mark=mark)


def register_probe(name: str, probe: Callable[[], str | None] | str) -> None:
    """Set how to find out whether a resource is available; see :meth:`Registry.register_probe`.

    Example:
        >>> def missing_token():
        ...     return None if os.environ.get("TARIFFS_TOKEN") else "there is no TARIFFS_TOKEN"
        >>> register_probe("tariffs", missing_token)
    """
    __tracebackhide__ = True
    _registry().register_probe(name, probe)


def register_guard_kind(kind: type[Guard]) -> None:
    """Let settings use your own kind of guard; see :meth:`Registry.register_guard_kind`."""
    __tracebackhide__ = True
    _registry().register_guard_kind(kind)


def enforce_sdk_guard(resource: str) -> None:
    """Record that the running test uses the resource, and stop the test if it does not have the mark.

    For patches by ``register_sdk_guard(name, install, cleanup)``. Outside tests, and without
    installed guards, it does nothing.

    Args:
        resource: The name that the guard was registered with, or its mark.

    Raises:
        ResourceGuardViolation: The test may not use the resource.
        ResourceGuardMisconfiguration: Guards are installed, but none has this name.
    """
    __tracebackhide__ = True
    known = False
    now = caller()
    for gatekeeper in ACTIVE:
        if gatekeeper.let_through.get(resource) is now:
            known = True
            continue
        name = gatekeeper.names.get(resource)
        if name is not None:
            known = True
            if gatekeeper.see(name, gatekeeper.labels[name]):
                gatekeeper.let_through[resource] = caller()  # another, if a mark was read meanwhile
    if ACTIVE and not known:
        names = [label for gatekeeper in ACTIVE for label in gatekeeper.labels.values()]
        raise ResourceGuardMisconfiguration(messages.enforced_unknown(resource, names))


def register_all_resource_guards(
    entry_points: Callable[..., Iterable[Any]] = entry_points,
) -> None:
    """Register the guards of all installed guard packages.

    Each entry point of the group ``resource_guards`` is a function that registers guards: with the
    registrar that it gets, or, if it has no parameter, with the documented functions.

    Raises:
        ResourceGuardMisconfiguration: An entry point cannot be loaded, or fails.
    """
    __tracebackhide__ = True
    # Most conftests name what they guard, or leave it to the settings.
    from imbue.resource_guards.declare.from_settings import ENTRY_POINT_GROUP
    from imbue.resource_guards.declare.from_settings import register_entry_point

    for entry_point in entry_points(group=ENTRY_POINT_GROUP):
        register_entry_point(entry_point, _registry())


def get_guarded_resource_names() -> tuple[str, ...]:
    """The marks of the guarded resources, in the order of their registration."""
    return _registry().names


def register_guarded_resource_markers(
    config: pytest.Config, *, skip_names: Collection[str] | None = None
) -> None:
    """Register the marks of all guarded resources with pytest, for ``--strict-markers``.

    The plugin does this as well; a conftest that calls it can stay unchanged.

    Args:
        config: The config that ``pytest_configure`` gets.
        skip_names: Marks that the project registers itself.
    """
    _session(config).gathering.skip_names.update(skip_names or ())
    add_marker_lines(config, _registry(), skip_names=skip_names or ())


def start_resource_guards(session: pytest.Session) -> None:
    """Install the guards. The plugin does this as well; a second call has no effect.

    Raises:
        pytest.UsageError: A guard cannot be installed; then no guard is.
    """
    with plugin.usage_errors():
        _session(session.config).start(session)


def stop_resource_guards() -> None:
    """Remove the guards. A second call has no effect.

    While pytest finishes a session, they stay until the last fixture is torn down.
    """
    if SESSIONS and SESSIONS[-1].phase < Phase.FINISHING:
        SESSIONS[-1].stop()


def register_session_cleanup_callback(callback: Callable[[], object]) -> None:
    """Add a function for :func:`run_session_cleanup_callbacks`; adding it again has no effect."""
    callbacks = _registry().cleanup_callbacks
    if callback not in callbacks:
        callbacks.append(callback)


def run_session_cleanup_callbacks() -> None:
    """Run the registered functions in order; if one fails, the others still run.

    Raises:
        Exception: The exception of a function that failed.
        ExceptionGroup: The exceptions, if several functions failed.
    """
    errors = []
    for callback in tuple(_registry().cleanup_callbacks):
        try:
            callback()
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must run
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup(messages.CLEANUP_FAILED, errors)


def _registry() -> Registry:
    if SESSIONS:
        return SESSIONS[-1].registry
    if not PENDING:
        PENDING.append(Registry())
    return PENDING[0]


def _session(config: pytest.Config) -> GuardSession:
    # Where plugins are not loaded by themselves, a conftest that calls these functions wants this
    # one. Under `-p no:resource_guards` it gets a session that does nothing, so that what it goes
    # on to do reaches no other: that of a pytest around this one.
    if plugin.SESSION not in config.stash:
        if config.pluginmanager.is_blocked(plugin.NAME):
            plugin.make_session(config, is_blocked=True)
        else:
            config.pluginmanager.register(plugin, plugin.NAME)
    return config.stash[plugin.SESSION]
