"""How a sale is paid, as a deed says it, and whether what the member holds may be spent here.

    pay cash 20.00 | pay card rest | pay value 30.00
    pay voucher V1 of deals 100.00 paid 79.00 gets 75.00
    use cut | use 2 cut of K1#1 | use 1 cut by cut15

Cash is what is handed over; `rest`, or no amount at all, is whatever is left to pay. A voucher
names its face, what the guest paid for it and what the shop gets. Uses of count cards pay for the
line of a product that they name; `of` says which card, `by` which plan.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from edge.shop.accounts import coupons
from edge.shop.accounts.limits import Kind
from edge.shop.accounts.lots import Holdings
from edge.shop.declined import Declined
from edge.shop.facts import SaleMade
from edge.shop.operations.covering import cover
from edge.shop.operations.made import Made, flagged
from edge.shop.operations.sell import sell
from edge.shop.sale import Quote
from edge.shop.tender import Tender, UsesAsked, Voucher, settle
from edge.story.deed import Phrases
from edge.story.errors import StoryError
from edge.story.scene import Scene
from edge.story.steps.authority import Granted, granted
from edge.story.values import whole

TENDERS = ("cash", "card", "wallet", "transfer", "value", "voucher")


class Offered(NamedTuple):
    """A way to pay: how much, None for whatever is left, and the voucher if it is one."""

    kind: Any
    amount: int | None
    voucher: Voucher | None = None


class Paying(NamedTuple):
    """How a sale is paid: ways that are offered, and uses by the product that they pay for."""

    ways: list[Offered]
    uses: list[tuple[str, UsesAsked]]


def offered(scene: Scene, said: Phrases) -> list[Offered]:
    """Take `by card`, or every `pay`; nothing said is all in cash."""
    if kind := said.after("by"):
        return [_way(scene, [kind])]
    return [_way(scene, words) for words in said.all("pay")] or [Offered("cash", None)]


def using(said: Phrases) -> list[tuple[str, UsesAsked]]:
    """Take every `use`: the product that is paid for, and the uses; their line is found later."""
    return [_uses(words) for words in said.all("use")]


def _uses(words: list[str]) -> tuple[str, UsesAsked]:
    count = whole(words[0], 1) if len(words) % 2 == 0 else 1
    match words[len(words) % 2 == 0 :]:
        case [product]:
            return product, UsesAsked(line=-1, uses=count)
        case [product, "of", card]:
            return product, UsesAsked(line=-1, uses=count, count_card=card)
        case [product, "by", plan]:
            return product, UsesAsked(line=-1, uses=count, plan=plan)
    raise StoryError("a use is `use cut`, `use 2 cut of K1#1` or `use 1 cut by cut15`")


def covered(
    scene: Scene, quote: Quote, uses: list[tuple[str, UsesAsked]]
) -> tuple[Tender, ...] | Declined:
    """Return the uses that pay for a part of a quote, each for the first line of its product."""
    goods = [priced.line.product.id for priced in quote.lines if priced.kind == "goods"]
    asked = [
        msgspec.structs.replace(one, line=goods.index(name) if name in goods else len(goods))
        for name, one in uses
    ]
    held = scene.holdings(quote.member.id if quote.member else None)
    return cover(asked, quote, scene.rules.bundle, held, scene.home.today)


def _way(scene: Scene, words: list[str]) -> Offered:
    match words:
        case ["voucher", name, "of", issuer, face, "paid", paid, "gets", gets]:
            voucher = Voucher(
                id=name, issuer=issuer, face=scene.money(face), paid=scene.money(paid),
                settlement=scene.money(gets),
            )  # fmt: skip
            return Offered("voucher", None, voucher)
        case ["voucher", *_]:
            raise StoryError("a voucher is `pay voucher V1 of deals 100.00 paid 79.00 gets 75.00`")
        case [kind] | [kind, "rest"] if kind in TENDERS:
            return Offered(kind, None)
        case [kind, amount] if kind in TENDERS:
            return Offered(kind, scene.money(amount))
    raise StoryError(f"pay with one of {', '.join(TENDERS)}, not with {' '.join(words)!r}")


def sold(
    scene: Scene, quote: Quote, paying: Paying, card: str, made: Made
) -> tuple[SaleMade, Granted] | Declined:
    """Return the sale of a quote, paid like this, and on what authority; or why not.

    `card` is the number of the card the member shows, "" for none.
    """
    member = quote.member.id if quote.member else None
    uses = covered(scene, quote, paying.uses)
    if isinstance(uses, Declined):
        return uses
    given = tenders(quote.total - sum(tender.amount for tender in uses), paying.ways)
    spends: dict[Kind, int] = {
        "points": sum(used.points for used in quote.redeemed), "value": stored(given),
        "uses": sum(asked.uses for _, asked in paying.uses),
    }  # fmt: skip
    allowed = granted(scene, member, spends, made, card)
    if isinstance(allowed, Declined):
        return allowed
    holdings = _with_coupons(scene, quote, member)
    made = flagged(allowed.made, *_risks(quote, holdings, made))
    paid = settle(
        quote.total, given, holdings, scene.rules.bundle, today=made.at.date, online=made.online,
        uses=uses,
    )  # fmt: skip
    done = paid if isinstance(paid, Declined) else sell(quote, paid, scene.rules, holdings, made)
    return done if isinstance(done, Declined) else (done, allowed)


def stored(given: list[Tender]) -> int:
    """Return how much stored value is offered."""
    return sum(tender.amount for tender in given if tender.kind == "value")


def _risks(quote: Quote, held: Holdings, made: Made) -> Iterator[str]:
    """Yield what the store answers for: a coupon that nobody could be asked about."""
    used = [judged.coupon for judged in quote.coupons if judged.reason == "R-APPLIED"]
    if any(coupons.away(held.lots[coupon], made) for coupon in used):
        yield "off_home_coupon"


def tenders(total: int, ways: list[Offered]) -> list[Tender]:
    """Return what counts of each way: a voucher up to its face, the rest where it is wanted."""
    left = total - sum(way.amount or 0 for way in ways)
    given = []
    for way in ways:
        amount = way.amount
        if amount is None:
            amount = max(0, left if way.voucher is None else min(left, way.voucher.face))
            left -= amount
        given.append(Tender(way.kind, amount, way.voucher))
    return given


def _with_coupons(scene: Scene, quote: Quote, member: str | None) -> Holdings:
    """Return what the member holds, and the coupons of others that they redeem."""
    held = scene.holdings(member)
    shown = {judged.coupon for judged in quote.coupons}
    others = {
        name: lot
        for holdings in scene.home.holdings.values()
        for name, lot in holdings.lots.items()
        if name in shown
    }
    return Holdings({**others, **held.lots}, held.last_activity)
