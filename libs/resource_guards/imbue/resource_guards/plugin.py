"""The pytest plugin. It does nothing until a guard is registered, and imports next to nothing."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from imbue.resource_guards import hookspecs
from imbue.resource_guards.errors import ResourceGuardMisconfiguration
from imbue.resource_guards.kinds import Mode
from imbue.resource_guards.kinds import Phase
from imbue.resource_guards.messages import options as messages

if TYPE_CHECKING:
    from imbue.resource_guards.report.ending import Ending
    from imbue.resource_guards.session import GuardSession

NAME: Final = "resource_guards"
"""The plugin's name, as in ``-p no:resource_guards``."""

SESSION: Final[pytest.StashKey[GuardSession]] = pytest.StashKey()

ENDING: Final[pytest.StashKey[Ending]] = pytest.StashKey()
"""What is shown at the end, while that is being shown."""


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn a misconfiguration into the error that pytest tells in one line."""
    try:
        yield
    except ResourceGuardMisconfiguration as error:
        from imbue.resource_guards.messages.foreign import shown_lines  # only where needed

        raise pytest.UsageError(shown_lines(str(error))) from error
    except OSError as error:  # a module of ours cannot be read, where no file may be opened
        raise pytest.UsageError(messages.start_failed(error)) from error


@pytest.hookimpl
def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the session, before conftests are imported that register guards."""
    pluginmanager.add_hookspecs(hookspecs)
    config: pytest.Config = pluginmanager.get_plugin("pytestconfig")  # type: ignore[assignment]
    make_session(config)


@pytest.hookimpl
def pytest_plugin_registered(manager: pytest.PytestPluginManager) -> None:
    """Look at a conftest that was found while tests are collected, or a plugin that came later."""
    config: pytest.Config | None = manager.get_plugin("pytestconfig")
    if config is not None and SESSION in config.stash:
        config.stash[SESSION].others_have_come()


def make_session(config: pytest.Config, *, is_blocked: bool = False) -> GuardSession:
    """Make the session of a config; a blocked one, for a run without this plugin, does nothing."""
    from imbue.resource_guards.session import GuardSession  # after pytest's own imports

    phase = Phase.BLOCKED if is_blocked else Phase.LOADING
    config.stash[SESSION] = session = GuardSession(config, phase)

    def close() -> None:
        session.close()
        # The loader of each module that pytest rewrites keeps its config, and so all on its stash.
        del config.stash[SESSION]

    config.add_cleanup(close)
    return session


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; without a default, pytest 8.4 has none if a conftest brings the plugin."""
    group = parser.getgroup("resource guards")
    flag: dict[str, Any] = {"action": "store_true", "default": False}
    text: dict[str, Any] = {"default": None}
    group.addoption(
        "--resource-guards",
        **text,
        choices=[mode.value for mode in Mode],
        metavar="MODE",
        help=messages.MODE_HELP,
    )
    group.addoption("--resource-guards-list", **flag, help=messages.LIST_HELP)
    group.addoption("--resource-guards-report", **flag, help=messages.REPORT_HELP)
    group.addoption("--resource-guards-json", **text, metavar="PATH", help=messages.JSON_HELP)
    group.addoption("--resource-guards-html", **text, metavar="PATH", help=messages.HTML_HELP)
    group.addoption(
        "--resource-guards-output",
        action="append",
        default=[],
        metavar="FORMAT:PATH",
        help=messages.OUTPUT_HELP,
    )
    group.addoption(
        "--resource-guards-fix", **text, choices=["diff", "write", "check"], help=messages.FIX_HELP
    )
    # Two options, of which the second has its value in its name: one with an optional value would take the
    # file that stands behind it for that.
    discover: dict[str, Any] = {"dest": "resource_guards_discover", "action": "store_const"}
    group.addoption(
        "--resource-guards-discover", **discover, **text, const="show", help=messages.DISCOVER_HELP
    )
    group.addoption(
        "--resource-guards-discover=write", **discover, const="write", help=messages.DISCOVER_WRITE
    )
    group.addoption(
        "--resource-guards-discover-json", **text, metavar="PATH", help=messages.DISCOVER_JSON_HELP
    )
    group.addoption("--resource-guards-fix-dirty", **flag, help=messages.FIX_DIRTY_HELP)
    group.addoption(
        "--resource-guards-unavailable",
        **text,
        metavar="run|skip",
        help=messages.UNAVAILABLE_HELP,
    )
    group.addoption(
        "--resource-guards-require",
        action="append",
        default=[],
        metavar="NAMES",
        help=messages.REQUIRE_HELP,
    )
    parser.addini("resource_guards", messages.NAMES_HELP, type="args")
    parser.addini("resource_guards_define", messages.DEFINE_HELP, type="linelist")
    parser.addini("resource_guards_mode", messages.MODE_HELP, default=Mode.ENFORCE.value)
    parser.addini("resource_guards_warn", messages.WARN_HELP, type="args")
    parser.addini("resource_guards_unavailable", messages.UNAVAILABLE_HELP, default="run")
    parser.addini("resource_guards_require", messages.REQUIRE_HELP, type="args")
    parser.addini("resource_guards_probe_seconds", messages.PROBE_SECONDS_HELP, default="2")
    parser.addini(
        "resource_guards_github_summary", messages.SUMMARY_HELP, type="bool", default=True
    )
    parser.addini("resource_guards_native", messages.NATIVE_HELP, type="bool", default=False)
    parser.addini(
        "resource_guards_require_layers", messages.REQUIRE_LAYERS_HELP, type="args", default=[]
    )


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """List the guards instead of running tests, where that is asked for."""
    if not config.option.resource_guards_list:
        return None
    from imbue.resource_guards.pytest_internals import configured  # only where needed
    from imbue.resource_guards.report.inventory import write_inventory

    with configured(config):
        write_inventory(config, config.stash[SESSION].registry)
    return 0


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Collect the guards before conftests configure, which may ask for their names."""
    session = config.stash[SESSION]
    with usage_errors():
        session.configure()
        if session.policy.discovers:
            from imbue.resource_guards.discover.setup import watch_all  # only where needed

            watch_all(config, session.registry)


