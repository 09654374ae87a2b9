"""Whether what a member holds may be spent here and now: card, limits, lease, the cloud's hold."""

from collections.abc import Iterator

import msgspec

from edge.shop.accounts.limits import AskHold, Authorised, Spending, authorise
from edge.shop.declined import Declined
from edge.shop.operations.made import Made
from edge.story.errors import StoryError
from edge.story.scene import Scene


def authority(
    scene: Scene, member: str, card: str, amount: int, made: Made
) -> Authorised | Declined:
    """Return on what authority a member may spend `amount` of stored value, or why not.

    The cloud of a story, when it can be asked, puts on hold what it is asked for.
    """
    limits, today = scene.rules.bundle.programme.limits, made.at.date
    spending = _spending(scene, member, card, amount, made)
    judged = authorise(
        limits, spending, today=today, online=made.online, approved=bool(made.approved_by)
    )
    if isinstance(judged, AskHold):
        spending = msgspec.structs.replace(spending, held=judged.amount)
        judged = authorise(limits, spending, today=today, online=True, approved=False)
    assert not isinstance(judged, AskHold), "what is on hold is not asked for again"
    return judged


def _spending(scene: Scene, member: str, card: str, amount: int, made: Made) -> Spending:
    away = scene.home.away
    if card and card not in scene.home.cards:
        raise StoryError(f"no card has the number {card!r}")
    return Spending(
        amount=amount,
        home=member not in away.leases,
        status="frozen" if card and scene.home.cards[card].status != "active" else "active",
        confirmed=not scene.home.member(member).unconfirmed,
        lease=away.leases.get(member),
        spent=away.seen_by(member, made.terminal, made.store),
        data_age_hours=away.age_hours(made.at.at_ms),
    )


def said(scene: Scene, allowed: Authorised) -> Iterator[str]:
    """Print what is special about an authority: a hold of the cloud, and what is overdrawn."""
    currency = scene.rules.bundle.currency
    if allowed.held:
        yield f"the cloud holds {scene.out.amount(allowed.held, currency)} for it"
    if allowed.overdraft:
        yield f"the store answers for {scene.out.amount(allowed.overdraft, currency)}"
