"""Spend threshold: who spends so much gets a sum or a share off, a gift, or coupons."""

from typing import Annotated

from msgspec import Meta

from edge.shop.rules.benefit import Less, OnTop, Per, Percent, Voucher, cuts
from edge.shop.rules.conditions import Miss
from edge.shop.rules.rule import NOTHING, Discount, Effect, Gift
from edge.shop.rules.running import PriceBase, Running, Selection
from edge.shop.rules.units import merged


class SpendThreshold(Discount, frozen=True, kw_only=True, tag="spend_threshold"):
    """Spending `amount` on the goods the rule is about gets what it gives.

    What is spent is what these goods still cost, or what they cost at list (`measured`);
    `strict` asks for more than the amount. A threshold on the whole order, or on what it costs
    after the stages of lines, is a condition `at_least`, with an `amount_off` or the like.

    `every`: all is given once for each full `amount` (strict: once for each that is exceeded),
    a sum as a multiple, so the benefit cannot be a share; else once. `off` is given `per` unit,
    per line, or once for the order (the default), shared by what units still cost.

        {"kind": "spend_threshold", "id": "20-off-100", "stage": 4, "amount": 10000,
         "every": true, "off": {"is": "amount", "amount": 2000}, ...}
        {"kind": "spend_threshold", "id": "mug", "stage": 4, "amount": 20000,
         "gifts": [{"product": "mug"}], "coupons": [{"coupon": "next-time", "count": 2}], ...}
    """

    amount: Annotated[int, Meta(gt=0, le=10**12)]
    measured: PriceBase = "remaining"
    strict: bool = False
    every: bool = False
    off: Less | Percent | None = None
    per: Per = "order"
    gifts: tuple[OnTop, ...] = ()
    coupons: tuple[Voucher, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a rule that gives nothing, and a share many times over."""
        if self.off is None and not self.gifts and not self.coupons:
            raise ValueError("it gives nothing: no `off`, no `gifts`, no `coupons`")
        if self.every and isinstance(self.off, Percent):
            raise ValueError("a percent cannot be given once for each amount; use a ladder")

    def effect(self, running: Running, selection: Selection, times_max: int) -> Effect:
        """Give what there is to give, at most `times_max` times."""
        spent = running.amount(selection, self.measured)
        reached = (spent - self.strict) // self.amount
        times = min(reached if self.every else min(1, reached), times_max)
        if times < 1:
            return NOTHING
        off = self.off
        if isinstance(off, Less):
            off = Less(amount=off.amount * times)
        taken = merged(cuts(off, self.per, running, selection)) if off else ()
        gifts = tuple([Gift(gift.product, gift.count * times) for gift in self.gifts])
        coupons = tuple([(each.coupon, each.count * times) for each in self.coupons])
        if not taken and not gifts and not coupons:
            return NOTHING
        return Effect(cuts=taken, times=times, gifts=gifts, coupons=coupons)

    def short_of(self, running: Running, selection: Selection) -> Miss | None:
        """Return R-NEEDS-AMOUNT with how much `more` it takes."""
        more = self.amount + self.strict - running.amount(selection, self.measured)
        return Miss("R-NEEDS-AMOUNT", {"amount": self.amount, "more": more}) if more > 0 else None
