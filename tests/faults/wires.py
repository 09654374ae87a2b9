"""A selling box whose wire to the cloud is bad in every way: it sells on, and loses nothing.

After a wire is mended, the cloud has every fact once and in order, and both books agree.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.judging import Violation, judge_cloud, must
from tests.faults.proxy import CLEAR, DOWN, FAULTS, Fault, Proxy
from tests.faults.scene import Scene, scene

RETRY_SECONDS, ANSWER_SECONDS = 0.25, 1.0
"""A box has little patience here, so that a dead line is noticed soon."""
STRUCK_SECONDS_MAX = 60.0
POLL_SECONDS = 0.01
PAUSE_SECONDS = 0.1
"""Between sales: a box lets one address connect ten times a second, and the till always does."""
SALES_MAX = 6
MENDED_ONE_IN = 3


@dataclass(frozen=True, slots=True)
class Spell:
    """A fault, how many sales are made under it, and whether the wire is mended afterwards."""

    fault: Fault
    sales: int
    mended: bool = True


@dataclass(frozen=True, slots=True)
class Suffered:
    """What a box went through: spells, how often each fault struck, and what it did meanwhile."""

    wires: int
    strikes: Counter[str]
    sold: int
    facts: int


EACH = tuple(Spell(fault, 2) for fault in FAULTS)
"""Every fault once, each mended before the next."""


def mix(luck: random.Random, count: int) -> Iterator[Spell]:
    """Draw spells; one bad wire often follows another, and the last is mended."""
    for number in range(1, count + 1):
        mended = number == count or luck.randrange(MENDED_ONE_IN) == 0
        yield Spell(luck.choice(FAULTS), luck.randint(1, SALES_MAX), mended)


async def suffer(folder: Path, seed: int, spells: Iterable[Spell]) -> Suffered:
    """Let a box sell over bad wires. Raises Violation."""
    proxy = Proxy(random.Random(f"wires {seed}"))
    impatient: dict[str, Any] = {
        "retry_seconds_max": RETRY_SECONDS,
        "timeout_seconds": ANSWER_SECONDS,
    }
    async with scene(folder, seed, way=proxy.before, **impatient) as shop:
        await shop.start()
        wires, facts = 0, await _mend(shop, proxy)  # they have met
        for spell in spells:
            await _endure(shop, proxy, spell)
            wires += 1
            if spell.mended:
                facts = await _mend(shop, proxy)
        await shop.stop()
        return Suffered(wires, proxy.struck, len(shop.record.sold()), facts)


async def _endure(shop: Scene, proxy: Proxy, spell: Spell) -> None:
    """Sell under a fault until it has struck: whoever buys notices nothing of it."""
    fault, recorded = spell.fault, _recorded(shop)
    # Over a wire that was whole, the cloud records what the box then does not hear of. Over one
    # that was not, the box may go on sending what the cloud has long since recorded.
    unheard = fault.ways == DOWN and proxy.fault is CLEAR
    before = proxy.struck[fault.name]
    proxy.fault = fault
    for _ in range(spell.sales):
        must(await shop.till.sell(), "nothing is sold with", fault.name, shop.till.refused)
        await asyncio.sleep(PAUSE_SECONDS)
    try:
        async with asyncio.timeout(STRUCK_SECONDS_MAX):
            while proxy.struck[fault.name] == before or (unheard and _recorded(shop) == recorded):
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise Violation(f"the box does not try: {fault.name}: {shop.log()}") from None


def _recorded(shop: Scene) -> int:
    return len(shop.twin.facts(shop.premises.box))


async def _mend(shop: Scene, proxy: Proxy) -> int:
    """Mend the wire, and hold the cloud against the journal and the record."""
    fault, proxy.fault = proxy.fault, CLEAR
    try:
        return await judge_cloud(shop.record, shop.premises, shop.twin, shop.given)
    except Violation as violation:
        violation.add_note(f"after {fault.name}; {shop.log()}")
        raise
