"""Fixed price: goods for a price of their own, each, by the line, or all of them together."""

from edge.shop.rules.benefit import Fixed, Per, cuts
from edge.shop.rules.rule import NOTHING, Amount, Discount, Effect
from edge.shop.rules.running import Running, Selection
from edge.shop.rules.units import merged


class FixedPrice(Discount, frozen=True, kw_only=True, tag="fixed_price"):
    """A price for the goods the rule is about; it never raises one.

    `per` says what the price buys: a unit (a piece, or one kilogram of weighed goods), all the
    units of one line that the rule may touch, or all it may touch together. The last two are
    shared over the units by what they still cost.

        {"kind": "fixed_price", "id": "mug-day", "stage": 3, "amount": 1990,
         "target": {"of": "products", "ids": ["mug"]}, "name_zh": "...", "name_en": "..."}
    """

    amount: Amount
    per: Per = "unit"

    def effect(self, running: Running, selection: Selection, times_max: int) -> Effect:
        """Lower what costs more to the fixed price."""
        taken = merged(cuts(Fixed(amount=self.amount), self.per, running, selection))
        return Effect(cuts=taken) if taken else NOTHING
