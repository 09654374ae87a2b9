"""Goods came back. The sale they are about stays as it was."""

from decimal import Decimal

from cloud_bridge.contract.deed import DeedFact
from cloud_bridge.contract.sale import SaleTax
from cloud_bridge.contract.words import Words


class Undone(Words, frozen=True, kw_only=True):
    """What a rule had taken off the units that came back: on which account, borne by whom."""

    rule: str
    account: str
    party: str
    amount: int


class ReturnedLine(Words, frozen=True, kw_only=True):
    """What came back of one line of the sale, both counted from 0.

    Amounts are those that were allocated to these units when they were sold.
    """

    line: int
    units: tuple[int, ...]
    kind: str
    """goods, gift or charge, as on the sale."""
    product: str
    name_zh: str
    name_en: str
    category: str
    unit: str
    quantity: Decimal
    list_amount: int
    discounts: tuple[Undone, ...]
    net: int
    tax_class: str
    tax: int
    points: int


class GiftKept(Words, frozen=True, kw_only=True):
    """A gift that did not come back with its reason: it was charged, tax included."""

    line: int
    unit: int
    amount: int
    tax: int


class Refund(Words, frozen=True, kw_only=True, omit_defaults=True):
    """So much went back to the sale's tender number `tender`, counted from 0."""

    tender: int
    kind: str
    amount: int
    uses: int = 0
    """How many uses went back to their count card, with the kind uses."""


class TakenBack(DeedFact, frozen=True, kw_only=True):
    """What returns and voids have in common. Amounts are above zero unless said otherwise."""

    reversal: str
    """Its own id."""
    sale: str
    sale_receipt: str
    sale_date: str
    """The business date of the sale, on which what it counted towards is taken back."""
    reason: str
    currency: str
    exponent: int
    lines: tuple[ReturnedLine, ...]
    refunds: tuple[Refund, ...]
    """They sum to `total` and `rounding`."""
    total: int
    rounding: int = 0
    """Cash rounding given back as it was given: + or -, as on the sale."""
    tax: tuple[SaleTax, ...]
    points_taken: int = 0
    points_back: int = 0
    coupons_restored: tuple[str, ...] = ()
    coupons_voided: tuple[str, ...] = ()
    gifts: tuple[GiftKept, ...] = ()
    complete: bool
    """Whether with this one everything that was sold has come back."""


class ReturnMade(TakenBack, frozen=True, kw_only=True, tag="return.v1"):
    """Goods came back.

    `retained` is by how much the refund falls short of what was allocated to the units (+), or
    exceeds it (-), because what is kept was priced again.
    """

    policy: str
    """unit_net, reprice_kept or bundle_only."""
    retained: tuple[SaleTax, ...] = ()
    late_void: bool = False
    """It was asked for as a void, and came too late for one, or to another box."""


class SaleVoided(TakenBack, frozen=True, kw_only=True, tag="void.v1"):
    """A whole receipt was taken back on its own business day, before it was settled."""
