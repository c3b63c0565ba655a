"""Each kind of attribute that a target can name: guarded as itself, or refused with what to name."""

from __future__ import annotations

import abc
import asyncio
import copy
import enum
import functools
import inspect
import pickle
import sys
import types
import typing
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from typing import Generic
from typing import Self
from typing import TypeVar

import cloudpickle  # type: ignore[import-untyped]
import pytest

from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.errors import ResourceGuardViolation
from imbue.resource_guards.intercept import attributes
from imbue.resource_guards.intercept.attributes import missing_reason
from imbue.resource_guards.intercept.attributes import resolve
from imbue.resource_guards.intercept.gate import SdkCall
from imbue.resource_guards.intercept.method_patch import MethodPatch
from imbue.resource_guards.intercept.replacement import Replacement
from imbue.resource_guards.kinds import MethodKind
from imbue.resource_guards.listeners import LISTENERS
from imbue.resource_guards.model import SdkTarget

T = TypeVar("T")
RAN: list[object] = []
HERE = sys.modules[__name__]


def ran(value: object) -> object:
    """What all of the SDK comes to."""
    RAN.append(value)
    return value


class Decorated:
    """A decorator that is a class, as many libraries have."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.label = "decorated"

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)

    def __get__(self, instance: Any, owner: type) -> Any:
        return functools.partial(self, instance) if instance is not None else self


class Cached:
    """A descriptor whose value is made when it is first read, not by `functools`."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else self.function(instance)


class Setting:
    """A descriptor of data."""

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else ran("read")

    def __set__(self, instance: Any, value: Any) -> None:
        ran(value)

    def __delete__(self, instance: Any) -> None:
        ran("deleted")


class OwnProperty(property):
    """A property of a library's own, which is made in another way."""

    def __init__(self, label: str, get: Callable[[Any], Any]) -> None:
        super().__init__(get)
        self.label = label


class Answering:
    """An object that is called."""

    label = "answering"

    def __call__(self, value: object) -> object:
        return ran(value)


class AnsweringLater:
    """One whose call is a coroutine."""

    async def __call__(self, value: object) -> object:
        return ran(value)


class Meta(type):
    """A metaclass with a method."""

    def create(cls, value: object) -> object:
        """Of each class that it makes."""
        return cls, ran(value)


class Base:
    """What `Client` inherits."""

    def inherited(self, value: object) -> object:
        return ran(value)

    @property
    def inherited_value(self) -> object:
        return ran("value")

    inherited_partial = functools.partialmethod(inherited, 3)


class Client(Base, metaclass=Meta):
    """The class in which most targets are."""

    __slots__ = ("slot",)

    def send(self, value: object) -> object:
        return ran(value)

    sent_three = functools.partialmethod(send, 3)

    async def later(self, value: object) -> object:
        return ran(value)

    three_later = functools.partialmethod(later, 3)

    @functools.singledispatchmethod
    def dispatched(self, value: object) -> object:
        return ran(value)

    @dispatched.register
    def _(self, value: int) -> object:
        return ran(value + 1)

    @functools.lru_cache  # noqa: B019 - it is about just that
    def cached(self, value: object) -> object:
        return ran(value)

    @types.coroutine
    def awaited(self, value: object) -> Generator[Any, Any, object]:
        yield
        return ran(value)

    @property
    def value(self) -> object:
        return ran("value")

    @value.setter
    def value(self, value: object) -> None:
        ran(value)

    @functools.cached_property
    def kept(self) -> object:
        return ran("kept")

    own_property = OwnProperty("own", lambda _self: ran("own"))
    cached_elsewhere = Cached(lambda _self: ran("cached"))
    setting = Setting()

    @Decorated
    def decorated(self, value: object) -> object:
        return ran(value)

    @classmethod
    def of_class(cls, value: object) -> object:
        return cls, ran(value)

    @staticmethod
    def static(value: object) -> object:
        return ran(value)

    class_partial = classmethod(functools.partial(lambda *values: ran(values[-1])))
    static_object = staticmethod(Answering())
    answering = Answering()
    answering_later = AnsweringLater()
    in_c = len

    def stream(self) -> Iterator[object]:
        yield ran(1)
        yield ran(2)

    async def stream_later(self) -> AsyncIterator[object]:
        yield ran(1)
        yield ran(2)

    def __enter__(self) -> object:
        return ran("entered")

    def __exit__(self, *_: object) -> None:
        """End it."""

    async def __aenter__(self) -> object:
        return ran("entered")

    async def __aexit__(self, *_: object) -> None:
        """End it."""

    def __call__(self, value: object) -> object:
        return ran(value)

    def __getitem__(self, key: object) -> object:
        return ran(key)

    def __class_getitem__(cls, key: object) -> object:
        return ran(key)

    def __init_subclass__(cls) -> None:
        ran("subclass")

    @typing.overload
    def typed(self, value: int) -> int: ...
    @typing.overload
    def typed(self, value: str) -> str: ...
    def typed(self, value: Any) -> Any:
        return ran(value)


