"""The site in a real browser, opened as files: its search, on a phone, and in the dark."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

import dev
from support.browser import Browser
from support.browser import running_browser

pytestmark = pytest.mark.chromedriver

PAGES = sorted(path.stem for path in dev.ROOT.glob("docs/*.md"))
PICTURES = {
    "index": ("picture-light.svg", "picture-dark.svg"),
    "how-it-works": ("way-of-the-data.svg", "way-of-the-data.svg#dark"),
    "architecture": ("layers.svg", "layers.svg#dark"),
}

CUT_OFF = """
const scrolls = (each) => ["auto", "scroll"].includes(getComputedStyle(each).overflowX);
const inScroller = (each) => {
  for (let at = each; at && at !== document.body; at = at.parentElement) if (scrolls(at)) return true;
  return false;
};
return [...document.querySelectorAll("main *")]
  .filter((each) => each.getClientRects().length && !inScroller(each))
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
  .map((each) => each.outerHTML.slice(0, 100));
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--quiet",
            "-f",
            dev.ROOT / "mkdocs.yml",
            "-d",
            folder,
        ],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=True,
    )
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, without a window."""
    with running_browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


def complaints(browser: Browser) -> list[Any]:
    """What the browser has logged since it was last asked."""
    found: list[Any] = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return found


def test_search_in_files(browser: Browser, site: Path) -> None:
    """The search finds a page without a server, in a folder as well, and the browser complains of nothing."""
    for page, link in {"index": "modal.html", "decisions/index": "../modal.html"}.items():
        complaints(browser)
        browser.get((site / f"{page}.html").as_uri())
        browser.execute_script("document.querySelector('#__search').click()")
        browser.find_element(By.CSS_SELECTOR, "[data-md-component=search-query]").send_keys(
            "control plane"
        )
        found = WebDriverWait(browser, 20).until(
            lambda each: each.find_elements(By.CSS_SELECTOR, ".md-search-result__link")
        )
        assert (site / page).parent.joinpath(link).resolve().as_uri() in {
            re.split("[?#]", str(each.get_attribute("href")))[0] for each in found
        }
        assert complaints(browser) == []


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_cut_off_on_a_phone(browser: Browser, site: Path, page: str) -> None:
    """At 400 pixels a page is no wider than its window, and what is wider than the page can be scrolled."""
    size = {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.get((site / f"{page}.html").as_uri())
        assert browser.execute_script("return innerWidth") == 400
        assert browser.execute_script("return document.documentElement.scrollWidth") == 400
        assert browser.execute_script(CUT_OFF) == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("page", PICTURES)
def test_pictures_follow_the_theme(browser: Browser, site: Path, page: str) -> None:
    """A reader who chooses the dark theme gets the dark picture, and the light one with the light theme."""
    browser.get((site / f"{page}.html").as_uri())
    source, dark = PICTURES[page]
    show = "document.body.dataset.mdColorScheme = arguments[0]; return getComputedStyle(arguments[1]).content"
    image = browser.find_element(By.CSS_SELECTOR, f"img[src$='{source}']")

    assert browser.execute_script(show, "slate", image) == f'url("{site.as_uri()}/{dark}")'
    assert browser.execute_script(show, "default", image) == "normal"
