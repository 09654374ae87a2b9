"""The end of a business day: what is really in the drawers."""

import msgspec


class Counted(msgspec.Struct, frozen=True):
    """What was found on one account of money in hand: cash:{terminal} or bank:{kind}."""

    account: str
    amount: int


class DrawerCounted(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody counted: at the end of a shift, or of the day, which is closing from then on.

    What is sold afterwards opens it again.

    `change_money` is what was in the drawer in the morning, or with `shift` what was there when the
    shift began: it is found, and was not earned.
    """

    business_date: str
    store: str
    terminal: str
    cashier: str
    currency: str
    change_money: int = 0
    counted: tuple[Counted, ...]
    shift: bool = False
    """Whether it is about one shift, and not about the day so far."""
