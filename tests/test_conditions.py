"""Every condition holds when it should, and else says under a stable code what is missing."""

from datetime import datetime
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.shop.basket import Line, Product
from edge.shop.calendar import moment
from edge.shop.member import Member
from edge.shop.pricing.explain import TEXTS
from edge.shop.rules.conditions import NEAREST_FIRST, AnyCondition, Miss, Scene, nearest
from edge.shop.rules.running import Cut, Picked, Running, Selection, start

NOON = 1_795_320_000_000  # Sunday 2026-11-22, 12:00 in Shanghai
DAY_MS, HOUR_MS, MINUTE_MS = 86_400_000, 3_600_000, 60_000


def goods(name: str, price: int, category: str = "", unit: str = "piece") -> Product:
    return Product(
        id=name, name_zh=name, name_en=name, category=category, unit=unit, price=price,
        tax_class="food",
    )  # fmt: skip


def line(product: Product, quantity: str) -> Line:
    return Line(
        product=product, code=product.id, quantity=Decimal(quantity),
        unit_price=product.price,
    )  # fmt: skip


MEMBER = Member("m-1", tier="gold", tags=("vip", "student"), birthday="11-22", purchases=2)
BASKET = start(
    (
        line(goods("cake", 5_000, "sweets"), "1"),
        line(goods("bread", 1_000, "bakery"), "3"),
        line(goods("plums", 2_000, "fruit", "kg"), "0.5"),
    ),
    "half_up",
    "largest_remainder",
)  # 5,000 + 3,000 + 1,000 = 9,000 in 5 units
BREAD: Selection = (Picked(1, range(3)),)
SCENE = Scene(
    member=MEMBER, terminal_kind="pc_pos", moment=moment(NOON, "Asia/Shanghai"), store="corner",
    region="north", holidays=("double eleven week",), after_lines=(4_000, 3_000, 1_000),
)  # fmt: skip


def judge(condition: dict[str, Any], scene: Scene = SCENE, running: Running = BASKET) -> str:
    """Return the reason, "" if the condition holds."""
    miss = missed(condition, scene, running)
    return miss.reason if miss else ""


def missed(
    condition: dict[str, Any], scene: Scene = SCENE, running: Running = BASKET
) -> Miss | None:
    read: AnyCondition = msgspec.convert(condition, AnyCondition)
    return read.missing(scene, running, BREAD)


def member(**changes: Any) -> Scene:
    return replace(SCENE, member=replace(MEMBER, **changes))


def at(ms: int, **changes: Any) -> Scene:
    return replace(SCENE, moment=moment(ms, "Asia/Shanghai"), **changes)


def on(day: str, birthday: str = "") -> Scene:
    """Return the scene at noon of a day, with a member born on one."""
    ms = datetime.fromisoformat(f"{day}T12:00:00+08:00").timestamp() * 1000
    return at(int(ms), member=replace(MEMBER, birthday=birthday))


THIRD = {"is": "nth_purchase", "nth": 3}
GUEST = replace(SCENE, member=None)


# --- who ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "scene", "reason"),
    [
        ({"is": "member"}, SCENE, ""),
        ({"is": "member"}, GUEST, "R-NEEDS-MEMBER"),
        ({"is": "tier", "any_of": ["silver", "gold"]}, SCENE, ""),
        ({"is": "tier", "any_of": ["silver"]}, SCENE, "R-NEEDS-TIER"),
        ({"is": "tier", "any_of": ["gold"]}, GUEST, "R-NEEDS-MEMBER"),
        ({"is": "tag", "any_of": ["student"]}, SCENE, ""),
        ({"is": "tag", "any_of": ["staff"]}, SCENE, "R-NEEDS-TAG"),
        ({"is": "partner", "any_of": ["cinema"]}, member(partner="cinema"), ""),
        ({"is": "partner", "any_of": ["cinema"]}, SCENE, "R-NEEDS-PARTNER"),
        ({"is": "adult"}, member(adult=True), ""),
        ({"is": "adult"}, SCENE, "R-NEEDS-ADULT"),
        ({"is": "adult"}, GUEST, "R-NEEDS-MEMBER"),
        ({"is": "first_purchase"}, member(purchases=0), ""),
        ({"is": "first_purchase"}, SCENE, "R-NOT-FIRST-PURCHASE"),
        ({"is": "first_purchase"}, member(purchases=None), "R-NEEDS-CLOUD"),
        (THIRD, SCENE, ""),
        (THIRD, member(purchases=5), "R-NOT-NTH-PURCHASE"),
        (THIRD | {"every": True}, member(purchases=5), ""),
        (THIRD | {"every": True}, member(purchases=6), "R-NOT-NTH-PURCHASE"),
        (THIRD, member(purchases=None), "R-NEEDS-CLOUD"),
    ],
)  # fmt: skip
def test_who_buys(condition: dict[str, Any], scene: Scene, reason: str) -> None:
    assert judge(condition, scene) == reason


