"""What a guest gets for a deed that is no sale: a return, a top-up, a use of a count card."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

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
    SaleVoided,
    TakenBack,
    TierBought,
    TierRefunded,
    ToppedUp,
    TopUpCancelled,
)
from edge.shop.paper import Paper, ReceiptHeader, rate_said
from edge.shop.pricing.explain import Lang
from edge.shop.receipt import WORDS as RECEIPT_WORDS
from edge.shop.sale import TaxLine

WORDS: Mapping[str, tuple[str, str]] = RECEIPT_WORDS | {
    "return": ("退货", "Return"),
    "void": ("撤销", "Void"),
    "top_up": ("充值", "Top-up"),
    "card_sale": ("售卡", "Card sale"),
    "cancel_top_up": ("充值撤销", "Top-up cancelled"),
    "refund_card": ("退卡", "Card refunded"),
    "count_card_sale": ("次卡售卡", "Count card sale"),
    "use_count": ("扣次", "Count used"),
    "return_use": ("退次", "Use given back"),
    "count_card_back": ("次卡退卡", "Count card given back"),
    "exchange": ("积分兑换", "Points exchanged"),
    "exchange_back": ("兑换退回", "Exchange taken back"),
    "draw": ("抽奖", "Prize draw"),
    "draw_back": ("抽奖退回", "Ticket taken back"),
    "tier_bought": ("购买会员等级", "Tier bought"),
    "tier_refunded": ("会员等级退款", "Tier given back"),
    "prize": ("奖品", "Prize"),
    "handed": ("实物", "Goods"),
    "of": ("原小票", "Of receipt"),
    "refund": ("退款", "Refund"),
    "paid_in": ("充值金额", "Paid in"),
    "price": ("售价", "Price"),
    "uses": ("次数", "Uses"),
    "uses_left": ("剩余次数", "Uses left"),
    "plan": ("次卡", "Count card"),
    "points_taken": ("扣回积分", "Points taken back"),
    "points_back": ("退回积分", "Points given back"),
    "points_spent": ("使用积分", "Points spent"),
    "kept": ("扣除", "Kept back"),
    "item": ("项目", "Item"),
    "coupon_restored": ("退回优惠券", "Coupon restored"),
    "coupon_voided": ("作废优惠券", "Coupon voided"),
    "net": RECEIPT_WORDS["of"],
}
"""The words on a slip (zh, en); those of tenders are named as their kind is."""


class Row(NamedTuple):
    """A word or a name at the left, and what stands against it at the right."""

    left: str
    right: str


def slip(fact: Deed, header: ReceiptHeader, lang: Lang, width: int = 32) -> str:
    """Return what is printed of a deed, each row at most `width` columns.

    The deed is one of those this file has words for: an assertion.
    """
    return _Slip(fact, header, lang, width).set()


class _Slip(Paper):
    """One slip being set."""

    def __init__(self, fact: Deed, header: ReceiptHeader, lang: Lang, width: int) -> None:
        super().__init__(fact, header, lang, width)
        self._fact = fact

    def set(self) -> str:
        """Set all of it and return it."""
        kind = _kind(self._fact)
        self.watermark()
        self.head(self._said(kind.title))
        self.rule()
        for row in kind.body(self, self._fact):
            self.pair(row.left, row.right)
        self.rule()
        self.left()
        self.foot()
        self.watermark()
        return self.text()

    def _count_card(self, sold: CountCardSold) -> Iterator[Row]:
        yield self._row("plan", self._name(sold.plan))
        yield self._row("uses", str(sold.plan.uses))
        yield self._row(sold.tender, self.money(sold.plan.price))
        if sold.expires:
            yield self._row("until", sold.expires)

    def _used(self, used: CountUsed) -> Iterator[Row]:
        yield self._row("item", self._name(used))
        yield self._row("uses", str(len(used.values)))
        yield self._row("uses_left", str(used.left))
        if used.points:
            yield self._row("points", self.points(used.points))

    def _use_back(self, back: CountReturned) -> Iterator[Row]:
        yield self._row("uses", str(len(back.values)))
        yield self._row("uses_left", str(back.left))
        if back.points:
            yield self._row("points_taken", self.points(-back.points))

    def _count_card_back(self, back: CountCardGivenBack) -> Iterator[Row]:
        yield self._row("uses", str(back.uses))
        yield self._row("refund", self.money(back.refund))
        yield self._row(back.tender, self.money(-back.refund))

    def _taken_back(self, back: TakenBack) -> Iterator[Row]:
        yield self._row("of", back.sale_receipt)
        for line in back.lines:
            unit = f"{line.quantity:f}" if line.quantity != 1 else "1"
            yield Row(f"{self._name(line)} x {unit}", self.money(-line.net))
        for gift in back.gifts:
            yield self._row("gift", self.money(gift.amount))
        for tax in getattr(back, "retained", ()):
            yield self._row("kept", self.money(tax.net + tax.tax))
        yield self._row("refund", self.money(-back.total))
        yield from [self._taxed(tax) for tax in back.tax]
        if back.rounding:
            yield self._row("rounding", self.money(-back.rounding))
        for refund in back.refunds:
            yield self._row("plan" if refund.uses else refund.kind, self.money(-refund.amount))
            if refund.uses:
                yield self._row("uses", str(refund.uses))
        if back.points_taken:
            yield self._row("points_taken", self.points(-back.points_taken))
        if back.points_back:
            yield self._row("points_back", self.points(back.points_back))
        for coupon in back.coupons_restored:
            yield self._row("coupon_restored", coupon)
        for coupon in back.coupons_voided:
            yield self._row("coupon_voided", coupon)

    def _paid_in(self, paid_in: ToppedUp) -> Iterator[Row]:
        yield self._row("paid_in", self.money(paid_in.amount))
        if paid_in.bonus:
            yield self._row("bonus", self.money(paid_in.bonus))
        paid = paid_in.amount
        if isinstance(paid_in, CardSold):
            paid = paid_in.price
            yield self._row("price", self.money(paid))
            yield from [self._taxed(tax) for tax in paid_in.tax]
        yield self._row(paid_in.tender, self.money(paid))

    def _undone(self, undone: TopUpCancelled | CardRefunded) -> Iterator[Row]:
        yield self._row("principal", self.money(-undone.principal))
        if undone.bonus:
            yield self._row("bonus", self.money(-undone.bonus))
        if undone.clawback:
            yield self._row("kept", self.money(undone.clawback))
        cash = 0
        if isinstance(undone, CardRefunded):
            cash = undone.cash
            if undone.uses:
                yield self._row("uses", str(-undone.uses))
                yield self._row("points_back", self.points(undone.points))
        yield self._row("refund", self.money(undone.refund + cash))
        yield self._row(undone.tender, self.money(-undone.refund - cash))

    def _exchanged(self, had: PointsExchanged) -> Iterator[Row]:
        yield Row(f"{self._name(had)} x {had.count}", "")
        yield self._row("points_spent", self.points(-had.points))
        if had.cash:
            yield self._row("total", self.money(had.cash))
        for tender in had.tenders:
            yield self._row(tender.kind, self.money(tender.amount))
        if had.change:
            yield self._row("change", self.money(had.change))

    def _exchange_back(self, back: ExchangeUndone) -> Iterator[Row]:
        yield self._row("of", back.exchange_receipt)
        yield Row(f"{self._name(back)} x {back.count}", "")
        yield self._row("points_back", self.points(back.points - back.forfeited))
        for refund in back.refunds:
            yield self._row(refund.kind, self.money(-refund.amount))

    def _ticket(self, ticket: PrizeDrawn | DrawUndone) -> Iterator[Row]:
        back = isinstance(ticket, DrawUndone)
        yield self._row("item", ticket.draw)
        yield self._row("prize", ticket.prize or "-")
        if ticket.product:
            yield self._row("handed", ticket.product)
        yield self._row("points_back" if back else "points_spent", self.points(ticket.points))

    def _tier(self, tier: TierBought | TierRefunded) -> Iterator[Row]:
        yield self._row("tier", tier.tier)
        if isinstance(tier, TierRefunded):
            yield self._row("refund", self.money(-tier.refund))
            for refund in tier.refunds:
                yield self._row(refund.kind, self.money(-refund.amount))
        else:
            yield self._row("until", tier.until)
            yield self._row("price", self.money(tier.fee))
            for tender in tier.tenders:
                yield self._row(tender.kind, self.money(tender.amount))
        yield from [self._taxed(tax) for tax in tier.tax]

    def _taxed(self, tax: TaxLine) -> Row:
        net = f"{self._said('net')} {self.money(tax.net)}"
        return Row(f"  {self._said('tax')} {rate_said(tax.rate)} ({net})", self.money(tax.tax))

    def _name(self, named: object) -> str:
        name: str = getattr(named, ("name_zh", "name_en")[self._at])
        return name

    def _said(self, word: str) -> str:
        return WORDS[word][self._at]

    def _row(self, word: str, right: str) -> Row:
        return Row(self._said(word), right)


class _Kind(NamedTuple):
    """A kind of deed, what its slip is headed, and what stands on it."""

    of: type[Deed]
    title: str
    body: Callable[[_Slip, Any], Iterator[Row]]


_KINDS = (
    _Kind(SaleVoided, "void", _Slip._taken_back),
    _Kind(TakenBack, "return", _Slip._taken_back),
    _Kind(CardSold, "card_sale", _Slip._paid_in),
    _Kind(ToppedUp, "top_up", _Slip._paid_in),
    _Kind(TopUpCancelled, "cancel_top_up", _Slip._undone),
    _Kind(CardRefunded, "refund_card", _Slip._undone),
    _Kind(CountCardSold, "count_card_sale", _Slip._count_card),
    _Kind(CountUsed, "use_count", _Slip._used),
    _Kind(CountReturned, "return_use", _Slip._use_back),
    _Kind(CountCardGivenBack, "count_card_back", _Slip._count_card_back),
    _Kind(PointsExchanged, "exchange", _Slip._exchanged),
    _Kind(ExchangeUndone, "exchange_back", _Slip._exchange_back),
    _Kind(PrizeDrawn, "draw", _Slip._ticket),
    _Kind(DrawUndone, "draw_back", _Slip._ticket),
    _Kind(TierBought, "tier_bought", _Slip._tier),
    _Kind(TierRefunded, "tier_refunded", _Slip._tier),
)
"""Special cases stand before what they are cases of."""


def _kind(fact: Deed) -> _Kind:
    found = next((kind for kind in _KINDS if isinstance(fact, kind.of)), None)
    assert found is not None, f"nothing is printed of a {type(fact).__name__}"
    return found
