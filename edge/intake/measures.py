"""From what a label says to what is sold: a quantity in the article's unit, or a price."""

from decimal import Decimal
from typing import Final, NamedTuple

from edge.intake.known import Measure
from edge.shop.basket import PIECE

_PER_KILOGRAM: Final = {"kg": Decimal(1), "g": Decimal(1000)}


class Sold(NamedTuple):
    """So much of an article; `unit_price` in minor units where the label sets it, else None."""

    quantity: Decimal
    unit_price: int | None


def sold_as(measure: Measure | None, unit: str, exponent: int) -> Sold | None:
    """Return how an article of this unit is sold by its label; None if they do not go together.

    Without a measure it is one unit. A weight goes with goods sold by weight and a count with
    pieces. A price is what the whole item costs: it is sold as one, at that price. `exponent` is
    the currency's: how many digits of money stand behind the point.
    """
    if measure is None:
        return Sold(Decimal(1), None)
    match measure.kind:
        case "weight" if unit in _PER_KILOGRAM:
            return Sold(measure.amount * _PER_KILOGRAM[unit], None)
        case "count" if unit == PIECE:
            return Sold(measure.amount, None)
        case "price":
            minor = measure.amount.scaleb(exponent)
            return Sold(Decimal(1), int(minor)) if minor == int(minor) else None
    return None
