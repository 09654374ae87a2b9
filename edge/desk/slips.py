"""What a deed is told as, and what is printed of it: a reply with its receipt.

All of it is in the fact and its place, so that a fact which comes back is told as it was.
"""

from collections.abc import Callable, Mapping
from typing import Any

from drivers import terminal as words
from edge import replies
from edge.config import Store
from edge.replies import Stamp
from edge.shop.facts import (
    CardRefunded,
    CardSold,
    CountCardGivenBack,
    CountCardSold,
    CountReturned,
    CountUsed,
    Deed,
    DrawUndone,
    ExchangeUndone,
    PointsExchanged,
    PrizeDrawn,
    ReturnMade,
    SaleMade,
    SaleVoided,
    TierBought,
    TierRefunded,
    ToppedUp,
    TopUpCancelled,
)
from edge.shop.receipt import ReceiptHeader, render
from edge.shop.slip import slip

REPLIES: Mapping[type[Deed], Callable[[Any, Stamp, str], words.Reply]] = {
    SaleMade: replies.sold,
    ReturnMade: replies.returned,
    SaleVoided: replies.returned,
    ToppedUp: replies.topped_up,
    CardSold: replies.topped_up,
    TopUpCancelled: replies.paid_out,
    CardRefunded: replies.paid_out,
    CountCardSold: replies.count_card_sold,
    CountUsed: replies.count_used,
    CountReturned: replies.count_used,
    CountCardGivenBack: replies.count_card_back,
    PointsExchanged: replies.exchanged,
    ExchangeUndone: replies.exchange_undone,
    PrizeDrawn: replies.drawn,
    DrawUndone: replies.draw_undone,
    TierBought: replies.tier_bought,
    TierRefunded: replies.tier_refunded,
}
"""What terminals are told of the deeds of which something is printed."""


class Slips:
    """Prints what is done in a store."""

    def __init__(self, store: Store, *, training: bool = False) -> None:
        self._store, self._training = store, training

    def told(self, fact: Deed, stamp: Stamp) -> words.Reply:
        """Return a deed as a terminal is told of it, with its receipt."""
        return REPLIES[type(fact)](fact, stamp, self.text(fact, stamp))

    def text(self, fact: Deed, stamp: Stamp, *, copy: bool = False) -> str:
        """Return what is printed of a deed; a `copy` says that it is one."""
        header = self._header(fact, stamp, copy=copy)
        if isinstance(fact, SaleMade):
            return render(fact, header, stamp.lang)
        return slip(fact, header, stamp.lang)

    def _header(self, fact: Deed, stamp: Stamp, *, copy: bool) -> ReceiptHeader:
        after = fact.afterwards
        return ReceiptHeader(
            store_zh=self._store.name_zh, store_en=self._store.name_en, epoch=stamp.epoch,
            sequence=stamp.sequence, previous=stamp.previous, at_ms=stamp.at_ms,
            zone=self._store.zone.key, points_balance=after.points, value_left=after.value,
            bonus_left=after.bonus, tier_zh=after.tier_zh, tier_en=after.tier_en,
            training=self._training, copy=copy,
        )  # fmt: skip
