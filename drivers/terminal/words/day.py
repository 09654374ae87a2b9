"""The business day at a terminal: shifts, reports, and its end."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from drivers.terminal.words.common import AsOf, Deed, Minor, Name, Reply, Request

Drawers = Annotated[dict[str, Minor], Meta(max_length=50)]
"""What was found, in minor units by account: cash:{terminal} or bank:{kind}; "" is the only
drawer there is."""


class DayOpen(Deed, frozen=True, kw_only=True):
    """Begin the business day, if it has not begun yet."""


class ShiftClose(Deed, frozen=True, kw_only=True):
    """Count this terminal's drawer at the end of a shift."""

    counted: Minor
    """What is in the drawer, in minor units."""
    change_money: Minor = 0
    """What was in it when the shift began: it is found, and was not earned."""


class XReport(Request, frozen=True, kw_only=True):
    """How does the day go? Nothing is closed or cleared by it."""


class ZClose(Deed, frozen=True, kw_only=True):
    """Close the business day, with what was counted in the drawers."""

    counted: Drawers = msgspec.field(default_factory=dict)
    change_money: Minor = 0
    approved_by: Name | None = None


class DayOpened(Reply, frozen=True, kw_only=True):
    """The business day that is open."""

    key: str
    business_date: str
    epoch: int
    sequence: int


class ShiftClosed(Reply, frozen=True, kw_only=True):
    """A drawer was counted. Amounts in minor units; `over` is below zero where money is short.

    `expected` is what came into the drawer since it was counted last.
    """

    key: str
    business_date: str
    terminal: str
    cashier: str
    currency: str
    expected: int
    counted: int
    over: int
    shift: msgspec.Raw
    """What was done in the shift, as `edgebox x-report --shifts --json` prints it."""
    epoch: int
    sequence: int


class DayReport(Reply, frozen=True, kw_only=True):
    """A business day's report: X while it is open, Z when it is closed."""

    kind: Literal["X", "Z"]
    business_date: str
    sheet: msgspec.Raw
    """The report itself, as `edgebox x-report --json` prints it."""
    shifts: msgspec.Raw
    """The day's shifts, as `edgebox x-report --shifts --json` prints them."""
    as_of: AsOf


class DayClosed(Reply, frozen=True, kw_only=True):
    """A business day is over. `sheet` is its Z report."""

    key: str
    business_date: str
    epoch: int
    sequence: int
    sheet: msgspec.Raw
