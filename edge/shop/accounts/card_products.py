"""Card products: what a merchant sells as a card, from a gift card to a year of gold."""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from edge.shop.accounts.declared import Amount, Days, Declared, Name
from edge.shop.accounts.rewards import Reward
from edge.shop.accounts.value import PROFILES, ValuePolicy


class CardProduct(Declared, frozen=True):
    """A card: value worth `face` for a `price`, and what comes with it.

    Paid beyond the face is a fee, revenue of `tax_class` with its tax; face beyond the price is
    bonus. `tier` is granted with it, "" for none. A maximum left out is the value policy's.
    """

    id: Name
    name_zh: Name
    name_en: Name
    face: Annotated[int, Meta(ge=1, le=10**12)]
    price: Annotated[int, Meta(ge=1, le=10**12)]
    tax_class: str = ""
    tier: str = ""
    reward: Reward = Reward()
    named: bool = True
    balance_max: Amount | None = None
    valid_days: Days = 0
    """How many days after the day of sale its principal can be spent; 0 is for ever."""
    refund: Literal["original", "cash", "transfer", "none"] = "original"
    """How its money goes back when it is closed: as it was paid, in cash, by transfer, not."""
    on_sale: bool = True

    @property
    def principal(self) -> int:
        """What the guest paid for value: a refundable liability."""
        return min(self.face, self.price)

    @property
    def bonus(self) -> int:
        """Value that was not paid for."""
        return self.face - self.principal

    @property
    def fee(self) -> int:
        """What the guest paid for the card itself."""
        return self.price - self.principal

    def holds_at_most(self, policy: ValuePolicy) -> int | None:
        """Return the most principal such a card may hold, None for no limit."""
        if self.balance_max is not None:
            return self.balance_max
        return policy.balance_max(named=self.named)


def unlawful(card: CardProduct, policy: ValuePolicy) -> Iterator[tuple[str, str]]:
    """Yield the fields of a card product that its country does not allow, each with why."""
    if not policy.country:
        return
    profile = PROFILES[policy.country]
    law_max = profile.named_max if card.named else profile.anonymous_max
    most = card.holds_at_most(policy)
    if most is not None and most > law_max:
        yield "balance_max", f"is above {law_max}, the most in {policy.country}"
    if card.principal > law_max:
        yield "face", f"is above {law_max}, the most in {policy.country}"
    if card.named and card.valid_days and not profile.named_may_expire:
        yield "valid_days", f"a card with a name does not expire in {policy.country}"
    if not card.named and 0 < card.valid_days < profile.anonymous_days_min:
        yield "valid_days", f"is below {profile.anonymous_days_min}, the least in {policy.country}"
