"""Top-ups undone, and cards that are sold, closed and paid out."""

from typing import Any

import pytest

from edge.shop.accounts.lots import COUPON, PRINCIPAL, Lot, Move
from edge.shop.accounts.points_policy import PointsPolicy
from edge.shop.declined import Declined
from edge.shop.facts import CardRefunded, CardSold, ToppedUp, TopUpCancelled
from edge.shop.ledger import BONUS, COUNTS, POINTS
from edge.shop.operations.cancel_top_up import CancelAsked, cancel_top_up
from edge.shop.operations.refund_card import RefundCardAsked, refund_card
from edge.shop.operations.sell_card import CardAsked, sell_card
from edge.shop.operations.top_up import TopUpAsked, top_up
from edge.shop.reports.staff import Done, work
from tests.prepaid_kit import (
    CUTS,
    HOTEL,
    MEMBER,
    Account,
    cancel,
    card,
    gifted,
    legs,
    made,
    rules,
    with_points,
)

# --- undone ---------------------------------------------------------------------------------------


def spent(amount: int, **programme: Any) -> tuple[Account, ToppedUp]:
    one = Account(rules(**programme))
    fact = one.top_up(100_000)
    one.spend(amount)
    return one, fact


def test_a_guest_gets_back_what_was_not_spent_at_face() -> None:
    one, paid_in = spent(33_000)
    fact = cancel(one, paid_in)
    assert legs(fact) == {
        ("principal:m-1", "CNY"): 70_000,
        ("bank:card", "CNY"): -67_000,
        ("clawback", "CNY"): -3_000,
        ("member:m-1", BONUS): -7_000,
        ("programme", BONUS): 7_000,
    }
    assert (fact.principal, fact.bonus, fact.refund, fact.clawback) == (
        70_000,
        7_000,
        67_000,
        3_000,
    )
    one.check()


@pytest.mark.parametrize("order", ["proportional", "bonus_first", "principal_first"])
@pytest.mark.parametrize(("reason", "refund"), [("guest", 67_000), ("merchant", 70_000)])
def test_the_order_of_spending_changes_no_refund(order: str, reason: str, refund: int) -> None:
    one, paid_in = spent(33_000, value={"spend_order": order})
    assert cancel(one, paid_in, reason).refund == refund
    one.check()


@pytest.mark.parametrize(("amount", "refund"), [(0, 100_000), (100_000, 0), (105_000, 0)])
def test_nothing_below_zero_is_refunded(amount: int, refund: int) -> None:
    one, paid_in = spent(amount)
    fact = cancel(one, paid_in, tender="cash")
    assert fact.refund == refund
    assert one.balance("cash:pos-1") == -refund
    assert one.holdings.balance(PRINCIPAL) == one.holdings.balance(BONUS) == 0
    one.check()


def test_bonus_that_lapsed_was_not_spent() -> None:
    one, paid_in = spent(33_000)
    one.holdings = one.holdings.after([Move(lot="d1#2", amount=-7_000, lapsed=7_000)])
    asked = CancelAsked(top_up=paid_in, reason="guest")
    fact = cancel_top_up(asked, one.rules, one.holdings, one.made())
    assert isinstance(fact, TopUpCancelled)
    assert (fact.refund, fact.bonus) == (67_000, 0)


def test_what_was_used_may_be_declared_not_to_be_cancelled() -> None:
    one, paid_in = spent(1, top_up=HOTEL | {"cancel": {"guest": "refused"}})
    asked = CancelAsked(top_up=paid_in, reason="guest")
    no = cancel_top_up(asked, one.rules, one.holdings, one.made())
    assert no == Declined("E-TOP-UP-USED", {"receipt": paid_in.receipt})
    other = one.top_up(100_000)
    assert cancel(one, other).refund == 100_000


def test_a_top_up_is_cancelled_once() -> None:
    one, paid_in = spent(0)
    cancel(one, paid_in)
    asked = CancelAsked(top_up=paid_in, reason="guest", cancelled=True)
    no = cancel_top_up(asked, one.rules, one.holdings, one.made())
    assert no == Declined("E-TOP-UP-CANCELLED", {"receipt": paid_in.receipt})


def test_a_top_up_with_an_invoice_is_cancelled_when_that_is_void() -> None:
    one = Account(rules())
    fact = one.top_up(100_000, invoice=True)
    assert fact.invoice == "issued"
    asked = CancelAsked(top_up=fact, reason="guest")
    no = cancel_top_up(asked, one.rules, one.holdings, one.made())
    assert no == Declined("E-INVOICE-ISSUED", {"receipt": fact.receipt})
    assert cancel(one, fact, invoice_voided=True).invoice == "voided"
    assert cancel(one, one.top_up(1)).invoice == "none"


