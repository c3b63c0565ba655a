"""Nothing of pytest's that is deprecated is used: where each warning is an error, the plugin works as ever."""

from __future__ import annotations

import warnings

import pytest

from imbue.resource_guards import pytest_internals
from imbue.resource_guards.report.parameters import parted
from support.suite import WORKERS
from support.suite import Suite


@WORKERS
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--resource-guards-report", "--resource-guards-json=report.json"),
        ("--resource-guards-html=report.html", "-v"),
        ("--resource-guards-fix=diff",),
        ("--resource-guards-list",),
        ("--resource-guards-discover",),
        ("--resource-guards=warn", "-Wdefault:::resource_guards"),
    ],
    ids=lambda arguments: arguments[0] if arguments else "plain",
)
def test_each_warning_is_an_error(
    suite: Suite, arguments: tuple[str, ...], workers: tuple[str, ...]
) -> None:
    """Programs, SDKs, addresses, classes, parameters, fixtures of each kind, and subtests: no warning is raised."""
    suite.tool()
    suite.write(
        conftest="""
            import pytest

            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
                registry.register_sdk_guard("sdk", targets=["sdk:Client.send"])
                registry.register_address_guard("server", "127.0.0.1:9")
                registry.register_probe("tool", lambda: None)

            @pytest.fixture(scope="session", params=[1, 2])
            def shared(request):
                yield request.param

            @pytest.fixture(autouse=True)
            def each(request):
                request.addfinalizer(lambda: None)
        """,
        sdk="""
            class Client:
                def send(self): pass
        """,
        folder__test_it="""
            import subprocess, unittest
            import pytest, sdk

            @pytest.fixture(scope="module")
            def started():
                subprocess.run(["tool"], check=True)

            @pytest.mark.tool
            def test_program(started):
                subprocess.run(["tool"], check=True)

            @pytest.mark.sdk
            class TestClass:
                @pytest.fixture
                def client(self):
                    return sdk.Client()

                @pytest.mark.parametrize("number", [1, 2], ids=["a::b", "c[d]"])
                def test_calls(self, client, number, shared):
                    client.send()

            @pytest.mark.sdk
            class Case(unittest.TestCase):
                def setUp(self):
                    sdk.Client().send()

                def test_it(self):
                    with self.subTest("each"):
                        pass

            def test_innocent(shared):
                pass
        """,
    )

    outcome = suite.run("-Werror", "-opythonpath=.", *arguments, *workers)

    assert outcome.code == 0, outcome.output
    assert "Warning" not in outcome.output, outcome.output
    if arguments != ("--resource-guards-list",):
        assert set(outcome.outcomes.values()) == {"passed"}, outcome.output


@pytest.mark.parametrize("has_node", [True, False], ids=["by its node", "by its id, as pytest 8.4"])
def test_where_a_fixture_is_visible(*, has_node: bool) -> None:
    """It is asked of the node, where pytest has it; the id is deprecated, and not asked for then."""

    class Node:
        nodeid = "folder/test_it.py::TestClass"

    class Fixture:
        @property
        def baseid(self) -> str:
            warnings.warn("deprecated", DeprecationWarning, stacklevel=1)
            return Node.nodeid

    found: object = Fixture()
    if has_node:
        setattr(found, "node", Node())  # noqa: B010 - of a stand-in
        below = pytest_internals.is_visible_below(found)  # type: ignore[arg-type]
    else:
        with pytest.warns(DeprecationWarning, match="deprecated"):
            below = pytest_internals.is_visible_below(found)  # type: ignore[arg-type]

    assert below == Node.nodeid


@pytest.mark.parametrize(
    ("nodeid", "parts"),
    [
        ("a/test_it.py::test[x]", ("a/test_it.py::test", "x")),
        ("a[1]/test_it.py::test[x]", ("a[1]/test_it.py::test", "x")),
        ("a[1]/test_it.py::test", ("a[1]/test_it.py::test", None)),
        ("test_it.py::Test::test[a::b[c]]", ("test_it.py::Test::test", "a::b[c]")),
        ("test[1].py", ("test[1].py", None)),
        ("test_it.py::test[]", ("test_it.py::test", "")),
    ],
)
def test_parts_of_an_id(nodeid: str, parts: tuple[str, str | None]) -> None:
    """An id is read as pytest reads it: brackets of a folder are no parameters, and those may have colons."""
    assert parted(nodeid) == parts
    structured = pytest.importorskip("_pytest.nodeid", reason="pytest has it from 9.2 on")
    known = structured.NodeId.parse(nodeid)
    assert known.params == parts[1]
    assert "::".join((known.path, *known.names)) == parts[0]


def test_a_folder_with_brackets(suite: Suite) -> None:
    """The tests of two of its files stay apart: neither is taken for a set of the other's parameters."""
    suite.guard_tool()
    text = """
        import subprocess
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_{name}(number):
            if number == 1 or {always}:
                subprocess.run(["tool"])
    """
    suite.write_files(
        {
            "of[x]/test_one.py": text.format(name="one", always=True),
            "of[x]/test_two.py": text.format(name="two", always=False),
        }
    )

    outcome = suite.run()

    # Not by its JUnit file, where pytest 8.4 cuts such names at the first bracket.
    assert "FAILED of[x]/test_one.py::test_one[1] - needs @pytest.mark.tool" in outcome.output
    assert "FAILED of[x]/test_two.py::test_two[1] - needs @pytest.mark.tool" in outcome.output
    assert "test_two.py::test_two[2]" not in outcome.output
    assert "_ test_one[1] _" in outcome.output, outcome.output
    assert "_ test_two[1] _" in outcome.output, outcome.output