@pytest.hookimpl(trylast=True, specname="pytest_configure")
def pytest_configure_ends(config: pytest.Config) -> None:
    """Make the marks known, when conftests have described those that they want to describe."""
    config.stash[SESSION].add_markers()
    if config.option.resource_guards_output and not hasattr(config, "workerinput"):
        from imbue.resource_guards.conclusion import check_outputs  # only where needed

        with usage_errors():
            check_outputs(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Tell what is guarded, and which parts of an SDK are not, since its version has them not."""
    session = config.stash[SESSION]
    if not session.has_guards or session.policy.mode is Mode.OFF:
        return []
    if session.policy.discovers:
        from imbue.resource_guards.messages.discover import HEADER

        return [HEADER]
    from imbue.resource_guards.report.header import gaps  # only where needed
    from imbue.resource_guards.report.header import header

    return [header(session.registry, session.policy.mode), *gaps(session.registry)]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """In a worker of xdist, find out whether the run is going to stop."""
    if hasattr(session.config, "workerinput"):
        session.config.stash[SESSION].check()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Begin to follow tests, when all conftests are loaded.

    As a wrapper: of others, the first that runs the tests itself would be the last to be called.
    """
    with usage_errors():
        session.config.stash[SESSION].judge()
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Install the guards."""
    with usage_errors():
        session.config.stash[SESSION].start(session)


@pytest.hookimpl(tryfirst=True, specname="pytest_sessionfinish")
def pytest_sessionfinish_begins(session: pytest.Session) -> None:
    """Keep the guards in place while pytest tears down what an early end has left."""
    session.config.stash[SESSION].begin_to_finish()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Judge what is left and take the guards out."""
    session.config.stash[SESSION].finish(session)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodeready(node: Any) -> None:
    """An xdist worker is about to run tests, whose reports are to be followed."""
    node.config.stash[SESSION].follow_workers()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what an xdist worker has found."""
    with usage_errors():
        node.config.stash[SESSION].worker_ended(node)


@pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_terminal_summary")
def pytest_terminal_summary_around(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Generator[None, None, None]:
    """Show some failures in full, and say last what is to be done."""
    session, stats = config.stash[SESSION], terminalreporter.stats
    if not session.has_findings or not (
        stats.get("failed") or stats.get("error") or session.findings.are_to_be_told
    ):
        return (yield)
    from imbue.resource_guards.report.ending import Ending  # only where needed

    ending = config.stash[ENDING] = Ending(terminalreporter, session.findings)
    ending.begin()
    try:
        result = yield
    finally:
        ending.restore()
    ending.write()
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Write the report that was asked for; pytest has shown the failures, and goes on to its short summary."""
    session = config.stash[SESSION]
    if ENDING in config.stash:
        config.stash[ENDING].restore()
    if session.recorder is not None:
        from imbue.resource_guards.conclusion import write_report  # as above

        write_report(terminalreporter, session.recorder)
