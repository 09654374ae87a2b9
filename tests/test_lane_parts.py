"""The pure parts of a lane: its keypad, its spool, its faces, and its till's richer inputs."""

import random
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import NotPrinted, Printed, State
from edge.config import Store
from edge.desk.lane.faces import Faces
from edge.desk.lane.keypad import Line, Phone, Times, Typed, read
from edge.desk.lane.memory import MemoryFile, kept
from edge.desk.lane.spool import TRIES_MAX, WAITING_MAX, Aside, Do, Go, Job, Out, Spool
from edge.intake import TillCommand
from edge.shop.accounts.lots import PRINCIPAL, Held, Holdings, Lot
from edge.shop.basket import Basket, line
from edge.shop.declined import Declined
from edge.shop.ledger import BONUS
from edge.shop.member import Member
from edge.shop.receipt import columns
from edge.shop.tender import Tender
from edge.shop.till import (
    Cancel,
    Counted,
    CouponScanned,
    MemberIdentified,
    Now,
    Redeem,
    RemoveLine,
    Shown,
    Sold,
    Tendered,
    Till,
    resumed,
    step,
)
from tests.test_till import AT, MILK, PORK, RULES, play, rules, scan

STORE = msgspec.convert(
    {"id": "s1", "name_zh": "街角小店", "name_en": "Corner shop", "currency": "CNY",
     "zone": "Asia/Shanghai", "state_dir": "/nowhere"},
    Store, dec_hook=lambda kind, value: kind(value),
)  # fmt: skip
ANN = MemberIdentified(Member("m-1", "A**"), may_spend=True)

# --- the keypad -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("6970000000031", Typed("6970000000031")),
        ("3*6970000000031", Typed("6970000000031", Decimal(3))),
        ("3*", Times(Decimal(3))),
        ("0.435*", Times(Decimal("0.435"))),
        ("*5", TillCommand("quantity", count=Decimal(5))),
        ("/13800138000", Phone("13800138000")),
        ("+", TillCommand("pay_cash")),
        ("+20.5", TillCommand("pay_cash", 2050)),
        ("+0.005", None),
        ("-", TillCommand("remove_last")),
        ("-2", TillCommand("remove", count=Decimal(2))),
        ("--", TillCommand("cancel")),
        (".1", TillCommand("pay_value")),
        (".2*10", TillCommand("pay_card", 1000)),
        (".3", TillCommand("pay_wallet")),
        (".4", TillCommand("pay_transfer")),
        (".5", TillCommand("redeem")),
        (".5*200", TillCommand("redeem", count=Decimal(200))),
        (".5*2.5", None),
        (".6", TillCommand("uses")),
        (".6*2", TillCommand("uses", count=Decimal(2))),
        (".6*0", TillCommand("uses", count=Decimal(0))),
        (".6*0.5", None),
        (".0", None),
        (".7", TillCommand("park")),
        (".7*1", None),
        (".8*1", TillCommand("recall", count=Decimal(1))),
        (".8", None),
        (".9", TillCommand("reprint")),
        ("12", None),
        ("", None),
        ("٣*", None),
    ],
)
def test_what_is_typed(typed: str, meant: Line | None) -> None:
    assert read(typed, 2) == meant


@given(st.text(alphabet="0123456789.+-*/", max_size=20) | st.text(max_size=20), st.integers(0, 3))
def test_any_keys_mean_something_or_nothing(typed: str, exponent: int) -> None:
    assert read(typed, exponent) is None or typed.strip()


# --- the spool ------------------------------------------------------------------------------------


