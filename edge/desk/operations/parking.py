"""Baskets that wait: put aside at one terminal, taken up at another."""

from collections.abc import Mapping

from drivers import terminal as words
from edge.config import Terminal
from edge.desk.means import Job, Means, Outcome
from edge.refusals import Refusal
from edge.replies import Stamp
from edge.shop.declined import Declined
from edge.shop.facts import BasketParked, BasketRecalled
from edge.shop.facts.counter import ParkedLine
from edge.shop.operations import parking
from edge.shop.operations.made import Made
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
    wanted = ParkAsked(
        lines=tuple(
            [
                ParkedLine(code=line.code, quantity=line.quantity, unit_price=line.unit_price)
                for line in asked.lines
            ]
        ),
        member=member.id if member else None,
        coupons=tuple([means.counter.shown(coupon) for coupon in asked.coupons]),
        label=asked.label or "",
    )

    def make(made: Made) -> BasketParked | Declined:
        return parking.park(wanted, _waiting(means), made)

    def tell(fact: BasketParked, stamp: Stamp) -> words.Reply:
        return words.Parked(
            key=stamp.key,
            ticket=fact.ticket,
            business_date=fact.business_date,
            epoch=stamp.epoch,
            sequence=stamp.sequence,
        )

    return means.placing.deed(job.request, job.by(asked), means.counter.rules, make, tell)


def recall(means: Means, job: Job, asked: words.Recall) -> Outcome:
    """Take a parked basket back, for this terminal alone."""

    def make(made: Made) -> BasketRecalled | Declined:
        return parking.recall(asked.ticket, _waiting(means), made)

    parked = _waiting(means).get(asked.ticket)

    def tell(fact: BasketRecalled, stamp: Stamp) -> words.Reply:
        assert parked is not None, "what nobody parked cannot be recalled"
        return _recalled(means, parked, stamp)

    return means.placing.deed(job.request, job.by(asked), means.counter.rules, make, tell)


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
                    label=parked.label,
                    lines=len(parked.lines),
                    terminal=parked.terminal,
                    cashier=parked.cashier,
                    parked_at=at[ticket],
                )
                for ticket, parked in _waiting(means).items()
            ]
        ),
        as_of=means.counter.as_of(),
    )


def _waiting(means: Means) -> Mapping[str, BasketParked]:
    told = means.counter.members.past.parked(means.placing.store)
    return parking.waiting([one.fact for one in told], means.placing.business_date)


def _recalled(means: Means, parked: BasketParked, stamp: Stamp) -> words.Recalled:
    found = means.counter.holding(parked.member, decided=True) if parked.member else None
    return words.Recalled(
        key=stamp.key,
        ticket=parked.ticket,
        lines=tuple(
            [
                words.RequestLine(
                    code=line.code, quantity=line.quantity, unit_price=line.unit_price
                )
                for line in parked.lines
            ]
        ),
        member=parked.member,
        display="" if found is None or isinstance(found, Refusal) else found.member.display,
        coupons=parked.coupons,
        label=parked.label,
        epoch=stamp.epoch,
        sequence=stamp.sequence,
    )
