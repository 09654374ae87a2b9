"""Two weeks without a cloud, in virtual time, beside a store that has one.

Both stores have the same guests with the same baskets at the same moments. What each basket costs
must be the same in both, to the last field; and when the network is back, both clouds must have
the same books as both boxes, entry by entry.
"""

import asyncio
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from msgspec.structs import replace

from simulators import demo_data
from simulators.cloud.weather import CLEAR, OFF
from tests import virtual_time
from tests.afloat import Store
from tests.crew import ask_desk, encode, new_key
from tests.oracle.recorder import Asked, must
from tests.voyage import CALM_SECONDS, drained, in_time, judged

DAYS = 14
DAY_SECONDS = 86_400
FIRST_HOUR_SECONDS = 3_600
"""For so long both are online, and fetch what they sell by."""
VISITS_A_DAY = 24
SALES_A_VISIT_MAX = 2
"""A price is soon compared, a sale is not; and what is sold changes what is asked next."""
TERMINAL = "pos-1"
ASKED_SELDOM = {
    "changes_interval_seconds": 900.0, "bundle_interval_seconds": 3600.0,
    "hot_interval_seconds": 900.0, "retry_seconds_max": 1800.0,
}  # fmt: skip
NOT_THE_PRICE = {"as_of", "quoted_at", "valid_until"}


@dataclass(frozen=True, slots=True)
class Fortnight:
    """What came of two weeks: how much was compared, and how long the queue was at its end."""

    seed: int
    baskets: int
    sales: int
    waiting: int
    """Facts of the lonely store that the cloud did not know when the network came back."""


async def two_weeks(seed: int, folder: Path, baskets: int) -> Fortnight:
    """Live them in both stores. Raises Violation where a promise is broken."""
    stores = [_store(seed, folder / name) for name in ("online", "lonely")]
    try:
        return await _lived(stores[0], stores[1], seed, baskets)
    except BaseException:
        for store in stores:
            await store.give_up()
        raise
    finally:
        for store in stores:
            store.twin.close()


def _store(seed: int, folder: Path) -> Store:
    folder.mkdir(parents=True)
    store = Store(seed, folder)
    # Two weeks are long: what is asked every few seconds would be most of what happens.
    cloud = replace(store.config.cloud, **ASKED_SELDOM)
    store.config = replace(store.config, cloud=cloud)
    return store


async def _lived(online: Store, lonely: Store, seed: int, baskets: int) -> Fortnight:
    for store in (online, lonely):
        store.start_box()
    await asyncio.sleep(FIRST_HOUR_SECONDS)
    lonely.weather.sky = OFF
    sales, visits = 0, min(baskets, DAYS * VISITS_A_DAY)
    for number in range(visits):
        await asyncio.sleep(online.luck.random() * 2 * DAYS * DAY_SECONDS / visits)
        asked = baskets // visits + (number < baskets % visits)
        sales += await _visited(online, lonely, asked, number)
    waiting = lonely.box.health().waiting
    must(lonely.box.health().cloud == "down", "it was without a cloud to the end")
    must(waiting >= sales, "nothing got out")
    lonely.weather.sky = CLEAR
    for store in (online, lonely):
        await in_time(drained(store), CALM_SECONDS, "the cloud gets everything")
    same = online.twin.books() == lonely.twin.books()
    must(same, "two weeks apart end in the same books", online.twin.books(), lonely.twin.books())
    for store in (online, lonely):
        await store.close()
        judged(store)
    return Fortnight(seed, baskets, sales, waiting)


async def _visited(online: Store, lonely: Store, baskets: int, number: int) -> int:
    """Compare so many baskets at one moment, and sell few of them; return how many."""
    luck, sold = online.luck, 0
    wanted = luck.randint(0, SALES_A_VISIT_MAX)
    for _ in range(baskets):
        basket = a_basket(online)
        quoted = await _same_price(online, lonely, basket)
        if quoted is not None and sold < wanted:
            key = new_key(luck, (number * SALES_A_VISIT_MAX + sold) % 0xFFFF)
            await _same_sale(online, lonely, basket, quoted, key)
            sold += 1
    return sold


def a_basket(store: Store) -> dict[str, Any]:
    """Return what a guest wants: some of everything that has a price, rules or a limit.

    Points are not redeemed: how many of them a lonely box may spend, its leases say.
    """
    luck = store.luck
    lines = [
        {"code": demo_data.ean(luck.randint(1, 24)), "quantity": str(luck.randint(1, 9))}
        for _ in range(luck.randint(1, 6))
    ]
    if luck.random() < 0.3:
        lines.append(
            {"code": "apples", "quantity": f"{luck.randint(0, 3)}.{luck.randint(1, 999):03}"}
        )
    basket: dict[str, Any] = {"lines": lines}
    if luck.random() < 0.7:
        number = luck.randint(1, 30)
        basket["member"] = {"kind": "card", "text": demo_data.card_number(number)}
    return basket


async def _same_price(
    online: Store, lonely: Store, basket: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the price both give; None when both say no."""
    said = [
        json.loads(await ask_desk(s, TERMINAL, "quote", encode(basket))) for s in (online, lonely)
    ]
    here, there = ({k: v for k, v in one.items() if k not in NOT_THE_PRICE} for one in said)
    must(here == there, "the same price without a cloud", basket, here, there)
    return None if "code" in here else here


async def _same_sale(
    online: Store, lonely: Store, basket: dict[str, Any], quoted: dict[str, Any], key: str
) -> None:
    request = {
        **basket, "key": key, "cashier": "amy", "quote": quoted["quote"],
        "expected_total": quoted["total"],
        "tenders": [{"kind": "cash", "amount": quoted["total"] + 5000}],
    }  # fmt: skip
    told = []
    for store in (online, lonely):
        store.recorder.asks(key, Asked(TERMINAL, "sell", request, quoted["bundle"]))
        answer = await ask_desk(store, TERMINAL, "sell", encode(request))
        store.recorder.answered(key, answer)
        told.append(json.loads(answer))
    fields = ("code", "total", "change", "points_earned", "points_balance", "business_date")
    here, there = ({name: one.get(name) for name in fields} for one in told)
    must(here == there, "the same sale without a cloud", request, here, there)


def run_two_weeks(seed: int, folder: Path, baskets: int) -> Fortnight:
    """Live the two weeks of a seed in `folder`."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        return virtual_time.run(two_weeks(seed, folder, baskets))
    finally:
        structlog.reset_defaults()
