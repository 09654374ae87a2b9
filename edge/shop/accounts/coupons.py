"""Coupons: given with a type, held as lots, used one by one, and judged when shown at a till.

A coupon is one lot of the unit CPN: what is in it are its uses, its `terms` name its type, which
is the bundle's rule of kind `coupon` with that id. It is issued by a sale, a top-up, an enrolment
or the cloud; a use takes one out; a return puts it back, but only until the coupon's own expiry;
and when the deed that issued it is undone, what is left of it is voided.
"""

from typing import Literal, Protocol

from edge.shop.accounts.expiry import is_over
from edge.shop.accounts.lots import COUPON, Held, Holdings, Lot, Move
from edge.shop.calendar import Moment, plus_days
from edge.shop.sale import CouponShown


class CouponTerms(Protocol):
    """What a type of coupon declares; the bundle's rules of kind `coupon` do."""

    @property
    def id(self) -> str:
        """The type of the coupon: the id of its rule."""

    @property
    def uses(self) -> int:
        """How often one coupon may be used."""

    @property
    def valid_days(self) -> int | None:
        """How many days after the day of issue it may still be used; None sets no such end."""

    @property
    def valid_until(self) -> str | None:
        """The last day on which any coupon of the type may be used; None sets no such end."""

    @property
    def transferable(self) -> bool:
        """Whether anybody may use it, not only the member who holds it."""

    @property
    def off_home(self) -> Literal["accept", "ask"]:
        """What another box than its home does while the cloud cannot be asked.

        With `accept` it takes the coupon all the same, at the risk that it was used elsewhere.
        """


class Place(Protocol):
    """Where and when a coupon is shown: the circumstances of a deed say all of it."""

    @property
    def store(self) -> str:
        """The store at whose till it is shown."""

    @property
    def at(self) -> Moment:
        """When."""

    @property
    def online(self) -> bool:
        """Whether the cloud can be asked about coupons whose home is elsewhere."""


def issue(
    terms: CouponTerms, deed: str, number: int, member: str, today: str, *, home: str = ""
) -> Move:
    """Return the move that opens the coupon `deed`#`number` with all its uses.

    `home` is the store whose box may accept it without asking; "" is every store.
    """
    lot = Lot(
        id=f"{deed}#{number}",
        member=member,
        unit=COUPON,
        opened=today,
        active_from=today,
        expires=last_day(terms, today),
        terms=terms.id,
        origin=deed,
        home=home,
    )
    return Move(lot=lot.id, amount=terms.uses, opens=lot)


def last_day(terms: CouponTerms, today: str) -> str:
    """Return the last day of a coupon issued today, "" for never: the earlier of the two ends."""
    ends = [terms.valid_until] if terms.valid_until else []
    if terms.valid_days is not None:
        ends.append(plus_days(today, terms.valid_days))
    return min(ends, default="")


def use(held: Held) -> Move:
    """Return the move of one use. That there is one left is judged before: an assertion."""
    assert held.left > 0, f"coupon {held.lot.id} is used up"
    return Move(lot=held.lot.id, amount=-1)


def restore(held: Held, today: str, *, undone: bool = False) -> Move | None:
    """Return the move that gives one use back, or None when it is past its last day.

    `undone` says that the deed that issued it was itself undone meanwhile: then nothing comes
    back, or a coupon would outlive the sale it was given for.
    """
    return None if undone or is_over(held, today) else Move(lot=held.lot.id, amount=1)


def void(held: Held) -> Move | None:
    """Return the move that takes back what is left, or None if nothing is.

    For a coupon whose issuing deed is undone. What was used before stays used.
    """
    return Move(lot=held.lot.id, amount=-held.left) if held.left else None


def shown(
    holdings: Holdings,
    coupon: str,
    place: Place,
    *,
    elsewhere: Held | None = None,
    terms: CouponTerms | None = None,
) -> CouponShown:
    """Return whether the coupon with this id may be used here and now, else why not.

    `holdings` are those of who shows it. A coupon that is not among them may be known from
    somebody else's: then it is `elsewhere`, and usable only if its `terms` let it be passed on.
    Without `terms` a coupon is nobody else's, and is asked about away from home.
    """
    held = holdings.lots.get(coupon, elsewhere)
    if held is None or held.lot.unit != COUPON:
        return CouponShown(id=coupon, type="", usable=False, reason="R-COUPON-UNKNOWN")
    yours = coupon in holdings.lots or (terms is not None and terms.transferable)
    risked = terms is not None and terms.off_home == "accept"
    reason = _obstacle(held, place, risked=risked) if yours else "R-COUPON-NOT-YOURS"
    return CouponShown(id=coupon, type=held.lot.terms, usable=not reason, reason=reason)


def away(held: Held, place: Place) -> bool:
    """Tell whether nobody can say here and now if a coupon was used elsewhere."""
    return held.lot.home not in {"", place.store} and not place.online


def _obstacle(held: Held, place: Place, *, risked: bool) -> str:
    """Return what stands in the way of a coupon that may be shown by this guest, "" for nothing.

    A coupon that is used up says so even after its last day: it is the truer reason. `risked`
    coupons are accepted away from home without asking.
    """
    if held.left <= 0:
        return "R-COUPON-USED"
    if is_over(held, place.at.date):
        return "R-COUPON-EXPIRED"
    if place.at.date < held.lot.active_from:
        return "R-COUPON-NOT-YET"
    return "R-COUPON-NOT-HERE" if away(held, place) and not risked else ""
