"""Lots for tests: what a member may hold, and what Hypothesis may draw of it."""

from hypothesis import strategies as st

from edge.shop.accounts.lots import Held, Holdings, Lot, LotKind
from edge.shop.calendar import plus_days
from edge.shop.ledger import POINTS

START = "2026-01-31"


def lot(name: str, unit: str = POINTS, **more: str) -> Lot:
    kind: LotKind = "debt" if more.pop("kind", "") == "debt" else "ordinary"
    given = {"opened": START, "active_from": START, "origin": name, "issuer": "hq"} | more
    return Lot(id=name, member="m-1", unit=unit, kind=kind, **given)


def holding(*lots: tuple[Lot, int]) -> Holdings:
    return Holdings({of.id: Held(of, left) for of, left in lots})


def in_days(days: int) -> str:
    return plus_days(START, days)


@st.composite
def held_points(draw: st.DrawFn, units: tuple[str, ...] = (POINTS,)) -> Holdings:
    """Draw up to six lots that can be pending, active or over, and perhaps empty."""
    lots = []
    for number in range(draw(st.integers(1, 6))):
        opened = draw(st.integers(-40, 20))
        ends = draw(st.none() | st.integers(opened, 40))
        lots.append(
            (
                lot(
                    f"L{number}",
                    draw(st.sampled_from(units)),
                    opened=in_days(opened),
                    active_from=in_days(opened + draw(st.integers(0, 10))),
                    expires="" if ends is None else in_days(ends),
                ),
                draw(st.integers(0, 500)),
            )
        )
    return holding(*lots)
