"""Whatever a member pays in, spends, uses and takes back, in any order: it all adds up."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from edge.shop.accounts.lots import PRINCIPAL, Move
from edge.shop.accounts.value import Spent
from edge.shop.calendar import plus_days
from edge.shop.facts import CountCardSold, CountUsed, ToppedUp
from edge.shop.ledger import BONUS, COUNTS
from edge.shop.operations.cancel_top_up import CancelAsked, cancel_top_up
from edge.shop.operations.give_back_count_card import GiveBackAsked, give_back_count_card
from edge.shop.operations.refund_card import RefundCardAsked, refund_card
from edge.shop.operations.return_count import CountBackAsked, return_count
from tests.prepaid_kit import CUTS, EARN, NAMES, TAXED_CUT, Account, rules

ORDERS = st.sampled_from(["proportional", "bonus_first", "principal_first"])
RETURNS = st.sampled_from(["forfeit", "reinstate"])
REASONS = st.sampled_from(["guest", "merchant"])
GIFT = {"points": 30, "counts": [{"plan": "given", "uses": 2}]}
STEPS = [
    {"at_least": 1_000, "bonus": 101},
    {"at_least": 50_000, "share": 1_300, "reward": GIFT},
]


class Bill:
    """A bill that value paid, and what came back of it."""

    def __init__(self, spent: Spent) -> None:
        self.moves: tuple[Move, ...] = spent.moves
        self.principal, self.bonus = spent.principal, spent.bonus


class Prepaid(RuleBasedStateMachine):
    """One account, all operations, days going by."""

    def __init__(self) -> None:
        super().__init__()
        self.bills: list[Bill] = []
        self.open: list[ToppedUp] = []
        self.cards: list[CountCardSold] = []
        self.uses: list[tuple[CountUsed, int]] = []

    @initialize(order=ORDERS, returns=RETURNS, points=st.sampled_from(["priced", "debt"]))
    def declare(self, order: str, returns: str, points: str) -> None:
        given = CUTS | {"id": "given", "products": ["cut"]}
        odd = CUTS | {"id": "odd", "uses": 7, "price": 10_001, "earns": True}
        self.one = Account(
            rules(
                EARN,
                value={"spend_order": order, "bonus_return": returns, "bonus_days": 20},
                top_up={
                    "offers": [{"id": "l", **NAMES, "steps": STEPS}],
                    "spent_points": points, "point_price": 7,
                },
                plans=[CUTS, given, odd],
            )
        )  # fmt: skip

    @rule(days=st.integers(1, 15))
    def time_goes_by(self, days: int) -> None:
        self.one.day = plus_days(self.one.day, days)

    @rule(amount=st.integers(1, 120_000))
    def top_up(self, amount: int) -> None:
        self.open.append(self.one.top_up(amount))

    @rule(share=st.integers(0, 1_000))
    def spend(self, share: int) -> None:
        spendable = [*self.one.holdings.spendable(PRINCIPAL, self.one.day)]
        spendable += self.one.holdings.spendable(BONUS, self.one.day)
        amount = sum(held.left for held in spendable) * share // 1_000
        spent = self.one.spend(amount)
        assert spent.principal + spent.bonus == amount
        self.bills.append(Bill(spent))

    @precondition(lambda self: self.bills)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        bill = data.draw(st.sampled_from(self.bills))
        principal = data.draw(st.integers(0, bill.principal))
        bonus = data.draw(st.integers(0, bill.bonus))
        moves = self.one.give_back(bill.moves, principal, bonus)
        assert sum(move.amount + move.lapsed for move in moves) == principal + bonus
        bill.moves += moves
        bill.principal, bill.bonus = bill.principal - principal, bill.bonus - bonus

    @precondition(lambda self: self.open)
    @rule(data=st.data(), reason=REASONS)
    def cancel(self, data: st.DataObject, reason: Any) -> None:
        fact = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        asked = CancelAsked(top_up=fact, reason=reason)
        cancelled = self.one.book(
            cancel_top_up(asked, self.one.rules, self.one.holdings, self.one.made())
        )
        assert 0 <= cancelled.refund <= fact.amount
        assert cancelled.refund + cancelled.clawback == cancelled.principal

    @rule(plan=st.sampled_from(["cuts", "odd"]))
    def buy_card(self, plan: str) -> None:
        self.cards.append(self.one.buy_card(plan))

    @precondition(lambda self: self.one.holdings.balance(COUNTS))
    @rule(data=st.data())
    def use(self, data: st.DataObject) -> None:
        most = max(held.left for held in self.one.holdings.of(COUNTS))
        uses = data.draw(st.integers(1, most))
        self.uses.append((self.one.use(uses, TAXED_CUT), 0))

    @precondition(lambda self: self.uses)
    @rule(data=st.data())
    def bring_back(self, data: st.DataObject) -> None:
        use, returned = self.uses.pop(data.draw(st.integers(0, len(self.uses) - 1)))
        uses = data.draw(st.integers(1, len(use.values) - returned))
        asked = CountBackAsked(use=use, uses=uses, returned=returned)
        self.one.book(return_count(asked, self.one.rules, self.one.holdings, self.one.made()))
        if returned + uses < len(use.values):
            self.uses.append((use, returned + uses))

    @precondition(lambda self: self.cards)
    @rule(data=st.data(), reason=REASONS)
    def give_back_card(self, data: st.DataObject, reason: Any) -> None:
        card = data.draw(st.sampled_from(self.cards))
        held = self.one.holdings.lots[card.count_card]
        if held.left:
            asked = GiveBackAsked(count_card=card, reason=reason)
            fact = self.one.book(
                give_back_count_card(asked, self.one.rules, self.one.holdings, self.one.made())
            )
            assert 0 <= fact.refund <= held.money

    @rule(reason=REASONS)
    def close(self, reason: Any) -> None:
        if any(held.money for held in self.one.holdings.of(COUNTS)):
            return
        asked = RefundCardAsked(
            member="m-1", top_ups=tuple(self.open), reason=reason, tender="card"
        )
        self.one.book(refund_card(asked, self.one.rules, self.one.holdings, self.one.made()))
        self.open = []
        assert self.one.holdings.balance(PRINCIPAL) == self.one.holdings.balance(BONUS) == 0

    @invariant()
    def nothing_appears_or_vanishes(self) -> None:
        if hasattr(self, "one"):
            self.one.check()

    def teardown(self) -> None:
        """All uses come back, in any order: every card that was not given back is whole again."""
        if not hasattr(self, "one"):
            return
        for use, returned in self.uses:
            asked = CountBackAsked(use=use, uses=len(use.values) - returned, returned=returned)
            self.one.book(return_count(asked, self.one.rules, self.one.holdings, self.one.made()))
        self.one.check()
        assert self.one.balance("sales:service") == self.one.balance("tax:service") == 0


TestPrepaid = Prepaid.TestCase
TestPrepaid.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
