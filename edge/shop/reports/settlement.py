"""Settlement: what stores, headquarters and partners owe each other for a month.

No account of receivables is kept. Every leg of money is on somebody's books, and the legs of a
fact sum to zero over all parties, so what is left on one party is what it owes the others: above
zero it received (or was credited) too much and pays, below zero it receives. A pair is always
the store that did the deed and another party.

A return belongs to the month in which it was made: what comes back after a month was closed is
in the next statement.
"""

from collections.abc import Iterable, Mapping

import msgspec

from edge.shop.accounts.lots import ALL_UNITS
from edge.shop.facts import Deed
from edge.shop.ledger import POINTS
from edge.shop.money import BASIS, percent
from edge.shop.reports.entry import Entry, real


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What one party of a pair owes the other for the month, in minor units, above zero.

    `moved` is what the books say; `amount` is what is paid of it, at the pair's agreed share.
    """

    debtor: str
    creditor: str
    currency: str
    moved: int
    amount: int


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What a party pays (+) or receives (-) in all. The balances of a currency sum to zero."""

    party: str
    currency: str
    pays: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The settlement of one month (YYYY-MM), by business date."""

    month: str
    pairs: tuple[Owed, ...]
    balances: tuple[Balance, ...]


Pair = tuple[str, str]
"""Two parties in the order of their names."""


def statement(entries: Iterable[Entry], month: str, shares: Mapping[Pair, int] = {}) -> Statement:
    """Return who owes whom for a month.

    `shares` are what pairs have agreed to pay of what the books say, in basis points; a pair
    that is not named pays all of it. Each is rounded once, half up, for the pair and the month.
    Parties that owe nothing are left out.
    """
    sums: dict[tuple[str, Pair], int] = {}
    for store, fact, _ in real(entries):
        if isinstance(fact, Deed) and fact.business_date.startswith(f"{month}-"):
            for (currency, party), amount in _others(store, fact).items():
                pair = (store, party) if store < party else (party, store)
                key = currency, pair
                sums[key] = sums.get(key, 0) + (amount if pair[0] == party else -amount)
    pairs = [
        _owed(currency, pair, moved, percent(moved, shares.get(pair, BASIS)))
        for (currency, pair), moved in sorted(sums.items())
        if moved
    ]
    return Statement(month=month, pairs=tuple(pairs), balances=_balances(pairs))


def _others(store: str, deed: Deed) -> dict[tuple[str, str], int]:
    """Return by currency and party what a deed left on the books of others than its store."""
    sums: dict[tuple[str, str], int] = {}
    for leg in deed.postings:
        if leg.party not in {"", store} and is_money(leg.unit):
            key = leg.unit, leg.party
            sums[key] = sums.get(key, 0) + leg.amount
    return sums


def is_money(unit: str) -> bool:
    """Tell whether a unit is a currency, and not points, bonus, counts or coupons."""
    return unit not in ALL_UNITS and not unit.startswith(f"{POINTS}.")


def _owed(currency: str, pair: Pair, moved: int, amount: int) -> Owed:
    """Return what a pair owes; both amounts are above zero where its first party is the debtor."""
    debtor, creditor = pair if moved > 0 else (pair[1], pair[0])
    return Owed(
        debtor=debtor,
        creditor=creditor,
        currency=currency,
        moved=abs(moved),
        amount=abs(amount),
    )


def _balances(pairs: Iterable[Owed]) -> tuple[Balance, ...]:
    sums: dict[tuple[str, str], int] = {}
    for owed in pairs:
        for party, amount in ((owed.debtor, owed.amount), (owed.creditor, -owed.amount)):
            key = party, owed.currency
            sums[key] = sums.get(key, 0) + amount
    return tuple(
        [
            Balance(party=party, currency=currency, pays=amount)
            for (party, currency), amount in sorted(sums.items())
        ]
    )
