"""Rules that form sets of units, or count them: buy n get m, every nth, set price."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.pricer.benefits import FREE, Prices, off_each, off_together
from tests.pricer.effect import Effect
from tests.pricer.goods import Data, Offs, Unit
from tests.pricer.targets import names, ordered, picked

Set = tuple[list[Unit], list[Unit]]
"""The units bought for a set, and those rewarded."""


def buy_n_get_m(rule: Data, prices: Prices, units: Sequence[Unit], times_max: int) -> Effect:
    """Form sets of the units that still cost something, and reward some units of each."""
    paid = [unit for unit in units if prices.now[unit] > 0]
    most = times_max if rule.get("repeats", True) else min(1, times_max)
    reward = rule.get("reward", {"from": "basket"})
    if reward["from"] == "added":
        times = min(len(paid) // rule["buy"], most)
        gifts = [(reward["product"], rule["get"] * times)] if times else []
        return Effect({}, times=times, gifts=gifts)
    if reward["from"] == "named":
        formed = list(_named_sets(rule, prices, paid, most))
    elif rule.get("rank", "over_set") == "over_all":
        formed = _sets_over_all(rule, prices, paid, most)
    else:
        formed = _sets_in_runs(rule, prices, paid, most)
    offs: Offs = {}
    for bought, rewarded in formed:
        saved = off_each(rule.get("off", FREE), prices, rewarded)
        if rule.get("share", True):
            saved = prices.share([*bought, *rewarded], sum(saved.values()))
        offs |= saved
    return Effect(offs, times=len(formed))


def _rewards(rule: Data, paid: int, most: int) -> list[int]:
    """Return how many units each set rewards when so many units make sets of one kind of goods."""
    sizes: list[int] = []
    while paid > rule["buy"] and len(sizes) < most:
        rewards = min(rule["get"], paid - rule["buy"])
        if rewards < rule["get"] and not rule.get("partial", True):
            break
        sizes.append(rewards)
        paid -= rule["buy"] + rewards
    return sizes


def _sets_in_runs(rule: Data, prices: Prices, paid: Sequence[Unit], most: int) -> list[Set]:
    queue, formed = ordered(paid, prices.now, "dearest_first"), list[Set]()
    for rewards in _rewards(rule, len(paid), most):
        run, queue = queue[: rule["buy"] + rewards], queue[rule["buy"] + rewards :]
        if rule.get("which", "cheapest") == "cheapest":
            formed.append((run[: rule["buy"]], run[rule["buy"] :]))
        else:
            formed.append((run[rewards:], run[:rewards]))
    return formed


def _sets_over_all(rule: Data, prices: Prices, paid: Sequence[Unit], most: int) -> list[Set]:
    queue, sizes = ordered(paid, prices.now, "dearest_first"), _rewards(rule, len(paid), most)
    if rule.get("which", "cheapest") == "cheapest":
        bought, rewarded = queue[: len(queue) - sum(sizes)], queue[len(queue) - sum(sizes) :]
    else:
        bought, rewarded = queue[sum(sizes) :], queue[: sum(sizes)]
    buy, get = rule["buy"], rule["get"]
    return [
        (bought[number * buy : (number + 1) * buy], rewarded[number * get : (number + 1) * get])
        for number in range(len(sizes))
    ]


def _named_sets(rule: Data, prices: Prices, paid: Sequence[Unit], most: int) -> Iterator[Set]:
    reward, goods, now = rule["reward"], prices.goods, prices.now

    def named(target: Data) -> list[Unit]:
        return picked(target, [u for u in paid if names(target, goods.product(u))], now)

    to_reward = ordered(named(reward["rewarded"]), now, "dearest_first")
    if rule.get("which", "cheapest") == "cheapest":
        to_reward.reverse()
    to_buy = ordered(named(reward["bought"]), now, "dearest_first")
    to_buy.sort(key=lambda unit: unit in to_reward)
    used: set[Unit] = set()
    for _ in range(most):
        bought = [unit for unit in to_buy if unit not in used][: rule["buy"]]
        if len(bought) < rule["buy"]:
            return
        used |= set(bought)
        rewarded = [unit for unit in to_reward if unit not in used][: rule["get"]]
        if len(rewarded) < (1 if rule.get("partial", True) else rule["get"]):
            return
        used |= set(rewarded)
        yield bought, rewarded


def every_nth(rule: Data, prices: Prices, units: Sequence[Unit], times_max: int) -> Effect:
    """Count the units that still cost something; each nth gets the benefit."""
    paid = [unit for unit in units if prices.now[unit] > 0]
    counted: Counter[str] = Counter()
    nth: list[Unit] = []
    for unit in ordered(paid, prices.now, rule.get("order", "dearest_first")):
        product, run = prices.goods.product(unit), ""
        if rule.get("across", "horizontal") == "vertical":
            by_product = rule.get("within", "product") == "product"
            run = product["id"] if by_product else product.get("category", "")
        counted[run] += 1
        if counted[run] % rule["n"] == 0:
            nth.append(unit)
    rewarded = nth[:times_max]
    return Effect(off_each(rule["off"], prices, rewarded), times=len(rewarded))


def set_price(rule: Data, prices: Prices, units: Sequence[Unit], times_max: int) -> Effect:
    """Form set after set; each that saves something is a use."""
    offs, times = Offs(), 0
    most = times_max if rule.get("repeats", True) else min(1, times_max)
    for formed in _sets(rule, prices, units):
        if times == most:
            break
        saved = off_together(rule["off"], prices, formed)
        if saved > 0:
            offs |= prices.share(formed, saved)
            times += 1
    return Effect(offs, times=times)


def _sets(rule: Data, prices: Prices, units: Sequence[Unit]) -> Iterator[list[Unit]]:
    queues: list[tuple[int, list[Unit]]] = []
    for component in rule["components"]:
        target = component["target"]
        fit = [unit for unit in units if names(target, prices.goods.product(unit))]
        fit = picked(target, fit, prices.now)
        first = ordered(fit, prices.now, rule.get("first", "dearest") + "_first")
        queues.append((component.get("count", 1), first))
    queues.sort(key=lambda queue: len(queue[1]))
    used: set[Unit] = set()
    while True:
        formed: list[Unit] = []
        for count, first in queues:
            part = [unit for unit in first if unit not in used][:count]
            if len(part) < count:
                return
            used |= set(part)
            formed += part
        yield formed
