"""Count cards on the phone's page, in a real browser against a real box: offered, chosen, paid."""

import asyncio
import base64
import http.client
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page

from simulators import demo_data
from simulators.cloud import CloudServer, CloudTwin
from simulators.keys import make_key
from simulators.premises import BoxProcess, Plan, Premises, furnish
from tests.away_kit import value_lot
from tests.browser import chromium
from tests.counter_kit import rich
from tests.lane_kit import MINTER
from tests.test_phone_page import LATTE, add, opened, serious

SILVER, OTHER = demo_data.card_number(1), demo_data.card_number(2)
COFFEE, TEA, OIL = "americano", demo_data.ean(3), demo_data.ean(20)
NET = "12.80"
PLAN = {
    "id": "coffees", "name_zh": "咖啡次卡", "name_en": "Coffee card", "uses": 3, "price": 3_000,
    "list_price": 1_500, "products": ["americano", "latte"],
}  # fmt: skip


class Counter(NamedTuple):
    """A shop, and a PC till beside the phone."""

    premises: Premises
    keys: Iterator[int]

    def do(self, operation: str, **body: Any) -> dict[str, Any]:
        key = f"01900000-0000-7000-8000-{next(self.keys):012x}"
        return self.ask(operation, key=key, cashier="amy", **body)

    def ask(self, operation: str, **body: Any) -> dict[str, Any]:
        line = http.client.HTTPConnection("127.0.0.1", self.premises.http_port, timeout=10)
        bearer = f"Bearer pos-1:{self.premises.tokens['pos-1']}"
        headers = {"Authorization": bearer, "Content-Type": "application/json"}
        line.request("POST", f"/v1/{operation}", json.dumps(body), headers)
        answer: dict[str, Any] = json.load(line.getresponse())
        line.close()
        assert "code" not in answer, answer
        return answer

    def use(self, uses: int) -> None:
        self.do("use_count", member=_who(SILVER), product=COFFEE, uses=uses)


def _who(number: str) -> dict[str, str]:
    return {"kind": "card", "text": number}


@asynccontextmanager
async def shop(folder: Path, spending: str) -> AsyncIterator[Counter]:
    key = make_key("cloud-1", Random(1))
    twin = CloudTwin(key)
    twin.seed_members(demo_data.members(), demo_data.cards())
    twin.seed_products(demo_data.products())
    bundle = rich()
    twin.publish_bundle(bundle | {"programme": bundle["programme"] | {"plans": [PLAN]}})
    twin.keeping.give(value_lot("k2", "m0002", "CNT", terms="coffees", issuer="hq"), 2)
    async with CloudServer(twin) as cloud:
        premises = furnish(folder, Plan(cloud.url, {key.id: key.public_key}))
        twin.register_box(premises.box, premises.public_key)
        config = premises.config_path
        store = config.read_text("utf-8").replace("[store]", f'[store]\nspending = "{spending}"')
        codes = base64.b64encode(MINTER.public_key).decode()
        config.write_text(f'{store}\n[cloud.member_code_keys]\ncodes-1 = "{codes}"\n', "utf-8")
        box = BoxProcess(premises)
        try:
            await box.start()
            yield Counter(premises, count(1))
        finally:
            await box.kill()
    twin.close()


def with_shop(
    folder: Path, play: Callable[[Page, Counter], None], spending: str = "shown", **more: Any
) -> None:
    """Play on a phone beside a till that has sold a count card of three coffees."""

    def played(counter: Counter) -> None:
        with chromium() as browser:
            page, wrongs = _phone(browser, counter.premises, **more)
            counter.do("sell_count_card", member=_who(SILVER), plan="coffees", tender="card")
            play(page, counter)
            assert wrongs == []

    async def main() -> None:
        async with shop(folder, spending) as counter:
            await asyncio.to_thread(played, counter)

    asyncio.run(main())


