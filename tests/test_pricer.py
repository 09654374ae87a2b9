"""The engine against a second pricer: 5,000 random bills, and bugs planted to be found.

The second pricer's own numbers come first, from what an accountant would work out by hand.
"""

import ast
import importlib.util
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from edge.shop.bundle import Bundle
from tests import pricer
from tests.pricer import against
from tests.pricer.__main__ import main
from tests.pricer.against import disagreement
from tests.pricer.arithmetic import rounded, split
from tests.pricer.goods import Data
from tests.pricer.planted import PLANTED, Planted
from tests.pricer.searching import Disagreement, compare
from tests.pricer_draws import basket_and_bundle

CASES = 5_000


# --- the second pricer by itself ------------------------------------------------------------------


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def closure(module: str) -> set[str]:
    """Return all modules outside the standard library that a module leads to."""
    seen, queue = set[str](), [module]
    while queue:
        name = queue.pop()
        if name in seen or importlib.util.find_spec(name.partition(".")[0]) is None:
            continue
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            continue
        if spec is None or spec.origin is None or not name.startswith(("tests", "edge")):
            continue
        seen.add(name)
        queue += imported(Path(spec.origin))
    return seen


def test_it_shares_no_code_with_the_product() -> None:
    modules = closure("tests.pricer.bill") | closure("tests.pricer")
    assert {name for name in modules if not name.startswith("tests.pricer")} == set()
    assert {"tests.pricer.way", "tests.pricer.following", "tests.pricer.sets"} <= modules
    assert "edge.shop.pricing" in imported(Path(against.__file__))


def quote(rules: list[Data], *lines: tuple[str, int, str], **more: Any) -> Data:
    """Return what the second pricer says about (product, price, quantity); tax is none."""
    document: Data = {"store": "s", "tax": {"none": 0}, "rules": rules} | more
    goods = [
        {
            "product": {"id": name, "category": name[0], "price": each, "tax_class": "none"},
            "quantity": quantity, "unit_price": each,
        }
        for name, each, quantity in lines
    ]  # fmt: skip
    context = {
        "date": "2026-11-22", "weekday": 7, "minute": 600, "terminal_kind": "pc_pos",
        "online": True, "coupons": [], "redeem": 0, "redeemable": 0, "partners": {},
    } | more.get("context", {})  # fmt: skip
    return pricer.price(document, {"lines": goods, "member": {"id": "m"}}, context)


def rule(kind: str, **more: Any) -> Data:
    return {"kind": kind, "id": "r", "stage": 3} | more


@pytest.mark.parametrize(
    ("buy", "get", "units", "free"),
    [(2, 1, 3, 1), (2, 1, 8, 2), (2, 1, 9, 3), (2, 3, 5, 3), (2, 3, 6, 3), (2, 3, 10, 6)],
)
def test_buy_n_get_m(buy: int, get: int, units: int, free: int) -> None:
    made = quote([rule("buy_n_get_m", buy=buy, get=get)], ("a", 100, str(units)))
    assert made["total"] == (units - free) * 100


def test_ten_sweets() -> None:
    made = quote(
        [rule("amount_off", amount=5, per="order")], *[(f"s{i}", 10, "1") for i in range(10)]
    )
    assert [line["net"] for line in made["lines"]] == [9] * 5 + [10] * 5


def test_a_birthday_at_the_bakery() -> None:
    rules = [
        rule("coupon", id="ten-off", stage=5, get={"is": "amount", "amount": 1_000}),
        rule("points_earn", id="earn", points=1, per=100),
        rule("points_multiplier", id="double", factor=20_000),
    ]
    shown = {"coupons": [{"id": "C", "type": "ten-off"}]}
    made = quote(rules, ("cake", 8_880, "1"), ("bread", 665, "3"), context=shown)
    assert [line["adjustments"][0][3] for line in made["lines"]] == [[817], [61, 61, 61]]
    assert made["total"] == 9_875
    assert [line["points"] for line in made["lines"]] == [[161], [12, 12, 12]]


