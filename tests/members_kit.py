"""What the tests of members share: a bundle of terms, the circumstances of a deed, lots to hold."""

from typing import Any, NamedTuple

import msgspec

from edge.shop.accounts.lots import Held, Holdings, Lot, Move
from edge.shop.bundle import Bundle, decode
from edge.shop.calendar import Moment
from edge.shop.ledger import POINTS, Posting
from edge.shop.operations.made import Made

TODAY = "2026-11-22"


class Rules(NamedTuple):
    bundle: Bundle
    hash: str = "b" * 64


def coupon(name: str = "ten-off", **more: Any) -> dict[str, Any]:
    return {
        "kind": "coupon", "id": name, "name_zh": "券", "name_en": name, "stage": 5,
        "get": {"is": "amount", "amount": 1000},
    } | more  # fmt: skip


def rules(*coupons: dict[str, Any], cash: int = 1, **programme: Any) -> Rules:
    """Return a bundle of coupons and a programme; cash goes by steps of `cash` minor units."""
    return Rules(
        decode(
            msgspec.json.encode(
                {
                    "format": "edgebox.bundle.v1", "version": 1, "store": "s1", "currency": "CNY",
                    "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0, "valid_until": 1,
                    "tax": {"food": 900, "fee": 600},
                    "tiers": [
                        {"id": t, "name_zh": t, "name_en": t, "rank": n}
                        for n, t in enumerate(("silver", "gold", "black"))
                    ],
                    "rules": [*coupons], "programme": programme, "cash_rounding": {"step": cash},
                }
            )
        )
    )  # fmt: skip


def made(day: str = TODAY, deed: str = "d1", **more: Any) -> Made:
    fields: dict[str, Any] = {
        "deed": deed, "receipt": f"R-{deed}", "business_date": day, "store": "s1",
        "at": Moment(at_ms=0, date=day, minute=600, weekday=1), "terminal": "t1", "cashier": "c1",
    }  # fmt: skip
    return Made(**(fields | more))


def lot(name: str, unit: str = POINTS, **more: Any) -> Lot:
    fields: dict[str, Any] = {
        "id": name, "member": "m1", "unit": unit, "opened": "2026-01-01",
        "active_from": "2026-01-01",
    }  # fmt: skip
    return Lot(**(fields | more))


def holding(*held: tuple[Lot, int]) -> Holdings:
    return Holdings({one.id: Held(one, left) for one, left in held})


def after(*moves: Move) -> Holdings:
    return Holdings().after(moves)


def books(postings: tuple[Posting, ...]) -> dict[tuple[str, str], int]:
    """Return what each account of each party moved, whatever its unit."""
    sums: dict[tuple[str, str], int] = {}
    for leg in postings:
        name = leg.account, leg.party
        sums[name] = sums.get(name, 0) + leg.amount
    return sums
