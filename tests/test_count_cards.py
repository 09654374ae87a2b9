"""Count cards: fifteen haircuts for 200 yuan, used, returned and given back."""

from typing import Any

import msgspec
import pytest

from edge.shop.accounts.lots import Move
from edge.shop.declined import Declined
from edge.shop.facts import CountCardGivenBack, CountCardSold, CountReturned, CountUsed
from edge.shop.ledger import COUNTS, POINTS
from edge.shop.operations.give_back_count_card import GiveBackAsked, give_back_count_card
from edge.shop.operations.return_count import CountBackAsked, return_count
from edge.shop.operations.sell_count_card import CountCardAsked, sell_count_card
from edge.shop.operations.use_count import UseAsked, use_count
from tests.prepaid_kit import (
    CUT,
    CUTS,
    EARN,
    HOTEL,
    MEMBER,
    NAMES,
    TAXED_CUT,
    Account,
    legs,
    rules,
)


def account(*earning: dict[str, Any], **plan: Any) -> Account:
    return Account(rules(*earning, plans=[CUTS | plan]))


def bring_back(one: Account, use: CountUsed, uses: int = 1, returned: int = 0) -> CountReturned:
    asked = CountBackAsked(use=use, uses=uses, returned=returned)
    return one.book(return_count(asked, one.rules, one.holdings, one.made()))


def give_back(one: Account, card: CountCardSold, reason: Any = "guest") -> CountCardGivenBack:
    asked = GiveBackAsked(count_card=card, reason=reason)
    return one.book(give_back_count_card(asked, one.rules, one.holdings, one.made()))


# --- sold and used --------------------------------------------------------------------------------


def test_a_card_is_sold_on_account_and_each_use_takes_its_share() -> None:
    one = account()
    card = one.buy_card()
    assert legs(card) == {
        ("bank:card", "CNY"): 20_000,
        ("deferred:m-1", "CNY"): -20_000,
        ("member:m-1", COUNTS): 15,
        ("programme", COUNTS): -15,
    }
    assert [leg.party for leg in card.postings] == ["", "hq", "hq", "hq"]
    first = one.use()
    assert legs(first) == {
        ("deferred:m-1", "CNY"): 1_334,
        ("sales:free", "CNY"): -1_334,
        ("member:m-1", COUNTS): -1,
        ("programme", COUNTS): 1,
    }
    assert (first.left, first.points) == (14, 0)
    values = [*first.values, *[one.use().values[0] for _ in range(14)]]
    assert values == [1_334] * 5 + [1_333] * 10
    assert one.balance("deferred:m-1") == 0
    one.check()


def test_several_uses_at_once_are_worth_what_they_are_one_by_one() -> None:
    one = account()
    one.buy_card()
    assert one.use(6).values == (1_334,) * 5 + (1_333,)
    one.check()


def test_a_use_is_taxed_as_the_product_is() -> None:
    one = account()
    one.buy_card()
    use = one.use(product=TAXED_CUT)  # 1,334 x 6 / 106 = 75.5
    assert (use.tax, use.tax_rate) == (76, 600)
    assert legs(use)["sales:service", "CNY"] == -1_258
    assert legs(use)["tax:service", "CNY"] == -76


def test_what_a_card_does_not_cover_or_hold_is_declined() -> None:
    one = account(valid_days=30)
    one.buy_card()
    shampoo = UseAsked(member=MEMBER, product=msgspec.structs.replace(CUT, id="shampoo"))
    no = use_count(shampoo, one.rules, one.holdings, one.made())
    assert no == Declined("E-COUNTS-SHORT", {"product": "shampoo", "uses": 0})
    many = UseAsked(member=MEMBER, product=CUT, uses=16)
    no = use_count(many, one.rules, one.holdings, one.made())
    assert no == Declined("E-COUNTS-SHORT", {"product": "cut", "uses": 15})
    today = UseAsked(member=MEMBER, product=CUT)
    assert isinstance(use_count(today, one.rules, one.holdings, one.made("2026-12-22")), CountUsed)
    late = use_count(today, one.rules, one.holdings, one.made("2026-12-23"))
    assert late == Declined("E-COUNTS-SHORT", {"product": "cut", "uses": 0})


