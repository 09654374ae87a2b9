"""What a deed is told as, and what is printed of it: a reply with its receipt."""

from typing import NamedTuple

from drivers import terminal as words
from edge import replies
from edge.config import Store
from edge.replies import Stamp
from edge.shop.facts import Deed, SaleMade
from edge.shop.receipt import ReceiptHeader, render
from edge.shop.slip import slip


class After(NamedTuple):
    """What a member has after a deed: None is not known, or nobody is named.

    `tier` is what theirs is called (zh, en); `value` counts bonus, too. Money is minor units.
    """

    points: int | None = None
    tier: tuple[str, str] = ("", "")
    value: int | None = None
    bonus: int = 0


NOTHING_KNOWN = After()


class Slips:
    """Prints what is done in a store."""

    def __init__(self, store: Store, *, training: bool = False) -> None:
        self._store, self._training = store, training

    def sold(self, fact: SaleMade, stamp: Stamp, after: After = NOTHING_KNOWN) -> words.Sold:
        """Return a sale as a terminal is told of it, with its receipt."""
        text = self.receipt(fact, stamp, after)
        return replies.sold(fact, stamp, points_balance=after.points, text=text)

    def receipt(
        self, fact: SaleMade, stamp: Stamp, after: After = NOTHING_KNOWN, *, copy: bool = False
    ) -> str:
        """Return the receipt of a sale as text; a `copy` says that it is one."""
        return render(fact, self._header(stamp, after, copy=copy), stamp.lang)

    def slip(
        self, fact: Deed, stamp: Stamp, after: After = NOTHING_KNOWN, *, copy: bool = False
    ) -> str:
        """Return what is printed of a deed that is no sale."""
        return slip(fact, self._header(stamp, after, copy=copy), stamp.lang)

    def _header(self, stamp: Stamp, after: After, *, copy: bool) -> ReceiptHeader:
        return ReceiptHeader(
            store_zh=self._store.name_zh, store_en=self._store.name_en, epoch=stamp.epoch,
            sequence=stamp.sequence, previous=stamp.previous, at_ms=stamp.at_ms,
            zone=self._store.zone.key, points_balance=after.points, value_left=after.value,
            bonus_left=after.bonus, tier_zh=after.tier[0], tier_en=after.tier[1],
            training=self._training, copy=copy,
        )  # fmt: skip
