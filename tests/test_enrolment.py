"""Enrolment by evidence, welcome gifts and referrals: given, counted once, taken back."""

from typing import Any

import msgspec
import pytest

from edge.shop.accounts import people
from edge.shop.accounts.enrolment import Evidence, Shown
from edge.shop.accounts.lots import COUPON, Move
from edge.shop.accounts.people import Consent, Phone
from edge.shop.declined import Declined
from edge.shop.facts import MemberEnrolled
from edge.shop.facts.members import ReferralRewarded
from edge.shop.ledger import POINTS, balanced
from edge.shop.operations.enrol import EnrolAsked, enrol, reverse_welcome
from edge.shop.operations.referral import reverse_referral, reward_referral
from edge.shop.operations.update_member import UpdateAsked, update_member
from tests.members_kit import TODAY, Rules, after, books, coupon, made, rules

WELCOME = {"points": 50}


def terms(**enrolment: Any) -> Rules:
    return rules(coupon(), enrolment=enrolment)


ONCE = {"once": 10_000, "welcome": WELCOME}
SUMMED = {"accumulated": 30_000, "welcome": WELCOME}


def receipts(*nets: int, day: str = "2026-11-01") -> Shown:
    return Shown(
        receipts=tuple(
            Evidence(sale=f"r{number}", date=day, net=net) for number, net in enumerate(nets, 1)
        )
    )


def join(enrolment: dict[str, Any], shown: Shown, **asked: Any) -> MemberEnrolled | Declined:
    return enrol(EnrolAsked(shown=shown, **asked), terms(**enrolment), made())


def joined(enrolment: dict[str, Any], shown: Shown, **asked: Any) -> MemberEnrolled:
    fact = join(enrolment, shown, **asked)
    assert isinstance(fact, MemberEnrolled)
    return fact


@pytest.mark.parametrize(
    ("enrolment", "nets", "more"),
    [
        (ONCE, (9_999,), 10_000),
        (ONCE, (10_000,), None),
        (ONCE, (6_000, 6_000), 10_000),
        (SUMMED, (9_900, 9_900, 9_900), 300),
        (SUMMED, (9_900, 9_900, 9_900, 299), 1),
        (SUMMED, (9_900, 9_900, 9_900, 300), None),
    ],
)
def test_what_qualifies(enrolment: dict[str, Any], nets: tuple[int, ...], more: int | None) -> None:
    fact = join(enrolment, receipts(*nets))
    if more is None:
        assert isinstance(fact, MemberEnrolled)
        assert books(fact.postings) == {
            ("member:p-d1", "hq"): 50, ("programme", "hq"): -50
        }  # fmt: skip
        assert fact.receipts == tuple(f"r{n}" for n in range(1, len(nets) + 1))
    else:
        assert fact == Declined("E-NOT-QUALIFIED", {"more": more})


@pytest.mark.parametrize(
    "spoilt",
    [
        {"consumed_by": "m9"},
        {"member": "m9"},
    ],
)
def test_a_receipt_counts_once_ever(spoilt: dict[str, str]) -> None:
    used = Evidence(sale="r1", date="2026-11-01", net=50_000, **spoilt)
    assert join(ONCE, Shown(receipts=(used,))) == Declined("E-RECEIPT-USED", {"receipt": "r1"})


def test_a_receipt_shown_twice_is_one_too_many() -> None:
    one = Evidence(sale="r1", date="2026-11-01", net=15_000)
    assert join(SUMMED, Shown(receipts=(one, one))) == Declined("E-RECEIPT-USED", {"receipt": "r1"})


def test_one_receipt_that_suffices_is_consumed_alone() -> None:
    both = {**ONCE, "accumulated": 30_000}
    assert joined(both, receipts(9_000, 12_000, 20_000)).receipts == ("r2",)


def test_receipts_before_the_window_do_not_count() -> None:
    windowed = {**SUMMED, "window_days": 30}
    assert isinstance(join(windowed, receipts(30_000, day="2026-10-23")), MemberEnrolled)
    assert join(windowed, receipts(30_000, day="2026-10-22")) == Declined(
        "E-NOT-QUALIFIED", {"more": 30_000}
    )


@pytest.mark.parametrize(
    ("shown", "way"),
    [
        (Shown(partner="airline"), "partner"),
        (Shown(group="school"), "group"),
        (Shown(partner="railway"), None),
        (Shown(), None),
    ],
)
def test_another_merchant_s_card_or_a_list_qualifies(shown: Shown, way: str | None) -> None:
    fact = join({"partners": ["airline"], "groups": ["school"]}, shown)
    if way is None:
        assert fact == Declined("E-NOT-QUALIFIED", {"more": 0})
    else:
        assert isinstance(fact, MemberEnrolled)
        assert fact.way == way


