"""Stage 7: what pays, in which order it counts, and what cannot pay."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.accounts.lots import PRINCIPAL, Held, Holdings, Lot
from edge.shop.bundle import Bundle, decode
from edge.shop.declined import Declined
from edge.shop.ledger import BONUS
from edge.shop.tender import Kind, Paid, Tender, Voucher, in_cash, settle

TODAY = "2026-11-22"
GROUP_BUY = Voucher(id="v-1", issuer="platform", face=5_000, paid=3_900, settlement=3_700)


def terms(**more: Any) -> Bundle:
    document = {
        "format": "edgebox.bundle.v1", "version": 1, "store": "corner", "currency": "CNY",
        "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0, "valid_until": 1, "tax": {},
    }  # fmt: skip
    return decode(msgspec.json.encode(document | more))


PLAIN = terms()


def holds(principal: int, bonus: int) -> Holdings:
    """Return what one top-up leaves."""
    held = {}
    for unit, left in ((PRINCIPAL, principal), (BONUS, bonus)):
        lot = Lot(
            id=f"t-1#{unit}", member="m", unit=unit, opened=TODAY, active_from=TODAY, issuer="hq"
        )
        held[lot.id] = Held(lot, left)
    return Holdings(held)


NOTHING = Holdings()


def paid(
    due: int, *offered: Tender, holdings: Holdings = NOTHING, by: Bundle = PLAIN, **more: Any
) -> Paid:
    settled = settle(due, offered, holdings, by, today=TODAY, **more)
    assert isinstance(settled, Paid), settled
    return settled


def counted(settled: Paid) -> list[tuple[str, int]]:
    return [(tender.kind, tender.amount) for tender in settled.tenders]


def test_stored_value_is_principal_and_bonus_in_proportion() -> None:
    """A bill of 100.00 with 1,000.00 and 100.00: 90.91 principal and 9.09 bonus."""
    settled = paid(10_000, Tender("value", 10_000), holdings=holds(100_000, 10_000))
    assert counted(settled) == [("bonus", 909), ("principal", 9_091)]
    assert [(move.lot, move.amount) for move in settled.moves] == [
        ("t-1#BON", -909), ("t-1#PRN", -9_091),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("order", "bonus"), [("proportional", 909), ("bonus_first", 10_000), ("principal_first", 0)]
)
def test_the_programme_says_which_value_goes_first(order: str, bonus: int) -> None:
    by = terms(programme={"value": {"spend_order": order}})
    settled = paid(10_000, Tender("value", 10_000), holdings=holds(100_000, 10_000), by=by)
    assert (settled.by("bonus"), settled.by("principal")) == (bonus, 10_000 - bonus)


def test_tender_counts_in_its_own_order_whatever_order_it_was_offered_in() -> None:
    offered = [Tender("cash", 5_000), Tender("card", 1_000), Tender("value", 6_000)]
    settled = paid(10_000, *offered, holdings=holds(5_000, 1_000))
    expected = [("bonus", 1_000), ("principal", 5_000), ("card", 1_000), ("cash", 3_000)]
    assert counted(settled) == expected
    assert (settled.handed, settled.change) == (12_000, 2_000)


def test_only_cash_gives_change() -> None:
    kinds: tuple[Kind, ...] = ("card", "wallet", "transfer")
    for kind in kinds:
        over = settle(100, [Tender(kind, 101)], NOTHING, PLAIN, today=TODAY)
        assert over == Declined("E-TENDER-OVER", {"due": 100, "paid": 101})
    over = settle(100, [Tender("value", 101)], holds(500, 0), PLAIN, today=TODAY)
    assert over == Declined("E-TENDER-OVER", {"due": 100, "paid": 101})
    settled = paid(100, Tender("card", 100), Tender("cash", 50))
    assert (counted(settled), settled.change) == ([("card", 100)], 50)


def test_too_little_is_declined_with_what_is_missing() -> None:
    short = settle(100, [Tender("card", 60), Tender("cash", 39)], NOTHING, PLAIN, today=TODAY)
    assert short == Declined("E-TENDER-SHORT", {"due": 100, "paid": 99})
    short = settle(100, [Tender("value", 100)], holds(50, 20), PLAIN, today=TODAY)
    assert short == Declined("E-VALUE-SHORT", {"more": 70})


@pytest.mark.parametrize(
    ("mode", "due", "cash"),
    [
        ("half_up", 9_872, 9_870), ("half_up", 9_875, 9_880), ("half_even", 9_865, 9_860),
        ("down", 9_879, 9_870), ("half_up", 4, 0),
    ],
)  # fmt: skip
def test_cash_is_rounded_and_says_so(mode: str, due: int, cash: int) -> None:
    by = terms(cash_rounding={"step": 10, "mode": mode})
    assert in_cash(due, by) == cash
    settled = paid(due, Tender("cash", 10_000), by=by)
    assert (settled.by("cash"), settled.rounding) == (cash, cash - due)
    assert settled.change == 10_000 - cash


def test_only_what_is_paid_in_cash_is_rounded() -> None:
    by = terms(cash_rounding={"step": 10, "mode": "down"})
    assert paid(9_879, Tender("card", 9_879), by=by).rounding == 0
    settled = paid(9_879, Tender("card", 5_003), Tender("cash", 4_870), by=by)
    assert (counted(settled), settled.rounding) == ([("card", 5_003), ("cash", 4_870)], -6)
    short = settle(9_879, [Tender("card", 9_870)], NOTHING, by, today=TODAY)
    assert short == Declined("E-TENDER-SHORT", {"due": 9_879, "paid": 9_870})
    short = settle(9_879, [Tender("cash", 9_869)], NOTHING, by, today=TODAY)
    assert short == Declined("E-TENDER-SHORT", {"due": 9_870, "paid": 9_869})


def test_a_barcode_is_no_cash() -> None:
    for typed in (6_970_000_000_031, 12_345_670, 100 + PLAIN.change_max + 1):
        over = settle(100, [Tender("cash", typed)], NOTHING, PLAIN, today=TODAY)
        said: dict[str, str | int] = {"due": 100, "paid": typed, "most": PLAIN.change_max}
        assert over == Declined("E-CHANGE-OVER", said)
    assert paid(100, Tender("cash", 100 + PLAIN.change_max)).change == PLAIN.change_max
    careful = terms(change_max=10_000)
    assert paid(50_000_000, Tender("cash", 50_010_000), by=careful).change == 10_000
    over = settle(60, [Tender("card", 10), Tender("cash", 10_051)], NOTHING, careful, today=TODAY)
    assert over == Declined("E-CHANGE-OVER", {"due": 60, "paid": 10_061, "most": 10_000})


def test_a_voucher_can_only_be_taken_while_somebody_can_verify_it() -> None:
    offered = Tender("voucher", 5_000, GROUP_BUY)
    assert counted(paid(5_000, offered, online=True)) == [("voucher", 5_000)]
    offline = settle(5_000, [offered], NOTHING, PLAIN, today=TODAY, online=False)
    assert offline == Declined("E-NEEDS-CLOUD")


def test_what_is_left_of_a_voucher_is_lost() -> None:
    settled = paid(4_000, Tender("voucher", 4_000, GROUP_BUY), online=True)
    assert (counted(settled), settled.change) == ([("voucher", 4_000)], 0)


def test_a_voucher_that_counts_for_more_than_its_face_is_our_own_mistake() -> None:
    for wrong in (Tender("voucher", 5_001, GROUP_BUY), Tender("voucher", 1)):
        with pytest.raises(AssertionError):
            settle(9_000, [wrong], NOTHING, PLAIN, today=TODAY, online=True)


AMOUNTS = st.integers(0, 20_000)
KINDS: st.SearchStrategy[Kind] = st.sampled_from(["value", "cash", "card", "wallet"])


@given(
    due=AMOUNTS,
    offered=st.lists(st.builds(Tender, KINDS, AMOUNTS), max_size=5),
    principal=AMOUNTS,
    bonus=AMOUNTS,
    step=st.sampled_from([1, 5, 10, 100]),
    mode=st.sampled_from(["half_up", "half_even", "down"]),
)
def test_what_counted_is_the_total_and_its_rounding(
    due: int, offered: list[Tender], principal: int, bonus: int, step: int, mode: str
) -> None:
    by = terms(cash_rounding={"step": step, "mode": mode})
    before = holds(principal, bonus)
    settled = settle(due, offered, before, by, today=TODAY)
    if isinstance(settled, Declined):
        assert settled.code in {"E-TENDER-SHORT", "E-TENDER-OVER", "E-VALUE-SHORT"}
        return
    assert sum(tender.amount for tender in settled.tenders) == due + settled.rounding
    assert settled.handed == due + settled.rounding + settled.change
    assert abs(settled.rounding) < step
    assert all(tender.amount > 0 and tender.kind != "value" for tender in settled.tenders)
    cash = sum(tender.amount for tender in offered if tender.kind == "cash")
    assert 0 <= settled.change <= cash
    after = before.after(settled.moves)
    assert before.balance(BONUS) - after.balance(BONUS) == settled.by("bonus")
    assert before.balance(PRINCIPAL) - after.balance(PRINCIPAL) == settled.by("principal")
    assert all(held.left >= 0 for held in after.lots.values())


@given(due=AMOUNTS, held=AMOUNTS)
def test_enough_cash_always_pays(due: int, held: int) -> None:
    settled = paid(
        due, Tender("value", min(due, held)), Tender("cash", due), holdings=holds(held, 0)
    )
    assert settled.change == min(due, held)
