"""Uses in fixtures: charged to the fixture, and through it to each test that depends on it."""

from __future__ import annotations

import textwrap

import pytest

from support.suite import WORKERS
from support.suite import Suite

TWO_WAYS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])


@TWO_WAYS
@pytest.mark.parametrize("scope", ["function", "class", "module", "package", "session"])
@pytest.mark.parametrize("when", ["set-up", "tear-down"])
def test_dependents_need_the_mark(
    suite: Suite, scope: str, when: str, workers: tuple[str, ...]
) -> None:
    """Of the tests that depend on a fixture that uses the tool, exactly the unmarked ones fail."""
    suite.guard_tool()
    use = 'subprocess.run(["tool"])'
    suite.write(
        test_it=f"""
            import subprocess, pytest

            @pytest.fixture(scope="{scope}")
            def server():
                {use if when == "set-up" else "pass"}
                yield
                {use if when == "tear-down" else "pass"}

            @pytest.fixture
            def client(server):
                pass

            class TestIt:
                @pytest.mark.tool
                def test_first_marked(self, server):
                    pass

                def test_unmarked(self, client):
                    pass

                @pytest.mark.tool
                def test_marked(self, client):
                    pass

                def test_independent(self):
                    pass

                @pytest.mark.tool
                def test_superfluous(self):
                    pass
        """
    )

    outcome = suite.run(*workers)

    assert outcome["test_unmarked"].says_missing(), outcome.output
    assert outcome["test_superfluous"].says_superfluous()
    others = {name: o for name, o in outcome.outcomes.items() if name.endswith("_marked")}
    assert others == {"test_first_marked": "passed", "test_marked": "passed"}, outcome.output
    assert outcome["test_independent"].outcome == "passed"
    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    if scope != "function":
        assert "Fixture 'server'" in outcome["test_unmarked"].text


def test_a_wide_fixture_that_only_tears_down_satisfies_a_mark(suite: Suite) -> None:
    """A mark is not superfluous before the last fixture that could use the tool has ended."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.fixture(scope="module")
            def server():
                yield
                subprocess.run(["tool", "down"])

            @pytest.fixture(scope="module")
            def other():
                yield

            @pytest.mark.tool
            def test_satisfied(server): pass

            @pytest.mark.tool
            def test_superfluous(other): pass
        """
    )

    outcome = suite.run()

    assert outcome["test_satisfied"].outcome == "passed"
    assert outcome["test_superfluous"].says_superfluous()
    assert outcome.code == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("order", ["marked first", "unmarked first"])
def test_the_order_of_dependents_does_not_matter(suite: Suite, order: str) -> None:
    """An undeclared shared fixture may use what any dependent declares; each is judged alone."""
    suite.guard_tool()
    tests = [
        "@pytest.mark.tool\ndef test_marked(server): assert server == 0",
        "def test_unmarked(server): assert server == 0",
    ]
    if order == "unmarked first":
        tests.reverse()
    suite.write(
        test_it="import subprocess, pytest\n"
        "@pytest.fixture(scope='module')\n"
        "def server(): return subprocess.run(['tool']).returncode\n" + "\n".join(tests)
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed"
    assert outcome["test_unmarked"].says_missing()
    assert suite.runs_of() == [""]


def test_without_a_marked_dependent_a_shared_fixture_is_blocked(suite: Suite) -> None:
    """With all marked tests deselected the tool does not run, so it need not be there."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.fixture(scope="session")
            def server():
                subprocess.run(["tool"])

            def test_unmarked(server): pass

            @pytest.mark.tool
            def test_marked(server): pass
        """
    )

    outcome = suite.run("-m", "not tool")

    assert outcome["test_unmarked"].says_missing()
    assert suite.runs_of() == []


DECLARED = """
    import subprocess, pytest
    from imbue.resource_guards.resource_guards import fixture_uses_resources

    {decorators}
    def server():
        {setup}
        yield
        {teardown}

    @pytest.mark.tool
    def test_marked(server): pass

    def test_unmarked(server): pass
"""

ABOVE = '@fixture_uses_resources("tool")\n    @pytest.fixture(scope="module")'
BELOW = '@pytest.fixture(scope="module")\n    @fixture_uses_resources("tool")'
RUN = 'subprocess.run(["tool"])'


