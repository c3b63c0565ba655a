"""Whatever the module and the changes are, Python sees just the marks that were asked for."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from imbue.resource_guards.fix.edits import Action
from imbue.resource_guards.fix.edits import Change
from imbue.resource_guards.fix.edits import Edit
from imbue.resource_guards.fix.edits import Place
from imbue.resource_guards.fix.edits import PlaceKind
from imbue.resource_guards.fix.rewrite import rewrite

# Those that this session knows; others would be errors when the modules are run.
MARKS = ("docker", "tmux", "git")
OTHERS = ("xfail", "skip")
IMPORTS = {
    "import pytest": ("pytest.mark.", "pytest.param"),
    "import pytest as pt": ("pt.mark.", "pt.param"),
    "from pytest import mark, param": ("mark.", "param"),
    "if True:\n@import pytest": ("pytest.mark.", "pytest.param"),
    "try:\n@import pytest as pt\nfinally:\n@print": ("pt.mark.", "pt.param"),
    "import os": (None, None),
    '"""Doc."""\nfrom __future__ import annotations\nfrom pytest import mark as m': ("m.", None),
    "": (None, None),
}
SETTINGS = hypothesis.settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.data_too_large,
        hypothesis.HealthCheck.large_base_example,
    ],
)

Marks = dict[Place, list[str]]
Values = dict[Place, tuple[object, ...]]


@dataclass
class Writer:
    """Writes a module, one choice after the other.

    Args:
        draw: Makes a choice.
        indent: One step of the indentation.
        prefix: How marks are written; `None` if nothing has been imported for it.
        param: How ``pytest.param`` is written; `None` likewise.
        lines: What has been written.
        places: Where marks can be.
    """

    draw: Callable[..., Any]
    indent: str
    prefix: str | None = None
    param: str | None = None
    lines: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=lambda: [Place(PlaceKind.MODULE)])
    aliases: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def some(self, values: Any) -> Any:
        """One of the values."""
        return self.draw(st.sampled_from(values))

    def chance(self) -> bool:
        """Yes or no."""
        return bool(self.draw(st.booleans()))

    def number(self) -> int:
        """A number that was not used before."""
        self.count += 1
        return self.count

    def line(self, depth: int, text: str) -> None:
        """One line."""
        self.lines.append(self.indent * depth + text if text else "")

    def comment(self) -> str:
        """A comment on a line, or none."""
        return f"  # c{self.number()}" if self.chance() else ""

    def gap(self, depth: int) -> None:
        """Perhaps blank lines and a comment."""
        self.lines += [""] * self.some([0, 0, 1, 2])
        if self.chance():
            self.line(depth, self.comment().strip())

    def mark(self) -> str:
        """A mark in one of its spellings."""
        name: str = self.some([*MARKS, *MARKS, *OTHERS])
        if name in self.aliases and self.chance():
            return self.aliases[name]
        return f"{self.prefix}{name}" + str(self.some(["", "", "()"]))

    def listed(self, depth: int, values: list[str], brackets: str = "[]") -> list[str]:
        """A list on one line, or on several."""
        opening, closing = brackets[0], brackets[1]
        layout = self.some(["one", "many", "many", "hanging"])
        if layout == "one" or not values:
            comma = "," if brackets == "()" and len(values) == 1 else ""
            return [opening + ", ".join(values) + comma + closing]
        inner = self.indent * (depth + 1)
        lines: list[str] = []
        for number, value in enumerate(values, 1):
            is_last = number == len(values)
            comma = "," if not is_last or layout == "many" or len(values) == 1 else ""
            lines.append(inner + value + comma + self.comment())
            if layout == "many" and self.chance():
                lines.append(inner + f"# c{self.number()}")
        if layout == "hanging":
            return [opening + lines[0].strip(), *lines[1:], self.indent * depth + closing]
        return [opening + self.comment(), *lines, self.indent * depth + closing]

    def spread(self, depth: int, before: str, lines: list[str], after: str = "") -> None:
        """A statement whose value may have several lines."""
        first, *rest = lines
        whole = [self.indent * depth + before + first, *rest]
        whole[-1] += after + self.comment()
        self.lines += whole

    def pytestmark(self, depth: int) -> None:
        """Perhaps an assignment to pytestmark."""
        form = self.some(["none", "none", "single", "list"] + ["tuple"] * (depth == 0))
        if form == "none" or self.prefix is None:
            return
        self.gap(depth)
        if form == "single":
            lines = [self.mark()]
        else:
            marks = [self.mark() for _ in range(self.some([0, 1, 2, 3]))]
            lines = self.listed(depth, marks, "[]" if form == "list" else "()")
        self.spread(depth, self.some(["pytestmark = ", "pytestmark: object = "]), lines)

    def decorators(self, depth: int, qualname: str) -> None:
        """Perhaps decorators, some with values."""
        if self.prefix is None:
            return
        for number in range(self.some([0, 0, 1, 2, 3])):
            if number:
                self.gap(depth)
            if self.some([0, 0, 1]):
                self.parametrize(depth, qualname, f"a{number}")
            else:
                self.line(depth, f"@{self.mark()}{self.comment()}")

    def parametrize(self, depth: int, qualname: str, name: str) -> None:
        """A decorator with values."""
        argnames, kind = self.some(
            [
                ((name,), f'"{name}"'),
                ((name, name + "b"), f'"{name},{name}b"'),
                ((name, name + "b"), f'["{name}", "{name}b"]'),
            ]
        )
        values = [self.value(len(argnames)) for _ in range(self.some([1, 2, 3]))]
        for index in range(len(values)):
            self.places.append(Place(PlaceKind.PARAM, qualname, argnames, index))
        lines = self.listed(depth, values, self.some(["[]", "()"]))
        self.spread(depth, f"@{self.prefix}parametrize({kind}, ", lines, ")")

    def value(self, count: int) -> str:
        """One set of values."""
        values = [f'"v{self.number()}"' for _ in range(count)]
        form = self.some(["plain", "odd"] + ["param", "marks", "marks"] * (self.param is not None))
        if form == "plain":
            return values[0] if count == 1 else f"({', '.join(values)})"
        if form == "odd":
            return f"list([{', '.join(values)}])"
        marks = [self.mark() for _ in range(self.some([0, 1, 2]))]
        tail = {
            "param": "",
            "marks": ", marks=" + (marks[0] if len(marks) == 1 else f"[{', '.join(marks)}]"),
        }[form]
        return f"{self.param}({', '.join(values)}{tail}{self.some(['', ', id=None', ','])})"

    def function(self, depth: int, owner: str) -> None:
        """A test."""
        name = f"test_{self.number()}"
        qualname = f"{owner}{name}"
        self.places.append(Place(PlaceKind.FUNCTION, qualname))
        self.gap(depth)
        if owner and self.some([0, 0, 1]):
            self.line(depth, "@staticmethod")
        self.decorators(depth, qualname)
        self.line(depth, f"{self.some(['', 'async '])}def {name}(*_, **__):{self.comment()}")
        self.line(depth + 1, f"y{self.number()} = 1{self.comment()}")

    def group(self, depth: int, owner: str) -> None:
        """A class of tests."""
        name = f"Test{self.number()}"
        self.places.append(Place(PlaceKind.CLASS, owner + name))
        self.gap(depth)
        self.decorators(depth, owner + name)
        self.line(depth, f"class {name}:{self.comment()}")
        if self.chance():
            self.line(depth + 1, f"z{self.number()} = 1")
        before = len(self.lines)
        self.pytestmark(depth + 1)
        for _ in range(self.some([0, 1, 2])):
            self.definition(depth + 1, f"{owner}{name}.")
        if not any(line.strip() and line.strip()[0] != "#" for line in self.lines[before:]):
            self.line(depth + 1, "pass")

    def definition(self, depth: int, owner: str) -> None:
        """A test, a class of tests, or one under a condition."""
        if depth < 3 and self.some([0, 0, 1]):
            self.group(depth, owner)
        elif not owner and self.some([0, 0, 0, 1]):
            self.gap(depth)
            self.line(depth, f"if True:{self.comment()}")
            self.function(depth + 1, owner)
        else:
            self.function(depth, owner)

    def module(self) -> str:
        """All of it."""
        if self.chance():
            self.line(0, f"# c{self.number()}")
        imports: str = self.some(list(IMPORTS))
        self.prefix, self.param = IMPORTS[imports]
        self.lines += imports.replace("@", self.indent).split("\n") if imports else []
        if self.prefix is not None:
            for mark in self.draw(st.sets(st.sampled_from(MARKS), max_size=2)):
                self.aliases[mark] = f"is_{mark}"
                self.line(0, f"is_{mark} = {self.prefix}{mark}{self.comment()}")
        self.pytestmark(0)
        for _ in range(self.some([0, 1, 2, 3])):
            self.definition(0, "")
        self.gap(0)
        newline: str = self.some(["\n", "\n", "\r\n"])
        return newline.join(self.lines) + str(self.some([newline, newline, ""]))


@st.composite
def cases(draw: Callable[..., Any]) -> tuple[str, list[Change]]:
    """A module, and changes to it, each of one or more edits."""
    writer = Writer(draw, draw(st.sampled_from(["  ", "    ", "\t"])))
    source = writer.module()
    edits = st.builds(
        Edit, st.sampled_from(Action), st.sampled_from(MARKS), st.sampled_from(writer.places)
    )
    changes = st.lists(st.lists(edits, min_size=1, max_size=3), min_size=1, max_size=4)
    return source, [Change(tuple(each)) for each in draw(changes)]


def seen(source: bytes, places: list[Place]) -> tuple[Marks, Values]:
    """The marks that Python sees at these places, and the values that tests are run with."""
    namespace: dict[str, Any] = {}
    exec(compile(source, "test_it.py", "exec"), namespace)  # noqa: S102 - the test's purpose
    marks: Marks = {}
    values: Values = {}
    for place in places:
        owner: Any = namespace
        for step in filter(None, place.qualname.split(".")):
            owner = owner[step] if isinstance(owner, dict) else vars(owner)[step]
            owner = getattr(owner, "__func__", owner)
        held = owner if isinstance(owner, dict) else vars(owner)
        own = unpacked(held.get("pytestmark", []))
        if place.kind is PlaceKind.PARAM:
            (call,) = (mark for mark in own if is_of(mark, place))
            is_one = isinstance(call.args[0], str) and "," not in call.args[0]
            given: Any = call.args[1][place.index]
            if isinstance(given, type(pytest.param())):
                marks[place] = [mark.name for mark in unpacked(given.marks)]
                values[place] = tuple(given.values)
            else:
                marks[place] = []
                values[place] = (given,) if is_one else tuple(given)
        else:
            marks[place] = [mark.name for mark in own if mark.name != "parametrize"]
    return marks, values


def unpacked(marks: Any) -> list[Any]:
    """One mark, or several."""
    return list(marks) if isinstance(marks, (list, tuple)) else [marks]


def is_of(mark: Any, place: Place) -> bool:
    """Whether a mark is the parametrize that a place is about."""
    if mark.name != "parametrize":
        return False
    names = mark.args[0].split(",") if isinstance(mark.args[0], str) else mark.args[0]
    return tuple(names) == place.argnames


def expected(marks: Marks, changes: list[Change]) -> tuple[dict[Place, set[str]], list[Change]]:
    """The marks that there should be after these changes, and the changes that cannot be done."""
    now = {place: set(names) for place, names in marks.items()}
    undone = []
    for change in changes:
        then = {place: set(names) for place, names in now.items()}
        for edit in change.edits:
            names = then[edit.place]
            if edit.action is Action.ADD:
                names.add(edit.mark)
            elif edit.mark in names:
                names.remove(edit.mark)
            else:
                undone.append(change)
                break
        else:
            now = then
    return now, undone


def plain_lines(text: str) -> list[str]:
    """The lines that are not about marks, imports or values."""
    about = ("mark", "import", "param", '"v', "pass", "tuple")
    lines = (line.strip() for line in text.splitlines())
    is_bracket = re.compile(r"[\[\]()@, ]*(# c\d+)?$")
    return [
        line
        for line in lines
        if not any(word in line for word in about)
        and not is_bracket.match(line)
        and "is_" not in line
        and not re.match(r"m\.\w+", line)
        and not line.startswith("@m.")
    ]


@SETTINGS
@hypothesis.given(cases())
def test_python_sees_the_marks(case: tuple[str, list[Change]]) -> None:
    """The marks on each function, class, module and set of values are just those expected."""
    source, changes = case
    places = [edit.place for change in changes for edit in change.edits]
    marks, values = seen(source.encode(), places)
    wanted, undone = expected(marks, changes)

    result = rewrite(source.encode(), changes)

    after, values_after = seen(result.source, places)
    assert {place: set(names) for place, names in after.items()} == wanted
    assert values_after == values
    assert [found.change for found in result.undone] == undone
    assert len(result.done) + len(undone) == len(changes)


@SETTINGS
@hypothesis.given(cases())
def test_all_else_stays(case: tuple[str, list[Change]]) -> None:
    """The result parses, no comment is lost, and other lines stay, in their order."""
    source, changes = case

    result = rewrite(source.encode(), changes).source.decode()

    ast.parse(result)
    comments = re.compile(r"# c\d+")
    assert sorted(comments.findall(result)) == sorted(comments.findall(source))
    assert plain_lines(result) == plain_lines(source)
    assert ("\r\n" in source) <= ("\n" not in result.replace("\r\n", ""))
    assert source.endswith("\n") <= result.endswith("\n")


@hypothesis.settings(SETTINGS, max_examples=100)
@hypothesis.given(cases())
def test_again_and_one_by_one(case: tuple[str, list[Change]]) -> None:
    """Changes one after the other do the same as in one go; what is there is not added again."""
    source, changes = case

    together = rewrite(source.encode(), changes)
    one_by_one = source.encode()
    for change in changes:
        one_by_one = rewrite(one_by_one, [change]).source

    assert one_by_one == together.source
    for action in Action:
        same = [
            Change(tuple(edit for edit in change.edits if edit.action is action))
            for change in changes
        ]
        once = rewrite(source.encode(), same).source
        assert rewrite(once, same).source == once


@SETTINGS
@hypothesis.given(cases())
def test_there_and_back(case: tuple[str, list[Change]]) -> None:
    """What is added and then removed leaves the marks that there were."""
    source, changes = case
    places = [edit.place for change in changes for edit in change.edits]
    before, _ = seen(source.encode(), places)
    adds = [
        edit
        for edit in dict.fromkeys(edit for change in changes for edit in change.edits)
        if edit.action is Action.ADD and edit.mark not in before[edit.place]
    ]
    backs = [Edit(Action.REMOVE, edit.mark, edit.place) for edit in adds]

    result = rewrite(source.encode(), [Change((edit,)) for edit in adds + backs])

    assert not result.undone
    assert seen(result.source, places)[0] == before


@hypothesis.given(st.binary(max_size=60), st.lists(st.sampled_from(list(Action)), max_size=2))
def test_any_bytes(source: bytes, actions: list[Action]) -> None:
    """Nothing is raised, whatever the file is."""
    places = [Place(PlaceKind.MODULE), Place(PlaceKind.FUNCTION, "test_x")]
    changes = [Change((Edit(action, "docker", place),)) for action in actions for place in places]

    result = rewrite(source, changes)

    assert len(result.done) + len(result.undone) == len(changes)


def test_marks_are_known() -> None:
    """The marks of these tests can be made in this session."""
    assert [getattr(pytest.mark, name).name for name in MARKS + OTHERS] == [*MARKS, *OTHERS]
