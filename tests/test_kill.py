"""Kill -9 at two hundred random moments: nothing told is lost, nothing happens twice."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.boxes import ForkedBox, broken_box, real_box
from tests.faults.cashiers import Intent, Record
from tests.faults.judging import SALE, Violation, add_up, journal_path, judge_journal
from tests.faults.killing import Figures, Killer, KillPlan, furnished, kill_box

KILLS = 200
KILLS_AS_IN_A_STORE = 5
KILLS_TO_CATCH_A_LIAR_MAX = 40


def hit_work_under_way(figures: Figures) -> None:
    """Kills that meet nobody prove nothing."""
    assert figures.struck_before_commit > 0
    assert figures.struck_after_commit > 0
    assert figures.asked_done > 0
    assert figures.asked_never > 0
    assert figures.sold > 0
    assert figures.refused > 0


async def test_two_hundred_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    figures = await kill_box(KillPlan(seed=1, kills=KILLS), tmp_path, ForkedBox)
    print(figures)
    assert figures.kills == KILLS
    assert figures.kills_while_starting > 0
    hit_work_under_way(figures)


async def test_a_box_started_as_in_a_store_is_no_different(tmp_path: Path) -> None:
    figures = await kill_box(KillPlan(seed=2, kills=KILLS_AS_IN_A_STORE), tmp_path, real_box)
    assert figures.kills == KILLS_AS_IN_A_STORE
    assert figures.struck > 0


async def test_a_box_that_answers_before_the_disk_does_is_caught(tmp_path: Path) -> None:
    plan = KillPlan(seed=3, kills=KILLS_TO_CATCH_A_LIAR_MAX, kills_between_checks=4)
    with pytest.raises(Violation, match="told and lost"):
        await kill_box(plan, tmp_path, broken_box)


# --- the checks themselves can fail ---------------------------------------------------------------

Intents = dict[str, Intent]


def _a_sale(intents: Intents) -> Intent:
    return next(i for i in intents.values() if (i.answer or b"").startswith(b"200"))


def lost(intents: Intents) -> Intents:
    sale = replace(_a_sale(intents), key="01900000-0000-7000-8000-000000000000")
    return {**intents, sale.key: sale}


def forgotten(intents: Intents) -> Intents:
    return {key: intent for key, intent in intents.items() if intent is not _a_sale(intents)}


def told_otherwise(intents: Intents) -> Intents:
    sale = _a_sale(intents)
    return {**intents, sale.key: replace(sale, answer=(sale.answer or b"") + b" ")}


def unanswered(intents: Intents) -> Intents:
    sale = _a_sale(intents)
    return {**intents, sale.key: replace(sale, answer=None)}


def sold_after_all(intents: Intents) -> Intents:
    sale = _a_sale(intents)
    return {**intents, sale.key: replace(sale, fate="never")}


def at_another_terminal(intents: Intents) -> Intents:
    sale = _a_sale(intents)
    return {**intents, sale.key: replace(sale, terminal="somebody")}


def at_a_wrong_price(intents: Intents) -> Intents:
    sale = _a_sale(intents)
    return {**intents, sale.key: replace(sale, price_is_right=False)}


LIES: dict[Callable[[Intents], Intents], str] = {
    lost: "told and lost",
    forgotten: "nobody asked for",
    told_otherwise: "was told otherwise",
    unanswered: "nobody knows",
    sold_after_all: "was never to happen",
    at_another_terminal: "is filed under",
    at_a_wrong_price: "is sale.v1",
}


async def test_every_difference_between_told_and_written_is_found(tmp_path: Path) -> None:
    async with (
        furnished(tmp_path, random.Random(4)) as house,
        ForkedBox(house.premises) as box,
    ):
        await Killer(house, box, KillPlan(seed=4, kills=2)).run()
        journal = journal_path(house.premises)
        found = judge_journal(house.record, journal)
        assert add_up(found) == house.twin.books()
        sales = [page for page in found if page.kind == SALE]
        assert add_up(sales[:-1]) != house.twin.books()
        for lie, what in LIES.items():
            with pytest.raises(Violation, match=what):
                judge_journal(Record(lie(house.record.intents)), journal)
