"""The audit: a deed says the same in its entry and in its moves, and every lot adds up."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import letters
from edge.book import Book
from edge.journal import Draft, Journal, connect
from edge.shop.accounts.lots import Held, Lot, LotKind, Move
from edge.shop.facts import Deed, EpochOpened, LeaseTaken, Recovered
from edge.shop.ledger import Posting
from edge.shop.operations.give_back_count_card import GiveBackAsked, give_back_count_card
from edge.shop.operations.return_count import CountBackAsked, return_count
from edge.shop.reports.audit import after, imbalances, misplaced
from edge.verify import Finding, verify
from edge.writer import ThreadWriter
from tests.prepaid_kit import CUTS, EARN, Account, cancel, rules

CNY = "CNY"


def lot(name: str, unit: str = "PTS", kind: LotKind = "ordinary", member: str = "m") -> Lot:
    day = "2026-11-22"
    return Lot(
        id=name, member=member, unit=unit, opened=day, active_from=day, issuer="hq", kind=kind
    )


def opens(name: str, amount: int, unit: str = "PTS", money: int = 0, member: str = "m") -> Move:
    return Move(lot=name, amount=amount, money=money, opens=lot(name, unit, member=member))


def deed(moves: Sequence[Move], *legs: tuple[str, str, int, str]) -> Deed:
    return Deed(
        receipt="1", business_date="2026-11-22", store="s", terminal="t", lane=None, cashier="li",
        seller=None, member="m", bundle="b", moves=tuple(moves),
        postings=tuple(Posting(*leg) for leg in legs),
    )  # fmt: skip


def points(amount: int, member: str = "m") -> tuple[tuple[str, str, int, str], ...]:
    return (f"member:{member}", "PTS", amount, "hq"), ("programme", "PTS", -amount, "hq")


EVERYTHING = deed(
    [
        opens("v", 10_000, "PRN"), opens("b", 500, "BON"), opens("c", 3, "CNT", money=1_000),
        opens("k", 2, "CPN"), opens("p", 40), opens("q", 7, "PTS.lumen"),
        Move(lot="p", amount=-15), opens("theirs", 9, member="n"),
    ],
    ("bank:card", CNY, 11_000, ""), ("principal:m", CNY, -10_000, "hq"),
    ("deferred:m", CNY, -1_000, "hq"), ("member:m", "BON", 500, "hq"),
    ("member:m", "CNT", 3, "hq"), ("member:m", "PTS.lumen", 7, "hq"), *points(25),
    *points(9, "n"), ("programme", "BON", -500, "hq"), ("programme", "CNT", -3, "hq"),
    ("programme", "PTS.lumen", -7, "hq"),
)  # fmt: skip
"""All that can be held, by two members, in one deed."""

HELD = ("member:", "principal:", "deferred:")


def found(fact: Deed, **lots: Held) -> list[str]:
    return list(imbalances(fact, lots))


def test_a_deed_that_says_the_same_twice_is_sound() -> None:
    assert not found(EVERYTHING)
    assert {name: held.left for name, held in after(EVERYTHING, {}).items()} == {
        "v": 10_000, "b": 500, "c": 3, "k": 2, "p": 25, "q": 7, "theirs": 9,
    }  # fmt: skip


@given(st.data())
def test_no_leg_and_no_move_can_differ_alone(data: st.DataObject) -> None:
    by = data.draw(st.integers(-9, 9).filter(bool))
    if data.draw(st.booleans()):
        place = data.draw(st.sampled_from(range(len(EVERYTHING.postings))))
        fact = altered(place, amount=EVERYTHING.postings[place].amount + by)
    else:
        place = data.draw(st.sampled_from([0, 1, 2, 4, 5, 6, 7]))  # coupons are not in the books
        moves = list(EVERYTHING.moves)
        moves[place] = msgspec.structs.replace(moves[place], amount=moves[place].amount + by)
        fact = msgspec.structs.replace(EVERYTHING, moves=tuple(moves))
    assert found(fact)


def altered(place: int, **change: object) -> Deed:
    legs = list(EVERYTHING.postings)
    legs[place] = msgspec.structs.replace(legs[place], **change)
    return msgspec.structs.replace(EVERYTHING, postings=tuple(legs))


@pytest.mark.parametrize(
    "place", [n for n, leg in enumerate(EVERYTHING.postings) if leg.account.startswith(HELD)]
)
def test_what_is_said_of_another_or_on_other_books_is_named(place: int) -> None:
    """The entry stays balanced: only the account, or whose books it is on, is wrong."""
    leg = EVERYTHING.postings[place]
    strange = leg.account.partition(":")[0] + ":stranger"
    for fact in (altered(place, account=strange), altered(place, party="")):
        said = found(fact)
        assert len(said) == 2
        assert any(row.startswith(leg.account) and "0 is posted" in row for row in said)


def test_money_that_moves_alone_is_named() -> None:
    fact = deed([Move(lot="c", amount=-1, money=-400)], ("member:m", "CNT", -1, "hq"),
                ("programme", "CNT", 1, "hq"), ("deferred:m", CNY, 333, "hq"),
                ("sales:free", CNY, -333, ""))  # fmt: skip
    assert found(fact, c=Held(lot("c", "CNT"), 3, 1_000)) == [
        "deferred:m hq: 333 is posted, the moves say 400"
    ]


CARD, DEBT = lot("c", "CNT"), lot("d", kind="debt")


@pytest.mark.parametrize(
    ("moves", "before", "said"),
    [
        ([Move(lot="p", amount=0)], {}, "lot p was never opened"),
        ([opens("p", 0), opens("p", 0)], {}, "lot p is opened twice"),
        ([opens("p", 0)], {"p": Held(lot("p"), 5)}, "lot p is opened twice"),
        ([Move(lot="p", amount=0, opens=lot("o"))], {}, "lot p is opened as o"),
        ([Move(lot="p", amount=-6)], {"p": Held(lot("p"), 5)}, "lot p holds -1"),
        ([Move(lot="d", amount=6)], {"d": Held(DEBT, -5)}, "debt d holds 1"),
        ([Move(lot="c", amount=-1)], {"c": Held(CARD, 1, 9)}, "lot c holds 0 and is worth 9"),
        ([Move(lot="c", amount=0, money=-10)], {"c": Held(CARD, 1, 9)}, "is worth -1"),
    ],
)
def test_lots_that_cannot_be_are_named(
    moves: list[Move], before: dict[str, Held], said: str
) -> None:
    fact = matching(moves, before)
    (row,) = found(fact, **before)
    assert row.endswith(said)


def test_a_lot_is_named_for_the_first_deed_that_is_wrong() -> None:
    spent = matching([Move(lot="p", amount=-6)], {"p": Held(lot("p"), 5)})
    assert found(spent, p=Held(lot("p"), 5)) == ["lot p holds -1"]
    assert found(spent, p=Held(lot("p"), -1)) == []


def test_what_came_back_may_have_spent_what_this_life_spent_too() -> None:
    for moves in ([Move(lot="p", amount=-6)], [opens("p", 3)]):
        fact = matching(moves, {"p": Held(lot("p"), 5)})
        fields = {name: getattr(fact, name) for name in Deed.__struct_fields__}
        lost = Recovered(
            **fields, epoch=1, sequence=1, at=0, origin="pos-1", key="k", content="", kind="x.v1",
            body="", answer="", previous="", hash="",
        )  # fmt: skip
        assert found(fact, p=Held(lot("p"), 5)) != []
        assert found(lost, p=Held(lot("p"), 5)) == []


def test_a_debt_holds_less_than_nothing_and_is_repaid() -> None:
    owing = Move(lot="d", amount=-5, opens=DEBT)
    assert not found(matching([owing], {}))
    before = {"d": Held(DEBT, -5)}
    assert not found(matching([Move(lot="d", amount=5)], before), **before)


def test_a_debt_that_two_lives_repaid_holds_something_wherever_it_goes() -> None:
    leased = LeaseTaken(
        lease="l", way="lease", member="m", kind="points", store="s",
        moves=(Move(lot="d", amount=5, opens=DEBT),),
    )  # fmt: skip
    assert [*misplaced(leased, {})] == []
    here = {"d": Held(DEBT, 5)}
    spent, returned = Move(lot="d", amount=-5), Move(lot="d", amount=5)
    assert not found(matching([spent], here), **here)
    emptied = {"d": Held(DEBT, 0)}
    assert not found(matching([returned], emptied), **emptied)
    opened_so = matching([Move(lot="d", amount=5, opens=DEBT)], {})
    assert found(opened_so) == ["debt d holds 5"]


def matching(moves: Sequence[Move], before: dict[str, Held]) -> Deed:
    """Return a deed whose entry says what its moves say, so that only its lots can be wrong."""
    legs: list[tuple[str, str, int, str]] = []
    for move in moves:
        unit = (before[move.lot].lot if move.lot in before else move.opens or lot("x")).unit
        legs += [("member:m", unit, move.amount, "hq"), ("programme", unit, -move.amount, "hq")]
        legs += [("deferred:m", CNY, -move.money, "hq"), ("sales:free", CNY, move.money, "")]
    return deed(moves, *legs)


# --- over a journal -------------------------------------------------------------------------------


def a_life() -> list[Deed]:
    """What one member does with prepaid value: a deed of each kind, as a box numbers receipts."""
    one = Account(rules(EARN, plans=[CUTS | {"earns": True}]))
    paid_in, card, used = one.top_up(100_000), one.buy_card(), one.use(2)
    back = return_count(CountBackAsked(use=used), one.rules, one.holdings, one.made())
    deeds = [paid_in, card, used, one.book(back)]
    asked = GiveBackAsked(count_card=card, reason="guest")
    deeds += [one.book(give_back_count_card(asked, one.rules, one.holdings, one.made()))]
    deeds += [cancel(one, paid_in)]
    return [
        msgspec.structs.replace(fact, receipt=f"b-1S-{number:06d}")
        for number, fact in enumerate(deeds, 1)
    ]


EPOCH = EpochOpened(
    ordinal=1, nonce="", parent_ordinal=None, parent_sequence=0, parent_head="", software=""
)


async def journal_of(path: Path, facts: Sequence[Deed]) -> None:
    """Write facts down as a box does: an epoch, then one page each; the book follows."""
    journal = Journal(path, Book(), ThreadWriter())
    await journal.open_epoch(draft(EPOCH, 0), EPOCH, now=1)[1]
    for number, fact in enumerate(facts, 1):
        await journal.place(draft(fact, number), fact, now=1)[1]
    await journal.close()


def draft(fact: Any, number: int) -> Draft:
    return Draft("pos-1", f"key-{number}", "00" * 32, *letters.write(fact))


async def test_any_deed_goes_into_the_book_and_is_verified(tmp_path: Path) -> None:
    path, life = tmp_path / "journal.db", a_life()
    assert len({type(fact) for fact in life}) == len(life)
    await journal_of(path, life)
    report = verify(path)
    assert (report.findings, report.facts) == ((), 1 + len(life))
    db = connect(path, writable=False)
    rows = db.execute(
        "select unit, amount from entry where account = 'member:m-1' order by sequence, unit"
    )
    assert list(rows) == [
        ("BON", 10_000), ("CNT", 15), ("CNT", -2), ("PTS", 26), ("CNT", 1), ("PTS", -13),
        ("CNT", -14), ("BON", -10_000),
    ]  # fmt: skip
    db.close()


async def test_a_deed_whose_entry_and_moves_differ_is_found_in_the_journal(tmp_path: Path) -> None:
    path, life = tmp_path / "journal.db", a_life()
    untold = [leg for leg in life[2].postings if leg.unit != "CNT"]
    life[2] = msgspec.structs.replace(life[2], postings=tuple(untold))
    life[5] = msgspec.structs.replace(life[5], moves=(*life[5].moves, Move(lot="x", amount=0)))
    await journal_of(path, life)
    assert verify(path).findings == (
        Finding("member:m-1 CNT hq: 0 is posted, the moves say -2", 4),
        Finding("lot x was never opened", 7),
    )
