"""A box whose programme has something for every operation, and short words for asking it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from edge.config import Config
from simulators import demo_data
from tests.stand import Stand, stand

NAMES = {"name_zh": "名", "name_en": "Name"}
TEN_OFF = {
    "kind": "coupon", "id": "ten-off", **NAMES, "stage": 5,
    "get": {"is": "amount", "amount": 1_000}, "valid_days": 30,
}  # fmt: skip
NEXT_TIME = {
    "kind": "spend_threshold", "id": "next-time", **NAMES, "stage": 4, "amount": 10_000,
    "coupons": [{"coupon": "ten-off"}],
}  # fmt: skip
REDEEM = {"kind": "points_redeem", "id": "redeem", **NAMES, "points": 100, "amount": 100}
FREIGHT = {
    "kind": "charge", "id": "freight", "name_zh": "配送费", "name_en": "Delivery", "amount": 500,
    "tax_class": "standard", "when": [{"is": "channel", "any_of": ["delivery"]}],
}  # fmt: skip
GOLD = {"tier": "gold", "fee": 9_900, "tax_class": "standard", "term_months": 12, "refund": "full"}
PROGRAMME: dict[str, Any] = {
    "top_up": {"offers": [{"id": "ten", **NAMES, "steps": [{"at_least": 50_000, "bonus": 5_000}]}]},
    "plans": [
        {"id": "coffees", **NAMES, "uses": 10, "price": 12_000, "list_price": 1_500,
         "products": ["americano"]},
    ],
    "card_products": [{"id": "gift-100", **NAMES, "price": 10_000, "face": 11_000}],
    "exchange": {
        "offers": [
            {"id": "umbrella", **NAMES, "points": 50, "tax_class": "standard", "worth": 100,
             "gives": {"is": "goods", "product": "umbrella"}},
        ],
    },
    "draws": [
        {"id": "wheel", **NAMES, "points": 10, "tickets": 1,
         "prizes": [{"id": "tea", **NAMES, "outcomes": 1, "budget": 9, "product": "green-tea"}]},
    ],
    "tiers_policy": {"steps": [GOLD]},
    "notices": {
        "notices": [{"id": "hello", "text_zh": "欢迎", "text_en": "Welcome", "times": 1}],
    },
    "feedback": {"complaints": ["slow"], "events": ["gala"], "score_max": 5},
    "enrolment": {"consents": ["terms"]},
    "returns": {"window_days": 30},
}  # fmt: skip
BANANAS = {"code": "bananas", "quantity": "1.000"}
LATTE = [{"code": demo_data.ean(1), "quantity": "1"}]
OIL = [{"code": demo_data.ean(20), "quantity": "1"}]
SILVER = {"kind": "card", "text": demo_data.card_number(1)}
GUEST = None


def key(number: int) -> str:
    return f"01900000-0000-7000-8000-{number:012x}"


def rich() -> dict[str, Any]:
    """The demo's rules, and a programme with coupons, points that pay, and stored value."""
    bundle = demo_data.bundle("s1")
    return bundle | {
        "rules": [*bundle["rules"], TEN_OFF, NEXT_TIME, REDEEM, FREIGHT],
        "programme": PROGRAMME,
    }


def trusting(config: Config) -> Config:
    """A store where any card of a member is enough to spend."""
    return replace(config, store=replace(config.store, spending="shown"))


class Till:
    """A cashier at one terminal, who never uses a key twice."""

    def __init__(self, shop: Stand, name: str = "pos-1") -> None:
        self.shop, self.name, self._keys = shop, name, 0

    def key(self) -> str:
        self._keys += 1
        return f"01900000-0000-7000-8000-{self._keys:012x}"

    async def ask(self, operation: str, /, **body: Any) -> dict[str, Any]:
        """Ask a question."""
        return await self.shop.ask(operation, body, self.name)

    async def do(self, operation: str, /, **body: Any) -> dict[str, Any]:
        """Do something, and expect it to be done."""
        done = await self.tries(operation, **body)
        assert done["status"] == 200, done
        return done

    async def tries(self, operation: str, /, **body: Any) -> dict[str, Any]:
        """Do something, whatever comes of it."""
        return await self.ask(operation, **{"key": self.key(), "cashier": "anna", **body})

    async def sale(self, lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        """Return a sell request, all paid in cash unless said otherwise."""
        wish = {name: more.pop(name) for name in WISHES if name in more}
        quoted = await self.ask("quote", lines=lines, **wish)
        assert quoted["status"] == 200, quoted
        tenders = [{"kind": "cash", "amount": quoted["total"]}]
        return {
            "lines": lines, **wish, "quote": quoted["quote"], "expected_total": quoted["total"],
            "tenders": tenders, **more,
        }  # fmt: skip

    async def sell(self, lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return await self.do("sell", **await self.sale(lines, **more))


WISHES = ("member", "coupons", "redeem", "channel", "region")


@asynccontextmanager
async def counter(folder: Path, adjust: Any = trusting, **more: Any) -> AsyncIterator[Till]:
    async with stand(folder, bundle=rich(), adjust=adjust, **more) as shop:
        yield Till(shop)