@pytest.mark.parametrize("decorators", [ABOVE, BELOW], ids=["above", "below"])
@pytest.mark.parametrize("when", ["set-up", "tear-down"])
def test_a_declared_fixture_that_keeps_its_contract(
    suite: Suite, decorators: str, when: str
) -> None:
    """It may use what it declares, and its dependents need the mark."""
    suite.guard_tool()
    suite.write(
        test_it=DECLARED.format(
            decorators=decorators,
            setup=RUN if when == "set-up" else "pass",
            teardown=RUN if when == "tear-down" else "pass",
        )
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert outcome["test_unmarked"].says_missing()
    assert suite.runs_of() == [""]


def test_a_declared_fixture_that_uses_nothing(suite: Suite) -> None:
    """Its declaration is told when its tear-down has not used the resource either."""
    suite.guard_tool()
    suite.write(test_it=DECLARED.format(decorators=BELOW, setup="pass", teardown="pass"))

    outcome = suite.run()

    assert "Fixture 'server' declares 'tool' but never used tool" in outcome.output
    assert outcome["test_marked"].says_superfluous()


@WORKERS
def test_a_fixture_of_one_test_is_named(suite: Suite, workers: tuple[str, ...]) -> None:
    """The test needs the mark for what the fixture did; not so where it did the same itself first."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            def use(): subprocess.run(["tool"])

            @pytest.fixture
            def plain(): pass

            @pytest.fixture
            def tool(plain): use()

            @pytest.fixture
            def outer(request):
                request.getfixturevalue("tool")

            @pytest.fixture
            def at_end():
                yield
                use()

            class TestUnit:
                def setup_method(self): use()
                def test_method(self): pass

            def test_by_fixture(plain, tool): pass
            def test_by_another(outer): pass
            def test_at_the_end(at_end): pass
            def test_itself(plain): use()
        """
    )

    outcome = suite.run(*workers)

    named = {name: "Fixture 'tool', which" in test.text for name, test in outcome.tests.items()}
    assert {name for name, is_named in named.items() if is_named} == {
        "test_by_fixture",
        "test_by_another",
    }
    assert "Fixture 'setup_method" in outcome["test_method"].text
    assert "Test invoked" in outcome["test_at_the_end"].text
    assert "Test invoked" in outcome["test_itself"].text
    assert "through fixtures 'tool' (2)" in outcome.output


CONTRACT_OF_ALL = """
    import subprocess, pytest
    from imbue.resource_guards.resource_guards import fixture_uses_resources

    KINDS = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("tool", "other")]

    @pytest.fixture{own}
    def kind(request): return request.param

    @pytest.fixture(scope="{scope}")
    @fixture_uses_resources("tool", "other", "third")
    def server(kind):
        yield
        {does}

    {given}
    def test_it(server): pass

    def test_plain(): pass
"""


@pytest.mark.parametrize("scope", ["function", "module"])
@pytest.mark.parametrize(
    ("does", "unused"),
    [
        ("subprocess.run([kind])", "third"),
        ("kind == 'tool' and subprocess.run([kind])", "other third"),
    ],
    ids=["each its own", "only one"],
)
def test_a_contract_is_for_all_parameters(suite: Suite, scope: str, does: str, unused: str) -> None:
    """What it names is used with one of them at least; what none used is told once all were tried."""
    suite.name_guards("tool", "other", "third")
    own = f"(params=KINDS, scope='{scope}')"
    suite.write(test_it=CONTRACT_OF_ALL.format(own=own, scope=scope, does=does, given=""))

    whole = suite.run()
    part = suite.run("-k", "not tool")

    told = {name for name in ("tool", "other", "third") if f"declares '{name}'" in whole.output}
    assert told == set(unused.split()), whole.output
    assert not whole["test_it[tool]"].text
    assert "declares" not in part.output


def test_a_contract_with_parameters_that_tests_give(suite: Suite) -> None:
    """How many there are nobody can tell, and so nothing is said of what they did not use."""
    suite.name_guards("tool", "other", "third")
    given = '@pytest.mark.parametrize("kind", KINDS, indirect=True)'
    does = "subprocess.run([kind])"
    suite.write(test_it=CONTRACT_OF_ALL.format(own="", scope="function", does=does, given=given))

    assert suite.run().code == 0


