"""The few things that pytest knows and does not offer in public, each in one function.

Tried with pytest 8.4 and 9; `tests/test_pytest_internals.py` fails when one of them moves.
"""

from __future__ import annotations

import functools
import inspect
import re
import unittest
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import pluggy
import pytest

_NOTHING = object()
_JUDGED_LIKE_A_USERS = {"_pytest.python", "_pytest.unittest"}


@contextmanager
def configured(config: pytest.Config) -> Iterator[None]:
    """Configure pytest for what an option prints instead of running tests, as ``--markers`` does."""
    config._do_configure()
    try:
        yield
    finally:
        config._ensure_unconfigure()


def forget_plugins(config: pytest.Config, package: str) -> None:
    """Unregister the objects of a package that are plugins, and have pluggy keep none that ever was.

    It keeps each, with the config, for a hook that is called with all of them for every new plugin.
    Where it does so in another way, they are kept.
    """
    manager = config.pluginmanager
    for plugin in manager.get_plugins():
        if _is_of(plugin, package):
            manager.unregister(plugin)
    calls = getattr(config.hook.pytest_plugin_registered, "_call_history", None)
    if isinstance(calls, list):
        calls[:] = [each for each in calls if not _is_of(each[0].get("plugin"), package)]


def _is_of(plugin: object, package: str) -> bool:
    return type(plugin).__module__.startswith(f"{package}.")


def is_builtin(function: Callable[..., object]) -> bool:
    """Whether a function is pytest's own."""
    return function.__module__.startswith("_pytest.")


def third_party_wrappers(caller: pluggy.HookCaller, own: object) -> list[pluggy.HookImpl]:
    """The wrappers of a hook that are neither pytest's nor the plugin's `own`."""
    return [
        each
        for each in caller.get_hookimpls()
        if _is_wrapper(each) and each.plugin is not own and not is_builtin(each.function)
    ]


def put_around_pytests_own(caller: pluggy.HookCaller, plugin: object) -> None:
    """Let a plugin's wrapper of a hook be the innermost but for pytest's own.

    Pluggy calls the later in its list first. What asks to be the innermost (``trylast``) stays so, and
    pytest's own that ask to be the outermost (``tryfirst``) only read what others have made: they
    stay outside. Where pluggy keeps its list in another way, the wrapper stays where it is.
    """
    listed = getattr(caller, "_hookimpls", None)
    (own,) = [each for each in caller.get_hookimpls() if each.plugin is plugin] or (None,)
    if not isinstance(listed, list) or own not in listed:
        return
    listed.remove(own)
    wrappers = [index for index, each in enumerate(listed) if _is_wrapper(each)]
    inner = [
        index
        for index in wrappers
        if listed[index].trylast
        or (is_builtin(listed[index].function) and not listed[index].tryfirst)
    ]
    listed.insert(inner[-1] + 1 if inner else [*wrappers, len(listed)][0], own)


def who_runs_tests(config: pytest.Config) -> list[str]:
    """The plugins that run tests in place of pytest, by their distributions or files."""
    manager = config.pluginmanager
    names = {plugin: dist.project_name for plugin, dist in manager.list_plugin_distinfo()}
    for hook in (config.hook.pytest_runtestloop, config.hook.pytest_runtest_protocol):
        others = [
            each.plugin
            for each in hook.get_hookimpls()
            if not is_builtin(each.function)
            and not each.function.__module__.startswith(__package__ or "")
        ]
        if others:
            named = [names.get(each) or manager.get_name(each) or "" for each in others]
            return list(dict.fromkeys(named))
    return []


def is_outermost(caller: pluggy.HookCaller, plugin: object) -> bool:
    """Whether a plugin's wrapper of a hook is the last to see the result."""
    return caller.get_hookimpls()[-1].plugin is plugin


def _is_wrapper(each: pluggy.HookImpl) -> bool:
    return each.wrapper or each.hookwrapper


def is_pytests_own(fixturedef: pytest.FixtureDef[object]) -> bool:
    """Whether the fixture is built into pytest and so uses no resource (tmp_path, monkeypatch...).

    The ones that call a test module's own set-up and tear-down functions are not.
    """
    module = getattr(fixturedef.func, "__module__", None) or ""
    return module.startswith("_pytest.") and module not in _JUDGED_LIKE_A_USERS


def display_name(fixturedef: pytest.FixtureDef[object]) -> str:
    """The fixture's name, or for a function that pytest makes a fixture of, that function's."""
    xunit = re.fullmatch(r"_(?:xunit|unittest)_(\w+?)_fixture_(\w+)", fixturedef.argname)
    return f"{xunit[1]} of {xunit[2]}" if xunit else fixturedef.argname


def parameters_of(mark: pytest.Mark, params: Mapping[str, object]) -> tuple[list[str], int | None]:
    """The arguments of a ``parametrize`` mark, and which of its sets of values a test has.

    A test's `callspec.indices` do not tell it: they number the test's own sets, of all such marks
    together. So the set is found by its values, which are the very objects of the mark.

    Args:
        mark: The mark.
        params: The values that the test has, by their names.
    """
    arguments = inspect.signature(_parametrize).bind_partial(*mark.args, **mark.kwargs).arguments
    names = arguments.get("argnames", "")
    listed = names.split(",") if isinstance(names, str) else names
    argnames = [name.strip() for name in listed if name.strip()]
    values = arguments.get("argvalues", ())
    found = [
        index
        for index, each in enumerate(values if isinstance(values, Sequence) else ())
        if all(
            params.get(name, _NOTHING) is value
            for name, value in zip(argnames, _values_of(each, argnames), strict=False)
        )
    ]
    return argnames, found[0] if len(found) == 1 else None


