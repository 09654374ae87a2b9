"""Whether what a member holds may be spent here and now: card, limits, lease, the cloud's hold."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from edge.shop.accounts.limits import (
    AskHold,
    Authorised,
    Kind,
    Spending,
    authorise,
    refusal,
)
from edge.shop.declined import Declined
from edge.shop.facts import Fact
from edge.shop.ledger import COUNTS, POINTS
from edge.shop.operations.made import Made, flagged
from edge.story.errors import StoryError
from edge.story.scene import Scene


class Granted(NamedTuple):
    """What a member may spend, and on what authority; `made` is flagged where the store answers."""

    made: Made
    by: Mapping[Kind, Authorised] = {}


def granted(
    scene: Scene, member: str | None, spends: Mapping[Kind, int], made: Made, card: str = ""
) -> Granted | Declined:
    """Return on what authority a member may spend all of this, or why not.

    Points are judged first, as they are spent. The cloud of a story, when it can be asked, puts
    on hold what it is asked for. `card` is the number of the card that is shown, "" for none.
    """
    by: dict[Kind, Authorised] = {}
    for kind, amount in spends.items():
        if member is None or not amount:
            continue
        judged = _authority(scene, _spending(scene, kind, member, card, amount, made), made)
        if isinstance(judged, Declined):
            return judged
        by[kind] = judged
    risky = any(allowed.flagged for allowed in by.values())
    return Granted(flagged(made, "overdraft") if risky else made, by)


def _authority(scene: Scene, spending: Spending, made: Made) -> Authorised | Declined:
    limits, today = scene.rules.bundle.programme.limits, made.at.date
    judged = authorise(
        limits, spending, today=today, online=made.online, approved=bool(made.approved_by)
    )
    if isinstance(judged, AskHold):
        spending = msgspec.structs.replace(spending, held=judged.amount)
        judged = authorise(limits, spending, today=today, online=True, approved=False)
    assert not isinstance(judged, AskHold), "what is on hold is not asked for again"
    return judged


def at_home(scene: Scene, member: str, points: int, made: Made) -> bool | Declined:
    """Tell whether this box is the home of a member's points, for what only a home may do.

    A member or an amount that no home would serve is declined first.
    """
    spending = _spending(scene, "points", member, "", points, made)
    return refusal(scene.rules.bundle.programme.limits, spending) or spending.home


def _spending(
    scene: Scene, kind: Kind, member: str, card: str, amount: int, made: Made
) -> Spending:
    away = scene.home.away
    if card and card not in scene.home.cards:
        raise StoryError(f"no card has the number {card!r}")
    lease = away.lease(member, kind)
    return Spending(
        kind=kind,
        amount=amount,
        home=lease is None,
        status="frozen" if card and scene.home.cards[card].status != "active" else "active",
        confirmed=not scene.home.member(member).unconfirmed,
        lease=lease,
        spent=away.seen_by(kind, member, made.terminal, made.store),
        data_age_hours=away.age_hours(made.at.at_ms),
    )


def said(scene: Scene, granted: Granted) -> Iterator[str]:
    """Print what is special about an authority: a hold of the cloud, and what is overdrawn."""
    for kind, allowed in granted.by.items():
        if allowed.held:
            yield f"the cloud holds {_amount(scene, kind, allowed.held)} for it"
        if allowed.overdraft:
            yield f"the store answers for {_amount(scene, kind, allowed.overdraft)}"


def _amount(scene: Scene, kind: Kind, amount: int) -> str:
    if kind == "value":
        return scene.out.amount(amount, scene.rules.bundle.currency)
    return f"{amount} {POINTS if kind == 'points' else COUNTS}"


def taken(scene: Scene, granted: Granted, member: str | None) -> None:
    """Count what was spent against leases and caps; practice spends nothing."""
    made = granted.made
    if made.training:
        return
    for kind, allowed in granted.by.items():
        assert member is not None, "only members hold anything"
        scene.home.away.take(kind, allowed, member, made.terminal, made.store)


def done(scene: Scene, granted: Granted, member: str, outcome: Fact | Declined) -> Iterator[str]:
    """Settle what was done on an authority, and count it; or print the no."""
    if not isinstance(outcome, Declined):
        yield from said(scene, granted)
        taken(scene, granted, member)
    yield from scene.settle(outcome)
