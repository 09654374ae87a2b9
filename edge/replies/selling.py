"""Prices and sales, as a terminal reads them."""

from collections.abc import Iterable, Sequence
from typing import TypedDict

import msgspec

from drivers import terminal as words
from edge.refusals import Language
from edge.replies.stamp import Stamp, pick
from edge.shop.accounts.lots import COUPON, Holdings
from edge.shop.bundle import Bundle
from edge.shop.facts import SaleMade
from edge.shop.operations.covering import Fitting, taxed
from edge.shop.operations.sell import points_beside
from edge.shop.pricing import Names, explain
from edge.shop.sale import Adjustment, CouponJudged, Note, PricedLine, Quote, TaxLine
from edge.shop.tender import Tender


def quoted(
    quote: Quote,
    quoted_at: int,
    valid_until: int,
    as_of: words.AsOf,
    names: Names,
) -> words.Quoted:
    """Return a quote as a terminal reads it, in the language of `names`.

    Times are ms since 1970 UTC.
    """
    lang = names.lang
    return words.Quoted(
        quote=quote.fingerprint,
        bundle=quote.bundle,
        price_book=quote.price_book,
        currency=quote.currency,
        lines=tuple([_line(priced, lang) for priced in quote.lines]),
        list_total=quote.list_total,
        discount_total=quote.discount_total,
        total=quote.total,
        tax=tax_lines(quote.tax),
        points_earned=quote.points_earned,
        member=quote.member.id if quote.member else None,
        applied=tuple([_explained(note, names, quote.exponent) for note in quote.applied]),
        not_applied=tuple([_explained(note, names, quote.exponent) for note in quote.not_applied]),
        quoted_at=quoted_at,
        valid_until=valid_until,
        as_of=as_of,
        coupons=tuple([_judged(judged, names, quote.exponent) for judged in quote.coupons]),
        points_spent=sum([used.points for used in quote.redeemed]),
        gives=tuple([given.coupon for given in quote.gives for _ in range(given.count)]),
    )


def sold(fact: SaleMade, stamp: Stamp, text: str) -> words.Sold:
    """Return a sale as a terminal reads it; `text` is the receipt."""
    return words.Sold(
        key=stamp.key,
        sale=fact.sale,
        receipt=fact.receipt,
        business_date=fact.business_date,
        epoch=stamp.epoch,
        sequence=stamp.sequence,
        previous=stamp.previous,
        currency=fact.currency,
        total=fact.total,
        paid=fact.handed,
        change=fact.change,
        points_earned=fact.points_earned,
        points_balance=fact.afterwards.points,
        text=text,
        points_spent=sum([used.points for used in fact.redeemed]),
        rounding=fact.rounding,
        coupons_given=tuple(
            [move.lot for move in fact.moves if move.opens and move.opens.unit == COUPON]
        ),
        flags=fact.flags,
        uses=_paid_uses(fact.tenders, stamp.lang),
    )


class PaidByUses(TypedDict):
    """What a quote says otherwise because uses of count cards pay for a part of it."""

    uses: tuple[words.PaidUses, ...]
    due: int
    tax: tuple[words.TaxLine, ...]
    points_earned: int


def paid_by_uses(
    quote: Quote, uses: Sequence[Tender], bundle: Bundle, held: Holdings, lang: Language
) -> PaidByUses:
    """Return what a quote says of uses that pay for a part of it, and what is left to pay.

    Of a card that is not `held` here the cloud knows more.
    """
    mine = [tender.uses for tender in uses if tender.uses]
    return PaidByUses(
        uses=tuple(
            [
                one
                if one.count_card in held.lots
                else msgspec.structs.replace(one, count_card="", left=None)
                for one in _paid_uses(uses, lang)
            ]
        ),
        due=quote.total - sum([tender.amount for tender in uses]),
        tax=tax_lines(taxed(quote, mine, bundle)),
        points_earned=points_beside(quote, uses, bundle.programme.points),
    )


def count_cards(fits: Iterable[Fitting], lang: Language) -> tuple[words.FittingCard, ...]:
    """Return the count cards that could pay, as a terminal reads them."""
    return tuple(
        [
            words.FittingCard(
                line=one.line,
                count_card=one.count_card,
                plan=one.plan.id,
                name=pick(lang, one.plan.name_zh, one.plan.name_en),
                uses=one.uses,
                left=one.left,
            )
            for one in fits
        ]
    )


def _paid_uses(tenders: Iterable[Tender], lang: Language) -> tuple[words.PaidUses, ...]:
    return tuple(
        [
            words.PaidUses(
                line=tender.uses.line,
                count_card=tender.uses.count_card,
                plan=tender.uses.plan,
                name=pick(lang, tender.uses.name_zh, tender.uses.name_en),
                uses=len(tender.uses.units),
                amount=tender.amount,
                left=tender.uses.left,
            )
            for tender in tenders
            if tender.uses
        ]
    )


def tax_lines(tax: Iterable[TaxLine]) -> tuple[words.TaxLine, ...]:
    """Return what tax an amount contains, class by class."""
    return tuple(
        [
            words.TaxLine(tax_class=one.tax_class, rate=one.rate, net=one.net, tax=one.tax)
            for one in tax
        ]
    )


def _line(priced: PricedLine, lang: Language) -> words.QuotedLine:
    line = priced.line
    return words.QuotedLine(
        code=line.code,
        product=line.product.id,
        name=pick(lang, line.product.name_zh, line.product.name_en),
        quantity=line.quantity,
        unit_price=line.unit_price,
        price_source=line.price_source,
        list_amount=line.list_amount,
        adjustments=tuple([_adjusted(adjustment, lang) for adjustment in priced.adjustments]),
        net=priced.net,
        tax_rate=priced.tax_rate,
        kind=priced.kind,
    )


def _adjusted(adjustment: Adjustment, lang: Language) -> words.Adjusted:
    return words.Adjusted(
        rule=adjustment.rule,
        name=pick(lang, adjustment.name_zh, adjustment.name_en),
        amount=adjustment.amount,
    )


def _explained(note: Note, names: Names, exponent: int) -> words.Explained:
    return words.Explained(
        rule=note.rule,
        name=pick(names.lang, note.name_zh, note.name_en),
        amount=note.amount,
        reason=note.reason,
        text=explain(note, names, exponent),
    )


def _judged(judged: CouponJudged, names: Names, exponent: int) -> words.CouponJudged:
    params = judged.params
    if judged.reason == "R-APPLIED":
        params = {"off": -judged.amount, **params}
    told = msgspec.structs.replace(judged, params=params)
    return words.CouponJudged(
        coupon=judged.coupon,
        rule=judged.rule,
        reason=judged.reason,
        amount=judged.amount,
        text=explain(told, names, exponent),
    )