class Other(metaclass=Meta):
    """Another class of the same metaclass."""


class Heir(Base):
    """A class that has only what it inherits."""


class Plain:
    """A class without `__init__` whose `__new__` takes arguments."""

    def __new__(cls, value: object) -> Self:
        ran(value)
        return super().__new__(cls)


class Initialised(Base):
    """A class with `__init__` of its own."""

    def __init__(self, value: object) -> None:
        ran(value)


class Nothing:
    """A class with neither."""


@dataclass
class Data:
    """A class whose methods are generated."""

    value: object

    def __post_init__(self) -> None:
        ran(self.value)


class Color(enum.Enum):
    """A class that guards its attributes."""

    RED = 1

    def paint(self, value: object) -> object:
        return self, ran(value)


class Box(Generic[T]):
    """A generic class."""

    def put(self, value: T) -> T:
        ran(value)
        return value


IntBox = Box[int]
CLIENT = Client()
bound = CLIENT.send
partial = functools.partial(CLIENT.send, 7)
answering = Answering()
in_c = len


@functools.lru_cache
def cached(value: object) -> object:
    """A function whose answers are kept."""
    return ran(value)


@functools.singledispatch
def dispatched(value: object) -> object:
    """A function for each type."""
    return ran(value)


class Abstract(abc.ABC):
    """A class that others implement."""

    @abc.abstractmethod
    def send(self) -> object: ...


class Concrete(Abstract):
    """One that implements it."""

    def send(self) -> object:
        return ran("concrete")


class Sender(typing.Protocol):
    """What others have."""

    def send(self) -> object: ...


class Slotted:
    """A class whose objects cannot get further attributes."""

    __slots__ = ("slot",)

    def send(self) -> object:
        return ran("slotted")


SLOTTED = Slotted()


def target_of(path: str, kind: MethodKind | None = None) -> tuple[SdkTarget, Any]:
    """The target of a path in this module, and what its owner is."""
    owner, _, attribute = path.rpartition(".")
    name = f"{__name__}:{owner}" if owner else __name__
    return SdkTarget(owner=name, attribute=attribute, kind=kind), resolve(HERE, owner)


def run(awaitable: Any) -> Any:
    """Await it."""

    async def main() -> Any:
        return await awaitable

    return asyncio.run(main())


async def entered(manager: Any) -> Any:
    """What an asynchronous context manager gives."""
    async with manager as value:
        return value


async def listed(stream: AsyncIterator[Any]) -> list[Any]:
    """All of a stream."""
    return [each async for each in stream]


def forget() -> None:
    """Forget what earlier calls have left."""
    RAN.clear()
    cached.cache_clear()
    Client.cached.cache_clear()
    vars(CLIENT).clear()


def entry(path: str) -> object:
    """What stands in the dictionary of a target's owner."""
    target, owner = target_of(path)
    return vars(owner).get(target.attribute)


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> Iterator[list[tuple[object, ...]]]:
    """Guard a target; gives the arguments of each call that was seen."""
    path = request.param
    target, owner = target_of(path)
    before = entry(path)
    calls: list[tuple[object, ...]] = []
    patch = MethodPatch(target, owner, lambda *args, **_: calls.append(args))
    patch.install()
    yield calls
    patch.uninstall()
    assert entry(path) is before
    forget()


