"""What is typed on a lane's numeric keypad: 0-9 . + - * / and Enter, which ends each line.

6970000000031    a code, as if it had been scanned        3*6970000000031   three of it
3*               so many of the next thing that is scanned (or 0.435*)
*5               so many of the last line
/13800138000     the member with this phone number
+                cash, exactly              +20.5            20.50 in cash
-                the last line was wrong    -2               line 2 was
--               cancel: give back what was handed over, then clear the basket
.1 .2 .3 .4      pay what is left by stored value, card, wallet, transfer; .2*10 only 10.00
.5               redeem points, .5*200 so many of them
.6               pay with count cards all they can, .6*2 two uses; .6*0 none after all
.7               park the basket            .8*1             recall basket 1
.9               print the last receipt again
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from edge.intake import TillCommand

WISHES: Final[Mapping[str, Literal["redeem", "uses"]]] = {"5": "redeem", "6": "uses"}
PAYS: Final = {"1": "pay_value", "2": "pay_card", "3": "pay_wallet", "4": "pay_transfer"}

_NUMBER = r"([0-9]{1,6}(?:\.[0-9]{1,3})?)"
_NEXT = re.compile(_NUMBER + r"\*")
_TIMES = re.compile(_NUMBER + r"\*([0-9]{6,48})")
_LAST = re.compile(r"\*" + _NUMBER)
_PHONE = re.compile(r"/([0-9]{6,15})")
_CASH = re.compile(r"\+([0-9]{1,9}(?:\.[0-9]{1,3})?)?")
_REMOVE = re.compile(r"-([0-9]{1,3})?")
_FUNCTION = re.compile(r"\.([0-9])(?:\*" + _NUMBER + ")?")
_CODE = re.compile(r"[0-9]{6,48}")


@dataclass(frozen=True, slots=True)
class Typed:
    """A code that was typed as if it had been scanned, and how many of it."""

    code: str
    count: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number, as the guest says it."""

    number: str


@dataclass(frozen=True, slots=True)
class Times:
    """How many there are of whatever is scanned next."""

    count: Decimal


Line = Typed | Phone | Times | TillCommand


def read(text: str, exponent: int) -> Line | None:
    """Return what a line means, or None for nothing that it could mean.

    Amounts are typed in the currency's unit; `exponent` is how many digits of it stand behind
    the point.
    """
    if _CODE.fullmatch(text):
        return Typed(text)
    if said := _TIMES.fullmatch(text):
        return Typed(said[2], Decimal(said[1]))
    if said := _NEXT.fullmatch(text):
        return Times(Decimal(said[1]))
    if said := _LAST.fullmatch(text):
        return TillCommand("quantity", count=Decimal(said[1]))
    if said := _PHONE.fullmatch(text):
        return Phone(said[1])
    return _command(text, exponent)


def _command(text: str, exponent: int) -> TillCommand | None:
    if text == "--":
        return TillCommand("cancel")
    if said := _CASH.fullmatch(text):
        return _paid("pay_cash", said[1], exponent)
    if said := _REMOVE.fullmatch(text):
        return TillCommand("remove", count=Decimal(said[1])) if said[1] else _LAST_LINE
    if said := _FUNCTION.fullmatch(text):
        return _function(said[1], said[2], exponent)
    return None


_LAST_LINE: Final = TillCommand("remove_last")


def _function(key: str, number: str | None, exponent: int) -> TillCommand | None:
    count = Decimal(number) if number else None
    whole = count is None or count == int(count)
    if key in PAYS:
        return _paid(PAYS[key], number, exponent)
    if key in WISHES and whole:
        return TillCommand(WISHES[key], count=count)
    if key == "8" and count is not None and whole:
        return TillCommand("recall", count=count)
    plain = {"7": TillCommand("park"), "9": TillCommand("reprint")}
    return plain.get(key) if count is None else None


def _paid(action: Any, number: str | None, exponent: int) -> TillCommand | None:
    """Return a payment; None for an amount finer than the currency's smallest coin."""
    if number is None:
        return TillCommand(action)
    minor = Decimal(number).scaleb(exponent)
    return TillCommand(action, int(minor)) if minor == int(minor) else None
