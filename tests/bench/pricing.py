"""What a price costs: the engine alone, the command, the box, and others beside it.

python -m tests.bench.pricing                        seven rounds, some five minutes; JSON
python -m tests.bench.pricing --out pricing.json     the same into a file

Everything is measured side by side: each round measures every cell once, ratios are taken within
a round, and what is told is their median with its range. Figures are CPU time for each basket,
because others may work on the machine too; wall time stands beside it.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
import uvloop

from edge.shop.basket import Basket
from edge.shop.pricing import Asked, RuleSet, price
from edge.shop.pricing.preparing import prepare
from tests.bench import costs, peers
from tests.bench.costs import Cell, Round, box_cell, command_cell, repeated
from tests.bench.report import spread
from tests.bench.shop import open_shop
from tests.bench.supermarket import (
    ARTICLES,
    AT,
    LINES,
    Goods,
    basket,
    bundle,
    compiled,
    elsewhere,
    goods,
    named,
    near,
    product,
    realistic,
)

RULES = (10, 100, 1_000, 10_000, 100_000)
CANDIDATES = (0, 20, 40, 80, 160)
INPUT_LINES = 2_000
BOX_RULES = (10, 10_000)
DEMO_RULES = 4
"""How many rules the box's own demo bundle has."""


class Peer(NamedTuple):
    """Another that prices baskets, ready with ours beside it; and how much slower it should be."""

    ready: Callable[[], tuple[peers.Priced, peers.Priced]]
    must: float
    stretch: float


PEERS = {
    "zen-engine collect, 1,000 rules": Peer(partial(peers.zen, 1_000, "collect"), 50, 200),
    "zen-engine collect, 10,000 rules": Peer(partial(peers.zen, 10_000, "collect"), 500, 2_000),
    "zen-engine first, 1,000 rules": Peer(partial(peers.zen, 1_000, "first"), 50, 200),
    "zen-engine first, 10,000 rules": Peer(partial(peers.zen, 10_000, "first"), 500, 2_000),
    "django-oscar, 100 offers": Peer(partial(peers.oscar, 100), 1_000, 10_000),
}

FIXED = range(1, LINES + 1)
"""The articles of the basket whose candidates are counted."""


# --- what is measured -----------------------------------------------------------------------------


def engine(seconds: float) -> dict[str, Cell]:
    """Return the engine alone: with ever more rules, with ever more candidates, as in a shop."""
    one, some = basket(goods(FIXED)), cycle([basket(each) for each in baskets(50)])

    def cell(rules: RuleSet, carts: Callable[[], Basket]) -> Cell:
        return repeated(lambda: price(carts(), rules, AT, "pc_pos", 1), seconds)

    cells = {f"engine, {count} rules": cell(curve(count, one), lambda: one) for count in RULES}
    for count in CANDIDATES:
        for fate, acting in (("act", True), ("miss", False)):
            rules = compiled(bundle(near(count, FIXED, acting=acting)))
            assert candidates(one, rules) == count
            cells[f"engine, {count} candidates that {fate}"] = cell(rules, lambda: one)
    shop = compiled(bundle(realistic(100)))
    return {**cells, "engine, a supermarket's 100 rules": cell(shop, lambda: next(some))}


def curve(count: int, one: Basket) -> RuleSet:
    """Return so many rules, of which always ten are candidates for the basket."""
    rules = compiled(bundle([*near(10, FIXED), *elsewhere(count - 10)]))
    assert candidates(one, rules) == 10
    return rules


def candidates(one: Basket, rules: RuleSet) -> int:
    """Return how many rules could matter to a basket: those its index finds, gates or none."""
    scene = prepare(one, rules, AT, "pc_pos", Asked()).scene
    return len(rules.discount_index.hits(one.lines, scene))


def baskets(count: int) -> list[Goods]:
    """Return the goods of baskets of twenty lines."""
    chance = Random(5)
    return [goods(chance.sample(range(ARTICLES), LINES), seed) for seed in range(count)]


def command(folder: Path) -> Cell:
    """Return `edgebox price` with a supermarket's catalogue, rules, and an hour's baskets."""
    shop, shelf, asked = folder / "rules.json", folder / "products.json", folder / "asked.ndjson"
    shop.write_bytes(msgspec.json.encode(bundle(realistic(100))))
    fields = ("id", "price", "tax_class", "category", "unit", "name_zh", "name_en")
    articles = [product(number) for number in range(ARTICLES)]
    shelf.write_bytes(
        msgspec.json.encode([{name: getattr(one, name) for name in fields} for one in articles])
    )
    lines = [_line(each) for each in baskets(INPUT_LINES)]
    asked.write_bytes(b"".join(lines))
    return command_cell(["--bundle", str(shop), "--products", str(shelf)], asked, INPUT_LINES)


