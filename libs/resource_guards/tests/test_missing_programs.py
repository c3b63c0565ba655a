"""Programs that are named in the settings and not installed here; and names that are misspelt."""

from __future__ import annotations

import pytest

from support.suite import WORKERS
from support.suite import Suite

TESTS = """
    import subprocess, pytest

    @pytest.mark.doker
    def test_marked():
        subprocess.run(["doker"], check=True)

    def test_other():
        pass

    def test_unmarked():
        with pytest.raises(FileNotFoundError):
            subprocess.run(["doker"])
"""

COMPLAINT = "resource_guards: 'doker' is not an installed guard package"


@pytest.fixture(name="named")
def named_fixture(suite: Suite) -> Suite:
    """A suite whose settings name a program that is nowhere, which some tests are marked with."""
    suite.write(test_it=TESTS)
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = doker\n"})
    return suite


@WORKERS
def test_its_tests_are_left_out(named: Suite, workers: tuple[str, ...]) -> None:
    """Where tests have its mark it is meant, and a machine without it runs the others."""
    outcome = named.run("-m", "not doker", "--strict-markers", *workers)

    assert "resource guards: doker [not on PATH] (enforce)" in outcome.output
    assert outcome["test_other"].outcome == "passed"
    assert outcome["test_unmarked"].says_missing("doker")
    assert "test_marked" not in outcome.tests
    assert outcome.code == pytest.ExitCode.TESTS_FAILED


def test_all_its_tests(named: Suite) -> None:
    """They fail by what they do, where they are not left out."""
    outcome = named.run("-k", "test_marked")

    assert "FileNotFoundError" in outcome["test_marked"].text


MARKS = {
    "by a hook, and deselected": {
        "conftest": """
            def pytest_collection_modifyitems(config, items):
                for item in items:
                    item.add_marker("doker")
                config.hook.pytest_deselected(items=items[1:])
                del items[1:]
        """,
    },
    "on a parameter": {
        "test_it": """
            import pytest
            @pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.doker)])
            def test_it(x): pass
        """,
    },
    "in a module": {
        "test_it": "import pytest\npytestmark = pytest.mark.doker\ndef test_it(): pass",
    },
    "that the project describes": {
        "conftest": "def pytest_configure(config): pass",
        "settings": "markers = doker: needs it",
    },
    "by another guard": {
        "conftest": """
            from imbue.resource_guards import register_address_guard
            register_address_guard("doker", "localhost:9")
        """,
    },
}


@pytest.mark.parametrize("how", MARKS)
def test_it_is_meant(suite: Suite, how: str) -> None:
    """By a mark of any test, wherever that stands; or by what else is said of it."""
    files = dict(MARKS[how])
    suite.write_files(
        {"pytest.ini": f"[pytest]\nresource_guards = doker\n{files.pop('settings', '')}\n"}
    )
    suite.write(**{"test_it": "def test_it(): pass\ndef test_next(): pass", **files})

    outcome = suite.run("-m", "not doker")

    assert outcome.code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED), outcome.output


@WORKERS
def test_a_misspelt_name(suite: Suite, workers: tuple[str, ...]) -> None:
    """No program, package or mark of any test has it: it is an error that offers the nearest."""
    suite.tool("dockerish")
    suite.write(test_it=TESTS.replace("doker", "dockerish"))
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = dokerish\nmarkers = dockerish\n"})

    outcome = suite.run(*workers)

    assert outcome.code == pytest.ExitCode.USAGE_ERROR, outcome.output
    assert "'dokerish' is not an installed guard package (installed: " in outcome.output
    assert "or a mark of a collected test; did you mean 'dockerish'? Fix the name" in outcome.output
    assert "write binary:dokerish if it is a program that this machine" in outcome.output
    assert outcome.tests == {}


def test_the_nearest_may_be_a_mark_or_a_package(suite: Suite) -> None:
    """As well as a program."""
    suite.write(test_it="import pytest\n@pytest.mark.frobnicate\ndef test_it(): pass")
    for name, meant in [("frobnicat", "frobnicate"), ("moda1", "modal")]:
        suite.write_files({"pytest.ini": f"[pytest]\nresource_guards = {name}\n"})

        outcome = suite.run()

        assert outcome.code == pytest.ExitCode.USAGE_ERROR
        assert f"did you mean '{meant}'?" in outcome.output


@pytest.mark.parametrize(
    ("arguments", "is_told"),
    [
        ((".",), True),
        (("tests",), True),
        (("tests", "other"), True),
        (("tests/unit",), False),
        (("tests/test_plain.py",), False),
        (("tests/test_plain.py::test_it",), False),
        (("--ignore=tests/unit",), False),
        (("-k", "test_it"), True),
        (("--collect-only",), True),
        (("-otestpaths=tests other", "tests"), False),
        (("-otestpaths=tests other",), True),
        (("-otestpaths=tests other", "tests", "other"), True),
    ],
    ids=str,
)
def test_a_part_of_the_tests(suite: Suite, arguments: tuple[str, ...], *, is_told: bool) -> None:
    """A run that does not collect all of them cannot know that none has the mark."""
    plain = "def test_it(): pass"
    suite.write_files(
        {
            "pytest.ini": "[pytest]\nresource_guards = doker\n",
            **{f"{each}/test_plain.py": plain for each in ("tests", "tests/unit", "other")},
            **{f"{each}/__init__.py": "" for each in ("tests", "tests/unit", "other")},
        }
    )

    outcome = suite.run(*arguments)

    assert (outcome.code == pytest.ExitCode.USAGE_ERROR) is is_told, outcome.output
    assert (COMPLAINT in outcome.output) is is_told


def test_tests_that_cannot_be_collected(suite: Suite) -> None:
    """That is told, and not that a name has no marks."""
    suite.write(test_it="import nosuch")
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = doker\n"})

    outcome = suite.run()

    assert outcome.code == pytest.ExitCode.INTERRUPTED
    assert "No module named 'nosuch'" in outcome.output
    assert COMPLAINT not in outcome.output


def test_where_no_test_runs(suite: Suite) -> None:
    """It is listed as what it is."""
    suite.write_files({"pytest.ini": "[pytest]\nresource_guards = doker\n"})

    assert "  program doker: not on PATH\n" in suite.run("--resource-guards-list").output


@WORKERS
def test_a_misspelt_name_and_strict_markers(named: Suite, workers: tuple[str, ...]) -> None:
    """pytest refuses the marks that have the right name; a line says which name may be wrong."""
    named.write_files({"pytest.ini": "[pytest]\nresource_guards = dokre nowhere\n"})

    outcome = named.run("--strict-markers", *workers)

    assert "'doker' not found in `markers`" in outcome.output
    assert (
        "resource_guards: 'dokre' is neither a guard package nor a program here, and tests have the mark 'doker'. "
        "If you mean that, fix the name."
    ) in outcome.output
    assert "'nowhere' is neither" not in outcome.output
