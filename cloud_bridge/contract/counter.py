"""What happens at the counter beside deeds: nothing of it is in anybody's books."""

from decimal import Decimal

from cloud_bridge.contract.words import Words


class CodeCounted(Words, frozen=True, kw_only=True):
    """A code and how much of it was counted; `product` is "" for a code nobody knows."""

    code: str
    product: str
    quantity: Decimal


class ScanSessionClosed(Words, frozen=True, kw_only=True, tag="scan_session.v1"):
    """Codes were collected under a name, for stock-taking, goods received or an order."""

    session: str
    name: str
    purpose: str
    """stock, goods_in or order."""
    business_date: str
    store: str
    terminal: str
    cashier: str
    counted: tuple[CodeCounted, ...]


class FeedbackGiven(Words, frozen=True, kw_only=True, tag="feedback.v1"):
    """A guest said something: a score, complaint tags, or that they came to an event."""

    feedback: str
    """Its own id."""
    kind: str
    """score, complaint or check_in."""
    business_date: str
    store: str
    terminal: str
    member: str | None
    about: str
    """The sale or the event it is about."""
    score: int | None
    tags: tuple[str, ...]


class NoticesShown(Words, frozen=True, kw_only=True, tag="notices_shown.v1"):
    """A member saw these notices at one place: identify, display or receipt."""

    member: str
    place: str
    business_date: str
    store: str
    terminal: str
    notices: tuple[str, ...]


class MoneyCounted(Words, frozen=True, kw_only=True):
    """What was found on one account of money in hand: cash:{terminal} or bank:{kind}."""

    account: str
    amount: int


class DrawerCounted(Words, frozen=True, kw_only=True, tag="drawer_counted.v1"):
    """Somebody counted at the end of a day or, with `shift`, of a shift.

    `change_money` was in the drawer when that began.
    """

    business_date: str
    store: str
    terminal: str
    cashier: str
    currency: str
    change_money: int
    counted: tuple[MoneyCounted, ...]
    shift: bool = False


class ParkedLine(Words, frozen=True, kw_only=True):
    """A line of a basket that waits; it has no price yet but the terminal's own."""

    code: str
    quantity: Decimal
    unit_price: int | None


class ParkedUses(Words, frozen=True, kw_only=True):
    """So many uses of a count card were to pay for units of one line, counted from 0.

    Of the card `count_card`, or else of any that was sold as `plan`; "" names none.
    """

    line: int
    uses: int
    count_card: str
    plan: str


class BasketParked(Words, frozen=True, kw_only=True, tag="basket_parked.v1"):
    """A basket was put aside at a till, for any till of the store to go on with."""

    ticket: str
    """Its own id."""
    label: str
    business_date: str
    store: str
    terminal: str
    cashier: str
    member: str | None
    lines: tuple[ParkedLine, ...]
    coupons: tuple[str, ...]
    number: int = 0
    """What people call it while it waits."""
    uses: tuple[ParkedUses, ...] = ()


class BasketRecalled(Words, frozen=True, kw_only=True, tag="basket_recalled.v1"):
    """Somebody took a parked basket back."""

    ticket: str
    business_date: str
    store: str
    terminal: str
    cashier: str
