"""Goods come back; receipts are found, and printed again."""

from collections.abc import Callable, Sequence

from drivers import terminal as words
from edge import replies
from edge.book.changes import own_id
from edge.book.tables import Told
from edge.config import Terminal
from edge.desk.means import Job, Means, Outcome
from edge.desk.operations.leaving import slipped
from edge.desk.operations.watched import watched
from edge.intake import shown
from edge.refusals import Refusal
from edge.shop.accounts.lots import Holdings
from edge.shop.declined import Declined
from edge.shop.facts import (
    CardRefunded,
    CardSold,
    CountCardGivenBack,
    CountCardSold,
    CountReturned,
    CountUsed,
    Deed,
    Fact,
    PointsExchanged,
    ReturnMade,
    SaleMade,
    SaleVoided,
    TakenBack,
    ToppedUp,
    TopUpCancelled,
)
from edge.shop.operations.made import Made
from edge.shop.operations.returns import Back, ReturnAsked, Terms, give_back, left
from edge.shop.operations.void import VoidAsked, void

SALES = (SaleMade, ReturnMade, SaleVoided)
"""What a receipt may be of: the shop itself says that no return comes back."""
PRINTED: tuple[type[Fact], ...] = (
    SaleMade, ReturnMade, SaleVoided, ToppedUp, CardSold, TopUpCancelled,
    CardRefunded, CountCardSold, CountUsed,
    CountReturned, CountCardGivenBack, PointsExchanged,
)  # fmt: skip
"""The deeds that a guest gets a receipt or a slip for."""
TakenBackFact = ReturnMade | SaleVoided
Make = Callable[[Made], TakenBackFact | Declined]


def give(means: Means, job: Job, asked: words.Return) -> Outcome:
    """Take some units of a sale back, or all that is left of it."""
    sale = find(means, asked.sale)
    if isinstance(sale, Refusal):
        return sale
    return given(means, job, asked, sale, means.counter.members.earlier(own_id(sale)))


def given(
    means: Means,
    job: Job,
    asked: words.Return,
    sale: SaleMade | TakenBack,
    earlier: Sequence[TakenBack],
) -> Outcome:
    """Take back of a sale that was found, of which this came back earlier."""
    back = ReturnAsked(
        sale=own_id(sale),
        units=tuple([Back(line=one.line, units=one.units, count=one.count) for one in asked.lines])
        or _all_of(sale, earlier),
        reason=asked.reason,
    )

    def make(made: Made) -> TakenBackFact | Declined:
        held = _held(means, sale, earlier)
        return give_back(back, sale, earlier, _terms(means, sale), held, made)

    return _placed(means, job, asked, sale, make)


def take_back(means: Means, job: Job, asked: words.Void) -> Outcome:
    """Void a whole receipt; what comes too late for that is a return."""
    sale = find(means, asked.sale)
    if isinstance(sale, Refusal):
        return sale
    return voided(means, job, asked, sale, means.counter.members.earlier(own_id(sale)))


def voided(
    means: Means,
    job: Job,
    asked: words.Void,
    sale: SaleMade | TakenBack,
    earlier: Sequence[TakenBack],
    *,
    home: bool = True,
) -> Outcome:
    """Void a sale that was found, of which this came back earlier; away from `home` return it."""
    whole = VoidAsked(sale=own_id(sale), reason=asked.reason, settled=asked.settled, home=home)

    def make(made: Made) -> TakenBackFact | Declined:
        return void(whole, sale, earlier, _terms(means, sale), _held(means, sale, earlier), made)

    return _placed(means, job, asked, sale, make)


def find_receipt(
    means: Means, terminal: Terminal, asked: words.FindReceipt
) -> words.Reply | Refusal:
    """Answer which sales there are, newest first."""
    sales = _found(means, asked)
    if isinstance(sales, Refusal):
        return sales
    earlier = means.counter.members.earlier
    return words.FoundReceipts(
        sales=tuple(
            [
                replies.found(told.fact, earlier(told.fact.sale), told.at, terminal.lang)
                for told in sales
                if isinstance(told.fact, SaleMade)
            ]
        ),
        as_of=means.counter.as_of(),
    )


