"""The entry of a return: the legs of the sale, turned round for what comes back."""

from collections.abc import Iterator

from edge.shop.ledger import Posting, entry
from edge.shop.money import divide, split
from edge.shop.operations.returns.holding import Held, issuers_back, legs
from edge.shop.operations.returns.refunding import Worth
from edge.shop.operations.returns.taking import Taking
from edge.shop.operations.tendered import Payout, payout_legs, uses_beyond


def booked(taking: Taking, worth: Worth, payout: Payout, held: Held) -> tuple[Posting, ...]:
    """Return the balanced entry of a return."""
    money = taking.sale.currency
    return entry(
        *_units(taking, money),
        *_gifts(taking, worth, money),
        *_retained(worth, money),
        *_points_paid(taking, held.points_back, money),
        *payout_legs(payout, taking.sale.tenders, taking.earlier, money, taking.made.terminal),
        uses_beyond(-payout.by("uses"), held.uses, money),
        *legs(taking, held),
    )


def _units(taking: Taking, money: str) -> Iterator[Posting]:
    for share in taking.now:
        yield Posting(f"sales:{share.tax_class}", money, share.list_amount - share.tax)
        yield Posting(f"tax:{share.tax_class}", money, share.tax)
        for (_, account, party), off in share.offs.items():
            yield Posting(account, money, -off, party)


def _gifts(taking: Taking, worth: Worth, money: str) -> Iterator[Posting]:
    """Yield the legs of gifts that are charged: so much less was taken off, and it is taxed."""
    for gift in worth.gifts:
        share = taking.shares[gift.line, gift.unit]
        parts = split(gift.amount, list(share.offs.values()))
        for (_, account, party), part in zip(share.offs, parts, strict=True):
            yield Posting(account, money, -part, party)
        yield Posting(f"tax:{share.tax_class}", money, -gift.tax)
        yield Posting(f"sales:{share.tax_class}", money, gift.tax)


def _retained(worth: Worth, money: str) -> Iterator[Posting]:
    for line in worth.retained:
        yield Posting("retained", money, -line.net)
        yield Posting(f"tax:{line.tax_class}", money, -line.tax)


def _points_paid(taking: Taking, back: int, money: str) -> Iterator[Posting]:
    """Yield who gets back what points paid: a partner as its points come back, others the rest."""
    left = _left(taking, "points")
    if taking.complete:
        yield from [Posting("points", money, -amount, party) for party, amount in left.items()]
        return
    rest = sum(share.points_paid for share in taking.now)
    for party, (now, all_left) in issuers_back(taking, back).items():
        borne = left.pop(party, 0)
        part = divide(borne * now, all_left, "down") if now else 0
        rest -= part
        yield Posting("points", money, -part, party)
    weights = {party: amount for party, amount in left.items() if amount > 0} or {"": 1}
    parts = split(rest, list(weights.values()))
    for party, part in zip(weights, parts, strict=True):
        yield Posting("points", money, -part, party)


# --- what is left of the sale's own legs ---------------------------------------------------------


def _left(taking: Taking, account: str) -> dict[str, int]:
    """Return what has not come back of the sale's legs on an account, by party."""
    sums: dict[str, int] = {}
    for deed in (taking.sale, *taking.earlier):
        for leg in deed.postings:
            if leg.account == account:
                sums[leg.party] = sums.get(leg.party, 0) + leg.amount
    return sums
