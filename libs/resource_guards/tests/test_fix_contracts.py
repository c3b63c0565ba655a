"""The fix of fixtures: their contracts, and what a fixture of a whole class or module shows of skipped tests."""

from __future__ import annotations

import json

import pytest

from support.suite import WORKERS
from support.suite import Suite

IMPORTS = """\
import subprocess

import pytest

from imbue.resource_guards.resource_guards import fixture_uses_resources
"""


def service(names: str, program: str = '"tool"') -> str:
    """A fixture with a contract, that runs a program."""
    return (
        f"\n\n@pytest.fixture\n@fixture_uses_resources({names})\ndef service():\n"
        f"    subprocess.run([{program}], check=True)\n"
    )


@pytest.fixture
def tools(suite: Suite) -> Suite:
    """A suite that guards two programs."""
    suite.name_guards("tool", "other")
    return suite


CONFTEST = (
    IMPORTS
    + """\
from imbue.resource_guards.resource_guards import fixture_uses_resources as uses


@pytest.fixture
@fixture_uses_resources("other")
def uses_another():
    subprocess.run(["tool"], check=True)


@fixture_uses_resources(
    "tool",  # in its tear-down
    "other",
)
@pytest.fixture(scope="session")
def uses_one_of_two():
    yield
    subprocess.run(["tool"], check=True)


@pytest.fixture
@uses("tool")
def uses_nothing():
    pass
"""
)
FIXED_CONFTEST = (
    IMPORTS
    + """\


@pytest.fixture
@fixture_uses_resources("tool")
def uses_another():
    subprocess.run(["tool"], check=True)


@fixture_uses_resources(
    "tool",  # in its tear-down
)
@pytest.fixture(scope="session")
def uses_one_of_two():
    yield
    subprocess.run(["tool"], check=True)


@pytest.fixture
def uses_nothing():
    pass
"""
)
TESTS = """\
import pytest


class TestIt:
    @pytest.fixture
    def local(self, uses_another):
        pass

    def test_a(self, local):
        pass

    def test_b(self, request):
        request.getfixturevalue("uses_one_of_two")

    @pytest.mark.tool
    def test_c(self, uses_nothing):
        pass
"""


@WORKERS
def test_contracts(tools: Suite, workers: tuple[str, ...]) -> None:
    """A name that is missing comes, one too many goes, an empty contract goes with its import."""
    conftest, path = tools.path / "conftest.py", tools.path / "test_it.py"
    conftest.write_text(CONFTEST)
    path.write_text(TESTS)

    outcome = tools.run("--resource-guards-fix=write", *workers)

    assert conftest.read_text() == FIXED_CONFTEST, outcome.output
    assert path.read_text() == (
        TESTS.replace("    @pytest.mark.tool\n", "")
        .replace("    def test_a", "    @pytest.mark.tool\n    def test_a")
        .replace("    def test_b", "    @pytest.mark.tool\n    def test_b")
    )
    said = "2 marks added, 1 removed, 4 names of @fixture_uses_resources changed in 2 files; 0 left"
    assert said in outcome.output
    assert tools.run(*workers).counts == {"passed": 3}
    again = tools.run("--resource-guards-fix=write", *workers)
    assert "0 marks added, 0 removed in 0 files; 0 left" in again.output


def test_a_check_of_contracts(tools: Suite) -> None:
    """It fails for a contract alone, and says so."""
    (tools.path / "test_it.py").write_text(
        IMPORTS
        + service('"tool", "other"')
        + "\n\n@pytest.mark.tool\ndef test_a(service):\n    pass\n"
    )

    outcome = tools.run("--resource-guards-fix=check")

    assert outcome.code == pytest.ExitCode.TESTS_FAILED
    changed = "1 name of @fixture_uses_resources would be changed"
    assert f"test_it.py: 0 marks would be added, 0 removed, {changed}" in outcome.output


