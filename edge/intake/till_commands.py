"""The texts under the shop's own beginning that steer a till: cards beside it, or its keypad."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from edge.intake.known import TillCommand, Unreadable

_PAY = re.compile(r"EDGE:PAY:(CASH|CARD|WALLET|TRANSFER|VALUE)(?::([1-9][0-9]{0,11}))?")
_COUNTED = re.compile(r"EDGE:(REDEEM|USES|QUANTITY|REMOVE|RECALL):([0-9]{1,6}(?:\.[0-9]{1,3})?)")
_PLAIN: Mapping[str, Any] = {
    "EDGE:REDEEM": "redeem",
    "EDGE:USES": "uses",
    "EDGE:REMOVE-LAST": "remove_last",
    "EDGE:CANCEL": "cancel",
    "EDGE:PARK": "park",
    "EDGE:REPRINT": "reprint",
}


def till_command(text: str) -> TillCommand | Unreadable:
    """Return the command a text that begins with `EDGE:` is."""
    action: Any
    if paid := _PAY.fullmatch(text):
        action = f"pay_{paid[1].lower()}"
        return TillCommand(action, int(paid[2]) if paid[2] else None)
    if counted := _COUNTED.fullmatch(text):
        action, count = counted[1].lower(), Decimal(counted[2])
        whole = action == "quantity" or count == int(count)
        return TillCommand(action, count=count) if whole else Unreadable("command")
    if text in _PLAIN:
        return TillCommand(_PLAIN[text])
    return Unreadable("command")
