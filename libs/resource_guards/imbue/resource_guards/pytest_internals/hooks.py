"""Plugins and hooks, as pytest and pluggy keep them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pluggy
import pytest
from _pytest._io import TerminalWriter

_OWN_PACKAGE: Final = __name__.partition(".pytest_internals")[0]


def names_of_settings(config: pytest.Config) -> Iterable[str]:
    """The names of all settings in the file of settings and on the command line, known or not."""
    # pytest 9 deprecates `inicfg` and offers nothing else by which to see an unknown one.
    return tuple(config._inicfg if hasattr(config, "_inicfg") else config.inicfg)


@contextmanager
def configured(config: pytest.Config) -> Iterator[None]:
    """Configure pytest for what an option prints instead of running tests, as ``--markers`` does."""
    config._do_configure()
    try:
        yield
    finally:
        config._ensure_unconfigure()


def writer_of(config: pytest.Config) -> TerminalWriter:
    """What writes to the terminal, also where the plugin is left out that has it (``-p no:terminal``)."""
    if config.pluginmanager.hasplugin("terminalreporter"):
        return config.get_terminal_writer()
    return TerminalWriter()


def forget_plugins(config: pytest.Config, package: str) -> None:
    """Unregister the objects of a package that are plugins, and have pluggy keep none that ever was.

    It keeps each, with the config, for a hook that is called with all of them for every new plugin.
    Where it does so in another way, they are kept.
    """
    manager = config.pluginmanager
    for plugin in manager.get_plugins():
        if _is_of(plugin, package):
            manager.unregister(plugin)
    # What has the fixtures of pytest 8.4 keeps each object that it has looked for some in.
    looked_at: set[object] = getattr(manager.get_plugin("funcmanage"), "_holderobjseen", set())
    looked_at -= {each for each in looked_at if _is_of(each, package)}
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
            and not each.function.__module__.startswith(f"{_OWN_PACKAGE}.")
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