BROKEN = {
    "it failed": ("    raise OSError\n", "def test_a(service):\n    pass\n"),
    "it skipped": ("    pytest.skip('no')\n", "def test_a(service):\n    pass\n"),
    "it uses it for another test": (
        "    if request.node.name == 'test_b':\n        subprocess.run(['tool'], check=True)\n",
        "def test_a(service):\n    pass\n\n\n@pytest.mark.tool\ndef test_b(service):\n    pass\n",
    ),
}


@pytest.mark.parametrize(("body", "tests"), BROKEN.values(), ids=BROKEN)
def test_a_name_that_stays(tools: Suite, body: str, tests: str) -> None:
    """A name stays unless the fixture never used it, and ran to its end."""
    path = tools.path / "test_it.py"
    path.write_text(
        IMPORTS
        + '\n\n@pytest.fixture\n@fixture_uses_resources("tool")\ndef service(request):\n'
        + f"{body}\n\n{tests}"
    )
    before = path.read_text()

    tools.run("--resource-guards-fix=write")

    assert path.read_text() == before


def test_a_name_that_a_test_may_need_that_did_not_run(tools: Suite) -> None:
    """It stays, and that is said; what is missing is added."""
    conftest = tools.path / "conftest.py"
    conftest.write_text(IMPORTS + service('"other"'))
    (tools.path / "test_it.py").write_text(
        "def test_a(service):\n    pass\n\n\ndef test_b(service):\n    pass\n"
    )
    before = conftest.read_text()

    outcome = tools.run("--resource-guards-fix=write", "test_it.py::test_a")

    assert conftest.read_text() == before.replace('"other"', '"other", "tool"')
    said = "conftest.py: fixture service declares 'other' but did not use it; 1 test that needs"
    assert said in outcome.output


def test_names_that_are_not_written_out(tools: Suite) -> None:
    """A contract by a constant is left, with the place and the reason; so is one made in a function."""
    path = tools.path / "test_it.py"
    path.write_text(
        IMPORTS
        + """
NAME = "other"


@pytest.fixture
@fixture_uses_resources(NAME)
def service():
    subprocess.run(["tool"], check=True)


def made():
    @pytest.fixture
    @fixture_uses_resources("tool")
    def inner():
        pass

    return inner


another = made()


@pytest.mark.tool
def test_a(service, another):
    pass
"""
    )
    before = path.read_text()

    outcome = tools.run("--resource-guards-fix=write")

    assert path.read_text() == before
    assert (
        "test_it.py:12: add 'tool' to @fixture_uses_resources, remove 'other' from @fixture_uses_resources by "
        "hand (service): The names of @fixture_uses_resources are not all written out here."
    ) in outcome.output
    assert (
        "test_it.py: remove 'tool' from @fixture_uses_resources by hand (made.<locals>.inner): It is not"
    ) in outcome.output
    assert "2 left to change by hand" in outcome.output


def test_contracts_of_merged_reports(tools: Suite) -> None:
    """What a fixture did in one of several runs counts for all."""
    from imbue.resource_guards.fix.edits import Action
    from imbue.resource_guards.fix.plan import make_plan
    from imbue.resource_guards.report.document import read_document
    from imbue.resource_guards.report.merging import merge_documents

    (tools.path / "test_it.py").write_text(
        IMPORTS
        + "import os\n"
        + service('"tool", "other"', 'os.environ["PROGRAM"]')
        + "\n\n@pytest.mark.tool\n@pytest.mark.other\ndef test_a(service):\n    pass\n"
    )
    documents = {}
    for program in ("tool", "other", "true"):
        (tools.path / "conftest.py").write_text(f"import os; os.environ['PROGRAM'] = '{program}'\n")
        tools.run("--resource-guards=warn", f"--resource-guards-json={program}.json")
        documents[program] = read_document(tools.path / f"{program}.json")
        found = json.loads((tools.path / f"{program}.json").read_text())["tests"][0]["contracts"]
        assert [each["used"] for each in found] == [[program]] if program != "true" else [[]]

    alone = make_plan(documents["tool"].tests, ["tool", "other"])
    merged = merge_documents(documents)
    together = make_plan(merged.tests, ["tool", "other"])

    edits = [edit for each in alone.changes["test_it.py"] for edit in each.edits]
    assert (Action.REMOVE, "other", "service") in [
        (each.action, each.mark, each.place.qualname) for each in edits
    ]
    assert together.changes == {}


