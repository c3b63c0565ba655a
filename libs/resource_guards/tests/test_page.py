"""The page of a report, in a real browser: by keyboard and search, on a phone, in the dark, with many tests."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from selenium.webdriver.support.ui import WebDriverWait

from imbue.resource_guards.report.document import Document
from imbue.resource_guards.report.evidence import Declaration
from imbue.resource_guards.report.evidence import SeenUse
from imbue.resource_guards.report.evidence import TestRecord
from imbue.resource_guards.report.evidence import UsedResource
from imbue.resource_guards.report.fixture_seconds import FixtureSeconds
from imbue.resource_guards.report.page.writer import write_page
from support.browser import Browser
from support.browser import running_browser
from support.suite import WORKERS
from support.suite import Suite

HOSTILE = "<img src=x onerror='window.hacked=1'></script><b>bold</b>"

pytestmark = pytest.mark.chromedriver


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, without a window."""
    with running_browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


def record(number: int, **fields: Any) -> TestRecord:
    """A test that has passed in some milliseconds."""
    path = f"tests/test_{number // 20}.py"
    return TestRecord(f"{path}::test_{number}", "passed", seconds=0.012, **fields)


def use(what: str, fixture: str | None = None) -> UsedResource:
    """One use of a program."""
    used = UsedResource(1, {"program": 1})
    used.uses.append(SeenUse("program", what, "tests/test_0.py:7", in_child=False, fixture=fixture))
    return used


def document(tests: int) -> Document:
    """A report of some tests: with each kind of violation, a skip, a shared fixture and hostile text."""
    marked = [Declaration("tool", "function", None)]
    first = [
        record(0, declared=marked, used={"tool": use("tool build", "engine")}),
        record(1, declared=marked, violations={"tool": ["superfluous mark"]}),
        record(2, used={"db": use(f"db {HOSTILE}")}, violations={"db": ["missing mark"]}),
        record(3, declared=marked, unavailable={"tool": "'tool' is not on PATH"}, reason="no tool"),
        record(4, unsure={"db": ["libpq"]}),
    ]
    first[3].outcome = "skipped"
    first[4].nodeid += f"[{HOSTILE}]"
    others = [record(number) for number in range(5, tests)]
    for each in others[::7]:
        each.declared = marked
        each.used = {"tool": use(f"tool {each.nodeid}")}
    engine = FixtureSeconds("engine", ["tool"], 1, 2.0, 0.5)
    return Document({"tool": "tool", "db": "db"}, [*first, *others], fixtures=[engine])


def shown(browser: Browser, tmp_path: Path, tests: int) -> str:
    """Open the page of a report; gives its text as it was written."""
    file = io.StringIO()
    write_page(document(tests), file)
    path = tmp_path / "page.html"
    path.write_text(file.getvalue())
    browser.get_log("browser")  # type: ignore[no-untyped-call] # and forget what is there
    browser.get(path.as_uri())
    return file.getvalue()


def opener(browser: Browser, name: str) -> Any:
    """The button that opens a file or test."""
    return browser.find_element(By.XPATH, f"//button[@aria-expanded][text()='{name}']")


def status(browser: Browser) -> str:
    """What the page says of a search."""
    return browser.find_element(By.CSS_SELECTOR, "[role=status]").text


def wait_for(browser: Browser, said: str) -> None:
    """Wait until a search has said something."""
    WebDriverWait(browser, 20).until(lambda _: status(browser) == said, status(browser))


def wait_for_focus(browser: Browser, text: str) -> None:
    """Wait until the element of a text has the focus.

    A browser tells its page of a new fragment after the click that chose it has ended.
    """
    WebDriverWait(browser, 20).until(lambda _: browser.switch_to.active_element.text == text, text)


def test_it_is_one_file(browser: Browser, tmp_path: Path) -> None:
    """It loads nothing, may load nothing, and says nothing on the console."""
    text = shown(browser, tmp_path, 10)

    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert "default-src 'none'" in text
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text)
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]


