"""What users read is in plain English: pages, notes of changes, messages, and docstrings of public names."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import dev
from imbue.resource_guards import hookspecs
from imbue.resource_guards import plugin
from imbue.resource_guards import resource_guards
from support.plain import ALLOWED
from support.plain import WORDS
from support.plain import Found
from support.plain import found_in_markdown
from support.plain import found_in_source
from support.plain import found_in_text

PAGES = sorted(
    str(page.relative_to(dev.ROOT))
    for pattern in (
        "*.md",
        "docs/*.md",
        "libs/*/README.md",
        "examples/**/README.md",
        "changes/*.md",
    )
    for page in dev.ROOT.glob(pattern)
    if page.name
    != "architecture.md"  # for whoever changes the code: its tables are docstrings of modules
)
MODULES = sorted(
    str(module.relative_to(dev.ROOT)) for module in dev.ROOT.glob("libs/*/imbue/**/messages/*.py")
)


def shown(where: str, found: list[Found]) -> str:
    """What to change, a line each."""
    return "\n".join(f"{where}:{each.line}: {each.words} -> {each.better}" for each in found)


def docstrings() -> Iterator[tuple[str, str]]:
    """The docstrings of public names, of their public methods, and of the hooks."""
    public = [(name, getattr(resource_guards, name)) for name in resource_guards.__all__]
    public += [each for each in vars(hookspecs).items() if each[0].startswith("pytest_")]
    for name, value in public:
        yield name, value.__doc__ or ""
        if inspect.isclass(value):
            for method, function in inspect.getmembers(value, callable):
                if not method.startswith("_"):
                    yield f"{name}.{method}", function.__doc__ or ""


class Help:
    """Takes the help texts that the plugin gives to pytest's parser."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def getgroup(self, *_: object) -> Help:
        """Options and settings are noted alike."""
        return self

    def addoption(self, name: str, **how: str) -> None:
        """An option."""
        self.texts[name] = how["help"]

    def addini(self, name: str, text: str, **_: object) -> None:
        """A setting."""
        self.texts[name] = text


def help_texts() -> dict[str, str]:
    """The help of each option and setting."""
    parser: Any = Help()
    plugin.pytest_addoption(parser)
    noted: Help = parser
    return noted.texts


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_plain(name: str) -> None:
    """A page, or a note of a change, has no word of the list."""
    found = found_in_markdown((dev.ROOT / name).read_text())

    assert not found, shown(name, found)


@pytest.mark.parametrize("name", MODULES)
def test_messages_are_plain(name: str) -> None:
    """All that the program says is free of the list's words, and so are the docstrings beside it."""
    found = found_in_source((dev.ROOT / name).read_text())

    assert not found, shown(name, found)


@pytest.mark.parametrize(("name", "text"), [*docstrings()])
def test_docstrings_of_public_names_are_plain(name: str, text: str) -> None:
    """Each public name has a docstring without the list's words."""
    assert text, name

    found = found_in_text(text)

    assert not found, shown(name, found)


@pytest.mark.parametrize(("name", "text"), help_texts().items())
def test_help_texts_are_plain(name: str, text: str) -> None:
    """What pytest --help says of an option or a setting is free of the list's words."""
    found = found_in_text(text)

    assert not found, shown(name, found)


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("The fixture invoked git.", "used (a service), ran (a program), called (a function)"),
        ("The verdict does not hang\non the order.", "depends on"),
        ("All of them are told.", "reported, shown"),
        ("Have the marks put right.", "fix"),
        ("Octets go over a connection.", "bytes"),
        ("The file is no report.", "is not a"),
        ("A socket of one's own.", "your own, custom"),
    ],
)
def test_a_bad_word_is_found(text: str, better: str) -> None:
    """In any case, and over the end of a line; the better word is named."""
    assert better in [each.better for each in found_in_text(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Test invoked 'docker' without @pytest.mark.docker at test_app.py:7 (blocked)",
        "Test has @pytest.mark.docker but never invoked docker",
        "To tell a test's call apart from a fixture's.",
        "There is no report, and it is no longer needed.",
        "An understanding; the standard library; 10.1.2.3 stands for a host.",
    ],
)
def test_what_is_allowed_is_not_found(text: str) -> None:
    """The two lines of 0.1 stay as they were, and usual words are not taken for bad ones."""
    assert not found_in_text(text)


def test_code_is_not_read() -> None:
    """Names in code are no words; what a terminal shows is read, on its own line."""
    page = "`told` is a name.\n\n```python\ntold = 1\n```\n\n```text\nit is told\n```\n"

    assert [each.line for each in found_in_markdown(page)] == [8]


def test_texts_of_a_module_are_read_whole() -> None:
    """A text that is written in several parts, or with values, is one text."""
    source = '"""Fine."""\n\nA = (\n    "it has to be put "\n    f"right by {A}"\n)\n'

    assert [(each.line, each.words) for each in found_in_source(source)] == [(4, "put right")]


def test_each_row_is_used_once() -> None:
    """No bad word is listed twice, and no exception is one of them."""
    assert len(WORDS) > 40
    assert not set(WORDS) & set(ALLOWED)
