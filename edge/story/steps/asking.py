"""What a guest shows and wishes beside the goods: coupons, points, and where the sale is made."""

from typing import Any, get_args

from edge.shop.accounts import coupons, points
from edge.shop.accounts.lots import Holdings
from edge.shop.declined import Declined
from edge.shop.ledger import POINTS
from edge.shop.operations.in_force import coupon_kinds
from edge.shop.operations.made import Made
from edge.shop.pricing import Asked
from edge.shop.pricing.asked import PointsAsked
from edge.shop.rules.conditions import Channel
from edge.shop.sale import CouponShown
from edge.story.deed import Phrases
from edge.story.errors import StoryError
from edge.story.scene import Scene
from edge.story.values import whole


def asked(scene: Scene, said: Phrases, buyer: str | None, made: Made) -> Asked:
    """Take `coupon C1`, `redeem 100`, `channel delivery` and `region north`."""
    shown = [_shown(scene, " ".join(words), buyer, made) for words in said.all("coupon")]
    redeemed = _redeemed(scene, said, scene.holdings(buyer), made.at.date)
    channel: Any = said.say("channel", default="till")
    if channel not in get_args(Channel):
        raise StoryError(f"goods go by {', '.join(get_args(Channel))}, not by {channel!r}")
    return Asked(
        coupons=tuple(shown),
        redeem=redeemed[POINTS].points,
        redeemable=redeemed[POINTS].held,
        partners={unit.partition(".")[2]: said for unit, said in redeemed.items() if "." in unit},
        counters=scene.home.counters(buyer),
        catalogue=scene.shelf,
        store=made.store,
        region=said.say("region"),
        channel=channel,
        online=made.online,
    )


def _redeemed(
    scene: Scene, said: Phrases, holdings: Holdings, today: str
) -> dict[str, PointsAsked]:
    """Read `redeem 600`: of all points there are, those that expire first; or `redeem max`."""
    policy = scene.rules.bundle.programme.points
    holdings = points.alive(policy, holdings, today)
    held = {unit: points.redeemable(holdings, unit, today) for unit in policy.units}
    wanted = said.say("redeem", default="0")
    if wanted == "max":
        return {unit: PointsAsked("max", held[unit]) for unit in policy.units}
    possible = min(whole(wanted), sum(held.values()))
    asked = dict.fromkeys(policy.units, 0)
    asked[POINTS] += whole(wanted) - possible
    moves = points.spend(holdings, policy.units, possible, today)
    assert not isinstance(moves, Declined), "no more is spent than there is"
    for move in moves:
        asked[holdings.lot(move).unit] -= move.amount
    return {unit: PointsAsked(asked[unit], held[unit]) for unit in policy.units}


def _shown(scene: Scene, coupon: str, buyer: str | None, made: Made) -> CouponShown:
    holders = scene.home.holdings
    elsewhere = next((h.lots[coupon] for h in holders.values() if coupon in h.lots), None)
    kinds = coupon_kinds(scene.rules.bundle)
    terms = kinds.get(elsewhere.lot.terms) if elsewhere else None
    return coupons.shown(scene.holdings(buyer), coupon, made, elsewhere=elsewhere, terms=terms)
