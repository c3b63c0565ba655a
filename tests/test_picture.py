"""The pictures of the front page show what the program prints."""

from __future__ import annotations

import difflib
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import dev
import picture

HOSTS = ("http:", "https:", "@import", "url(", "<image", "<script")


@pytest.mark.git
def test_the_pictures_are_those_of_a_run() -> None:
    """A fresh run gives the committed pictures."""
    for path, text in picture.pictures().items():
        if os.environ.get("WRITE_GOLDEN"):
            path.write_text(text, "utf-8")
        committed = path.read_text("utf-8")
        assert text == committed, "\n".join(
            difflib.unified_diff(committed.splitlines(), text.splitlines(), "committed", "now")
        )


def test_an_old_picture_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--check`` fails where a picture is missing or shows something else, and writes nothing."""
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(picture, "ROOT", tmp_path)
    monkeypatch.setattr(picture, "transcript", lambda: "$ pytest\n1 passed")
    light = tmp_path / "docs" / "picture-light.svg"

    assert picture.main(["--check"]) == 1
    assert not light.exists()
    assert picture.main([]) == 0
    assert picture.main(["--check"]) == 0
    light.write_text(light.read_text().replace("1 passed", "1 failed"))
    assert picture.main(["--check"]) == 1
    assert capsys.readouterr().out.count("docs/picture-light.svg is out of date") == 2


@pytest.mark.parametrize("name", picture.THEMES)
def test_a_picture_loads_nothing(name: str) -> None:
    """It is well-formed, has a title, and names nothing that a browser would fetch."""
    text = (dev.ROOT / "docs" / f"picture-{name}.svg").read_text("utf-8")
    root = ET.fromstring(text)  # noqa: S314 - our own file

    assert root[0].tag.endswith("title")
    assert not [each for each in HOSTS if each in text.replace("http://www.w3.org/2000/svg", "")]


def test_colours_and_long_lines() -> None:
    """Codes hold until they are reset, across lines; a line that is too long goes on in the next row."""
    long = "x" * (picture.COLUMNS + 2)
    rows = list(picture.rows(f"a\x1b[1;31mb\nc\x1b[0md\n{long}"))

    assert rows[:2] == [[("a", ()), ("b", (1, 31))], [("c", (1, 31)), ("d", ())]]
    assert [[len(text) for text, _ in row] for row in rows[2:]] == [[picture.COLUMNS], [2]]
    theme = picture.THEMES["dark"]
    assert picture.look((1, 31), theme) == f'fill="{theme.colours[1]}" font-weight="600"'
    assert picture.look((31, 39, 1, 22), theme) == f'fill="{theme.text}"'
    assert "a &lt; b" in picture.drawn("a < b", theme)
