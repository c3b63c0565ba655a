"""Fixtures of every kind, reached in every way, in suites with and without asynchronous tests.

In each module a test without the mark and one with it depend on ``server``, which uses the tool:
the one must fail, and be told of the fixture where it is shared, and the other must pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace

import pytest

from support.suite import Outcome
from support.suite import Suite


@dataclass(frozen=True)
class Style:
    """How a suite writes its fixtures and tests.

    Args:
        plugins: What it loads.
        options: What it is run with.
        fixture: Its decorator for fixtures.
        mark: What stands above its tests.
        test: What its tests begin with.
        imports: What else its modules import.
        sleep: How its coroutines let others run.
        scopes: Those that a fixture may have.
        leaves_out: The ways to a fixture by which none is reached there.
    """

    plugins: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    fixture: str = "pytest.fixture"
    mark: str = ""
    test: str = "def"
    imports: str = ""
    sleep: str = "asyncio.sleep(0)"
    scopes: tuple[str, ...] = ("function", "module")
    leaves_out: tuple[str, ...] = ()


PLAIN = Style()
STRICT = Style(
    ("asyncio",),
    ("-oasyncio_mode=strict",),
    "pytest_asyncio.fixture",
    "@pytest.mark.asyncio",
    "async def",
    "import pytest_asyncio",
)
AUTO = replace(STRICT, options=("-oasyncio_mode=auto",), fixture="pytest.fixture", mark="")
ANYIO = Style(("anyio",), (), "pytest.fixture", "@pytest.mark.anyio", "async def")
# Its fixtures are run with the test, and so only those that the test names, itself or through others.
TRIO = Style(
    ("trio",),
    (),
    "pytest.fixture",
    "@pytest.mark.trio",
    "async def",
    "import trio",
    "trio.sleep(0)",
    ("function",),
    ("by_name", "autouse", "asking_fixture", "asking_wide_fixture"),
)
TRIO_MODE = replace(TRIO, options=("-otrio_mode=true",), mark="")
TWISTED = Style(
    ("twisted",),
    (),
    "pytest_twisted.async_fixture",
    "@pytest_twisted.ensureDeferred",
    "async def",
    "import pytest_twisted\nfrom twisted.internet import reactor, task",
    "task.deferLater(reactor, 0, int)",
)

STYLES = {
    "plain": PLAIN,
    "asyncio strict": STRICT,
    "asyncio auto": AUTO,
    "anyio": ANYIO,
    "trio": TRIO,
    "trio mode": TRIO_MODE,
    "twisted": TWISTED,
}

# The body of a fixture of each kind, and what stands before its `def`.
SYNC_KINDS = {
    "function": ("", "tool()"),
    "generator": ("", "yield\n    tool()"),
}
ASYNC_KINDS = {
    "coroutine": ("async ", "await {sleep}\n    tool()"),
    "async generator": ("async ", "yield\n    await {sleep}\n    tool()"),
}

CASES = [
    *((kind, "plain") for kind in SYNC_KINDS),
    *((kind, style) for style in STYLES if style != "plain" for kind in ASYNC_KINDS),
]
SCOPED_CASES = [(*case, scope) for case in CASES for scope in STYLES[case[1]].scopes]

HEADER = """\
import asyncio, subprocess
import pytest
{imports}
from imbue.resource_guards.resource_guards import fixture_uses_resources

def tool():
    subprocess.run(["tool"])

"""

# Ways to depend on `server`; {test} begins a test and {name} is the way's own.
ARGUMENT = """
{mark}
{test} test_unmarked_{name}(server): pass

{mark}
@pytest.mark.tool
{test} test_marked_{name}(server): pass
"""

ABOVE = """
@pytest.fixture
def client(server):
    return server

{mark}
{test} test_unmarked_{name}(client): pass

{mark}
@pytest.mark.tool
{test} test_marked_{name}(client): pass
"""

BY_NAME = """
{mark}
@pytest.mark.usefixtures("server")
{test} test_unmarked_{name}(): pass

{mark}
@pytest.mark.usefixtures("server")
@pytest.mark.tool
{test} test_marked_{name}(): pass
"""

AUTOUSE = """
@pytest.fixture(autouse=True)
def always(server): pass

{mark}
{test} test_unmarked_{name}(): pass

{mark}
@pytest.mark.tool
{test} test_marked_{name}(): pass
"""

ASKING_FIXTURE = """
@pytest.fixture
def client(request):
    return request.getfixturevalue("server")

{mark}
{test} test_unmarked_{name}(client): pass

{mark}
@pytest.mark.tool
{test} test_marked_{name}(client): pass
"""

ASKING_WIDE_FIXTURE = ASKING_FIXTURE.replace("@pytest.fixture", '@pytest.fixture(scope="{scope}")')

ASKING_TEST = """
def test_unmarked_{name}(request):
    request.getfixturevalue("server")

@pytest.mark.tool
def test_marked_{name}(request):
    request.getfixturevalue("server")
"""

OVERRIDDEN = (
    """
@pytest.fixture(scope="{scope}")
def server(server):
    return server
"""
    + ARGUMENT
)

OVERRIDDEN_WITHOUT = """
@pytest.fixture(scope="{scope}")
def server(): pass

{mark}
{test} test_innocent_{name}(server): pass

