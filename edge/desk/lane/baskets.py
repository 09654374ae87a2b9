"""A lane's baskets: the open one, and those that are on their way to disk, sold or parked.

Whatever changes here is remembered at once (see `memory`), so that a crashed box comes back to
the same baskets under the same request keys, and sells none of them twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

import msgspec

from edge.desk.counter import Counter
from edge.desk.lane.memory import KeptBasket, KeptLine, KeptTill, Memory, MemoryFile, kept
from edge.desk.members import Holding
from edge.intake import Sold
from edge.refusals import Refusal
from edge.shop.basket import Basket, Line, PriceSource, line
from edge.shop.declined import Declined
from edge.shop.operations.covering import without_line
from edge.shop.tender import Tender
from edge.shop.till import Till

PRINTING_MAX = 20
AS_IT_IS: Final = Sold(Decimal(1), None)
"""What is said of goods whose label says how much there is, or what it costs."""
Fate = Literal["sold", "parked", "recalled", "unknown"]
"""What the journal has of a key."""
_replace = msgspec.structs.replace


@dataclass
class Back:
    """What came back after a restart.

    `lines` of the open basket, the codes that were `lost` because nothing is sold by them any
    more, the keys of sales that `happened` though nobody was told, and those to be printed;
    baskets that are to be put `aside`, because there is room for one.
    """

    lines: int = 0
    lost: list[str] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    printing: list[str] = field(default_factory=list)
    aside: list[KeptBasket] = field(default_factory=list)


class Baskets:
    """The baskets of one lane; `new_key` makes request keys."""

    def __init__(self, file: MemoryFile, new_key: Callable[[], str]) -> None:
        self._file, self._new_key = file, new_key
        self._memory = file.load()
        self._key = self._recalled = ""
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
            self._key, self._recalled, self.shown = "", "", None
        self._save(open=self._open() if till.is_open else KeptBasket())

    def recalled(self, aside: KeptTill, key: str, counter: Counter) -> list[str]:
        """Let a basket that the request `key` takes off the shelf be the open one.

        Return the codes that nothing has any more.
        """
        till, lost = _again(aside, counter)
        self._recalled = key
        self.keep(till)
        return lost

    # --- on their way to disk ----------------------------------------------------------------

    def placed(self) -> str:
        """Empty the till: that its basket is sold, or parked, has its place. Return its key.

        Nothing is written: until that is durable, the file still has the basket.
        """
        basket = self._open()
        doubts = (*self._memory.doubts, basket)
        self._memory = _replace(self._memory, doubts=doubts, open=KeptBasket())
        self.till, self.shown = Till(terminal_kind=self.till.terminal_kind), None
        self._key = self._recalled = ""
        return basket.key

    def sold(self, key: str, *, prints: bool) -> None:
        """Forget the basket of a sale that is on disk; remember to print its receipt."""
        printing = (*self._memory.printing, key)[-PRINTING_MAX:] if prints else ()
        self._save(doubts=self._doubts_but(key), last=key, printing=printing)

    def parked(self, key: str) -> None:
        """Forget a basket that is on the shelf, and on disk."""
        self._save(doubts=self._doubts_but(key))

    def aside(self) -> KeptTill | Refusal:
        """Return the open basket as it can be put aside."""
        if not self.till.basket.lines:
            return Refusal("E-EMPTY-BASKET")
        return Refusal("E-PARTLY-PAID") if self.till.tenders else kept(self.till)

    def printed(self, key: str) -> None:
        """Forget that a receipt is to be printed."""
        if key in self._memory.printing:
            left = tuple([one for one in self._memory.printing if one != key])
            self._save(printing=left)

    # --- after a restart ---------------------------------------------------------------------

    def restore(self, counter: Counter, fate: Callable[[str], Fate]) -> Back:
        """Come back to what was open; `fate` tells what the journal has of a key.

        A basket that was sold or parked is not open any more, and one that was to be recalled is
        on the shelf unless that is in the journal. One of which the journal knows nothing is open
        again, under the same key; those before it are to be put aside.
        """
        memory, back = self._memory, Back(printing=[*self._memory.printing])
        baskets = [basket for basket in (*memory.doubts, memory.open) if basket.key]
        back.happened = [basket.key for basket in baskets if fate(basket.key) == "sold"]
        waiting = [basket for basket in baskets if _is_here(basket, fate)]
        back.aside = waiting[:-1]
        printing = tuple(dict.fromkeys([*memory.printing, *back.happened]))
        last = back.happened[-1] if back.happened else memory.last
        self._memory = Memory(doubts=tuple(back.aside), last=last, printing=printing)
        if waiting:
            self._key, self._recalled = waiting[-1].key, waiting[-1].recalled
            till, back.lost = _again(waiting[-1].till, counter)
            back.lines = len(till.basket.lines)
            self.keep(till)
        return back

    def _open(self) -> KeptBasket:
        return KeptBasket(self.key, kept(self.till), self._recalled)

    def _doubts_but(self, key: str) -> tuple[KeptBasket, ...]:
        return tuple([basket for basket in self._memory.doubts if basket.key != key])

    def _save(self, **changed: object) -> None:
        self._memory = _replace(self._memory, **changed)
        self._file.save(self._memory)


def _is_here(basket: KeptBasket, fate: Callable[[str], Fate]) -> bool:
    """Tell whether a basket is still this lane's, and neither sold nor on the shelf."""
    was_taken = not basket.recalled or fate(basket.recalled) != "unknown"
    return was_taken and fate(basket.key) == "unknown"


def _again(aside: KeptTill, counter: Counter) -> tuple[Till, list[str]]:
    """Return a till as it was, with today's products and members, and the codes that are lost."""
    lines: list[Line] = []
    lost: list[str] = []
    uses = aside.uses
    for one in aside.lines:
        made = _line(one, counter)
        if made is None:
            lost.append(one.code)
            uses = without_line(uses, len(lines))
        else:
            lines.append(made)
    holding = counter.holding(aside.member, decided=True) if aside.member else None
    member = holding.member if isinstance(holding, Holding) else None
    tenders = tuple([Tender(one.kind, one.amount) for one in aside.tenders])
    till = Till(
        basket=Basket(tuple(lines), member),
        may_spend=aside.may_spend and member is not None,
        coupons=aside.coupons,
        redeem=aside.redeem if member is not None else 0,
        uses=uses if member is not None else (),
        tenders=tenders,
    )
    return till, lost


def _line(kept_line: KeptLine, counter: Counter) -> Line | None:
    """Return a line as it is sold today, None for what is not sold any more."""
    code, said = kept_line.code, Sold(kept_line.quantity, kept_line.unit_price)
    found = counter.intake.product(code, counter.today())
    goods = found if isinstance(found, Refusal) else counter.goods(found, code)
    if isinstance(goods, Refusal):
        return None
    product, label = goods
    if label is not None and said == AS_IT_IS:
        said = label
    source: PriceSource = "terminal" if label is None else "barcode"
    made = line(product, code, *said, counter.rules.bundle.rounding, source)
    return None if isinstance(made, Declined) else made
