"""A programme with stored value and count cards, a member's account in it, and what must hold."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from edge.shop.accounts import value
from edge.shop.accounts.lots import PRINCIPAL, Holdings, Move
from edge.shop.accounts.points_policy import PointsPolicy
from edge.shop.accounts.value import Spent
from edge.shop.basket import Product
from edge.shop.bundle import Bundle, decode
from edge.shop.calendar import Moment
from edge.shop.declined import Declined
from edge.shop.facts import CountCardSold, CountUsed, Deed, ToppedUp, TopUpCancelled
from edge.shop.ledger import BONUS, COUNTS, POINTS, Posting, entry
from edge.shop.member import Member
from edge.shop.operations.cancel_top_up import CancelAsked, cancel_top_up
from edge.shop.operations.made import Made
from edge.shop.operations.sell_count_card import CountCardAsked, sell_count_card
from edge.shop.operations.top_up import TopUpAsked, top_up
from edge.shop.operations.use_count import UseAsked, use_count

NAMES = {"name_zh": "名", "name_en": "Name"}
MEMBER = Member("m-1")
CUT = Product(id="cut", name_zh="剪发", name_en="Cut", price=2_000, tax_class="free")
TAXED_CUT = msgspec.structs.replace(CUT, tax_class="service")
HOTEL = {
    "offers": [{"id": "ten", **NAMES, "steps": [{"at_least": 100_000, "bonus": 10_000}]}],
}
CUTS = {
    "id": "cuts", **NAMES, "uses": 15, "price": 20_000, "list_price": 2_000, "products": ["cut"],
}  # fmt: skip
EARN = {"kind": "points_earn", "id": "earn", **NAMES, "points": 1, "per": 100}


DeedT = TypeVar("DeedT", bound=Deed)


class Terms(msgspec.Struct, frozen=True):
    """A bundle in force."""

    bundle: Bundle
    hash: str


def rules(*earning: dict[str, Any], **programme: Any) -> Terms:
    document = {
        "format": "edgebox.bundle.v1", "version": 1, "store": "corner", "currency": "CNY",
        "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0, "valid_until": 1,
        "tax": {"free": 0, "service": 600}, "rules": list(earning),
        "tiers": [{"id": "gold", **NAMES}],
        "programme": {"top_up": HOTEL, "plans": [CUTS]} | programme,
    }  # fmt: skip
    return Terms(decode(msgspec.json.encode(document)), "b" * 64)


def with_points(terms: Terms, policy: PointsPolicy) -> Terms:
    """Return the same terms with another policy of points."""
    programme = msgspec.structs.replace(terms.bundle.programme, points=policy)
    return Terms(msgspec.structs.replace(terms.bundle, programme=programme), terms.hash)


def made(deed: str, day: str = "2026-11-22", **more: Any) -> Made:
    return Made(
        deed=deed, receipt=f"r-{deed}", business_date=day, at=Moment(0, day, 600, 7),
        store="corner", terminal="pos-1", **more,
    )  # fmt: skip


class Account:
    """One member's holdings and the books of what was done, deed after deed."""

    def __init__(self, terms: Terms) -> None:
        self.rules, self.holdings = terms, Holdings()
        self.postings: list[Posting] = []
        self.number, self.day = 0, "2026-11-22"

    def made(self, day: str = "") -> Made:
        self.number += 1
        return made(f"d{self.number}", day or self.day)

    def book(self, fact: DeedT | Declined) -> DeedT:
        """Make a fact true."""
        assert not isinstance(fact, Declined), fact
        assert fact.member == MEMBER.id
        self.move(fact.moves, fact.postings)
        return fact

    def move(self, moves: Sequence[Move], postings: Sequence[Posting]) -> None:
        self.holdings = self.holdings.after(moves)
        self.postings += entry(*postings)

    def top_up(self, amount: int, day: str = "", **more: Any) -> ToppedUp:
        asked = TopUpAsked(member=MEMBER, amount=amount, tender="card", **more)
        return self.book(top_up(asked, self.rules, self.holdings, self.made(day)))

    def spend(self, amount: int, day: str = "") -> Spent:
        """Pay a bill from stored value."""
        policy = self.rules.bundle.programme.value
        spent = value.spend(policy, self.holdings, amount, day or self.day)
        assert not isinstance(spent, Declined), spent
        self.move(spent.moves, bill(self.holdings, spent.moves, amount))
        return spent

    def give_back(
        self, so_far: Sequence[Move], principal: int, bonus: int, day: str = ""
    ) -> tuple[Move, ...]:
        policy, deed = self.rules.bundle.programme.value, self.made().deed
        today = day or self.day
        moves = value.give_back(policy, self.holdings, so_far, principal, bonus, today, deed)
        self.move(moves, bill(self.holdings, moves, -principal - bonus))
        return moves

    def buy_card(self, plan: str = "cuts") -> CountCardSold:
        asked = CountCardAsked(member=MEMBER.id, plan=plan, tender="card")
        return self.book(sell_count_card(asked, self.rules, self.holdings, self.made()))

    def use(self, uses: int = 1, product: Product = CUT, **more: Any) -> CountUsed:
        asked = UseAsked(member=MEMBER, product=product, uses=uses, **more)
        return self.book(use_count(asked, self.rules, self.holdings, self.made()))

    def balance(self, name: str, unit: str = "CNY", party: str | None = None) -> int:
        """Return what an account holds, on all books or on one party's."""
        return sum(
            leg.amount
            for leg in self.postings
            if (leg.account, leg.unit) == (name, unit) and party in (None, leg.party)
        )

    def check(self) -> None:
        """The books and the lots say the same, and no lot holds less than nothing."""
        member = MEMBER.id
        assert not any(sum_by_unit(self.postings).values())
        for unit in (POINTS, BONUS, COUNTS):
            assert self.balance(f"member:{member}", unit) == self.holdings.balance(unit)
        assert -self.balance(f"principal:{member}") == self.holdings.balance(PRINCIPAL)
        counts = self.holdings.of(COUNTS)
        assert -self.balance(f"deferred:{member}") == sum(held.money for held in counts)
        assert all(held.money >= 0 for held in counts)
        assert all(held.money == 0 for held in counts if held.left == 0)
        assert all(
            held.left >= 0 for held in self.holdings.lots.values() if held.lot.kind != "debt"
        )