SHARED = {
    "setUpClass": (
        """\
class TestIt(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        use()

    def test_a(self):
        pass

    @pytest.mark.skip
    def test_b(self):
        pass
""",
        "class TestIt",
    ),
    "setup_class": (
        """\
class TestIt:
    @classmethod
    def setup_class(cls):
        use()

    def test_a(self):
        pass

    @pytest.mark.skipif(True, reason="by its mark")
    def test_b(self):
        pass
""",
        "class TestIt",
    ),
    "an autouse fixture of the class": (
        """\
class TestIt:
    @pytest.fixture(autouse=True, scope="class")
    def around(self):
        use()

    def test_a(self):
        pass

    @pytest.mark.skip
    def test_b(self):
        pass
""",
        "class TestIt",
    ),
    "an autouse fixture of the module": (
        """\
@pytest.fixture(autouse=True, scope="module")
def around():
    use()


def test_a():
    pass


@pytest.mark.skip
def test_b():
    pass
""",
        "",
    ),
    "setup_module": (
        """\
def setup_module():
    use()


def test_a():
    pass


@pytest.mark.skip
def test_b():
    pass
""",
        "",
    ),
}


@pytest.mark.parametrize(("tests", "place"), SHARED.values(), ids=SHARED)
def test_a_fixture_of_all(tools: Suite, tests: str, place: str) -> None:
    """What it did, it would do for a skipped test of the class or module, which gets one mark."""
    head = "import subprocess\nimport unittest\n\nimport pytest\n"
    helper = '\n\ndef use():\n    subprocess.run(["tool"], check=True)\n\n\n'
    path = tools.path / "test_it.py"
    path.write_text(head + helper + tests)

    outcome = tools.run("--resource-guards-fix=write")

    if place:
        marked = tests.replace(place, f"@pytest.mark.tool\n{place}")
        assert path.read_text() == head + helper + marked, outcome.output
    else:
        assert path.read_text() == head + "\npytestmark = pytest.mark.tool\n" + helper + tests
    assert "1 mark added, 0 removed in 1 file; 0 left to change by hand" in outcome.output
    assert tools.run().counts == {"passed": 1, "skipped": 1}


NOT_SHARED = {
    "each test has its own": "@pytest.fixture(autouse=True)\ndef around():\n    use()\n\n\n",
    "not for all": '@pytest.fixture(scope="module")\ndef around():\n    use()\n\n\n',
    "with parameters": '@pytest.fixture(autouse=True, scope="module", params=[0])\ndef around():\n    use()\n\n\n',
    "of a class of its own": '@pytest.fixture(autouse=True, scope="class")\ndef around():\n    use()\n\n\n',
}


@pytest.mark.parametrize("fixture", NOT_SHARED.values(), ids=NOT_SHARED)
def test_a_fixture_of_some(tools: Suite, fixture: str) -> None:
    """It says nothing of a skipped test, which stays as it is."""
    head = "import subprocess\n\nimport pytest\n"
    helper = '\n\ndef use():\n    subprocess.run(["tool"], check=True)\n\n\n'
    tests = "class TestIt:\n    def test_a(self, around):\n        pass\n\n\n@pytest.mark.skip\ndef test_b():\n    pass\n"
    path = tools.path / "test_it.py"
    path.write_text(head + helper + fixture + tests)

    tools.run("--resource-guards-fix=write")

    fixed = tests.replace("    def test_a", "    @pytest.mark.tool\n    def test_a")
    assert path.read_text() == head + helper + fixture + fixed
