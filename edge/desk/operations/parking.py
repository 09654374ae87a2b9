"""Baskets that wait: put aside at one terminal or lane, taken up at another."""

from drivers import terminal as words
from edge.config import Terminal
from edge.desk.means import Job, Means, Outcome
from edge.desk.paid_uses import wished
from edge.desk.parking import Shelf
from edge.refusals import Refusal
from edge.shop.facts import BasketParked
from edge.shop.facts.counter import ParkedLine
from edge.shop.operations.parking import ParkAsked


def park(means: Means, job: Job, asked: words.Park) -> Outcome:
    """Put a basket aside; it must be one that could be priced."""
    member = None
    if asked.member is not None:
        found = means.counter.identify(asked.member, decided=True)
        if isinstance(found, Refusal):
            return found
        member = found.member
    basket = means.counter.basket(job.terminal, asked.lines, member)
    if isinstance(basket, Refusal):
        return basket
    if asked.uses and member is None:
        return Refusal("E-NO-MEMBER")
    beyond = [one.line for one in asked.uses if one.line >= len(asked.lines)]
    if beyond:
        return Refusal("E-NO-LINE", {"number": beyond[0] + 1})
    wanted = ParkAsked(
        lines=tuple(
            [
                ParkedLine(code=line.code, quantity=line.quantity, unit_price=line.unit_price)
                for line in asked.lines
            ]
        ),
        member=member.id if member else None,
        coupons=tuple([means.counter.shown(coupon) for coupon in asked.coupons]),
        uses=wished(asked.uses),
        label=asked.label or "",
    )
    return _shelf(means).put(job.request, job.by(asked), wanted)


def recall(means: Means, job: Job, asked: words.Recall) -> Outcome:
    """Take a parked basket back, for this terminal alone."""
    return _shelf(means).take(job.request, job.by(asked), asked.ticket)


def list_parked(means: Means, terminal: Terminal, asked: words.ListParked) -> words.Reply | Refusal:
    """Answer which baskets wait, oldest first."""
    past, store = means.counter.members.past, means.placing.store
    at = {told.fact.ticket: told.at for told in past.parked(store)
          if isinstance(told.fact, BasketParked)}  # fmt: skip
    return words.ParkedBaskets(
        baskets=tuple(
            [
                words.ParkedBasket(
                    ticket=ticket,
                    number=parked.number,
                    label=parked.label,
                    lines=len(parked.lines),
                    terminal=parked.terminal,
                    cashier=parked.cashier,
                    parked_at=at[ticket],
                )
                for ticket, parked in _shelf(means).waiting().items()
            ]
        ),
        as_of=means.counter.as_of(),
    )


def _shelf(means: Means) -> Shelf:
    return Shelf(means.counter, means.placing)
