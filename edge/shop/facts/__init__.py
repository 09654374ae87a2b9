"""What a shop remembers for ever: facts. They are made, never changed."""

from edge.shop.facts.after import NOTHING_KNOWN, After
from edge.shop.facts.box import (
    CloudReached,
    DayClosed,
    DayOpened,
    EpochOpened,
    ExceptionResolved,
    KeyFenced,
    RequestRefused,
)
from edge.shop.facts.counter import (
    BasketParked,
    BasketRecalled,
    FeedbackGiven,
    NoticesShown,
    ScanSessionClosed,
)
from edge.shop.facts.counts import CountCardGivenBack, CountCardSold, CountReturned, CountUsed
from edge.shop.facts.coupons import DrawUndone, ExchangeUndone, PointsExchanged, PrizeDrawn
from edge.shop.facts.day import DrawerCounted
from edge.shop.facts.leases import (
    HomeMoved,
    LeaseReturned,
    LeaseTaken,
    Relocated,
    UnitTotal,
)
from edge.shop.facts.members import (
    CardBound,
    CardReplaced,
    CardStateChanged,
    MemberEnrolled,
    MemberUpdated,
    ReferralReversed,
    ReferralRewarded,
    WelcomeReversed,
)
from edge.shop.facts.opening import OpeningBalance
from edge.shop.facts.points import HoldingsExpired, PointsGrown
from edge.shop.facts.recovered import Recovered
from edge.shop.facts.returns import ReturnMade, SaleVoided, TakenBack
from edge.shop.facts.sale import Deed, SaleMade, SoldLine
from edge.shop.facts.staff import PinDelayed, RequestApproved, SignedOff, SignedOn
from edge.shop.facts.tiers import TierBought, TierRefunded, TierReviewed
from edge.shop.facts.value import CardRefunded, CardSold, ToppedUp, TopUpCancelled

Fact = (
    CardRefunded
    | CardSold
    | CountCardGivenBack
    | CountCardSold
    | CountReturned
    | CountUsed
    | ToppedUp
    | TopUpCancelled
    | HoldingsExpired
    | PointsGrown
    | PointsExchanged
    | ExchangeUndone
    | PrizeDrawn
    | DrawUndone
    | CardBound
    | CardReplaced
    | CardStateChanged
    | MemberEnrolled
    | MemberUpdated
    | ReferralReversed
    | ReferralRewarded
    | WelcomeReversed
    | TierBought
    | TierRefunded
    | TierReviewed
    | OpeningBalance
    | SaleMade
    | ReturnMade
    | SaleVoided
    | ScanSessionClosed
    | BasketParked
    | BasketRecalled
    | FeedbackGiven
    | NoticesShown
    | RequestRefused
    | KeyFenced
    | DayOpened
    | DayClosed
    | DrawerCounted
    | EpochOpened
    | CloudReached
    | LeaseTaken
    | LeaseReturned
    | HomeMoved
    | ExceptionResolved
    | SignedOn
    | SignedOff
    | PinDelayed
    | RequestApproved
    | Recovered
)

__all__ = [
    "NOTHING_KNOWN",
    "After",
    "BasketParked",
    "BasketRecalled",
    "CardBound",
    "CardRefunded",
    "CardReplaced",
    "CardSold",
    "CardStateChanged",
    "CloudReached",
    "CountCardGivenBack",
    "CountCardSold",
    "CountReturned",
    "CountUsed",
    "DayClosed",
    "DayOpened",
    "Deed",
    "DrawUndone",
    "DrawerCounted",
    "EpochOpened",
    "ExceptionResolved",
    "ExchangeUndone",
    "Fact",
    "FeedbackGiven",
    "HoldingsExpired",
    "HomeMoved",
    "KeyFenced",
    "LeaseReturned",
    "LeaseTaken",
    "MemberEnrolled",
    "MemberUpdated",
    "NoticesShown",
    "OpeningBalance",
    "PinDelayed",
    "PointsExchanged",
    "PointsGrown",
    "PrizeDrawn",
    "Recovered",
    "ReferralReversed",
    "ReferralRewarded",
    "Relocated",
    "RequestApproved",
    "RequestRefused",
    "ReturnMade",
    "SaleMade",
    "SaleVoided",
    "ScanSessionClosed",
    "SignedOff",
    "SignedOn",
    "SoldLine",
    "TakenBack",
    "TierBought",
    "TierRefunded",
    "TierReviewed",
    "TopUpCancelled",
    "ToppedUp",
    "UnitTotal",
    "WelcomeReversed",
]
