"""Paper: exact amounts in columns that also line up in Chinese, and what all slips begin with."""

from collections.abc import Callable
from functools import lru_cache, partial
from unicodedata import east_asian_width

import msgspec

from edge.shop.calendar import EXACT, local
from edge.shop.facts import Deed
from edge.shop.money import format_minor
from edge.shop.pricing.explain import Lang

WIDTH_MIN, WIDTH_MAX = 32, 48
"""What receipt printers of 58 and 80 mm print in one row, in half-width columns."""

DIGEST_SHOWN = 16
"""How many hex digits of the previous page's digest tie a receipt to its journal."""

HEAD_WORDS: dict[str, tuple[str, str]] = {
    "training": ("*** 练习模式 ***", "*** TRAINING MODE ***"),
    "copy": ("*** 补打小票 ***", "*** COPY ***"),
    "receipt": ("小票", "Receipt"),
    "business_date": ("营业日", "Business date"),
    "time": ("时间", "Time"),
    "terminal": ("终端", "Terminal"),
    "cashier": ("收银员", "Cashier"),
    "seller": ("导购", "Sales assistant"),
    "approved_by": ("批准人", "Approved by"),
    "member": ("会员", "Member"),
    "tier": ("会员等级", "Tier"),
    "balance": ("积分余额", "Points balance"),
    "value_left": ("储值余额", "Stored value left"),
    "bonus_left": ("其中赠送金额", "of it bonus"),
    "journal": ("流水账", "Journal"),
    "clock": ("时间误差", "Clock error"),
    "trusted": ("不超过", "at most"),
    "holdover": ("未同步，不超过", "not in sync, at most"),
    "unknown": ("时间未经确认", "time not confirmed"),
}
"""The words (zh, en) that any slip may begin or end with."""


class ReceiptHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt says beyond the sale: the store, and the sale's place in the journal.

    `previous` is the digest of the journal page before the sale's own; `zone` is an IANA zone.
    What is left after the sale is None when it is not known: points, and stored value in minor
    units, bonus included. All points are in units of ten to the minus `points_exponent`. `tier_*`
    name the member's tier, "" for none.
    """

    store_zh: str
    store_en: str
    epoch: int
    sequence: int
    previous: str
    at_ms: int
    zone: str
    points_balance: int | None = None
    points_exponent: int = 0
    value_left: int | None = None
    bonus_left: int = 0
    tier_zh: str = ""
    tier_en: str = ""
    training: bool = False
    copy: bool = False
    """Whether it was printed before: then it says so."""


def printable(row: str) -> str:
    """Return a row without what a printer would obey instead of print."""
    return "".join([c if c.isprintable() else "?" for c in row])


def columns(text: str) -> int:
    """Return how many half-width columns a text takes (Unicode Standard Annex 11)."""
    return len(text) if text.isascii() else _columns(text)


@lru_cache(maxsize=4096)  # the same names and words come back with every receipt
def _columns(text: str) -> int:
    return len(text) + sum(east_asian_width(character) in "WF" for character in text)


def wrap(text: str, width: int) -> list[str]:
    """Cut a text into rows of at most `width` columns.

    A row ends between words where there is a space, and anywhere in Chinese; a word that is wider
    than a row is cut where the row is full.
    """
    rows: list[str] = []
    while columns(text) > width:
        end = _fitting(text, width)
        if _in_word(text, end):
            before = max(text.rfind(" ", 0, end), _after_wide(text, end))
            end = before if text[:before].strip() else end
        rows.append(text[:end].rstrip())
        text = text[end:].lstrip(" ")
    return [*rows, text] if text or not rows else rows


def _fitting(text: str, width: int) -> int:
    """Return how many characters of a text fit into so many columns, at least one."""
    used = 0
    for place, character in enumerate(text):
        used += columns(character)
        if used > width:
            return max(1, place)
    return len(text)


def _in_word(text: str, end: int) -> bool:
    """Tell whether a cut before the character at `end` would be inside a word."""
    around = text[end - 1 : end + 1]
    return around.isascii() and " " not in around


def _after_wide(text: str, end: int) -> int:
    """Return the place after the last character before `end` that is of no word, 0 for none."""
    wide = [place for place, character in enumerate(text[:end], 1) if columns(character) > 1]
    return wide[-1] if wide else 0


class Paper:
    """One slip being set, row by row: a left and a right column."""

    def __init__(self, fact: Deed, header: ReceiptHeader, lang: Lang, width: int) -> None:
        assert WIDTH_MIN <= width <= WIDTH_MAX, "no receipt printer is that narrow or wide"
        self._deed, self._header, self._width = fact, header, width
        self._at = 0 if lang == "zh" else 1
        self.exponent: int = getattr(fact, "exponent", 0)
        """How many digits of money stand behind the point; a deed without money has none."""
        self.money: Callable[[int], str] = partial(format_minor, exponent=self.exponent)
        """Returns an amount as people write it."""
        self.rows: list[str] = []

    def text(self) -> str:
        """Return what was set, each row ended by a newline."""
        rows = self.rows
        if not "".join(rows).isprintable():
            rows = [printable(row) for row in rows]
        return "".join([f"{row.rstrip()}\n" for row in rows])

    def rule(self) -> None:
        """Draw a line."""
        self.rows.append("-" * self._width)

    def watermark(self) -> None:
        """Say what this is not: a real deed, or the first print of it."""
        if self._header.training or self._deed.training:
            self.centred(HEAD_WORDS["training"][self._at])
        if self._header.copy:
            self.centred(HEAD_WORDS["copy"][self._at])

    def head(self, title: str = "") -> None:
        """Say who did it, when and where; `title` names what it is, "" for a sale."""
        deed, header = self._deed, self._header
        self.centred((header.store_zh, header.store_en)[self._at])
        if title:
            self.centred(title)
        self._named("receipt", deed.receipt)
        self._named("business_date", deed.business_date)
        time = local(header.at_ms, header.zone)
        self._named("time", time.replace(tzinfo=None).isoformat(" ", "seconds"))
        self._named("terminal", deed.lane or deed.terminal)
        self._named("cashier", deed.cashier)
        if deed.seller:
            self._named("seller", deed.seller)
        if deed.approved_by:
            self._named("approved_by", deed.approved_by)
        if deed.member:
            self._named("member", deed.member)
        if header.tier_zh:
            self._named("tier", (header.tier_zh, header.tier_en)[self._at])

    def left(self) -> None:
        """Say what the member has left, as far as that is known."""
        header = self._header
        if header.points_balance is not None:
            self._named("balance", self.points(header.points_balance))
        if header.value_left is not None:
            self._named("value_left", self.money(header.value_left))
        if header.bonus_left:
            self.pair(f"  {HEAD_WORDS['bonus_left'][self._at]}", self.money(header.bonus_left))

    def foot(self) -> None:
        """Say where it stands in the journal, and how far the time is to be trusted."""
        header = self._header
        self._named("journal", f"{header.epoch}-{header.sequence}")
        self.pair("", header.previous[:DIGEST_SHOWN])
        clock = self._deed.clock
        if clock == EXACT:
            return
        said = HEAD_WORDS[clock.quality][self._at]
        if clock.error_ms is not None:
            tenths = -(-clock.error_ms // 100)
            said = f"{said} {format_minor(tenths, 1)} s"
        self._named("clock", said)

    def centred(self, text: str) -> None:
        """Set a text in the middle."""
        for row in wrap(text, self._width):
            self.rows.append(" " * ((self._width - columns(row)) // 2) + row)

    def pair(self, left: str, right: str) -> None:
        """Put `right` at the right edge, below `left` if there is no room beside it."""
        # Said here once more what `columns` says: a call for each text of each row would tell.
        taken = len(left) if left.isascii() else _columns(left)
        space = self._width - taken - (len(right) if right.isascii() else _columns(right))
        if space >= 1:
            self.rows.append(left + " " * space + right)
            return
        self.rows += wrap(left, self._width)
        self.rows += [" " * (self._width - columns(row)) + row for row in wrap(right, self._width)]

    def points(self, points: int) -> str:
        """Return points as people write them."""
        return format_minor(points, self._header.points_exponent)

    def _named(self, name: str, right: str) -> None:
        self.pair(HEAD_WORDS[name][self._at], right)


@lru_cache(maxsize=64)
def rate_said(basis_points: int) -> str:
    """Return a rate as people write it: 1300 is 13%, 650 is 6.5%."""
    whole = format_minor(basis_points, 2).rstrip("0").rstrip(".")
    return f"{whole or '0'}%"
