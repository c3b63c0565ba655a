"""What the fix leaves to a person, and why, in suites that share tests between files and classes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from imbue.resource_guards.fix.difference import Difference
from imbue.resource_guards.fix.hooks import hook_lines
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
        "and tests in base.py that need it; move it by hand" in fix(tool)
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

    assert "it needs @pytest.mark.tool only in TestUsing" in fix(tool)


def test_the_values_of_a_fixture(tool: Suite) -> None:
    """What has the marks that it needs is not named; what lacks one is named once."""
    tool.write(
        conftest="""
            import pytest

            @pytest.fixture(params=["none", pytest.param("marked", marks=pytest.mark.tool)])
            def marked(request):
                return request.param

            @pytest.fixture(params=["none", "bare"])
            def bare(request):
                return request.param
        """,
        test_it="""
            import subprocess

            def use(value):
                if value != "none":
                    subprocess.run(["tool"])

            class TestIt:
                def test_marked(self, marked):
                    use(marked)

                def test_bare(self, bare):
                    use(bare)
        """,
    )

    said = fix(tool)
    assert "test_marked" not in said
    assert said.count("test_it.py::TestIt::test_bare[bare]: ") == 1
    assert "no single parametrize separates them" in said
    assert "0 marks added, 0 removed in 0 files; 1 left to change by hand" in said


HOOK = """\
2 tests need marks and cannot have a decorator, such as a doctest; put this into conftest.py (if it has this hook, add the loop to it):
NEEDS = {
    "lib/shop.py::lib.shop.cart": ["tool"],
    "test.commands::command": ["tool"],
}


def pytest_collection_modifyitems(items):
    for item in items:
        for mark in NEEDS.get(item.nodeid, []):
            item.add_marker(mark)
