"""A sale as the guest sees it: exact amounts in columns that also line up in Chinese."""

from functools import lru_cache
from unicodedata import east_asian_width

import msgspec

from edge.shop.basket import PIECE
from edge.shop.calendar import EXACT, local
from edge.shop.facts import SaleMade, SoldLine
from edge.shop.money import format_minor
from edge.shop.pricing.explain import Lang
from edge.shop.sale import Adjustment, Given

WIDTH_MIN, WIDTH_MAX = 32, 48
"""What receipt printers of 58 and 80 mm print in one row, in half-width columns."""

DIGEST_SHOWN = 16
"""How many hex digits of the previous page's digest tie a receipt to its journal."""

WORDS: dict[str, tuple[str, str]] = {
    "training": ("*** 练习模式 ***", "*** TRAINING MODE ***"),
    "receipt": ("小票", "Receipt"),
    "business_date": ("营业日", "Business date"),
    "time": ("时间", "Time"),
    "terminal": ("终端", "Terminal"),
    "cashier": ("收银员", "Cashier"),
    "seller": ("导购", "Sales assistant"),
    "member": ("会员", "Member"),
    "tier": ("会员等级", "Tier"),
    "gift": ("赠品", "Gift"),
    "subtotal": ("小计", "Subtotal"),
    "discount": ("优惠", "Discount"),
    "total": ("合计", "TOTAL"),
    "tax": ("含税", "Incl. tax"),
    "of": ("净额", "net"),
    "rounding": ("现金舍入", "Cash rounding"),
    "bonus": ("赠送金额", "Bonus"),
    "principal": ("本金", "Principal"),
    "card": ("银行卡", "Card"),
    "wallet": ("移动支付", "Wallet"),
    "transfer": ("转账", "Transfer"),
    "voucher": ("团购券", "Voucher"),
    "cash": ("现金", "Cash"),
    "change": ("找零", "Change"),
    "redeemed": ("优惠券核销", "Coupon redeemed"),
    "given": ("赠券", "Coupon for you"),
    "until": ("有效期至", "valid until"),
    "spent": ("积分抵扣", "Points redeemed"),
    "points": ("本次积分", "Points earned"),
    "balance": ("积分余额", "Points balance"),
    "value_left": ("储值余额", "Stored value left"),
    "bonus_left": ("其中赠送金额", "of it bonus"),
    "journal": ("流水账", "Journal"),
    "clock": ("时间误差", "Clock error"),
    "trusted": ("不超过", "at most"),
    "holdover": ("未同步，不超过", "not in sync, at most"),
    "unknown": ("时间未经确认", "time not confirmed"),
}
"""The words on a receipt (zh, en); those of tenders are named as their kind is."""


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


def render(fact: SaleMade, header: ReceiptHeader, lang: Lang, width: int = 32) -> str:
    """Return the receipt as text, each row at most `width` columns and ended by a newline."""
    assert WIDTH_MIN <= width <= WIDTH_MAX, "no receipt printer is that narrow or wide"
    return _Page(fact, header, lang, width).set()


def printable(row: str) -> str:
    """Return a row without what a printer would obey instead of print, and without its end."""
    clean = row if row.isprintable() else "".join(c if c.isprintable() else "?" for c in row)
    return clean.rstrip()


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