def test_the_card_that_ends_first_is_used_first_unless_one_is_named() -> None:
    plans = [CUTS, CUTS | {"id": "soon", "valid_days": 30}]
    one = Account(rules(plans=plans))
    forever, soon = one.buy_card(), one.buy_card("soon")
    assert one.use().count_card == soon.count_card
    assert one.use(count_card=forever.count_card).count_card == forever.count_card


def test_a_plan_off_sale_is_not_sold_and_still_used() -> None:
    one = account()
    one.buy_card()
    one.rules = rules(plans=[CUTS | {"on_sale": False}])
    asked = CountCardAsked(member=MEMBER.id, plan="cuts", tender="cash")
    no = sell_count_card(asked, one.rules, one.holdings, one.made())
    assert no == Declined("E-UNKNOWN-PLAN", {"plan": "cuts"})
    assert one.use().left == 14


def test_uses_earn_only_where_the_plan_says_so_and_give_it_back() -> None:
    quiet = account(EARN)
    quiet.buy_card()
    assert quiet.use().points == 0
    one = account(EARN, earns=True)
    one.buy_card()
    use = one.use(3)  # 4,002 fen at a point a yuan
    assert use.points == 40
    assert one.holdings.balance(POINTS) == 40
    back = bring_back(one, use)
    rest = bring_back(one, use, 2, returned=1)
    assert (back.points, rest.points) == (13, 27)
    assert one.holdings.balance(POINTS) == 0
    one.check()


def test_a_use_earns_on_no_charge_and_by_the_rules_of_its_store() -> None:
    box = {"kind": "charge", "id": "box", **NAMES, "amount": 5_000, "tax_class": "free",
           "earns": True}  # fmt: skip
    here = EARN | {"id": "here", "when": [{"is": "store", "any_of": ["corner"]}]}
    there = EARN | {"id": "there", "when": [{"is": "store", "any_of": ["other"]}]}
    one = account(box, EARN, here, there, earns=True)
    one.buy_card()
    assert one.use().points == 13 + 13  # floor(13.34), twice
    one.check()


def test_no_use_at_all_and_an_unconfirmed_member_are_declined() -> None:
    one = account()
    one.buy_card()
    nothing = UseAsked(member=MEMBER, product=CUT, uses=0)
    no = use_count(nothing, one.rules, one.holdings, one.made())
    assert no == Declined("E-QUANTITY", {"code": "cut", "quantity": "0"})
    stranger = msgspec.structs.replace(MEMBER, unconfirmed=True)
    asked = UseAsked(member=stranger, product=CUT)
    no = use_count(asked, one.rules, one.holdings, one.made())
    assert no == Declined("E-UNCONFIRMED")


# --- returned -------------------------------------------------------------------------------------


def test_a_returned_use_restores_the_same_card() -> None:
    one = account()
    card = one.buy_card()
    uses = [one.use() for _ in range(6)]
    back = bring_back(one, uses[5])
    assert legs(back) == {
        ("sales:free", "CNY"): 1_333,
        ("deferred:m-1", "CNY"): -1_333,
        ("member:m-1", COUNTS): 1,
        ("programme", COUNTS): -1,
    }
    assert back.moves == (Move(lot=card.count_card, amount=1, money=1_333),)
    assert back.left == 10
    assert one.balance("deferred:m-1") == -13_330
    one.check()


