"""Points for tests: terms, and deeds that are done in one line."""

from typing import Any

import msgspec

from edge.shop.accounts import points
from edge.shop.accounts.lots import Holdings, Move
from edge.shop.accounts.points_policy import PointsPolicy
from edge.shop.bundle import Bundle, Programme
from edge.shop.calendar import Moment
from edge.shop.declined import Declined
from edge.shop.ledger import POINTS
from edge.shop.operations.made import Made
from tests.lots_draws import START

TODAY = START


def policy(**declared: Any) -> PointsPolicy:
    return msgspec.convert(declared, PointsPolicy)


def earn(
    terms: PointsPolicy, held: Holdings, deed: str, amount: int, today: str = TODAY
) -> tuple[Move, ...]:
    return points.earn(
        terms, deed=deed, member="m-1", points=amount, today=today, issuer="hq", holdings=held
    )


def spend(held: Holdings, amount: int, *units: str, today: str = TODAY) -> tuple[Move, ...]:
    moves = points.spend(held, units or POINTS, amount, today)
    assert not isinstance(moves, Declined)
    return moves


def active(held: Holdings, today: str = TODAY) -> int:
    return points.redeemable(held, POINTS, today)


def owed(held: Holdings) -> int:
    return -sum(one.left for one in points.debts(held))


class Terms(msgspec.Struct, frozen=True):
    bundle: Bundle
    hash: str = "b" * 64


def terms(**programme: Any) -> Terms:
    return Terms(
        Bundle(
            format="edgebox.bundle.v1", version=1, store="corner", currency="CNY", exponent=2,
            zone="Asia/Shanghai", valid_from=0, valid_until=1, tax={},
            programme=msgspec.convert(programme, Programme),
        )
    )  # fmt: skip


def made(today: str, deed: str = "E1") -> Made:
    return Made(
        deed=deed, receipt="7", business_date=today, at=Moment(0, today, 0, 1), store="corner",
        terminal="box",
    )  # fmt: skip
