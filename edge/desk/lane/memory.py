"""What a lane remembers across a crash: its open basket, and what is to be printed.

It is the first line of a small file beside the journal, written whole by one call after each
input and never synced: a crashed process loses nothing, a power cut perhaps an open basket that
nobody has paid for. Money never depends on it. The request key in it is made when a basket begins;
whether that basket was sold, the journal knows by the key. Nothing here names a person: members
stand by their ids.
"""

import os
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from edge.shop.tender import UsesAsked
from edge.shop.till import Till

log = structlog.get_logger(__name__)


class KeptLine(msgspec.Struct, frozen=True):
    """A line as it was asked for; `unit_price` only where it was not the price book's."""

    code: str
    product: str
    quantity: Decimal
    unit_price: int | None = None


class KeptTender(msgspec.Struct, frozen=True):
    """Something that was handed over, in minor units."""

    kind: Literal["cash", "card", "wallet", "transfer", "value"]
    amount: int


class KeptTill(msgspec.Struct, frozen=True, kw_only=True):
    """A till without its prices: those are found anew."""

    lines: tuple[KeptLine, ...] = ()
    member: str = ""
    may_spend: bool = False
    coupons: tuple[str, ...] = ()
    redeem: int | Literal["max"] = 0
    uses: tuple[UsesAsked, ...] = ()
    tenders: tuple[KeptTender, ...] = ()


class KeptBasket(msgspec.Struct, frozen=True):
    """A till and the request key its sale will have.

    `recalled` is the key of the request that took it off the shelf, "" where nobody did: it is
    here only if the journal has that.
    """

    key: str = ""
    till: KeptTill = KeptTill()
    recalled: str = ""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """All that a lane remembers.

    `doubts` are baskets that were sold or parked, which is not yet known to be durable; `last`
    is the key of the last sale, `printing` are those of sales whose receipts are not known to be
    on paper.
    """

    open: KeptBasket = KeptBasket()
    doubts: tuple[KeptBasket, ...] = ()
    last: str = ""
    printing: tuple[str, ...] = ()


class MemoryFile:
    """Where a lane's memory is kept; `path` is created when there is something to remember."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Memory:
        """Return what was remembered; nothing at all if the file is not there or is damaged."""
        try:
            line, _, _ = self._path.read_bytes().partition(b"\n")
            return msgspec.json.decode(line, type=Memory)
        except FileNotFoundError:
            return Memory()
        except (OSError, msgspec.DecodeError) as error:
            log.warning("lane_memory_lost", path=str(self._path), reason=str(error))
            return Memory()

    def save(self, memory: Memory) -> None:
        """Remember this instead. A disk that fails is logged: no sale depends on it."""
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                # No truncation: a longer line of before may end behind this one, and is not read.
                os.pwrite(descriptor, msgspec.json.encode(memory) + b"\n", 0)
            finally:
                os.close(descriptor)
        except OSError as error:
            log.warning("lane_memory_not_kept", path=str(self._path), reason=error.strerror)


def kept(till: Till) -> KeptTill:
    """Return what is to be remembered of a till."""
    basket = till.basket
    return KeptTill(
        lines=tuple(
            [
                KeptLine(
                    line.code, line.product.id, line.quantity,
                    None if line.price_source == "price_book" else line.unit_price,
                )
                for line in basket.lines
            ]
        ),
        member=basket.member.id if basket.member else "",
        may_spend=till.may_spend,
        coupons=till.coupons,
        redeem=till.redeem,
        uses=till.uses,
        tenders=msgspec.convert(till.tenders, tuple[KeptTender, ...], from_attributes=True),
    )  # fmt: skip
