"""Other names of a guarded function, in its own package, are guarded too, and put back."""

from __future__ import annotations

import sys
import textwrap
import types
from typing import Any

import pytest

from imbue.resource_guards.intercept.attributes import resolve
from imbue.resource_guards.intercept.method_patch import MethodPatch
from imbue.resource_guards.model import SdkTarget

CLIENT = """
    import functools

    class Base:
        def inherited(self, value=7):
            return value

        @classmethod
        def of_base(cls, value=7):
            return value

    class Client(Base):
        def send(self, value=7):
            return value

        post = send

        @classmethod
        def of_class(cls, value=7):
            return value

        @staticmethod
        def static(value=7):
            return value

        @functools.lru_cache
        def cached(self, value=7):
            return value

        class Inner:
            pass

    class Facade:
        def __init__(self):
            self.client = None

        class Part:
            send = Client.send
            static = staticmethod(Client.static)

    def function(value=7):
        return value

    _INSTANCE = Client()
    connect = Client.of_class
    bound = _INSTANCE.send
    bound_to_base = Base().inherited
    bound_to_client = _INSTANCE.inherited
    of_client = Client.of_base
    of_base = Base.of_base
    always_three = functools.partial(_INSTANCE.send, 3)
    cached = _INSTANCE.cached
    static = Client.static
    renamed = function
"""

PACKAGE = """
    from package.client import Client, connect, function
    exported = function
    unbound = Client.send
"""


class Proxy:
    """An object that says that it is something else, where one may not ask it."""

    @property  # type: ignore[misc] # it can be set elsewhere
    def __class__(self) -> Any:
        raise RuntimeError("outside of its context")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The module of the targets; its package is loaded."""
    modules = {"package.client": CLIENT, "package": PACKAGE, "packaged": "from package import *"}
    for name, text in modules.items():
        module = types.ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(textwrap.dedent(text), vars(module))  # noqa: S102 - it is the test's own
    vars(sys.modules["package"])["proxy"] = Proxy()
    return sys.modules["package.client"]


@pytest.mark.parametrize(
    ("target", "alias", "answer"),
    [
        ("Client.send", "client.Client().post()", 7),
        ("Client.send", "client.Facade.Part.send(None)", 7),
        ("Client.send", "client.bound()", 7),
        ("Client.send", "client.always_three()", 3),
        ("Client.send", "package.unbound(None)", 7),
        ("Client.of_class", "client.connect()", 7),
        ("Client.of_class", "package.connect()", 7),
        ("Client.static", "client.static()", 7),
        ("Client.static", "client.Facade.Part.static()", 7),
        ("Client.cached", "client.cached()", 7),
        ("Client.inherited", "client.bound_to_client()", 7),
        ("Client.of_base", "client.of_client()", 7),
        ("function", "client.renamed()", 7),
        ("function", "package.exported()", 7),
    ],
)
def test_another_name_of_a_target(
    client: types.ModuleType, target: str, alias: str, answer: object
) -> None:
    """A call by it is seen once, and goes unseen when the guard is taken out."""
    before = names()
    calls: list[object] = []
    patch = patch_of(client, target, calls)
    patch.install()
    patch.install()
    try:
        assert evaluated(alias) == answer
    finally:
        patch.uninstall()

    assert calls == [1]
    assert names() == before
    assert evaluated(alias) == answer
    assert calls == [1]


@pytest.mark.parametrize(
    ("target", "other"),
    [
        ("Client.inherited", "client.bound_to_base()"),
        ("Client.of_base", "client.of_base()"),
        ("Client.send", "client.function()"),
        ("function", "packaged.exported()"),
    ],
)
def test_what_is_not_the_target(client: types.ModuleType, target: str, other: str) -> None:
    """What a base class shares with other classes is left alone."""
    calls: list[object] = []
    patch = patch_of(client, target, calls)
    patch.install()
    try:
        assert evaluated(other) == 7
    finally:
        patch.uninstall()

    assert calls == []


def patch_of(client: types.ModuleType, target: str, calls: list[object]) -> MethodPatch:
    """A patch of a target in the module that notes each call."""
    owner, _, attribute = target.rpartition(".")
    name = f"package.client:{owner}" if owner else "package.client"
    return MethodPatch(
        SdkTarget(owner=name, attribute=attribute),
        resolve(client, owner),
        lambda *_: calls.append(1),
    )


def evaluated(expression: str) -> object:
    """What an expression about the package gives."""
    modules = {**sys.modules, "client": sys.modules["package.client"]}
    return eval(expression, modules)  # noqa: S307 - it is the test's own


def names() -> dict[str, int]:
    """What each name of the package, and of its classes, stands for."""
    found = {}
    for module in ("package", "package.client", "packaged"):
        for name, value in vars(sys.modules[module]).items():
            found[f"{module}.{name}"] = id(value)
            if issubclass(type(value), type):
                for each, entry in vars(value).items():
                    found[f"{module}.{name}.{each}"] = id(entry)
    return found
