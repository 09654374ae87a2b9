"""What one fact changes in the book: a pure function, so that the book can be made again.

Entries are kept for what members hold (member:, principal:, deferred:) and for what was spent
without the cloud's knowledge (spent:). House accounts (cash, sales, tax) have no place in the
book: nothing is decided by them, and reports add up the facts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from edge.journal import Page
from edge.letters import read
from edge.shop.accounts.lots import Move
from edge.shop.facts import (
    BasketParked,
    BasketRecalled,
    CardBound,
    CardRefunded,
    CardReplaced,
    CardSold,
    CardStateChanged,
    CountCardGivenBack,
    CountCardSold,
    CountReturned,
    CountUsed,
    DayOpened,
    Deed,
    DrawUndone,
    ExceptionResolved,
    ExchangeUndone,
    FeedbackGiven,
    LeaseReturned,
    LeaseTaken,
    MemberEnrolled,
    MemberUpdated,
    NoticesShown,
    OpeningBalance,
    PointsExchanged,
    PrizeDrawn,
    Recovered,
    ReferralReversed,
    ReferralRewarded,
    Relocated,
    RequestApproved,
    ReturnMade,
    SaleMade,
    SaleVoided,
    SignedOff,
    SignedOn,
    ToppedUp,
    TopUpCancelled,
    WelcomeReversed,
)
from edge.shop.ledger import Posting
from edge.shop.reports.counters import Counter, Used, counted

MEMBER = "member:"
SPENT = "spent:"
HELD = ("member:", "principal:", "deferred:")

Account = tuple[str, str]
"""An account in one unit: (account, unit)."""

Subject = tuple[str, str]
"""What a page is about: a topic and which one.

