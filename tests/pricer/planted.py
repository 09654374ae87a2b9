"""Bugs planted in the engine, one at a time: the comparison must find each of them.

They live behind tests only: every one is a patch that pytest takes back.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from edge.shop import money
from edge.shop.bundle import Bundle, Group
from edge.shop.pricing import compiled, coupons, following, judging, limiting, quoting, total
from edge.shop.pricing.state import State
from edge.shop.rules import running
from edge.shop.rules.buy_n_get_m import BuyNGetM
from edge.shop.rules.conditions import AtLeast, IsMember
from edge.shop.rules.percent_off import PercentOff
from edge.shop.rules.running import Running
from edge.shop.sale import PricedLine

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Planted:
    """A bug, how it is planted, and within how many seeds it must be found."""

    what: str
    plant: Callable[[Patch], None]
    within: int


def _odd_cent_to_the_last(patch: Patch) -> None:
    patch.setattr(
        running, "split", lambda amount, weights, *_: money.split(amount, weights, "last")
    )


def _above_instead_of_from(patch: Patch) -> None:
    honest = AtLeast.missing
    patch.setattr(AtLeast, "missing", lambda self, *seen: honest(replace(self, strict=True), *seen))


def _base_is_always_list(patch: Patch) -> None:
    honest = PercentOff.effect
    patch.setattr(PercentOff, "effect", lambda self, *to: honest(replace(self, base="list"), *to))


def _floors_ignored(patch: Patch) -> None:
    patch.setattr(Running, "room", lambda self, line, prices: prices)


def _priorities_reversed(patch: Patch) -> None:
    honest = compiled._turn

    def turn(*item: Any) -> Any:
        return honest(*item)._replace(second=-honest(*item).second)

    patch.setattr(compiled, "_turn", turn)


def _best_by_own_saving(patch: Patch) -> None:
    def decide(state: State, at: int, group: Group) -> None:
        saved = {}
        for child in following._options(state.turns[at:], group):
            inside = [
                turn for turn in state.turns[at:]
                if any(s.group.id == group.id and s.child == child for s in turn.placed.steps)
            ]  # fmt: skip
            fork = state.fork()
            fork.chosen[group.id] = child
            saved[child] = following._alone(fork, inside).saved()
        best = max if group.mode == "best_for_guest" else min
        state.chosen[group.id] = best(saved, key=saved.__getitem__) if saved else ""

    patch.setattr(following, "_decide", decide)


def _exclusive_only_afterwards(patch: Patch) -> None:
    honest = judging.barred

    def barred(placed: Any, state: State) -> Any:
        return honest(placed, replace(state, acted=[]))

    patch.setattr(judging, "barred", barred)


def _one_more_than_the_limit(patch: Patch) -> None:
    honest = limiting._spent
    patch.setattr(limiting, "_spent", lambda *limit: honest(*limit) - 1)


def _no_partial_reward(patch: Patch) -> None:
    honest = BuyNGetM.effect
    patch.setattr(BuyNGetM, "effect", lambda self, *to: honest(replace(self, partial=False), *to))


def _guests_are_members(patch: Patch) -> None:
    patch.setattr(IsMember, "missing", lambda self, *seen: None)


def _coupons_count_twice(patch: Patch) -> None:
    shown = count()
    patch.setattr(coupons, "_code", lambda id, choices: f"{id} {next(shown)}")


def _tax_from_list(patch: Patch) -> None:
    honest = total.taxes

    def taxes(bundle: Bundle, lines: Sequence[PricedLine]) -> Any:
        return honest(bundle, [replace(line, net=line.line.list_amount) for line in lines])

    patch.setattr(quoting, "taxes", taxes)


def _capped_unit_by_unit(patch: Patch) -> None:
    def scaled(offs: list[int], most: int, running: Running) -> list[int]:
        kept = []
        for off in offs:
            kept.append(min(off, most))
            most -= kept[-1]
        return kept

    patch.setattr(limiting, "_scaled", scaled)


PLANTED: Iterable[Planted] = (
    Planted("the last line gets the odd cent", _odd_cent_to_the_last, 100),
    Planted("a threshold asks for more than its amount", _above_instead_of_from, 500),
    Planted("percentages are always of the list price", _base_is_always_list, 500),
    Planted("price floors are ignored", _floors_ignored, 500),
    Planted("low priorities come first", _priorities_reversed, 500),
    Planted("the best of a group is what saves most by itself", _best_by_own_saving, 2_000),
    Planted("an exclusive rule acts beside what acted before it", _exclusive_only_afterwards, 500),
    Planted("a limit allows one more", _one_more_than_the_limit, 500),
    Planted("the last set of buy n get m is dropped if it is not full", _no_partial_reward, 500),
    Planted("guests get what members get", _guests_are_members, 500),
    Planted("a coupon shown twice counts twice", _coupons_count_twice, 500),
    Planted("tax is taken from list prices", _tax_from_list, 100),
    Planted("caps are filled unit by unit instead of in proportion", _capped_unit_by_unit, 1_000),
)
