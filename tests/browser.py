"""Chromium, as Debian ships it, for the tests of pages."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

PROGRAM = "/usr/bin/chromium"
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


def watched(page: Page) -> list[str]:
    """What goes wrong inside a page: errors of its scripts, and what it could not load."""
    wrongs: list[str] = []
    page.on("pageerror", lambda error: wrongs.append(str(error)))
    page.on("requestfailed", lambda request: wrongs.append(f"{request.url} {request.failure}"))
    return wrongs
