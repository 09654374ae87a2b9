"""Who comes in and what they want, from a seed: the same seed, the same guests."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulators import demo_data

BASKET_COUNT_MAX = 4
MEMBERS_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Article:
    """One article of the price book; weighed goods are sold by their id."""

    code: str
    is_weighed: bool


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody with a basket of `(code, quantity)` and perhaps a card."""

    basket: Sequence[tuple[str, str]]
    card: str | None

    @property
    def lines(self) -> list[dict[str, str]]:
        """The basket as a terminal sends it."""
        return [{"code": code, "quantity": quantity} for code, quantity in self.basket]

    @property
    def credential(self) -> dict[str, Any] | None:
        """The card as a terminal sends it."""
        return None if self.card is None else {"kind": "card", "text": self.card}


ARTICLES = [
    Article(code=product.gtins[0] if product.gtins else product.id, is_weighed=not product.gtins)
    for product in demo_data.products()
]


class Guests:
    """The people who come to one till. `may_weigh` is False where there is no scale."""

    def __init__(self, luck: random.Random, *, may_weigh: bool = True) -> None:
        self._luck = luck
        self._articles = [a for a in ARTICLES if may_weigh or not a.is_weighed]

    def next(self, *, count: int | None = None, member: bool | None = None) -> Guest:
        """Return the next guest; what is not asked for is as luck has it."""
        luck = self._luck
        chosen = luck.sample(self._articles, count or luck.randint(1, BASKET_COUNT_MAX))
        has_card = luck.random() < MEMBERS_SHARE if member is None else member
        number = luck.randint(1, len(demo_data.SURNAMES))
        return Guest(
            basket=[(article.code, self._quantity(article)) for article in chosen],
            card=demo_data.card_number(number) if has_card else None,
        )

    def _quantity(self, article: Article) -> str:
        if article.is_weighed:
            return f"0.{self._luck.randint(120, 990)}"
        return str(self._luck.choice([1, 1, 1, 2, 3]))
