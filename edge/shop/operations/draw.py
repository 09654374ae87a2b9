"""Draw: one ticket of a prize draw, paid for with points, decided by a seed that is kept."""

from collections.abc import Mapping

import msgspec

from edge.shop.accounts import draws, points, rewards
from edge.shop.accounts.draws import Draw, Prize
from edge.shop.accounts.lots import Holdings, Move
from edge.shop.declined import Declined
from edge.shop.facts.coupons import PrizeDrawn
from edge.shop.ledger import POINTS, entry
from edge.shop.member import Member
from edge.shop.operations.in_force import InForce, coupon_kinds, said
from edge.shop.operations.made import Made


class DrawAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket of a draw. `home` says whether this box is the home of the member's points."""

    draw: str
    home: bool = True


def draw(
    asked: DrawAsked,
    member: Member,
    seed: int,
    given: Mapping[str, int],
    rules: InForce,
    holdings: Holdings,
    made: Made,
) -> PrizeDrawn | Declined:
    """Return the fact of a drawn ticket, or why not.

    `seed` is a fair number from 0 to the draw's tickets - 1, drawn for this ticket alone; `given`
    says how many of each prize are given already. Declined: E-UNKNOWN-OFFER, E-NEEDS-CLOUD away
    from the points' home, E-UNCONFIRMED, E-POINTS-SHORT {points}.
    """
    terms = find(asked.draw, rules)
    if terms is None:
        return Declined("E-UNKNOWN-OFFER")
    if not asked.home:
        return Declined("E-NEEDS-CLOUD")
    if member.unconfirmed:
        return Declined("E-UNCONFIRMED")
    alive = points.alive(rules.bundle.programme.points, holdings, made.at.date)
    spent = points.spend(alive, POINTS, terms.points, made.at.date)
    if isinstance(spent, Declined):
        return spent
    prize = draws.won(terms, seed, given)
    moves = (*spent, *(_awarded(prize, member.id, rules, made) if prize else ()))
    at_seed = draws.prize_at(terms, seed)
    return PrizeDrawn(
        **said(made, rules),
        member=member.id,
        ticket=made.deed,
        draw=terms.id,
        seed=seed,
        given=given.get(at_seed.id, 0) if at_seed else 0,
        prize=prize.id if prize else "",
        product=prize.product if prize else "",
        points=terms.points,
        postings=entry(*rewards.legs(moves, holdings)),
        moves=moves,
    )


def find(name: str, rules: InForce) -> Draw | None:
    """Return the draw with this id, for whoever draws the seed."""
    return next((terms for terms in rules.bundle.programme.draws if terms.id == name), None)


def _awarded(prize: Prize, member: str, rules: InForce, made: Made) -> tuple[Move, ...]:
    giving = rewards.Giving(
        deed=made.deed,
        member=member,
        today=made.at.date,
        kinds=coupon_kinds(rules.bundle),
        issuer=rules.bundle.programme.issuer,
        home=made.store,
    )
    return rewards.give(prize.reward, giving)