{mark}
@pytest.mark.tool
{test} test_superfluous_{name}(server): pass
"""

IN_A_CLASS = """
class TestClass:
    @pytest.fixture(scope="{class_scope}")
    def server(self, server):
        return server

    {mark}
    {test} test_unmarked_{name}(self, server): pass

    {mark}
    @pytest.mark.tool
    {test} test_marked_{name}(self, server): pass
"""

PARAMETRISED = """
@pytest.fixture(params=["a", "b"])
def client(request, server): pass

{mark}
{test} test_unmarked_{name}(client): pass

{mark}
@pytest.mark.tool
{test} test_marked_{name}(client): pass
"""

INDIRECT = """
@pytest.fixture(scope="{scope}")
def client(request, server):
    return request.param

{mark}
@pytest.mark.parametrize("client", ["a"], indirect=True)
{test} test_unmarked_{name}(client): pass

{mark}
@pytest.mark.tool
@pytest.mark.parametrize("client", ["a"], indirect=True)
{test} test_marked_{name}(client): pass
"""

WAYS = {
    "argument": ARGUMENT,
    "above": ABOVE,
    "by_name": BY_NAME,
    "autouse": AUTOUSE,
    "asking_fixture": ASKING_FIXTURE,
    "asking_wide_fixture": ASKING_WIDE_FIXTURE,
    "overridden": OVERRIDDEN,
    "overridden_without": OVERRIDDEN_WITHOUT,
    "in_a_class": IN_A_CLASS,
    "parametrised": PARAMETRISED,
    "indirect": INDIRECT,
}


def write(suite: Suite, kind: str, style: Style, scope: str, decorator: str = "") -> None:
    """Write a suite whose conftest has the fixture, with a module for each way to it."""
    prefix, body = {**SYNC_KINDS, **ASYNC_KINDS}[kind]
    loop = f', loop_scope="{scope}"' if style is STRICT else ""
    decorates = style.fixture
    if "twisted" in style.plugins and kind == "async generator":
        decorates = "pytest_twisted.async_yield_fixture"
    imports = style.imports
    if style is ANYIO:
        imports += '\n@pytest.fixture(scope="session")\ndef anyio_backend(): return "asyncio"\n'
    header = HEADER.format(imports=imports)
    suite.tool()
    files = {
        "conftest.py": f"""{header}
def pytest_register_resource_guards(registry):
    registry.register_resource_guard("tool")

@{decorates}(scope="{scope}"{loop})
{decorator}
{prefix}def server():
    {body.format(sleep=style.sleep)}
"""
    }
    ways = {**WAYS, "asking_test": ASKING_TEST} if style is PLAIN else WAYS
    for name, text in ways.items():
        if name in style.leaves_out:
            continue
        where = f"sub/test_{name}.py" if name == "overridden" else f"test_{name}.py"
        files[where] = header.replace("anyio_backend", "_unused") + text.format(
            name=name,
            scope=scope,
            class_scope="class" if scope != "function" else "function",
            mark=style.mark,
            test=style.test,
        )
    suite.write_files(files)


def assert_right(outcome: Outcome, style: Style, *, shared: bool) -> None:
    """Each test has the verdict that its name says."""
    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.says_missing(), (name, outcome.output)
            assert "Fixture 'server'" in test.text or not shared, (name, test.text)
        elif "superfluous" in name:
            assert test.says_superfluous(), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, test.text, outcome.output)
    assert len(outcome.tests) >= 2 * (len(WAYS) - len(style.leaves_out))


@pytest.mark.parametrize(("kind", "style", "scope"), SCOPED_CASES)
def test_every_kind_and_way(suite: Suite, kind: str, style: str, scope: str) -> None:
    """What the fixture uses, in set-up or tear-down, counts for all that depend on it."""
    chosen = STYLES[style]
    write(suite, kind, chosen, scope)

    outcome = suite.run(*chosen.options, plugins=chosen.plugins)

    assert_right(outcome, chosen, shared=scope != "function")


@pytest.mark.parametrize(("kind", "style", "scope"), SCOPED_CASES)
def test_every_kind_with_a_contract(suite: Suite, kind: str, style: str, scope: str) -> None:
    """The same with a fixture that declares what it uses."""
    chosen = STYLES[style]
    write(suite, kind, chosen, scope, '@fixture_uses_resources("tool")')

    outcome = suite.run(*chosen.options, plugins=chosen.plugins)

    assert_right(outcome, chosen, shared=True)
    assert "declares 'tool' but never" not in outcome.output


@pytest.mark.parametrize(("kind", "style"), CASES)
def test_every_kind_that_breaks_its_contract(suite: Suite, kind: str, style: str) -> None:
    """A fixture that uses what it does not declare is told for each test that depends on it."""
    chosen = STYLES[style]
    write(suite, kind, chosen, chosen.scopes[-1], '@fixture_uses_resources("other")')
    conftest = suite.path / "conftest.py"
    registered = 'registry.register_resource_guard("tool")'
    conftest.write_text(
        conftest.read_text().replace(
            registered, f'{registered}\n    registry.register_resource_guard("other")'
        )
    )

    outcome = suite.run(*chosen.options, "test_argument.py", plugins=chosen.plugins)

    for name in ("test_unmarked_argument", "test_marked_argument"):
        text = outcome[name].text
        assert "fixture 'server' does not declare 'tool': ran tool" in text
        assert "Fixture 'server' declares 'other' but never used other" in text
    assert suite.runs_of() == []