def test_text_stays_text(browser: Browser, tmp_path: Path) -> None:
    """What tests and programs are called is never markup."""
    shown(browser, tmp_path, 10)
    browser.find_element(By.ID, "search").send_keys("onerror")
    wait_for(browser, "2 of 10 tests, in 1 file.")
    for button in browser.find_elements(By.CSS_SELECTOR, ".test .open"):
        button.click()

    assert browser.execute_script("return window.hacked") is None
    assert browser.find_elements(By.CSS_SELECTOR, "main img, main b") == []
    assert browser.find_element(By.TAG_NAME, "main").text.count("<b>bold</b>") >= 3


def test_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    """A file and a test are opened by Enter, down to what was run and through which fixture; and closed."""
    shown(browser, tmp_path, 10)

    file = opener(browser, "tests/test_0.py")
    file.send_keys(Keys.ENTER)
    assert file.get_attribute("aria-expanded") == "true"
    browser.switch_to.active_element.send_keys(Keys.TAB)
    test = browser.switch_to.active_element
    assert test.text == "test_0"
    test.send_keys(Keys.SPACE)

    (detail,) = browser.find_elements(By.CSS_SELECTOR, ".detail")
    assert "tests/test_0.py::test_0" in detail.text
    assert "program: tool build at tests/test_0.py:7, by fixture engine" in detail.text
    test.send_keys(Keys.ENTER)
    assert browser.find_elements(By.CSS_SELECTOR, ".detail") == []
    file.send_keys(Keys.ENTER)
    assert browser.find_elements(By.CSS_SELECTOR, ".test") == []


def test_what_is_told(browser: Browser, tmp_path: Path) -> None:
    """Outcomes, figures of each resource, violations, what was skipped and why, and time."""
    shown(browser, tmp_path, 10)
    said = browser.find_element(By.TAG_NAME, "body").text

    assert "10 tests: 9 passed, 1 skipped." in said
    assert "2 tests with violations" in said
    assert re.search(r"tool\s+4\s+2\s+0\s+1\s+1\n", said), said
    assert re.search(r"db\s+0\s+1\s+1\s+0\s+0\n", said), said
    assert "2.5 s in 2 tests and 1 shared fixture; -m " in said
    assert "db: mark missing (1)" in said
    assert "tool: mark not needed (1)" in said
    assert "tool not available (1)" in said


def test_search(browser: Browser, tmp_path: Path) -> None:
    """By text, resource and violations, together and each alone."""
    shown(browser, tmp_path, 100)
    search = browser.find_element(By.ID, "search")

    search.send_keys("TOOL BUILD")
    wait_for(browser, "1 of 100 tests, in 1 file.")
    assert [each.text for each in browser.find_elements(By.CSS_SELECTOR, ".test .open")] == [
        "test_0"
    ]
    search.clear()
    search.send_keys(" ")
    wait_for(browser, "100 of 100 tests, in 5 files.")
    Select(browser.find_element(By.ID, "resource")).select_by_visible_text("db")
    wait_for(browser, "2 of 100 tests, in 1 file.")
    browser.find_element(By.ID, "wrong").click()
    wait_for(browser, "1 of 100 tests, in 1 file.")
    search.send_keys("nothing like it")
    wait_for(browser, "0 of 100 tests, in 0 files.")


def test_a_link_leads_to_its_test(browser: Browser, tmp_path: Path) -> None:
    """Also where a search has hidden it, and from an address."""
    shown(browser, tmp_path, 100)
    browser.find_element(By.ID, "search").send_keys("nothing like it")
    wait_for(browser, "0 of 100 tests, in 0 files.")
    browser.find_element(By.LINK_TEXT, "tests/test_0.py::test_1").click()

    wait_for_focus(browser, "test_1")
    assert browser.switch_to.active_element.get_attribute("aria-expanded") == "true"
    browser.get(f"{browser.current_url.partition('#')[0]}#test-42")
    browser.refresh()
    wait_for_focus(browser, "test_42")