def test_a_declared_fixture_that_uses_more(suite: Suite) -> None:
    """The use that it does not declare is blocked, though a dependent has the mark."""
    suite.guard_tool()
    suite.tool("other")
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import register_resource_guard
            register_resource_guard("tool")
            register_resource_guard("other")
        """,
        test_it="""
            import subprocess, pytest
            from imbue.resource_guards.resource_guards import fixture_uses_resources

            @pytest.fixture
            @fixture_uses_resources("tool")
            def server():
                subprocess.run(["tool"])
                subprocess.run(["other"])

            @pytest.mark.tool
            @pytest.mark.other
            def test_it(server): pass
        """,
    )

    outcome = suite.run()

    assert outcome["test_it"].outcome == "error"
    assert "fixture 'server' does not declare 'other': ran other" in outcome["test_it"].text
    assert (suite.runs_of("tool"), suite.runs_of("other")) == ([""], [])


@pytest.mark.parametrize(
    ("decorator", "complaint"),
    [
        ("@fixture_uses_resources()", "name at least one resource"),
        ("@fixture_uses_resources(print)", "name at least one resource, as a string"),
        (
            "@fixture_uses_resources('tool')\n@fixture_uses_resources('tool')",
            "has @fixture_uses_resources twice",
        ),
        (
            "@fixture_uses_resources('tol')",
            "names 'tol', which is not guarded. Guarded resources: 'tool'",
        ),
    ],
    ids=["empty", "no text", "stacked", "unknown"],
)
def test_declarations_that_cannot_be(suite: Suite, decorator: str, complaint: str) -> None:
    """Each is an error that names the fixture or what is wrong."""
    suite.guard_tool()
    suite.write(
        test_it="import pytest\n"
        "from imbue.resource_guards.resource_guards import fixture_uses_resources\n"
        f"@pytest.fixture\n{decorator}\ndef server(): pass\n"
        "def test_it(server): pass\n"
    )

    outcome = suite.run()

    assert complaint in outcome.output
    assert outcome.code in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_a_contract_of_what_is_not_guarded_ends_the_run(
    suite: Suite, workers: tuple[str, ...]
) -> None:
    """Once, before any test, with workers too."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import pytest
            from imbue.resource_guards.resource_guards import fixture_uses_resources

            @pytest.fixture(scope="session")
            @fixture_uses_resources("tol")
            def server(): pass

            def test_one(server): pass
            def test_two(server): pass
        """
    )

    outcome = suite.run(*workers)

    assert outcome.code == pytest.ExitCode.USAGE_ERROR, outcome.output
    assert "Fixture 'server': @fixture_uses_resources names 'tol'" in outcome.output
    assert outcome.counts["passed"] == 0
    assert "AssertionError" not in outcome.output


def test_a_contract_of_what_is_not_guarded_that_shows_late(suite: Suite) -> None:
    """Each test that asks for such a fixture while it runs is told the same."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import pytest
            from imbue.resource_guards.resource_guards import fixture_uses_resources

            @pytest.fixture(scope="session")
            @fixture_uses_resources("tol")
            def server(): pass

            @pytest.mark.parametrize("time", [1, 2])
            def test_it(request, time):
                request.getfixturevalue("server")
        """
    )

    outcome = suite.run()

    assert outcome.counts == {"failed": 2}
    for test in outcome.tests.values():
        assert "Fixture 'server': @fixture_uses_resources names 'tol'" in test.text


def test_an_early_end_is_judged_too(suite: Suite) -> None:
    """With ``-x``, shared fixtures are torn down when the session ends, still under guard."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.fixture(scope="session")
            def server():
                yield
                subprocess.run(["tool"])

            def test_unmarked(server): pass
            def test_fails(): assert False
            def test_never(): pass
        """
    )

    outcome = suite.run("-x")

    assert outcome["test_unmarked"].says_missing()
    assert suite.runs_of() == []


SKIPPING = {
    "session fixture": """
        @pytest.fixture(scope="session")
        def server(): {skip}
        def test_it(server): pass
        def test_second(server): pass
    """,
    "declared fixture": """
        @pytest.fixture(scope="module")
        @fixture_uses_resources("other")
        def server(): {skip}
        def test_it(server): pass
        def test_second(server): pass
    """,
    "session fixture that another asks for": """
        @pytest.fixture(scope="session")
        def inner(): {skip}
        @pytest.fixture(scope="session")
        def server(request): request.getfixturevalue("inner")
        def test_it(server): pass
        def test_second(server): pass
    """,
    "setup_module": """
        def setup_module(): {skip}
        def test_it(): pass
        def test_second(): pass
    """,
    "setup_class": """
        class TestClass:
            @classmethod
            def setup_class(cls): {skip}
            def test_it(self): pass
            def test_second(self): pass
    """,
    "setUpClass": """
        class TestClass(unittest.TestCase):
            @classmethod
            def setUpClass(cls): {skip}
            def test_it(self): pass
            def test_second(self): pass
    """,
}


@pytest.mark.parametrize("where", SKIPPING)
@pytest.mark.parametrize("way", ["pytest.skip('no tool')", "raise OSError('no tool')"])
def test_a_shared_set_up_that_skips_or_fails_hides_nothing(
    suite: Suite, where: str, way: str
) -> None:
    """Every test that depends on it fails, and is told what was blocked."""
    suite.guard_tool()
    suite.tool("other")
    suite.write(
        conftest="""
            from imbue.resource_guards.resource_guards import register_resource_guard
            register_resource_guard("tool")
            register_resource_guard("other")
        """,
        test_it="import subprocess, unittest, pytest\n"
        "from imbue.resource_guards.resource_guards import fixture_uses_resources\n"
        + textwrap.dedent(SKIPPING[where]).format(skip=f"subprocess.run(['tool']); {way}"),
    )

    outcome = suite.run()

    for name in ("test_it", "test_second"):
        assert outcome[name].says_missing(), (name, outcome.output)
        assert "no tool" in outcome[name].text
    assert "Fixture '_" not in outcome.output  # but the name of the user's own function
    assert suite.runs_of() == []


def test_setup_plan_judges_nothing(suite: Suite) -> None:
    """Fixtures that are only planned have used nothing, and have broken no contract."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import pytest
            from imbue.resource_guards.resource_guards import fixture_uses_resources

            @pytest.fixture
            @fixture_uses_resources("tool")
            def server(): raise AssertionError

            @pytest.mark.tool
            def test_it(server): raise AssertionError
        """
    )

    assert suite.run("--setup-plan").code == 0


def test_each_violation_is_told_beside_an_exception_of_another(suite: Suite) -> None:
    """A blocked SDK call that fails one fixture does not hide the tool that another has called."""
    suite.guard_tool()
    suite.write(
        sdk="def send(): pass",
        conftest="""
            def pytest_register_resource_guards(registry):
                registry.register_resource_guard("tool")
                registry.register_sdk_guard("sdk", targets=["sdk:send"])
        """,
        test_it="""
            import subprocess, pytest, sdk

            @pytest.fixture(scope="module")
            def loud():
                sdk.send()

            def test_it(request):
                subprocess.run(["tool"])
                request.getfixturevalue("loud")
        """,
    )

    test = suite.run()["test_it"]

    assert test.says_missing("sdk")
    assert test.says_missing("tool")


@pytest.mark.parametrize("way", ["pytest.skip('no tool')", "raise OSError('no tool')"])
def test_a_declared_fixture_that_does_not_come_to_it(suite: Suite, way: str) -> None:
    """One whose set-up skips or fails has not broken its contract by using nothing yet."""
    suite.guard_tool()
    suite.write(test_it=DECLARED.format(decorators=BELOW, setup=way, teardown="pass"))

    outcome = suite.run()

    assert "but never" not in outcome.output
    assert "no tool" in outcome["test_marked"].text


def test_a_fixture_that_asks_for_what_the_test_has(suite: Suite) -> None:
    """It depends on that too, for later tests that have it set up already."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.fixture(scope="module")
            def server():
                subprocess.run(["tool"])

            @pytest.fixture(scope="module")
            def client(request):
                request.getfixturevalue("server")

            @pytest.mark.tool
            def test_first(server, client): pass

            def test_unmarked(client): pass

            @pytest.mark.tool
            def test_marked(client): pass
        """
    )

    outcome = suite.run()

    assert outcome["test_unmarked"].says_missing()
    assert outcome["test_first"].outcome == outcome["test_marked"].outcome == "passed"


SHARED = """
import subprocess
import pytest