def test_unspent_gifts_go_with_the_top_up() -> None:
    one = gifted()
    fact = cancel(one, one.top_up(100_000))
    assert fact.refund == 100_000
    assert not any(held.left for held in one.holdings.lots.values())
    one.check()


def use_gifts(one: Account) -> None:
    """Spend 150 of 200 points, one of two coupons and one of three counts."""
    lots = {held.lot.unit: held.lot.id for held in one.holdings.lots.values()}
    one.use()
    one.holdings = one.holdings.after([Move(lot=lots[COUPON], amount=-1)])
    fact = [Move(lot=lots[POINTS], amount=-150)]
    one.holdings = one.holdings.after(fact)


PRICES = {"point_price": 10, "coupon_prices": {"tea": 500}}


def test_spent_gifts_are_priced() -> None:
    one = gifted(**PRICES)
    paid_in = one.top_up(100_000)
    use_gifts(one)
    asked = CancelAsked(top_up=paid_in, reason="guest")
    fact = cancel_top_up(asked, one.rules, one.holdings, one.made())
    assert isinstance(fact, TopUpCancelled)
    assert fact.refund == 100_000 - 15 - 500 - 2_000  # points, a coupon, a cut at list
    after = one.holdings.after(fact.moves)
    assert {unit: after.balance(unit) for unit in (POINTS, COUPON, COUNTS)} == {
        POINTS: 0, COUPON: 0, COUNTS: 0,
    }  # fmt: skip


def test_gifts_that_lapsed_cost_nothing() -> None:
    one = gifted(**PRICES, cancel={"guest": "refused"})
    paid_in = one.top_up(100_000)
    lots = {held.lot.unit: held.lot.id for held in one.holdings.lots.values()}
    one.holdings = one.holdings.after([Move(lot=lots[POINTS], amount=-200, lapsed=200)])
    asked = CancelAsked(top_up=paid_in, reason="guest")
    fact = cancel_top_up(asked, one.rules, one.holdings, one.made())
    assert isinstance(fact, TopUpCancelled)
    assert fact.refund == 100_000


def test_spent_points_may_be_owed_instead() -> None:
    one = gifted(**PRICES, spent_points="debt")
    paid_in = one.top_up(100_000)
    use_gifts(one)
    asked = CancelAsked(top_up=paid_in, reason="guest")
    fact = cancel_top_up(asked, one.rules, one.holdings, one.made())
    assert isinstance(fact, TopUpCancelled)
    assert fact.refund == 100_000 - 500 - 2_000
    assert one.holdings.after(fact.moves).balance(POINTS) == -150
    assert legs(fact)["member:m-1", POINTS] == -200


def test_owed_points_are_netted_where_the_programme_says_so() -> None:
    one = gifted(**PRICES, spent_points="debt")
    paid_in = one.top_up(100_000)
    use_gifts(one)
    other = Lot(
        id="other", member=MEMBER.id, unit=POINTS, opened="2026-11-01", active_from="2026-11-01",
        issuer="hq",
    )  # fmt: skip
    one.holdings = one.holdings.after([Move(lot="other", amount=120, opens=other)])
    netting = with_points(one.rules, PointsPolicy(debt="net_lots"))
    asked = CancelAsked(top_up=paid_in, reason="guest")
    fact = cancel_top_up(asked, netting, one.holdings, one.made())
    assert isinstance(fact, TopUpCancelled)
    after = one.holdings.after(fact.moves)
    assert after.lots["other"].left == 0
    assert after.balance(POINTS) == -30


def test_what_comes_back_of_what_was_spent_after_all_is_the_guest_s_again() -> None:
    one = Account(rules())
    paid_in = one.top_up(100_000)
    bill = one.spend(33_000)
    assert cancel(one, paid_in).clawback == 3_000
    one.give_back(bill.moves, bill.principal, bill.bonus)
    assert (one.holdings.balance(PRINCIPAL), one.holdings.balance(BONUS)) == (30_000, 3_000)
    one.check()


def test_the_seller_of_a_top_up_is_the_seller_of_its_cancellation() -> None:
    one = Account(rules())
    asked = TopUpAsked(member=MEMBER, amount=100_000, tender="card")
    sold_by_zoe = one.book(top_up(asked, one.rules, one.holdings, made("d1", seller="zoe")))
    assert cancel(one, sold_by_zoe).seller == "zoe"


# --- card products --------------------------------------------------------------------------------


def sold(one: Account) -> CardSold:
    asked = CardAsked(member=MEMBER, card="gold", tender="wallet")
    return one.book(sell_card(asked, one.rules, one.holdings, one.made()))