def _line(cart: Goods) -> bytes:
    asked = {
        "now": AT.at_ms,
        "basket": [{"product": one.id, "quantity": quantity} for one, quantity in cart],
        "member": {"id": "m-1", "tier": "gold"},
    }
    return msgspec.json.encode(asked) + b"\n"


@asynccontextmanager
async def boxes(folder: Path, seconds: float) -> AsyncIterator[dict[str, Cell]]:
    """Run a box for each number of rules; yield a till at each that asks for quotes."""
    async with AsyncExitStack() as stack:
        cells = {}
        for count in BOX_RULES:
            place = folder / f"box-{count}"
            place.mkdir()
            more = named(elsewhere(count - DEMO_RULES))
            shop = await stack.enter_async_context(open_shop(place, more_rules=more))
            caller = await shop.caller("mqtt", "t01")
            stack.callback(caller.close)
            cells[f"quote through the box, {count} rules"] = box_cell(shop, caller, seconds)
        yield cells


def others(seconds: float) -> tuple[dict[str, Cell], dict[str, str]]:
    """Return ours and theirs for each peer, and why a peer is not there."""
    cells: dict[str, Cell] = {}
    missing: dict[str, str] = {}
    for name, peer in PEERS.items():
        try:
            ours, theirs = peer.ready()
        except peers.Missing as error:
            missing[name] = str(error)
            continue
        cells[f"{name}: ours"] = repeated(ours, seconds)
        cells[f"{name}: theirs"] = repeated(theirs, seconds)
    return cells, missing


# --- what comes of it -----------------------------------------------------------------------------


def goals(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return every goal, judged."""
    small, large = costs.at_most, costs.at_least

    def ratio(over: str, under: str) -> list[float]:
        return [one[over].cpu_us / one[under].cpu_us for one in rounds]

    fits = [costs.fit({n: one[f"engine, {n} candidates that act"] for n in CANDIDATES})
            for one in rounds]  # fmt: skip
    few, many = (f"quote through the box, {count} rules" for count in BOX_RULES)
    told = {
        "engine: 10,000 rules / 10": small(ratio("engine, 10000 rules", "engine, 10 rules"), 3, 2),
        "engine: 100,000 rules / 10": small(
            ratio("engine, 100000 rules", "engine, 10 rules"), 5, 3
        ),
        "engine: microseconds for one more candidate that acts": small(
            [slope for _, slope in fits], 0.5, 0.5
        ),
        "edgebox price: baskets a second on one core": large(
            [1e6 / one["edgebox price"].cpu_us for one in rounds], 2_000, 4_000
        ),
        "quote through the box, p50 on the wall: 10,000 rules / 10": small(
            [one[many].wall_us / one[few].wall_us for one in rounds], 1.3, 1.15
        ),
    }
    for name, peer in PEERS.items():
        if f"{name}: ours" in rounds[0]:
            slower = ratio(f"{name}: theirs", f"{name}: ours")
            told[f"{name}: theirs / ours"] = large(slower, peer.must, peer.stretch)
    return told


def fitted(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return cost = a + b x candidates, for those that act and those that just miss."""
    told = {}
    for fate in ("act", "miss"):
        lines = [
            costs.fit({n: one[f"engine, {n} candidates that {fate}"] for n in CANDIDATES})
            for one in rounds
        ]
        told[f"candidates that {fate}"] = {
            "a_us": spread([a for a, _ in lines], 1),
            "b_us": spread([b for _, b in lines], 2),
        }
    return told


async def measure(folder: Path, rounds: int, seconds: float) -> dict[str, Any]:
    """Return the whole report."""
    head = costs.header(rounds, seconds)
    say("compiling up to 100,000 rules, starting two boxes and the peers")
    other, missing = others(seconds)
    async with boxes(folder, seconds) as through_the_box:
        cells = {
            **engine(seconds),
            "edgebox price": command(folder),
            **through_the_box,
            **other,
        }
        done: list[Round] = []
        for number in range(1, rounds + 1):
            say(f"round {number} of {rounds}")
            done.append({name: await cell() for name, cell in cells.items()})
            say("  " + ", ".join(f"{name}: {c.cpu_us:.0f} us" for name, c in done[-1].items()))
    return {
        "header": head,
        "missing": missing,
        "goals": goals(done),
        "fit": fitted(done),
        "cells": costs.cells(done),
    }


def say(line: str) -> None:
    """Tell whoever waits how far it is."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Read the arguments, measure, print or keep."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pricing", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each cell of a round")
    parser.add_argument("--folder", default="/var/tmp", help="where the boxes live")
    parser.add_argument("--out", type=Path, help="write the JSON there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="edgebox-pricing-") as folder:
        result = uvloop.run(measure(Path(folder), asked.rounds, asked.seconds))
    told = json.dumps(result, indent=1, ensure_ascii=False)
    if asked.out:
        asked.out.write_text(told + "\n", "utf-8")
    else:
        print(told)


if __name__ == "__main__":
    main()
