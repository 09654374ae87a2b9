"""What a benefit takes off: of each unit, of a line, or of everything together."""

from collections.abc import Mapping, Sequence

from tests.pricer.arithmetic import rounded, share_of
from tests.pricer.goods import Data, Goods, Offs, Unit, by_line, shared

FREE: Data = {"is": "percent", "basis_points": 10_000}


class Prices:
    """What the units of a basket cost at a rule's turn."""

    def __init__(self, goods: Goods, now: Mapping[Unit, int]) -> None:
        self.goods, self.now = goods, now

    def sum(self, units: Sequence[Unit], base: str = "remaining") -> int:
        prices = self.goods.list if base == "list" else self.now
        return sum(prices[unit] for unit in units)

    def share(self, units: Sequence[Unit], amount: int) -> Offs:
        """Share an amount by what the units still cost."""
        return shared(amount, {unit: self.now[unit] for unit in units}, self.goods.odd_cent)


def percent(benefit: Data, now: int, base: int, rounding: str) -> int:
    """Return a share of `base`, of which `now` is left; the discount or the price is rounded."""
    off = share_of(base, benefit["basis_points"])
    if benefit.get("round", "discount") == "price":
        taken = now - max(0, rounded(now - off, rounding))
    else:
        taken = rounded(off, rounding)
    return min(taken, now)


def off_together(benefit: Data, prices: Prices, units: Sequence[Unit]) -> int:
    """Return what a benefit takes off all of these units as one."""
    now = prices.sum(units)
    match benefit["is"]:
        case "percent":
            base = prices.sum(units, benefit.get("base", "remaining"))
            return percent(benefit, now, base, prices.goods.rounding)
        case "amount":
            return int(min(benefit["amount"], now))
        case _:
            return int(max(0, now - benefit["amount"]))


def off_each(benefit: Data, prices: Prices, units: Sequence[Unit]) -> Offs:
    """Return what a benefit takes off each unit by itself."""
    offs: Offs = {}
    for unit in units:
        if benefit["is"] == "fixed":
            price = prices.goods.at(unit, benefit["amount"])
            offs[unit] = max(0, prices.now[unit] - price)
        else:
            offs[unit] = off_together(benefit, prices, [unit])
    return offs


def off(benefit: Data, per: str, prices: Prices, units: Sequence[Unit]) -> Offs:
    """Return what a benefit takes off, given per unit, per line or once for the order."""
    if per == "unit":
        return off_each(benefit, prices, units)
    if per == "order":
        return prices.share(units, off_together(benefit, prices, units))
    offs: Offs = {}
    for some in by_line(units).values():
        offs |= prices.share(some, off_together(benefit, prices, some))
    return offs
