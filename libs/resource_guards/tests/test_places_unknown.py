"""Where the place of a mark or declaration cannot be found, the rest of the message is told."""

from __future__ import annotations

import pytest

from support.suite import Suite


@pytest.mark.parametrize(
    "change", ["write_text('def (')", "unlink()"], ids=["of another text", "that is gone"]
)
def test_a_file_that_is_no_longer_what_it_was(suite: Suite, change: str) -> None:
    """Its test is told of, by its name, and without a line."""
    suite.guard_tool()
    suite.write(
        test_it=f"""
            import pathlib, pytest

            @pytest.mark.tool
            def test_superfluous():
                pathlib.Path(__file__).{change}
        """
    )

    test = suite.run()["test_superfluous"]

    assert test.says_superfluous()
    assert "Fix: remove it from the test," in test.text


def test_a_fixture_that_is_no_function(suite: Suite) -> None:
    """The fixture is told of, by its name, and without a line."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import pytest
            from imbue.resource_guards.resource_guards import fixture_uses_resources

            class Idle:
                __name__ = "idle"

                def __call__(self):
                    return 7

            idle = pytest.fixture(fixture_uses_resources("tool")(Idle()))

            @pytest.mark.tool
            def test_it(idle):
                assert idle == 7
        """
    )

    test = suite.run()["test_it"]

    assert "Fixture 'idle' declares 'tool' but never used tool" in test.text
    assert "from its @fixture_uses_resources." in test.text
