"""A bundle read out to its merchant: every rule in its turn, and the membership programme."""

from collections.abc import Iterable, Mapping
from operator import attrgetter

import msgspec

from edge.shop.bundle.bundle import AnyRule, Bundle
from edge.shop.bundle.never import Warn, shadowed, warnings
from edge.shop.bundle.programme_said import parts
from edge.shop.bundle.rules_said import sentence
from edge.shop.bundle.voice import Lang, Voice, voice
from edge.shop.rules.rule import Discount


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in words."""

    rule: str
    name: str
    group: str
    says: str
    warns: tuple[Warn, ...] = ()


class Section(msgspec.Struct, frozen=True):
    """A stage, or what comes after all of them (stage 0), with its rules in order."""

    stage: int
    name: str
    rules: tuple[Said, ...]


def overview(
    bundle: Bundle, turns: Mapping[str, int], today: str, lang: Lang
) -> tuple[Section, ...]:
    """Return all rules of a bundle in words, grouped by stage.

    `turns` is the place of each discount in the order of judging, as compiled rules have it;
    `today` an ISO date. Where a stage goes by the largest saving, the basket decides and rules
    stand by priority. What has no stage (charges, points) comes last, by id.
    """
    v, sections = voice(bundle, lang), []
    discounts = [rule for rule in bundle.rules if isinstance(rule, Discount)]
    discounts.sort(key=lambda rule: turns[rule.id])
    for stage in sorted(bundle.stages, key=attrgetter("number")):
        rules = [rule for rule in discounts if rule.stage == stage.number]
        if rules:
            shadows = shadowed(bundle, stage, rules)
            said = [_said(rule, v, warnings(bundle, rule, today, shadows)) for rule in rules]
            name = v.say(stage.name_zh or stage.name, stage.name)
            sections.append(Section(stage.number, name, tuple(said)))
    rest = [rule for rule in bundle.rules if not isinstance(rule, Discount)]
    rest.sort(key=attrgetter("id"))
    if rest:
        said = [_said(rule, v, warnings(bundle, rule, today, {})) for rule in rest]
        sections.append(Section(0, v.say("附加费与积分", "charges and points"), tuple(said)))
    return tuple(sections)


def programme_overview(bundle: Bundle, lang: Lang) -> tuple[Section, ...]:
    """Return what the membership programme of a bundle offers, in words; stage is 0."""
    return tuple(
        [
            Section(0, title, tuple([Said(rule=r, name=n, group="", says=s) for r, n, s in rows]))
            for title, rows in parts(bundle.programme, voice(bundle, lang))
        ]
    )


def _said(rule: AnyRule, v: Voice, found: Iterable[Warn]) -> Said:
    return Said(
        rule=rule.id,
        name=v.say(rule.name_zh, rule.name_en),
        group=rule.group if isinstance(rule, Discount) else "",
        says=sentence(rule, v),
        warns=tuple(found),
    )
