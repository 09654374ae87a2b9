"""What the shop made of a request -> the words a terminal is told, in the terminal's language."""

from drivers import terminal as words
from edge.refusals import Language
from edge.shop.facts import SaleMade
from edge.shop.pricing import Names, explain
from edge.shop.sale import Adjustment, Note, PricedLine, Quote


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
        tax=tuple(
            [
                words.TaxLine(tax_class=tax.tax_class, rate=tax.rate, net=tax.net, tax=tax.tax)
                for tax in quote.tax
            ]
        ),
        points_earned=quote.points_earned,
        member=quote.member.id if quote.member else None,
        applied=tuple([_explained(note, names, quote.exponent) for note in quote.applied]),
        not_applied=tuple([_explained(note, names, quote.exponent) for note in quote.not_applied]),
        quoted_at=quoted_at,
        valid_until=valid_until,
        as_of=as_of,
    )


def sold(
    fact: SaleMade,
    *,
    key: str,
    epoch: int,
    sequence: int,
    previous: str,
    points_balance: int | None,
    text: str,
) -> words.Sold:
    """Return a sale as a terminal reads it; `text` is the receipt."""
    return words.Sold(
        key=key,
        sale=fact.sale,
        receipt=fact.receipt,
        business_date=fact.business_date,
        epoch=epoch,
        sequence=sequence,
        previous=previous,
        currency=fact.currency,
        total=fact.total,
        paid=fact.handed,
        change=fact.change,
        points_earned=fact.points_earned,
        points_balance=points_balance,
        text=text,
    )


def _line(priced: PricedLine, lang: Language) -> words.QuotedLine:
    line = priced.line
    return words.QuotedLine(
        code=line.code,
        product=line.product.id,
        name=_pick(lang, line.product.name_zh, line.product.name_en),
        quantity=line.quantity,
        unit_price=line.unit_price,
        price_source=line.price_source,
        list_amount=line.list_amount,
        adjustments=tuple([_adjusted(adjustment, lang) for adjustment in priced.adjustments]),
        net=priced.net,
        tax_rate=priced.tax_rate,
    )


def _adjusted(adjustment: Adjustment, lang: Language) -> words.Adjusted:
    return words.Adjusted(
        rule=adjustment.rule,
        name=_pick(lang, adjustment.name_zh, adjustment.name_en),
        amount=adjustment.amount,
    )


def _explained(note: Note, names: Names, exponent: int) -> words.Explained:
    return words.Explained(
        rule=note.rule,
        name=_pick(names.lang, note.name_zh, note.name_en),
        amount=note.amount,
        reason=note.reason,
        text=explain(note, names, exponent),
    )


def _pick(lang: Language, zh: str, en: str) -> str:
    return zh if lang == "zh" else en
