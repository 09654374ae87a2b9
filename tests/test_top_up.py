"""Top-ups: what is given on top, and the limits they are held to."""

from typing import Any

import msgspec
import pytest

from edge.shop.accounts.lots import COUPON, PRINCIPAL
from edge.shop.bundle import BundleError, decode
from edge.shop.declined import Declined
from edge.shop.ledger import BONUS, COUNTS, POINTS
from edge.shop.member import Member
from edge.shop.operations.top_up import TopUpAsked, top_up
from tests.prepaid_kit import (
    CUTS,
    MEMBER,
    NAMES,
    Account,
    card,
    gifted,
    ladder,
    legs,
    offers,
    rules,
)


def bonus_of(amount: int, terms: dict[str, Any], **asked: Any) -> int:
    return Account(rules(top_up=terms)).top_up(amount, **asked).bonus


# --- what is given --------------------------------------------------------------------------------


def test_a_top_up_is_owed_by_the_issuer_and_gives_bonus() -> None:
    fact = Account(rules()).top_up(100_000)
    assert legs(fact) == {
        ("bank:card", "CNY"): 100_000,
        ("principal:m-1", "CNY"): -100_000,
        ("member:m-1", BONUS): 10_000,
        ("programme", BONUS): -10_000,
    }
    assert [leg.party for leg in fact.postings] == ["", "hq", "hq", "hq"]
    assert (fact.bonus, fact.offers, fact.invoice) == (10_000, ("ten",), "none")


def test_a_fen_below_the_threshold_gives_nothing() -> None:
    fact = Account(rules()).top_up(99_999)
    assert (fact.bonus, fact.offers) == (0, ())
    assert [move.amount for move in fact.moves] == [99_999]


def test_of_a_ladder_the_highest_step_counts() -> None:
    terms = offers({"id": "l", "steps": ladder((10_000, 500), (50_000, 5_000))})
    assert [bonus_of(amount, terms) for amount in (9_999, 10_000, 49_999, 50_000)] == [
        0, 500, 500, 5_000,
    ]  # fmt: skip


def test_a_threshold_may_give_as_often_as_it_is_held() -> None:
    terms = offers({"id": "e", "every": True, "steps": ladder((10_000, 700))})
    assert bonus_of(39_999, terms) == 2_100


def test_a_share_of_the_amount_is_rounded_down() -> None:
    terms = offers({"id": "s", "steps": [{"at_least": 1, "share": 1_000}]})
    assert bonus_of(10_009, terms) == 1_000


def test_the_first_offer_that_gives_counts_or_all_of_them() -> None:
    some = [
        {"id": "big", "steps": ladder((50_000, 5_000))},
        {"id": "any", "steps": ladder((1, 100))},
    ]
    assert bonus_of(10_000, offers(*some)) == 100
    assert bonus_of(50_000, offers(*some)) == 5_000
    assert bonus_of(50_000, offers(*some, combine="all")) == 5_100


def test_an_offer_holds_for_its_tiers_its_cards_and_its_days() -> None:
    vip_card = {"id": "vip", **NAMES, "face": 1, "price": 1}
    steps = ladder((1, 7))
    dated = {"id": "d", "steps": steps, "from": "2026-11-22", "until": "2026-11-22"}
    gold = {"id": "g", "steps": steps, "tiers": ["gold"]}
    vip = {"id": "v", "steps": steps, "cards": ["vip"]}
    assert bonus_of(10, offers(dated)) == 7
    for day in ("2026-11-21", "2026-11-23"):
        assert bonus_of(10, offers(dated), day=day) == 0
    terms = rules(top_up=offers(gold), card_products=[vip_card])
    for tier, bonus in (("", 0), ("gold", 7)):
        asked = TopUpAsked(member=Member("m-1", tier=tier), amount=10, tender="cash")
        one = Account(terms)
        assert one.book(top_up(asked, one.rules, one.holdings, one.made())).bonus == bonus
    terms = rules(top_up=offers(vip), card_products=[vip_card])
    assert Account(terms).top_up(10).bonus == 0
    assert Account(terms).top_up(10, card="vip").bonus == 7