def test_without_a_way_declared_everybody_may_join() -> None:
    assert joined({}, Shown()).way == "open"


def test_a_card_of_a_partner_consumes_no_receipt() -> None:
    shown = msgspec.structs.replace(receipts(10_000), partner="airline")
    assert joined({**ONCE, "partners": ["airline"]}, shown).receipts == ()


# --- who they are ---------------------------------------------------------------------------------


def test_what_a_member_says_is_kept_as_facts() -> None:
    phone = Phone("a" * 64, "1234")
    consents = (Consent(to="terms", version="3"), Consent(to="sms", version="1", given=False))
    fact = joined(
        {"consents": ["terms"], "adults_only": True}, Shown(), display="王**", phone=phone,
        birthday="L08-15", adult=True, card="6001", consents=consents, introducer="m9",
        sealed="c" * 64,
    )  # fmt: skip
    assert (fact.member, fact.phone, fact.birthday) == ("p-d1", phone, "L08-15")
    assert (fact.consents, fact.introducer, fact.sealed) == (consents, "m9", "c" * 64)
    assert (fact.card, fact.adult, fact.store, fact.bundle) == ("6001", True, "s1", "b" * 64)


@pytest.mark.parametrize(
    ("enrolment", "asked", "no"),
    [
        ({"consents": ["terms"]}, {}, Declined("E-CONSENT", {"consent": "terms"})),
        (
            {"consents": ["terms"]},
            {"consents": (Consent(to="terms", version="3", given=False),)},
            Declined("E-CONSENT", {"consent": "terms"}),
        ),
        ({"adults_only": True}, {}, Declined("E-ADULTS-ONLY")),
        ({}, {"birthday": "1990-02-03"}, Declined("E-BIRTHDAY")),
    ],
)
def test_who_may_not_join(enrolment: dict[str, Any], asked: dict[str, Any], no: Declined) -> None:
    assert join(enrolment, Shown(), **asked) == no


def test_nobody_joins_twice() -> None:
    fact = enrol(EnrolAsked(), terms(), made(), already="m7")
    assert fact == Declined("E-ALREADY-MEMBER")


@pytest.mark.parametrize("said", ["", "02-29", "12-31", "L08-15", "L12-30"])
def test_birthdays(said: str) -> None:
    assert people.birthday(said) == said


@pytest.mark.parametrize("said", ["02-30", "13-01", "L13-01", "L01-31", "2-3", "1990-02-03", "x"])
def test_no_birthdays(said: str) -> None:
    assert people.birthday(said) == Declined("E-BIRTHDAY")


@pytest.mark.parametrize(
    ("change", "owner", "no"),
    [
        ({"birthday": "02-29"}, "", None),
        ({"phone": Phone("a" * 64, "1234")}, "p-d1", None),
        ({"phone": Phone("a" * 64, "1234")}, "m2", Declined("E-ALREADY-MEMBER")),
        ({"birthday": "02-30"}, "", Declined("E-BIRTHDAY")),
        ({}, "", Declined("E-NOTHING-TO-CHANGE")),
        ({"consents": (Consent(to="sms", version="1", given=False),)}, "", None),
        (
            {"consents": (Consent(to="terms", version="1", given=False),)},
            "",
            Declined("E-CONSENT", {"consent": "terms"}),
        ),
    ],
)
def test_updating_a_member(change: dict[str, Any], owner: str, no: Declined | None) -> None:
    asked = UpdateAsked(member="p-d1", **change)
    fact = update_member(asked, terms(consents=["terms"]), made(), phone_of=owner)
    if no is not None:
        assert fact == no
    else:
        assert not isinstance(fact, Declined)
        told = {name: getattr(fact, name) for name in ("birthday", "phone", "consents")}
        assert told == {"birthday": None, "phone": None, "consents": ()} | change


# --- the gift taken back --------------------------------------------------------------------------


def reversing(after_return: str) -> tuple[MemberEnrolled, Rules]:
    enrolment = {
        **SUMMED, "after_return": after_return, "welcome": {"points": 50, "coupons": {"ten-off": 2}}
    }  # fmt: skip
    fact = joined(enrolment, receipts(9_900, 9_900, 9_900, 300))
    return fact, terms(**enrolment)


NETS = {"r1": 9_900, "r2": 0, "r3": 9_900, "r4": 300}


def test_a_gift_is_kept_when_a_receipt_comes_back() -> None:
    fact, of = reversing("keep")
    assert reverse_welcome(fact, "r2", NETS, after(*fact.moves), of, made(deed="d2")) is None


