"""How this shop's scales print: the `[[store.weighed]]` patterns of in-store barcodes."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Annotated, Literal

from msgspec import Meta

from edge.config.findings import Finding
from edge.config.values import Section

_PATTERN = re.compile(r"(?=.{13}$(?!\n))(02|2[0-9])[0-9]*I+(P(VVVV|VVVVV)|V+)C")


class Weighed(Section, frozen=True, kw_only=True):
    """One pattern over the 13 digits of an EAN (a UPC-A is one with a 0 before it).

    Digits stand for themselves, I for the item, P for a check digit over 4 or 5 V (GS1 General
    Specifications 7.9.3), V for the value, C for the EAN's check digit.
    """

    pattern: Annotated[
        str,
        Meta(
            min_length=13,
            max_length=13,
            description='13 places such as "21IIIIIVVVVVC" (I item, V value, P its check digit)',
        ),
    ]
    value: Annotated[
        Literal["weight", "price", "count"],
        Meta(description='"weight" (kg), "price" (of the whole item) or "count" (pieces)'),
    ] = "weight"
    decimals: Annotated[
        int, Meta(ge=0, le=3, description="how many digits of the value follow its point: 0 to 3")
    ] = 3
    product: Annotated[
        Literal["gtin", "id"],
        Meta(description='"gtin" (with value and P zeroed) or "id" (the item\'s digits)'),
    ] = "gtin"

    @property
    def prefix(self) -> str:
        """The digits such a number begins with."""
        return self.pattern.split("I")[0]


def check_weighed(
    weighed: tuple[Weighed, ...], cards: tuple[str, ...], coupons: tuple[str, ...]
) -> Iterator[Finding]:
    """Yield what is wrong with the patterns, by themselves and beside cards and coupons."""
    for number, one in enumerate(weighed, 1):
        path = f"store.weighed.{number}"
        if not _PATTERN.fullmatch(one.pattern):
            what = f'"{one.pattern}" is no pattern of an in-store EAN-13'
            yield Finding(path, what, 'write it like "21IIIIIVVVVVC" or "02IIIIIPVVVVC"')
            continue
        if one.value == "count" and one.decimals:
            yield Finding(path, "counts in parts of a piece", "give decimals = 0")
        # A coupon is known without its leading zeros, a card by all of its 13 digits.
        near = [card for card in cards if _overlap(one.prefix, card)]
        near += [coupon for coupon in coupons if _overlap(one.prefix.lstrip("0"), coupon)]
        for other in near:
            what = f'"{one.pattern}" overlaps "{other}": one code would be two things'
            yield Finding(path, what, "choose beginnings that differ")
    for one, other_pattern in combinations(weighed, 2):
        if _overlap(one.prefix, other_pattern.prefix):
            what = f'"{one.pattern}" overlaps "{other_pattern.pattern}"'
            yield Finding("store.weighed", what, "choose beginnings that differ")


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
