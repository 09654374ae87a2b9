"""What of a member the rules of a bundle look at: nothing else of a buyer need be remembered."""

from collections.abc import Iterable, Iterator

import msgspec

from edge.shop.bundle.bundle import AnyRule
from edge.shop.member import Member
from edge.shop.rules.conditions import (
    All,
    AnyCondition,
    AnyOf,
    Birthday,
    FirstPurchase,
    HasTag,
    IsAdult,
    Not,
    NthPurchase,
    OfPartner,
)
from edge.shop.sale import Buyer


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """Which tags the conditions of rules name, and what else of a member they ask for."""

    tags: frozenset[str] = frozenset()
    birthday: bool = False
    adult: bool = False
    partner: bool = False
    purchases: bool = False

    def at(self, member: Member) -> Buyer:
        """Return as much of a member as the rules can see."""
        return Buyer(
            tags=tuple([tag for tag in member.tags if tag in self.tags]),
            birthday=member.birthday if self.birthday else "",
            adult=member.adult and self.adult,
            partner=member.partner if self.partner else "",
            purchases=member.purchases if self.purchases else None,
        )


def looking(rules: Iterable[AnyRule]) -> Looking:
    """Return what the conditions of these rules look at."""
    asked = [*_inside(condition for rule in rules for condition in rule.when)]
    kinds = {type(condition) for condition in asked}
    tags = [condition.any_of for condition in asked if isinstance(condition, HasTag)]
    return Looking(
        tags=frozenset(tag for names in tags for tag in names),
        birthday=Birthday in kinds,
        adult=IsAdult in kinds,
        partner=OfPartner in kinds,
        purchases=bool(kinds & {FirstPurchase, NthPurchase}),
    )


def _inside(conditions: Iterable[AnyCondition]) -> Iterator[AnyCondition]:
    """Yield conditions one by one, those inside others too."""
    for condition in conditions:
        match condition:
            case All(of=parts) | AnyOf(of=parts):
                yield from _inside(parts)
            case Not(of=part):
                yield from _inside((part,))
            case _:
                yield condition