0 marks added, 0 removed in 0 files; 2 left to change by hand
"""

DOCTEST = '''
def cart():
    """Look.

    >>> import subprocess
    >>> subprocess.run(["tool"], check=True).returncode
    0
    """
'''


DOCTEST_OF_SDK = '''
def cart():
    """Look.

    >>> import sdk
    >>> sdk.send()
    """
'''


def test_tests_that_are_no_functions(tool: Suite) -> None:
    """A doctest and an item of another plugin get a hook that is ready for a conftest, and works there."""
    tool.write(conftest=COMMAND_ITEMS, test_it="")
    tool.write_files({"test.commands": "", "lib/__init__.py": "", "lib/shop.py": DOCTEST})
    enforced = tool.run("--doctest-modules")
    checked = tool.run("--resource-guards-fix=check", "--doctest-modules")
    assert (
        checked.code == pytest.ExitCode.TESTS_FAILED
    )  # what a person has to do is still to be done

    assert "Only a hook can mark 2 tests. To see the hook:\n" in enforced.output
    written = tool.run("--resource-guards-fix=write", "--doctest-modules")

    output = written.output
    assert HOOK in output
    assert written.code == pytest.ExitCode.TESTS_FAILED
    conftest = tool.path / "conftest.py"
    hook = output[output.index("NEEDS = {") : output.index("\n0 marks added")]
    conftest.write_text(f"{conftest.read_text()}\n\n{hook}\n")
    assert tool.run("--doctest-modules").code == pytest.ExitCode.OK
    again = tool.run("--resource-guards-fix=write", "--doctest-modules")
    assert "0 marks added, 0 removed in 0 files; 0 left to change by hand" in again.output
    assert again.code == pytest.ExitCode.OK
    said = "Fix: it cannot have a decorator: mark it with a hook in its conftest.py, which pytest"
    assert enforced.output.count(said) == 2


def test_what_stops_a_doctest(tool: Suite) -> None:
    """The exception of a blocked call says the same of a test that is no function."""
    tool.write(
        conftest="""
            from imbue.resource_guards.resource_guards import register_sdk_guard

            register_sdk_guard("sdk", targets=["sdk:send"])
        """,
        sdk="def send(): pass",
    )
    tool.write_files(
        {"shop.py": DOCTEST_OF_SDK, "test_it.py": "import sdk\n\ndef test_it():\n    sdk.send()\n"}
    )

    outcome = tool.run("--doctest-modules", "--tb=long")

    said = outcome["shop.cart"].text
    assert (
        "Fix: it cannot have a decorator: mark it with a hook in its conftest.py, which pytest"
        in said
    )
    assert "or do not use sdk there." in said
    assert "to the test" not in said
    assert (
        "Fix: add @pytest.mark.sdk to the test, or do not use sdk there." in outcome["test_it"].text
    )


def test_the_conftest_of_a_hook() -> None:
    """It is the one of the deepest folder that has all of these tests; their names are safe in it."""
    needs = {"lib/a/x.py::x": ["tool"], 'lib/b/y.txt::y"\n\x1b': ["tool", "other"]}

    lines = list(hook_lines(needs))

    assert "put this into lib/conftest.py (if it has" in lines[0]
    assert lines[1:5] == [
        "NEEDS = {",
        '    "lib/a/x.py::x": ["tool"],',
        """    'lib/b/y.txt::y"\\n\\x1b': ["tool", "other"],""",
        "}",
    ]
    assert list(hook_lines({})) == []
    assert "into conftest.py" in next(hook_lines({"x.py::x": ["tool"], "lib/y.py::y": ["tool"]}))


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


TEXTS = {
    "form feed": b"import pytest\n\x0c\n\n\ndef test_a():\n    subprocess.run(['tool'])\n\x0c\n# end\n",
    "a byte order mark": b"import pytest\n\n\ndef test_a():\n    subprocess.run(['tool'])\n",
    "another encoding": (
        b"import pytest\n\n\ndef test_a():\n    subprocess.run(['tool'])  # \xe9\n"
    ),
    "spaces that do not break": (
        b"import pytest\n\n\ndef test_a():\n    subprocess.run(['tool'])  # \xc2\xa0\xe3\x80\x80\n"
    ),
    "two bytes": b"import pytest\r\n\r\n\r\ndef test_a():\r\n    subprocess.run(['tool'])\r\n",
    "other ends, and none at the end": (
        b"import pytest\n\n\ndef test_a():\n    subprocess.run(['tool'])  # \x0b \xe2\x80\xa8 \xc2\x85"
    ),
}


CANNOT_BE_PASTED = ("another encoding", "other ends, and none at the end")
"""Which of them pytest cannot show as they are: it writes text, in which nothing may control a terminal."""


def content_of(name: str) -> bytes:
    """One of these files, whole."""
    text = TEXTS[name]
    first = {"a byte order mark": b"\xef\xbb\xbf", "another encoding": b"# coding: latin-1\n"}
    imports = b"import subprocess\r\n" if b"\r" in text else b"import subprocess\n"
    return first.get(name, b"") + imports + text


@pytest.mark.parametrize("name", TEXTS)
def test_pytests_output_applies_as_well(tool: Suite, name: str) -> None:
    """Where it goes into a file or pipe; where it cannot, one line says so, and how to have it."""
    path = tool.path / "test_it.py"
    before = content_of(name)
    path.write_bytes(before)
    command = [sys.executable, "-m", "pytest", "-presource_guards", "-pno:cacheprovider"]

    done = subprocess.run(
        [*command, "--resource-guards-fix=diff"], capture_output=True, check=False
    ).stdout

    note = "test_it.py: this difference cannot be applied from here. Write it to a file: "
    assert (note in done.decode(errors="replace")) == (name in CANNOT_BE_PASTED)
    if name not in CANNOT_BE_PASTED:
        subprocess.run([*command, "--resource-guards-fix=write"], capture_output=True, check=False)
        after = path.read_bytes()
        assert b"@pytest.mark.tool" in after
        path.write_bytes(before)
        subprocess.run(["patch", "--binary", "-p1"], input=done, capture_output=True, check=True)
        assert path.read_bytes() == after


@pytest.mark.parametrize(
    ("before", "is_plain"),
    [
        (b"a\n", True),
        (b"a\r\n", False),
        (b"\xef\xbb\xbfa\n", False),
        (b"\xc2\xa0\n", True),
        ("\u2028\n".encode(), False),
        (b"# coding: latin-1\n# \xe9", False),
    ],
)
def test_a_difference_on_a_terminal(before: bytes, is_plain: bool) -> None:  # noqa: FBT001 - a parameter
    """Nothing in it controls the terminal, and it is known whether it can be pasted."""
    lines, can_be_pasted = Difference.of("a.py", before, b"# b\n" + before).for_people(
        is_terminal=True
    )

    assert can_be_pasted is is_plain
    assert all(each.replace("\xa0", " ").isprintable() for each in lines)
    assert "\xe9" not in "".join(lines) or b"latin-1" in before


@pytest.mark.parametrize("name", TEXTS)
def test_a_difference_applies(tool: Suite, name: str) -> None:
    """What ``--diff`` prints is what ``patch`` needs to make the file that ``--write`` writes."""
    path = tool.path / "test_it.py"
    before = content_of(name)
    path.write_bytes(before)
    tool.run("--resource-guards=warn", "--resource-guards-json=a.json")
    command = [sys.executable, "-m", "imbue.resource_guards", "fix", "a.json"]

    shown = subprocess.run([*command, "--diff"], capture_output=True, check=True).stdout

    subprocess.run([*command, "--write"], capture_output=True, check=True)
    after = path.read_bytes()
    assert b"@pytest.mark.tool" in after
    path.write_bytes(before)
    subprocess.run(["patch", "--binary", "-p1"], input=shown, capture_output=True, check=True)
    assert path.read_bytes() == after


@pytest.mark.parametrize("output", ["diff", "write"])
def test_two_names_of_one_file(tool: Suite, output: str) -> None:
    """A file that a link leads to as well is changed once, and counted once."""
    path = tool.path / "test_it.py"
    path.write_text(
        "import subprocess\n\nimport pytest\n\n\ndef test_a():\n    subprocess.run(['tool'])\n\n\n"
        "def test_idle():\n    pass\n\n\ntest_made = (lambda: lambda: subprocess.run(['tool']))()\n"
    )
    (tool.path / "test_link.py").symlink_to(path)

    said = tool.run(f"--resource-guards-fix={output}").output

    would = "would be " if output == "diff" else ""
    assert f"1 mark {would}added, 0 {would}removed in 1 file; 1 left to change by hand" in said
    assert "test_it.py:15: add @pytest.mark.tool by hand (test_made): It is an assignment" in said
    if output == "write":
        assert path.read_text().count("@pytest.mark.tool") == 1
        assert (tool.path / "test_link.py").is_symlink()
        assert (
            "0 marks added, 0 removed in 0 files" in tool.run("--resource-guards-fix=write").output
        )


def test_one_line_for_one_cause(tool: Suite) -> None:
    """What cannot be done in a whole file is told once, whatever it is, with the first names."""
    tool.name_guards("tool", "other")
    tests = "".join(
        f"def test_{name}():\n    subprocess.run(['tool'])\n    subprocess.run(['other'])\n"
        for name in "abcd"
    )
    (tool.path / "test_it.py").write_text(
        f"import subprocess\n{tests}def test_idle(): pass\n\x0c\n{' ' * 4}\x0c\n"
    )

    said = tool.run("--resource-guards-fix=write").output

    assert (
        "test_it.py: add @pytest.mark.other, add @pytest.mark.tool by hand "
        "(test_a, test_b, test_c and 1 more): The file cannot be"
    ) in said
    assert "1 left to change by hand" in said


def test_lambdas(tool: Suite) -> None:
    """Each is told by its line and its own name, in the class that has it; all of a module get its mark."""
    using = 'lambda *_: subprocess.run(["tool"]) and None'
    tool.write(
        base=f"""
            import subprocess

            class Base:
                test_inherited = {using}

                def test_idle(self):
                    pass
        """,
        test_it=f"""
            import subprocess
            from base import Base

            test_one = {using}
            test_two = {using}
            test_idle = lambda: None

            class TestIt(Base):
                test_own = {using}
        """,
        test_all=f"""
            import subprocess

            test_one = {using}
            test_two = {using}
        """,
    )

    said = fix(tool)

    for place in (
        "test_it.py:5: add @pytest.mark.tool by hand (test_one)",
        "test_it.py:6: add @pytest.mark.tool by hand (test_two)",
        "test_it.py:10: add @pytest.mark.tool by hand (TestIt.test_own)",
        "base.py:5: add @pytest.mark.tool by hand (Base.test_inherited)",
    ):
        assert f"{place}: It is an assignment, which cannot have a decorator" in said, said
    assert "<lambda>" not in said
    assert "1 mark added, 0 removed in 1 file; 4 left to change by hand" in said
    assert "pytestmark = pytest.mark.tool" in (tool.path / "test_all.py").read_text()


def test_who_is_named(tool: Suite) -> None:
    """Of a function's tests one that needs the mark, and of several classes the one in which it does."""
    tool.write(
        test_it="""
            import subprocess, pytest

            @pytest.fixture(params=["", "up", "other"])
            def word(request):
                return request.param

            def test_fixture(word):
                if word == "up":
                    subprocess.run(["tool"])

            class Base:
                word = ""

                def test_inherited(self):
                    self.word and subprocess.run(["tool"])

            class TestIdle(Base):
                pass

            class TestIt(Base):
                word = "up"

                def test_idle(self):
                    pass
        """
    )

    said = fix(tool)

    assert "test_it.py::test_fixture[up]: some of its parameters need @pytest.mark.tool" in said
    assert "test_it.py::TestIt::test_inherited: it needs @pytest.mark.tool only in TestIt" in said
    assert "[]:" not in said
    few = tool.run("--resource-guards-fix=write", "--deselect=test_it.py::test_fixture[other]")
    assert (
        "test_it.py::test_fixture[up]: whether its whole function needs @pytest.mark.tool"
        in few.output
    )


@pytest.mark.parametrize("head", ["class TestIt:", "if True:"], ids=["a class", "a module"])
def test_one_that_has_the_mark_already(tool: Suite, head: str) -> None:
    """The others of its class or module get marks of their own, as the author has written it."""
    (tool.path / "test_it.py").write_text(
        f"import subprocess\nimport pytest\n\n{head}\n"
        "    def test_one(*_):\n        subprocess.run(['tool'])\n\n"
        "    @pytest.mark.tool\n    def test_two(*_):\n        subprocess.run(['tool'])\n\n"
        "    def test_three(*_):\n        subprocess.run(['tool'])\n"
    )

    said = tool.run("--resource-guards-fix=write").output

    assert "2 marks added, 0 removed in 1 file; 0 left to change by hand" in said
    assert (tool.path / "test_it.py").read_text().count("    @pytest.mark.tool\n    def ") == 3
