"""Two years of a box that is every account's home: points grow and expire, tiers are reviewed."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from cloud_bridge import bundle as bundles
from edge import letters
from edge.box import JOURNAL_FILE, Box
from edge.journal import Page
from edge.shop.accounts.lots import Held
from edge.shop.facts import Deed, HoldingsExpired, PointsGrown, TierReviewed
from edge.shop.operations.enrol import EnrolAsked, enrol
from edge.verify import verify
from simulators import demo_data
from simulators.keys import make_key
from tests.away_kit import LATTE
from tests.test_standalone import alone, ask, brought_in, opened, rules
from tests.virtual_time import run

RATE = 200
"""Basis points a month."""
SILVER = {"tier": "silver", "reach": 10_000, "keep": 9_000, "grant": {"points": 5}}
ANN, BEN = demo_data.card_number(51), demo_data.card_number(52)
END = 776


def document() -> dict[str, Any]:
    """Return rules by which points grow each month, end with the next year, and tiers last one."""
    made = rules()
    made["programme"] = {
        "growth": {"rate": RATE, "period": "month"},
        "points": {"expiry": {"is": "end_of_year", "years": 1}},
        "tiers_policy": {"grant_period": "year", "steps": [SILVER]},
    }
    return made


def lively(folder: Path) -> Path:
    """Furnish a store with these rules."""
    key = make_key("owner", Random(1))
    alone(folder)
    (folder / "rules.json").write_bytes(bundles.sign(document(), key.id, key.private_key))
    return brought_in(folder, furnished=True)


class Life:
    """A box that is switched on for some minutes now and then, for two years."""

    def __init__(self, path: Path) -> None:
        self.path, self.keys = path, 0

    async def on(self, day: int, *cards: str) -> None:
        """Be switched on some days after the first morning; who has these cards buys something."""
        async with opened(self.path, days=day) as box:
            if not day:
                for card in (ANN, BEN):
                    await self.enrol(box, card)
            await asyncio.sleep(120)
            for card in cards:
                await self.buy(box, card)

    async def enrol(self, box: Box, card: str) -> None:
        current = box._bundles.current
        assert current is not None
        asked = EnrolAsked(display="王**", card=card)
        durable = box._placing.unasked(
            f"e/{card}", current, lambda made: enrol(asked, current, made)
        )
        assert durable is not None
        await durable

    async def buy(self, box: Box, card: str) -> None:
        self.keys += 1
        person = {"kind": "card", "text": card}
        lines = [{"code": LATTE, "quantity": "10"}]
        quoted = await ask(box, "quote", {"lines": lines, "member": person})
        at = f"{box._world.now():012x}"
        key = f"{at[:8]}-{at[8:]}-7000-8000-{self.keys:012}"
        sold = await ask(box, "sell", {
            "key": key, "cashier": "anna", "lines": lines, "member": person,
            "quote": quoted["quote"], "expected_total": quoted["total"],
            "tenders": [{"kind": "cash", "amount": quoted["total"]}],
        })  # fmt: skip
        assert sold["status"] == 200, sold


def day_of(page: Page) -> str:
    """Return the date in Shanghai, where the programme is."""
    return (datetime.fromtimestamp(page.at / 1000, UTC) + timedelta(hours=8)).date().isoformat()


def test_two_years_pass(tmp_path: Path) -> None:
    life, pages = Life(lively(tmp_path)), list[Page]()

    async def live() -> None:
        bought = {0: (ANN, BEN), 200: (BEN,)}
        for day in sorted({*range(0, END, 25), *bought}):
            await life.on(day, *bought.get(day, ()))
        async with opened(life.path, days=END) as box:
            await asyncio.sleep(120)
            pages.extend(box.journal.after(0, 100_000))

    run(live())
    assert verify(tmp_path / "state" / JOURNAL_FILE).books_agree
    told = [(page, letters.read(page.body)) for page in pages]
    _check_growth(told)
    _check_expiry(told)
    _check_tiers(told)


def _check_growth(told: Sequence[tuple[Page, object]]) -> None:
    """Every month is there once for everybody, and comes to what was there all of it."""
    lots: dict[str, Held] = {}
    grown: dict[str, list[str]] = {}
    for _, fact in told:
        if isinstance(fact, PointsGrown):
            assert fact.member is not None
            grown.setdefault(fact.member, []).append(fact.period)
            base = _active(lots, fact.member, fact.period)
            assert sum(move.amount for move in fact.moves) == base * RATE // 10_000, fact
        for move in fact.moves if isinstance(fact, Deed) else ():
            held = lots.get(move.lot) or (move.opens and Held(move.opens, 0))
            assert held
            lots[move.lot] = Held(held.lot, held.left + move.amount)
    assert len(grown) == 2
    for periods in grown.values():
        assert periods == sorted(set(periods))
        assert {"2026-12", "2027-11", "2028-11"} <= {*periods}, "also that of the switched-off days"
        assert len(periods) >= 24


def _active(lots: Mapping[str, Held], member: str, month: str) -> int:
    """Return the points of a member that were there from the first to the last of a month."""
    first = f"{month}-01"
    after = (datetime.fromisoformat(first) + timedelta(days=32)).replace(day=1)
    last = (after - timedelta(days=1)).date().isoformat()
    return sum(
        held.left
        for held in lots.values()
        if (held.lot.member, held.lot.unit) == (member, "PTS") and held.lot.active_from <= first
        and (not held.lot.expires or last <= held.lot.expires)
    )  # fmt: skip


def _check_expiry(told: Sequence[tuple[Page, object]]) -> None:
    """What was earned in a year is gone after the next one: on the first day it was on again."""
    gone = [(day_of(page), fact.points) for page, fact in told if isinstance(fact, HoldingsExpired)]
    assert gone == [("2028-01-21", 180), ("2028-01-21", 180), ("2029-01-05", 180)]


def _check_tiers(told: Sequence[tuple[Page, object]]) -> None:
    """A tier is reviewed a year after it was reached; switched off then, on the first day back."""
    reviews = [(day_of(page), fact) for page, fact in told if isinstance(fact, TierReviewed)]
    changed = [(day, fact.before, fact.after, fact.qualifying_sum)
               for day, fact in reviews if fact.before != fact.after]  # fmt: skip
    assert changed == [("2027-12-02", "silver", "", 0), ("2028-12-11", "silver", "", 0)]
    kept = [(day, fact.review_on) for day, fact in reviews
            if fact.after == "silver" and fact.qualifying_sum == 18_000]  # fmt: skip
    assert ("2027-12-02", "2028-12-02") in kept, "who bought something meanwhile kept it"
