"""The till on a phone, in a real browser against a real box: paired, used, broken off, resumed."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from PIL import Image
from playwright.sync_api import Browser, Page

from simulators import demo_data
from simulators.premises import BoxProcess, Premises
from tests.browser import DESK, PHONE, chromium, watched
from tests.test_first_sale import edgebox, store

LATTE, OIL, GOLD = demo_data.ean(1), demo_data.ean(20), demo_data.card_number(2)
SERIOUS = {"serious", "critical"}


def with_store(folder: Path, play: Callable[[Browser, Premises, BoxProcess], None]) -> None:
    """Play in a browser what a person does, while a store stands around it."""

    async def main() -> None:
        async with store(folder) as (premises, box, _):

            def played() -> None:
                with chromium() as browser:
                    play(browser, premises, box)

            await asyncio.to_thread(played)

    asyncio.run(main())


def opened(browser: Browser, premises: Premises, **more: Any) -> tuple[Page, list[str]]:
    """A phone that has followed the QR code of the pairing window, and is paired."""
    code, said = edgebox("terminals", "pair", "--config", str(premises.config_path), "--json")
    assert code == 0, said
    ticket = json.loads(said)
    context = browser.new_context(**{"viewport": PHONE, "locale": "zh-CN", **more})
    page = context.new_page()
    page.set_default_timeout(60_000)
    wrongs = watched(page)
    page.goto(f"{premises.http_url}/pair#{ticket['url'].partition('#')[2]}")
    page.fill("input[name=cashier]", "amy")
    page.click("button.main")
    page.wait_for_selector("#code")
    return page, wrongs


def add(page: Page, code: str) -> None:
    page.fill("#code", code)
    page.press("#code", "Enter")
    page.wait_for_selector("#bar .total")


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']}" for one in found if one["impact"] in SERIOUS]


def test_a_sale_on_a_phone(tmp_path: Path) -> None:
    def play(browser: Browser, premises: Premises, box: BoxProcess) -> None:
        page, wrongs = opened(browser, premises)
        assert serious(page) == []
        add(page, LATTE)
        add(page, OIL)
        page.fill("#who", GOLD)
        page.press("#who", "Enter")
        page.wait_for_selector("text=李**")
        page.wait_for_function("document.querySelector('#bar .total').textContent === '136.35'")
        assert serious(page) == []
        page.screenshot(path=tmp_path / "basket.png", full_page=True)
        page.click("#bar button")
        page.fill("#handed", "200")
        assert serious(page) == []
        page.click("#bar button")
        receipt = page.inner_text("pre.receipt")
        assert "136.35" in receipt
        assert "63.65" in page.inner_text("main")
        assert serious(page) == []
        assert wrongs == []

    with_store(tmp_path, play)


def test_a_no_says_what_to_do_and_loses_nothing(tmp_path: Path) -> None:
    def play(browser: Browser, premises: Premises, box: BoxProcess) -> None:
        page, _ = opened(browser, premises, locale="en")
        add(page, LATTE)
        page.fill("#code", "6900000000007")
        page.press("#code", "Enter")
        page.wait_for_selector("#told >> text=E-UNKNOWN-PRODUCT")
        assert serious(page) == []
        assert page.locator("ul.lines li").count() == 1
        page.click("#told button")
        page.click("#bar button")
        page.fill("#handed", "1")
        page.click("#bar button")
        page.wait_for_selector("#told p")  # too little: it is refused, and can be paid again
        page.fill("#handed", "")
        page.click("#bar button")
        page.wait_for_selector("pre.receipt")

    with_store(tmp_path, play)


def test_an_answer_that_was_lost_is_waited_for_and_sold_once(tmp_path: Path) -> None:
    def play(browser: Browser, premises: Premises, box: BoxProcess) -> None:
        page, _ = opened(browser, premises)
        add(page, LATTE)
        page.click("#bar button")
        lost = 0

        def lose(route: Any) -> None:
            nonlocal lost
            lost += 1
            route.fetch()  # the box has sold it
            route.abort()  # and the phone will not know

        page.route("**/v1/sell", lose, times=1)
        page.click("#bar button")
        page.wait_for_selector("pre.receipt")
        assert lost == 1
        code, said = edgebox("journal", "export", "--config", str(premises.config_path))
        assert code == 0, said
        assert said.count('"kind":"sale.v1"') == 1, said

    with_store(tmp_path, play)


def test_a_page_that_was_closed_goes_on_with_what_it_left_open(tmp_path: Path) -> None:
    def play(browser: Browser, premises: Premises, box: BoxProcess) -> None:
        page, _ = opened(browser, premises)
        add(page, LATTE)
        page.click("#bar button")
        os.kill(box.pid, signal.SIGSTOP)  # a box that says nothing
        page.click("#bar button")
        page.wait_for_selector("section[aria-live]")
        page.close()
        again = page.context.new_page()
        os.kill(box.pid, signal.SIGCONT)
        again.goto(f"{premises.http_url}/phone")
        again.wait_for_selector("pre.receipt")

    with_store(tmp_path, play)


def test_a_picture_of_a_code_is_read_by_the_box(tmp_path: Path) -> None:
    barcode = zxingcpp.create_barcode(LATTE, zxingcpp.BarcodeFormat.EAN13)
    image: Any = barcode.to_image(scale=4)  # a buffer: some versions say so
    height, width = image.shape
    picture = tmp_path / "latte.png"
    Image.frombytes("L", (width, height), bytes(memoryview(image))).save(picture)

    def play(browser: Browser, premises: Premises, box: BoxProcess) -> None:
        page, wrongs = opened(browser, premises)
        page.set_input_files("section >> nth=0 >> input[type=file]", picture)
        page.wait_for_selector("text=拿铁咖啡")
        assert wrongs == []

    with_store(tmp_path, play)


def test_a_phone_that_was_sent_away_is_told(tmp_path: Path) -> None:
    def play(browser: Browser, premises: Premises, box: BoxProcess) -> None:
        page, _ = opened(browser, premises, locale="en")
        name = page.inner_text("#where")
        code, said = edgebox("terminals", "revoke", name, "--config", str(premises.config_path))
        assert code == 0, said
        page.fill("#code", LATTE)
        page.press("#code", "Enter")
        page.wait_for_selector("text=no longer paired")
        page.wait_for_selector("input[name=cashier]")

    with_store(tmp_path, play)


@pytest.mark.parametrize(("lang", "scheme"), [("zh-CN", "dark"), ("en", "light")])
def test_it_is_readable_everywhere(tmp_path: Path, lang: str, scheme: str) -> None:
    def play(browser: Browser, premises: Premises, box: BoxProcess) -> None:
        page, wrongs = opened(browser, premises, locale=lang, color_scheme=scheme, viewport=DESK)
        add(page, LATTE)
        assert serious(page) == []
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") in {"BUTTON", "INPUT"}
        assert wrongs == []
        page.goto(f"{premises.http_url}/docs")
        page.wait_for_selector("#op-sell")
        assert serious(page) == []

    with_store(tmp_path, play)