@pytest.fixture(scope="session")
def shared():
    subprocess.run(["tool"])

"""


def shared_tool(suite: Suite, more: str) -> None:
    """Guard the tool, with a session's fixture that uses it and more in the conftest."""
    suite.guard_tool()
    with (suite.path / "conftest.py").open("a") as conftest:
        conftest.write(SHARED + more)


@pytest.mark.parametrize(
    "inner",
    [
        "def shared(shared):\n    return shared",
        "def shared(request):\n    return request.getfixturevalue('shared')",
        "def other(asks):\n    return asks",
        "def other(request):\n    return request.getfixturevalue('asks')",
    ],
    ids=["overrides", "overrides and asks", "by one that asks", "asks for one that asks"],
)
@pytest.mark.parametrize("scope", ["function", "module"])
def test_a_cached_fixture_behind_another(suite: Suite, inner: str, scope: str) -> None:
    """Each test depends on it, however it comes by it, and also where it was set up for one before."""
    shared_tool(
        suite,
        """
@pytest.fixture(scope="session")
def named(shared):
    pass

@pytest.fixture(scope="session")
def asks(request):
    return request.getfixturevalue("named")
""",
    )
    suite.write_files(
        {
            "test_first.py": "import pytest\n\n@pytest.mark.tool\ndef test_has_it(shared):\n    pass\n",
            "test_it.py": f"""import pytest

@pytest.fixture(scope="{scope}")
{inner}

def test_without({inner.split("(", maxsplit=1)[0].removeprefix("def ")}):
    pass

@pytest.mark.tool
def test_with({inner.split("(", maxsplit=1)[0].removeprefix("def ")}):
    pass

@pytest.mark.tool
def test_of_another():
    pass
""",
        }
    )

    tests = suite.run()

    assert tests["test_without"].says_missing()
    assert tests["test_with"].outcome == "passed"
    assert tests["test_of_another"].says_superfluous()


