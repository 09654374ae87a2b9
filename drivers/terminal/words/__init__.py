"""The words: types of all requests and replies, as they stand in JSON; a file for each area.

The same JSON goes over MQTT and HTTP. A request is decoded strictly, a reply is encoded once, so
that one key has one answer, byte for byte, through every door.

- `common`: what all share. `selling`, `returning`, `members`, `value`, `counter`, `day`,
  `health`: the requests and replies of one area each. `problems`: a no.
"""

from collections.abc import Mapping
from typing import Final

from drivers.terminal.words.common import Credential, Reply, Request
from drivers.terminal.words.counter import Feedback, ScanSession
from drivers.terminal.words.day import DayOpen, ShiftClose, XReport, ZClose
from drivers.terminal.words.health import Ask, Health
from drivers.terminal.words.members import (
    ActivateCard,
    Balance,
    BindCard,
    CheckCoupon,
    Enrol,
    FreezeCard,
    Identify,
    ReplaceCard,
    UnfreezeCard,
    UpdateMember,
    UseCount,
)
from drivers.terminal.words.returning import FindReceipt, Reprint, Return, ReturnUse, Void
from drivers.terminal.words.rewards import BuyTier, Draw, RefundTier, UndoDraw, UndoExchange
from drivers.terminal.words.selling import ListParked, Park, Quote, Recall, Sell
from drivers.terminal.words.staff import Approve, SignOff, SignOn
from drivers.terminal.words.value import (
    CancelTopUp,
    Exchange,
    GiveBackCountCard,
    RefundCard,
    SellCard,
    SellCountCard,
    TopUp,
)

OPERATIONS: Final[Mapping[str, type[Request]]] = {
    "identify": Identify,
    "quote": Quote,
    "sell": Sell,
    "park": Park,
    "recall": Recall,
    "list_parked": ListParked,
    "return": Return,
    "void": Void,
    "find_receipt": FindReceipt,
    "reprint": Reprint,
    "balance": Balance,
    "check_coupon": CheckCoupon,
    "enrol": Enrol,
    "update_member": UpdateMember,
    "bind_card": BindCard,
    "replace_card": ReplaceCard,
    "freeze_card": FreezeCard,
    "unfreeze_card": UnfreezeCard,
    "activate_card": ActivateCard,
    "top_up": TopUp,
    "cancel_top_up": CancelTopUp,
    "refund_card": RefundCard,
    "sell_card": SellCard,
    "sell_count_card": SellCountCard,
    "use_count": UseCount,
    "return_use": ReturnUse,
    "give_back_count_card": GiveBackCountCard,
    "exchange": Exchange,
    "undo_exchange": UndoExchange,
    "draw": Draw,
    "undo_draw": UndoDraw,
    "buy_tier": BuyTier,
    "refund_tier": RefundTier,
    "sign_on": SignOn,
    "sign_off": SignOff,
    "approve": Approve,
    "scan_session": ScanSession,
    "feedback": Feedback,
    "day_open": DayOpen,
    "shift_close": ShiftClose,
    "x_report": XReport,
    "z_close": ZClose,
    "ask": Ask,
    "health": Health,
}
"""All that a terminal can ask, by the name it stands under in addresses and topics."""

__all__ = ["OPERATIONS", "Credential", "Reply", "Request"]