def test_a_cancelled_card_is_no_card_sold_and_a_cancelled_top_up_no_top_up() -> None:
    """Though a plain top-up may be of the account of a card."""
    one = Account(rules(card_products=[card(price=90_000)]))
    bought, paid_in = sold(one), one.top_up(50_000, card="gold")
    card_gone, top_up_gone = cancel(one, bought), cancel(one, paid_in)
    assert (bought.card, card_gone.card) == ("gold", "gold")
    assert (paid_in.card, top_up_gone.card) == ("gold", "")
    assert work(card_gone) == ("card_sales", Done(-90_000, -1))
    assert work(top_up_gone) == ("top_ups", Done(-50_000, -1))


def closed(one: Account, *top_ups: ToppedUp, reason: Any = "guest") -> CardRefunded:
    asked = RefundCardAsked(
        member="m-1", card="gold", top_ups=top_ups, reason=reason, tender="wallet"
    )
    return one.book(refund_card(asked, one.rules, one.holdings, one.made()))


def test_a_card_below_its_face_gives_bonus_and_above_it_takes_a_fee() -> None:
    one = Account(rules(card_products=[card(price=90_000, reward={"points": 5})]))
    fact = sold(one)
    assert (fact.amount, fact.bonus, fact.fee, fact.tier) == (90_000, 10_000, 0, "gold")
    assert one.holdings.balance(POINTS) == 5
    one.check()
    dear = Account(rules(card_products=[card(price=110_600, tax_class="service")]))
    fact = sold(dear)
    assert (fact.amount, fact.bonus, fact.fee) == (100_000, 0, 10_600)
    assert legs(fact) == {
        ("bank:wallet", "CNY"): 110_600,
        ("principal:m-1", "CNY"): -100_000,
        ("sales:service", "CNY"): -10_000,
        ("tax:service", "CNY"): -600,
    }
    dear.check()


def test_a_card_s_value_ends_when_the_product_says() -> None:
    one = Account(rules(card_products=[card(valid_days=1_096, named=False)]))
    lot = sold(one).moves[0].opens
    assert isinstance(lot, Lot)
    assert (lot.expires, lot.terms) == ("2029-11-22", "gold")


def test_a_card_off_sale_is_not_sold() -> None:
    one = Account(rules(card_products=[card(on_sale=False)]))
    asked = CardAsked(member=MEMBER, card="gold", tender="cash")
    no = sell_card(asked, one.rules, one.holdings, one.made())
    assert no == Declined("E-UNKNOWN-CARD-PRODUCT", {"card": "gold"})


def test_closing_an_account_undoes_every_top_up_and_pays_the_rest() -> None:
    one = Account(rules(card_products=[card(price=90_000, refund="transfer")]))
    first = sold(one)
    gone = one.top_up(100_000)
    bill = one.spend(150_000)  # 135,714 of it principal: all of the first, 45,714 of the second
    cancel(one, gone)
    one.give_back(bill.moves, bill.principal, bill.bonus)
    assert one.holdings.lots["d2#1"].left == 45_714
    fact = closed(one, first)
    assert (fact.principal, fact.refund) == (135_714, 135_714)
    assert fact.tender == "transfer"
    assert one.balance("bank:transfer") == -135_714
    assert one.holdings.balance(PRINCIPAL) == one.holdings.balance(BONUS) == 0
    one.check()


def test_closing_a_used_account_takes_spent_bonus_off() -> None:
    one = Account(rules(card_products=[card(price=90_000)], value={"spend_order": "bonus_first"}))
    first = sold(one)
    one.spend(10_000)
    fact = closed(one, first)
    assert (fact.principal, fact.refund, fact.clawback) == (90_000, 80_000, 10_000)
    assert fact.tender == "wallet"
    one.check()


def test_an_account_with_no_route_an_invoice_or_paid_counts_is_not_closed() -> None:
    def no(one: Account, *top_ups: ToppedUp) -> Any:
        asked = RefundCardAsked(
            member="m-1", card="gold", top_ups=top_ups, reason="guest", tender="cash"
        )
        return refund_card(asked, one.rules, one.holdings, one.made())

    stuck = Account(rules(card_products=[card(refund="none")]))
    assert no(stuck) == Declined("E-NO-REFUND", {"card": "gold"})
    strict = Account(rules(card_products=[card()], top_up=HOTEL | {"cancel": {"guest": "refused"}}))
    first = sold(strict)
    strict.spend(1)
    assert no(strict, first) == Declined("E-NO-REFUND", {"card": "gold"})
    one = Account(rules(card_products=[card()], plans=[CUTS]))
    invoiced = one.top_up(5, invoice=True)
    assert no(one, invoiced) == Declined("E-INVOICE-ISSUED", {"receipt": invoiced.receipt})
    one.buy_card()
    assert no(one) == Declined("E-COUNTS-LEFT", {"uses": 15})
    assert no(Account(rules())) == Declined("E-UNKNOWN-CARD-PRODUCT", {"card": "gold"})
