"""What the shop made of a request -> the words a terminal is told, in the terminal's language."""

from edge.replies.beside import day_opened, feedback_taken, parked, session_closed
from edge.replies.counts import count_card_back, count_card_sold, count_used, exchanged
from edge.replies.members import balances, coupon_checked, identified
from edge.replies.people import (
    card_bound,
    card_changed,
    card_replaced,
    enrolled,
    member_updated,
)
from edge.replies.returning import found, returned
from edge.replies.rewards import (
    draw_undone,
    drawn,
    exchange_undone,
    tier_bought,
    tier_refunded,
)
from edge.replies.selling import PaidByUses, count_cards, paid_by_uses, quoted, sold
from edge.replies.stamp import Done, Stamp, done
from edge.replies.value import paid_out, topped_up

__all__ = [
    "Done",
    "PaidByUses",
    "Stamp",
    "balances",
    "card_bound",
    "card_changed",
    "card_replaced",
    "count_card_back",
    "count_card_sold",
    "count_cards",
    "count_used",
    "coupon_checked",
    "day_opened",
    "done",
    "draw_undone",
    "drawn",
    "enrolled",
    "exchange_undone",
    "exchanged",
    "feedback_taken",
    "found",
    "identified",
    "member_updated",
    "paid_by_uses",
    "paid_out",
    "parked",
    "quoted",
    "returned",
    "session_closed",
    "sold",
    "tier_bought",
    "tier_refunded",
    "topped_up",
]
