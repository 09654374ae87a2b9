"""Undo an exchange: pieces come back, and points and cash go back the way they came."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from edge.shop.accounts import counts, points, rewards, value
from edge.shop.accounts.expiry import is_over
from edge.shop.accounts.lots import COUPON, Holdings, Move
from edge.shop.declined import Declined
from edge.shop.facts import Deed
from edge.shop.facts.coupons import ExchangeUndone, PointsExchanged
from edge.shop.ledger import COUNTS, Posting, entry
from edge.shop.money import Rounding, contained
from edge.shop.operations.in_force import InForce, said_back
from edge.shop.operations.made import Made
from edge.shop.operations.returns.giving_back import too_late
from edge.shop.operations.tendered import Payout, payout, payout_legs
from edge.shop.sale import TaxLine


class UndoExchangeAsked(msgspec.Struct, frozen=True, kw_only=True):
    """How many pieces of which exchange come back; None is all that have not yet, and why.

    `earlier` is what came back of it before, oldest first. `settled` says whether its money has
    already been passed on: then it can only be returned.
    """

    exchange: Deed
    count: int | None = None
    earlier: tuple[ExchangeUndone, ...] = ()
    reason: str = ""
    settled: bool = False


def undo_exchange(
    asked: UndoExchangeAsked, rules: InForce, holdings: Holdings, made: Made
) -> ExchangeUndone | Declined:
    """Return the fact that pieces of an exchange came back.

    All of it on its own business day is a void; everything else is a return and holds to the
    terms of returns. Coupons and uses come back as whole pieces of which nothing was used and
    nothing has expired. `holdings` know every lot that the exchange moved, the empty ones too.

    Declined: E-RETURN-OF-RETURN for a deed that is no exchange, E-RETURN-NOTHING,
    E-RETURN-TOO-MANY, E-RETURN-WINDOW.
    """
    exchanged = asked.exchange
    if not isinstance(exchanged, PointsExchanged):
        return Declined("E-RETURN-OF-RETURN", {"receipt": exchanged.receipt})
    left = exchanged.count - sum(fact.count for fact in asked.earlier)
    count = left if asked.count is None else asked.count
    void = count == exchanged.count and not asked.settled
    void = void and made.business_date == exchanged.business_date
    policy = rules.bundle.programme.returns
    if not void and (no := too_late(exchanged.business_date, policy, made)):
        return no
    taken = _pieces(exchanged, holdings, count, made.at.date)
    most = left if taken is None else min(left, len(taken))
    if count < 1:
        return Declined("E-RETURN-NOTHING")
    if count > most:
        names = {"product_zh": exchanged.name_zh, "product_en": exchanged.name_en}
        return Declined("E-RETURN-TOO-MANY", {**names, "asked": count, "left": most})
    part = _Part(exchanged, asked.earlier, count, left, rules.bundle.rounding)
    return _undone(asked, part, (taken or ())[:count], rules, holdings, made, void=void)


class _Part(msgspec.Struct, frozen=True):
    """The pieces that come back: `count` of those `left`, and what they were had for."""

    of: PointsExchanged
    earlier: tuple[ExchangeUndone, ...]
    count: int
    left: int
    rounding: Rounding

    def each(self, whole: int) -> int:
        """Return what the pieces share of an amount that is the same for each piece."""
        return whole // self.of.count * self.count

    @property
    def tax(self) -> tuple[TaxLine, ...]:
        """The tax of the pieces, so that all of them contain what was posted."""
        return tuple([self._tax(line) for line in self.of.tax])

    def _tax(self, line: TaxLine) -> TaxLine:
        gross = line.net + line.tax
        shares = [gross // self.of.count * n for n in (self.left, self.left - self.count)]
        before, after = [
            line.tax if share == gross else contained(share, line.rate, self.rounding)
            for share in shares
        ]
        tax = before - after
        return msgspec.structs.replace(line, net=self.each(gross) - tax, tax=tax)


def _pieces(
    exchanged: PointsExchanged, holdings: Holdings, count: int, today: str
) -> tuple[Move, ...] | None:
    """Return the moves that empty the lots of untouched pieces; None for what is no lot."""
    if exchanged.gives.kind not in ("coupon", "uses"):
        return None
    found: list[Move] = []
    for move in exchanged.moves:
        held = holdings.lots.get(move.lot)
        if not move.opens or move.opens.unit not in (COUPON, COUNTS) or held is None:
            continue
        if held.left == move.amount and not is_over(held, today):
            found.append(Move(lot=move.lot, amount=-held.left, money=-held.money))
    return tuple(found)


def _undone(
    asked: UndoExchangeAsked, part: _Part, taken: Sequence[Move], rules: InForce,
    holdings: Holdings, made: Made, *, void: bool,
) -> ExchangeUndone:  # fmt: skip
    of, bundle = part.of, rules.bundle
    assert of.member is not None, "only members have points"
    complete = part.count == part.left
    cash, worth = part.each(of.cash), part.each(of.worth)
    paid = payout(of.tenders, part.earlier, cash, bundle, complete=complete)
    stored = _stored(part, paid, rules, holdings, made)
    back = points.give_back(
        bundle.programme.points, holdings, of.moves, part.each(of.points), made.at.date,
        made.deed, already=sum(fact.points for fact in part.earlier),
    )  # fmt: skip
    return ExchangeUndone(
        **said_back(of, made, rules),
        member=of.member,
        reversal=made.deed,
        how="void" if void else "return",
        exchange=of.exchange,
        exchange_receipt=of.receipt,
        offer=of.offer,
        name_zh=of.name_zh,
        name_en=of.name_en,
        gives=of.gives,
        count=part.count,
        reason=asked.reason,
        currency=of.currency,
        exponent=of.exponent,
        points=part.each(of.points),
        forfeited=forfeited(back),
        cash=cash,
        worth=worth,
        refunds=paid.refunds,
        rounding=paid.rounding,
        tax=part.tax,
        complete=complete,
        moves=(*stored, *back, *taken),
        postings=entry(
            *payout_legs(paid, of.tenders, part.earlier, of.currency, made.terminal),
            *value.spent_legs(holdings, stored, of.member, of.currency),
            Posting("points", of.currency, -worth, issuer(of)),
            *_revenue(part.tax, of.currency),
            *counts.legs(taken, holdings, of.member, of.currency),
            *rewards.legs((*back, *taken), holdings.after((*back, *taken))),
        ),
    )


def _stored(
    part: _Part, paid: Payout, rules: InForce, holdings: Holdings, made: Made
) -> tuple[Move, ...]:
    so_far = (*part.of.moves, *[move for fact in part.earlier for move in fact.moves])
    return value.give_back(
        rules.bundle.programme.value, holdings, so_far, paid.by("principal"), paid.by("bonus"),
        made.at.date, made.deed,
    )  # fmt: skip


def forfeited(moves: Iterable[Move]) -> int:
    """Return how much of what went back was of lots that have expired, and is gone."""
    return sum(move.lapsed for move in moves)


def issuer(exchanged: PointsExchanged) -> str:
    """Return the party that bore what the points of an exchange were worth."""
    return next((leg.party for leg in exchanged.postings if leg.account == "points"), "")


def _revenue(tax: Iterable[TaxLine], money: str) -> Iterator[Posting]:
    for line in tax:
        yield Posting(f"sales:{line.tax_class}", money, line.net)
        yield Posting(f"tax:{line.tax_class}", money, line.tax)
