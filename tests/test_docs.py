"""The documentation: its pages can be built, and what stands in their code blocks is so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dev
import reference
from imbue.resource_guards.declare.setting_files import SETTINGS
from support.page import PageRun
from support.page import blocks_of
from support.page import commands_of
from support.page import empty_desk
from support.project import EXAMPLES

PAGES = {
    str(path.relative_to(dev.ROOT)): path.read_text("utf-8")
    for pattern in ("README.md", "docs/**/*.md", "libs/*/README.md", "examples/**/README.md")
    for path in sorted(dev.ROOT.glob(pattern))
}

CHECKED_ELSEWHERE = {
    "docs/messages.md": "libs/resource_guards/tests/test_messages_page.py",
    **{f"examples/{name}/README.md": "tests/test_examples.py" for name in EXAMPLES},
}
"""Pages whose blocks another test runs."""

NOT_RUN = {
    "git clone <this repository> && cd <its folder>": "this is the clone",
    "python3 scripts/dev.py quickstart": "tests/test_scripts.py runs what it shows",
    "python3 scripts/dev.py test": "this is a part of what it runs",
    "pip install ./libs/resource_guards": "as above",
    "pip install resource-guards": "it would be taken from a registry",
    "pip install './libs/resource_guards[fix]'": "as above",
    "pip install 'resource-guards[fix]'": "as above",
    "pip install ./libs/resource_guards ./libs/mngr": "as above",
    "pip install ./libs/resource_guards ./libs/mngr_modal": "as above",
    "pip install resource-guards imbue-mngr": "as above",
    "pip install resource-guards imbue-mngr-modal": "as above",
    "python -m imbue.resource_guards fix resource-guards/all.json --write": "test_ci_files.py does this, with a report",
    "pip install pytest-xdist": "as above",
    "cd services/orders && pytest --resource-guards-json=report.json": "test_projects.py does the same, in a repository",
    "cd services/users && pytest --resource-guards-json=report.json": "as above",
    "python -m imbue.resource_guards merge services/orders/report.json services/users/report.json "
    "-o all.json": "as above",
}
"""Commands that stand on a page and are not run by its test, and why."""

STAND_INS = ("docker", "tmux")
"""Programs that pages name as examples."""

REAL = {
    "docs/quickstart.md": [pytest.mark.git],
    "docs/writing-a-guard.md": [pytest.mark.git],
}
"""The programs that the commands of a page really run."""

WITH_BLOCKS = [
    pytest.param(name, marks=REAL.get(name, []), id=name)
    for name, text in PAGES.items()
    if name not in CHECKED_ELSEWHERE and "```" in text
]


@pytest.mark.parametrize("name", WITH_BLOCKS)
def test_the_blocks_of_a_page(name: str, tmp_path: Path) -> None:
    """Its files and commands do what the page says that they do."""
    PageRun(empty_desk(tmp_path, STAND_INS), NOT_RUN).do(PAGES[name])


def test_the_front_page_is_short() -> None:
    """The README has fewer than 120 lines."""
    assert len(PAGES["README.md"].splitlines()) < 120


def test_pages_that_another_test_checks() -> None:
    """Each is named in that test."""
    for page, test in CHECKED_ELSEWHERE.items():
        assert page in PAGES
        assert Path(page).name in (dev.ROOT / test).read_text("utf-8")


def test_each_command_that_is_not_run_stands_on_a_page() -> None:
    """The list of exceptions has nothing that could be left out."""
    written = {
        command
        for name, text in PAGES.items()
        if name not in CHECKED_ELSEWHERE
        for block in blocks_of(text)
        if block.language == "console"
        for command, _ in commands_of(block)
    }
    assert set(NOT_RUN) <= written


WRONG_PAGES = {
    "an unknown kind": ("```ruby\nputs 1\n```\n", "no kind of block"),
    "a file without a name": ("```python\nprint(1)\n```\n", "no kind of block"),
    "an indented fence": ("- so:\n\n  ```console\n  $ pytest\n  ```\n", "indented"),
    "a fence without end": ("```console\n$ pytest\n", "no end"),
    "output of nothing": ("```console\n1 passed\n```\n", "begins with a command"),
    "an unknown command": ("```console\n$ rm -r folder\n```\n", "neither run nor listed"),
    "output of what is not run": (
        "```console\n$ pip install x\nDone\n```\n",
        "nothing can be said",
    ),
    "a failure that is not told": (
        '```python title="test_it.py"\ndef test_it():\n    assert 0\n```\n```console\n$ pytest\n```\n',
        "1 failed",
    ),
    "other output": ("```console\n$ python -c 'print(1)'\n2\n```\n", "not in the output"),
    "lines with others between": (
        "```console\n$ python -c 'print(1); print(2); print(3)'\n1\n3\n```\n",
        "not in the output",
    ),
    "lines in another order": (
        "```console\n$ python -c 'print(1); print(2)'\n2\n...\n1\n```\n",
        "not in the output",
    ),
    "a file that no command uses": (
        '```python title="conftest.py"\nimport no_such_module\n```\n',
        "no_such_module",
    ),
    "settings that cannot be read": ('```toml title="pyproject.toml"\n[tool\n```\n', "Expected"),
    "a change of other lines": (
        '```ini title="x.ini"\n[a]\n```\n```diff title="x.ini"\n-[b]\n+[c]\n```\n',
        "0 times",
    ),
    "a change that could be elsewhere": (
        '```python title="x.py"\n1\n1\n```\n```diff title="x.py"\n 1\n+2\n```\n',
        "2 times",
    ),
    "a folder that is not there": ("```console\n$ cd folder\n```\n", "No such file"),
}


@pytest.mark.parametrize("what", WRONG_PAGES)
def test_a_page_that_is_wrong(what: str, tmp_path: Path) -> None:
    """Nothing is skipped, and nothing that is not so goes through."""
    page, complaint = WRONG_PAGES[what]
    with pytest.raises((AssertionError, ValueError, OSError), match=complaint):
        PageRun(empty_desk(tmp_path, ()), {"pip install x": "a registry"}).do(page)


def test_a_page_that_is_right(tmp_path: Path) -> None:
    """Lines may be left out, and what differs from run to run may differ."""
    page = (
        '```python title="folder/it.py"\nprint("process 1 in 0.01s", "=" * 9)\nprint(2)\n'
        "print(__file__)\n```\n"
        "```console\n$ python folder/it.py\nprocess 77 in 3.50s ====\n...\nfolder/it.py\n"
        "$ pip install x\n```\n"
        '```diff title="folder/it.py"\n-print(2)\n+print(3)\n+\n print(__file__)\n```\n'
        "```console\n$ cd folder\n$ python it.py\n...\n3\n...\n```\n"
    )
    PageRun(empty_desk(tmp_path, ()), {"pip install x": "a registry"}).do(page)


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site; every warning is an error."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", config, "-d", site],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


LOADED = re.compile(r"""(?:\bsrc=|<link[^>]*\bhref=|\burl\(|@import\s)["']?(?:https?:)?//""")


def test_the_site(tmp_path: Path) -> None:
    """It is built without a warning, and its pages load nothing from other hosts."""
    done = build(dev.ROOT / "mkdocs.yml", tmp_path)

    assert done.returncode == 0, done.stderr
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) >= len([name for name in PAGES if name.startswith("docs/")])
    for page in [*pages, *tmp_path.rglob("*.css")]:
        assert not LOADED.findall(page.read_text("utf-8")), page


