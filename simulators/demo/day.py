"""What goes on in the store: one round of everything, or a day that lasts until Ctrl-C."""

import asyncio
import random
from dataclasses import dataclass

from simulators.demo.guests import Guests
from simulators.demo.store import Store
from simulators.demo.tills import DemoFailed, Pause

OFFLINE_SECONDS_MAX = 60.0
SETTLE_SECONDS_MAX = 60.0
SETTLE_SECONDS_MAX_AT_CTRL_C = 5.0
REFUSED_SHARE = 0.2
AGAIN_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Ending:
    """How the books stood when the store closed."""

    is_settled: bool
    """Whether the cloud had everything in time."""
    books_agree: bool
    """The box's books are sound and, once settled, the cloud's say the same."""
    facts: int
    sales: int
    """In the box's journal."""
    recorded: int
    """How many facts the cloud has."""


async def one_round(store: Store, luck: random.Random) -> None:
    """Sell at every till, twice the same request, offline, and after a refusal.

    Raises DemoFailed when something is not as it must be.
    """
    guests = Guests(luck)
    await store.lane.serve(Guests(luck, may_weigh=False).next(count=2, member=True))
    await store.handheld.serve(guests.next(member=True), twice=True)
    await store.pos.serve(guests.next(), twice=True)
    store.cut_cloud()
    went = await store.look_until(
        lambda: store.scene.state == "selling_offline", OFFLINE_SECONDS_MAX
    )
    if not went:
        raise DemoFailed(
            "the box did not notice that the cloud is away",
            f"it still says {store.scene.state!r} after {OFFLINE_SECONDS_MAX:g} s",
            "look at the box's log below",
        )
    await store.handheld.serve(guests.next(member=True))
    await store.pos.serve_at_old_price(guests.next())


async def endless_day(store: Store, luck: random.Random, pause: Pause) -> None:
    """Sell at all tills at once while the cloud comes and goes, until cancelled."""
    async with asyncio.TaskGroup() as people:
        people.create_task(store.keep_looking())
        people.create_task(_cloud_comes_and_goes(store, luck, pause))
        people.create_task(_lane(store, random.Random(luck.random()), pause))
        people.create_task(_handheld(store, random.Random(luck.random()), pause))
        people.create_task(_pos(store, random.Random(luck.random()), pause))


async def close(store: Store, seconds_max: float) -> Ending:
    """Let the cloud have what waits, check the books, stop the box. Raises DemoFailed."""
    store.scene.tell("box", "closing", "quiet")
    store.mend_cloud()
    recorded = -1

    def is_steady() -> bool:
        """Look twice: that the cloud is back is itself a fact, which it is told a moment later."""
        nonlocal recorded
        before, recorded = recorded, store.recorded()
        return before == recorded and store.scene.state == "selling" and store.books_agree()

    is_settled = await store.look_until(is_steady, seconds_max)
    if is_settled:
        store.scene.tell("cloud", "all_there", "good", count=recorded)
    report = await store.verify()
    code = await store.box.stop()
    if code != 0:
        raise DemoFailed(
            f"the box ended with {code}", "it was asked to stop in good order", "see its log below"
        )
    store.scene.tell("box", "stopped", "good")
    return Ending(
        is_settled=is_settled,
        books_agree=bool(report["books_agree"]),
        facts=int(report["facts"]),
        sales=int(report["sales"]),
        recorded=recorded,
    )


async def _cloud_comes_and_goes(store: Store, luck: random.Random, pause: Pause) -> None:
    while True:
        await pause(luck.uniform(20, 35))
        store.cut_cloud()
        await pause(luck.uniform(12, 20))
        store.mend_cloud()


async def _lane(store: Store, luck: random.Random, pause: Pause) -> None:
    guests = Guests(luck, may_weigh=False)
    while True:
        if luck.random() < REFUSED_SHARE:
            await store.lane.scan_unknown()
            await pause(3)
        await store.lane.serve(guests.next())
        await pause(luck.uniform(5, 8))


async def _handheld(store: Store, luck: random.Random, pause: Pause) -> None:
    guests = Guests(luck)
    await pause(2)
    while True:
        if luck.random() < REFUSED_SHARE:
            await store.handheld.serve_stranger()
            await pause(4)
        await store.handheld.serve(guests.next(), twice=luck.random() < AGAIN_SHARE)
        await pause(luck.uniform(6, 10))


async def _pos(store: Store, luck: random.Random, pause: Pause) -> None:
    guests = Guests(luck)
    await pause(4)
    while True:
        if luck.random() < REFUSED_SHARE:
            await store.pos.serve_at_old_price(guests.next())
        else:
            await store.pos.serve(guests.next(), twice=luck.random() < AGAIN_SHARE)
        await pause(luck.uniform(6, 11))
