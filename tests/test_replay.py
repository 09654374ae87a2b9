"""Replay: from its fact and the rules of its bundle alone, a sale is priced again to the byte."""

from collections import Counter
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from edge import letters
from edge.shop.accounts.lots import COUPON, Held, Holdings, Lot
from edge.shop.accounts.points_policy import partner_unit
from edge.shop.basket import Basket
from edge.shop.bundle import decode
from edge.shop.calendar import moment
from edge.shop.facts import SaleMade
from edge.shop.ledger import POINTS
from edge.shop.member import Member
from edge.shop.operations.made import Made
from edge.shop.operations.replay import replay
from edge.shop.operations.sell import sell
from edge.shop.pricing import RuleSet, compile_rules, price
from edge.shop.sale import Quote
from edge.shop.tender import Paid, Tender, settle
from tests.pricer.against import asked_of
from tests.pricer.goods import Data
from tests.pricer_draws import basket_and_bundle
from tests.shop_draws import HASH, bundle, rule

CASES = 1_000
ZONE = "Asia/Shanghai"
NAME = "Li Xiaoming"


@cache
def sold(seed: int) -> tuple[SaleMade, RuleSet, Quote]:
    """Return a random bill as it was sold, with its rules and the quote that was accepted."""
    document, basket, context = basket_and_bundle(seed)
    programme = document.get("programme", {})
    points = programme.get("points", {}) | {"partners": {"airline": {"points": 100, "amount": 90}}}
    document |= {"programme": programme | {"points": points}}
    rules = compile_rules(decode(msgspec.json.encode(document)), HASH)
    day = datetime.fromisoformat(context["date"]).replace(tzinfo=ZoneInfo(ZONE))
    at = moment(int(day.timestamp()) * 1000 + context["minute"] * 60_000, ZONE)
    bought = msgspec.convert(_named(basket), Basket)
    quote = price(bought, rules, at, context["terminal_kind"], 1, more=asked_of(context))
    held = _holdings(quote)
    paid = settle(quote.total, [Tender("cash", quote.total)], held, rules.bundle, today=at.date)
    assert isinstance(paid, Paid)
    made = Made(
        deed="S1", receipt="1", business_date=at.date, at=at, store="corner", terminal="t-1",
        terminal_kind=context["terminal_kind"], online=context["online"],
    )  # fmt: skip
    sale = sell(quote, paid, rules, held, made)
    assert isinstance(sale, SaleMade), sale
    return sale, rules, quote


def _named(basket: Data) -> Data:
    member = basket["member"]
    return basket | {"member": member | {"display": NAME} if member else None}


def _holdings(quote: Quote) -> Holdings:
    """Return what the buyer of a quote must hold: the coupons and the points it redeems."""
    lots = [_lot(f"{used.rule}-points", _unit(used.programme), used.points)
            for used in quote.redeemed]  # fmt: skip
    lots += [_lot(judged.coupon, COUPON, 9) for judged in quote.coupons]
    return Holdings({held.lot.id: held for held in lots})


def _unit(programme: str) -> str:
    return partner_unit(programme) if programme else POINTS


def _lot(name: str, unit: str, left: int) -> Held:
    opened = Lot(id=name, member="m-1", unit=unit, opened="2020-01-01", active_from="2020-01-01")
    return Held(opened, left)


def told(quote: Quote) -> list[Any]:
    """Return all that a quote says but for hints about rules that did nothing."""
    return [
        quote.fingerprint, quote.list_total, quote.redeemed, quote.uses, quote.gives, quote.best,
        quote.coupons, quote.applied, quote.rates, quote.basis,
    ]  # fmt: skip


@pytest.mark.parametrize("part", range(5))
def test_every_sale_is_priced_again_from_its_fact(part: int) -> None:
    for seed in range(part, CASES, 5):
        sale, rules, quote = sold(seed)
        again = letters.read(letters.write(sale)[1])
        assert isinstance(again, SaleMade)
        assert again == sale
        assert told(replay(again, rules)) == told(quote), f"seed {seed}"
        assert sale.quote == quote.fingerprint


def _without(sale: SaleMade, part: str) -> SaleMade:
    """Return a sale that lost one of the things it says of how it was priced."""
    whole, _, name = part.rpartition(".")
    lost = {name: LOST[part]}
    if whole == "line":
        lines = [msgspec.structs.replace(line, **lost) for line in sale.lines]
        return msgspec.structs.replace(sale, lines=tuple(lines))
    if whole == "basis":
        return msgspec.structs.replace(sale, basis=msgspec.structs.replace(sale.basis, **lost))
    if whole == "buyer" and sale.buyer:
        return msgspec.structs.replace(sale, buyer=msgspec.structs.replace(sale.buyer, **lost))
    return sale if whole else msgspec.structs.replace(sale, **lost)


LOST: dict[str, Any] = {
    "tier": "", "redeemed": (), "region": "",
    "buyer.tags": (), "buyer.birthday": "", "buyer.adult": False, "buyer.partner": "",
    "buyer.purchases": None,
    "basis.at_ms": 0, "basis.online": True, "basis.counters": {}, "basis.shown": (),
    "basis.unknown": (),
    "line.rounding": "half_up", "line.discountable": True, "line.reduced": False,
    "line.floor": None,
}  # fmt: skip


def test_nothing_that_is_kept_for_it_could_be_left_out() -> None:
    """Each part of a fact is what makes some replay come out right."""
    wrong = Counter[str]()
    for seed in range(CASES):
        sale, rules, quote = sold(seed)
        for part in LOST:
            if not wrong[part] and (less := _without(sale, part)) != sale:
                wrong[part] += told(replay(less, rules))[:-1] != told(quote)[:-1]
    assert {part for part in LOST if not wrong[part]} == set()


# --- what is not in a fact ------------------------------------------------------------------------


def test_no_name_and_no_phone_is_in_a_fact() -> None:
    for seed in range(200):
        body = letters.write(sold(seed)[0])[1].decode()
        assert NAME not in body
        assert "display" not in body


def _buyer(*conditions: dict[str, Any]) -> Any:
    """Return what a fact knows of a buyer under a rule with these conditions."""
    member = Member(
        "m-1",
        display=NAME,
        tier="gold",
        tags=("vip", "hay-fever"),
        birthday="05-23",
        adult=True,
        partner="airline",
        purchases=3,
    )
    document = bundle([rule("percent_off", stage=3, basis_points=100, when=list(conditions))])
    rules = compile_rules(decode(msgspec.json.encode(document)), HASH)
    return msgspec.to_builtins(rules.looking.at(member))


NOTHING = {"tags": (), "birthday": "", "adult": False, "partner": "", "purchases": None}


@pytest.mark.parametrize(
    ("conditions", "known"),
    [
        ([], {}),
        ([{"is": "tag", "any_of": ["vip", "new"]}], {"tags": ("vip",)}),
        ([{"is": "birthday"}], {"birthday": "05-23"}),
        ([{"is": "not", "of": {"is": "any", "of": [{"is": "adult"}]}}], {"adult": True}),
        ([{"is": "all", "of": [{"is": "partner", "any_of": ["x"]}]}], {"partner": "airline"}),
        ([{"is": "first_purchase"}], {"purchases": 3}),
        ([{"is": "nth_purchase", "nth": 2}], {"purchases": 3}),
    ],
)
def test_a_fact_knows_no_more_of_a_member_than_the_rules_look_at(
    conditions: list[dict[str, Any]], known: dict[str, Any]
) -> None:
    assert _buyer(*conditions) == NOTHING | known