class Roll:
    """A printer that is told what to print and what goes wrong, and what came out of it."""

    def __init__(self, luck: random.Random) -> None:
        self.spool, self.luck = Spool(), luck
        self.going: Job | None = None
        self.is_there = self.is_well = False
        self.whole: list[Job] = []
        self.torn: list[Job] = []
        self.aside: list[Job] = []
        self.out: list[Job] = []

    def follow(self, todo: list[Do]) -> None:
        for do in todo:
            match do:
                case Go(job) if self.is_there and self.is_well:
                    assert self.going is None, "one job at a time"
                    self.going = job
                case Go():
                    self.follow([*self.spool.lost()])
                case Out(job):
                    self.out.append(job)
                case Aside(job):
                    self.aside.append(job)

    def happen(self, what: int) -> None:
        if what == 0 and self.going:
            job, self.going = self.going, None
            self.whole.append(job)
            self.follow([*self.spool.hear(Printed())])
        elif what == 1 and self.going:
            # The worst case: all of it is on paper, and nobody was told.
            job, self.going, self.is_well = self.going, None, False
            (self.whole if self.luck.random() < 0.5 else self.torn).append(job)
            self.follow([*self.spool.hear(State("error", "paper out"))])
            self.follow([*self.spool.hear(NotPrinted("paper out"))])
        elif what == 2:
            self.torn += [self.going] if self.going else []
            self.going, self.is_there = None, False
            self.follow([*self.spool.hear(State("lost", "unplugged"))])
        elif what == 3:
            self.is_there = self.is_well = True
            self.follow([*self.spool.hear(State("ready"))])


@given(st.lists(st.integers(0, 5), max_size=60), st.integers(0, 2**32))
def test_no_two_receipts_of_one_sale_look_alike(events: list[int], seed: int) -> None:
    roll = Roll(random.Random(seed))
    names = iter(range(1000))
    for event in events:
        if event > 3:
            roll.follow([*roll.spool.add(Job(str(next(names))))])
        else:
            roll.happen(event)
    unmarked = [job.name for job in roll.whole + roll.torn if not job.copy]
    assert len(unmarked) == len(set(unmarked)), "twice, and nobody could tell"
    for _ in range(200):  # once all is well, everything comes out or is set aside
        roll.happen(3)
        roll.happen(0)
    assert roll.spool.waiting == 0
    done = {job.name for job in roll.out} | {job.name for job in roll.aside}
    assert done == {str(number) for number in range(sum(event > 3 for event in events))}
    assert all(job.tries >= TRIES_MAX or len(done) > WAITING_MAX for job in roll.aside)


# --- the faces ------------------------------------------------------------------------------------


@given(st.text(max_size=30), st.integers(1, 10**9), st.sampled_from([8, 16, 20, 40]))
def test_no_line_is_wider_than_the_display(name: str, price: int, width: int) -> None:
    faces = Faces(STORE, "zh", width)
    product = msgspec.structs.replace(MILK, name_zh=name, price=price)
    _, shown = play(scan(product, "3"))
    assert isinstance(shown, Shown)
    screens = [faces.idle(), faces.weighing(name), faces.shown(shown), faces.parked(3),
               faces.declined(name)]  # fmt: skip
    for screen in screens:
        assert columns(screen.upper) <= max(width, 15)
        assert columns(screen.lower) <= max(width, 15)


# --- the till's richer inputs ---------------------------------------------------------------------


def held(principal: int = 0, bonus: int = 0) -> Holdings:
    def lot(name: str, unit: str, left: int) -> Held:
        return Held(Lot(id=name, member="m-1", unit=unit, opened="2026-01-01",
                        active_from="2026-01-01"), left)  # fmt: skip

    return Holdings({"p": lot("p", PRINCIPAL, principal), "b": lot("b", BONUS, bonus)})


def now(holdings: Holdings) -> Now:
    return Now(RULES, AT, 3, held=lambda till: holdings)


def run(till: Till, holdings: Holdings, *given_: object) -> tuple[Till, object]:
    last: object = None
    for one in given_:
        till, outcomes = step(till, one, now(holdings))  # type: ignore[arg-type] # inputs of a till
        last = outcomes[-1]
    return till, last


