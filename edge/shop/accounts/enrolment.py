"""Enrolment: who may become a member, on what evidence, and what they are welcomed with.

A programme is open to everybody, or asks for a purchase, for several in a window, for the card of
another merchant or for a name on a group's list; one way is enough. Purchases are shown as earlier
receipts, net of what was returned of them, and each receipt counts once ever: those that made
somebody a member are consumed.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from edge.shop.accounts.declared import Amount, Days, Declared, Name
from edge.shop.accounts.rewards import Reward
from edge.shop.calendar import plus_days
from edge.shop.declined import Declined

Way = Literal["open", "once", "accumulated", "partner", "group"]
"""How somebody qualified."""


class Enrolment(Declared, frozen=True, kw_only=True):
    """The terms of enrolment. With no way declared, everybody may join."""

    once: Amount = 0
    """One receipt of at least so much qualifies; 0 is no way in."""
    accumulated: Amount = 0
    """Receipts of at least so much together qualify; 0 is no way in."""
    window_days: Days = 0
    """Receipts count from so many days before today on; 0 sets no limit."""
    partners: tuple[Name, ...] = ()
    """Merchants whose card qualifies by itself."""
    groups: tuple[Name, ...] = ()
    """Groups (a company, a school) whose listed people qualify."""
    consents: tuple[Name, ...] = ()
    """What must be agreed to."""
    adults_only: bool = False
    welcome: Reward = Reward()
    after_return: Literal["keep", "reverse_gift"] = "keep"
    """What a return does that takes the evidence below what was asked: nothing, or the welcome
    gift is taken back. A member stays a member either way."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier receipt that is shown: what it was about, `net` of what was returned since."""

    sale: str
    date: str
    net: int
    member: str = ""
    """Whose purchase it already was, "" for a guest's."""
    consumed_by: str = ""
    """Whom it already made a member, "" for nobody."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """All that is shown to qualify."""

    receipts: tuple[Evidence, ...] = ()
    partner: str = ""
    group: str = ""
    """A group on whose list the person was found."""


class Qualified(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody qualified, and with which receipts, which are thereby consumed."""

    way: Way
    receipts: tuple[str, ...] = ()
    must_keep: int = 0
    """Minor units: the welcome gift is taken back once the receipts, net of returns, are worth
    less. 0 is a gift that is kept whatever comes back."""


def qualify(terms: Enrolment, shown: Shown, today: str) -> Qualified | Declined:
    """Return how somebody qualifies, or why not.

    E-RECEIPT-USED for a receipt that was a member's, or counted before, or is shown twice;
    E-NOT-QUALIFIED with how much `more` it takes (minor units; 0 where no purchase helps).
    One receipt that suffices is consumed alone: the earliest, then by id. Ways that cost nothing
    come first, so that no receipt is consumed in vain.
    """
    used = _used(shown.receipts)
    if used:
        return Declined("E-RECEIPT-USED", {"receipt": used})
    if not (terms.once or terms.accumulated or terms.partners or terms.groups):
        return Qualified(way="open")
    if shown.partner in terms.partners:
        return Qualified(way="partner")
    if shown.group in terms.groups:
        return Qualified(way="group")
    receipts = sorted(_in_window(terms, shown.receipts, today), key=lambda r: (r.date, r.sale))
    reverses = terms.after_return == "reverse_gift"
    for receipt in receipts:
        if terms.once and receipt.net >= terms.once:
            must_keep = terms.once if reverses else 0
            return Qualified(way="once", receipts=(receipt.sale,), must_keep=must_keep)
    if terms.accumulated and sum(receipt.net for receipt in receipts) >= terms.accumulated:
        must_keep = terms.accumulated if reverses else 0
        names = tuple([receipt.sale for receipt in receipts])
        return Qualified(way="accumulated", receipts=names, must_keep=must_keep)
    return Declined("E-NOT-QUALIFIED", {"more": _more(terms, receipts)})


def _used(receipts: Sequence[Evidence]) -> str:
    seen: set[str] = set()
    for receipt in receipts:
        if receipt.consumed_by or receipt.member or receipt.sale in seen:
            return receipt.sale
        seen.add(receipt.sale)
    return ""


def _in_window(terms: Enrolment, receipts: Sequence[Evidence], today: str) -> list[Evidence]:
    first = plus_days(today, -terms.window_days) if terms.window_days else ""
    return [receipt for receipt in receipts if receipt.net > 0 and first <= receipt.date <= today]


def _more(terms: Enrolment, receipts: Sequence[Evidence]) -> int:
    """How much more it takes by the nearer way: another receipt, or more of them."""
    missing = [terms.once] if terms.once else []
    if terms.accumulated:
        missing.append(terms.accumulated - sum(receipt.net for receipt in receipts))
    return min(missing, default=0)