def _found(means: Means, asked: words.FindReceipt) -> list[Told] | Refusal:
    past = means.counter.members.past
    if asked.sale is not None:
        found = past.named(asked.sale, [SaleMade])
        return unknown(means, asked.sale) if found is None else [found]
    if asked.member is None:
        return Refusal("E-MALFORMED", {"path": "$", "cause": "missing", "field": "sale"})
    member = means.counter.identify(asked.member, decided=False)
    if isinstance(member, Refusal):
        return member
    return past.last_sales(member.member.id, asked.last)[::-1]


def reprint(means: Means, terminal: Terminal, asked: words.Reprint) -> words.Reply | Refusal:
    """Answer with a receipt once more, as a copy."""
    found = means.counter.members.past.named(asked.sale, PRINTED)
    stamp = found and means.counter.stamp(found.sequence, terminal.lang)
    if found is None or stamp is None:
        return unknown(means, asked.sale)
    fact = found.fact
    assert isinstance(fact, Deed), "only deeds are printed"
    text = means.placing.slips.text(fact, stamp, copy=True)
    return words.Reprinted(sale=own_id(fact), receipt=fact.receipt, text=text)


def find(means: Means, name: str) -> SaleMade | TakenBack | Refusal:
    """Return a sale, or what came back of one, by its id or receipt.

    E-UNKNOWN-RECEIPT; E-MADE-ELSEWHERE for one of another box.
    """
    found = means.counter.members.past.named(name, SALES)
    if found is None:
        return unknown(means, name)
    assert isinstance(found.fact, SALES), "that is what was looked for"
    return found.fact


def unknown(means: Means, name: str) -> Refusal:
    """Return why nobody here knows a receipt: E-UNKNOWN-RECEIPT, or E-MADE-ELSEWHERE."""
    if means.placing.is_ours(name):
        return Refusal("E-UNKNOWN-RECEIPT", {"receipt": name})
    code = "E-UNKNOWN-RECEIPT" if means.is_home else "E-MADE-ELSEWHERE"
    return Refusal(code, {"receipt": shown(name)})


def _placed(
    means: Means,
    job: Job,
    asked: words.Return | words.Void,
    sale: SaleMade | TakenBack,
    make: Make,
) -> Outcome:
    """Place what comes back, unless a watch is against it."""
    flags = watched(
        means, job, asked, "void" if isinstance(asked, words.Void) else "return",
        member=sale.member, amount=sale.total, sale=own_id(sale),
    )  # fmt: skip
    if isinstance(flags, Declined):
        return flags

    return slipped(means, job, job.by(asked, flags=flags), make)


def _all_of(sale: SaleMade | TakenBack, earlier: Sequence[TakenBack]) -> tuple[Back, ...]:
    return left(sale, earlier) if isinstance(sale, SaleMade) else ()


def _terms(means: Means, sale: SaleMade | TakenBack) -> Terms:
    """Return the terms of a return; the rules of the sale are known if they still hold."""
    rules, past = means.counter.rules, means.counter.members.past
    if not isinstance(sale, SaleMade):
        return Terms(bundle=rules.bundle)
    any_unit = rules.bundle.programme.returns.coupon_given == "any"
    return Terms(
        bundle=rules.bundle,
        rules=rules if rules.hash == sale.bundle else None,
        grown=past.grown_of(sale),
        undone=past.undone(sale, any_unit=any_unit),
    )


def _held(means: Means, sale: Deed, earlier: Sequence[TakenBack]) -> Holdings:
    """Return what the member holds, with every lot that the sale or a return of it moved."""
    return means.counter.members.holdings_with(sale.member, (sale, *earlier))
