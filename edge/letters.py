"""Facts become letters, and letters facts: the one place where shop words meet the cloud's.

It happens once, on placing: a journal page's body is the very JSON that the cloud will get. Both
sides have types of their own, so that either may change without the other; where a name or a
shape ever differs, it is translated here. A fact holds no type of the rules: what it must keep of
them it says in words of its own, so that no letter changes because a bundle may say more.
"""

from typing import Any

import msgspec

from cloud_bridge import contract as wire
from edge.shop import facts as shop

LETTERS: dict[type[shop.Fact], type[Any]] = {
    shop.SaleMade: wire.SaleFact,
    shop.ReturnMade: wire.ReturnMade,
    shop.SaleVoided: wire.SaleVoided,
    shop.MemberEnrolled: wire.MemberEnrolled,
    shop.WelcomeReversed: wire.WelcomeReversed,
    shop.MemberUpdated: wire.MemberUpdated,
    shop.CardBound: wire.CardBound,
    shop.CardReplaced: wire.CardReplaced,
    shop.CardStateChanged: wire.CardStateChanged,
    shop.ReferralRewarded: wire.ReferralRewarded,
    shop.ReferralReversed: wire.ReferralReversed,
    shop.ToppedUp: wire.ToppedUp,
    shop.CardSold: wire.CardSold,
    shop.TopUpCancelled: wire.TopUpCancelled,
    shop.CardRefunded: wire.CardRefunded,
    shop.CountCardSold: wire.CountCardSold,
    shop.CountUsed: wire.CountUsed,
    shop.CountReturned: wire.CountReturned,
    shop.CountCardGivenBack: wire.CountCardGivenBack,
    shop.HoldingsExpired: wire.HoldingsExpired,
    shop.PointsGrown: wire.PointsGrown,
    shop.PointsExchanged: wire.PointsExchanged,
    shop.ExchangeUndone: wire.ExchangeUndone,
    shop.PrizeDrawn: wire.PrizeDrawn,
    shop.DrawUndone: wire.DrawUndone,
    shop.TierReviewed: wire.TierReviewed,
    shop.TierBought: wire.TierBought,
    shop.TierRefunded: wire.TierRefunded,
    shop.OpeningBalance: wire.OpeningBalance,
    shop.ScanSessionClosed: wire.ScanSessionClosed,
    shop.BasketParked: wire.BasketParked,
    shop.BasketRecalled: wire.BasketRecalled,
    shop.FeedbackGiven: wire.FeedbackGiven,
    shop.NoticesShown: wire.NoticesShown,
    shop.DrawerCounted: wire.DrawerCounted,
    shop.RequestRefused: wire.RefusalFact,
    shop.KeyFenced: wire.FenceFact,
    shop.DayOpened: wire.DayOpened,
    shop.DayClosed: wire.DayClosed,
    shop.EpochOpened: wire.EpochOpened,
    shop.CloudReached: wire.WentOffline,
    shop.LeaseTaken: wire.LeaseTaken,
    shop.LeaseReturned: wire.LeaseReturned,
    shop.HomeMoved: wire.HomeMoved,
    shop.ExceptionResolved: wire.ExceptionResolved,
    shop.SignedOn: wire.SignedOn,
    shop.SignedOff: wire.SignedOff,
    shop.PinDelayed: wire.PinDelayed,
    shop.RequestApproved: wire.RequestApproved,
    shop.Recovered: wire.RecoveredFact,
}
"""Each fact by its own type, though one may be a special case of another."""

KINDS = {fact: str(letter.__struct_config__.tag) for fact, letter in LETTERS.items()}
"""What a page's kind says of the fact it holds."""

_FACTS = {letter: fact for fact, letter in LETTERS.items()}
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(wire.FactBody).decode


def write(fact: shop.Fact) -> tuple[str, bytes]:
    """Return a fact's kind and its JSON, for the journal that the cloud gets to read.

    What was done for practice never gets there: an assertion.
    """
    assert not is_training(fact), "what is done for practice is forwarded to nobody"
    return _written(fact)


def write_training(fact: shop.Fact) -> tuple[str, bytes]:
    """Return a fact's kind and its JSON, for the journal of practice: no real deed gets there."""
    assert is_training(fact) or not isinstance(fact, shop.Deed), "a real deed is no practice"
    return _written(fact)


def is_training(fact: shop.Fact) -> bool:
    """Tell whether a fact is a deed that was done for practice."""
    return isinstance(fact, shop.Deed) and fact.training


def _written(fact: shop.Fact) -> tuple[str, bytes]:
    letter = msgspec.convert(fact, LETTERS[type(fact)], from_attributes=True)
    return KINDS[type(fact)], _encode(letter)


def read(body: bytes) -> shop.Fact:
    """Return the fact that `write` put down.

    Raises msgspec.MsgspecError or UnicodeError for what is no letter.
    """
    letter = _decode(body)
    return msgspec.convert(letter, _FACTS[type(letter)], from_attributes=True)


def taken_back(letter: wire.Envelope, sale: str) -> shop.TakenBack | None:
    """Return what of a sale another box took back, None for a letter that says nothing of it."""
    fact = of_another(letter)
    return fact if isinstance(fact, shop.TakenBack) and fact.sale == sale else None


def of_another(letter: wire.Envelope) -> shop.Fact | None:
    """Return a fact of another box, also one that it had lost; None if the letter is not sound."""
    first = wire.original(letter)
    if not (wire.check(letter) and wire.check(first)):
        return None
    try:
        return read(bytes(first.body))
    except (msgspec.MsgspecError, UnicodeError):
        return None


_NO_DEED = shop.Deed(
    receipt="", business_date="", store="", terminal="", lane=None, cashier="", seller=None,
    member=None, bundle="", postings=(),
)  # fmt: skip


def recovered(lost: wire.Envelope) -> shop.Recovered:
    """Return the fact that a lost page of this box has come back.

    Raises msgspec.MsgspecError or UnicodeError if the page holds no letter.
    """
    fact = read(bytes(lost.body))
    deed = fact if isinstance(fact, shop.Deed) else _NO_DEED
    moved = {name: getattr(deed, name) for name in shop.Deed.__struct_fields__}
    return shop.Recovered(
        **{**moved, "receipt": "", "afterwards": shop.NOTHING_KNOWN},
        epoch=lost.epoch, sequence=lost.sequence, at=lost.at, origin=lost.origin, key=lost.key,
        content=lost.content, kind=lost.kind, body=bytes(lost.body).decode(),
        answer=lost.answer, previous=lost.previous, hash=lost.hash,
    )  # fmt: skip