def test_the_best_of_a_group_is_judged_on_the_final_total() -> None:
    rules = [
        rule("amount_off", id="a-more-alone", group="g", amount=600, per="order"),
        rule("amount_off", id="b-less-alone", group="g", amount=500, per="order"),
        rule(
            "amount_off", id="c-then", stage=4, amount=200, per="order",
            when=[{"is": "at_least", "amount": 2_500}],
        ),
    ]  # fmt: skip
    made = quote(rules, ("a", 3_000, "1"), groups=[{"id": "g", "mode": "best_for_guest"}])
    assert [name for name, _ in made["applied"]] == ["b-less-alone", "c-then"]
    assert made["total"] == 2_300


@pytest.mark.parametrize(
    ("mode", "half", "less"), [("half_up", 3, -3), ("half_even", 2, -2), ("down", 2, -2)]
)
def test_rounding(mode: str, half: int, less: int) -> None:
    assert (rounded(Fraction(5, 2), mode), rounded(Fraction(-5, 2), mode)) == (half, less)


def test_the_odd_cent() -> None:
    assert split(5, [3, 3, 3]) == [2, 2, 1]
    assert split(5, [1, 3, 5], "largest_remainder") == [0, 2, 3]
    assert split(5, [3, 3, 3], "first") == [2, 2, 1]
    assert split(5, [3, 3, 3], "last") == [1, 1, 3]


# --- the two together -----------------------------------------------------------------------------


def test_they_agree_on_thousands_of_random_bills() -> None:
    for seed in range(CASES):
        compare(seed)