def test_an_offer_may_give_points_coupons_and_counts() -> None:
    one = gifted()
    one.top_up(100_000)
    held = {unit: one.holdings.balance(unit) for unit in (PRINCIPAL, BONUS, POINTS, COUPON, COUNTS)}
    assert held == {PRINCIPAL: 100_000, BONUS: 10_000, POINTS: 200, COUPON: 2, COUNTS: 3}
    one.check()


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [-1, 0, 999, 50_001])
def test_an_amount_out_of_bounds_is_declined(amount: int) -> None:
    one = Account(rules(value={"single_min": 1_000, "single_max": 50_000}))
    asked = TopUpAsked(member=MEMBER, amount=amount, tender="cash")
    no = top_up(asked, one.rules, one.holdings, one.made())
    assert no == Declined("E-AMOUNT", {"amount": amount, "least": 1_000, "most": 50_000})


def test_a_barcode_is_no_amount() -> None:
    one = Account(rules())
    asked = TopUpAsked(member=MEMBER, amount=12_345_670, tender="cash")
    no = top_up(asked, one.rules, one.holdings, one.made())
    assert no == Declined("E-AMOUNT", {"amount": 12_345_670, "least": 1, "most": 10_000_000})


def test_an_account_never_holds_more_principal_than_it_may() -> None:
    one = Account(rules(value={"country": "CN"}))
    one.top_up(400_000)
    asked = TopUpAsked(member=MEMBER, amount=100_001, tender="cash")
    no = top_up(asked, one.rules, one.holdings, one.made())
    assert no == Declined("E-BALANCE-MAX", {"most": 500_000, "more": 100_000})
    one.top_up(100_000)
    assert one.holdings.balance(PRINCIPAL) == 500_000


def test_a_card_without_a_name_holds_less() -> None:
    vip_card = {"id": "gift", **NAMES, "face": 50_000, "price": 50_000, "named": False}
    one = Account(rules(value={"country": "CN"}, card_products=[vip_card]))
    asked = TopUpAsked(member=MEMBER, amount=100_001, tender="cash", card="gift")
    no = top_up(asked, one.rules, one.holdings, one.made())
    assert no == Declined("E-BALANCE-MAX", {"most": 100_000, "more": 100_000})
    unknown = TopUpAsked(member=MEMBER, amount=1, tender="cash", card="gold")
    no = top_up(unknown, one.rules, one.holdings, one.made())
    assert no == Declined("E-UNKNOWN-CARD-PRODUCT", {"card": "gold"})


# --- terms that make no sense ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("programme", "path", "what"),
    [
        ({"value": {"single_min": 2, "single_max": 1}}, "value.single_max", "below single_min"),
        (
            {"value": {"country": "CN", "balance_max_named": 500_001}},
            "value.balance_max_named",
            "above 500000",
        ),
        (
            {"top_up": offers({"id": "o", "steps": ladder((1, 1), (1, 2))})},
            "top_up.offers[0].steps",
            "same amount",
        ),
        (
            {"top_up": offers({"id": "o", "steps": ladder((1, 0))})},
            "top_up.offers[0].steps[0]",
            "gives nothing",
        ),
        ({"plans": [CUTS | {"list_price": 1_333}]}, "plans[0].list_price", "less than"),
        ({"card_products": [card(price=100_001)]}, "card_products[0].tax_class", "is needed"),
        ({"card_products": [card(balance_max=99_999)]}, "card_products[0].balance_max", "below"),
        *[
            ({"value": {"country": "CN"}, "card_products": [card(**fields)]}, path, what)
            for fields, path, what in (
                ({"face": 500_001, "price": 500_001}, "card_products[0].face", "above 500000"),
                ({"balance_max": 500_001}, "card_products[0].balance_max", "above 500000"),
                ({"valid_days": 9_999}, "card_products[0].valid_days", "does not expire"),
                ({"named": False, "valid_days": 1_095}, "card_products[0].valid_days", "1096"),
            )
        ],
    ],
)
def test_terms_that_make_no_sense_are_refused(
    programme: dict[str, Any], path: str, what: str
) -> None:
    with pytest.raises(BundleError, match=what) as error:
        rules(**programme)
    assert error.value.path == f"$.programme.{path}"


def test_a_country_s_limits_hold_in_its_currency_only() -> None:
    yen = {
        "format": "edgebox.bundle.v1", "version": 1, "store": "s", "currency": "JPY",
        "exponent": 0, "zone": "Asia/Tokyo", "valid_from": 0, "valid_until": 1, "tax": {},
        "programme": {"value": {"country": "CN"}},
    }  # fmt: skip
    with pytest.raises(BundleError, match="in CNY, not in JPY"):
        decode(msgspec.json.encode(yen))
