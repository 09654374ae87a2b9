"""Which lines a rule is about: a tagged union, so that new kinds of target are new types."""

from typing import Annotated

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=64)]


class AllLines(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="of", tag="all"
):
    """The whole order."""


class Products(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="of",
    tag="products",
):
    """The products with these ids."""

    ids: Annotated[tuple[Name, ...], Meta(min_length=1)]


class Categories(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="of",
    tag="categories",
):
    """The products of these categories."""

    ids: Annotated[tuple[Name, ...], Meta(min_length=1)]


Target = AllLines | Products | Categories