The topics are member, deed, receipt (its number), card, phone (its hash) and parked (the store's
baskets); post (the terminal that somebody signed on at); approval (the
terminal that has a request approved); lease ("{member}|{kind}") and expiry (the
last day of a lease); exception (the page that one is about); day (the business day of what came
back late)."""

DEEDS: Mapping[type, tuple[str, ...]] = {
    SaleMade: ("sale",),
    ReturnMade: ("reversal", "sale"),
    SaleVoided: ("reversal", "sale"),
    ToppedUp: ("top_up",),
    CardSold: ("top_up",),
    TopUpCancelled: ("cancelled", "top_up"),
    CardRefunded: ("refunded",),
    CountCardSold: ("count_card",),
    CountUsed: ("use", "count_card"),
    CountReturned: ("returned", "use", "count_card"),
    CountCardGivenBack: ("given_back", "count_card"),
    ReferralRewarded: ("reward", "sale"),
    ReferralReversed: ("reward", "sale"),
    WelcomeReversed: ("sale",),
    PointsExchanged: ("exchange",),
    BasketParked: ("ticket",),
    BasketRecalled: ("ticket",),
    ExchangeUndone: ("reversal", "exchange"),
    PrizeDrawn: ("ticket",),
    DrawUndone: ("reversal", "ticket"),
}
"""Where a deed says its own id, and those of the deeds it refers to."""

SaleOf = Callable[[str], SaleMade | None]
"""Finds an earlier sale by its id."""


class Changes(NamedTuple):
    """What a fact of a `kind` changes. `day` is the business day it opens, "" for none."""

    kind: str
    entries: Mapping[Account, int] = {}
    moves: Sequence[Move] = ()
    counts: Sequence[tuple[Counter, Used, str]] = ()
    about: Sequence[Subject] = ()
    day: str = ""


def changes(page: Page, fact: object, sale_of: SaleOf) -> Changes:
    """Return what a fact changes; one that was lost and came back changes what it always did."""
    kind, late = page.kind, list[Subject]()
    if isinstance(fact, Recovered):
        kind, late = fact.kind, [("day", fact.business_date)]
        fact = itself(fact)
    if isinstance(fact, Deed):
        told = [*about(fact), *late]
        return Changes(kind, members(fact), fact.moves, [*_counts(fact, sale_of)], told)
    if isinstance(fact, DayOpened):
        return Changes(kind, day=fact.business_date)
    return Changes(kind, moves=moves(fact), about=about(fact))


def itself(fact: object) -> object:
    """Return the fact itself, also of one that was lost and came back."""
    return read(fact.body.encode()) if isinstance(fact, Recovered) else fact


def postings(fact: object) -> Sequence[Posting]:
    """Return the legs of a fact; most facts have none."""
    return fact.postings if isinstance(fact, Deed) else ()


def moves(fact: object) -> Sequence[Move]:
    """Return what a fact moves between lots, or between the cloud and this box."""
    fact = itself(fact)
    return fact.moves if isinstance(fact, Deed | Relocated) else ()


def members(fact: object) -> Mapping[Account, int]:
    """Return what a fact posts on accounts of members and on what they spent, by account and unit.

    A member's account in one unit has at most one entry a page: legs of several parties are summed.
    """
    moved: dict[Account, int] = {}
    for leg in postings(fact):
        if leg.account.startswith(HELD):
            account = leg.account, leg.unit
            moved[account] = moved.get(account, 0) + leg.amount
    moved.update(_spent(fact))
    return moved


def spent(kind: str, subject: str, name: str) -> str:
    """Return the account that counts what a member, a terminal or a store spent of a kind."""
    return f"{SPENT}{kind}:{subject}:{name}"


def _spent(fact: object) -> Iterator[tuple[Account, int]]:
    """Yield what a deed spent of what its member holds, as caps count it.

    The kinds are value (minor units), points (of any programme), uses (of count cards) and
    coupons; the units are `amount` and `count`, how often.
    """
    if not isinstance(fact, Deed) or fact.member is None:
        return
    for kind, amount in _spent_kinds(fact):
        if amount:
            for subject, name in (
                ("member", fact.member), ("terminal", fact.terminal), ("store", fact.store),
            ):  # fmt: skip
                yield (spent(kind, subject, name), "amount"), amount
                yield (spent(kind, subject, name), "count"), 1


def _spent_kinds(fact: Deed) -> Sequence[tuple[str, int]]:
    match fact:
        case SaleMade():
            value = sum([t.amount for t in fact.tenders if t.kind in ("principal", "bonus")])
            uses = sum([len(t.uses.units) for t in fact.tenders if t.uses])
            points, coupons = fact.points_spent, len(fact.coupons)
            return ("value", value), ("points", points), ("coupons", coupons), ("uses", uses)
        case CountUsed():
            return (("uses", len(fact.values)),)
        case PointsExchanged() | PrizeDrawn():
            return (("points", fact.points),)
        case _:
            return ()


def _counts(fact: Deed, sale_of: SaleOf) -> Iterator[tuple[Counter, Used, str]]:
    match fact:
        case SaleMade():
            yield from counted(fact)
        case SaleVoided():
            sale = sale_of(fact.sale)
            if sale is not None:
                yield from [(key, used.minus(), day) for key, used, day in counted(sale)]
        case PrizeDrawn() if fact.prize:
            yield Counter("draw", fact.draw, fact.prize), Used(1), ""
        case DrawUndone() if fact.prize:
            yield Counter("draw", fact.draw, fact.prize), Used(-1), ""
        case _:
            pass


def about(fact: Any) -> Sequence[Subject]:
    """Return whom and what a fact is about: its member, itself, and what it refers to."""
    if isinstance(fact, SaleMade):
        return _about_sale(fact)
    found = [("deed", getattr(fact, field)) for field in _deeds(type(fact))]
    if isinstance(fact, Deed | NoticesShown | FeedbackGiven) and fact.member:
        found.append(("member", fact.member))
    if isinstance(fact, Deed) and fact.receipt:
        found.append(("receipt", fact.receipt))
    if isinstance(fact, MemberEnrolled | MemberUpdated) and fact.phone:
        found.append(("phone", fact.phone.hash))
    if isinstance(fact, BasketParked | BasketRecalled):
        found.append(("parked", fact.store))
    found += [subject for subject in _more(fact) if subject[1]]
    return [*dict.fromkeys(found)]


def _about_sale(sale: SaleMade) -> Sequence[Subject]:
    """Return the same for what nearly all facts are."""
    found = [("deed", sale.sale)]
    if sale.member:
        found.append(("member", sale.member))
    if sale.receipt:
        found.append(("receipt", sale.receipt))
    return found


def own_id(fact: object) -> str:
    """Return the id of a deed, as it says it of itself; "" for what is none."""
    fields = _deeds(type(fact))
    return str(getattr(fact, fields[0])) if fields else ""


def _deeds(kind: type) -> tuple[str, ...]:
    """Return where a kind of fact says the ids of deeds."""
    if kind not in _DEEDS:
        _DEEDS[kind] = next((found for each, found in DEEDS.items() if issubclass(kind, each)), ())
    return _DEEDS[kind]


_DEEDS: dict[type, tuple[str, ...]] = {}
"""The same for special cases, as they come up."""


def _more(fact: object) -> Iterator[Subject]:
    match fact:
        case ReferralRewarded() | ReferralReversed():
            yield "member", fact.introducer
        case CardRefunded():
            yield from [("deed", name) for name in fact.top_ups]
        case MemberEnrolled():
            yield "card", fact.card
            yield from [("deed", name) for name in fact.receipts]
        case CardBound() | CardStateChanged() | OpeningBalance():
            yield "card", fact.card
        case LeaseTaken():
            yield from _leased(fact)
        case LeaseReturned():
            yield "member", fact.member
            if fact.reason in {"expired", "merged"}:
                yield "lease", leased(fact.member, fact.kind)
        case ExceptionResolved():
            yield "exception", fact.page
        case SignedOn() | SignedOff():
            yield "post", fact.terminal
        case RequestApproved():
            yield "approval", fact.terminal
        case CardReplaced():
            yield "card", fact.old
            yield "card", fact.new
        case _:
            pass


def leased(member: str, kind: str) -> str:
    """Return the subject of leases on what a member holds of a kind."""
    return f"{member}|{kind}"


def _leased(fact: LeaseTaken) -> Iterator[Subject]:
    """Yield what a grant is about; only a lease has terms that bind what is spent later."""
    yield "member", fact.member
    if fact.way == "lease":
        yield "lease", leased(fact.member, fact.kind)
        yield "expiry", fact.expires
