"""What all rule kinds have in common; each kind is one file beside this one."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.rules.conditions import AnyCondition, Miss
from edge.shop.rules.running import Cut, Running, Selection
from edge.shop.rules.target import AllLines, Name, Target
from edge.shop.sale import Funding

Share = Annotated[int, Meta(ge=0, le=10_000)]
"""Basis points of a whole: 10 % is 1000."""

Amount = Annotated[int, Meta(ge=0, le=10**12)]
"""Minor units of the bundle's currency."""

Count = Annotated[int, Meta(ge=1, le=9_999)]
"""How many."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """Base of all rules: a name, the goods it is about, and when it holds."""

    id: Name
    name_zh: Name
    name_en: Name
    target: Target = AllLines()
    when: tuple[AnyCondition, ...] = ()


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of a rule there is: at most `max` of `of`, counted per `per`.

    of: uses (how often it takes effect; sets formed, coupons redeemed) · units (of goods it
    lowers; the dearest first) · amount (minor units it takes off: a cap or a budget). per: unit
    and line (amount only), order, member, day (all guests of this store on one business day),
    member_day, store, total (the whole chain). What members do elsewhere and what is chain-wide
    (member, member_day, total) can only be counted with the cloud; `offline` says whether to go
    on by what this box knows. Caps per unit and per line hold each time the rule takes effect.
    """

    max: Annotated[int, Meta(ge=0, le=10**12)]
    of: Literal["uses", "units", "amount"] = "uses"
    per: Literal["unit", "line", "order", "member", "day", "member_day", "store", "total"] = "order"
    offline: Literal["allow", "deny"] = "allow"


class Gift(msgspec.Struct, frozen=True):
    """Goods a rule adds on top of the basket, free: a product's id and how many."""

    product: str
    count: int


class Effect(msgspec.Struct, frozen=True):
    """What a rule would do: cuts, goods on top, coupons to give, and how often it did it.

    `times` counts uses (sets formed, steps reached); it is 1 for a rule that cannot repeat. A
    rule whose effect is empty did not take effect.
    """

    cuts: tuple[Cut, ...] = ()
    times: int = 1
    gifts: tuple[Gift, ...] = ()
    coupons: tuple[tuple[str, int], ...] = ()
    """Types of coupons to give, each with how many."""


NOTHING = Effect(times=0)
"""What a rule answers that has nothing to do."""


def needed(target: Target, units: int) -> Miss:
    """Return that so many more units of what `target` names are needed, or of anything."""
    if isinstance(target, AllLines):
        return Miss("R-NEEDS-COUNT", {"count": units, "units": units})
    return Miss("R-NEEDS-GOODS", {"goods": ", ".join(target.ids), "units": units})


class Discount(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the rules that lower a price.

    Rules are judged by stage, inside a stage in the stage's order: by default the higher
    `priority` first, then by id. A `group` declares which rules are weighed against each other.
    """

    stage: int
    group: str = ""
    priority: int = 0
    spare_reduced: bool = False
    """Leave goods alone that are already reduced."""
    exclusive: Literal["no", "group", "level", "after", "everything"] = "no"
    """Whom it stands alone against, once it took effect: nobody, the rest of its group, of its
    level (lines or order), all after it, or everything. Except for `after` this is symmetric:
    where another one took effect before, this rule does not. Charges and points as discount are
    not concerned."""
    limits: tuple[Limit, ...] = ()
    overflow: Literal["lost", "moves", "drops"] = "lost"
    """What becomes of an amount that a price floor, a cap or a budget leaves no room for: it is
    lost, it moves to the other units the rule is about, or the whole discount is dropped."""
    funding: tuple[Funding, ...] = ()
    """Who bears the discount; nobody named is the store itself. Shares sum to 10000."""

    def effect(self, running: Running, selection: Selection, times_max: int) -> Effect:
        """Return what this rule does to these units, at most `times_max` times.

        Every unit in `selection` may be discounted. Neither floors nor limits of amounts are
        this method's concern: the engine sees to both.
        """
        raise NotImplementedError

    def short_of(self, running: Running, selection: Selection) -> Miss | None:
        """Return what this rule needs to do something to these units, to which it does nothing.

        None where no more of anything would help.
        """
        return None