def _phone(browser: Browser, premises: Premises, **more: Any) -> tuple[Page, list[str]]:
    return opened(browser, premises, **{"locale": "zh-CN"} | more)


def identify(page: Page, number: str = SILVER) -> None:
    page.fill("#who", number)
    page.press("#who", "Enter")
    page.wait_for_selector("[role=switch]")


def total(page: Page, amount: str) -> None:
    page.wait_for_selector(f'#bar .total:text-is("{amount}")')


@contextmanager
def asked(page: Page, operation: str) -> Iterator[dict[str, Any]]:
    """Give what the page asks of the box inside."""
    said: dict[str, Any] = {}
    with page.expect_request(f"**/v1/{operation}") as request:
        yield said
    said.update(json.loads(request.value.post_data or ""))


def test_a_count_card_is_offered_chosen_by_keys_and_paid_beside_cash(tmp_path: Path) -> None:
    def play(page: Page, counter: Counter) -> None:
        for code in (COFFEE, COFFEE, TEA):
            add(page, code)
        assert page.locator(".uses").count() == 0, "nobody's card pays"
        identify(page)
        page.wait_for_selector(".uses >> text=余 3 次")
        assert "咖啡次卡" in page.inner_text(".uses")
        page.focus("#moreUses-0-0")
        page.keyboard.press("Enter")
        page.wait_for_selector(".uses >> text=余 2 次")
        page.keyboard.press("Space")
        page.wait_for_selector(".uses >> text=余 1 次")
        assert page.is_disabled("#moreUses-0-0"), "there are no more coffees"
        assert page.evaluate("document.activeElement.id") == "fewerUses-0-0"
        total(page, "4.50")
        assert "次卡 −25.60" in page.inner_text("#bar")
        assert serious(page) == []
        page.screenshot(path=tmp_path / "uses.png", full_page=True)
        page.click("#bar button")
        assert serious(page) == []
        page.fill("#handed", "5")
        page.screenshot(path=tmp_path / "pay.png", full_page=True)
        with asked(page, "sell") as sale:
            page.click("#bar button")
        assert [(one["line"], one["uses"]) for one in sale["uses"]] == [(0, 2)]
        receipt = page.inner_text("pre.receipt")
        assert "用 2 次" in receipt
        assert "找零 0.50" in page.inner_text("main")
        assert "次卡: 咖啡次卡 ×2 · 余 1 次" in page.inner_text("main")
        assert serious(page) == []
        page.screenshot(path=tmp_path / "receipt.png", full_page=True)

    with_shop(tmp_path, play)


def test_uses_pay_for_all_of_it_with_nothing_to_hand_over(tmp_path: Path) -> None:
    def play(page: Page, counter: Counter) -> None:
        add(page, COFFEE)
        identify(page)
        page.click("#moreUses-0-0")
        total(page, "0.00")
        page.click("#bar button")
        page.wait_for_selector("text=Count cards pay for all of it")
        assert page.locator("input[name=tender]").count() == 0
        assert serious(page) == []
        page.click("#bar button")
        page.wait_for_selector("section >> text=Coffee card ×1 · 2 left")

    with_shop(tmp_path, play, locale="en", color_scheme="dark")


def test_a_use_goes_with_its_line_and_its_member_whose_card_the_cloud_may_have(
    tmp_path: Path,
) -> None:
    def play(page: Page, counter: Counter) -> None:
        add(page, LATTE)
        add(page, COFFEE)
        add(page, COFFEE)
        identify(page)
        for _ in range(2):
            page.click("#moreUses-1-0")
        total(page, NET)
        assert page.inner_text(".uses >> nth=0 >> .soft") == "余 1 次", "one card for both lines"
        with asked(page, "quote") as quote:
            page.click("#fewer-0")
        assert (len(quote["lines"]), quote["uses"][0]["line"]) == (1, 0)
        total(page, "0.00")
        page.click("#fewer-0")
        page.wait_for_selector('.steps output >> nth=0 >> text="1"')
        total(page, "0.00")
        page.click("text=移除会员")
        total(page, "15.00")
        identify(page, OTHER)
        assert page.locator("#fewerUses-0-0:enabled").count() == 0
        total(page, "11.52")  # gold: a tenth off, and no use of another's card
        assert "余次成交时由云端确认" in page.inner_text(".uses")
        page.click("#moreUses-0-0")
        total(page, "0.00")
        page.click("#bar button")
        page.click("#bar button")
        page.wait_for_selector("section >> text=咖啡次卡 ×1")

    with_shop(tmp_path, play)