def test_a_fixture_that_adds_finalizers_later(suite: Suite) -> None:
    """What a factory's tear-down uses is the factory's, whichever test has asked it for what."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest

            @pytest.fixture(scope="session")
            def make(request):
                def one():
                    request.addfinalizer(lambda: subprocess.run(["tool", "down"]))
                return one

            @pytest.mark.tool
            def test_0_marked(make): pass

            @pytest.mark.tool
            def test_1_makes_marked(make): make()

            def test_2_unmarked(make): pass

            def test_3_innocent(): pass

            @pytest.mark.tool
            def test_4_superfluous(): pass
        """
    )

    outcome = suite.run()

    for name, test in outcome.tests.items():
        if "unmarked" in name:
            assert test.says_missing(), (name, outcome.output)
        elif "superfluous" in name:
            assert test.says_superfluous(), (name, outcome.output)
        else:
            assert test.outcome == "passed", (name, outcome.output)
    assert suite.runs_of() == ["down"]


def test_a_contract_of_a_wrapped_fixture(suite: Suite) -> None:
    """It holds for what `functools.wraps` puts round the function that declares it."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import functools, subprocess, pytest
            from imbue.resource_guards.resource_guards import fixture_uses_resources

            def wrapping(function):
                @functools.wraps(function)
                def wrapper(*args, **kwargs):
                    return function(*args, **kwargs)
                return wrapper

            @pytest.fixture
            @wrapping
            @fixture_uses_resources("tool")
            def server():
                subprocess.run(["tool"], check=True)

            @pytest.mark.tool
            def test_marked(server): pass

            def test_unmarked(server): pass
        """
    )

    outcome = suite.run()

    assert outcome["test_marked"].outcome == "passed", outcome.output
    assert "Fixture 'server'" in outcome["test_unmarked"].text
    assert outcome["test_unmarked"].says_missing()
    assert suite.runs_of() == ["", ""]  # by its own contract, whatever marks the test has


def test_the_contract_of_the_definition_that_runs(suite: Suite) -> None:
    """An overriding fixture is held to its own contract, or to none, and not to the other's."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess, pytest
            from imbue.resource_guards.resource_guards import fixture_uses_resources

            @pytest.fixture
            @fixture_uses_resources("tool")
            def server():
                subprocess.run(["tool"], check=True)

            class TestWithoutContract:
                @pytest.fixture
                def server(self): pass

                def test_innocent(self, server): pass

                @pytest.mark.tool
                def test_superfluous(self, server): pass

            class TestWithContract:
                @pytest.fixture
                @fixture_uses_resources("tool")
                def server(self): pass

                def test_broken(self, server): pass
        """
    )

    outcome = suite.run()

    assert outcome["test_innocent"].outcome == "passed", outcome.output
    assert outcome["test_superfluous"].says_superfluous()
    assert "declares 'tool' but never used" in outcome["test_broken"].text
    assert "declares 'tool'" not in outcome["test_superfluous"].text
    assert suite.runs_of() == []