def _parametrize(argnames: object, argvalues: object, *_: object, **__: object) -> None:
    """How the mark's arguments are called."""


def _values_of(each: Any, argnames: Sequence[str]) -> Sequence[object]:
    if isinstance(each, type(pytest.param())):
        return each.values
    return [each] if len(argnames) == 1 else each


def may_have_subtests(item: pytest.Item) -> bool:
    """Whether reports may be made for parts of the test's body while it runs."""
    return "subtests" in getattr(item, "fixturenames", ()) or issubclass(
        getattr(item, "cls", None) or object, unittest.TestCase
    )


def asks_for_the_request(fixturedef: pytest.FixtureDef[object]) -> bool:
    """Whether its author can ask for further fixtures, or add finalizers, at any time."""
    module = getattr(fixturedef.func, "__module__", None) or ""
    return "request" in fixturedef.argnames and not module.startswith("_pytest.")


def is_visible_below(fixturedef: pytest.FixtureDef[object]) -> str:
    """The id of the node below which tests can ask for the fixture; empty for all of them."""
    return "" if fixturedef.baseid == "." else fixturedef.baseid


def finalizer_count(fixturedef: pytest.FixtureDef[object]) -> int:
    """How many finalizers the fixture has: a generator's tear-down is one of them."""
    return len(fixturedef._finalizers)


def have_failed(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest, error: BaseException
) -> None:
    """Note that a fixture's set-up has failed, as pytest's own `pytest_fixture_setup` would have."""
    key = fixturedef.cache_key(request)  # type: ignore[arg-type] # it is one made for the fixture
    fixturedef.cached_result = (None, key, (error, error.__traceback__))


def keep_last_finalizer(
    fixturedef: pytest.FixtureDef[object], finalizer: Callable[[], object]
) -> None:
    """Add a finalizer that runs before all others, those that are still to be added included."""

    def add(other: Callable[[], object]) -> None:
        finalizers = fixturedef._finalizers
        finalizers.insert(len(finalizers) - (finalizer in finalizers[-1:]), other)

    fixturedef.addfinalizer(finalizer)
    vars(fixturedef)["addfinalizer"] = add


def tell_each_request(
    fixturedef: pytest.FixtureDef[object], told: Callable[[pytest.FixtureRequest], object]
) -> None:
    """From now on call `told` after each request for the fixture, be it cached, or one that failed."""
    execute = type(fixturedef).execute

    def execute_and_tell(request: pytest.FixtureRequest) -> object:
        __tracebackhide__ = True
        try:
            return execute(fixturedef, request)  # type: ignore[arg-type]
        finally:
            told(request)

    vars(fixturedef)["execute"] = execute_and_tell


def tell_each_ask(
    request: pytest.FixtureRequest, told: Callable[[pytest.FixtureDef[Any]], object]
) -> None:
    """Call `told` with each fixture that is got through this request by its ``getfixturevalue``.

    Of those, pytest does not request again what the running test has got already.
    """
    ask = request.getfixturevalue

    def ask_and_tell(argname: str) -> object:
        __tracebackhide__ = True
        value = ask(argname)
        if argname in request._fixture_defs:
            told(request._fixture_defs[argname])
        return value

    vars(request)["getfixturevalue"] = ask_and_tell


def leave_alone(fixturedef: pytest.FixtureDef[object]) -> None:
    """Undo what `keep_last_finalizer` and `tell_each_request` have done."""
    vars(fixturedef).pop("addfinalizer", None)
    vars(fixturedef).pop("execute", None)


def requesters(request: pytest.FixtureRequest) -> Iterator[pytest.FixtureDef[Any]]:
    """The fixtures on whose behalf a fixture is requested, the nearest first."""
    parent = getattr(request, "_parent_request", None)
    while parent is not None and hasattr(parent, "_fixturedef"):
        yield parent._fixturedef
        parent = parent._parent_request


def static_fixtures(item: pytest.Item) -> Iterable[Sequence[pytest.FixtureDef[object]]]:
    """The fixtures that this test depends on by name, with those that each overrides."""
    info = getattr(item, "_fixtureinfo", None)
    return info.name2fixturedefs.values() if info else ()


def argument_names(item: pytest.Item) -> Sequence[str]:
    """The fixtures that the test's function itself names."""
    info = getattr(item, "_fixtureinfo", None)
    return info.argnames if info else ()


def has_own_finalizers(item: pytest.Item) -> bool:
    """Whether the test added finalizers itself, as ``request.addfinalizer`` in a test does."""
    finalizers, _ = item.session._setupstate.stack[item]
    return any(
        not (
            isinstance(finalizer, functools.partial)
            and isinstance(getattr(finalizer.func, "__self__", None), pytest.FixtureDef)
        )
        for finalizer in finalizers[1:]  # the first is the item's own teardown()
    )