def test_a_card_used_up_elsewhere_is_told_with_what_to_do_and_the_rest_is_sold(
    tmp_path: Path,
) -> None:
    def play(page: Page, counter: Counter) -> None:
        add(page, COFFEE)
        add(page, COFFEE)
        identify(page)
        for _ in range(2):
            page.click("#moreUses-0-0")
        total(page, "0.00")
        counter.use(2)
        page.click("#bar button")
        page.click("#bar button")
        page.wait_for_selector("#told >> text=E-")
        assert "减少次数" in page.inner_text("#told .fix")
        total(page, "25.60")
        assert serious(page) == []
        page.screenshot(path=tmp_path / "short.png", full_page=True)
        page.click("#bar button")
        page.wait_for_selector("#handed")
        page.click("#bar button")
        assert "次卡" not in page.inner_text("pre.receipt")

    with_shop(tmp_path, play)


def test_who_only_shows_a_card_proves_it_and_pays_with_the_same_use(tmp_path: Path) -> None:
    def play(page: Page, counter: Counter) -> None:
        add(page, COFFEE)
        identify(page)
        page.click("#moreUses-0-0")
        total(page, "0.00")
        page.click("#bar button")
        page.click("#bar button")
        page.wait_for_selector("main >> text=E-NEEDS-PROOF")
        assert "动态会员码" in page.inner_text("main .fix")
        assert serious(page) == []
        page.click("text=查询结果")
        page.wait_for_selector("#told >> text=没有发生")
        page.click("#told button")
        page.click("text=返回")
        page.click("text=移除会员")
        now_seconds = counter.ask("quote", lines=[{"code": COFFEE}])["quoted_at"] // 1000
        identify(page, MINTER.cloud_code("m0001", now_seconds, b"12345678"))
        total(page, "0.00")
        page.click("#bar button")
        page.click("#bar button")
        page.wait_for_selector("section >> text=咖啡次卡 ×1 · 余 2 次")

    with_shop(tmp_path, play, spending="proven")


def test_a_coupon_points_and_a_use_in_one_basket(tmp_path: Path) -> None:
    def play(page: Page, counter: Counter) -> None:
        lines = [{"code": OIL, "quantity": "1"}]
        quoted = counter.ask("quote", lines=lines, member=_who(SILVER))
        sold = counter.do(
            "sell", lines=lines, member=_who(SILVER), quote=quoted["quote"],
            expected_total=quoted["total"], tenders=[{"kind": "cash", "amount": quoted["total"]}],
        )  # fmt: skip
        add(page, OIL)
        add(page, COFFEE)
        identify(page)
        page.fill("#coupon", sold["coupons_given"][0])
        page.press("#coupon", "Enter")
        page.wait_for_selector("section:has(#coupon) li")
        page.click("[role=switch]")
        page.wait_for_selector("text=积分")
        page.click("#moreUses-1-0")
        page.wait_for_selector("#bar >> text=次卡")
        page.screenshot(path=tmp_path / "all.png", full_page=True)
        with asked(page, "quote") as quote:
            page.click("#more-0")
        assert quote.keys() >= {"coupons", "redeem", "uses", "member"}
        page.click("#bar button")
        page.click("#bar button")
        receipt = page.inner_text("pre.receipt")
        assert all(word in receipt for word in ("次卡", "积分抵扣", "优惠券核销"))

    with_shop(tmp_path, play)
