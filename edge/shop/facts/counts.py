"""Count cards: sold, used, a use returned, and given back unfinished."""

from edge.shop.accounts.counts import Reason, SoldPlan
from edge.shop.facts.sale import Deed
from edge.shop.facts.value import Outside


class CountCardSold(Deed, frozen=True, kw_only=True):
    """A count card was sold. `plan` is what it was sold as, and is what it is given back by."""

    count_card: str
    """The card: the id of its lot."""
    plan: SoldPlan
    currency: str
    exponent: int
    tender: Outside
    expires: str
    """The last day on which it can be used, "" for never."""


class CountUsed(Deed, frozen=True, kw_only=True):
    """A count card paid for a product: one use a piece."""

    use: str
    count_card: str
    plan: str
    product: str
    name_zh: str
    name_en: str
    category: str
    currency: str
    exponent: int
    values: tuple[int, ...]
    """What each use was worth, tax included."""
    left: int
    """The uses left on the card."""
    tax_class: str
    tax_rate: int
    tax: int
    """What the values together contain."""
    points: int


class CountReturned(Deed, frozen=True, kw_only=True):
    """Uses went back to their card, the last used first, each with what it was worth."""

    returned: str
    use: str
    count_card: str
    """Where they are now: another lot than they were taken from if that has expired."""
    currency: str
    exponent: int
    values: tuple[int, ...]
    left: int
    tax_class: str
    tax_rate: int
    tax: int
    points: int
    """The points taken back."""


class CountCardGivenBack(Deed, frozen=True, kw_only=True):
    """An unfinished card was given back: `uses` are gone, `refund` was paid, `retained` kept."""

    given_back: str
    count_card: str
    plan: str
    reason: Reason
    currency: str
    exponent: int
    tender: Outside
    uses: int
    refund: int
    retained: int
