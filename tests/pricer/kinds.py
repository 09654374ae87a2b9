"""What each kind of rule would do at its turn, if nothing but zero stopped a price from falling."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from tests.pricer import ladders, sets
from tests.pricer.arithmetic import rounded
from tests.pricer.benefits import FREE, Prices, off, off_each
from tests.pricer.effect import Effect
from tests.pricer.goods import Data, Offs, Unit, by_line
from tests.pricer.targets import ordered


def effect(
    rule: Data, prices: Prices, units: Sequence[Unit], times_max: int, exact: Sequence[Fraction]
) -> Effect:
    """Return what a rule does to these units. `exact` are the exact prices of lines, if kept."""
    if rule["kind"] == "percent_off" and rule.get("per", "line") == "line" and exact:
        return _percent_exactly(rule, prices, units, exact)
    return _KINDS[rule["kind"]](rule, prices, units, times_max)


def _percent_off(rule: Data, prices: Prices, units: Sequence[Unit], _: int) -> Effect:
    return Effect(off(rule | {"is": "percent"}, rule.get("per", "line"), prices, units))


def _percent_exactly(
    rule: Data, prices: Prices, units: Sequence[Unit], exact: Sequence[Fraction]
) -> Effect:
    """Measure whole lines by their exact prices; round only the last discount, or the price."""
    done = Effect({})
    for line, some in by_line(units).items():
        if len(some) < len(prices.goods.of_line(line)):
            done.offs |= off(rule | {"is": "percent"}, "line", prices, some)
            continue
        at_list = Fraction(prices.sum(some, "list"))
        base = at_list if rule.get("base", "remaining") == "list" else exact[line]
        left = max(Fraction(0), exact[line] - base * Fraction(rule["basis_points"], 10_000))
        now = prices.sum(some)
        if rule.get("round", "discount") == "discount":
            taken = rounded(now - left, prices.goods.rounding)
        else:
            taken = now - rounded(left, prices.goods.rounding)
        done.offs |= prices.share(some, max(0, taken))
        done.exact[line] = left
    return done


def _amount_off(rule: Data, prices: Prices, units: Sequence[Unit], _: int) -> Effect:
    return Effect(off(rule | {"is": "amount"}, rule.get("per", "unit"), prices, units))


def _fixed_price(rule: Data, prices: Prices, units: Sequence[Unit], _: int) -> Effect:
    return Effect(off(rule | {"is": "fixed"}, rule.get("per", "unit"), prices, units))


def _member_price(rule: Data, prices: Prices, units: Sequence[Unit], _: int) -> Effect:
    return Effect(off_each(rule["price"], prices, units))


def _spend_threshold(rule: Data, prices: Prices, units: Sequence[Unit], times_max: int) -> Effect:
    spent, amount = prices.sum(units, rule.get("measured", "remaining")), rule["amount"]
    times = (spent - 1 if rule.get("strict", False) else spent) // amount
    times = min(max(0, times), times_max if rule.get("every", False) else 1)
    if times == 0:
        return Effect({}, times=0)
    benefit, offs = rule.get("off"), Offs()
    if benefit is not None:
        if benefit["is"] == "amount":
            benefit = benefit | {"amount": benefit["amount"] * times}
        offs = off(benefit, rule.get("per", "order"), prices, units)
    return Effect(
        offs,
        times=times,
        gifts=[(gift["product"], gift.get("count", 1) * times) for gift in rule.get("gifts", ())],
        gives=[(c["coupon"], c.get("count", 1) * times) for c in rule.get("coupons", ())],
    )


def _coupon(rule: Data, prices: Prices, units: Sequence[Unit], _: int) -> Effect:
    get = rule["get"]
    if get["is"] == "gift":
        return Effect({}, gifts=[(get["product"], get.get("count", 1))])
    if get["is"] == "free":
        paid = [unit for unit in units if prices.now[unit] > 0]
        first = ordered(paid, prices.now, get.get("which", "cheapest") + "_first")
        return Effect(off_each(FREE, prices, first[: get.get("count", 1)]))
    return Effect(off(get, rule.get("per", "order"), prices, units))


_Kind = Callable[[Data, Prices, Sequence[Unit], int], Effect]

_KINDS: Mapping[str, _Kind] = {
    "percent_off": _percent_off,
    "amount_off": _amount_off,
    "fixed_price": _fixed_price,
    "member_price": _member_price,
    "spend_threshold": _spend_threshold,
    "coupon": _coupon,
    "buy_n_get_m": sets.buy_n_get_m,
    "every_nth": sets.every_nth,
    "set_price": sets.set_price,
    "ladder": ladders.ladder,
}

DISCOUNTS = tuple(_KINDS)
"""The kinds of rules that lower a price."""
