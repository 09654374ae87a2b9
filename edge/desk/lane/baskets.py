"""A lane's baskets: the open one, those put aside, and those whose sale is on its way to disk.

Whatever changes here is remembered at once (see `memory`), so that a crashed box comes back to
the same baskets under the same request keys, and sells none of them twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from edge.desk.counter import Counter
from edge.desk.lane.memory import KeptBasket, KeptTill, Memory, MemoryFile, kept
from edge.desk.members import Holding
from edge.refusals import Refusal
from edge.shop.basket import Basket, Line, line
from edge.shop.declined import Declined
from edge.shop.tender import Tender
from edge.shop.till import Till

PARKED_MAX = 20
PRINTING_MAX = 20
_replace = msgspec.structs.replace


@dataclass
class Back:
    """What came back after a restart.

    `lines` of the open basket, the codes that were `lost` because nothing is sold by them any
    more, the keys of sales that `happened` though nobody was told, and those to be printed.
    """

    lines: int = 0
    lost: list[str] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    printing: list[str] = field(default_factory=list)


class Baskets:
    """The baskets of one lane; `new_key` makes request keys."""

    def __init__(self, file: MemoryFile, new_key: Callable[[], str]) -> None:
        self._file, self._new_key = file, new_key
        self._memory = file.load()
        self._key = ""
        self.till = Till()
        self.shown: Holding | None = None
        """The basket's member, with what they showed to be recognised."""

    @property
    def key(self) -> str:
        """The request key of the open basket, made when the first thing is put into it."""
        self._key = self._key or self._new_key()
        return self._key

    @property
    def last(self) -> str:
        """The key of the last sale, "" for none."""
        return self._memory.last

    def keep(self, till: Till) -> None:
        """Let this be the open basket."""
        self.till = till
        if not till.is_open:
            self._key, self.shown = "", None
        self._save(open=KeptBasket(self.key, kept(till)) if till.is_open else KeptBasket())

    # --- sales -------------------------------------------------------------------------------

    def placed(self, after: Till) -> str:
        """Empty the till: the basket's sale has its place. Return its key.

        Nothing is written: until the sale is durable, the file still has the basket.
        """
        basket = KeptBasket(self.key, kept(self.till))
        doubts = (*self._memory.doubts, basket)
        self._memory = _replace(self._memory, doubts=doubts, open=KeptBasket())
        self.till, self._key, self.shown = after, "", None
        return basket.key

    def durable(self, key: str, *, prints: bool) -> None:
        """Forget the basket of a sale that is on disk; remember to print its receipt."""
        doubts = tuple([basket for basket in self._memory.doubts if basket.key != key])
        printing = (*self._memory.printing, key)[-PRINTING_MAX:] if prints else ()
        self._save(doubts=doubts, last=key, printing=printing)

    def printed(self, key: str) -> None:
        """Forget that a receipt is to be printed."""
        if key in self._memory.printing:
            left = tuple([one for one in self._memory.printing if one != key])
            self._save(printing=left)

    # --- put aside ---------------------------------------------------------------------------

    def park(self) -> int | Refusal:
        """Put the open basket aside and return its number."""
        if not self.till.basket.lines:
            return Refusal("E-EMPTY-BASKET")
        parked = self._memory.parked
        if len(parked) >= PARKED_MAX:
            return Refusal("E-TOO-MANY-PARKED", {"limit": PARKED_MAX})
        number = next(n for n in range(1, PARKED_MAX + 1) if n not in parked)
        aside = {**parked, number: kept(self.till)}
        self.till = Till(terminal_kind=self.till.terminal_kind)
        self._key, self.shown = "", None
        self._save(open=KeptBasket(), parked=aside)
        return number

    def recall(self, number: int, counter: Counter) -> list[str] | Refusal:
        """Let a parked basket be the open one, and return the codes that nothing has any more."""
        if self.till.is_open:
            return Refusal("E-BASKET-OPEN")
        if number not in self._memory.parked:
            return Refusal("E-NOT-PARKED", {"number": number})
        till, lost = _again(self._memory.parked[number], counter)
        rest = {n: aside for n, aside in self._memory.parked.items() if n != number}
        self._memory = _replace(self._memory, parked=rest)
        self.keep(till)
        return lost

    # --- after a restart ---------------------------------------------------------------------

    def restore(self, counter: Counter, is_sold: Callable[[str], bool]) -> Back:
        """Come back to what was open; `is_sold` tells whether the journal has a key.

        A basket that was sold is not open any more. One whose sale never happened is open again,
        under the same key; if another is open already, it is parked.
        """
        memory, back = self._memory, Back(printing=[*self._memory.printing])
        waiting = [basket for basket in (*memory.doubts, memory.open) if basket.key]
        back.happened = [basket.key for basket in waiting if is_sold(basket.key)]
        waiting = [basket for basket in waiting if basket.key not in back.happened]
        aside = dict(memory.parked)
        for basket in waiting[:-1]:
            number = next(n for n in range(1, len(aside) + 2) if n not in aside)
            aside[number] = basket.till
        printing = tuple(dict.fromkeys([*memory.printing, *back.happened]))
        last = back.happened[-1] if back.happened else memory.last
        self._memory = Memory(parked=aside, last=last, printing=printing)
        if waiting:
            self._key = waiting[-1].key
            till, back.lost = _again(waiting[-1].till, counter)
            back.lines = len(till.basket.lines)
            self.keep(till)
        return back

    def _save(self, **changed: object) -> None:
        self._memory = _replace(self._memory, **changed)
        self._file.save(self._memory)


def _again(aside: KeptTill, counter: Counter) -> tuple[Till, list[str]]:
    """Return a till as it was, with today's products and members, and the codes that are lost."""
    lines: list[Line] = []
    lost: list[str] = []
    for one in aside.lines:
        product = counter.product(one.code)
        if isinstance(product, Refusal):
            lost.append(one.code)
            continue
        rounding = counter.rules.bundle.rounding
        made = line(product, one.code, one.quantity, one.unit_price, rounding, "barcode")
        lost += [one.code] if isinstance(made, Declined) else []
        lines += [] if isinstance(made, Declined) else [made]
    holding = counter.holding(aside.member, decided=True) if aside.member else None
    member = None if holding is None or isinstance(holding, Refusal) else holding.member
    tenders = tuple([Tender(one.kind, one.amount) for one in aside.tenders])
    till = Till(
        basket=Basket(tuple(lines), member),
        may_spend=aside.may_spend and member is not None,
        coupons=aside.coupons,
        redeem=aside.redeem if member is not None else 0,
        tenders=tenders,
    )
    return till, lost