@pytest.mark.parametrize(("offline", "reason"), [("allow", ""), ("deny", "R-NEEDS-CLOUD")])
def test_an_old_count_of_purchases_is_trusted_as_declared(offline: str, reason: str) -> None:
    condition = {"is": "first_purchase", "offline": offline}
    assert judge(condition, replace(member(purchases=0), online=False)) == reason
    assert judge(condition, member(purchases=0)) == ""


# --- what -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "more"),
    [
        ({"base": "list", "amount": 9_000}, 0),
        ({"base": "list", "amount": 9_001}, 1),
        ({"base": "list", "amount": 9_000, "strict": True}, 1),
        ({"base": "list", "amount": 8_999, "strict": True}, 0),
        ({"base": "list", "amount": 3_000, "over": "target"}, 0),
        ({"base": "list", "amount": 3_001, "over": "target"}, 1),
        ({"base": "after_lines", "amount": 9_000}, 1_000),
        ({"base": "after_lines", "amount": 3_500, "over": "target"}, 500),
        ({"base": "payable", "amount": 9_000}, 600),
        ({"base": "payable", "amount": 3_000, "over": "target"}, 600),
    ],
)
def test_an_amount_is_measured_on_the_base_it_names(condition: dict[str, Any], more: int) -> None:
    running = BASKET.copy()
    running.take((Cut(1, (200, 200, 200)),))
    miss = missed({"is": "at_least", **condition}, SCENE, running)
    expected = {"amount": condition["amount"], "more": more}
    assert miss == (Miss("R-NEEDS-AMOUNT", expected) if more else None)


def has(ids: list[str], of: str = "products", count: int = 1, **more: Any) -> dict[str, Any]:
    return {"is": "has", "target": {"of": of, "ids": ids, **more}, "count": count}


@pytest.mark.parametrize(
    ("condition", "reason", "units"),
    [
        ({"is": "count_at_least", "count": 5}, "R-NEEDS-COUNT", 0),
        ({"is": "count_at_least", "count": 7}, "R-NEEDS-COUNT", 2),
        ({"is": "count_at_least", "count": 4, "over": "target"}, "R-NEEDS-COUNT", 1),
        (has(["cake"]), "R-NEEDS-GOODS", 0),
        (has(["bread"], count=4), "R-NEEDS-GOODS", 1),
        (has(["bakery", "fruit"], "categories", count=4), "R-NEEDS-GOODS", 0),
        (has(["drinks"], "categories"), "R-NEEDS-GOODS", 1),
        (has(["sweets"], "categories", without_products=["cake"]), "R-NEEDS-GOODS", 1),
    ],
)  # fmt: skip
def test_goods_are_counted_in_units(condition: dict[str, Any], reason: str, units: int) -> None:
    miss = missed(condition)
    assert (miss.reason, miss.params["units"]) == (reason, units) if miss else not units


# --- where ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"is": "terminal", "kinds": ["pc_pos"]}, ""),
        ({"is": "terminal", "kinds": ["handheld"]}, "R-NOT-ON-THIS-TERMINAL"),
        ({"is": "store", "any_of": ["corner", "mall"]}, ""),
        ({"is": "store", "any_of": ["mall"]}, "R-NOT-IN-THIS-STORE"),
        ({"is": "region", "any_of": ["north"]}, ""),
        ({"is": "region", "any_of": ["south"]}, "R-NOT-IN-THIS-REGION"),
        ({"is": "channel", "any_of": ["till", "pickup"]}, ""),
        ({"is": "channel", "any_of": ["delivery"]}, "R-NOT-ON-THIS-CHANNEL"),
    ],
)
def test_where_it_is_sold(condition: dict[str, Any], reason: str) -> None:
    assert judge(condition) == reason


# --- all, any, not --------------------------------------------------------------------------------

