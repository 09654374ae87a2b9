"""People became members, changed what is known of them, and got, lost or changed their cards.

Nothing here names a person: a name is masked, a phone number is a keyed hash and 4 digits, a
birthday has no year. `sealed` is the hash of what was sealed for the cloud alone; what it seals is
kept elsewhere, so that it can be erased.
"""

from typing import Literal

from edge.shop.accounts.cards import Status
from edge.shop.accounts.enrolment import Way
from edge.shop.accounts.people import Consent, Phone
from edge.shop.facts.sale import Deed


class MemberEnrolled(Deed, frozen=True, kw_only=True):
    """Somebody became a member: `member`, provisional until the cloud gives them another id.

    `moves` give the welcome gift.
    """

    display: str
    tier: str = ""
    phone: Phone | None = None
    birthday: str = ""
    adult: bool = False
    card: str = ""
    consents: tuple[Consent, ...]
    sealed: str = ""
    way: Way
    receipts: tuple[str, ...] = ()
    """The sales that qualified them: consumed, none of them qualifies anybody again."""
    must_keep: int = 0
    """Minor units: the welcome gift is taken back once these sales, net of returns, are worth
    less; 0 keeps it."""
    partner: str = ""
    group: str = ""
    introducer: str = ""
    """The member who brought them."""


class WelcomeReversed(Deed, frozen=True, kw_only=True):
    """The welcome gift was taken back, because a receipt that qualified the member came back."""

    sale: str
    """The sale of which something was returned."""
    worth: int
    """What the receipts that qualified the member are still worth, in minor units."""


class MemberUpdated(Deed, frozen=True, kw_only=True):
    """What is known of a member changed; None leaves it as it was, "" forgets it."""

    display: str | None = None
    phone: Phone | None = None
    birthday: str | None = None
    adult: bool | None = None
    consents: tuple[Consent, ...] = ()
    """What was agreed to, and what was withdrawn."""
    sealed: str = ""


class CardBound(Deed, frozen=True, kw_only=True):
    """A card names a member from now on."""

    card: str


class CardReplaced(Deed, frozen=True, kw_only=True):
    """A new card names the member; the number of the old one is dead for ever."""

    old: str
    new: str


class CardStateChanged(Deed, frozen=True, kw_only=True):
    """A card was frozen, unfrozen, reported lost, or activated."""

    card: str
    step: Literal["freeze", "unfreeze", "report_lost", "activate"]
    state: Status
    reason: str = ""
    batch: str = ""
    distributor: str = ""


class ReferralRewarded(Deed, frozen=True, kw_only=True):
    """A new member (`member`) and who introduced them were rewarded for a first sale."""

    reward: str
    """Its own id."""
    introducer: str
    sale: str


class ReferralReversed(Deed, frozen=True, kw_only=True):
    """Both rewards were taken back, because the sale that earned them came back."""

    introducer: str
    sale: str
    reward: str
    """The id of the reward."""
