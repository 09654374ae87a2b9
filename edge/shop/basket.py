"""What the customer wants to buy: products, lines and the basket."""

from decimal import Decimal
from typing import Literal

import msgspec

from edge.shop.declined import Declined
from edge.shop.member import Member
from edge.shop.money import Rounding, extend
from edge.shop.once import once

PIECE = "piece"
"""The unit of goods that are counted; every other unit is weighed or measured."""

QUANTITY_MAX = Decimal(9_999)
"""The largest quantity of one line, in the product's unit."""

DECIMALS_MAX = 3
"""The finest quantity: one gram of a kilogram."""

UNITS_MAX = 5_000
"""The most units one basket may hold: each is priced on its own."""


LINES_MAX = 500
"""The most lines one basket may have: every rule may look at every line."""


PriceSource = Literal["price_book", "terminal", "barcode"]
"""Who set a line's price: the price book, the terminal, or the label on the goods themselves."""


class Product(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """An article of the price book. `price` and `floor` are minor units per unit, tax included."""

    id: str
    gtins: tuple[str, ...] = ()
    name_zh: str
    name_en: str
    category: str = ""
    unit: str = PIECE
    price: int
    tax_class: str
    discountable: bool = True
    reduced: bool = False
    """Already reduced: a rule may leave such goods alone."""
    floor: int | None = None
    """No rule brings the price below this."""


class Line(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A quantity of one product. `line()` makes one from what a terminal said."""

    product: Product
    code: str
    """The code as it was scanned or typed."""
    quantity: Decimal
    unit_price: int
    price_source: PriceSource = "price_book"
    rounding: Rounding = "half_up"

    @once
    def list_amount(self) -> int:
        """Quantity times unit price in minor units, rounded once."""
        return extend(self.quantity, self.unit_price, self.rounding)

    @once
    def units(self) -> int:
        """Into how many units an amount is allocated: whole pieces, or the weighed line as one."""
        return int(self.quantity) if self.product.unit == PIECE else 1


class Basket(msgspec.Struct, frozen=True):
    """Lines in the order they came, and whom they are for."""

    lines: tuple[Line, ...] = ()
    member: Member | None = None


def line(
    product: Product,
    code: str,
    quantity: Decimal = Decimal(1),
    unit_price: int | None = None,
    rounding: Rounding = "half_up",
    price_source: PriceSource = "terminal",
) -> Line | Declined:
    """Return a line, or E-QUANTITY if so much of it cannot be sold.

    Counted goods come in whole pieces; a quantity is above zero, at most `QUANTITY_MAX` and
    no finer than `DECIMALS_MAX`. A `unit_price` by `price_source` replaces the price book's.
    """
    if not sellable(product, quantity):
        return Declined("E-QUANTITY", {"code": code, "quantity": str(quantity)[:32]})
    whole, parts = quantity.as_integer_ratio()
    return Line(
        product=product,
        code=code,
        quantity=Decimal(whole) if parts == 1 else quantity.normalize(),
        unit_price=product.price if unit_price is None else unit_price,
        price_source="price_book" if unit_price is None else price_source,
        rounding=rounding,
    )


def sellable(product: Product, quantity: Decimal) -> bool:
    """Tell whether so much of a product can be sold, or stand on a shelf."""
    if not quantity.is_finite() or not 0 < quantity <= QUANTITY_MAX:
        return False
    _, parts = quantity.as_integer_ratio()
    return parts == 1 if product.unit == PIECE else 10**DECIMALS_MAX % parts == 0


def refusal(basket: Basket) -> Declined | None:
    """Return why this basket cannot be sold at all, or None."""
    if not basket.lines:
        return Declined("E-EMPTY-BASKET")
    if len(basket.lines) > LINES_MAX:
        return Declined("E-TOO-MANY-LINES", {"limit": LINES_MAX})
    units = sum(line.units for line in basket.lines)
    if units > UNITS_MAX:
        return Declined("E-QUANTITY", {"code": basket.lines[-1].code, "quantity": str(units)})
    return None
