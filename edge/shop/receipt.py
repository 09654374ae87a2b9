"""A sale as the guest sees it: exact amounts in columns that also line up in Chinese."""

from collections.abc import Iterator
from functools import lru_cache
from unicodedata import east_asian_width

import msgspec

from edge.shop.basket import PIECE
from edge.shop.explain import Lang
from edge.shop.facts import SaleMade, SoldLine
from edge.shop.money import format_minor
from edge.shop.rules.moment import local

WIDTH_MIN, WIDTH_MAX = 32, 48
"""What receipt printers of 58 and 80 mm print in one row, in half-width columns."""

DIGEST_SHOWN = 16
"""How many hex digits of the previous page's digest tie a receipt to its journal."""

WORDS: dict[str, tuple[str, str]] = {
    "receipt": ("小票", "Receipt"),
    "business_date": ("营业日", "Business date"),
    "time": ("时间", "Time"),
    "terminal": ("终端", "Terminal"),
    "cashier": ("收银员", "Cashier"),
    "seller": ("导购", "Sales assistant"),
    "member": ("会员", "Member"),
    "subtotal": ("小计", "Subtotal"),
    "discount": ("优惠", "Discount"),
    "total": ("合计", "TOTAL"),
    "tax": ("含税", "Incl. tax"),
    "of": ("净额", "net"),
    "cash": ("现金", "Cash"),
    "change": ("找零", "Change"),
    "points": ("本次积分", "Points earned"),
    "balance": ("积分余额", "Points balance"),
    "journal": ("流水账", "Journal"),
}
"""The words on a receipt (zh, en)."""


class ReceiptHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt says beyond the sale: the store, and the sale's place in the journal.

    `previous` is the digest of the journal page before the sale's own; `zone` is an IANA zone;
    `points_balance` is None when it is not known.
    """

    store_zh: str
    store_en: str
    epoch: int
    sequence: int
    previous: str
    at_ms: int
    zone: str
    points_balance: int | None = None


def render(fact: SaleMade, header: ReceiptHeader, lang: Lang, width: int = 32) -> str:
    """Return the receipt as text, each row at most `width` columns and ended by a newline."""
    assert WIDTH_MIN <= width <= WIDTH_MAX, "no receipt printer is that narrow or wide"
    page = _Page(fact, header, lang, width)
    rule = "-" * width
    rows = [*page.head(), rule, *page.goods(), rule, *page.sums(), rule, *page.foot()]
    return "".join(f"{printable(row).rstrip()}\n" for row in rows)


def printable(row: str) -> str:
    """Return a row without what a printer would obey instead of print."""
    return row if row.isprintable() else "".join(c if c.isprintable() else "?" for c in row)


def columns(text: str) -> int:
    """Return how many half-width columns a text takes (Unicode Standard Annex 11)."""
    return len(text) if text.isascii() else _columns(text)


@lru_cache(maxsize=4096)  # the same names and words come back with every receipt
def _columns(text: str) -> int:
    return len(text) + sum(east_asian_width(character) in "WF" for character in text)


def wrap(text: str, width: int) -> Iterator[str]:
    """Cut a text into rows of at most `width` columns, wherever the row is full."""
    if columns(text) <= width:
        yield text
        return
    row, used = "", 0
    for character in text:
        size = columns(character)
        if row and used + size > width:
            yield row
            row, used = "", 0
        row, used = row + character, used + size
    yield row


class _Page(msgspec.Struct, frozen=True):
    """One receipt being set: rows of text, a left and a right column."""

    fact: SaleMade
    header: ReceiptHeader
    lang: Lang
    width: int

    def head(self) -> Iterator[str]:
        fact, header = self.fact, self.header
        for row in wrap(self.pick(header.store_zh, header.store_en), self.width):
            yield " " * ((self.width - columns(row)) // 2) + row
        yield from self.pair(self.word("receipt"), fact.receipt)
        yield from self.pair(self.word("business_date"), fact.business_date)
        time = local(header.at_ms, header.zone).strftime("%Y-%m-%d %H:%M:%S")
        yield from self.pair(self.word("time"), time)
        yield from self.pair(self.word("terminal"), fact.lane or fact.terminal)
        yield from self.pair(self.word("cashier"), fact.cashier)
        if fact.seller:
            yield from self.pair(self.word("seller"), fact.seller)
        if fact.member:
            yield from self.pair(self.word("member"), fact.member)

    def goods(self) -> Iterator[str]:
        for line in self.fact.lines:
            yield from wrap(self.pick(line.name_zh, line.name_en), self.width)
            yield from self.pair(self.quantity(line), self.money(line.list_amount))
            for discount in line.discounts:
                name = self.pick(discount.name_zh, discount.name_en)
                yield from self.pair(f"  {name}", self.money(discount.amount))

    def quantity(self, line: SoldLine) -> str:
        unit = "" if line.unit == PIECE else f" {line.unit}"
        return f"  {line.quantity:f}{unit} x {self.money(line.unit_price)}"

    def sums(self) -> Iterator[str]:
        fact = self.fact
        if fact.list_total != fact.total:
            yield from self.pair(self.word("subtotal"), self.money(fact.list_total))
            yield from self.pair(self.word("discount"), self.money(fact.total - fact.list_total))
        yield from self.pair(f"{self.word('total')} {fact.currency}", self.money(fact.total))
        for tax in fact.tax:
            net = f"{self.word('of')} {self.money(tax.net)}"
            label = f"  {self.word('tax')} {_rate(tax.rate)} ({net})"
            yield from self.pair(label, self.money(tax.tax))
        yield from self.pair(self.word("cash"), self.money(fact.handed))
        if fact.change:
            yield from self.pair(self.word("change"), self.money(fact.change))

    def foot(self) -> Iterator[str]:
        header = self.header
        if self.fact.member:
            yield from self.pair(self.word("points"), str(self.fact.points_earned))
            if header.points_balance is not None:
                yield from self.pair(self.word("balance"), str(header.points_balance))
        yield from self.pair(self.word("journal"), f"{header.epoch}-{header.sequence}")
        yield from self.pair("", header.previous[:DIGEST_SHOWN])

    def pair(self, left: str, right: str) -> Iterator[str]:
        """Put `right` at the right edge, below `left` if there is no room beside it."""
        space = self.width - columns(left) - columns(right)
        if space >= 1:
            yield left + " " * space + right
            return
        yield from wrap(left, self.width)
        for row in wrap(right, self.width):
            yield " " * (self.width - columns(row)) + row

    def money(self, amount: int) -> str:
        return format_minor(amount, self.fact.exponent)

    def word(self, name: str) -> str:
        return self.pick(*WORDS[name])

    def pick(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en


def _rate(basis_points: int) -> str:
    """Return a rate as people write it: 1300 is 13%, 650 is 6.5%."""
    whole = format_minor(basis_points, 2).rstrip("0").rstrip(".")
    return f"{whole or '0'}%"
