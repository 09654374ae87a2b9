"""Which goods a rule is about: a tagged union, so that new kinds of target are new types."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.basket import Product

Name = Annotated[str, Meta(min_length=1, max_length=64)]


class Pick(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only so many units: the cheapest or the dearest by what they cost at the rule's turn.

    Ties go to the earlier line. A weighed line is one unit.
    """

    which: Literal["cheapest", "dearest"]
    count: Annotated[int, Meta(ge=1, le=9_999)]


class TargetBase(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="of"
):
    """Base of all targets: what is left out, and how many units are picked of the rest."""

    without_products: tuple[Name, ...] = ()
    without_categories: tuple[Name, ...] = ()
    pick: Pick | None = None

    @property
    def sparing(self) -> bool:
        """Whether anything is left out."""
        return bool(self.without_products or self.without_categories)

    def spares(self, product: Product) -> bool:
        """Tell whether this product is left out."""
        return product.id in self.without_products or product.category in self.without_categories


class AllLines(TargetBase, frozen=True, kw_only=True, tag="all"):
    """The whole order."""


class Products(TargetBase, frozen=True, kw_only=True, tag="products"):
    """The products with these ids."""

    ids: Annotated[tuple[Name, ...], Meta(min_length=1)]


class Categories(TargetBase, frozen=True, kw_only=True, tag="categories"):
    """The products of these categories."""

    ids: Annotated[tuple[Name, ...], Meta(min_length=1)]


Target = AllLines | Products | Categories
