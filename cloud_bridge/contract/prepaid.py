"""What is paid in advance: stored value, cards that are sold, and count cards.

A `tender` here is money from or to the outside: cash, card, wallet or transfer. A `reason` is the
guest's or the merchant's; a `pricing` is at_list, pro_rata or refused. An `invoice` is none,
issued or voided.
"""

from cloud_bridge.contract.deed import DeedFact
from cloud_bridge.contract.sale import SaleTax
from cloud_bridge.contract.words import Words

# --- stored value ---------------------------------------------------------------------------------


class ToppedUp(DeedFact, frozen=True, kw_only=True, tag="top_up.v1"):
    """A member paid in. `amount` became principal, `bonus` was given on top of it."""

    top_up: str
    """Its own id."""
    currency: str
    exponent: int
    tender: str
    amount: int
    bonus: int
    offers: tuple[str, ...]
    """The offers that gave something, by id."""
    card: str
    """The card product of the account, "" for none."""
    invoice: str


class CardSold(ToppedUp, frozen=True, kw_only=True, tag="card_sold.v1"):
    """A card product was sold for `price`: a top-up, a `fee` for the card itself, and a tier."""

    price: int
    fee: int
    tax: tuple[SaleTax, ...]
    """The tax that the fee contains."""
    tier: str


class TopUpCancelled(DeedFact, frozen=True, kw_only=True, tag="top_up_cancelled.v1"):
    """A top-up was undone.

    Of its value `principal` and `bonus` were left and are gone now; `refund` was paid out, and
    `clawback` is the principal that was kept, below zero what was paid beyond it.
    """

    cancelled: str
    """Its own id."""
    top_up: str
    card: str
    """The card product whose sale this undoes, "" for a plain top-up."""
    reason: str
    pricing: str
    currency: str
    exponent: int
    tender: str
    principal: int
    bonus: int
    refund: int
    clawback: int
    invoice: str


class CardRefunded(DeedFact, frozen=True, kw_only=True, tag="card_refunded.v1"):
    """An account of stored value was closed: all its top-ups undone, all else paid out.

    Uses of count cards bought with points go back the way they came: `uses` are gone, for them
    `points` went back to the member, and `cash` was paid out beside the `refund`.
    """

    refunded: str
    """Its own id."""
    card: str
    top_ups: tuple[str, ...]
    reason: str
    currency: str
    exponent: int
    tender: str
    principal: int
    bonus: int
    refund: int
    clawback: int
    uses: int = 0
    points: int = 0
    cash: int = 0
    tier: str = ""
    """The tier that came with the card and is over with it, "" for none."""


# --- count cards ----------------------------------------------------------------------------------


class SoldPlan(Words, frozen=True, kw_only=True):
    """What a count card was sold as: all that giving it back goes by, for good.

    It holds though the rules know another plan by this id later, or none.
    """

    id: str
    name_zh: str
    name_en: str
    uses: int
    price: int
    """For all uses, tax included."""
    list_price: int
    """What one use costs without a card."""
    guest: str
    """The pricing when the guest gives it back."""
    merchant: str
    """The pricing when the merchant cannot deliver."""


class CountCardSold(DeedFact, frozen=True, kw_only=True, tag="count_card_sold.v1"):
    """A count card was sold."""

    count_card: str
    """The card: the id of its lot."""
    plan: SoldPlan
    currency: str
    exponent: int
    tender: str
    expires: str
    """The last day on which it can be used, "" for never."""


class CountUsed(DeedFact, frozen=True, kw_only=True, tag="count_used.v1"):
    """A count card paid for a product: one use a piece."""

    use: str
    """Its own id."""
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


class CountReturned(DeedFact, frozen=True, kw_only=True, tag="count_returned.v1"):
    """Uses went back to their card, the last used first, each with what it was worth."""

    returned: str
    """Its own id."""
    use: str
    count_card: str
    currency: str
    exponent: int
    values: tuple[int, ...]
    left: int
    tax_class: str
    tax_rate: int
    tax: int
    points: int
    """The points taken back."""


class CountCardGivenBack(DeedFact, frozen=True, kw_only=True, tag="count_card_given_back.v1"):
    """An unfinished card was given back: `uses` are gone, `refund` was paid, `retained` kept."""

    given_back: str
    """Its own id."""
    count_card: str
    plan: str
    reason: str
    currency: str
    exponent: int
    tender: str
    uses: int
    refund: int
    retained: int