def test_a_sale_takes_no_more_coupons_than_it_may_where_units_are_shared_out() -> None:
    named = {"name_zh": "n", "name_en": "n"}
    document, _, context = basket_and_bundle(0)
    coupons = [
        {
            "kind": "coupon", "id": f"r{share}", "stage": 3, "group": "g", "per": "unit",
            "get": {"is": "percent", "basis_points": share},
            "target": {"of": "products", "ids": [product]}, **named,
        }
        for share, product in ((1_000, "a"), (2_000, "b"))
    ]  # fmt: skip
    document |= {
        "groups": [{"id": "g", "mode": "best_for_guest", "scope": "unit"}],
        "rules": coupons, "coupons": {"max": 1},
    }  # fmt: skip
    basket = {
        "member": None,
        "lines": [
            {
                "product": {"id": name, "price": 100, "tax_class": "food", **named},
                "code": name, "quantity": "1", "unit_price": 100,
            }
            for name in "ab"
        ],
    }  # fmt: skip
    context |= {"coupons": [{"id": "A", "type": "r1000"}, {"id": "B", "type": "r2000"}]}
    assert disagreement((document, basket, context)) == []
    judged = against.engines(document, basket, context)["coupons"]
    assert judged == [("A", "R-APPLIED"), ("B", "R-COUPON-MAX")]


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.what.replace(" ", "-"))
def test_a_planted_bug_is_found(bug: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    bug.plant(monkeypatch)
    assert any(disagreement(basket_and_bundle(seed)) for seed in range(bug.within))


def test_a_disagreement_is_told_by_its_seed_and_its_smallest_case(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bug = next(bug for bug in PLANTED if "list prices" in bug.what)
    bug.plant(monkeypatch)
    assert main(["--count", "200", "--seed", "7"]) == 1
    told = capsys.readouterr().out
    seed = int(told.partition("seed ")[2].partition(":")[0])
    with pytest.raises(Disagreement, match=f"seed {seed}:"):
        compare(seed)
    assert told.count("\n  line ") == 1
    assert told.count("\n  rule ") == 1
    assert ".tax" in told


def test_a_search_goes_on_where_another_one_ended(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--count", "3", "--seed", "40"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out) == {"held": True, "next_seed": 43}
    assert main(["--minutes", "0"]) == 0
    assert capsys.readouterr().out == ""


# --- what is drawn --------------------------------------------------------------------------------

NOT_ABOUT_PRICES = {"cash_rounding", "change_max", "programme", "gtins"}


def possible() -> set[tuple[str, str, object]]:
    """Return (tag, field, value) of all a bundle may say: literals, truths, and other fields."""
    told, queue, seen = set[tuple[str, str, object]](), [inspect.type_info(Bundle)], set[type]()
    while queue:
        match queue.pop():
            case inspect.StructType(cls=cls, tag=tag, fields=fields) if cls not in seen:
                seen.add(cls)
                for field in fields:
                    if field.encode_name not in NOT_ABOUT_PRICES:
                        queue.append(field.type)
                        name = str(tag) if tag else cls.__name__
                        told |= {(name, field.encode_name, v) for v in values(field.type)}
            case inspect.UnionType(types=types):
                queue += types
            case inspect.VarTupleType(item_type=item):
                queue.append(item)
            case _:
                pass
    return told


def values(kind: inspect.Type) -> list[object]:
    match kind:
        case inspect.LiteralType(values=literals):
            return list(literals)
        case inspect.BoolType():
            return [True, False]
        case _:
            return ["is said"]


def said(document: Data) -> Iterator[tuple[str, str, object]]:
    """Yield (tag, field, value) of all that a bundle says, defaults included."""
    yield from _said(msgspec.convert(document, Bundle))


fields_of = cache(msgspec.structs.fields)


def _said(made: msgspec.Struct) -> Iterator[tuple[str, str, object]]:
    name = str(made.__struct_config__.tag or type(made).__name__)
    for field in fields_of(type(made)):
        value = getattr(made, field.name)
        yield name, field.encode_name, value if isinstance(value, (str, bool)) else None
        if value != field.default:
            yield name, field.encode_name, "is said"
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, msgspec.Struct) and field.encode_name not in NOT_ABOUT_PRICES:
                yield from _said(part)


def test_every_field_and_every_choice_of_a_bundle_is_drawn() -> None:
    missing = possible()
    for seed in range(CASES):
        missing -= set(said(basket_and_bundle(seed)[0]))
        if not missing:
            return
    assert sorted(map(str, missing)) == []


OUTCOMES = [
    "percent_off", "amount_off", "fixed_price", "member_price", "buy_n_get_m", "every_nth",
    "set_price", "ladder", "spend_threshold", "coupon", "points_redeem", "goods", "gift",
    "charge", "points", "gives", "uses", "final_total", "own_saving", "R-APPLIED",
    "R-COUPON-MAX", "R-COUPON-REPEATED", "R-COUPON-UNKNOWN", "R-COUPON-USED",
    "R-COUPON-WORSE", "R-EXCLUDED-BY-GROUP", "R-EXCLUDED-BY-RULE", "R-LIMIT-REACHED",
    "R-NEEDS-AMOUNT", "R-NEEDS-CLOUD", "R-NEEDS-GOODS", "R-NOTHING-LEFT",
]  # fmt: skip


def test_every_kind_takes_effect_and_everything_else_happens() -> None:
    happened: Counter[str] = Counter()
    for seed in range(CASES):
        document, basket, context = basket_and_bundle(seed)
        kinds = {each["id"]: each["kind"] for each in document["rules"]}
        made = pricer.price(document, basket, context)
        happened.update(kinds[name] for name, _ in made["applied"])
        happened.update(line["kind"] for line in made["lines"])
        happened.update(reason for _, reason in made["coupons"])
        happened[made["best"]] += 1
        happened["points"] += made["points"] > 0
        happened["gives"] += len(made["gives"])
        happened["uses"] += len(made["uses"])
        if all(happened[name] >= 3 for name in OUTCOMES):
            return
    assert {name: happened[name] for name in OUTCOMES if happened[name] < 3} == {}
