"""What all deeds with prepaid value have in common: money from outside, lots opened, their legs."""

from collections.abc import Iterable, Sequence

from edge.shop.accounts import counts, rewards, value
from edge.shop.accounts.card_products import CardProduct
from edge.shop.accounts.lots import PRINCIPAL, Holdings, Lot, Move
from edge.shop.accounts.rewards import Giving, Reward
from edge.shop.bundle import Bundle
from edge.shop.calendar import plus_days
from edge.shop.facts.value import Outside
from edge.shop.ledger import BONUS, COUNTS, Posting
from edge.shop.operations.in_force import coupon_kinds
from edge.shop.operations.made import Made


def received(tender: Outside, amount: int, currency: str, made: Made) -> Posting:
    """Return the store's leg of money that comes in (+) or goes out (-)."""
    account = f"cash:{made.terminal}" if tender == "cash" else f"bank:{tender}"
    return Posting(account, currency, amount)


def card_product(name: str, bundle: Bundle) -> CardProduct | None:
    """Return the card product with this id."""
    return next((card for card in bundle.programme.card_products if card.id == name), None)


def opened(
    member: str,
    principal: int,
    given: Iterable[tuple[str, int, Reward]],
    card: CardProduct | None,
    bundle: Bundle,
    made: Made,
) -> tuple[Move, ...]:
    """Return the moves that open what paying in brings, in lots numbered from 1.

    `given` are the offers (or the card product), each with its bonus and its reward.
    """
    programme, today = bundle.programme, made.at.date

    def lot(number: int, unit: str, terms: str, days: int) -> Lot:
        return Lot(
            id=f"{made.deed}#{number}", member=member, unit=unit, opened=today, active_from=today,
            expires=plus_days(today, days) if days else "", issuer=programme.issuer, terms=terms,
            origin=made.deed,
        )  # fmt: skip

    first = lot(1, PRINCIPAL, card.id if card else "", card.valid_days if card else 0)
    moves = [Move(lot=first.id, amount=principal, opens=first)]
    for terms, bonus, reward in given:
        if bonus:
            extra = lot(len(moves) + 1, BONUS, terms, programme.value.bonus_days)
            moves.append(Move(lot=extra.id, amount=bonus, opens=extra))
        giving = Giving(
            deed=made.deed, member=member, today=today, kinds=coupon_kinds(bundle),
            issuer=programme.issuer, home=made.store, terms=terms, first=len(moves) + 1,
        )  # fmt: skip
        moves += rewards.give(reward, giving)
    return tuple(moves)


def legs(moves: Sequence[Move], holdings: Holdings, member: str, bundle: Bundle) -> list[Posting]:
    """Return all that moves say in the books: principal, deferred uses, and what is counted."""
    units = {move.lot: holdings.lot(move).unit for move in moves}
    uses = [move for move in moves if units[move.lot] == COUNTS]
    others = [move for move in moves if units[move.lot] not in (PRINCIPAL, BONUS)]
    return [
        *value.legs(holdings, moves, member, bundle.currency),
        *counts.legs(uses, holdings, member, bundle.currency),
        *rewards.legs(others, holdings),
    ]


def kept(account: str, amount: int, bundle: Bundle) -> Posting:
    """Return the issuer's leg of prepaid money that is kept, or below zero paid on top."""
    return Posting(account, bundle.currency, -amount, bundle.programme.issuer)