GOLD = {"is": "tier", "any_of": ["gold"]}
SILVER = {"is": "tier", "any_of": ["silver"]}
POOR = {"is": "at_least", "amount": 10_000, "base": "list"}
ELSEWHERE = {"is": "store", "any_of": ["mall"]}


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"is": "all", "of": [GOLD, {"is": "member"}]}, ""),
        ({"is": "all", "of": [GOLD, ELSEWHERE, POOR]}, "R-NEEDS-AMOUNT"),
        ({"is": "any", "of": [ELSEWHERE, GOLD]}, ""),
        ({"is": "any", "of": [ELSEWHERE, SILVER]}, "R-NEEDS-TIER"),
        ({"is": "not", "of": SILVER}, ""),
        ({"is": "not", "of": GOLD}, "R-NOT-NOW"),
        ({"is": "not", "of": {"is": "not", "of": GOLD}}, ""),
        ({"is": "any", "of": [{"is": "all", "of": [GOLD, ELSEWHERE]}, POOR]}, "R-NEEDS-AMOUNT"),
    ],
)
def test_conditions_are_made_of_conditions(condition: dict[str, Any], reason: str) -> None:
    assert judge(condition) == reason


def test_not_says_why_in_the_merchants_own_words() -> None:
    condition = {
        "is": "not",
        "of": GOLD,
        "because_zh": "金卡另有优惠",
        "because_en": "not for gold",
    }
    assert missed(condition) == Miss("R-NOT-NOW", {"zh": "金卡另有优惠", "en": "not for gold"})


FIRST = {"is": "first_purchase"}
LEAVES = st.sampled_from([GOLD, SILVER, POOR, ELSEWHERE, {"is": "member"}, {"is": "adult"}, FIRST])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda kind, parts: {"is": kind, "of": parts},
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        inner.map(lambda part: {"is": "not", "of": part}),
    ),
    max_leaves=8,
)


def truth(tree: dict[str, Any]) -> bool | None:
    """Return whether a condition holds, None if only the cloud can tell: Kleene's logic."""
    match tree["is"]:
        case "all":
            parts = [truth(part) for part in tree["of"]]
            return False if False in parts else None if None in parts else True
        case "any":
            parts = [truth(part) for part in tree["of"]]
            return True if True in parts else None if None in parts else False
        case "not":
            part = truth(tree["of"])
            return None if part is None else not part
        case "first_purchase":
            return None
        case _:
            return tree in (GOLD, {"is": "member"})


@given(TREES)
def test_all_any_and_not_are_the_logic_they_say(tree: dict[str, Any]) -> None:
    holds = truth(tree)
    assert (judge(tree, member(purchases=None)) == "") == (holds is True)


def test_not_is_unsure_of_what_nobody_here_knows() -> None:
    nobody_knows = member(purchases=None)
    assert judge({"is": "not", "of": FIRST}, nobody_knows) == "R-NEEDS-CLOUD"
    assert judge({"is": "not", "of": {"is": "all", "of": [FIRST, SILVER]}}, nobody_knows) == ""
    assert judge({"is": "not", "of": FIRST}, SCENE) == ""


# --- what all have in common ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "static"),
    [
        ({"is": "member"}, True),
        ({"is": "count_at_least", "count": 1}, True),
        ({"is": "at_least", "amount": 1, "base": "list"}, True),
        ({"is": "at_least", "amount": 1, "base": "payable"}, False),
        ({"is": "any", "of": [{"is": "member"}, {"is": "at_least", "amount": 1}]}, False),
        ({"is": "not", "of": {"is": "all", "of": [{"is": "member"}]}}, True),
    ],
)
def test_a_condition_knows_whether_it_looks_at_prices(
    condition: dict[str, Any], static: bool
) -> None:
    assert msgspec.convert(condition, AnyCondition).static is static


def test_the_nearest_miss_is_the_one_that_is_mended_most_easily() -> None:
    far, near = Miss("R-NOT-IN-THIS-STORE"), Miss("R-NEEDS-MEMBER")
    little, much = (Miss("R-NEEDS-AMOUNT", {"more": more}) for more in (1, 2))
    assert nearest([far, near]) == near
    assert nearest([far, much, near, little]) == little


def test_every_reason_has_its_place_and_its_sentences() -> None:
    assert len(set(NEAREST_FIRST)) == len(NEAREST_FIRST)
    assert set(NEAREST_FIRST) <= TEXTS.keys()


def test_every_condition_is_in_the_union_once() -> None:
    kinds = get_args(AnyCondition)
    assert len({kind.__struct_config__.tag for kind in kinds}) == len(kinds) == 24
