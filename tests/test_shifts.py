"""Shifts: what each cashier did at each till, and whose drawer was short."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.config import Config, Right
from edge.shop.facts import DayClosed, Fact, SignedOff, SignedOn
from edge.shop.facts.day import Counted, DrawerCounted
from edge.shop.reports.entry import Entry
from edge.shop.reports.shifts import Shift, Shifts
from edge.shop.reports.tally import Amounts, Tally
from tests.owner import Owned, command, owned, report
from tests.sold import line, made, quote, sold
from tests.stand import Stand
from tests.test_desk_rude import key
from tests.test_posts import OTHER, TEA, TILL, on, opened
from tests.test_reports import TODAY, at
from tests.test_staff import MANAGER_PIN, staffed

NUMBERS = count(1)


def sale(cashier: str, amount: int, terminal: str = "till-1") -> Fact:
    """Return a sale for cash."""
    fact = sold(quote(line("pan", amount, tax="standard")), at=made(f"S{next(NUMBERS)}"))
    legs = [replace(leg, account=leg.account.replace("till-1", terminal)) for leg in fact.postings]
    return replace(fact, cashier=cashier, terminal=terminal, postings=tuple(legs))


def counted(
    cashier: str, amount: int, change: int = 0, *, terminal: str = "till-1", shift: bool = True
) -> DrawerCounted:
    return DrawerCounted(
        business_date=TODAY, store="corner", terminal=terminal, cashier=cashier, currency="CNY",
        change_money=change, counted=(Counted(f"cash:{terminal}", amount),), shift=shift,
    )  # fmt: skip


def signed_on(cashier: str, terminal: str = "till-1") -> SignedOn:
    return SignedOn(store="corner", terminal=terminal, cashier=cashier)


def signed_off(cashier: str, terminal: str = "till-1") -> SignedOff:
    return SignedOff(store="corner", terminal=terminal, cashier=cashier, reason="left")


def told(*facts: Fact) -> list[Entry]:
    """Return facts that happened hour by hour, from eight on."""
    return [Entry("corner", fact, at(8 + hour)) for hour, fact in enumerate(facts)]


def shifts(*facts: Fact) -> tuple[Shift, ...]:
    return Shifts(business_date=TODAY).after(told(*facts)).shifts


def brief(shift: Shift) -> tuple[str, int, int | None, int]:
    """Return whose it was, what should have been in the drawer, what was, and what is over."""
    return shift.cashier, shift.expected, shift.counted, shift.over


def test_a_shift_is_from_signing_on_to_counting() -> None:
    (shift,) = shifts(signed_on("ann"), sale("ann", 1000), sale("ann", 500), counted("ann", 1450))
    assert (shift.begins, shift.ends) == (f"{TODAY}T08:00", f"{TODAY}T11:00")
    assert (shift.trade.tickets, shift.trade.sales) == (2, 1500)
    assert shift.tenders == {"cash": Amounts(2, 1500)}
    assert brief(shift) == ("ann", 1500, 1450, -50)


def test_two_shifts_at_one_drawer_are_judged_apart() -> None:
    first = signed_on("ann"), sale("ann", 1000), counted("ann", 20_990, 20_000), signed_off("ann")
    left_in = signed_on("bob"), sale("bob", 300), counted("bob", 21_290, 20_990)
    emptied = signed_on("bob"), sale("bob", 300), counted("bob", 5_300, 5_000)
    for second in (left_in, emptied):
        one, other = shifts(*first, *second)
        assert brief(one) == ("ann", 1000, 990, -10)
        assert brief(other) == ("bob", 300, 300, 0)


def test_who_leaves_without_counting_leaves_it_to_the_next() -> None:
    one, other = shifts(
        signed_on("ann"), sale("ann", 1000), signed_off("ann"),
        signed_on("bob"), sale("bob", 300), counted("bob", 1200),
    )  # fmt: skip
    assert brief(one) == ("ann", 1000, None, 0)
    assert one.ends == f"{TODAY}T10:00"
    assert (other.cash, *brief(other)) == (300, "bob", 1300, 1200, -100)


def test_where_nobody_signs_on_the_deeds_say_who_works() -> None:
    one, other, again = shifts(
        sale("ann", 100), sale("bob", 200), sale("bob", 300), counted("bob", 600), sale("bob", 50)
    )
    assert brief(one) == ("ann", 100, None, 0)
    assert brief(other) == ("bob", 600, 600, 0)
    assert (brief(again), again.ends) == (("bob", 50, None, 0), "")


def test_who_counts_again_corrects_and_another_begins_anew() -> None:
    (shift,) = shifts(sale("ann", 100), counted("ann", 90), counted("ann", 100))
    assert brief(shift) == ("ann", 100, 100, 0)
    one, other = shifts(sale("ann", 100), counted("ann", 100), counted("bob", 100, 100))
    assert (brief(one), brief(other)) == (("ann", 100, 100, 0), ("bob", 0, 0, 0))


def test_tills_do_not_mix() -> None:
    here, there = shifts(
        signed_on("ann"), signed_on("bob", "till-2"), sale("bob", 70, "till-2"), sale("ann", 100),
        counted("bob", 70, terminal="till-2"),
    )  # fmt: skip
    assert (here.terminal, brief(here)) == ("till-1", ("ann", 100, None, 0))
    assert (there.terminal, brief(there)) == ("till-2", ("bob", 70, 70, 0))


def test_the_day_s_end_is_every_shift_s_end() -> None:
    (shift,) = shifts(sale("ann", 100), DayClosed(business_date=TODAY), signed_off("ann"),
                      signed_on("bob"))  # fmt: skip
    assert shift.ends == f"{TODAY}T09:00"


def test_what_is_counted_for_a_shift_is_counted_for_the_day_once() -> None:
    facts = told(
        sale("ann", 1000), counted("ann", 900), sale("bob", 300), counted("bob", 1400, 1100)
    )
    of_shifts, of_day = Shifts(business_date=TODAY).after(facts), Tally(business_date=TODAY)
    assert of_shifts.found == {"cash:till-1": 1200}
    assert of_day.after(facts).found == {}
    by_day = told(counted("ann", 1300, shift=False))
    assert of_day.after(by_day).found == {"cash:till-1": 1300}
    assert of_shifts.after(by_day).found == of_shifts.found


WHO = st.sampled_from(["ann", "bob"])
WHERE = st.sampled_from(["till-1", "till-2"])
SOLD = st.builds(sale, WHO, st.integers(1, 10_000), WHERE)
THINGS = st.one_of(
    SOLD, st.builds(signed_on, WHO, WHERE), st.builds(signed_off, WHO, WHERE),
    st.builds(counted, WHO, st.integers(0, 10_000), terminal=WHERE),
)  # fmt: skip


@given(st.lists(THINGS, max_size=15), st.integers(0, 15))
def test_told_at_once_or_in_parts_they_hold_all_that_was_sold(facts: list[Fact], cut: int) -> None:
    whole = Shifts(business_date=TODAY).after(told(*facts))
    entries = told(*facts)
    assert Shifts(business_date=TODAY).after(entries[:cut]).after(entries[cut:]) == whole
    tally = Tally(business_date=TODAY).after(entries)
    assert sum(one.trade.sales for one in whole.shifts) == tally.trade.sales
    for terminal in ("till-1", "till-2"):
        mine = [one for one in whole.shifts if one.terminal == terminal]
        assert sum(one.cash for one in mine) == tally.expected.get(f"cash:{terminal}", 0)
        # What is over in a day is what is over in its shifts, and what nobody counted yet.
        uncounted = mine[-1].expected if mine and mine[-1].counted is None else 0
        over = sum(one.over for one in mine)
        found = whole.found.get(f"cash:{terminal}", 0)
        assert found == tally.expected.get(f"cash:{terminal}", 0) - uncounted + over


# --- over the vocabulary, and at the command line -------------------------------------------------


async def closes(shop: Stand, number: int, cashier: str, counted: int, change: int) -> Any:
    body = {"key": key(number), "cashier": cashier, "counted": counted, "change_money": change}
    return await shop.ask("shift_close", body)


async def sells(shop: Stand, number: int, cashier: str) -> int:
    told = await shop.ask("sell", await shop.sale(key(number), TEA, cashier=cashier))
    return int(told["total"])


def trusted(config: Config) -> Config:
    """Let the till open and close days, and see reports."""
    told = staffed(config)
    rights: frozenset[Right] = told.terminals[TILL].rights | {"reports", "day"}
    till = replace(told.terminals[TILL], rights=rights)
    return replace(told, terminals={**told.terminals, TILL: till})


async def test_a_cashier_is_told_how_the_shift_went(tmp_path: Path) -> None:
    async with opened(tmp_path, trusted) as shop:
        await on(shop)
        price = await sells(shop, 1, "anna")
        one = await closes(shop, 2, "anna", 20_000 + price - 10, 20_000)
        assert (one["expected"], one["counted"], one["over"]) == (price, price - 10, -10)
        await on(shop, "mei", MANAGER_PIN)
        await sells(shop, 3, "mei")
        other = await closes(shop, 4, "mei", 5_000 + price, 5_000)
        assert (other["expected"], other["counted"], other["over"]) == (price, price, 0)
        shift = other["shift"]
        assert (shift["cashier"], shift["terminal"], shift["trade"]["sales"]) == (
            "mei", TILL, price
        )  # fmt: skip
        assert shift["begins"] <= shift["ends"]
        told = await shop.ask("x_report", {})
        (till,) = told["sheet"]["day"]["tills"]
        assert (till["expected"], till["counted"]) == (2 * price, 2 * price - 10)
        assert [one["cashier"] for one in told["shifts"]] == ["anna", "mei"]
        assert told["shifts"][1] == shift


async def test_the_next_day_s_shifts_begin_with_its_own_people(tmp_path: Path) -> None:
    async with opened(tmp_path, trusted) as shop:
        await on(shop)
        await on(shop, "mei", MANAGER_PIN, OTHER)
        await sells(shop, 1, "anna")
        assert (await shop.ask("z_close", {"key": key(2), "cashier": "anna"}))["status"] == 200
        await shop.ask("sign_off", {}, OTHER)
        await on(shop, "mei", MANAGER_PIN, OTHER)  # before the day is opened
        opening = {"key": key(3), "cashier": "anna"}
        assert (await shop.ask("day_open", opening))["status"] == 200
        await sells(shop, 4, "anna")  # who is still signed on
        told = (await shop.ask("x_report", {}))["shifts"]
        assert [(one["terminal"], one["trade"]["tickets"], one["ends"]) for one in told] == [
            (OTHER, 0, ""), (TILL, 1, ""),
        ]  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_owner_reads_the_shifts_in_both_languages(tmp_path: Path, lang: str) -> None:
    async with owned(tmp_path) as box:
        await box.sell(1)
        await count_short(box)
        said = await command("x-report", "--shifts", "--lang", lang, "--config", box.config)
        listed = report(await command("x-report", "--shifts", "--json", "--config", box.config))
    assert said.exit_code == 0, said.output
    words = {"zh": ("班次", "现金", "钱箱应有", "短款"),
             "en": ("shifts", "cash", "expected in the drawer", "short")}[lang]  # fmt: skip
    assert all(word in said.output for word in words), said.output
    assert any("\u4e00" <= one <= "\u9fff" for one in said.output) == (lang == "zh")
    assert isinstance(listed, list)
    assert [(one["cashier"], one["counted"]) for one in listed] == [("anna", 440)]


async def count_short(box: Owned) -> None:
    told = await closes(box.shop, 2, "anna", 440, 0)
    assert told["over"] == -10
