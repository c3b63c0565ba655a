"""The layers of the core, as the contract for `import-linter` has them, drawn and in a table.

The contract in ``pyproject.toml`` says which layer may import which, and the code which does: both are
read, so that neither the picture nor the table can say anything else.
"""

from __future__ import annotations

import ast
import tomllib
from html import escape

import grimp

from dev import ROOT

NAME = "imbue.resource_guards"
PACKAGE = ROOT / "libs" / "resource_guards" / "imbue" / "resource_guards"

WIDTH, ROW, GAP = 780, 46, 8
HEAD = (
    '<svg id="dark" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
    'aria-labelledby="title">'
)
STYLE = """<style>
svg { --text: #1c1c1c; --soft: #444444; --page: #ffffff; --blue: #e8eefb; --blue-line: #3f51b5; --grey: #f4f4f4; --grey-line: #888888 }
#dark:target { --text: #e8e8e8; --soft: #b8bcc4; --page: #262a35; --blue: #222d4a; --blue-line: #8c9eff; --grey: #31353f; --grey-line: #9a9ea6 }
text { font-family: system-ui, sans-serif; fill: var(--text) }
.n { font-weight: 600; font-size: 15px } .p { font-size: 12px; fill: var(--soft) }
.page { fill: var(--page) } .folder { fill: var(--blue); stroke: var(--blue-line) }
.module { fill: var(--grey); stroke: var(--grey-line) }
</style>"""
"""Its colours follow the theme: pages ask for ``layers.svg#dark`` where that is dark."""


def layers() -> list[list[str]]:
    """The modules and folders of each layer, from the highest to the lowest."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (contract,) = (
        each for each in settings["tool"]["importlinter"]["contracts"] if each["id"] == "stages"
    )
    return [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]


def imports() -> dict[str, list[str]]:
    """For each folder or module of a layer those that it imports, the highest first; for types as well."""
    graph = grimp.build_graph(NAME, exclude_type_checking_imports=False)
    order = [name for layer in layers() for name in layer]
    found: dict[str, set[str]] = {name: set() for name in order}
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            importer, target = part(module), part(imported)
            if importer in found and target in found and importer != target:
                found[importer].add(target)
    return {name: sorted(found[name], key=order.index) for name in order}


def part(module: str) -> str:
    """The folder or module of the core that a module is, or is in."""
    return module.removeprefix(NAME).lstrip(".").partition(".")[0]


def is_folder(name: str) -> bool:
    """Whether it is a folder of modules, and not one module."""
    return (PACKAGE / name).is_dir()


def shown(name: str) -> str:
    """How it is called: a folder has a slash."""
    return f"{name}/" if is_folder(name) else name


def purpose(name: str) -> str:
    """The first line of its docstring."""
    path = PACKAGE / name / "__init__.py" if is_folder(name) else PACKAGE / f"{name}.py"
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return docstring.partition("\n")[0].replace("`", "")


def drawing() -> str:
    """The layers as a picture, of which each imports those below it and none above."""
    rows = layers()
    height = len(rows) * (ROW + GAP) + GAP
    parts = [
        HEAD.format(width=WIDTH, height=height),
        '<title id="title">The layers of the core; each imports only those below it</title>',
        STYLE,
        f'<rect width="{WIDTH}" height="{height}" rx="10" class="page"/>',
    ]
    for number, names in enumerate(rows):
        parts += box(names, GAP + number * (ROW + GAP))
    return "\n".join([*parts, "</svg>"]) + "\n"


def box(names: list[str], top: int) -> list[str]:
    """One layer of the picture."""
    kind = "folder" if any(map(is_folder, names)) else "module"
    title = "   ".join(map(shown, names))
    text = purpose(names[0]) if len(names) == 1 else "none of these imports another"
    size = f'width="{WIDTH - 2 * GAP}" height="{ROW}"'
    return [
        f'<rect x="{GAP}" y="{top}" {size} rx="6" class="{kind}"/>',
        f'<text x="{3 * GAP}" y="{top + 20}" class="n" xml:space="preserve">{escape(title)}</text>',
        f'<text x="{3 * GAP}" y="{top + 37}" class="p">{escape(text)}</text>',
    ]
