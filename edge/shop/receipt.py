"""A sale as the guest sees it."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from edge.shop.basket import PIECE
from edge.shop.facts import SaleMade, SoldLine
from edge.shop.paper import (
    DIGEST_SHOWN,
    HEAD_WORDS,
    WIDTH_MAX,
    WIDTH_MIN,
    Paper,
    ReceiptHeader,
    columns,
    rate_said,
    wrap,
)
from edge.shop.pricing.explain import Lang
from edge.shop.sale import Adjustment, Given
from edge.shop.tender import CardUses

__all__ = [
    "DIGEST_SHOWN",
    "WIDTH_MAX",
    "WIDTH_MIN",
    "WORDS",
    "ReceiptHeader",
    "columns",
    "render",
    "wrap",
]

WORDS: dict[str, tuple[str, str]] = HEAD_WORDS | {
    "gift": ("赠品", "Gift"),
    "subtotal": ("小计", "Subtotal"),
    "discount": ("优惠", "Discount"),
    "total": ("合计", "TOTAL"),
    "tax": ("含税", "Incl. tax"),
    "of": ("净额", "net"),
    "rounding": ("现金舍入", "Cash rounding"),
    "bonus": ("赠送金额", "Bonus"),
    "principal": ("本金", "Principal"),
    "uses": ("次卡", "Count card"),
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
}
"""The words on a receipt (zh, en); those of tenders are named as their kind is."""
_NAME: dict[Lang, Callable[[Any], str]] = {
    "zh": attrgetter("name_zh"),
    "en": attrgetter("name_en"),
}


def render(fact: SaleMade, header: ReceiptHeader, lang: Lang, width: int = 32) -> str:
    """Return the receipt as text, each row at most `width` columns and ended by a newline."""
    return _Receipt(fact, header, lang, width).set()


class _Receipt(Paper):
    """One receipt being set."""

    def __init__(self, fact: SaleMade, header: ReceiptHeader, lang: Lang, width: int) -> None:
        super().__init__(fact, header, lang, width)
        self._fact = fact
        self._name: Callable[[SoldLine | Adjustment | Given], str] = _NAME[lang]

    def set(self) -> str:
        """Set all of it and return it."""
        self.watermark()
        self.head()
        self.rule()
        self._goods()
        self.rule()
        self._sums()
        self._tenders()
        self.rule()
        self._coupons()
        self._earned()
        self.left()
        self.foot()
        self.watermark()
        return self.text()

    def _goods(self) -> None:
        for line in self._fact.lines:
            name = self._name(line)
            match line.kind:
                case "charge":
                    self.pair(name, self.money(line.list_amount))
                case "gift":
                    self.rows += wrap(self._labelled("gift", name), self._width)
                    self.pair(self._quantity(line), self.money(line.list_amount))
                case "goods":
                    self.rows += wrap(name, self._width)
                    self.pair(self._quantity(line), self.money(line.list_amount))
            for discount in line.discounts:
                self.pair(f"  {self._name(discount)}", self.money(discount.amount))

    def _quantity(self, line: SoldLine) -> str:
        unit = "" if line.unit == PIECE else f" {line.unit}"
        return f"  {line.quantity:f}{unit} x {self.money(line.unit_price)}"

    def _sums(self) -> None:
        fact = self._fact
        listed = sum(line.list_amount for line in fact.lines)
        if listed != fact.total:
            self._word("subtotal", self.money(listed))
            self._word("discount", self.money(fact.total - listed))
        self.pair(f"{WORDS['total'][self._at]} {fact.currency}", self.money(fact.total))
        for tax in fact.tax:
            net = f"{WORDS['of'][self._at]} {self.money(tax.net)}"
            label = f"  {WORDS['tax'][self._at]} {rate_said(tax.rate)} ({net})"
            self.pair(label, self.money(tax.tax))

    def _tenders(self) -> None:
        """Say what was handed over, in the order it counted, and what was given back."""
        fact = self._fact
        if fact.rounding:
            self._word("rounding", self.money(fact.rounding))
        cash = fact.change
        for tender in fact.tenders:
            if tender.kind == "cash":
                cash += tender.amount
            elif tender.uses:
                self._uses(tender.uses, tender.amount)
            else:
                self._word(tender.kind, self.money(tender.amount))
        if cash or not fact.tenders:
            self._word("cash", self.money(cash))
        if fact.change:
            self._word("change", self.money(fact.change))

    def _uses(self, uses: CardUses, amount: int) -> None:
        """Say which count card paid, how often, and how many uses it has left."""
        plan = (uses.name_zh, uses.name_en)[self._at]
        self.pair(self._labelled("uses", plan), self.money(amount))
        count = len(uses.units)
        said = (f"用 {count} 次", f"paid with {count} use{'s' * (count > 1)}")[self._at]
        self.pair(f"  {said}", (f"余 {uses.left} 次", f"{uses.left} left")[self._at])

    def _coupons(self) -> None:
        fact = self._fact
        named = {d.coupon: self._name(d) for line in fact.lines for d in line.discounts}
        for coupon in fact.coupons:
            name = named.get(coupon.coupon, coupon.rule)
            self.pair(self._labelled("redeemed", name), coupon.coupon)
        opened = {move.opens.terms: move.opens for move in fact.moves if move.opens}
        for given in fact.gives:
            self.pair(self._labelled("given", self._name(given)), f"x {given.count}")
            if expires := opened[given.coupon].expires:
                self._word("until", expires)

    def _earned(self) -> None:
        fact = self._fact
        if fact.points_spent:
            self._word("spent", self.points(-fact.points_spent))
        if fact.member:
            self._word("points", self.points(fact.points_earned))

    def _labelled(self, word: str, name: str) -> str:
        return f"{WORDS[word][self._at]}{('：', ': ')[self._at]}{name}"

    def _word(self, name: str, right: str) -> None:
        self.pair(WORDS[name][self._at], right)
