"""Who asks for what, by whom it is done, and what was agreed on: what a deed is made from."""

import msgspec

from edge.refusals import Language
from edge.shop.bundle import Tier
from edge.shop.facts import After
from edge.shop.pricing import RuleSet
from edge.shop.sale import Quote
from edge.shop.tender import Paid


class Request(msgspec.Struct, frozen=True):
    """Whose request is being answered. `content` is the request's hash."""

    origin: str
    key: str
    content: str
    operation: str
    lang: Language


class Seller(msgspec.Struct, frozen=True):
    """By whom and where something is done.

    `flags` say why somebody should look at it afterwards, as whoever let it pass decided.
    """

    terminal: str
    terminal_kind: str
    cashier: str
    seller: str | None = None
    lane: str | None = None
    approved_by: str | None = None
    flags: tuple[str, ...] = ()


class Deal(msgspec.Struct, frozen=True):
    """A quote that was accepted and settled, and the rules it was made by.

    `points_before` are what the member held before, None if nobody was named.
    """

    quote: Quote
    rules: RuleSet
    paid: Paid
    points_before: int | None

    @property
    def tier(self) -> Tier | None:
        """The tier of the member, as the bundle names it."""
        name = self.quote.member.tier if self.quote.member else ""
        return next((tier for tier in self.rules.bundle.tiers if tier.id == name), None)

    def after(self, gained: int) -> After:
        """Return what the member has who gained so many points, but for stored value."""
        before, tier = self.points_before, self.tier
        return After(
            points=None if before is None else before + gained,
            tier_zh=tier.name_zh if tier else "",
            tier_en=tier.name_en if tier else "",
        )
