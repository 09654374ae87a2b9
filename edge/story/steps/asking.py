"""What a guest shows and wishes beside the goods: coupons, points, and where the sale is made."""

from typing import Any, get_args

from edge.shop.accounts import coupons
from edge.shop.ledger import POINTS
from edge.shop.operations.in_force import coupon_kinds
from edge.shop.operations.made import Made
from edge.shop.operations.redeeming import partners, redeemed
from edge.shop.pricing import Asked
from edge.shop.rules.conditions import Channel
from edge.shop.sale import CouponShown
from edge.story.deed import Phrases
from edge.story.errors import StoryError
from edge.story.scene import Scene
from edge.story.values import whole


def asked(scene: Scene, said: Phrases, buyer: str | None, made: Made) -> Asked:
    """Take `coupon C1`, `redeem 100`, `channel delivery` and `region north`."""
    shown = [_shown(scene, " ".join(words), buyer, made) for words in said.all("coupon")]
    wanted = said.say("redeem", default="0")
    policy, held = scene.rules.bundle.programme.points, scene.holdings(buyer)
    points = redeemed(policy, held, "max" if wanted == "max" else whole(wanted), made.at.date)
    channel: Any = said.say("channel", default="till")
    if channel not in get_args(Channel):
        raise StoryError(f"goods go by {', '.join(get_args(Channel))}, not by {channel!r}")
    return Asked(
        coupons=tuple(shown),
        redeem=points[POINTS].points,
        redeemable=points[POINTS].held,
        partners=partners(points),
        counters=scene.home.counters(buyer),
        catalogue=scene.shelf,
        store=made.store,
        region=said.say("region"),
        channel=channel,
        online=made.online,
    )


def _shown(scene: Scene, coupon: str, buyer: str | None, made: Made) -> CouponShown:
    holders = scene.home.holdings
    elsewhere = next((h.lots[coupon] for h in holders.values() if coupon in h.lots), None)
    kinds = coupon_kinds(scene.rules.bundle)
    terms = kinds.get(elsewhere.lot.terms) if elsewhere else None
    return coupons.shown(scene.holdings(buyer), coupon, made, elsewhere=elsewhere, terms=terms)
