"""What came back, and receipts that were found, as a terminal reads them."""

from collections.abc import Iterable, Sequence
from typing import Literal

from drivers import terminal as words
from edge.refusals import Language
from edge.replies.selling import tax_lines
from edge.replies.stamp import Stamp, done, pick
from edge.shop.facts import ReturnMade, SaleMade, SaleVoided, TakenBack
from edge.shop.operations.returns.units import came_back


def returned(fact: TakenBack, stamp: Stamp, text: str) -> words.Returned:
    """Return a return or a void; `text` is its slip."""
    return words.Returned(
        **done(fact, fact.reversal, stamp),
        text=text,
        what="void" if isinstance(fact, SaleVoided) else "return",
        sale=fact.sale,
        sale_receipt=fact.sale_receipt,
        currency=fact.currency,
        total=fact.total,
        rounding=fact.rounding,
        refunds=tuple(
            [words.Refunded(kind=refund.kind, amount=refund.amount) for refund in fact.refunds]
        ),
        tax=tax_lines(fact.tax),
        points_taken=fact.points_taken,
        points_back=fact.points_back,
        complete=fact.complete,
        late_void=isinstance(fact, ReturnMade) and fact.late_void,
        coupons_restored=fact.coupons_restored,
        coupons_voided=fact.coupons_voided,
        flags=fact.flags,
    )


def found(
    sale: SaleMade, earlier: Sequence[TakenBack], at_ms: int, lang: Language
) -> words.FoundSale:
    """Return a sale made at `at_ms` (since 1970 UTC), and what came back of it so far."""
    gone = came_back(earlier)
    return words.FoundSale(
        sale=sale.sale,
        receipt=sale.receipt,
        business_date=sale.business_date,
        sold_at=at_ms,
        terminal=sale.terminal,
        cashier=sale.cashier,
        member=sale.member,
        currency=sale.currency,
        total=sale.total,
        given_back=sum([fact.total for fact in earlier]),
        state=_state(earlier),
        lines=tuple(
            [
                words.FoundLine(
                    line=number,
                    product=line.product,
                    code=line.code,
                    name=pick(lang, line.name_zh, line.name_en),
                    quantity=line.quantity,
                    net=line.net,
                    units=len(line.unit_nets),
                    back=tuple(sorted([unit for at, unit in gone if at == number])),
                )
                for number, line in enumerate(sale.lines)
            ]
        ),
    )


def _state(
    earlier: Iterable[TakenBack],
) -> Literal["sold", "partly_returned", "returned", "voided"]:
    facts = list(earlier)
    if not facts:
        return "sold"
    if any(isinstance(fact, SaleVoided) for fact in facts):
        return "voided"
    return "returned" if any(fact.complete for fact in facts) else "partly_returned"
