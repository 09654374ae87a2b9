"""The twin as the home of all accounts: nothing appears or vanishes but by what it says."""

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract import (
    DeedFact,
    HoldAsked,
    LeaseAsked,
    LeaseReturned,
    LeaseTaken,
    Lot,
    Move,
)
from simulators import demo_data
from simulators.cloud.lots import Lots
from simulators.cloud.recording import Refused
from simulators.cloud.twin import CloudTwin
from simulators.keys import make_key
from tests.away_kit import WHO, value_lot

NOW = 1_795_300_000_000


@pytest.fixture
def twin() -> Iterator[CloudTwin]:
    found = CloudTwin(make_key("cloud-1", Random(1)), now=lambda: NOW)
    found.seed_members(demo_data.members(), demo_data.cards())
    yield found
    found.close()


def points(twin: CloudTwin, member: str = WHO) -> int:
    return twin.books().get(f"member:{member}", {}).get("PTS", 0)


def test_points_grow_once_a_period_by_what_was_there_all_of_it(twin: CloudTwin) -> None:
    twin.keeping.give(value_lot("p1", unit="PTS"), 1000)
    late = Lot(id="p2", member=WHO, unit="PTS", opened="2026-10-15", active_from="2026-10-15")
    twin.keeping.give(late, 5000)
    assert twin.keeping.grow("2026-10", 100, "2026-10-01", "2026-10-31") > 0
    assert points(twin) == 6000 + (1000 + 10) // 100, "the ten are what the member brought"
    assert twin.keeping.grow("2026-10", 100, "2026-10-01", "2026-10-31") == 0


def test_what_is_over_expires_where_it_is_free(twin: CloudTwin) -> None:
    gone = value_lot("p1", unit="PTS", expires="2026-10-31")
    twin.keeping.give(gone, 500)
    twin.keeping.give(value_lot("p2", unit="PTS"), 300)
    assert twin.keeping.expire() == 1
    assert points(twin) == 300
    assert twin.keeping.expire() == 0


def test_the_same_question_gets_the_same_answer(twin: CloudTwin) -> None:
    twin.keeping.give(value_lot("v1"), 1000)
    asked = HoldAsked(id="h1", member=WHO, kind="value", amount=600)
    assert twin.granting.hold("a", asked).parts == twin.granting.hold("a", asked).parts
    lease = LeaseAsked(id="l1", member=WHO, kind="value")
    assert twin.granting.lease("a", lease) == twin.granting.lease("a", lease)
    with pytest.raises(Refused):
        twin.granting.hold("b", HoldAsked(id="h2", member=WHO, kind="value", amount=300))


def moved(amount: int, lot: str = "v1") -> DeedFact:
    """Return a deed that moves so much."""
    return DeedFact(
        receipt="r", business_date="2026-11-22", store="s1", terminal="pos-1", lane=None,
        cashier="anna", seller=None, member=WHO, bundle="", postings=(),
        moves=(Move(lot=lot, amount=amount),),
    )  # fmt: skip


def test_what_a_box_spent_beyond_its_part_is_free_again_once_it_is_put_back(
    twin: CloudTwin,
) -> None:
    twin.keeping.give(value_lot("v1"), 1000)
    lots = twin._tables.lots
    assert lots.follow("a", moved(-300)) == [], "a box from a backup; the cloud could spare it"
    assert (lots.at("a", WHO, "value"), lots.frees()["v1"]) == (-300, 700)
    part = twin.granting.hold("b", HoldAsked(id="h1", member=WHO, kind="value", amount=700))
    assert sum(each.amount for each in part.parts) == 700
    assert [short.amount for short in lots.follow("a", moved(-50))] == [50], "nothing is left"
    lots.follow("a", moved(350))
    assert (lots.at("a", WHO, "value"), lots.frees()["v1"]) == (0, 300)


def test_a_grant_that_was_never_taken_comes_back_when_the_box_has_gone_on(twin: CloudTwin) -> None:
    twin.keeping.give(value_lot("v1"), 1000)
    hold = twin.granting.hold("a", HoldAsked(id="h1", member=WHO, kind="value", amount=600))
    lots = twin._tables.lots
    lots.lapse("a", hold.until)
    assert lots.frees()["v1"] == 400
    lots.lapse("a", hold.until + 1)
    assert lots.frees()["v1"] == 1000


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["hold", "take", "back", "late", "spend", "lapse"]),
        st.sampled_from(["a", "b", "c"]), st.integers(0, 5), st.integers(1, 700),
    ),
    max_size=40,
)  # fmt: skip


@given(acts=ACTS)
def test_boxes_that_keep_to_what_they_were_granted_never_overspend(
    acts: list[tuple[str, str, int, int]],
) -> None:
    """Parts at boxes and what is free always come to the lot, whatever order things come in."""
    twin = CloudTwin(make_key("cloud-1", Random(1)), now=lambda: NOW)
    twin.seed_members(demo_data.members(), demo_data.cards())
    twin.keeping.give(value_lot("v1"), 1000)
    lots, taken, spent = twin._tables.lots, dict[str, int](), 0
    for verb, box, number, amount in acts:
        grant = f"{box}{number}"
        if verb == "hold":
            try:
                asked = HoldAsked(id=grant, member=WHO, kind="value", amount=amount)
                twin.granting.hold(box, asked)
            except Refused:
                continue
        granted = lots.granted(grant) or ()
        if verb == "take" and granted and grant not in taken:
            moves = tuple(Move(lot=part.lot.id, amount=part.amount) for part in granted)
            if state(lots, grant) == "offered":
                assert not lots.follow(box, fact(grant, moves))
                taken[grant] = sum(part.amount for part in granted)
        elif verb == "back" and taken.get(grant):
            lots.follow(box, returned(grant, (Move(lot="v1", amount=-taken.pop(grant)),)))
            taken[grant] = 0
        elif verb == "late" and grant not in taken:
            lots.follow(box, returned(grant, ()))
            taken[grant] = 0
        elif verb == "lapse":
            lots.lapse(box, NOW + 10**9)
            taken |= {name: 0 for name in names(box) if name not in taken}
        elif verb == "spend" and taken.get(grant):
            part = min(amount, taken[grant])
            assert lots._moved(box, Move(lot="v1", amount=-part)) is None
            taken[grant], spent = taken[grant] - part, spent + part
        assert 0 <= lots.frees()["v1"] <= 1000 - spent
    assert spent <= 1000
    twin.close()


def names(box: str) -> list[str]:
    return [f"{box}{number}" for number in range(6)]


def state(lots: Lots, grant: str) -> str:
    row = lots._db.execute("select state from granted where id = ?", (grant,)).fetchone()
    return str(row[0])


def fact(grant: str, moves: tuple[Move, ...]) -> LeaseTaken:
    return LeaseTaken(lease=grant, way="hold", member=WHO, kind="value", store="s", moves=moves)


def returned(grant: str, moves: tuple[Move, ...]) -> LeaseReturned:
    return LeaseReturned(lease=grant, member=WHO, kind="value", moves=moves, reason="unused")
