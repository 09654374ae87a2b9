"""Why this price, in words a cashier can act on: names in both languages instead of ids."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shop.basket import Basket, Product
from edge.shop.bundle import Bundle
from edge.shop.pricing import Asked, compile_rules, explain, names
from edge.shop.pricing.explain import Lang
from edge.shop.sale import Quote
from tests.shop_draws import ASKED, HASH, MORE_DOCUMENTS, basket, baskets, bundle, quote, rule

CAKE = Product(id="p9", name_zh="蛋糕", name_en="Cake", price=900, tax_class="food")
OFF: dict[str, Any] = {"stage": 4, "basis_points": 1_000}


class Shop:
    """A catalogue that has cake, and nothing else."""

    def product(self, id: str) -> Product | None:
        return CAKE if id == CAKE.id else None


def why(made: Quote, rules: list[dict[str, Any]], lang: Lang, **more: Any) -> dict[str, str]:
    """Return what a cashier reads of each rule that did not take effect, by its id."""
    document = msgspec.convert(bundle(rules, **more), Bundle)
    called = names(made, compile_rules(document, HASH), lang, Shop())
    return {note.rule: explain(note, called, 2) for note in made.not_applied}


def both(rules: list[dict[str, Any]], **more: Any) -> tuple[Quote, dict[str, str], dict[str, str]]:
    """Return the quote of a book, and what is said of the rules in Chinese and in English."""
    made = quote(basket((1, "1")), bundle(rules, **more))
    return made, why(made, rules, "zh", **more), why(made, rules, "en", **more)


def named(kind: str, name: str, zh: str, en: str, **more: Any) -> dict[str, Any]:
    return rule(kind, name, **more) | {"name_zh": zh, "name_en": en}


def test_a_rule_that_excludes_is_called_by_its_name() -> None:
    alone = named(
        "percent_off", "a1", "新客立减", "New guests", exclusive="level", priority=1, **OFF
    )
    made, zh, en = both([alone, named("percent_off", "b2", "九折", "10% off", **OFF)])
    assert zh == {"b2": "与优惠“新客立减”不可同享"}
    assert en == {"b2": "cannot be combined with rule New guests"}
    assert made.not_applied[0].params == {"rule": "a1"}


@pytest.mark.parametrize(
    ("names_of_group", "zh", "en"),
    [
        ({"name_zh": "金卡价", "name_en": "gold prices"}, "金卡价", "gold prices"),
        ({"name_zh": "金卡价"}, "金卡价", "g7"),
        ({}, "g7", "g7"),
    ],
)
def test_a_group_is_called_by_its_name_and_by_its_id_if_it_has_none(
    names_of_group: dict[str, str], zh: str, en: str
) -> None:
    rules = [rule("percent_off", name, group="g7", **OFF) for name in ("a", "b")]
    made, chinese, english = both(rules, groups=[{"id": "g7", "mode": "first"} | names_of_group])
    assert chinese == {"b": f"与优惠组“{zh}”中的其他优惠不可同享"}
    assert english == {"b": f"excluded by another rule of group {en}"}
    assert made.not_applied[0].params == {"group": "g7"}


def test_tiers_are_called_by_their_names() -> None:
    tiers = [
        {"id": "silver", "name_zh": "银卡", "name_en": "Silver card"},
        {"id": "gold", "name_zh": "金卡", "name_en": "Gold card"},
    ]
    only = {"is": "tier", "any_of": ["silver", "gold"]}
    rules = [rule("percent_off", when=[only], **OFF)]
    made = quote(basket((1, "1"), tier=""), bundle(rules, tiers=tiers))
    assert why(made, rules, "zh", tiers=tiers) == {"r": "限会员等级：银卡、金卡"}
    assert why(made, rules, "en", tiers=tiers) == {
        "r": "for members of tier Silver card, Gold card"
    }
    assert made.not_applied[0].params == {"tiers": "silver, gold"}


def test_goods_are_called_by_their_names_and_by_their_ids_where_nobody_knows_them() -> None:
    with_cake = {"is": "has", "target": {"of": "products", "ids": ["p9", "p-gone"]}}
    made, zh, en = both([rule("percent_off", when=[with_cake], **OFF)])
    assert zh == {"r": "需另购 1 件：蛋糕、p-gone"}
    assert en == {"r": "needs 1 more of Cake, p-gone"}
    assert made.not_applied[0].params == {"goods": "p9, p-gone", "units": 1}


def test_ways_are_called_by_their_names() -> None:
    outside = {"is": "channel", "any_of": ["delivery", "pickup"]}
    _, zh, en = both([rule("percent_off", when=[outside], **OFF)])
    assert zh == {"r": "限以下取货方式：外送、自提"}
    assert en == {"r": "only for: delivery, pickup"}


def test_a_type_of_coupon_is_called_by_its_name() -> None:
    rules = [named("coupon", "c5", "五元券", "5 off", stage=5, get={"is": "amount", "amount": 500})]
    ready = compile_rules(msgspec.convert(bundle(rules), Bundle), HASH)
    made = quote(basket((1, "1")), bundle(rules))
    assert names(made, ready, "zh").coupon("c5") == "五元券"
    assert names(made, ready, "en").coupon("c5") == "5 off"
    assert names(made, ready, "en").coupon("c6") == "c6"


LANGUAGES: tuple[Lang, ...] = ("zh", "en")


@given(baskets(), MORE_DOCUMENTS, ASKED, st.sampled_from(LANGUAGES))
def test_whatever_happens_is_said_and_names_no_rule_by_its_id(
    bought: Basket, document: dict[str, Any], asked: Asked, lang: Lang
) -> None:
    """Rules and groups get names that are no ids: an id in a sentence would stand out."""
    called = {"name_zh": "〔名〕", "name_en": "<name>"}
    for part in ("rules", "groups"):
        document = document | {part: [one | called for one in document.get(part, ())]}
    made = quote(bought, document, more=asked)
    of = names(made, compile_rules(msgspec.convert(document, Bundle), HASH), lang, Shop())
    for note in (*made.applied, *made.not_applied):
        said = explain(note, of, made.exponent)
        assert said
        if note.params.keys() & {"rule", "group"}:
            assert called[f"name_{lang}"] in said
