"""Buy n, get m: of sets of goods, some are free, cheaper, or added on top."""

from collections.abc import Iterator
from itertools import islice
from typing import Literal, NamedTuple

import msgspec

from edge.shop.rules.benefit import FREE, Benefit, unit_offs
from edge.shop.rules.conditions import Miss
from edge.shop.rules.rule import NOTHING, Count, Discount, Effect, Gift, needed
from edge.shop.rules.running import Cut, Running, Selection
from edge.shop.rules.target import Name, Target
from edge.shop.rules.units import Unit, Which, about, merged, ordered, paid, picked


class SameGoods(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
    tag_field="from", tag="basket",
):  # fmt: skip
    """Bought and rewarded units are the same goods: all that the rule is about."""


class NamedGoods(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
    tag_field="from", tag="named",
):  # fmt: skip
    """Some goods are bought, others in the basket are rewarded; the rule's target covers both."""

    bought: Target
    rewarded: Target


class AddedGoods(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
    tag_field="from", tag="added",
):  # fmt: skip
    """The reward is added on top of the basket: for each set, `get` of this product, free."""

    product: Name


class Lot(NamedTuple):
    """One set: the units bought for it, and those rewarded."""

    bought: list[Unit]
    rewarded: list[Unit]


class BuyNGetM(Discount, frozen=True, kw_only=True, tag="buy_n_get_m"):
    """Of every `buy` + `get` units, `get` get the benefit `off`, each unit on its own.

    Only units that still cost something count. How sets are formed:

    - from basket (the default), `rank` over_set: units are put in order from the dearest down
      (ties by line) and cut into runs of `buy` + `get`. In each run the `get` last (`which`
      cheapest) or first (dearest) are rewarded. This is the best a guest could do by buying
      each set alone, so that nobody gains by asking for several receipts.
    - from basket, `rank` over_all: as many units are rewarded, but they are the cheapest (or
      the dearest) of all; the others are bought, from the dearest down. Set number k holds the
      k-th `buy` of the bought and the k-th `get` of the rewarded, both from the dearest down.
    - named: set after set takes the `buy` dearest units left of the bought goods (those that
      could not be rewarded before those that could; ties by line) and then the `get` dearest
      (ties by line) or cheapest (ties by line from the last back) units left of the rewarded
      goods. `rank` says nothing here.
    - added: every `buy` units are a set.

    `partial`: a last set with all of its bought units, but not all rewarded ones, rewards
    those there are. Buy 2 get 3 rewards 3 of 5, 3 of 6, 6 of 10, and 5 of 9 (else 3 of 9); buy
    2 get 1 rewards 1 of 3, 2 of 8 and 3 of 9. `repeats`: more than one set. `share`: what a set
    saves is shared over all its units, bought and rewarded, by what they still cost, so that
    each of them can be returned for exactly what it cost; else only rewarded units cost less.

        {"kind": "buy_n_get_m", "id": "3-for-2", "stage": 3, "buy": 2, "get": 1, ...}
        {"kind": "buy_n_get_m", "id": "jam", "stage": 3, "buy": 1, "get": 1,
         "off": {"is": "percent", "basis_points": 5000},
         "reward": {"from": "named", "bought": {"of": "categories", "ids": ["bread"]},
                    "rewarded": {"of": "products", "ids": ["jam"]}}, ...}
        {"kind": "buy_n_get_m", "id": "cup", "stage": 3, "buy": 2, "get": 1,
         "reward": {"from": "added", "product": "cup"}, ...}
    """

    buy: Count
    get: Count
    off: Benefit = FREE
    reward: SameGoods | NamedGoods | AddedGoods = SameGoods()
    which: Which = "cheapest"
    rank: Literal["over_set", "over_all"] = "over_set"
    partial: bool = True
    repeats: bool = True
    share: bool = True

    def __post_init__(self) -> None:
        """Refuse goods added on top that would not be free."""
        if isinstance(self.reward, AddedGoods) and self.off != FREE:
            raise ValueError("goods added on top are free: leave `off` out")

    def effect(self, running: Running, selection: Selection, times_max: int) -> Effect:
        """Form at most `times_max` sets and reward them."""
        most = times_max if self.repeats else min(1, times_max)
        some = ordered(paid(running, selection), "dearest_first")
        if isinstance(self.reward, AddedGoods):
            times = min(most, len(some) // self.buy)
            gift = Gift(self.reward.product, times * self.get)
            return Effect(times=times, gifts=(gift,)) if times else NOTHING
        if isinstance(self.reward, NamedGoods):
            lots = list(islice(self._named(running, some, self.reward), most))
        else:
            lots = self._same(some, most)
        taken = merged([cut for lot in lots for cut in self._cuts(running, lot)])
        return Effect(cuts=taken, times=len(lots)) if taken else NOTHING

    def short_of(self, running: Running, selection: Selection) -> Miss | None:
        """Return how many more `units` the first set needs, of which goods if named."""
        some = ordered(paid(running, selection), "dearest_first")
        rewards = 1 if self.partial else self.get
        if isinstance(self.reward, NamedGoods):
            bought, rewarded = self._queues(running, some, self.reward)
            if len(bought) < self.buy:
                return needed(self.reward.bought, self.buy - len(bought))
            lacking = rewards - len(set(rewarded).difference(bought[: self.buy]))
            return needed(self.reward.rewarded, lacking) if lacking > 0 else None
        size = self.buy + (0 if isinstance(self.reward, AddedGoods) else rewards)
        if not some or len(some) >= size:
            return None
        return Miss("R-NEEDS-COUNT", {"count": size, "units": size - len(some)})

    def _same(self, some: list[Unit], most: int) -> list[Lot]:
        size = self.buy + self.get
        whole, rest = divmod(len(some), size)
        odd = max(0, rest - self.buy) if self.partial else 0
        times = min(most, whole + (odd > 0))
        rewards = min(times * self.get, whole * self.get + odd)
        if self.rank == "over_set":
            runs = [some[k * size : (k + 1) * size] for k in range(times)]
            return [self._parted(run, len(run) - self.buy) for run in runs]
        bought, rewarded = self._parted(some, rewards)
        return [
            Lot(
                bought[k * self.buy : (k + 1) * self.buy],
                rewarded[k * self.get : (k + 1) * self.get],
            )
            for k in range(times)
        ]

    def _parted(self, run: list[Unit], rewards: int) -> Lot:
        """Part units, the dearest first, into bought and rewarded ones."""
        if self.which == "dearest":
            return Lot(run[rewards:], run[:rewards])
        return Lot(run[: len(run) - rewards], run[len(run) - rewards :])

    def _named(self, running: Running, some: list[Unit], goods: NamedGoods) -> Iterator[Lot]:
        """Yield set after set; both queues pass over what an earlier set has used."""
        used: set[Unit] = set()
        may_buy, may_get = self._queues(running, some, goods)
        buying = (unit for unit in may_buy if unit not in used)
        getting = (unit for unit in may_get if unit not in used)
        while True:
            bought = list(islice(buying, self.buy))
            used.update(bought)
            rewarded = list(islice(getting, self.get))
            used.update(rewarded)
            if len(bought) < self.buy or len(rewarded) < (1 if self.partial else self.get):
                return
            yield Lot(bought, rewarded)

    def _queues(
        self, running: Running, some: list[Unit], goods: NamedGoods
    ) -> tuple[list[Unit], list[Unit]]:
        """Return what may be bought and what may be rewarded, each in its order."""
        may_buy = about(goods.bought, running, some)
        may_get = about(goods.rewarded, running, some)
        may_buy.sort(key=set(may_get).__contains__)
        if self.which == "cheapest":
            may_get.reverse()
        return may_buy, may_get

    def _cuts(self, running: Running, lot: Lot) -> list[Cut]:
        cuts = [
            running.cut(some, unit_offs(self.off, running, some)) for some in picked(lot.rewarded)
        ]
        if not self.share:
            return cuts
        value = sum([sum(cut.units) for cut in cuts])
        return running.share(picked(lot.bought + lot.rewarded), value)