def test_stored_value_pays_what_it_can_and_cash_the_rest() -> None:
    till, shown = run(Till(), held(200, 100), ANN, scan(MILK), Tendered("value"))
    assert isinstance(shown, Shown)
    assert (shown.quote.total, shown.tendered, shown.due) == (454, 300, 154)
    assert till.tenders == (Tender("value", 300),)
    till, sold = run(till, held(200, 100), Tendered("cash", 200))
    assert isinstance(sold, Sold)
    assert (sold.paid.by("bonus", "principal"), sold.paid.by("cash"), sold.paid.change) == (
        300, 154, 46,
    )  # fmt: skip
    assert till == Till()


def test_no_more_value_is_offered_than_there_is() -> None:
    till, _ = run(Till(), held(200), ANN, scan(MILK))
    for amount, more in ((300, 200), (None, 0)):
        first, _ = run(till, held(200), Tendered("value")) if amount is None else (till, None)
        same, declined = run(first, held(200), Tendered("value", amount))
        assert declined == Declined("E-VALUE-SHORT", {"more": more})
        assert same == first


def test_cancel_gives_back_what_was_handed_over_before_it_clears() -> None:
    till, _ = run(Till(), held(), scan(MILK), Tendered("card", 100))
    till, shown = run(till, held(), Cancel())
    assert (till.tenders, len(till.basket.lines)) == ((), 1)
    assert isinstance(shown, Shown)
    assert shown.due == 505
    till, _ = run(till, held(), Cancel())
    assert till == Till()


def test_too_much_by_card_is_refused() -> None:
    till, _ = run(Till(), held(), scan(MILK))
    same, declined = run(till, held(), Tendered("card", 600))
    assert declined == Declined("E-TENDER-OVER", {"due": 505, "paid": 600})
    assert same == till


def test_points_and_value_want_a_member_who_proved_it() -> None:
    till, _ = run(Till(), held(), scan(MILK))
    assert run(till, held(), Redeem())[1] == Declined("E-NO-MEMBER")
    till, _ = run(till, held(), MemberIdentified(Member("m-1"), may_spend=False))
    assert run(till, held(), Redeem(5))[1] == Declined("E-NEEDS-PROOF")
    assert run(till, held(), Tendered("value"))[1] == Declined("E-NEEDS-PROOF")
    till, _ = run(till, held(), ANN, Redeem(5))
    assert till.redeem == 5


def test_lines_are_counted_and_removed_by_number() -> None:
    till, shown = run(Till(), held(), scan(MILK), scan(PORK, "0.5"), Counted(Decimal("0.8")))
    assert [held_.quantity for held_ in till.basket.lines] == [Decimal(1), Decimal("0.8")]
    assert isinstance(shown, Shown)
    assert shown.line == 1
    assert run(till, held(), RemoveLine(3))[1] == Declined("E-NO-LINE", {"number": 3})
    till, _ = run(till, held(), RemoveLine(1), CouponScanned("C:1"), CouponScanned("C:1"))
    assert [held_.product.id for held_ in till.basket.lines] == ["pork"]
    assert till.coupons == ("C:1",)
    assert run(Till(), held(), Counted(Decimal(2)))[1] == Declined("E-EMPTY-BASKET")


def test_a_till_that_was_put_aside_is_priced_anew() -> None:
    till, _ = run(Till(), held(), scan(MILK))
    fresh = rules({"drinks": 900})
    assert resumed(till, Now(fresh, AT, 3)) == (
        till, (Declined("E-NOT-READY", {"what": "tax class food"}),)
    )  # fmt: skip
    _, (shown,) = resumed(Till(), Now(fresh, AT, 3))
    assert isinstance(shown, Shown)


# --- the memory -----------------------------------------------------------------------------------


def test_nothing_that_is_remembered_names_a_person() -> None:
    made = line(MILK, "6970000000031", Decimal(2))
    assert not isinstance(made, Declined)
    till = Till(basket=Basket((made,), Member("m-1", "王**", birthday="05-01")))
    raw = msgspec.json.encode(kept(till))
    assert "王".encode() not in raw
    assert b"05-01" not in raw


def test_a_disk_that_fails_costs_the_memory_and_nothing_else() -> None:
    file = MemoryFile(Path("/proc/nowhere/lane.json"))
    file.save(file.load())
    assert file.load().open.key == ""