def test_a_gift_is_taken_back_when_a_receipt_comes_back() -> None:
    fact, of = reversing("reverse_gift")
    holdings = after(*fact.moves)
    undone = reverse_welcome(fact, "r2", NETS, holdings, of, made(deed="d2"))
    assert undone is not None
    assert undone.worth == 20_100
    assert books(undone.postings) == {("member:p-d1", "hq"): -50, ("programme", "hq"): 50}
    left = holdings.after(undone.moves)
    assert (left.balance(POINTS), left.balance(COUPON)) == (0, 0)


def test_a_gift_already_spent_leaves_a_debt() -> None:
    fact, of = reversing("reverse_gift")
    spent = after(*fact.moves).after([Move(lot="d1#1", amount=-30)])
    undone = reverse_welcome(fact, "r2", NETS, spent, of, made(deed="d2"))
    assert undone is not None
    left = spent.after(undone.moves)
    assert left.balance(POINTS) == -30
    assert [held.lot.kind for held in left.of(POINTS) if held.left] == ["debt"]
    assert balanced(undone.postings)


def test_a_gift_stays_while_the_evidence_still_suffices() -> None:
    fact, of = reversing("reverse_gift")
    enough = {"r1": 9_900, "r2": 9_900, "r3": 9_900, "r4": 300}
    assert reverse_welcome(fact, "r2", enough, after(*fact.moves), of, made()) is None


# --- referrals ------------------------------------------------------------------------------------

REFERRAL = {
    "introducer": {"points": 100, "coupons": {"ten-off": 1}}, "introduced": {"points": 20},
    "minimum": 5_000, "within_days": 30,
}  # fmt: skip


def rewarded(net: int = 5_000, enrolled: str = TODAY, by: str = "m9") -> ReferralRewarded | None:
    of = rules(coupon(), referral=REFERRAL)
    return reward_referral("p-d1", by, enrolled, "s7", net, of, made(deed="d2"))


def test_both_are_rewarded_on_the_first_qualifying_sale() -> None:
    fact = rewarded()
    assert fact is not None
    assert books(fact.postings) == {
        ("member:p-d1", "hq"): 20, ("member:m9", "hq"): 100, ("programme", "hq"): -120
    }  # fmt: skip
    assert len({move.lot for move in fact.moves}) == 3
    lots = [(m.opens.member, m.opens.unit, m.amount) for m in fact.moves if m.opens]
    assert sorted(lots) == [("m9", COUPON, 1), ("m9", POINTS, 100), ("p-d1", POINTS, 20)]


@pytest.mark.parametrize(
    ("net", "enrolled", "by"),
    [(4_999, TODAY, "m9"), (5_000, "2026-10-22", "m9"), (5_000, TODAY, "")],
)
def test_sales_that_earn_no_referral(net: int, enrolled: str, by: str) -> None:
    assert rewarded(net, enrolled, by) is None


def test_the_last_day_of_the_term_counts() -> None:
    assert rewarded(enrolled="2026-10-23") is not None


def test_both_rewards_go_with_the_sale() -> None:
    fact = rewarded()
    assert fact is not None
    of, holdings = rules(coupon(), referral=REFERRAL), after(*fact.moves)
    assert reverse_referral(fact, 5_000, holdings, of, made(deed="d3")) is None
    undone = reverse_referral(fact, 4_999, holdings, of, made(deed="d3"))
    assert undone is not None
    assert undone.reward == "d2"
    left = holdings.after(undone.moves)
    assert {held.left for held in left.lots.values()} == {0}
    assert [leg.amount + other.amount for leg, other in zip(
        sorted(fact.postings, key=lambda p: p.account),
        sorted(undone.postings, key=lambda p: p.account), strict=True,
    )] == [0, 0, 0]  # fmt: skip


def test_a_debt_falls_on_whoever_spent_it() -> None:
    fact = rewarded()
    assert fact is not None
    name = next(m.lot for m in fact.moves if m.opens and m.opens.member == "m9")
    spent = after(*fact.moves).after([Move(lot=name, amount=-70)])
    undone = reverse_referral(fact, 0, spent, rules(coupon(), referral=REFERRAL), made(deed="d3"))
    assert undone is not None
    owing = [h for h in spent.after(undone.moves).lots.values() if h.left < 0]
    assert [(held.lot.member, held.left) for held in owing] == [("m9", -70)]


def test_a_welcome_without_a_gift_moves_nothing() -> None:
    fact = joined({}, Shown())
    assert (fact.moves, fact.postings) == ((), ())