class _Page:
    """One receipt being set, row by row: a left and a right column."""

    def __init__(self, fact: SaleMade, header: ReceiptHeader, lang: Lang, width: int) -> None:
        self._fact, self._header, self._width = fact, header, width
        self._at = 0 if lang == "zh" else 1
        self.rows: list[str] = []

    def set(self) -> str:
        """Set all of it and return it."""
        self._watermark()
        self._head()
        self.rows.append("-" * self._width)
        self._goods()
        self.rows.append("-" * self._width)
        self._sums()
        self._tenders()
        self.rows.append("-" * self._width)
        self._coupons()
        self._foot()
        self._watermark()
        return "".join([f"{printable(row)}\n" for row in self.rows])

    def _watermark(self) -> None:
        if self._header.training or self._fact.training:
            self._centred(WORDS["training"][self._at])

    def _head(self) -> None:
        fact, header = self._fact, self._header
        self._centred((header.store_zh, header.store_en)[self._at])
        self._word("receipt", fact.receipt)
        self._word("business_date", fact.business_date)
        time = local(header.at_ms, header.zone)
        self._word("time", time.replace(tzinfo=None).isoformat(" ", "seconds"))
        self._word("terminal", fact.lane or fact.terminal)
        self._word("cashier", fact.cashier)
        if fact.seller:
            self._word("seller", fact.seller)
        if fact.member:
            self._word("member", fact.member)
        if header.tier_zh:
            self._word("tier", (header.tier_zh, header.tier_en)[self._at])

    def _goods(self) -> None:
        for line in self._fact.lines:
            name = self._name(line)
            match line.kind:
                case "charge":
                    self._pair(name, self._money(line.list_amount))
                case "gift":
                    self.rows += wrap(self._labelled("gift", name), self._width)
                    self._pair(self._quantity(line), self._money(line.list_amount))
                case "goods":
                    self.rows += wrap(name, self._width)
                    self._pair(self._quantity(line), self._money(line.list_amount))
            for discount in line.discounts:
                self._pair(f"  {self._name(discount)}", self._money(discount.amount))

    def _quantity(self, line: SoldLine) -> str:
        unit = "" if line.unit == PIECE else f" {line.unit}"
        return f"  {line.quantity:f}{unit} x {self._money(line.unit_price)}"

    def _sums(self) -> None:
        fact = self._fact
        listed = sum(line.list_amount for line in fact.lines)
        if listed != fact.total:
            self._word("subtotal", self._money(listed))
            self._word("discount", self._money(fact.total - listed))
        self._pair(f"{WORDS['total'][self._at]} {fact.currency}", self._money(fact.total))
        for tax in fact.tax:
            net = f"{WORDS['of'][self._at]} {self._money(tax.net)}"
            label = f"  {WORDS['tax'][self._at]} {_rate(tax.rate)} ({net})"
            self._pair(label, self._money(tax.tax))

    def _tenders(self) -> None:
        """Say what was handed over, in the order it counted, and what was given back."""
        fact = self._fact
        if fact.rounding:
            self._word("rounding", self._money(fact.rounding))
        cash = fact.change
        for tender in fact.tenders:
            if tender.kind == "cash":
                cash += tender.amount
            else:
                self._word(tender.kind, self._money(tender.amount))
        if cash or not fact.tenders:
            self._word("cash", self._money(cash))
        if fact.change:
            self._word("change", self._money(fact.change))

    def _coupons(self) -> None:
        fact = self._fact
        named = {d.coupon: self._name(d) for line in fact.lines for d in line.discounts}
        for coupon in fact.coupons:
            name = named.get(coupon.coupon, coupon.rule)
            self._pair(self._labelled("redeemed", name), coupon.coupon)
        opened = {move.opens.terms: move.opens for move in fact.moves if move.opens}
        for given in fact.gives:
            self._pair(self._labelled("given", self._name(given)), f"x {given.count}")
            if expires := opened[given.coupon].expires:
                self._word("until", expires)

    def _foot(self) -> None:
        fact, header = self._fact, self._header
        if fact.points_spent:
            self._word("spent", self._points(-fact.points_spent))
        if fact.member:
            self._word("points", self._points(fact.points_earned))
        if header.points_balance is not None:
            self._word("balance", self._points(header.points_balance))
        if header.value_left is not None:
            self._word("value_left", self._money(header.value_left))
        if header.bonus_left:
            self._pair(f"  {WORDS['bonus_left'][self._at]}", self._money(header.bonus_left))
        self._word("journal", f"{header.epoch}-{header.sequence}")
        self._pair("", header.previous[:DIGEST_SHOWN])
        self._clock()

    def _clock(self) -> None:
        """Say how far the time is to be trusted, unless it is exact."""
        clock = self._fact.clock
        if clock == EXACT:
            return
        said = WORDS[clock.quality][self._at]
        if clock.error_ms is not None:
            tenths = -(-clock.error_ms // 100)
            said = f"{said} {format_minor(tenths, 1)} s"
        self._word("clock", said)

    def _name(self, named: SoldLine | Adjustment | Given) -> str:
        return (named.name_zh, named.name_en)[self._at]

    def _labelled(self, word: str, name: str) -> str:
        return f"{WORDS[word][self._at]}{('：', ': ')[self._at]}{name}"

    def _centred(self, text: str) -> None:
        for row in wrap(text, self._width):
            self.rows.append(" " * ((self._width - columns(row)) // 2) + row)

    def _word(self, name: str, right: str) -> None:
        self._pair(WORDS[name][self._at], right)

    def _pair(self, left: str, right: str) -> None:
        """Put `right` at the right edge, below `left` if there is no room beside it."""
        space = self._width - columns(left) - columns(right)
        if space >= 1:
            self.rows.append(left + " " * space + right)
            return
        self.rows += wrap(left, self._width)
        self.rows += [" " * (self._width - columns(row)) + row for row in wrap(right, self._width)]

    def _points(self, points: int) -> str:
        return format_minor(points, self._header.points_exponent)

    def _money(self, amount: int) -> str:
        return format_minor(amount, self._fact.exponent)


@lru_cache(maxsize=64)
def _rate(basis_points: int) -> str:
    """Return a rate as people write it: 1300 is 13%, 650 is 6.5%."""
    whole = format_minor(basis_points, 2).rstrip("0").rstrip(".")
    return f"{whole or '0'}%"