@pytest.mark.parametrize("width", [400, 1280])
def test_no_page_is_wider_than_its_window(browser: Browser, tmp_path: Path, width: int) -> None:
    """Tables scroll by themselves; all else fits, with a test opened."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    try:
        shown(browser, tmp_path, 10)
        opener(browser, "tests/test_0.py").click()
        opener(browser, "test_2").click()
        wide = browser.execute_script(
            "const wide = document.documentElement.scrollWidth;return [wide, window.innerWidth]"
        )
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    assert wide[0] <= wide[1] == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colors(browser: Browser, tmp_path: Path, scheme: str) -> None:
    """All text has the contrast that WCAG 2.2 asks for (4.5), in the light and in the dark."""
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    shown(browser, tmp_path, 10)
    opener(browser, "tests/test_0.py").click()
    opener(browser, "test_2").click()

    back, contrasts = browser.execute_script(CONTRASTS)

    assert (max(back) < 60) == (scheme == "dark")
    assert len(contrasts) > 10
    assert {said: contrast for said, contrast in contrasts if contrast < 4.5} == {}


CONTRASTS = """
const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
const luminance = (color) => {
  const [r, g, b] = rgb(color).slice(0, 3).map((each) => {
    const part = each / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const backOf = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const color = getComputedStyle(each).backgroundColor;
    if (rgb(color)[3] !== 0) return color;
  }
};
const found = [];
for (const element of document.querySelectorAll("body *:not(script):not(noscript)")) {
  const own = [...element.childNodes].some((each) => each.nodeType === 3 && each.textContent.trim());
  if (!own || !element.checkVisibility()) continue;
  const pair = [luminance(getComputedStyle(element).color), luminance(backOf(element))].sort((a, b) => b - a);
  found.push([element.textContent.slice(0, 40), (pair[0] + 0.05) / (pair[1] + 0.05)]);
}
return [rgb(backOf(document.body)).slice(0, 3), found];
"""


def test_for_a_screen_reader(browser: Browser, tmp_path: Path) -> None:
    """What can be operated has a name and a state, tables have heads, and headings have an order."""
    shown(browser, tmp_path, 10)
    opener(browser, "tests/test_0.py").click()

    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    nodes = [
        (each["role"]["value"], each.get("name", {}).get("value", ""), each.get("properties", []))
        for each in tree
        if not each["ignored"]
    ]
    operated = [
        each for each in nodes if each[0] in ("button", "link", "searchbox", "combobox", "checkbox")
    ]
    states = [
        {part["name"]: part["value"].get("value") for part in parts}
        for role, _, parts in nodes
        if role == "button"
    ]
    headings = [
        int(each.tag_name[1]) for each in browser.find_elements(By.CSS_SELECTOR, "h1, h2, h3")
    ]

    assert len(operated) > 8
    assert [each for each in operated if not each[1]] == []
    assert all("expanded" in each for each in states)
    assert sum(each["expanded"] for each in states) == 1
    assert {"rowheader", "columnheader", "status", "main", "banner"} <= {
        role for role, _, _ in nodes
    }
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"


def test_with_50_000_tests(browser: Browser, tmp_path: Path) -> None:
    """It shows some of them, finds any, and never has all of them in the document."""
    shown(browser, tmp_path, 50_000)

    assert status(browser) == "50,000 of 50,000 tests, in 2,500 files."
    assert browser.execute_script("return document.querySelectorAll('*').length") < 10_000
    browser.find_element(By.ID, "search").send_keys("test_49999")
    wait_for(browser, "1 of 50,000 tests, in 1 file.")
    assert [each.text for each in browser.find_elements(By.CSS_SELECTOR, ".test .open")] == [
        "test_49999"
    ]
    took = browser.execute_script(
        "const from = performance.now(); document.getElementById('wrong').click();"
        "return performance.now() - from"
    )
    assert took < 2000, f"{took} ms for one search"


@WORKERS
def test_of_a_run(suite: Suite, browser: Browser, workers: tuple[str, ...]) -> None:
    """`--resource-guards-html` writes it, and so does `report --format=html` from a file, in equal words."""
    suite.guard_tool()
    suite.write(
        test_it="""
            import pytest

            @pytest.mark.tool
            def test_superfluous(): pass
        """
    )

    suite.run(
        "--resource-guards-html=out/page.html", "--resource-guards-json=report.json", *workers
    )
    command = [sys.executable, "-m", "imbue.resource_guards", "report", "report.json"]
    command += ["--format=html", "-o", "out/again.html"]
    subprocess.run(command, cwd=suite.path, check=True)

    page = suite.path / "out/page.html"
    assert page.read_text() == (suite.path / "out/again.html").read_text()
    browser.get(page.as_uri())
    assert "tool: mark not needed (1)" in browser.find_element(By.TAG_NAME, "body").text
