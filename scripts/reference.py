"""Write the tables of the documentation that say what is in the code.

    python scripts/reference.py          # write them
    python scripts/reference.py --check  # fail if one is not as the code has it

They stand in ``docs/reference.md``, ``docs/architecture.md`` and ``docs/catalogue.md``, each between two comments:
``<!-- from the code: options -->`` and ``<!-- end -->``. The picture ``docs/layers.svg`` is made from the
contracts, as one of the tables is.
"""

# ruff: noqa: SLF001 - argparse does not tell in public what a command takes

from __future__ import annotations

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Iterable
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import drawing

from dev import ROOT
from imbue.resource_guards import __main__ as program
from imbue.resource_guards import hookspecs
from imbue.resource_guards import plugin
from imbue.resource_guards import resource_guards
from imbue.resource_guards.declare.entries import SHIPPED
from imbue.resource_guards.declare.entries import read_entry
from imbue.resource_guards.declare.entries import shipped
from imbue.resource_guards.declare.registry import Registry

PACKAGE = ROOT / "libs" / "resource_guards" / "imbue" / "resource_guards"
PAGES = tuple(ROOT / "docs" / f"{name}.md" for name in ("reference", "architecture", "catalogue"))
PICTURE = ROOT / "docs" / "layers.svg"
REGION = re.compile(r"(<!-- from the code: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
STAGES = ("declare", "scope", "intercept", "record", "judge", "report", "fix")


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown."""
    lines = [list(headings), ["---" for _ in headings], *map(list, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def code(text: object) -> str:
    """Text as code in a cell of a table."""
    return f"`{escaped(str(text))}`"


def summary(docstring: str | None) -> str:
    """The first line of a docstring, with Markdown's code marks in place of Sphinx's."""
    line = (docstring or "").strip().partition("\n")[0]
    line = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", line.replace("``", "`"))
    return escaped(re.sub(r"; see `Registry\.\w+`", "", line))


def escaped(text: str) -> str:
    """Text for a cell of a table."""
    return text.replace("|", "\\|")


class Declared:
    """Stands in for pytest's parser, and notes what a plugin declares."""

    def __init__(self) -> None:
        self.options: list[tuple[str, dict[str, Any]]] = []
        self.settings: list[tuple[str, str, dict[str, Any]]] = []

    def getgroup(self, _name: str) -> Declared:
        """The group of options is this one."""
        return self

    def addoption(self, name: str, **how: Any) -> None:
        """Note an option."""
        self.options.append((name, how))

    def addini(self, name: str, text: str, **how: Any) -> None:
        """Note a setting."""
        self.settings.append((name, text, how))


def declared() -> Declared:
    """What the plugin declares."""
    parser: Any = Declared()
    plugin.pytest_addoption(parser)
    noted: Declared = parser
    return noted


def options() -> str:
    """The options."""
    return table(
        ("option", "what it does"),
        (
            (code(f"{name}{'=' if value(how) else ''}{value(how)}"), escaped(how["help"]))
            for name, how in declared().options
        ),
    )


def value(how: dict[str, Any]) -> str:
    """The value that an option takes, as its help would show it; empty if it takes none."""
    if "metavar" in how:
        return str(how["metavar"])
    return one_of(how["choices"]) if "choices" in how else ""


def settings() -> str:
    """The settings."""
    kinds = {
        "args": "words or a list",
        "bool": "true or false",
        "linelist": "lines or a list",
        None: "a word",
    }
    return table(
        ("setting", "value", "default", "what it says"),
        (
            (
                code(name),
                kinds[how.get("type")],
                code(str(how["default"]).lower()) if "default" in how else "none",
                escaped(text),
            )
            for name, text, how in declared().settings
        ),
    )


def hooks() -> str:
    """The hooks."""
    return table(
        ("hook", "what an implementation does"),
        (
            (
                code(f"{name}({', '.join(inspect.signature(hook).parameters)})"),
                summary(hook.__doc__),
            )
            for name, hook in vars(hookspecs).items()
            if name.startswith("pytest_")
        ),
    )


def functions() -> str:
    """The functions of the documented import path."""
    return table(
        ("name", "arguments", "what it does"),
        (
            (code(name), arguments(value), summary(value.__doc__))
            for name, value in documented()
            if inspect.isfunction(value)
        ),
    )


def classes() -> str:
    """The classes of the documented import path."""
    return table(
        ("name", "what it is"),
        (
            (code(name), summary(value.__doc__))
            for name, value in documented()
            if inspect.isclass(value)
        ),
    )


def documented() -> Iterable[tuple[str, Any]]:
    """Each name of the documented import path, and what it is."""
    return ((name, getattr(resource_guards, name)) for name in resource_guards.__all__)


def arguments(function: Any) -> str:
    """The parameters of a function, as code; empty if it has none."""
    return code(", ".join(found)) if (found := [*parameters(function)]) else ""


def parameters(function: Any) -> Iterable[str]:
    """The parameters of a function, without their types."""
    star = False
    for each in inspect.signature(function).parameters.values():
        if each.kind is each.KEYWORD_ONLY and not star:
            star = True
            yield "*"
        prefix = "*" if each.kind is each.VAR_POSITIONAL else ""
        star = star or bool(prefix)
        optional = each.default is not each.empty
        yield f"{prefix}{each.name}{'=...' if optional else ''}"


def commands() -> str:
    """The commands of ``python -m imbue.resource_guards``."""
    parser: Any = program._parser()
    (action,) = (each for each in parser._actions if each.choices)
    return table(
        ("command", "arguments", "what it does"),
        (
            (code(each.dest), code(" ".join(words(action.choices[each.dest]))), escaped(each.help))
            for each in action._get_subactions()
        ),
    )


def words(command: Any) -> Iterable[str]:
    """What can be written after a command."""
    groups = [group._group_actions for group in command._mutually_exclusive_groups]
    for group in groups:
        yield one_of(each.option_strings[0] for each in group)
    for action in command._actions:
        if action.dest == "help" or any(action in group for group in groups):
            continue
        text = action.metavar or one_of(action.choices or [action.dest.upper()])
        if action.option_strings:
            text = action.option_strings[0] + f"={text}" * (action.nargs != 0)
        text += " ..." * (action.nargs in ("+", "*"))
        # Not `required` alone: until Python 3.14 an argument of nothing or more was.
        is_required = action.nargs == "+" or (action.required and action.nargs != "*")
        yield text if is_required else f"[{text}]"


def one_of(words: Iterable[str]) -> str:
    """The words of which one is to be chosen, as argparse's help shows them."""
    listed = [*words]
    return f"{{{','.join(listed)}}}" if len(listed) > 1 else listed[0]


def packages() -> str:
    """The guard packages of this workspace: the names that settings can have, and the marks."""
    rows = []
    for path in sorted(ROOT.glob("libs/*/pyproject.toml")):
        project = tomllib.loads(path.read_text("utf-8"))["project"]
        for name, target in project.get("entry-points", {}).get("resource_guards", {}).items():
            module, _, function = target.partition(":")
            registry = Registry()
            getattr(import_module(module), function)(registry)
            for resource in registry:
                mark = code(f"@pytest.mark.{resource.name}")
                rows.append((code(name), project["name"], mark))
    return table(("name", "package", "mark"), rows)


def folders() -> str:
    """The folders of the core, in the order of the way of the data, and then the others."""
    found = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    order = [*STAGES, *sorted(found - set(STAGES))]
    return table(
        ("folder", "what it is for", "modules"),
        (
            (code(f"{name}/"), docstring(PACKAGE / name / "__init__.py"), modules(PACKAGE / name))
            for name in order
        ),
    )


def modules(folder: Path) -> str:
    """The modules of a folder."""
    paths = sorted(path for path in folder.rglob("*.py") if path.name != "__init__.py")
    return ", ".join(code(path.relative_to(folder).with_suffix("").as_posix()) for path in paths)


def top_modules() -> str:
    """The modules of the core that are in no folder."""
    return table(
        ("module", "what it is for"),
        (
            (code(path.name), docstring(path))
            for path in sorted(PACKAGE.glob("*.py"))
            if path.name != "__init__.py"
        ),
    )


def importing() -> str:
    """Which folder or module of the core imports which."""
    return table(
        ("from the top down", "imports"),
        (
            (code(drawing.shown(name)), ", ".join(code(drawing.shown(each)) for each in imported))
            for name, imported in drawing.imports().items()
        ),
    )


def entries() -> str:
    """What comes ready."""
    rows = []
    for name in shipped():
        entry = read_entry(SHIPPED / f"{name}.toml")
        rows.append(
            (
                code(name),
                escaped(entry.about["title"]),
                "<br>".join(map(client, entry.clients)),
                ", ".join(map(code, entry.table.get("programs", ()))),
                ", ".join(map(code, entry.table.get("addresses", ()))),
                escaped(", ".join(entry.about.get("no_use", ()))),
                escaped("; ".join(entry.about.get("not_seen", ()))),
            )
        )
    headings = (
        "name",
        "what",
        "clients, and versions tried",
        "programs",
        "addresses",
        "no use",
        "not seen",
    )
    return table(headings, rows)


def client(said: Mapping[str, Any]) -> str:
    """A client with its versions; one of the standard library has none."""
    name = str(said.get("distribution", said["package"])) or said["package"]
    tried = said.get("tried", ())
    return f"{name} {' to '.join(tried)}".strip()


def docstring(path: Path) -> str:
    """The first line of a module's docstring."""
    return summary(ast.get_docstring(ast.parse(path.read_text("utf-8"))))


TABLES = {
    "entries": entries,
    "options": options,
    "settings": settings,
    "hooks": hooks,
    "functions": functions,
    "classes": classes,
    "commands": commands,
    "guard packages": packages,
    "folders": folders,
    "modules": top_modules,
    "imports": importing,
}


def with_tables(page: str) -> str:
    """The page with its tables as the code has them."""
    return REGION.sub(lambda match: f"{match[1]}\n{TABLES[match[2]]()}\n\n{match[3]}", page)


def outdated() -> dict[Path, str]:
    """The pages and pictures that are not as the code has them, and how it has them."""
    made = {page: with_tables(page.read_text("utf-8")) for page in PAGES}
    made[PICTURE] = drawing.drawing()
    return {
        path: text
        for path, text in made.items()
        if not path.exists() or path.read_text("utf-8") != text
    }


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    pages = outdated()
    for page, text in pages.items():
        if arguments:
            print(
                f"{page.relative_to(ROOT)} is out of date: run scripts/reference.py",
                file=sys.stderr,
            )
        else:
            page.write_text(text, "utf-8")
    return int(bool(pages and arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
