"""The one invariant, on suites that nobody has thought of.

The same suites each time, so that a failure can be had again. For a thousand others, and the way to
have one of them again printed: ``pytest --hypothesis-profile=long`` and this file.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings

from support.any_suite import ORDERS
from support.any_suite import AnySuite
from support.any_suite import any_suites
from support.any_suite import told_in
from support.suite import Suite


@given(model=any_suites())
@settings(
    max_examples=1000 if settings.get_current_profile_name() == "long" else 30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_verdict_follows_from_the_rule_alone(suite: Suite, model: AnySuite) -> None:
    """In three orders, in one process and in two workers, each test has the right violations."""
    suite.clear()
    suite.tool("alpha")
    suite.write_files(model.sources())
    right, perhaps = model.violations(), model.perhaps()

    for workers in ((), ("-n2",)):
        outcome = suite.run(*workers, "-q")

        assert outcome.code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), outcome.output
        for order in ORDERS:
            told = {
                name: told_in(test.text)
                for (folder, name), test in outcome.cases.items()
                if folder.partition(".")[0] == order
            }
            certain = {name: found - perhaps for name, found in told.items()}
            assert certain == right, (order, workers, outcome.output)
    used = set(suite.runs_of("alpha"))
    marked = any("alpha" in test.marks for test in model.tests)
    declared = any("alpha" in (each.declares or ()) for each in model.fixtures)
    assert marked or declared or not used


@given(model=any_suites())
@settings(
    max_examples=200 if settings.get_current_profile_name() == "long" else 8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_fix_leaves_nothing_but_what_it_lists(suite: Suite, model: AnySuite) -> None:
    """After it each test has the right marks, or is listed; a second one changes nothing."""
    suite.clear()
    suite.tool("alpha")
    suite.write_files(model.sources())

    fixed = suite.run("--resource-guards-fix=write", "-q")
    left = fixed.output.partition("guards: fix")[2]
    source = {path: path.read_bytes() for path in suite.path.rglob("*.py")}
    enforced = suite.run("-q")

    for (folder, name), test in enforced.cases.items():
        wrong = {told for told in told_in(test.text) if told[0] in ("missing", "superfluous")}
        order, module, *classes = folder.split(".")
        function = "::".join([f"{order}/{module}.py", *classes, name.partition("[")[0]])
        listed = function in left
        assert not wrong or listed, (folder, name, wrong, fixed.output, enforced.output)
    again = suite.run("--resource-guards-fix=write", "-q")
    assert "0 marks added, 0 removed in 0 files" in again.output, again.output
    assert source == {path: path.read_bytes() for path in suite.path.rglob("*.py")}
