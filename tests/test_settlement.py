"""Settlement: what a month leaves on one party's books is what it owes the others."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.facts import Deed
from edge.shop.ledger import BONUS, POINTS, Posting, entry
from edge.shop.reports.entry import Entry
from edge.shop.reports.settlement import Balance, Owed, Statement, statement


def deed(store: str, *postings: Posting, date: str = "2026-11-22") -> Entry:
    fact = Deed(
        receipt="R", business_date=date, store=store, terminal="t", lane=None, cashier="",
        seller=None, member="m", bundle="b", postings=entry(*postings),
    )  # fmt: skip
    return Entry(store, fact)  # type: ignore[arg-type]


def leg(account: str, amount: int, party: str = "", unit: str = "CNY") -> Posting:
    return Posting(account, unit, amount, party)


def top_up(store: str, amount: int) -> Entry:
    return deed(store, leg("bank:card", amount), leg("principal:m", -amount, "hq"))


def refund(store: str, amount: int) -> Entry:
    return deed(store, leg("bank:card", -amount), leg("principal:m", amount, "hq"))


def spent(store: str, principal: int, bonus: int = 0) -> Entry:
    legs = [
        leg("principal:m", principal, "hq"), leg("bonus", bonus, "hq"),
        leg("sales:none", -principal - bonus),
        leg("member:m", -bonus, "hq", BONUS), leg("programme", bonus, "hq", BONUS),
    ]  # fmt: skip
    return deed(store, *legs)


def pays(told: Statement) -> dict[str, int]:
    return {balance.party: balance.pays for balance in told.balances}


STORES = [
    top_up("A", 300_000), refund("A", 20_000), spent("A", 80_000),
    top_up("B", 50_000), spent("B", 120_000, 6000),
    spent("C", 60_000),
]  # fmt: skip


def test_a_month_across_stores() -> None:
    told = statement(STORES, "2026-11")
    assert pays(told) == {"A": 200_000, "B": -76_000, "C": -60_000, "hq": -64_000}
    assert sum(pays(told).values()) == 0
    assert told.pairs == (
        Owed(debtor="A", creditor="hq", currency="CNY", moved=200_000, amount=200_000),
        Owed(debtor="hq", creditor="B", currency="CNY", moved=76_000, amount=76_000),
        Owed(debtor="hq", creditor="C", currency="CNY", moved=60_000, amount=60_000),
    )


def test_what_headquarters_holds_is_what_it_still_owes_members() -> None:
    cash = -pays(statement(STORES, "2026-11"))["hq"]
    every = [posting for entry_ in STORES for posting in postings(entry_)]
    bonus = sum(posting.amount for posting in every if posting.account == "bonus")
    principal = -sum(posting.amount for posting in every if posting.account == "principal:m")
    assert (cash, bonus, principal) == (64_000, 6000, 70_000)
    assert cash + bonus == principal


def postings(told: Entry) -> Sequence[Posting]:
    assert isinstance(told.fact, Deed)
    return told.fact.postings


ALLIANCE = [
    leg("cash:t", 4400), leg("points", 360, "X"), leg("points", 180, "Z"), leg("points", 60),
    leg("sales:none", -5000),
    leg("member:m", -400, "X", "PTS.X"), leg("programme", 400, "X", "PTS.X"),
    leg("member:m", 44, "Y", POINTS), leg("programme", -44, "Y", POINTS),
]  # fmt: skip


def test_an_alliance_settles_points() -> None:
    told = statement([deed("Y", *ALLIANCE)], "2026-11")
    assert {party: -amount for party, amount in pays(told).items()} == {
        "X": -360, "Z": -180, "Y": 540,
    }  # fmt: skip


def test_what_comes_back_after_the_month_is_in_the_next_statement() -> None:
    sale = deed("Y", *ALLIANCE)
    undone = [Posting(p.account, p.unit, -p.amount, p.party) for p in ALLIANCE]
    later = deed("Y", *undone, date="2026-12-03")
    assert pays(statement([sale, later], "2026-11")) == {"X": 360, "Y": -540, "Z": 180}
    assert pays(statement([sale, later], "2026-12")) == {"X": -360, "Y": 540, "Z": -180}
    assert statement([sale, later], "2027-01").balances == ()


def test_an_agreed_share_is_rounded_once_for_the_month() -> None:
    facts = [spent("B", 1) for _ in range(3)]
    told = statement(facts, "2026-11", {("B", "hq"): 9000})
    assert told.pairs == (Owed(debtor="hq", creditor="B", currency="CNY", moved=3, amount=3),)
    told = statement(facts * 2, "2026-11", {("B", "hq"): 9000})
    assert [owed.amount for owed in told.pairs] == [5]
    assert told.balances == (
        Balance(party="B", currency="CNY", pays=-5), Balance(party="hq", currency="CNY", pays=5),
    )  # fmt: skip


PARTY = st.sampled_from(["", "hq", "X", "A", "B"])


@st.composite
def deeds(draw: st.DrawFn) -> Entry:
    """Draw any balanced deed, in one currency or two, beside units that are no money."""
    legs = []
    for unit in draw(st.lists(st.sampled_from(["CNY", "JPY", POINTS, "PTS.X", BONUS]), max_size=3)):
        amounts = draw(st.lists(st.integers(-(10**9), 10**9), max_size=4))
        legs += [leg(f"a{n}", amount, draw(PARTY), unit) for n, amount in enumerate(amounts)]
        legs.append(leg("rest", -sum(amounts), draw(PARTY), unit))
    date = draw(st.sampled_from(["2026-10-31", "2026-11-01", "2026-11-30", "2026-12-01"]))
    return deed(draw(st.sampled_from(["A", "B", "C"])), *legs, date=date)


@given(st.lists(deeds(), max_size=8), st.integers(0, 10_000))
def test_any_settlement_sums_to_zero(facts: list[Entry], share: int) -> None:
    told = statement(facts, "2026-11", {("A", "hq"): share})
    for currency in ("CNY", "JPY"):
        assert sum(b.pays for b in told.balances if b.currency == currency) == 0
    assert all(owed.moved > 0 and 0 <= owed.amount <= owed.moved for owed in told.pairs)


@given(st.lists(deeds(), max_size=8))
def test_a_balance_is_what_the_books_left_on_a_party(facts: list[Entry]) -> None:
    sums: dict[tuple[str, str], int] = {}
    for told in facts:
        assert isinstance(told.fact, Deed)
        for posting in told.fact.postings if told.fact.business_date[:7] == "2026-11" else ():
            if posting.unit in {"CNY", "JPY"}:
                key = posting.party or told.store, posting.unit
                sums[key] = sums.get(key, 0) + posting.amount
    balances = statement(facts, "2026-11").balances
    seen = {(b.party, b.currency): b.pays for b in balances}
    assert {key: n for key, n in seen.items() if n} == {key: n for key, n in sums.items() if n}


@pytest.mark.parametrize("unit", [POINTS, "PTS.X", BONUS, "CNT", "CPN", "PRN"])
def test_what_is_no_money_is_not_settled(unit: str) -> None:
    told = deed("A", leg("member:m", 5, "hq", unit), leg("programme", -5, "", unit))
    assert statement([told], "2026-11").pairs == ()
