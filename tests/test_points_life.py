"""Sales, returns and days in any order: no point appears and none vanishes."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.shop.accounts import points
from edge.shop.accounts.expiry import lapse
from edge.shop.accounts.lots import Holdings, Move
from edge.shop.accounts.points_policy import PointsPolicy
from tests.lots_draws import in_days
from tests.points_kit import active, earn, owed, policy, spend

POLICIES = st.fixed_dictionaries(
    {
        "debt": st.sampled_from(["next_earnings", "net_lots"]),
        "pending_days": st.sampled_from([0, 0, 3]),
        "expiry": st.sampled_from([{"is": "never"}, {"is": "days", "days": 5}]),
        "on_expired_return": st.sampled_from([{"is": "forfeit"}, {"is": "reinstate", "days": 4}]),
    }
).map(lambda declared: policy(**declared))


class Sold:
    """A sale of the machine: what it earned and spent, and what came back of either."""

    def __init__(self, moves: tuple[Move, ...], earned: int, spent: int) -> None:
        self.moves, self.earned, self.spent = moves, earned, spent
        self.reversed, self.back = 0, 0


class Life(RuleBasedStateMachine):
    """One member and one till."""

    @initialize(declared=POLICIES)
    def begin(self, declared: PointsPolicy) -> None:
        self.policy, self.held, self.day = declared, Holdings(), 0
        self.sales: list[Sold] = []
        self.deeds = 0

    @property
    def today(self) -> str:
        return in_days(self.day)

    def deed(self) -> str:
        self.deeds += 1
        return f"D{self.deeds:03}"

    @rule(earned=st.integers(0, 300), share=st.integers(0, 100))
    def sell(self, earned: int, share: int) -> None:
        spent = active(self.held, self.today) * share // 100
        moves = (
            *spend(self.held, spent, today=self.today),
            *earn(self.policy, self.held, self.deed(), earned, self.today),
        )
        self.held = self.held.after(moves)
        self.sales.append(Sold(moves, earned, spent))

    @precondition(lambda self: self.sales)
    @rule(data=st.data())
    def return_goods(self, data: st.DataObject) -> None:
        sale, deed = data.draw(st.sampled_from(self.sales)), self.deed()
        back = data.draw(st.integers(0, sale.spent - sale.back))
        taken = data.draw(st.integers(0, sale.earned - sale.reversed))
        given = points.give_back(
            self.policy, self.held, sale.moves, back, self.today, deed, already=sale.back
        )
        self.held = self.held.after(given)
        reverse = points.reverse(self.policy, self.held, sale.moves, taken, self.today, deed)
        self.held = self.held.after(reverse)
        sale.back, sale.reversed = sale.back + back, sale.reversed + taken

    @rule(days=st.integers(1, 6), expires=st.booleans())
    def sleep(self, days: int, expires: bool) -> None:
        self.day += days
        if expires:
            over = points.due(self.policy, self.held, self.today)
            self.held = self.held.after(lapse(over))

    @invariant()
    def nothing_appears_and_nothing_vanishes(self) -> None:
        held = self.held.lots.values()
        earned = sum(sale.earned - sale.reversed for sale in self.sales)
        spent = sum(sale.spent - sale.back for sale in self.sales)
        lapsed = sum(one.lapsed for one in held)
        left = sum(one.left for one in held if one.left > 0)
        assert earned == spent + left + lapsed - owed(self.held)

    @invariant()
    def only_debts_are_below_zero(self) -> None:
        for one in self.held.lots.values():
            assert one.left <= 0 if one.lot.kind == "debt" else one.left >= 0
            assert one.lapsed >= 0

    @invariant()
    def where_debts_net_lots_nobody_has_both(self) -> None:
        if self.policy.debt == "net_lots" and not self.policy.pending_days:
            assert not (owed(self.held) and active(self.held, self.today))


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=100, stateful_step_count=20, deadline=None)
