"""What is answered: every line and unit, every rule, and why; or what was wrong."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from edge.price_lines.doubts import Doubt
from edge.price_lines.paying import Paying
from edge.shop.pricing import Names, explain
from edge.shop.sale import Adjustment, CouponJudged, Note, PricedLine, Quote, Redeemed, RuleUse
from edge.shop.tender import Paid, Tender


class Discounted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one rule took off a line: below zero, and per unit."""

    rule: str
    stage: int
    amount: int
    units: tuple[int, ...]
    coupon: str = ""


class AnsweredLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line: goods that were asked for, a gift that was added, or a charge."""

    kind: str
    product: str
    quantity: str
    unit_price: int
    list_amount: int
    net: int
    unit_nets: tuple[int, ...]
    """What each unit costs in the end; what is weighed is one unit."""
    discounts: tuple[Discounted, ...]
    points: int
    unit_points: tuple[int, ...]
    tax_class: str
    tax_rate: int
    """Basis points."""


class AnsweredTax(msgspec.Struct, frozen=True, kw_only=True):
    """The tax that the total contains for one class of goods, and the net without it."""

    tax_class: str
    rate: int
    net: int
    tax: int


class AnsweredCoupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon that was shown: accepted (R-APPLIED), or refused for a reason.

    `name` is what its type is called, "" for a type nobody knows.
    """

    coupon: str
    name: str
    accepted: bool
    reason: str
    text: str
    amount: int


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that took effect or nearly did, in a sentence."""

    rule: str
    name: str
    reason: str
    text: str
    amount: int


class Tendered(msgspec.Struct, frozen=True):
    """What counted of a tender, change taken off; stored value is `bonus` and `principal`."""

    kind: str
    amount: int


class AnsweredUses(msgspec.Struct, frozen=True, kw_only=True):
    """Uses of a count card that pay for units of a line; `amount` is what those cost.

    `units` are places in the line, from 0; `values` say what each use is worth in the books.
    """

    line: int
    count_card: str
    plan: str
    units: tuple[int, ...]
    values: tuple[int, ...]
    amount: int
    left: int
    """The uses left on the card."""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """How the bill is paid with the tenders that were offered."""

    tenders: tuple[Tendered, ...]
    handed: int
    change: int
    rounding: int
    """What cash rounding added to the total, or took from it."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of output. Money is minor units."""

    currency: str
    total: int
    list_total: int
    discount_total: int
    lines: tuple[AnsweredLine, ...]
    tax: tuple[AnsweredTax, ...]
    points_earned: int = 0
    """What is earned if it is paid with the tenders offered, or with money if none are."""
    points_spent: int = 0
    redeemed: tuple[Redeemed, ...] = ()
    """All points that pay a part, partners' too."""
    coupons: tuple[AnsweredCoupon, ...] = ()
    gives: dict[str, int] = {}
    """Coupons that the sale gives, by type."""
    uses: tuple[RuleUse, ...] = ()
    """How much of their limits the rules have used that go on counting from sale to sale."""
    paid_by_uses: tuple[AnsweredUses, ...] = ()
    """What count cards pay for. Tax and points then go by what those uses are worth."""
    due: int | None = None
    """What they leave to pay of the total."""
    settled: Settled | None = None
    applied: tuple[Why, ...] = ()
    not_applied: tuple[Why, ...] = ()
    best: str = "final_total"
    doubts: tuple[Doubt, ...] = ()
    """What was priced as it stands, and is probably not what was meant."""
    bundle: str
    """The hash that receipts know these rules by."""
    quote: str
    """The fingerprint of it all: what a sale at a till says it accepted."""


class Wrong(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What cannot be answered: a stable code, what is wrong with which part, what to do."""

    error: str
    what: str
    path: str = ""
    fix: str = ""


def answered(quote: Quote, paying: Paying, doubts: tuple[Doubt, ...], names: Names) -> Answer:
    """Return a quote as it is answered, in the language of the names."""
    exponent, paid = quote.exponent, paying.paid
    return Answer(
        currency=quote.currency,
        total=quote.total,
        list_total=quote.list_total,
        discount_total=quote.discount_total,
        lines=tuple(
            [_line(line, units) for line, units in zip(quote.lines, paying.points, strict=True)]
        ),
        tax=tuple(
            [
                AnsweredTax(tax_class=t.tax_class, rate=t.rate, net=t.net, tax=t.tax)
                for t in paying.tax
            ]
        ),
        points_earned=sum([sum(units) for units in paying.points]),
        points_spent=quote.points_spent,
        redeemed=quote.redeemed,
        coupons=tuple([_coupon(judged, names, exponent) for judged in quote.coupons]),
        gives=_gives(quote),
        uses=quote.uses,
        paid_by_uses=_by_uses(paying.uses),
        due=quote.total - sum([each.amount for each in paying.uses]) if paying.uses else None,
        settled=None if paid is None else _settled(paid),
        applied=tuple([_why(note, names, exponent) for note in quote.applied]),
        not_applied=tuple([_why(note, names, exponent) for note in quote.not_applied]),
        best=quote.best,
        doubts=doubts,
        bundle=quote.bundle,
        quote=quote.fingerprint,
    )


def _line(priced: PricedLine, points: tuple[int, ...]) -> AnsweredLine:
    line, made = priced.line, priced.adjustments
    return AnsweredLine(
        kind=priced.kind, product=line.product.id, quantity=str(line.quantity),
        unit_price=line.unit_price, list_amount=line.list_amount,
        net=priced.net, unit_nets=priced.unit_nets,
        discounts=tuple([_discounted(each) for each in made]) if made else (),
        points=sum(points), unit_points=points,
        tax_class=line.product.tax_class, tax_rate=priced.tax_rate,
    )  # fmt: skip


def _discounted(adjustment: Adjustment) -> Discounted:
    return Discounted(
        rule=adjustment.rule, stage=adjustment.stage, amount=adjustment.amount,
        units=adjustment.units, coupon=adjustment.coupon,
    )  # fmt: skip


def _coupon(judged: CouponJudged, names: Names, exponent: int) -> AnsweredCoupon:
    return AnsweredCoupon(
        coupon=judged.coupon, name=names.coupon(judged.rule), reason=judged.reason,
        accepted=judged.reason == "R-APPLIED", text=explain(judged, names, exponent),
        amount=judged.amount,
    )  # fmt: skip


def _gives(quote: Quote) -> dict[str, int]:
    gives: Counter[str] = Counter()
    for given in quote.gives:
        gives[given.coupon] += given.count
    return dict(gives)


def _why(note: Note, names: Names, exponent: int) -> Why:
    return Why(
        rule=note.rule, name=names.of(note), reason=note.reason,
        text=explain(note, names, exponent), amount=note.amount,
    )  # fmt: skip


def _by_uses(tenders: Iterable[Tender]) -> tuple[AnsweredUses, ...]:
    return tuple(
        [
            AnsweredUses(
                line=one.line, count_card=one.count_card, plan=one.plan, units=one.units,
                values=one.values, amount=each.amount, left=one.left,
            )
            for each in tenders
            if (one := each.uses)
        ]
    )  # fmt: skip


def _settled(paid: Paid) -> Settled:
    return Settled(
        tenders=tuple([Tendered(tender.kind, tender.amount) for tender in paid.tenders]),
        handed=paid.handed, change=paid.change, rounding=paid.rounding,
    )  # fmt: skip
