"""A day in the shop from a seed, in virtual time, with bad luck; then all three books must agree.

Everything is real but the waiting: the box with its journal file, the MQTT door over memory, the
scanner's line, the cloud twin behind its weather. First faults are on and nothing unsafe may
happen; then they are off, and everything must come to its end. The oracle judges both.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from edge.box import JOURNAL_FILE
from edge.verify import verify
from simulators.cloud.weather import CLEAR, OFF, STORM
from tests import virtual_time
from tests.afloat import HANDHELDS, Store, end
from tests.cashier import Cashier
from tests.crew import Handheld, ask_desk, encode, scan_at_the_lane
from tests.oracle.checking import Cloud, check
from tests.oracle.pages import LEASE_TAKEN, Page, read, read_lots
from tests.oracle.recorder import Violation, must

GUESTS_SECONDS = 2 * 86_400
"""Within so much virtual time every guest has been served: they come for less than a day."""
CALM_SECONDS = 3 * 3_600
"""Within so much everything comes to its end once nothing is in the way."""


@dataclass(frozen=True, slots=True)
class Day:
    """What came of a day."""

    digest: str
    facts: int
    sales: int
    counts: Counter[str]


# --- bad luck -------------------------------------------------------------------------------------


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
        if store.luck.random() < 0.5:
            await store.work_under_way()
        store.recorder.counts["crash" if crash else "restart"] += 1
        await store.stop_box(crash=crash)
        await asyncio.sleep(store.luck.random() * 60)
        store.start_box()


async def rules_of_the_day(store: Store) -> None:
    """Headquarters publish new rules; now and then an old version comes once more."""
    while True:
        await asyncio.sleep(store.luck.expovariate(1 / 7200))
        if store.luck.random() < 0.6:
            store.publish_rules()
            store.recorder.counts["new rules"] += 1
        else:
            store.twin.publish_raw(store.luck.choice(store.rules))
            store.recorder.counts["some rules again"] += 1


FAULTS = (weather_of_the_day, clock_of_the_day, crashes_of_the_day, rules_of_the_day)


# --- the day --------------------------------------------------------------------------------------


async def a_day(seed: int, folder: Path) -> Day:
    """Live one day: faults on, then faults off until everything has arrived."""
    store = Store(seed, folder)
    try:
        return await _lived(store)
    except BaseException:
        await store.give_up()
        raise
    finally:
        store.twin.close()


async def _lived(store: Store) -> Day:
    store.start_box()
    handhelds = [Handheld(store, name) for name in HANDHELDS]
    for one in handhelds:
        store.keep_running(one.device)
    store.keep_running(store.scanner)
    faults = [asyncio.create_task(fault(store), name=fault.__name__) for fault in FAULTS]

    async def ask(operation: str, payload: bytes) -> bytes:
        return await ask_desk(store, "pos-1", operation, payload)

    cashiers = [Cashier(store, one.device.name, one.ask) for one in handhelds]
    cashiers.append(Cashier(store, "pos-1", ask))
    work = [cashier.work(8) for cashier in cashiers]
    guests = asyncio.create_task(all_of(*work, scan_at_the_lane(store, 8)), name="guests")
    day = first_of(guests, store.died, *faults)
    await in_time(day, GUESTS_SECONDS, "every guest is served")
    await end(faults)
    store.weather.sky, store.clock_offset_ms = CLEAR, 0
    if store.running.done():
        store.start_box()
    await in_time(ask_for_all(store), CALM_SECONDS, "every key is known")
    await in_time(drained(store), CALM_SECONDS, "the cloud gets everything")
    await store.close()
    return judged(store)


async def all_of(*work: Awaitable[None]) -> None:
    """Wait for all of it."""
    await asyncio.gather(*work)


async def first_of(*work: "asyncio.Future[Any]") -> None:
    """Wait for the last guest; a box or a fault that ends by itself found something broken."""
    done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
    for ended in done:
        ended.result()


async def in_time(work: Awaitable[object], seconds: float, what: str) -> None:
    """Wait for the end of some work, which has one: Violation if it does not come."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        raise Violation(f"liveness: {what}") from None


async def ask_for_all(store: Store) -> None:
    """Ask what became of every key: done, with the answer that was told, or never."""
    recorder = store.recorder
    for key, answer in recorder.answers.items():
        fate = await _fate(store, recorder.asked[key].terminal, key)
        must(fate.get("fate") == "done", "what was answered is done", key, fate)
        must(fate["answer"] == json.loads(answer), "done is done with its answer", key)
    for key, terminal in recorder.never.items():
        fate = await _fate(store, terminal, key)
        must(fate.get("fate") == "never", "never stays never", key, fate)


async def _fate(store: Store, terminal: str, key: str) -> dict[str, object]:
    said: dict[str, object] = json.loads(
        await ask_desk(store, terminal, "ask", encode({"key": key}))
    )
    return said


async def drained(store: Store) -> None:
    """Wait until the cloud has everything: it must, once nothing is in the way."""
    while True:
        await asyncio.sleep(30)
        health = store.box.health()
        is_durable = health.sequence == store.box.journal.head.sequence
        if health.waiting == 0 and is_durable and health.cloud == "up":
            return


def judged(store: Store) -> Day:
    """Let the oracle compare the recorder's book, the journal and the cloud's."""
    path = store.config.store.state_dir / JOURNAL_FILE
    pages = read(path)
    check(store.recorder, store.programme, pages, read_lots(path), cloud_of(store, pages))
    report = verify(path)
    must(report.books_agree, "the box finds its own books right", report.findings)
    return Day(report.head, report.facts, report.sales, store.recorder.counts)


def cloud_of(store: Store, pages: Sequence[Page]) -> Cloud:
    """Return what the cloud has of the store."""
    twin, box = store.twin, store.premises.box
    lots = twin._tables.lots
    taken = [page.body["lease"] for page in pages if page.kind == LEASE_TAKEN]
    return Cloud(
        [(e.sequence, e.hash, bytes(e.body)) for e in twin.facts(box)],
        [one.outcome for one in twin.outcomes(box)],
        twin.books(),
        {member: lots.totals([member]) for member in store.programme.members},
        {name: {part.lot.id: part.amount for part in lots.granted(name) or ()} for name in taken},
    )


def run_day(seed: int, folder: Path) -> Day:
    """Live the day of a seed in `folder`. Raises Violation where a promise is broken."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        return virtual_time.run(a_day(seed, folder))
    finally:
        structlog.reset_defaults()
