"""What the fix leaves to a person, and why, in suites that share tests between files and classes."""

from __future__ import annotations

import pytest

from support.items import COMMAND_ITEMS
from support.suite import Suite


@pytest.fixture
def tool(suite: Suite) -> Suite:
    """A suite whose settings guard a program."""
    suite.name_guards("tool")
    return suite


def fix(suite: Suite) -> str:
    """What a fix says that has changed nothing in the test module."""
    path = suite.path / "test_it.py"
    before = path.read_text()
    output = suite.run("--resource-guards-fix=write").output
    assert path.read_text() == before, output
    return output


def test_a_class_whose_tests_stand_in_another_file(tool: Suite) -> None:
    """Its mark is left where it is, since it cannot go together with what has to come elsewhere."""
    tool.write(
        base="""
            import subprocess

            class Base:
                def test_uses(self):
                    subprocess.run(["tool"])
        """,
        test_it="""
            import pytest
            from base import Base

            @pytest.mark.tool
            class TestIt(Base):
                def test_idle(self):
                    pass
        """,
    )

    assert (
        "test_it.py: the @pytest.mark.tool of class TestIt covers tests that must not have it "
        "and tests of base.py that need it; move it by hand" in fix(tool)
    )


def test_an_inherited_test_that_one_class_needs(tool: Suite) -> None:
    """It is left where the class has other tests that must not have the mark."""
    tool.write(
        test_it="""
            import subprocess

            class Base:
                program = "true"

                def test_inherited(self):
                    subprocess.run([self.program])

            class TestIdle(Base):
                pass

            class TestUsing(Base):
                program = "tool"

                def test_own(self):
                    pass
        """
    )

    assert "it needs @pytest.mark.tool in TestUsing only" in fix(tool)


def test_an_item_that_is_no_function(tool: Suite) -> None:
    """It has no source that could carry the mark."""
    tool.write(conftest=COMMAND_ITEMS, test_it="")
    tool.write_files({"test.commands": ""})

    text = "test.commands::command: it needs @pytest.mark.tool, and is no Python function"
    assert text in fix(tool)


@pytest.mark.parametrize(
    ("module", "cls", "function"),
    [
        ("pytestmark = EACH", "", ""),
        ("", "@EACH", ""),
        ("", "", '@pytest.mark.parametrize("program", ["true", "tool", "true"])'),
    ],
    ids=["of the module", "of the class", "of which two are alike"],
)
def test_values_that_no_decorator_of_the_test_has(
    tool: Suite, module: str, cls: str, function: str
) -> None:
    """Some need the mark and others not, and there is no place in the function to say so."""
    (tool.path / "test_it.py").write_text(
        f"""\
import subprocess
import pytest

EACH = pytest.mark.parametrize("program", ["true", "tool"])
{module}


{cls}
class TestIt:
    {function}
    def test_it(self, program):
        subprocess.run([program])
"""
    )

    assert "some of its parameters need @pytest.mark.tool and others must not have it" in fix(tool)
