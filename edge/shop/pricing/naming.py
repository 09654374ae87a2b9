"""What people call the things that a note, or a no, names by their ids."""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, Protocol

import msgspec

from edge.shop.pricing.asked import Catalogue
from edge.shop.pricing.compiled import RuleSet
from edge.shop.sale import Note, Quote

Lang = Literal["zh", "en"]

NO_CARD: Mapping[Lang, str] = {"zh": "储值账户", "en": "stored value"}
"""What an account of stored value is called that no card product was sold for."""


class _Named(Protocol):
    """A thing with a name in either language, "" where its id is said."""

    @property
    def name_zh(self) -> str: ...
    @property
    def name_en(self) -> str: ...


class _Identified(_Named, Protocol):
    """A thing with an id, too."""

    @property
    def id(self) -> str: ...


class Names(msgspec.Struct, frozen=True):
    """The names of one language; whatever has none in it goes by its id."""

    lang: Lang
    rules: RuleSet
    applied: Mapping[str, Note]
    """The rules that took effect: a note names no other rule."""
    catalogue: Catalogue | None

    def said(self, param: str, value: str) -> str:
        """Return a parameter of a note or a no, an id or several with ", " between, in words."""
        name = _NAMING.get(param)
        if name is None:
            return value
        words = [name(self, id) or id for id in value.split(", ")]
        return ("、" if self.lang == "zh" else ", ").join(words)

    def of(self, thing: _Named | None) -> str:
        """Return what a thing is called, "" for nothing."""
        if thing is None:
            return ""
        return thing.name_zh if self.lang == "zh" else thing.name_en

    def coupon(self, type: str) -> str:
        """Return what a type of coupon is called, the type itself if the bundle has none of it."""
        known = self.rules.coupons.get(type)
        return self.of(known.rule) if known else type

    def _rule(self, id: str) -> str:
        return self.of(self.applied.get(id))

    def _group(self, id: str) -> str:
        return self.of(_with(id, self.rules.bundle.groups))

    def _tier(self, id: str) -> str:
        return self.of(_with(id, self.rules.bundle.tiers))

    def _plan(self, id: str) -> str:
        return self.of(_with(id, self.rules.bundle.programme.plans))

    def _card(self, id: str) -> str:
        """Return the name of a card product; stored value need not have been sold as any."""
        if not id:
            return NO_CARD[self.lang]
        return self.of(_with(id, self.rules.bundle.programme.card_products))

    def _product(self, id: str) -> str:
        """Return the name, "" for a category: nothing but its id names one."""
        return self.of(self.catalogue.product(id)) if self.catalogue else ""


def _with(id: str, things: Iterable[_Identified]) -> _Named | None:
    return next((thing for thing in things if thing.id == id), None)


_NAMING: Mapping[str, Callable[[Names, str], str]] = {
    "rule": Names._rule,
    "group": Names._group,
    "tiers": Names._tier,
    "tier": Names._tier,
    "plan": Names._plan,
    "card": Names._card,
    "product": Names._product,
    "goods": Names._product,
}
"""How each parameter that holds ids finds their names."""

NAMED = frozenset(_NAMING)
"""The parameters that hold ids."""


def names(
    quote: Quote | None, rules: RuleSet, lang: Lang, catalogue: Catalogue | None = None
) -> Names:
    """Return the names of all that the notes of a quote may name; these rules made it.

    Without a quote no rule has a name.
    """
    applied = {note.rule: note for note in quote.applied} if quote else {}
    return Names(lang, rules, applied, catalogue)
