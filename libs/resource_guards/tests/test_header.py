"""The header of a run says what is guarded."""

from __future__ import annotations

import pytest

from support.suite import Suite

CONFTEST = """
    def pytest_register_resource_guards(registry):
        registry.register_resource_guard("tool", binaries=["not-there", "tool"])
        registry.register_resource_guard("tol")
        registry.register_sdk_guard("mail", targets=["smtplib:SMTP.connect"])
"""


@pytest.fixture
def guarded(suite: Suite) -> Suite:
    """A suite with one test and three guards, one of them of a misspelt name."""
    suite.tool()
    suite.write(conftest=CONFTEST, test_it="def test_it(): pass")
    return suite


@pytest.mark.parametrize("mode", ["enforce", "warn"])
def test_what_is_guarded(guarded: Suite, mode: str) -> None:
    """Each resource, the mode, and that no program of one is there: its name may be misspelt."""
    outcome = guarded.run(f"--resource-guards={mode}")

    assert f"resource guards: tool, tol [not on PATH], mail ({mode})\n" in outcome.output


@pytest.mark.parametrize("arguments", [("-q",), ("--resource-guards=off",)], ids=["-q", "off"])
def test_no_header(guarded: Suite, arguments: tuple[str, ...]) -> None:
    """Where pytest has none, and where resource guards do nothing."""
    outcome = guarded.run(*arguments)

    assert outcome.counts == {"passed": 1}
    assert "resource guards:" not in outcome.output


def test_nothing_is_guarded(suite: Suite) -> None:
    """A project that names no guard is told nothing."""
    suite.write(test_it="def test_it(): pass")

    assert "resource guards" not in suite.run().output
