"""Make the pictures of the front page from a real run.

    python scripts/picture.py          # write them
    python scripts/picture.py --check  # fail if one does not show what the program prints

It runs the suite of ``examples/quickstart`` as a user would: with wrong marks, with the fix, and then again.
``docs/picture-light.svg`` and ``docs/picture-dark.svg`` show what the terminal has then. They load nothing.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from dev import ROOT

EXAMPLE = ROOT / "examples" / "quickstart"
COMMANDS = ("pytest -q", "pytest -q --resource-guards-fix=write", "pytest -q")
COLUMNS = 88

KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SYSTEMROOT")
"""The variables that a command gets of those that are set."""

SECONDS = re.compile(r"\bin \d+\.\d+s\b")
SGR = re.compile(r"\x1b\[([\d;]*)m")

FOREGROUND, USUAL, BOLD = (3, 9), 9, {1: True, 22: False}
"""The codes of colours by their tens and units, and those of weight."""

SIZE, WIDE, HIGH, PAD = 14, 8.4, 20, 18
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

TITLE = "pytest fails two tests with wrong marks, fixes the marks, and passes"
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
    'aria-labelledby="title" font-family="{font}" font-size="{size}">'
)
BOX = (
    '<rect x="0.5" y="0.5" width="{width:g}" height="{height:g}" rx="8" '
    'fill="{theme.back}" stroke="{theme.edge}"/>'
)


@dataclass(frozen=True)
class Theme:
    """The colours of a terminal.

    Args:
        back: Behind the text.
        edge: Around it.
        text: The usual one.
        colours: Those of the codes 30 to 37.
    """

    back: str
    edge: str
    text: str
    colours: tuple[str, ...]


THEMES = {
    "light": Theme(
        "#ffffff",
        "#d0d7de",
        "#1f2328",
        ("#1f2328", "#b3261e", "#11632a", "#7a5200", "#0550ae", "#7a3db8", "#0a6a74", "#57606a"),
    ),
    "dark": Theme(
        "#0d1117",
        "#30363d",
        "#e6edf3",
        ("#8b949e", "#ff8a80", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#e6edf3"),
    ),
}


def transcript() -> str:
    """What a terminal shows when the commands have run, with its colours; the same in each run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        for path in (*EXAMPLE.glob("*.*"), *EXAMPLE.glob("first/*.py")):
            shutil.copy(path, folder)
        return "\n".join(
            f"\x1b[1m$ {command}\x1b[0m\n{output_of(command, folder)}" for command in COMMANDS
        )


def output_of(command: str, folder: Path) -> str:
    """What a command prints in a folder, without what differs from run to run."""
    # No more than it needs: many variables change what pytest and the guards print, such as those of CI and of agents.
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=folder,
        env={
            **kept,
            "COLUMNS": str(COLUMNS),
            "PY_COLORS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            # Without pytest's short summary: how long its lines are depends on where it runs.
            "PYTEST_ADDOPTS": "-presource_guards -pno:cacheprovider -rN",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    text = done.stdout.replace(f"{folder}{os.sep}", "").replace("python -m pytest ", "pytest ")
    return SECONDS.sub("in 0.12s", text)


def plain(text: str) -> str:
    """The text without its colours."""
    return SGR.sub("", text)


def pieces(line: str, style: list[int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The parts of a line, each with the codes that hold for it.

    Args:
        line: What a terminal gets.
        style: The codes that hold where it begins; those that hold at its end afterwards.
    """
    position = 0
    for match in (*SGR.finditer(line), None):
        if text := line[position : match.start() if match else None]:
            yield text, tuple(style)
        if match:
            position = match.end()
            for code in map(int, (match[1] or "0").split(";")):
                if code == 0:
                    style.clear()
                else:
                    style.append(code)


def rows(text: str) -> Iterator[list[tuple[str, tuple[int, ...]]]]:
    """The rows of the terminal, where a line that is too long goes on in the next row."""
    style: list[int] = []
    for line in text.rstrip("\n").split("\n"):
        row: list[tuple[str, tuple[int, ...]]] = []
        room = COLUMNS
        for piece, codes in pieces(line, style):
            rest = piece
            while len(rest) > room:
                row.append((rest[:room], codes))
                yield row
                row, rest, room = [], rest[room:], COLUMNS
            row.append((rest, codes))
            room -= len(rest)
        yield row


def look(codes: tuple[int, ...], theme: Theme) -> str:
    """How text with these codes looks, as attributes of SVG."""
    colour, bold = theme.text, False
    for code in codes:
        kind, number = divmod(code, 10)
        if kind in FOREGROUND:
            colour = {**dict(enumerate(theme.colours)), USUAL: theme.text}.get(number, colour)
        elif code in BOLD:
            bold = BOLD[code]
    weight = ' font-weight="600"' if bold else ""
    return f'fill="{colour}"{weight}'


def drawn(text: str, theme: Theme) -> str:
    """The terminal as SVG."""
    lines = [*rows(text)]
    width, height = COLUMNS * WIDE + 2 * PAD, len(lines) * HIGH + 2 * PAD
    parts = [
        HEAD.format(width=width, height=height, font=FONT, size=SIZE),
        f'<title id="title">{TITLE}</title>',
        BOX.format(width=width - 1, height=height - 1, theme=theme),
    ]
    for number, row in enumerate(lines):
        column, y = 0, PAD + number * HIGH + SIZE
        for piece, codes in row:
            if piece.strip():
                parts.append(
                    f'<text x="{PAD + column * WIDE:g}" y="{y}" textLength="{len(piece) * WIDE:g}" '
                    f'xml:space="preserve" {look(codes, theme)}>{escape(piece)}</text>'
                )
            column += len(piece)
    return "\n".join([*parts, "</svg>"]) + "\n"


def pictures() -> dict[Path, str]:
    """The text of each picture, by its file."""
    text = transcript()
    return {
        ROOT / "docs" / f"picture-{name}.svg": drawn(text, theme) for name, theme in THEMES.items()
    }


def main(arguments: list[str] | None = None) -> int:
    """Write the pictures, or compare them."""
    check = "--check" in (sys.argv[1:] if arguments is None else arguments)
    code = 0
    for path, text in pictures().items():
        if check and (not path.exists() or path.read_text("utf-8") != text):
            print(f"{path.relative_to(ROOT)} is out of date; run python scripts/picture.py")
            code = 1
        elif not check:
            path.write_text(text, "utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
