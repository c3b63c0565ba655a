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
    max_examples=1000 if settings.get_current_profile_name() == "long" else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_verdict_follows_from_the_rule_alone(suite: Suite, model: AnySuite) -> None:
    """In three orders, in one process and in two workers, each test has the right violations."""
    suite.clear()
    suite.tool("alpha")
    suite.write_files(model.sources())
    right = model.violations()

    for workers in ((), ("-n2",)):
        outcome = suite.run(*workers, "-q")

        assert outcome.code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), outcome.output
        for order in ORDERS:
            told = {
                name: told_in(test.text)
                for (folder, name), test in outcome.cases.items()
                if folder.partition(".")[0] == order
            }
            assert told == right, (order, workers, outcome.output)
    used = set(suite.runs_of("alpha"))
    marked = any("alpha" in test.marks for test in model.tests)
    declared = any("alpha" in (each.declares or ()) for each in model.fixtures)
    assert marked or declared or not used
