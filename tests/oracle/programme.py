"""What headquarters published, as plain data: it can be handed to the second pricer as it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Data = dict[str, Any]
Gift = tuple[str, str, int]
"""A member, a unit of lots (PRN or BON), and how much of it."""


@dataclass(frozen=True, slots=True)
class Programme:
    """Products, members and cards that stay as they are, and every version of the rules.

    `products` and `members` are by id, `codes` says which product a code names, `cards` whose a
    card is, and whose phone shows a code.
    """

    products: Mapping[str, Data]
    codes: Mapping[str, str]
    members: Mapping[str, Data]
    cards: dict[str, str]
    rules: dict[str, Data] = field(default_factory=dict)
    """The document of each version that was ever published, by its hash."""
    gifts: list[Gift] = field(default_factory=list)
    """What headquarters gave members before the day, and keep until a box asks for it."""

    @classmethod
    def of(
        cls, products: Iterable[Data], members: Iterable[Data], cards: Iterable[Data]
    ) -> "Programme":
        """Return a programme of the cloud's records; a product is also found by its own id."""
        known = {product["id"]: product for product in products}
        codes = {gtin: id for id, product in known.items() for gtin in product["gtins"]}
        return cls(
            known,
            codes | {id: id for id in known},
            {member["id"]: member for member in members},
            {card["number"]: card["member"] for card in cards},
        )

    def product(self, code: str) -> Data | None:
        """Return the product that a code names."""
        found = self.codes.get(code)
        return None if found is None else self.products[found]

    def version(self, rules: str) -> int:
        """Return the version of the rules with this hash."""
        return int(self.rules[rules]["version"])

    def basket(self, lines: Sequence[tuple[Data, str, int]], member: str | None) -> Data:
        """Return the second pricer's basket of (product, quantity, unit price) for a member."""
        goods = [
            {"product": product, "quantity": quantity, "unit_price": price, "rounding": "half_up"}
            for product, quantity, price in lines
        ]
        return {"member": self._member(member), "lines": goods}

    def _member(self, id: str | None) -> Data | None:
        if id is None:
            return None
        member = self.members[id]
        return {"id": id, "tier": member.get("tier", ""), "tags": list(member.get("tags", ()))}
