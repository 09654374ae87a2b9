"""A day in the shop from a seed, in virtual time, with bad luck; then all three books must agree.

Everything is real but the waiting: the box with its journal file, the MQTT door over memory, the
scanner's line, the cloud twin behind its weather. The recorder writes down what each actor asked
and was told; it knows nothing of how the box works.
"""

import asyncio
import json
import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from edge.box import JOURNAL_FILE
from edge.journal import Page, connect, pages
from edge.letters import read
from edge.shop.facts import SaleMade
from edge.verify import verify
from simulators.cloud.weather import CLEAR, OFF, STORM
from tests import virtual_time
from tests.afloat import HANDHELDS, Store, end
from tests.crew import Cashier, Handheld, ask_desk, scan_at_the_lane


@dataclass(frozen=True, slots=True)
class Day:
    """What came of a day."""

    digest: str
    facts: int
    sales: int
    counts: Counter[str]


async def weather_of_the_day(store: Store) -> None:
    """The cloud storms, goes away and comes back."""
    while True:
        await asyncio.sleep(store.luck.expovariate(1 / 1800))
        store.weather.sky = store.luck.choice([CLEAR, STORM, STORM, OFF])


async def clock_of_the_day(store: Store) -> None:
    """Somebody, or a bad NTP server, sets the box's clock."""
    while True:
        await asyncio.sleep(store.luck.expovariate(1 / 7200))
        store.clock_offset_ms = store.luck.choice([0, 0, -3_600_000, 7_200_000, -90_000])
        store.recorder.counts["clock jump"] += 1


async def crashes_of_the_day(store: Store) -> None:
    """Power cuts and updates."""
    while True:
        await asyncio.sleep(store.luck.expovariate(1 / 3600))
        crash = store.luck.random() < 0.7
        store.recorder.counts["crash" if crash else "restart"] += 1
        await store.stop_box(crash=crash)
        await asyncio.sleep(store.luck.random() * 60)
        store.start_box()


async def a_day(seed: int, folder: Path) -> Day:
    """Live one day: faults on, then faults off until everything has arrived."""
    store = Store(seed, folder)
    store.start_box()
    handhelds = [Handheld(store, name) for name in HANDHELDS]
    background = [asyncio.create_task(one.device.run(), name=one.device.name) for one in handhelds]
    background.append(asyncio.create_task(store.scanner.run(), name="scanner"))
    faults = [
        asyncio.create_task(fault(store), name=fault.__name__)
        for fault in (weather_of_the_day, clock_of_the_day, crashes_of_the_day)
    ]

    async def ask(operation: str, payload: bytes) -> bytes:
        return await ask_desk(store, "pos-1", operation, payload)

    cashiers = [Cashier(store, one.device.name, one.ask) for one in handhelds]
    cashiers.append(Cashier(store, "pos-1", ask))
    work = [cashier.work(8) for cashier in cashiers]
    await asyncio.gather(*work, scan_at_the_lane(store, 8))
    await end(faults)
    store.weather.sky, store.clock_offset_ms = CLEAR, 0
    if store.running.done():
        store.start_box()
    await drained(store)
    await end(background)
    await store.stop_box(crash=False)
    found = check(store)
    store.twin.close()
    return found


async def drained(store: Store) -> None:
    """Wait until the cloud has everything: it must, once nothing is in the way."""
    async with asyncio.timeout(3 * 3600):
        while True:
            await asyncio.sleep(30)
            health = store.box.health()
            if health.waiting == 0 and health.cloud == "up":
                return


def check(store: Store) -> Day:
    """Compare the recorder's book, the journal and the cloud's."""
    path = store.config.store.state_dir / JOURNAL_FILE
    report = verify(path)
    assert report.books_agree, report.findings
    db = connect(path, writable=False)
    found = pages(db, 0)
    db.close()
    sold = _sold(found)
    recorder = store.recorder
    assert not recorder.differing, "one key, one answer"
    by_key = {page.key: page for page in found}
    assert len(by_key) == len(found), "nothing twice"
    for key, answer in recorder.answers.items():
        assert by_key[key].answer[3:] == answer, "what was told is what was written down"
    told = {k for k, a in recorder.answers.items() if "receipt" in json.loads(a)}
    lane = [page for page in found if page.origin == "lane-till-1"]
    assert {page.key for page in sold} == told | {page.key for page in lane}, "no invention"
    assert {json.loads(data)["key"] for data in store.lane_sold} <= {page.key for page in lane}
    for key in recorder.never:
        assert by_key[key].kind == "fence.v1"
    _same_as_cloud(store, found)
    return Day(report.head, report.facts, report.sales, recorder.counts)


def _sold(found: "list[Page] | Any") -> list[Page]:
    return [page for page in found if page.kind == "sale.v1"]


def _same_as_cloud(store: Store, found: "list[Page] | Any") -> None:
    there = store.twin.facts(store.premises.box)
    assert [(e.sequence, e.hash) for e in there] == [(p.sequence, p.digest) for p in found]
    ours: dict[str, Counter[str]] = {}
    for page in found:
        fact = read(page.body)
        if isinstance(fact, SaleMade):
            for leg in fact.postings:
                ours.setdefault(leg.account, Counter())[leg.unit] += leg.amount
    assert {name: dict(units) for name, units in ours.items()} == store.twin.books()


def run_day(seed: int, folder: Path) -> Day:
    """Live the day of a seed in `folder`. Raises AssertionError where a promise is broken."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        return virtual_time.run(a_day(seed, folder))
    finally:
        structlog.reset_defaults()
