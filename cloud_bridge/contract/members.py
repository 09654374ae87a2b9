"""People became members, changed what is known of them, and got, lost or changed their cards.

Nothing here names a person. `sealed` is the hash of what was sealed for the cloud's eyes alone
and travels apart, so that it can be erased.
"""

from cloud_bridge.contract.deed import DeedFact
from cloud_bridge.contract.words import Words


class Phone(Words, frozen=True, kw_only=True):
    """A phone number: keyed hash of the E.164 number (HMAC-SHA-256), and its last 4 digits."""

    hash: str
    last4: str


class Consent(Words, frozen=True, kw_only=True):
    """What a member agreed to (or withdrew), and to which version of its text."""

    to: str
    version: str
    given: bool


class MemberEnrolled(DeedFact, frozen=True, kw_only=True, tag="enrolment.v1"):
    """Somebody became a member, under a provisional id until the cloud gives them another."""

    display: str
    """The name as screens may show it, masked."""
    tier: str
    phone: Phone | None
    birthday: str
    """MM-DD, by the lunar calendar LMM-DD, "" for not known; never a year."""
    adult: bool
    card: str
    consents: tuple[Consent, ...]
    sealed: str
    way: str
    """How they qualified: open, once, accumulated, partner or group."""
    receipts: tuple[str, ...]
    """The sales that qualified them; none of them qualifies anybody again."""
    must_keep: int
    """The welcome gift is taken back once these sales, net of returns, are worth less; 0 never."""
    partner: str
    group: str
    introducer: str


class WelcomeReversed(DeedFact, frozen=True, kw_only=True, tag="welcome_reversed.v1"):
    """The welcome gift was taken back: what qualified the member is worth only `worth` now."""

    sale: str
    worth: int


class MemberUpdated(DeedFact, frozen=True, kw_only=True, tag="member_updated.v1"):
    """What is known of a member changed; null leaves it as it was, "" forgets it."""

    display: str | None
    phone: Phone | None
    birthday: str | None
    adult: bool | None
    consents: tuple[Consent, ...]
    sealed: str


class CardBound(DeedFact, frozen=True, kw_only=True, tag="card_bound.v1"):
    """A card names a member from now on."""

    card: str


class CardReplaced(DeedFact, frozen=True, kw_only=True, tag="card_replaced.v1"):
    """A new card names the member; the number of the old one is dead for ever."""

    old: str
    new: str


class CardStateChanged(DeedFact, frozen=True, kw_only=True, tag="card_state_changed.v1"):
    """A card was frozen, unfrozen, reported lost, or activated."""

    card: str
    step: str
    """freeze, unfreeze, report_lost or activate."""
    state: str
    """What it is now: inactive, active, frozen, lost or dead."""
    reason: str
    batch: str
    distributor: str


class ReferralRewarded(DeedFact, frozen=True, kw_only=True, tag="referral_rewarded.v1"):
    """A new member and who introduced them were rewarded for a first sale."""

    reward: str
    """Its own id."""
    introducer: str
    sale: str


class ReferralReversed(DeedFact, frozen=True, kw_only=True, tag="referral_reversed.v1"):
    """Both rewards were taken back, because the sale that earned them came back."""

    introducer: str
    sale: str
    reward: str
