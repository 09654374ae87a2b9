"""What is priced as it stands, and is probably not what was meant: misspelled, or out of date.

A till may well meet a tier or a terminal its bundle does not know, so that neither is wrong.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

import msgspec

from edge.price_lines.asked import PriceAsked
from edge.shop.bundle import AnyDiscount
from edge.shop.bundle.bundle import Bundle
from edge.shop.calendar import Moment
from edge.shop.pricing import RuleSet
from edge.shop.pricing.explain import Lang
from edge.shop.rules.rule import Discount

TEXTS: dict[str, tuple[str, str]] = {
    "tier": ("规则中没有会员等级“{name}”", "the bundle has no tier {name}"),
    "plan": ("没有次卡方案“{name}”", "the bundle has no plan {name} of count cards"),
    "counter": ("没有规则按“{name}”计数", "no rule's limit is counted as {name}"),
    "partner": ("没有规则可抵扣“{name}”的积分", "no rule redeems points of {name}"),
    "early": ("规则此时尚未生效", "the bundle is not valid yet at that time"),
    "late": ("规则此时已失效", "the bundle is no longer valid at that time"),
}
"""One pair of sentences (zh, en) for each doubt."""


class Doubt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is odd at which part of the input, and the name that was probably meant."""

    path: str
    what: str
    suggestion: str = ""


def doubts(asked: PriceAsked, rules: RuleSet, at: Moment, lang: Lang) -> Iterator[Doubt]:
    """Yield what is odd about an input under these rules."""
    bundle = rules.bundle
    if at.at_ms < bundle.valid_from:
        yield _doubt("early", "$.now", lang)
    if at.at_ms >= bundle.valid_until:
        yield _doubt("late", "$.now", lang)
    if asked.member and asked.member.tier:
        known = [tier.id for tier in bundle.tiers]
        yield from _unknown("tier", "$.member.tier", [asked.member.tier], known, lang)
    if asked.member and asked.member.count_cards:
        sold = [card.plan for card in asked.member.count_cards]
        known = [plan.id for plan in bundle.programme.plans]
        yield from _unknown("plan", "$.member.count_cards", sold, known, lang)
    if asked.counters:
        yield from _unknown("counter", "$.counters", asked.counters, _counters(bundle), lang)
    if asked.partners:
        known = [rule.programme for rule in rules.redeeming]
        yield from _unknown("partner", "$.partners", asked.partners, known, lang)


def _counters(bundle: Bundle) -> list[str]:
    """Return what the limits of a bundle are counted as."""
    discounts: list[AnyDiscount] = [rule for rule in bundle.rules if isinstance(rule, Discount)]
    return [f"{rule.id}|{limit.of}|{limit.per}" for rule in discounts for limit in rule.limits]


def _unknown(
    doubt: str, path: str, names: Iterable[str], known: list[str], lang: Lang
) -> Iterator[Doubt]:
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            yield _doubt(doubt, path, lang, name, "".join(near))


def _doubt(doubt: str, path: str, lang: Lang, name: str = "", suggestion: str = "") -> Doubt:
    what = TEXTS[doubt][lang == "en"].format(name=name)
    return Doubt(path=path, what=what, suggestion=suggestion)
