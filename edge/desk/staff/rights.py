"""What a terminal may do: by what it is, and by what it was given besides."""

from collections.abc import Mapping

from drivers import terminal as words
from edge.config import Kind, Right, Terminal

NEEDS: Mapping[str, Right] = {
    "sell": "sell",
    "park": "sell",
    "recall": "sell",
    "list_parked": "sell",
    "return": "return",
    "void": "return",
    "find_receipt": "receipts",
    "reprint": "receipts",
    "enrol": "members",
    "update_member": "members",
    "bind_card": "cards",
    "replace_card": "cards",
    "freeze_card": "cards",
    "unfreeze_card": "cards",
    "activate_card": "cards",
    "scan_session": "stock",
    "shift_close": "sell",
    "day_open": "day",
    "z_close": "day",
    "x_report": "reports",
    "top_up": "value",
    "cancel_top_up": "value",
    "refund_card": "value",
    "sell_card": "value",
    "sell_count_card": "value",
    "use_count": "value",
    "return_use": "value",
    "give_back_count_card": "value",
    "exchange": "value",
    "undo_exchange": "value",
    "draw": "value",
    "undo_draw": "value",
    "buy_tier": "value",
    "refund_tier": "value",
}
"""The right that an operation needs; whoever is let in at all may do the others."""

_ATTENDED: frozenset[Right] = frozenset(
    {"sell", "return", "receipts", "value", "members", "cards", "stock"}
)
BY_KIND: Mapping[Kind, frozenset[Right]] = {
    "handheld": _ATTENDED,
    "pc_pos": _ATTENDED,
    "qr_pos": _ATTENDED,
    "phone": _ATTENDED,
    "unattended": frozenset({"sell"}),
}
"""What a kind of terminal may do by itself. Where nobody stands beside it, that is little."""


def may(terminal: Terminal, operation: str) -> bool:
    """Tell whether a terminal may do this."""
    needed = NEEDS.get(operation)
    return needed is None or needed in BY_KIND[terminal.kind] or needed in terminal.rights


def may_approve(terminal: Terminal, request: words.Request) -> bool:
    """Tell whether a terminal may say by itself that a manager approves, if it says so."""
    return getattr(request, "approved_by", None) is None or "approve" in terminal.rights
