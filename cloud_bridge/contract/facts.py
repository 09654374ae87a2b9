"""The bodies of facts: one journal page's body is the JSON of one of these, by its tag.

A tag's version changes when a box that writes it and a cloud that reads it could misunderstand
each other. A letter says all that is needed by itself: nothing in it grows because rules do.
"""

from cloud_bridge.contract.counter import (
    BasketParked,
    BasketRecalled,
    DrawerCounted,
    FeedbackGiven,
    NoticesShown,
    ScanSessionClosed,
)
from cloud_bridge.contract.leases import HomeMoved, LeaseReturned, LeaseTaken
from cloud_bridge.contract.members import (
    CardBound,
    CardReplaced,
    CardStateChanged,
    MemberEnrolled,
    MemberUpdated,
    ReferralReversed,
    ReferralRewarded,
    WelcomeReversed,
)
from cloud_bridge.contract.opening import OpeningBalance
from cloud_bridge.contract.points import (
    DrawUndone,
    ExchangeUndone,
    HoldingsExpired,
    PointsExchanged,
    PointsGrown,
    PrizeDrawn,
)
from cloud_bridge.contract.prepaid import (
    CardRefunded,
    CardSold,
    CountCardGivenBack,
    CountCardSold,
    CountReturned,
    CountUsed,
    ToppedUp,
    TopUpCancelled,
)
from cloud_bridge.contract.recovered import RecoveredFact
from cloud_bridge.contract.returns import ReturnMade, SaleVoided
from cloud_bridge.contract.sale import SaleFact
from cloud_bridge.contract.staff import PinDelayed, RequestApproved, SignedOff, SignedOn
from cloud_bridge.contract.tiers import TierBought, TierRefunded, TierReviewed
from cloud_bridge.contract.words import Words


class RefusalFact(Words, frozen=True, kw_only=True, tag="refusal.v1"):
    """A request that was understood and refused; it binds its key."""

    terminal: str
    operation: str
    code: str


class FenceFact(Words, frozen=True, kw_only=True, tag="fence.v1"):
    """A key was asked for and was not known: from now on it never happens."""

    terminal: str


class DayOpened(Words, frozen=True, kw_only=True, tag="day_opened.v1"):
    """A business day begins: facts after this one belong to it."""

    business_date: str


class DayClosed(Words, frozen=True, kw_only=True, tag="day_closed.v1"):
    """A business day is over; `totals` is its report's digest, "" if nobody closed it by hand.

    At that time the cloud did not know `unsent` facts yet, which leaves out what came back from
    it; what those sold, less what they took back, comes to `unsent_amount` minor units.
    """

    business_date: str
    totals: str = ""
    unsent: int = 0
    unsent_amount: int = 0
    cashier: str = ""
    """Who closed it, "" where the box did because the next day had come."""
    approved_by: str | None = None


class EpochOpened(Words, frozen=True, kw_only=True, tag="epoch_opened.v1"):
    """The journal begins, or begins again after a restore or a clone."""

    ordinal: int
    nonce: str
    parent_ordinal: int | None
    parent_sequence: int
    parent_head: str
    software: str
    opened_at: int = 0
    """When it was opened; the page's own time may be earlier."""


class WentOffline(Words, frozen=True, kw_only=True, tag="offline.v1"):
    """The cloud stopped answering (`online` false), or answers again (true)."""

    online: bool


class ExceptionResolved(Words, frozen=True, kw_only=True, tag="exception_resolved.v1"):
    """Somebody looked at what the cloud did not simply accept, and said what is done about it.

    It moves nothing: whoever is charged or refunded for it is charged by a deed of its own.
    """

    sequence: int
    page: str
    """The fact that the exception is about: its place, and its page's digest."""
    kind: str
    choice: str
    by: str
    note: str = ""


FactBody = (
    SaleFact
    | ReturnMade
    | SaleVoided
    | MemberEnrolled
    | WelcomeReversed
    | MemberUpdated
    | CardBound
    | CardReplaced
    | CardStateChanged
    | ReferralRewarded
    | ReferralReversed
    | ToppedUp
    | CardSold
    | TopUpCancelled
    | CardRefunded
    | CountCardSold
    | CountUsed
    | CountReturned
    | CountCardGivenBack
    | HoldingsExpired
    | PointsGrown
    | PointsExchanged
    | ExchangeUndone
    | PrizeDrawn
    | DrawUndone
    | TierReviewed
    | TierBought
    | TierRefunded
    | OpeningBalance
    | ScanSessionClosed
    | BasketParked
    | BasketRecalled
    | FeedbackGiven
    | NoticesShown
    | DrawerCounted
    | RefusalFact
    | FenceFact
    | DayOpened
    | DayClosed
    | EpochOpened
    | WentOffline
    | LeaseTaken
    | LeaseReturned
    | HomeMoved
    | ExceptionResolved
    | SignedOn
    | SignedOff
    | PinDelayed
    | RequestApproved
    | RecoveredFact
)