def test_no_use_comes_back_twice_and_no_return_is_returned() -> None:
    one = account()
    one.buy_card()
    use = one.use(2)
    back = bring_back(one, use)
    asked = CountBackAsked(use=use, uses=2, returned=1)
    no = return_count(asked, one.rules, one.holdings, one.made())
    assert no == Declined(
        "E-RETURN-TOO-MANY", {"product_zh": "剪发", "product_en": "Cut", "asked": 2, "left": 1}
    )
    none = CountBackAsked(use=use, uses=0)
    assert return_count(none, one.rules, one.holdings, one.made()) == Declined("E-RETURN-NOTHING")
    again = return_count(CountBackAsked(use=back), one.rules, one.holdings, one.made())
    assert again == Declined("E-RETURN-OF-RETURN", {"receipt": back.receipt})


def test_tax_of_returns_one_by_one_sums_to_the_tax_of_the_use() -> None:
    one = account()
    one.buy_card()
    use = one.use(7, product=TAXED_CUT)
    taxes = [bring_back(one, use, 1, returned).tax for returned in range(7)]
    assert sum(taxes) == use.tax
    assert one.balance("sales:service") == one.balance("tax:service") == 0


def test_a_whole_return_gives_the_posted_tax_back_even_if_rounding_changed() -> None:
    one = account()
    one.buy_card()
    use = one.use(product=TAXED_CUT)
    down = msgspec.structs.replace(one.rules.bundle, rounding="down")
    one.rules = msgspec.structs.replace(one.rules, bundle=down)
    assert bring_back(one, use).tax == use.tax == 76


# --- given back -----------------------------------------------------------------------------------


def after_five(one: Account) -> CountCardSold:
    card = one.buy_card()
    for _ in range(5):
        one.use()
    return card


def test_a_guest_pays_list_for_what_was_used() -> None:
    one = account()
    fact = give_back(one, after_five(one))
    assert legs(fact) == {
        ("deferred:m-1", "CNY"): 13_330,
        ("bank:card", "CNY"): -10_000,
        ("retained", "CNY"): -3_330,
        ("member:m-1", COUNTS): -10,
        ("programme", COUNTS): 10,
    }
    assert (fact.uses, fact.refund, fact.retained) == (10, 10_000, 3_330)
    one.check()


def test_a_merchant_who_cannot_deliver_pays_all_that_is_deferred() -> None:
    one = account()
    fact = give_back(one, after_five(one), "merchant")
    assert (fact.refund, fact.retained) == (13_330, 0)
    assert ("retained", "CNY") not in legs(fact)


@pytest.mark.parametrize(("uses", "refund"), [(0, 20_000), (9, 2_000), (10, 0), (14, 0)])
def test_at_list_never_falls_below_zero(uses: int, refund: int) -> None:
    one = account()
    card = one.buy_card()
    if uses:
        one.use(uses)
    assert give_back(one, card).refund == refund
    one.check()


def test_a_card_is_given_back_by_the_terms_it_was_sold_under() -> None:
    one = account()
    card = after_five(one)
    one.rules = rules(plans=[CUTS | {"list_price": 9_999, "give_back": {"guest": "refused"}}])
    assert give_back(one, card).refund == 10_000


def test_an_empty_card_and_a_used_one_under_strict_terms_are_declined() -> None:
    one = account(give_back={"guest": "refused"})
    card = one.buy_card()
    one.use()
    asked = GiveBackAsked(count_card=card, reason="guest")
    no = give_back_count_card(asked, one.rules, one.holdings, one.made())
    assert no == Declined("E-GIVE-BACK-REFUSED", {"plan": "cuts"})
    assert give_back(one, card, "merchant").refund == 18_666
    no = give_back_count_card(asked, one.rules, one.holdings, one.made())
    assert no == Declined("E-CARD-EMPTY", {"plan": "cuts"})


def test_counts_that_were_given_are_worth_nothing_in_the_books() -> None:
    gift = {"counts": [{"plan": "cuts", "uses": 2}]}
    step = {"at_least": 1_000, "reward": gift}
    one = Account(rules(top_up={"offers": [HOTEL["offers"][0] | {"steps": [step]}]}))
    one.top_up(1_000)
    use = one.use()
    assert (use.values, use.left) == ((0,), 1)
    assert bring_back(one, use).left == 2
    one.check()
