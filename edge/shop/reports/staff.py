"""Staff: what each cashier rang up and each seller sold, and the commission for it.

A return is taken off the cashier who took it and the seller who had sold it.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from edge.shop.bundle.commission import Commission, Work
from edge.shop.facts import Deed, SaleMade, SaleVoided, TakenBack
from edge.shop.facts.counts import CountCardGivenBack, CountCardSold
from edge.shop.facts.members import MemberEnrolled
from edge.shop.facts.returns import Refund
from edge.shop.facts.value import CardRefunded, CardSold, ToppedUp, TopUpCancelled
from edge.shop.reports.entry import Entry, real
from edge.shop.reports.settlement import is_money
from edge.shop.tender import Tender

Role = Literal["cashier", "seller"]


class Done(msgspec.Struct, frozen=True):
    """How much of one kind of work: minor units, and how many deeds. Undone ones count down."""

    amount: int = 0
    count: int = 0


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What one person did in one role. `commission` is due to sellers, by kind of work."""

    name: str
    role: Role
    work: dict[Work, Done]
    commission: dict[Work, int]


def staff(entries: Iterable[Entry], commissions: Sequence[Commission] = ()) -> tuple[Person, ...]:
    """Return what people did, cashiers first, by name. Deeds of nobody are left out."""
    done: dict[tuple[Role, str], dict[Work, Done]] = {}
    for _, fact, _ in real(entries):
        if not isinstance(fact, Deed):
            continue
        piece = work(fact)
        if piece is None:
            continue
        kind, part = piece
        people: list[tuple[Role, str | None]] = [("cashier", fact.cashier), ("seller", fact.seller)]
        for role, name in people:
            if name:
                mine = done.setdefault((role, name), {})
                before = mine.get(kind, Done())
                mine[kind] = Done(before.amount + part.amount, before.count + part.count)
    return tuple(
        [_person(role, name, mine, commissions) for (role, name), mine in sorted(done.items())]
    )


def together(before: Sequence[Person], more: Sequence[Person]) -> tuple[Person, ...]:
    """Return what people did before and since, commissions left out, in the order of `staff`."""
    done = {(person.role, person.name): person.work for person in before}
    for person in more:
        name = person.role, person.name
        mine = done[name] = {**done.get(name, {})}
        for kind, part in person.work.items():
            known = mine.get(kind, Done())
            mine[kind] = Done(known.amount + part.amount, known.count + part.count)
    return tuple([_person(role, name, mine, ()) for (role, name), mine in sorted(done.items())])


def work(deed: Deed) -> tuple[Work, Done] | None:
    """Return what kind of work a deed was and how much; None for what is nobody's merit.

    What a count card pays for was somebody's merit when the card was sold.
    """
    match deed:
        case SaleMade():
            return "sales", Done(deed.total - by_uses(deed.tenders), 1)
        case TakenBack():
            return "sales", Done(
                by_uses(deed.refunds) - deed.total, -isinstance(deed, SaleVoided)
            )  # fmt: skip
        case CardSold() | CountCardSold():
            return "card_sales", Done(taken_in(deed), 1)
        case ToppedUp():
            return "top_ups", Done(taken_in(deed), 1)
        case TopUpCancelled():
            return "card_sales" if deed.card else "top_ups", Done(taken_in(deed), -1)
        case CardRefunded() | CountCardGivenBack():
            return "card_sales", Done(taken_in(deed), -1)
        case MemberEnrolled():
            return "enrolments", Done(0, 1)
        case _:
            return None


def by_uses(paid: Iterable[Tender | Refund]) -> int:
    """Return what uses of count cards paid for, or of it came back."""
    return sum([part.amount for part in paid if part.kind == "uses"])


def taken_in(deed: Deed) -> int:
    """Return the money that came into drawers and bank accounts, below zero what left them."""
    return sum([leg.amount for leg in deed.postings if is_money(leg.unit) and outside(leg.account)])


def outside(account: str) -> bool:
    """Tell whether an account is money in hand: a drawer, or a bank account."""
    return account.startswith(("cash:", "bank:"))


def _person(
    role: Role, name: str, mine: dict[Work, Done], commissions: Sequence[Commission]
) -> Person:
    due = {
        terms.of: terms.due(mine[terms.of].amount, mine[terms.of].count)
        for terms in commissions
        if role == "seller" and terms.of in mine
    }
    return Person(name=name, role=role, work=mine, commission=due)
