"""The engine and the second pricer side by side: plain data in, differences out."""

from collections.abc import Iterator
from typing import Any

import msgspec

from edge.shop.basket import Basket, Product
from edge.shop.bundle import decode
from edge.shop.calendar import Moment
from edge.shop.pricing import Asked, PointsAsked, RuleSet, compile_rules
from edge.shop.pricing import price as engine
from edge.shop.sale import CouponShown, PricedLine, Quote
from tests.pricer import price
from tests.pricer.goods import Data

Case = tuple[Data, Data, Data]
"""A bundle's document, a basket and the context of a price."""


def disagreement(case: Case) -> list[str]:
    """Return where the engine and the second pricer differ, one a line; none where they agree."""
    return list(_differences("", _plain(engines(*case)), _plain(price(*case))))


def engines(document: Data, basket: Data, context: Data) -> Data:
    """Return the engine's answer in the words of the second pricer."""
    moment = Moment(0, context["date"], context["minute"], context["weekday"])
    bought = msgspec.convert(basket, Basket)
    asked = asked_of(context)
    return _answer(
        engine(bought, _rules(document), moment, context["terminal_kind"], 1, more=asked)
    )


def _rules(document: Data) -> RuleSet:
    return compile_rules(decode(msgspec.json.encode(document)), "b" * 64)


class _Catalogue:
    def __init__(self, products: Data) -> None:
        self._products = products

    def product(self, id: str) -> Product | None:
        return msgspec.convert(self._products[id], Product) if id in self._products else None


def asked_of(context: Data) -> Asked:
    return Asked(
        coupons=tuple(msgspec.convert(shown, CouponShown) for shown in context["coupons"]),
        redeem=context["redeem"],
        redeemable=context["redeemable"],
        partners={name: PointsAsked(*asked) for name, asked in context["partners"].items()},
        counters=context["counters"],
        catalogue=_Catalogue(context["catalogue"]),
        store=context["store"],
        region=context["region"],
        channel=context["channel"],
        online=context["online"],
    )


# --- the engine's answer --------------------------------------------------------------------------


def _answer(quote: Quote) -> Data:
    assert quote.discount_total == quote.list_total - quote.total
    return {
        "lines": [_line(line) for line in quote.lines],
        "list_total": quote.list_total,
        "total": quote.total,
        "tax": sorted((t.tax_class, t.rate, t.net, t.tax) for t in quote.tax),
        "points": quote.points_earned,
        "redeemed": [(r.rule, r.programme, r.points) for r in quote.redeemed],
        "applied": [(note.rule, -note.amount) for note in quote.applied],
        "coupons": [(judged.coupon, judged.reason) for judged in quote.coupons],
        "gives": [(given.rule, given.coupon, given.count) for given in quote.gives],
        "uses": [(use.rule, use.times, use.units, use.amount) for use in quote.uses],
        "best": quote.best,
    }


def _line(priced: PricedLine) -> Data:
    line = priced.line
    common = {
        "kind": priced.kind, "of": line.product.id, "list": line.list_amount, "net": priced.net,
        "tax_class": line.product.tax_class,
    }  # fmt: skip
    if priced.kind == "gift":
        return common | {"by": priced.adjustments[0].rule, "count": int(line.quantity)}
    if priced.kind == "charge":
        return common | {"points": list(priced.unit_points)}
    return common | {
        "adjustments": [
            (each.rule, each.stage, each.coupon, [-off for off in each.units])
            for each in priced.adjustments
        ],
        "units": list(priced.unit_nets),
        "points": list(priced.unit_points),
    }


# --- differences ----------------------------------------------------------------------------------


def _plain(answer: Any) -> Any:
    return msgspec.to_builtins(answer)


def _differences(path: str, engine_says: Any, pricer_says: Any) -> Iterator[str]:
    """Yield the innermost places where two answers differ."""
    alike = type(engine_says) is type(pricer_says)
    if alike and isinstance(engine_says, dict) and engine_says.keys() == pricer_says.keys():
        for name, value in engine_says.items():
            yield from _differences(f"{path}.{name}", value, pricer_says[name])
    elif alike and isinstance(engine_says, list) and len(engine_says) == len(pricer_says):
        for place, (mine, theirs) in enumerate(zip(engine_says, pricer_says, strict=True)):
            yield from _differences(f"{path}[{place}]", mine, theirs)
    elif engine_says != pricer_says:
        yield f"{path}: the engine says {engine_says}, the second pricer {pricer_says}"