@pytest.fixture
def blocked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Guard a target so that no call of it is let through."""

    def block(*_: object, **__: object) -> None:
        raise ResourceGuardViolation("blocked", "sdk")

    RAN.clear()
    patch = MethodPatch(*target_of(request.param), block)
    patch.install()
    yield
    patch.uninstall()


class Sub(Client):
    """A subclass, made before anything is guarded."""


CALLS: list[tuple[str, Callable[[], object], object]] = [
    ("Client.send", lambda: CLIENT.send(7), 7),
    ("Client.sent_three", lambda: CLIENT.sent_three(), 3),  # noqa: PLW0108
    ("Client.sent_three", lambda: Client.sent_three(CLIENT), 3),
    ("Client.later", lambda: run(CLIENT.later(7)), 7),
    ("Client.three_later", lambda: run(CLIENT.three_later()), 3),
    ("Client.dispatched", lambda: CLIENT.dispatched("a"), "a"),
    ("Client.dispatched", lambda: CLIENT.dispatched(7), 8),
    ("Client.cached", lambda: CLIENT.cached(7), 7),
    ("Client.awaited", lambda: run(CLIENT.awaited(7)), 7),
    ("Client.value", lambda: CLIENT.value, "value"),
    ("Client.value", lambda: setattr(CLIENT, "value", 7), None),
    ("Client.kept", lambda: CLIENT.kept, "kept"),
    ("Client.own_property", lambda: CLIENT.own_property, "own"),
    ("Client.setting", lambda: CLIENT.setting, "read"),
    ("Client.setting", lambda: setattr(CLIENT, "setting", 7), None),
    ("Client.setting", lambda: delattr(CLIENT, "setting"), None),
    ("Client.decorated", lambda: CLIENT.decorated(7), 7),
    ("Client.decorated", lambda: Client.decorated(CLIENT, 7), 7),
    ("Client.of_class", lambda: Client.of_class(7), (Client, 7)),
    ("Client.of_class", lambda: Sub.of_class(7), (Sub, 7)),
    ("Client.static", lambda: CLIENT.static(7), 7),
    ("Client.class_partial", lambda: Client.class_partial(7), 7),
    ("Client.static_object", lambda: CLIENT.static_object(7), 7),
    ("Client.answering", lambda: CLIENT.answering(7), 7),
    ("Client.answering_later", lambda: run(CLIENT.answering_later(7)), 7),
    ("Client.stream", lambda: list(CLIENT.stream()), [1, 2]),
    ("Client.stream_later", lambda: asyncio.run(listed(CLIENT.stream_later())), [1, 2]),
    ("Client.__enter__", lambda: CLIENT.__enter__(), "entered"),  # noqa: PLW0108
    ("Client.__aenter__", lambda: asyncio.run(entered(CLIENT)), "entered"),
    ("Client.__call__", lambda: CLIENT(7), 7),
    ("Client.__getitem__", lambda: CLIENT[7], 7),
    ("Client.__class_getitem__", lambda: Client[7], 7),  # type: ignore[misc]
    ("Client.typed", lambda: CLIENT.typed(7), 7),
    ("Client.inherited", lambda: CLIENT.inherited(7), 7),
    ("Client.inherited_value", lambda: CLIENT.inherited_value, "value"),
    ("Client.inherited_partial", lambda: CLIENT.inherited_partial(), 3),  # noqa: PLW0108
    ("Client.create", lambda: Client.create(7), (Client, 7)),
    ("Client.create", lambda: Sub.create(7), (Sub, 7)),
    ("Plain.__new__", lambda: type(Plain(7)), Plain),
    ("Plain.__init__", lambda: type(Plain(7)), Plain),
    ("Initialised.__init__", lambda: type(Initialised(7)), Initialised),
    ("Data.__init__", lambda: Data(7).value, 7),
    ("Color.paint", lambda: Color.RED.paint(7), (Color.RED, 7)),
    ("Box.put", lambda: Box[int]().put(7), 7),
    ("IntBox.put", lambda: Box[str]().put("a"), "a"),
    ("bound", lambda: HERE.bound(7), 7),
    ("partial", lambda: HERE.partial(), 7),  # noqa: PLW0108
    ("answering", lambda: HERE.answering(7), 7),
    ("cached", lambda: HERE.cached(7), 7),
    ("dispatched", lambda: HERE.dispatched(7), 7),
    ("CLIENT.send", lambda: CLIENT.send(7), 7),
    ("CLIENT.of_class", lambda: CLIENT.of_class(7), (Client, 7)),
]
NAMES = [f"{number}-{path}" for number, (path, _, _) in enumerate(CALLS)]


@pytest.mark.parametrize(("seen", "call", "answer"), CALLS, indirect=["seen"], ids=NAMES)
def test_a_call_is_seen_once_and_answers_as_ever(
    seen: list[tuple[object, ...]], call: Callable[[], object], answer: object
) -> None:
    """Whatever kind the attribute is; and it is what it was when the guard is taken out."""
    assert call() == answer

    assert len(seen) == 1
    assert RAN


@pytest.mark.parametrize(
    ("blocked", "call"), [row[:2] for row in CALLS], indirect=["blocked"], ids=NAMES
)
@pytest.mark.usefixtures("blocked")
def test_a_blocked_call_runs_nothing(call: Callable[[], object]) -> None:
    """Not even the beginning of it, but where a `__new__` runs before a guarded `__init__`."""
    with pytest.raises(ResourceGuardViolation):
        call()

    assert RAN in ([], [7] if "Plain" in inspect.getsource(call) else [])


@pytest.mark.parametrize(("path", "call", "answer"), CALLS, ids=NAMES)
def test_two_guards_of_one_target(path: str, call: Callable[[], object], answer: object) -> None:
    """Both see the call once, as where two resources name it, or pytest runs in pytest."""
    before = entry(path)
    calls: list[str] = []
    patches = []
    for name in ("first", "second"):
        patch = MethodPatch(*target_of(path), lambda *_, name=name, **__: calls.append(name))
        patch.install()
        patches.append(patch)
    try:
        assert call() == answer
    finally:
        for patch in patches[::-1]:
            patch.uninstall()
        forget()

    assert sorted(calls) == ["first", "second"]
    assert entry(path) is before


@pytest.mark.parametrize("seen", ["Client.create"], indirect=True)
def test_a_method_of_a_metaclass_is_not_guarded_for_its_other_classes(
    seen: list[tuple[object, ...]],
) -> None:
    """Only a call on the class that was named, or a subclass, is a use."""
    assert Other.create(7) == (Other, 7)

    assert seen == []
    with pytest.raises(AttributeError):
        CLIENT.create(7)  # type: ignore[attr-defined]


@pytest.mark.parametrize("seen", ["Client.cached_elsewhere"], indirect=True)
def test_a_descriptor_that_gives_a_value_is_seen(seen: list[tuple[object, ...]]) -> None:
    """To read it was the call."""
    assert CLIENT.cached_elsewhere == "cached"
    assert isinstance(Client.cached_elsewhere, Cached)

    assert seen == [(CLIENT,)]


@pytest.mark.parametrize("seen", ["Client.later", "Client.three_later"], indirect=True)
def test_a_coroutine_that_is_never_awaited_is_no_use(seen: list[tuple[object, ...]]) -> None:
    """Nothing has run."""
    CLIENT.later(7).close()
    CLIENT.three_later().close()

    assert seen == []


@pytest.mark.parametrize("seen", ["cached"], indirect=True)
@pytest.mark.usefixtures("seen")
def test_a_function_with_a_cache_keeps_its_methods() -> None:
    """They act on the cache itself, and its answers are as ever."""
    function: Any = HERE.cached
    function(7)
    function(7)

    assert function.cache_info().hits == 1
    assert function.__wrapped__(8) == 8
    assert function.__doc__ == "A function whose answers are kept."
    assert list(inspect.signature(function).parameters) == ["value"]
    assert "cache_clear" in dir(function)
    assert repr(function).startswith("<functools._lru_cache_wrapper")
    assert pickle.loads(pickle.dumps(function)) is function  # noqa: S301
    function.label = "mine"
    assert vars(cached)["label"] == "mine"
    del function.label
    assert not hasattr(cached, "label")


@pytest.mark.parametrize("seen", ["Client.decorated"], indirect=True)
def test_an_object_in_a_class_is_still_what_it_was(seen: list[tuple[object, ...]]) -> None:
    """It has its own attributes and type, and a copy of it is seen as well."""
    decorated: Any = Client.decorated

    assert isinstance(decorated, Decorated)
    assert decorated.label == "decorated"
    assert copy.copy(decorated)(CLIENT, 7) == 7
    assert len(seen) == 1


@pytest.mark.parametrize("seen", ["Client.value"], indirect=True)
@pytest.mark.usefixtures("seen")
def test_a_property_is_still_a_property() -> None:
    """Those who extend it in a subclass find its parts."""
    prop = vars(Client)["value"]

    assert type(prop) is property
    assert prop.fdel is None
    assert prop.fset is not None


def test_a_class_without_arguments_still_refuses_them() -> None:
    """`object.__init__` says so, as it did, though a guard stands before it."""
    calls: list[object] = []
    patch = MethodPatch(*target_of("Nothing.__init__"), lambda *args: calls.append(args))
    patch.install()
    try:
        Nothing()
        with pytest.raises(TypeError):
            Nothing(7)  # type: ignore[call-arg]
    finally:
        patch.uninstall()
    with pytest.raises(TypeError):
        Nothing(7)  # type: ignore[call-arg]

    assert len(calls) == 2


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("Client.slot", "is a slot"),
        ("Slotted.slot", "Name the method or function that uses the value."),
        ("Answering.label", "is 'answering', which is not callable"),
        ("Client", "Name the method that all its calls go through"),
        ("Nothing.__call__", "test_attributes:Nothing.__init__."),
        ("Nothing.__new__", "test_attributes:Nothing.__init__."),
        ("Abstract.send", "test_attributes:Concrete.send."),
        ("Sender.send", "Name their methods."),
        ("CLIENT.__call__", "test_attributes:Client.__call__."),
        ("CLIENT.value", "test_attributes:Client.value."),
        ("CLIENT.sent_three", "test_attributes:Client.sent_three."),
        ("SLOTTED.send", "test_attributes:Slotted.send."),
    ],
)
def test_what_cannot_be_guarded_is_refused(path: str, says: str) -> None:
    """In one line that says what to name in its place."""
    target, owner = target_of(path)

    with pytest.raises(ResourceGuardMisconfiguration) as caught:
        MethodPatch(target, owner, print).install()

    assert f"the target {target.title} " in str(caught.value)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_type_in_c_is_refused() -> None:
    """Python lets nobody change it."""
    with pytest.raises(ResourceGuardMisconfiguration, match="written in Python"):
        MethodPatch(SdkTarget(owner="builtins:str", attribute="upper"), str, print).install()


def test_a_function_that_its_module_makes_when_asked_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message names the module that defines it (PEP 562); and what fails to be made is missing."""
    lazy: Any = types.ModuleType("lazy")

    def get(name: str) -> object:
        if name == "broken":
            raise ImportError(name)
        if name != "ran":
            raise AttributeError(name)
        return ran

    lazy.__getattr__ = get
    monkeypatch.setitem(sys.modules, "lazy", lazy)

    assert f"{__name__}:ran" in missing_reason(SdkTarget(owner="lazy", attribute="ran"), lazy)
    assert "does not exist" in missing_reason(SdkTarget(owner="lazy", attribute="gone"), lazy)
    assert resolve(lazy, "broken.send") is None