OTHERS_OF_ITS_NAME = {
    "another fixture": """
        @pytest.fixture(scope="session")
        def shared(): pass

        def test_without(named): pass

        @pytest.mark.tool
        def test_with(named): pass
    """,
    "a parameter": """
        @pytest.mark.parametrize("shared", [1], scope="session")
        def test_without(named, shared): pass

        @pytest.mark.tool
        @pytest.mark.parametrize("shared", [1], scope="session")
        def test_with(named, shared): pass
    """,
}


@pytest.mark.parametrize("other", OTHERS_OF_ITS_NAME)
def test_a_cached_fixture_whose_argument_has_another_of_its_name(suite: Suite, other: str) -> None:
    """It stays what it was made with, whatever a later test has by that name."""
    shared_tool(
        suite,
        """
@pytest.fixture(scope="session")
def named(shared):
    pass
""",
    )
    suite.write(
        test_a="""
            import pytest

            @pytest.mark.tool
            def test_first(named): pass
        """,
        test_b="import pytest\n" + textwrap.dedent(OTHERS_OF_ITS_NAME[other]),
    )

    tests = suite.run().tests

    (without,) = [test for name, test in tests.items() if name.startswith("test_without")]
    (with_mark,) = [test for name, test in tests.items() if name.startswith("test_with[")] or [
        tests["test_with"]
    ]
    assert without.says_missing()
    assert with_mark.outcome == "passed"


def test_a_test_that_is_run_again_within_its_report(suite: Suite) -> None:
    """What it asks for by its second request is its own, too, though it is as much as by the first."""
    shared_tool(
        suite,
        """
@pytest.fixture(scope="session")
def plain():
    pass

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" and call.excinfo is not None and item.name == "test_again":
        item.session._setupstate.teardown_exact(item)
        item._initrequest()
        item.obj(item._request)
        report.outcome, report.longrepr = "passed", None
    return report
""",
    )
    suite.write(
        test_it="""
            import pytest

            RUNS = []

            @pytest.mark.tool
            def test_first(shared, plain): pass

            def test_again(request):
                RUNS.append(1)
                request.getfixturevalue("plain" if len(RUNS) == 1 else "shared")
                assert len(RUNS) == 2
        """
    )

    tests = suite.run()

    assert tests["test_first"].outcome == "passed"
    assert tests["test_again"].says_missing()


def test_tests_that_keep_their_request_elsewhere(suite: Suite) -> None:
    """Their fixtures are theirs, as those of pytest's own kinds of tests are."""
    shared_tool(
        suite,
        """
from _pytest.fixtures import TopRequest

class Its(pytest.Item):
    def __init__(self, **known):
        super().__init__(**known)
        self.obj, self.funcargs = (lambda shared: None), {}
        self._fixtureinfo = self.session._fixturemanager.getfixtureinfo(self, self.obj, None)

    def setup(self):
        self.fixturenames = self._fixtureinfo.names_closure
        self.its_request = TopRequest(self, _ispytest=True)
        self.its_request.getfixturevalue("shared")

    def runtest(self):
        pass

    def reportinfo(self):
        return self.path, 0, self.name

class Tests(pytest.File):
    def collect(self):
        marked = Its.from_parent(self, name="test_marked")
        marked.add_marker("tool")
        yield marked
        yield Its.from_parent(self, name="test_unmarked")

def pytest_collect_file(file_path, parent):
    return Tests.from_parent(parent, path=file_path) if file_path.suffix == ".its" else None
""",
    )
    suite.write_files({"tests.its": ""})

    tests = suite.run()

    assert tests["test_marked"].outcome == "passed"
    assert tests["test_unmarked"].says_missing()


def test_the_first_of_several_fixtures_is_named(suite: Suite) -> None:
    """In the order in which a test has got them, whether or not they were set up before."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import subprocess
            import pytest
            from imbue.resource_guards import fixture_uses_resources

            @pytest.fixture(scope="session")
            def first(): subprocess.run(["tool"])

            @pytest.fixture(scope="session")
            @fixture_uses_resources("tool")
            def second(): subprocess.run(["tool"])

            @pytest.mark.tool
            def test_marked(first): pass

            def test_unmarked(first, second): pass
        """
    )

    outcome = suite.run()

    assert "for fixture 'first'" in outcome["test_unmarked"].text.partition("\n")[0]
