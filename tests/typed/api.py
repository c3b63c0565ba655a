"""The public API as mypy and pyright see it; checked by `tests/test_typing.py`, never run.

Each line with two comments is a wrong use, which both must find.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from collections.abc import Iterator
from typing import assert_type

import pytest

import imbue.resource_guards as package
from imbue.resource_guards import resource_guards
from imbue.resource_guards.resource_guards import Guard
from imbue.resource_guards.resource_guards import Layer
from imbue.resource_guards.resource_guards import MethodKind
from imbue.resource_guards.resource_guards import Registrar
from imbue.resource_guards.resource_guards import Registry
from imbue.resource_guards.resource_guards import ResourceGuardError
from imbue.resource_guards.resource_guards import ResourceGuardMisconfiguration
from imbue.resource_guards.resource_guards import ResourceGuardViolation
from imbue.resource_guards.resource_guards import SdkTarget
from imbue.resource_guards.resource_guards import create_sdk_method_guard
from imbue.resource_guards.resource_guards import enforce_sdk_guard
from imbue.resource_guards.resource_guards import fixture_uses_resources
from imbue.resource_guards.resource_guards import get_guarded_resource_names
from imbue.resource_guards.resource_guards import register_address_guard
from imbue.resource_guards.resource_guards import register_all_resource_guards
from imbue.resource_guards.resource_guards import register_binary_guard
from imbue.resource_guards.resource_guards import register_connection_guard
from imbue.resource_guards.resource_guards import register_guard
from imbue.resource_guards.resource_guards import register_guard_kind
from imbue.resource_guards.resource_guards import register_guarded_resource_markers
from imbue.resource_guards.resource_guards import register_probe
from imbue.resource_guards.resource_guards import register_resource_guard
from imbue.resource_guards.resource_guards import register_sdk_guard
from imbue.resource_guards.resource_guards import register_session_cleanup_callback
from imbue.resource_guards.resource_guards import run_session_cleanup_callbacks
from imbue.resource_guards.resource_guards import start_resource_guards
from imbue.resource_guards.resource_guards import stop_resource_guards
from imbue.resource_guards.resource_guards import unguarded


def is_postgres(address: object) -> bool:
    return isinstance(address, tuple) and 5432 in address


def install() -> int:
    return 1


def guards() -> None:
    register_binary_guard("tmux", binaries=["tmux"], mark="tmux")
    register_binary_guard(1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    package.register_binary_guard("tmux")
    package.register_binary_guard(1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    register_resource_guard("tmux")
    register_resource_guard("docker", binaries=("docker", "docker-compose"), mark="docker")
    register_resource_guard("docker", "docker")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    register_resource_guard(1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    register_resource_guard("docker", binaries=[1])  # type: ignore[list-item] # pyright: ignore[reportArgumentType]

    register_sdk_guard("mail", install, install)
    register_sdk_guard("mail", targets=["smtplib:SMTP.connect"], mark="mail")
    register_sdk_guard(
        "mail", targets=[SdkTarget(owner=smtplib.SMTP, attribute="connect", when=bool)]
    )
    register_sdk_guard("mail", "smtplib:SMTP.connect")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    register_sdk_guard("mail", targets=[smtplib.SMTP])  # type: ignore[list-item] # pyright: ignore[reportArgumentType]

    register_connection_guard("postgres", is_postgres, mark="postgres")
    register_connection_guard("postgres", is_postgres, libraries=["psycopg2"])
    register_connection_guard("postgres", "localhost")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    register_address_guard("postgres", "localhost:5432", "unix:/run/postgresql/*", mark="postgres")
    register_address_guard("postgres", "*:5432", libraries=["psycopg2"])
    register_address_guard("postgres", 5432)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    register_address_guard("postgres", ["*:5432"])  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    create_sdk_method_guard("mail", [(smtplib.SMTP, "connect", MethodKind.SYNC)], mark="mail")
    create_sdk_method_guard("mail", [(smtplib.SMTP, "connect", "sync")])  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
    create_sdk_method_guard("mail", [(smtplib.SMTP, "connect")])  # type: ignore[list-item] # pyright: ignore[reportArgumentType]

    register_all_resource_guards()
    assert_type(get_guarded_resource_names(), tuple[str, ...])


class HostName(Guard):
    kind = "name"
    layers = (Layer("lookup", "lookup", "seen when looked up", title="look-ups", sees="names"),)

    @property
    def key(self) -> str:
        return "rates.example.com"


def kinds(registry: Registry) -> None:
    register_guard("rates", HostName(), mark="rates")
    register_guard_kind(HostName)
    registry.register_guard_kind(HostName)
    register_guard("rates", "HostName")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    register_guard_kind(str)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def tells() -> str | None:
    return None


def probes(registry: Registry) -> None:
    register_probe("rates", tells)
    registry.register_probe("rates", "rates info")
    register_probe("rates", 3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@unguarded()
def is_there() -> bool:
    with unguarded():
        return True


def targets() -> None:
    assert_type(is_there(), bool)
    target = SdkTarget(
        owner="smtplib:SMTP", attribute="connect", kind=MethodKind.SYNC, optional=True, quiet=True
    )
    assert_type(target.attribute, str)
    assert_type(target.kind, MethodKind | None)
    assert_type(target.title, str)
    target.attribute = "close"  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]
    SdkTarget(owner="smtplib:SMTP")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    SdkTarget(owner="smtplib:SMTP", attribute="connect", kind="sync")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    assert_type([kind.value for kind in MethodKind], list[str])
    assert_type(MethodKind("sync"), MethodKind)


def pytest_register_resource_guards(registry: Registry) -> None:
    registry.register_resource_guard("docker", binaries=["docker"], mark="docker")
    registry.register_sdk_guard("mail", targets=["smtplib:SMTP.connect"])
    registry.register_connection_guard("postgres", is_postgres)
    registry.register_address_guard("postgres", "*:5432")
    registry.create_sdk_method_guard("mail", [(smtplib.SMTP, "connect", MethodKind.SYNC)])
    registry.register_resource_guard(1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert_type(registry.names, tuple[str, ...])
    assert_type("docker" in registry, bool)
    register_mine(registry)
    register_mine(resource_guards)
    register_mine(smtplib)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def register_mine(registrar: Registrar) -> None:
    registrar.register_binary_guard(1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    registrar.register_resource_guard("docker", binaries=["docker"])
    registrar.register_sdk_guard("mail", targets=["smtplib:SMTP.connect"])
    registrar.register_connection_guard("postgres", is_postgres)
    registrar.register_address_guard("postgres", "*:5432")
    registrar.register_nothing("mail")  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


@fixture_uses_resources("docker", "mail")
def plain(name: str) -> int:
    return len(name)


@fixture_uses_resources("docker")
async def coroutine() -> int:
    return 1


@pytest.fixture(scope="session")
@fixture_uses_resources("docker")
def below() -> Iterator[int]:
    yield 1
    install()


@fixture_uses_resources("docker")
@pytest.fixture
def above() -> int:
    return 1


def fixtures() -> None:
    keeps: Callable[[str], int] = plain
    assert_type(keeps(""), int)
    assert_type(plain(""), int)
    plain(1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    fixture_uses_resources(1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    fixture_uses_resources(["docker"])  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def awaited() -> None:
    assert_type(await coroutine(), int)


def session(config: pytest.Config, session: pytest.Session) -> None:
    register_guarded_resource_markers(config)
    register_guarded_resource_markers(config, skip_names={"docker"})
    register_guarded_resource_markers()  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    start_resource_guards(session)
    start_resource_guards(config)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    register_session_cleanup_callback(stop_resource_guards)
    register_session_cleanup_callback(install)
    register_session_cleanup_callback(is_postgres)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    run_session_cleanup_callbacks()
    stop_resource_guards()
    stop_resource_guards(session)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


def errors() -> None:
    try:
        enforce_sdk_guard("mail")
    except ResourceGuardViolation as error:
        assert_type(error.resource, str)
    except ResourceGuardMisconfiguration as error:
        error.resource = ""  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
    base: list[type[ResourceGuardError]] = [ResourceGuardViolation, ResourceGuardMisconfiguration]
    base.append(ValueError)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    enforce_sdk_guard()  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