def bill(holdings: Holdings, moves: Sequence[Move], amount: int) -> list[Posting]:
    """Return the legs of a bill of so much that value pays, or is given back."""
    return [
        *value.spent_legs(holdings, moves, MEMBER.id, "CNY"),
        Posting("sales:free", "CNY", -amount),
    ]


def sum_by_unit(postings: Sequence[Posting]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for leg in postings:
        sums[leg.unit] = sums.get(leg.unit, 0) + leg.amount
    return sums


def legs(fact: Deed) -> dict[tuple[str, str], int]:
    """Return what a fact posts, by account and unit."""
    return {(leg.account, leg.unit): leg.amount for leg in fact.postings}


COUPON_RULE = {
    "kind": "coupon", "id": "tea", **NAMES, "stage": 5, "get": {"is": "amount", "amount": 500},
}  # fmt: skip


def offers(*some: dict[str, Any], **terms: Any) -> dict[str, Any]:
    return {"offers": [NAMES | offer for offer in some]} | terms


def ladder(*steps: tuple[int, int]) -> list[dict[str, Any]]:
    return [{"at_least": least, "bonus": bonus} for least, bonus in steps]


def cancel(one: Account, fact: ToppedUp, reason: Any = "guest", **more: Any) -> TopUpCancelled:
    asked = CancelAsked(top_up=fact, reason=reason, **more)
    return one.book(cancel_top_up(asked, one.rules, one.holdings, one.made()))


def card(**more: Any) -> dict[str, Any]:
    return {"id": "gold", **NAMES, "face": 100_000, "price": 100_000, "tier": "gold"} | more


def gifts(one_more: dict[str, Any]) -> dict[str, Any]:
    reward = {"points": 200, "coupons": {"tea": 2}, "counts": [{"plan": "cuts", "uses": 3}]}
    steps = [{"at_least": 100_000, "bonus": 10_000, "reward": reward}]
    return offers({"id": "all", "steps": steps}, **one_more)


def gifted(**terms: Any) -> Account:
    return Account(rules(COUPON_RULE, top_up=gifts(terms)))
