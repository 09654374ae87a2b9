"""Count cards: so many uses, paid in advance. A card is one lot of the unit CNT.

What the guest paid is deferred and stands on the lot as money. Each use takes its share along,
ceil(money left / uses left), so that the shares differ by one minor unit at most, and are gone
exactly when the uses are. Uses that were given and not sold are worth nothing in the books.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.accounts.declared import Amount, Count, Days, Declared, Name
from edge.shop.accounts.lots import Held, Holdings, Lot, Move
from edge.shop.accounts.points_policy import Forfeit, Reinstate
from edge.shop.calendar import over, plus_days
from edge.shop.ledger import COUNTS, Posting

Reason = Literal["guest", "merchant"]
"""Why something prepaid is given back: the guest wants to, or the merchant cannot deliver."""

Pricing = Literal["at_list", "pro_rata", "refused"]
"""What was used is priced at list, or what is left by its share of what was paid; or nothing that
was used is taken back at all."""


class GiveBack(Declared, frozen=True):
    """How something prepaid is priced when it is given back, by reason."""

    guest: Pricing = "at_list"
    merchant: Pricing = "pro_rata"

    def by(self, reason: Reason) -> Pricing:
        """Return the pricing for a reason."""
        return self.guest if reason == "guest" else self.merchant


class CountPlan(Declared, frozen=True):
    """What a count card is: `uses` for a `price`, tax included.

    `list_price` is what one use costs without a card. A card pays for the `products` named, one
    use a piece. A plan that is no longer on sale still says what its cards pay for.
    """

    id: Name
    name_zh: Name
    name_en: Name
    uses: Count
    price: Amount
    list_price: Amount
    products: Annotated[tuple[Name, ...], Meta(min_length=1)]
    valid_days: Days = 0
    """How many days after the day of sale its uses are good; 0 is for ever."""
    earns: bool = False
    """Whether what a use is worth earns points when it is used. The sale of a card earns none."""
    give_back: GiveBack = GiveBack()
    on_expired_return: Forfeit | Reinstate = Forfeit()
    """What becomes of a use that comes back after the last day of its card: it expires with the
    card, or is good again."""
    on_sale: bool = True

    @property
    def sold(self) -> "SoldPlan":
        """What a card that is sold under this plan today is sold as, for good."""
        return SoldPlan(
            id=self.id, name_zh=self.name_zh, name_en=self.name_en, uses=self.uses,
            price=self.price, list_price=self.list_price, guest=self.give_back.guest,
            merchant=self.give_back.merchant,
        )  # fmt: skip


class SoldPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a count card was sold as: all that giving it back goes by.

    A plan may change, grow or go while its cards are out; this stays as it was.
    """

    id: str
    name_zh: str
    name_en: str
    uses: int
    price: int
    list_price: int
    guest: Pricing
    merchant: Pricing

    def pricing(self, reason: Reason) -> Pricing:
        """Return how the card is priced when it is given back for a reason."""
        return self.guest if reason == "guest" else self.merchant


def open_card(plan: CountPlan, card: Lot) -> Move:
    """Return the move that opens a card that was sold: all its uses, and what was paid."""
    return Move(lot=card.id, amount=plan.uses, money=plan.price, opens=card)


def usable(
    plans: Iterable[CountPlan], holdings: Holdings, product: str, today: str
) -> list[tuple[CountPlan, Held]]:
    """Return the cards that can pay for a product today, in the order they would be used."""
    covering = {plan.id: plan for plan in plans if product in plan.products}
    return [
        (covering[held.lot.terms], held)
        for held in holdings.spendable(COUNTS, today)
        if held.lot.terms in covering
    ]


def use(held: Held, uses: int) -> tuple[int, ...]:
    """Return what each of so many uses is worth. The card holds them: an assertion."""
    assert 0 < uses <= held.left, "more uses than the card holds"
    left, money, values = held.left, held.money, []
    for _ in range(uses):
        values.append(-(-money // left))
        left, money = left - 1, money - values[-1]
    return tuple(values)


def back(
    plans: Iterable[CountPlan], held: Held, uses: int, worth: int, today: str, name: str
) -> Move:
    """Return the move that puts uses back into their card, with what they took along.

    After the last day of the card they go as its plan says; one that is gone says nothing. A lot
    that has to be opened for them is called `name`.
    """
    lot = held.lot
    terms = next((plan.on_expired_return for plan in plans if plan.id == lot.terms), Forfeit())
    in_time = not lot.expires or not over(lot.expires, today)
    if in_time or isinstance(terms, Forfeit):
        return Move(lot=lot.id, amount=uses, money=worth)
    again = msgspec.structs.replace(
        lot, id=name, opened=today, active_from=today, expires=plus_days(today, terms.days)
    )
    return Move(lot=name, amount=uses, money=worth, opens=again)


def refund(plan: SoldPlan, held: Held, pricing: Pricing) -> int:
    """Return what is paid for the uses left on a card that was sold under `plan`.

    at_list: the price less what was used at list, never below zero. pro_rata: what is deferred.
    """
    if pricing == "pro_rata":
        return held.money
    return max(0, plan.price - (plan.uses - held.left) * plan.list_price)


def legs(
    moves: Sequence[Move], holdings: Holdings, member: str, currency: str
) -> Iterator[Posting]:
    """Yield the legs of the money that moves of count cards take along, on the issuer's books."""
    for move in moves:
        lot = move.opens or holdings.lots[move.lot].lot
        yield Posting(f"deferred:{member}", currency, -move.money, lot.issuer)
