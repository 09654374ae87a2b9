"""What somebody types on a phone while the box still thinks is theirs: no answer takes it away."""

from pathlib import Path

from playwright.sync_api import Browser, Page, Route

from simulators.premises import BoxProcess, Premises
from tests.test_phone_page import GOLD, LATTE, OIL, opened, with_store


def slowly(page: Page, code: str, field: str, text: str) -> None:
    """Put something into the basket, and type `text` into a field before its price comes."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/v1/quote", hold, times=1)
    page.fill("#code", code)
    with page.expect_request("**/v1/quote"):
        page.press("#code", "Enter")
    assert page.input_value("#code") == "", "what was sent is not there to be sent again"
    page.fill(field, text)
    with page.expect_response("**/v1/quote"):
        held.pop().continue_()


def test_what_is_typed_while_a_price_comes_stays(tmp_path: Path) -> None:
    def play(browser: Browser, premises: Premises, box: BoxProcess) -> None:
        page, wrongs = opened(browser, premises)
        slowly(page, LATTE, "#code", OIL[:6])
        page.wait_for_selector("#bar .total")
        page.keyboard.type(OIL[6:])
        assert page.input_value("#code") == OIL, "and so does the cursor"
        slowly(page, OIL, "#who", GOLD)
        page.wait_for_selector("ul.lines li:nth-child(2)")
        page.press("#who", "Enter")
        page.wait_for_selector("text=李**")
        assert page.input_value("#code") == ""
        assert wrongs == []

    with_store(tmp_path, play)
