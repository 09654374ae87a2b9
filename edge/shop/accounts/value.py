"""Stored value: what a guest paid in (principal) and what was given on top (bonus), kept apart.

Principal is a liability, refundable, and mirrors the account principal:{member} in money. Bonus
was never paid: it may expire, and where it is spent it is contra-revenue of its issuer. Each
top-up opens a lot of either. All amounts are minor units of the programme's currency.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.accounts.declared import Amount, Days, Declared
from edge.shop.accounts.lots import PRINCIPAL, Holdings, Lot, Move, Unit, take
from edge.shop.calendar import over, plus_days
from edge.shop.declined import Declined
from edge.shop.ledger import BONUS, Posting
from edge.shop.money import split


class CountryProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What a country's law says of prepaid cards, in minor units of its currency."""

    currency: str
    exponent: int
    named_max: int
    """The most principal that a card with a name may hold."""
    anonymous_max: int
    named_may_expire: bool
    anonymous_days_min: int
    """How long principal on a card without a name stays good at least."""


PROFILES = {
    "CN": CountryProfile(
        currency="CNY",
        exponent=2,
        named_max=500_000,
        anonymous_max=100_000,
        named_may_expire=False,
        anonymous_days_min=1_096,
    )
}
"""Defaults by country. CN: Measures for single-purpose commercial prepaid cards (Ministry of
Commerce, 2012, amended 2016), articles 18 and 19: 5,000 and 1,000 yuan, three years."""


class ValuePolicy(Declared, frozen=True):
    """How stored value is held and spent.

    `spend_order`: proportional (principal and bonus by what can be spent of either, shared by
    largest remainder), bonus_first or principal_first. A maximum left out is the country's.
    """

    country: Literal["", "CN"] = ""
    spend_order: Literal["proportional", "bonus_first", "principal_first"] = "proportional"
    balance_max_named: Amount | None = None
    """The most principal an account with a name may hold after a top-up."""
    balance_max_anonymous: Amount | None = None
    single_min: Annotated[int, Meta(ge=1)] = 1
    """The least and the most of one top-up; who pays in more has scanned a barcode as an amount."""
    single_max: Amount = 10_000_000
    bonus_days: Days = 0
    """How many days after the day it was given bonus may still be spent; 0 is for ever."""
    bonus_return: Literal["forfeit", "reinstate"] = "forfeit"
    """What becomes of bonus that comes back after its last day: it has lapsed with its lot, or it
    is good again for `reinstate_days` after today."""
    reinstate_days: Days = 30

    def balance_max(self, *, named: bool) -> int | None:
        """Return the most principal an account may hold, None for no such limit."""
        declared = self.balance_max_named if named else self.balance_max_anonymous
        if declared is not None or not self.country:
            return declared
        profile = PROFILES[self.country]
        return profile.named_max if named else profile.anonymous_max


class Spent(msgspec.Struct, frozen=True):
    """How an amount was paid from stored value; the two parts sum to it."""

    bonus: int
    principal: int
    moves: tuple[Move, ...]
    """Bonus before principal, each lot in the order it was spent."""


def spend(policy: ValuePolicy, holdings: Holdings, amount: int, today: str) -> Spent | Declined:
    """Return how `amount` (zero or more) is paid from what can be spent today.

    E-VALUE-SHORT if that is not enough; `more` is what would have been possible.
    """
    bonus_lots = holdings.spendable(BONUS, today)
    principal_lots = holdings.spendable(PRINCIPAL, today)
    bonus_held = sum(held.left for held in bonus_lots)
    principal_held = sum(held.left for held in principal_lots)
    if amount > bonus_held + principal_held:
        return Declined("E-VALUE-SHORT", {"more": bonus_held + principal_held})
    bonus = _bonus_part(policy, amount, bonus_held, principal_held)
    principal = amount - bonus
    moves = (*take(bonus_lots, bonus), *take(principal_lots, principal))
    return Spent(bonus, principal, moves)


def _bonus_part(policy: ValuePolicy, amount: int, bonus_held: int, principal_held: int) -> int:
    if not amount:
        return 0
    match policy.spend_order:
        case "bonus_first":
            return min(amount, bonus_held)
        case "principal_first":
            return amount - min(amount, principal_held)
        case "proportional":
            return split(amount, (principal_held, bonus_held))[1]


