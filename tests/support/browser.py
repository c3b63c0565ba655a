"""A real browser, for tests of pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver

from support.foreign import give_up

Browser = webdriver.Chrome


@contextmanager
def running_browser(folder: Path) -> Iterator[Browser]:
    """Chromium, without a window.

    Args:
        folder: What it may write to.
    """
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or chromium is None:
        give_up("there is no chromium with its driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    # As root, and in containers, Chromium has no sandbox, and little shared memory.
    for each in (
        "--headless",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        f"--user-data-dir={folder}",
    ):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(str(driver))) as started:
        started.set_window_size(1280, 900)
        yield started
