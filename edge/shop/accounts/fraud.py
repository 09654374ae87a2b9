"""Signs of fraud at a till, judged before a deed is done, as declared policy.

Each rule counts what recently happened around one cashier, card, member or terminal, or what
makes the deed itself suspect, and says what to do: refuse it, ask a manager, or let it pass with
a flag. The rules are data in the programme; nothing here knows a threshold.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.declined import Declined
from edge.shop.money import BASIS
from edge.shop.rules.target import Name

Operation = Literal[
    "sell", "return", "void", "top_up", "cancel_top_up", "enrol", "redeem", "late_credit"
]
Subject = Literal["cashier", "member", "terminal"]
Action = Literal["refuse", "approve", "flag"]
"""refuse it · only with a manager's approval · let it pass and flag it."""

MINUTE_MS = 60_000


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something done at a till, or about to be. `amount` is minor units, without sign."""

    at_ms: int
    operation: Operation
    terminal: str
    cashier: str
    member: str | None = None
    amount: int = 0
    to_stored_value: bool = False
    """A refund that would go to stored value instead of back the way it was paid."""
    of_sale: str = ""
    """The sale a return, void or late credit is about, "" for none."""
    sale_at_ms: int | None = None
    """When that sale was made."""


class _Rule(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="watch"
):
    """Base of the watches: a name and what to do when it barks."""

    id: Name
    action: Action = "approve"


class Velocity(_Rule, frozen=True, kw_only=True, tag="velocity"):
    """More than `max` of these operations around one subject, or pair of them, in a window."""

    operations: Annotated[tuple[Operation, ...], Meta(min_length=1)]
    per: Annotated[tuple[Subject, ...], Meta(min_length=1)]
    minutes: Annotated[int, Meta(ge=1, le=44_640)]
    max: Annotated[int, Meta(ge=0)]


class Ratio(_Rule, frozen=True, kw_only=True, tag="ratio"):
    """Operations that are more than a share of all a cashier's sales in a window.

    It barks from the `least`-th such operation on, so that one return on a slow day does not.
    """

    operations: Annotated[tuple[Operation, ...], Meta(min_length=1)]
    per: Subject = "cashier"
    minutes: Annotated[int, Meta(ge=1, le=44_640)]
    share: Annotated[int, Meta(ge=0, le=BASIS)]
    least: Annotated[int, Meta(ge=1)] = 3


class OwnCard(_Rule, frozen=True, kw_only=True, tag="own_card"):
    """A cashier earns on strangers' sales: their own member id on more than `max` in a window."""

    minutes: Annotated[int, Meta(ge=1, le=44_640)] = 1440
    max: Annotated[int, Meta(ge=0)] = 1


class TicketSplitting(_Rule, frozen=True, kw_only=True, tag="ticket_splitting"):
    """One purchase cut into several, each below a limit that all together pass.

    More than `max` sales to one member at one terminal in a window, together at least `amount`.
    """

    minutes: Annotated[int, Meta(ge=1, le=1440)] = 10
    max: Annotated[int, Meta(ge=1)] = 2
    amount: Annotated[int, Meta(ge=0)] = 0


class RefundToStoredValue(_Rule, frozen=True, kw_only=True, tag="refund_to_stored_value"):
    """A refund goes to a card although the sale was not paid with it."""


class RefundWithoutSale(_Rule, frozen=True, kw_only=True, tag="refund_without_sale"):
    """A refund names no sale."""


class LateCredit(_Rule, frozen=True, kw_only=True, tag="late_credit"):
    """Points are asked for a sale that is older than its window."""

    hours: Annotated[int, Meta(ge=0, le=8_760)] = 24


Watch = (
    Velocity
    | Ratio
    | OwnCard
    | TicketSplitting
    | RefundToStoredValue
    | RefundWithoutSale
    | LateCredit
)


class FraudRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is watched at the tills of a chain."""

    watches: tuple[Watch, ...] = ()


def judge(
    rules: FraudRules,
    asked: Happening,
    recent: Sequence[Happening],
    *,
    own_member: str | None = None,
    approved: bool = False,
) -> tuple[str, ...] | Declined:
    """Return the ids of the watches that flag this deed, or a no.

    `recent` is what happened before in any order; `own_member` the cashier's own membership. A
    watch that refuses answers E-FRAUD-REFUSED, one that wants a manager E-WATCH-APPROVAL until
    `approved`; a refusal counts before a wish for approval. Approved deeds stay flagged.
    """
    barking = [watch for watch in rules.watches if _barks(watch, asked, recent, own_member)]
    for action, code in (("refuse", "E-FRAUD-REFUSED"), ("approve", "E-WATCH-APPROVAL")):
        stopped = next((watch for watch in barking if watch.action == action), None)
        if stopped and not (approved and action == "approve"):
            return Declined(code, {"watch": stopped.id})
    return tuple(sorted(watch.id for watch in barking))


def _barks(
    watch: Watch, asked: Happening, recent: Sequence[Happening], own_member: str | None
) -> bool:
    match watch:
        case Velocity():
            return _velocity(watch, asked, recent)
        case Ratio():
            return _ratio(watch, asked, recent)
        case OwnCard():
            return _own_card(watch, asked, recent, own_member)
        case TicketSplitting():
            return _splitting(watch, asked, recent)
        case RefundToStoredValue():
            return asked.operation in {"return", "void"} and asked.to_stored_value
        case RefundWithoutSale():
            return asked.operation == "return" and not asked.of_sale
        case LateCredit():
            return (
                asked.operation == "late_credit" and _age_ms(asked) > watch.hours * 60 * MINUTE_MS
            )


def _age_ms(asked: Happening) -> int:
    """Return how long ago the sale was that this is about; one nobody can date is too old."""
    return asked.at_ms - asked.sale_at_ms if asked.sale_at_ms is not None else 10**15


def _within(recent: Iterable[Happening], asked: Happening, minutes: int) -> list[Happening]:
    """Return what happened in the window before; a window looks back, whatever the clock did."""
    start = asked.at_ms - minutes * MINUTE_MS
    return [seen for seen in recent if start < seen.at_ms <= asked.at_ms]


def _velocity(watch: Velocity, asked: Happening, recent: Sequence[Happening]) -> bool:
    if asked.operation not in watch.operations or _subjects(watch.per, asked) is None:
        return False
    subjects = _subjects(watch.per, asked)
    count = sum(
        seen.operation in watch.operations and _subjects(watch.per, seen) == subjects
        for seen in _within(recent, asked, watch.minutes)
    )
    return count + 1 > watch.max


def _subjects(per: Sequence[Subject], seen: Happening) -> tuple[str, ...] | None:
    """Return who this is about, or None if one of them is nobody."""
    found = [getattr(seen, name) for name in per]
    return None if None in found else tuple(found)


def _ratio(watch: Ratio, asked: Happening, recent: Sequence[Happening]) -> bool:
    subject = getattr(asked, watch.per)
    if asked.operation not in watch.operations or subject is None:
        return False
    seen = [e for e in _within(recent, asked, watch.minutes) if getattr(e, watch.per) == subject]
    such = 1 + sum(e.operation in watch.operations for e in seen)
    sales = sum(e.operation == "sell" for e in seen)
    return such >= watch.least and such * BASIS > sales * watch.share


def _own_card(
    watch: OwnCard, asked: Happening, recent: Sequence[Happening], own_member: str | None
) -> bool:
    if asked.operation != "sell" or own_member is None or asked.member != own_member:
        return False
    used = sum(
        e.operation == "sell" and e.cashier == asked.cashier and e.member == own_member
        for e in _within(recent, asked, watch.minutes)
    )
    return used + 1 > watch.max


def _splitting(watch: TicketSplitting, asked: Happening, recent: Sequence[Happening]) -> bool:
    if asked.operation != "sell" or asked.member is None:
        return False
    tickets = [
        e
        for e in _within(recent, asked, watch.minutes)
        if e.operation == "sell" and (e.member, e.terminal) == (asked.member, asked.terminal)
    ]
    together = asked.amount + sum(e.amount for e in tickets)
    return len(tickets) + 1 > watch.max and together >= watch.amount