def give_back(
    policy: ValuePolicy,
    holdings: Holdings,
    sale_moves_so_far: Sequence[Move],
    principal: int,
    bonus: int,
    today: str,
    deed: str,
) -> tuple[Move, ...]:
    """Return the moves that put so much back into the lots a sale spent, the last spent first.

    `sale_moves_so_far` are the moves of the sale and of all its returns, oldest first; lots
    they name are held, empty ones too. That no more comes back than was spent is judged before:
    an assertion. Bonus past its last day comes back as the policy says; a lot opened for it is
    called `deed`#b and a number.
    """
    back = _given_back(holdings, sale_moves_so_far, PRINCIPAL, principal)
    for number, move in enumerate(_given_back(holdings, sale_moves_so_far, BONUS, bonus), 1):
        lot = holdings.lots[move.lot].lot
        expired = bool(lot.expires) and over(lot.expires, today)
        if expired and policy.bonus_return == "reinstate":
            back.append(_reinstated(policy, lot, move.amount, today, f"{deed}#b{number}"))
        elif expired:
            back.append(Move(lot=lot.id, amount=0, lapsed=move.amount))
        else:
            back.append(move)
    return tuple(back)


def _given_back(holdings: Holdings, so_far: Sequence[Move], unit: Unit, amount: int) -> list[Move]:
    """Return the moves into the lots of one unit; what came back before is passed over.

    Every return goes the same way back, so that how far it went says where it stands, even
    where what came back was put into another lot than it was taken from.
    """
    ours = [move for move in so_far if holdings.lot(move).unit == unit]
    passed = sum(max(0, move.amount) + move.lapsed for move in ours)
    moves: list[Move] = []
    for spent in reversed([move for move in ours if move.amount < 0]):
        skipped = min(passed, -spent.amount)
        part = min(amount, -spent.amount - skipped)
        passed, amount = passed - skipped, amount - part
        if part:
            moves.append(Move(lot=spent.lot, amount=part))
    assert not amount, "more was to come back than was spent"
    return moves


def _reinstated(policy: ValuePolicy, lot: Lot, amount: int, today: str, name: str) -> Move:
    opened = msgspec.structs.replace(
        lot,
        id=name,
        opened=today,
        active_from=today,
        expires=plus_days(today, policy.reinstate_days),
    )
    return Move(lot=name, amount=amount, opens=opened)


def legs(
    holdings: Holdings, moves: Iterable[Move], member: str, currency: str
) -> Iterator[Posting]:
    """Yield the legs of moves of value, each on the books of the lot's issuer.

    Principal is money: what leaves a lot leaves principal:{member}. Bonus is a unit of its own;
    what a sale does with it in money (account bonus) is `spent_legs`.
    """
    for move in moves:
        lot = holdings.lot(move)
        if lot.unit == PRINCIPAL:
            yield Posting(f"principal:{member}", currency, -move.amount, lot.issuer)
        elif lot.unit == BONUS:
            yield Posting(f"member:{member}", BONUS, move.amount, lot.issuer)
            yield Posting("programme", BONUS, -move.amount, lot.issuer)


def spent_legs(
    holdings: Holdings, moves: Sequence[Move], member: str, currency: str
) -> Iterator[Posting]:
    """Yield the legs of value as a tender: those of `legs`, and bonus as contra-revenue.

    For the moves of `spend` (their money sums to the amount, +) and of `give_back` (-). Bonus
    that lapses on its way back reverses its contra-revenue, and nobody holds it any more.
    """
    yield from legs(holdings, moves, member, currency)
    for move in moves:
        lot = holdings.lot(move)
        if lot.unit == BONUS:
            yield Posting("bonus", currency, -move.amount - move.lapsed, lot.issuer)


def invoiceable(holdings: Holdings, moves: Iterable[Move], invoiced: Iterable[str]) -> int:
    """Return how much of the principal that these moves spent may still be invoiced.

    `invoiced` are the top-ups for which an invoice stands: what they paid in is not invoiced
    once more when it is spent. Bonus is a discount, and never invoiced.
    """
    done = set(invoiced)
    spent = [(holdings.lots[move.lot].lot, -move.amount) for move in moves if not move.opens]
    return sum(part for lot, part in spent if lot.unit == PRINCIPAL and lot.origin not in done)
