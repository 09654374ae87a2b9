"""A no says what things are called, not by which ids they are kept."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edge.config import Config
from tests.counter_kit import PROGRAMME, SILVER, Till, rich, trusting
from tests.stand import stand

PLAN = {"name_zh": "咖啡次卡", "name_en": "Ten coffees"}
CARD = {"name_zh": "礼品卡", "name_en": "Gift card"}
IDS = ("coffees", "gift-100", "gold", "latte")


def speaking(lang: Any) -> Callable[[Config], Config]:
    """Let all terminals of a trusting store speak `lang`."""

    def adjust(config: Config) -> Config:
        told = trusting(config)
        terminals = {name: replace(one, lang=lang) for name, one in told.terminals.items()}
        return replace(told, terminals=terminals)

    return adjust


@asynccontextmanager
async def strict(folder: Path, lang: Any) -> AsyncIterator[Till]:
    """A store whose terms let nothing be given back, and a till that speaks `lang`."""
    [plan], [card] = PROGRAMME["plans"], PROGRAMME["card_products"]
    bundle = rich()
    bundle["programme"] = PROGRAMME | {
        "plans": [plan | PLAN | {"give_back": {"guest": "refused"}}],
        "card_products": [card | CARD | {"refund": "none"}],
    }
    bundle["tiers"] = [one | {"name_zh": "金卡", "name_en": "Gold member"}
                       if one["id"] == "gold" else one for one in bundle["tiers"]]  # fmt: skip

    async with stand(folder, bundle=bundle, adjust=speaking(lang)) as shop:
        yield Till(shop)


async def noes(till: Till) -> AsyncIterator[dict[str, Any]]:
    """Ask for all that is refused by the name of something."""
    sold = await till.do("sell_count_card", member=SILVER, plan="coffees", tender="wallet")
    yield await till.tries("use_count", member=SILVER, product="latte")
    await till.do("use_count", member=SILVER, product="americano", uses=1)
    yield await till.tries("give_back_count_card", count_card=sold["receipt"])
    await till.do("use_count", member=SILVER, product="americano", uses=9)
    yield await till.tries("give_back_count_card", count_card=sold["receipt"])
    await till.do("sell_card", member=SILVER, card="gift-100")
    yield await till.tries("refund_card", member=SILVER)
    fee = [{"kind": "cash", "amount": 9_900}]
    await till.do("buy_tier", member=SILVER, tier="gold", tenders=fee)
    yield await till.tries("buy_tier", member=SILVER, tier="gold", tenders=fee)


SAID = {
    "zh": {"E-COUNTS-SHORT": "拿铁", "E-GIVE-BACK-REFUSED": "咖啡次卡", "E-CARD-EMPTY": "咖啡次卡",
           "E-NO-REFUND": "礼品卡", "E-TIER-HELD": "金卡"},
    "en": {"E-COUNTS-SHORT": "Caffe latte", "E-GIVE-BACK-REFUSED": "Ten coffees",
           "E-CARD-EMPTY": "Ten coffees", "E-NO-REFUND": "Gift card",
           "E-TIER-HELD": "Gold member"},
}  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_what_is_refused_is_called_by_its_name(tmp_path: Path, lang: str) -> None:
    async with strict(tmp_path, lang) as till:
        told = {no["code"]: no["detail"] async for no in noes(till)}
        assert told.keys() == SAID[lang].keys()
        for code, name in SAID[lang].items():
            assert name in told[code], told[code]
            assert not any(f"{mark}{id}" in told[code] for id in IDS for mark in '“"'), told[code]


@pytest.mark.parametrize(("lang", "name"), [("zh", "“储值账户”"), ("en", '"stored value"')])
async def test_an_account_without_a_card_product_has_a_name_too(
    tmp_path: Path, lang: str, name: str
) -> None:
    bundle = rich()
    top_up = PROGRAMME["top_up"] | {"cancel": {"guest": "refused"}}
    bundle["programme"] = PROGRAMME | {"top_up": top_up}

    async with stand(tmp_path, bundle=bundle, adjust=speaking(lang)) as shop:
        till = Till(shop)
        await till.do("top_up", member=SILVER, amount=5_000, tender="cash")
        value = [{"kind": "value", "amount": 1_280}]
        await till.sell([{"code": "americano"}], member=SILVER, tenders=value)
        no = await till.tries("refund_card", member=SILVER)
        assert (no["code"], name in no["detail"]) == ("E-NO-REFUND", True), no


async def test_what_has_no_name_goes_by_what_was_said(tmp_path: Path) -> None:
    async with strict(tmp_path, "en") as till:
        no = await till.tries("sell_count_card", member=SILVER, plan="teas", tender="wallet")
        assert (no["code"], "teas" in no["detail"]) == ("E-UNKNOWN-PLAN", True)