BY_VALUE = [
    *(CALLS[:5] + CALLS[8:11] + CALLS[13:33]),
    ("Heir.inherited", lambda: Heir().inherited(7), 7),
    ("Heir.inherited_partial", lambda: Heir().inherited_partial(), 3),
    ("Heir.inherited_value", lambda: Heir().inherited_value, "value"),
    ("Other.create", lambda: Other.create(7), (Other, 7)),
]
"""What can be pickled by value where nothing is guarded."""


def can_be_copied_by_value(unguarded: object) -> bool:
    """Whether cloudpickle copies what is there before a guard is: all that stands in its place holds that.

    That it cannot is only accepted where Python itself cannot pickle a partial method.
    """
    try:
        pickle.loads(cloudpickle.dumps(unguarded))  # noqa: S301
    except TypeError:
        with pytest.raises(TypeError, match="func"):
            copy.copy(functools.partialmethod(abs))
        return False
    return True


@pytest.mark.parametrize(
    ("path", "call", "answer"), BY_VALUE, ids=[f"{n}-{row[0]}" for n, row in enumerate(BY_VALUE)]
)
def test_a_copy_by_value_reports_to_whoever_guards_its_process(
    path: str,
    call: Callable[[], object],
    answer: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What stands in a target's place can be pickled by value; nobody need listen to the copy."""
    target, owner = target_of(path)
    holder = attributes.holder_of(owner, target.attribute)
    cloudpickle.register_pickle_by_value(HERE)
    if not can_be_copied_by_value(vars(holder).get(target.attribute, holder)):
        cloudpickle.unregister_pickle_by_value(HERE)
        pytest.skip("a functools.partialmethod in it cannot be pickled, as in Python 3.14")
    patch = MethodPatch(target, owner, SdkCall("/session", "sdk", path))
    patch.install()
    try:
        before = vars(holder)[target.attribute]
        copied = pickle.loads(cloudpickle.dumps(before))  # noqa: S301
    finally:
        patch.uninstall()
        cloudpickle.unregister_pickle_by_value(HERE)
    heard: list[tuple[str, str]] = []
    replacement = Replacement(holder, target.attribute, copied)
    replacement.install()
    try:
        assert call() == answer
        forget()
        monkeypatch.setitem(LISTENERS, "/session", lambda *told: heard.append(told))
        assert call() == answer
    finally:
        replacement.uninstall()
        forget()

    assert heard == [("sdk", path)]
