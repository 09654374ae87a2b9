"""Conditions on who buys: member, tier, tag, partner, age, and how often they came before."""

from typing import Annotated, Literal

from msgspec import Meta

from edge.shop.member import Member
from edge.shop.rules.conditions.condition import Condition, Miss, Names, Scene
from edge.shop.rules.running import Running, Selection


class OfMember(Condition, frozen=True, kw_only=True):
    """Base of the conditions that only a member can meet: R-NEEDS-MEMBER for a guest."""

    def missing(self, scene: Scene, running: Running, selection: Selection) -> Miss | None:
        """Return R-NEEDS-MEMBER for a guest, else what this member is short of."""
        if scene.member is None:
            return Miss("R-NEEDS-MEMBER")
        return self.short_of(scene.member, scene)

    def short_of(self, member: Member, scene: Scene) -> Miss | None:
        """Return what stands in this member's way."""
        raise NotImplementedError


class IsMember(OfMember, frozen=True, kw_only=True, tag="member"):
    """A member buys."""

    def short_of(self, member: Member, scene: Scene) -> Miss | None:
        """Return None: any member will do."""
        return None


class HasTier(OfMember, frozen=True, kw_only=True, tag="tier"):
    """A member of one of these tiers buys."""

    any_of: Names

    def short_of(self, member: Member, scene: Scene) -> Miss | None:
        """Return R-NEEDS-TIER for a member of another tier."""
        if member.tier in self.any_of:
            return None
        return Miss("R-NEEDS-TIER", {"tiers": ", ".join(self.any_of)})


class HasTag(OfMember, frozen=True, kw_only=True, tag="tag"):
    """A member buys who carries one of these tags, segments or RFM classes."""

    any_of: Names

    def short_of(self, member: Member, scene: Scene) -> Miss | None:
        """Return R-NEEDS-TAG for a member who carries none of them."""
        if any(tag in self.any_of for tag in member.tags):
            return None
        return Miss("R-NEEDS-TAG", {"tags": ", ".join(self.any_of)})


class OfPartner(OfMember, frozen=True, kw_only=True, tag="partner"):
    """A member of one of these alliance partners buys."""

    any_of: Names

    def short_of(self, member: Member, scene: Scene) -> Miss | None:
        """Return R-NEEDS-PARTNER for our own members and those of other partners."""
        if member.partner in self.any_of:
            return None
        return Miss("R-NEEDS-PARTNER", {"partners": ", ".join(self.any_of)})


class IsAdult(OfMember, frozen=True, kw_only=True, tag="adult"):
    """A member buys who is known to be of age."""

    def short_of(self, member: Member, scene: Scene) -> Miss | None:
        """Return R-NEEDS-ADULT unless the member is flagged as an adult."""
        return None if member.adult else Miss("R-NEEDS-ADULT")


class _Counted(OfMember, frozen=True, kw_only=True):
    """Base of the conditions on the number of purchases, which only the cloud knows for sure.

    Offline the number may be old: `allow` goes on by what this box knows, `deny` asks for the
    cloud. A number that nobody knows always asks for the cloud.
    """

    offline: Literal["allow", "deny"] = "allow"

    def short_of(self, member: Member, scene: Scene) -> Miss | None:
        """Return R-NEEDS-CLOUD if the number is not to be trusted, else what is wrong with it."""
        known = scene.online or self.offline == "allow"
        if member.purchases is None or not known:
            return Miss("R-NEEDS-CLOUD")
        return self.counted(member.purchases)

    def counted(self, purchases: int) -> Miss | None:
        """Return what stands in the way of a member with so many earlier purchases."""
        raise NotImplementedError


class FirstPurchase(_Counted, frozen=True, kw_only=True, tag="first_purchase"):
    """A member buys for the first time."""

    def counted(self, purchases: int) -> Miss | None:
        """Return R-NOT-FIRST-PURCHASE if they bought before."""
        return Miss("R-NOT-FIRST-PURCHASE") if purchases else None


class NthPurchase(_Counted, frozen=True, kw_only=True, tag="nth_purchase"):
    """A member buys for the nth time, or for every nth time."""

    nth: Annotated[int, Meta(ge=1, le=9_999)]
    every: bool = False

    def counted(self, purchases: int) -> Miss | None:
        """Return R-NOT-NTH-PURCHASE with the number of this purchase as `at`."""
        at = purchases + 1
        if at == self.nth or (self.every and at % self.nth == 0):
            return None
        return Miss("R-NOT-NTH-PURCHASE", {"nth": self.nth, "at": at})
