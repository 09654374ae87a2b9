"""Who somebody is and what they hold, as a terminal reads it."""

from collections.abc import Iterator, Sequence
from typing import Literal

from drivers import terminal as words
from edge.refusals import Language
from edge.replies.stamp import pick
from edge.shop.accounts import points
from edge.shop.accounts.lots import COUPON, PRINCIPAL, Held, Holdings
from edge.shop.accounts.notices import Shown
from edge.shop.bundle import Bundle
from edge.shop.ledger import BONUS, COUNTS
from edge.shop.member import Member
from edge.shop.operations.check_coupon import CouponChecked

_SAID = {"PTS": 0, BONUS: 1, PRINCIPAL: 1, COUNTS: 2, COUPON: 3}
"""In which order units are told."""


def identified(
    member: Member,
    held: int,
    as_of: words.AsOf,
    notices: Sequence[Shown] = (),
    lang: Language = "zh",
) -> words.Identified:
    """Return who a member is; `held` are their points."""
    return words.Identified(
        member=member.id,
        display=member.display,
        tier=member.tier,
        points=held,
        as_of=as_of,
        unconfirmed=member.unconfirmed,
        notices=tuple(
            [
                words.NoticeShown(
                    notice=one.notice, text=pick(lang, one.text_zh, one.text_en), link=one.link
                )
                for one in notices
            ]
        ),
    )


def balances(
    member: Member,
    held: int,
    holdings: Holdings,
    bundle: Bundle | None,
    today: str,
    as_of: words.AsOf,
) -> words.Balances:
    """Return what a member holds: `held` points in all, and the lots that are here."""
    alive, spendable = holdings, 0
    if bundle is not None:
        policy = bundle.programme.points
        alive = points.alive(policy, holdings, today)
        spendable = sum(points.redeemable(alive, unit, today) for unit in policy.units)
    return words.Balances(
        member=member.id,
        display=member.display,
        points=held,
        as_of=as_of,
        tier=member.tier,
        principal=_alive(alive, PRINCIPAL, today),
        bonus=_alive(alive, BONUS, today),
        uses=_alive(alive, COUNTS, today),
        coupons=_alive(alive, COUPON, today),
        points_spendable=spendable,
        lots=tuple(_lots(alive, today)),
    )


def _alive(holdings: Holdings, unit: str, today: str) -> int:
    return sum([held.left for held in holdings.spendable(unit, today)])


def _lots(holdings: Holdings, today: str) -> Iterator[words.HeldLot]:
    """Yield what is not over yet, unit by unit, each in the order in which it is spent."""
    units = {held.lot.unit for held in holdings.lots.values()}
    for unit in sorted(units, key=lambda name: (_SAID.get(name[:3], 0), name)):
        for held in holdings.of(unit):
            over = bool(held.lot.expires) and held.lot.expires < today
            if held.left and (held.left < 0 or not over):
                yield _lot(held, today)


def _lot(held: Held, today: str) -> words.HeldLot:
    lot = held.lot
    state: Literal["pending", "active", "debt"] = "active"
    if held.left < 0:
        state = "debt"
    elif today < lot.active_from:
        state = "pending"
    return words.HeldLot(
        lot=lot.id, unit=lot.unit, amount=held.left, state=state, active_from=lot.active_from,
        expires=lot.expires, terms=lot.terms,
    )  # fmt: skip


def coupon_checked(
    checked: CouponChecked, lang: Language, as_of: words.AsOf
) -> words.CouponChecked:
    """Return what is known of a coupon."""
    worth, shown = checked.worth, checked.shown
    return words.CouponChecked(
        coupon=shown.id,
        type=shown.type,
        name=pick(lang, worth.name_zh, worth.name_en) if worth else "",
        usable=shown.usable,
        reason=shown.reason,
        uses_left=checked.uses_left,
        expires=checked.expires,
        as_of=as_of,
    )