@pytest.mark.parametrize(
    "wrong", ["[x](no-such-page.md)", "[x](fixtures.md#no-such-heading)", "[x](../README.md)"]
)
def test_a_broken_link(tmp_path: Path, wrong: str) -> None:
    """A link to a page or heading that is not there makes the build fail."""
    shutil.copytree(dev.ROOT / "docs", tmp_path / "docs")
    shutil.copy(dev.ROOT / "mkdocs.yml", tmp_path)
    with (tmp_path / "docs" / "index.md").open("a") as index:
        index.write(f"\n{wrong}\n")

    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")

    assert done.returncode != 0
    assert wrong[4:-1] in done.stderr


def test_links_to_files_that_are_not_pages() -> None:
    """What a README links to in this repository is there."""
    for name, text in PAGES.items():
        if not name.startswith("docs/"):
            for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
                assert (dev.ROOT / name).parent.joinpath(link).exists(), (name, link)


def test_every_decision_is_listed() -> None:
    """The page of decisions links to each of them."""
    index = PAGES["docs/decisions/README.md"]
    for path in dev.ROOT.glob("docs/decisions/0*.md"):
        assert f"]({path.name})" in index, path.name


def test_the_tables_from_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are as ``scripts/reference.py`` writes them, and it says where one is not."""
    assert reference.outdated() == {}
    assert reference.main(["--check"]) == 0
    monkeypatch.setitem(reference.TABLES, "hooks", lambda: "another table")
    assert reference.main(["--check"]) == 1
    assert [*reference.outdated()] == [dev.ROOT / "docs" / "reference.md"]


def test_the_settings_that_near_misses_are_compared_with() -> None:
    """They are those that the plugin tells pytest of."""
    assert {name for name, *_ in reference.declared().settings} == set(SETTINGS)


def test_every_table_is_on_a_page() -> None:
    """No table that is made from the code has been left out."""
    found = {
        match[2]
        for page in reference.PAGES
        for match in reference.REGION.finditer(page.read_text("utf-8"))
    }
    assert found == set(reference.TABLES)
