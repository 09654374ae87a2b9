"""The bundles that are there to be copied: right, complete, and no rule in them is idle.

Each is shopped in for a week, by luck with a seed: by members and guests of all sorts, who read
the promotion sheet, at all hours, with the coupons they have.
"""

import json
import random
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from click.testing import CliRunner

from cloud_bridge.bundle import canonical
from cloud_bridge.bundle import check as check_signed
from edge.commands import bundle as bundle_command
from edge.commands import price as price_command
from edge.shop.bundle import AnyRule, Bundle, BundleError, decode
from edge.shop.bundle.programme import Programme
from edge.shop.receipt import columns
from edge.shop.rules.conditions import AnyCondition
from simulators import bundles
from simulators.cloud import CloudTwin
from simulators.keys import make_key
from tests.sample_week import WEEK, Guests, document, goods, parts

NAMES = bundles.names()
HOME = Path(bundles.__file__).parent
NOON = 1_798_430_400_000
"""Noon of the first day of the week, in milliseconds since 1970-01-01 UTC."""
EARNING = {"points_earn", "points_multiplier"}

each_bundle = pytest.mark.parametrize("name", NAMES)


# --- they are right -------------------------------------------------------------------------------


def test_five_trades_are_shown() -> None:
    assert NAMES == ("alliance", "bakery", "hotel", "salon", "supermarket")
    assert 60 <= len(document("supermarket")["rules"]) <= 100


@pytest.mark.parametrize("read", [bundles.load, bundles.products])
@pytest.mark.parametrize("name", ["", "products", "../bundles/salon", "salon.json"])
def test_no_other_name_leads_anywhere(read: Any, name: str) -> None:
    with pytest.raises(KeyError):
        read(name)


@each_bundle
def test_it_is_good_and_nothing_is_odd_about_it(name: str) -> None:
    path = str(HOME / f"{name}.json")
    checked = CliRunner().invoke(bundle_command, ["check", path])
    assert checked.exit_code == 0, checked.output
    said = [rule for part in sections(name, "en") for rule in part["rules"]]
    assert [rule for rule in said if rule["warns"]] == []
    assert {rule["id"] for rule in document(name)["rules"]} <= {rule["rule"] for rule in said}


@each_bundle
def test_every_name_is_told_in_both_languages(name: str) -> None:
    both = [part for part in parts(document(name)) if "name_zh" in part and "name_en" in part]
    assert both
    for part in both:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in part["name_zh"]), part["name_zh"]
        assert part["name_en"].isascii(), part["name_en"]


@each_bundle
def test_what_is_printed_on_receipts_fits_a_row(name: str) -> None:
    """A narrow receipt is 32 columns wide, and what was taken off is indented by 2."""
    for part in [*document(name)["rules"], *json.loads(bundles.products(name))]:
        assert max(columns(part["name_zh"]), columns(part["name_en"])) <= 30, part["id"]


@each_bundle
def test_signed_it_is_the_same_bundle(name: str) -> None:
    raw, key = bundles.load(name), make_key("cloud-1", random.Random(5))
    twin = CloudTwin(key)
    signed = twin.publish_bundle(document(name))
    made = document(name)
    checked = check_signed(signed, {key.id: key.public_key}, made["store"], 0, NOON)
    assert checked.body == canonical(made)
    assert decode(checked.body) == decode(raw)
    twin.close()


@each_bundle
def test_what_a_box_writes_of_it_reads_the_same(name: str) -> None:
    rules = decode(bundles.load(name))
    written = canonical(msgspec.to_builtins(rules))
    assert decode(written) == rules
    assert canonical(msgspec.to_builtins(decode(written))) == written


@each_bundle
def test_goods_and_rules_know_each_other(name: str) -> None:
    made, shelf = document(name), goods(name)
    assert {one.tax_class for one in shelf.values()} <= set(made["tax"])
    products: set[str] = set()
    categories: set[str] = set()
    for part in parts(made):
        products.update(part.get("without_products", ()), part.get("products", ()))
        products.update([part["product"]] if part.get("product") else [])
        categories.update(part.get("without_categories", ()))
        if "ids" in part:
            (products if part["of"] == "products" else categories).update(part["ids"])
    assert products <= set(shelf)
    assert categories <= {one.category for one in shelf.values()}


def test_a_notice_about_a_rule_that_is_not_there_is_found() -> None:
    raw = bundles.load("supermarket").replace(b'"rule": "gift-bag"', b'"rule": "gift-bga"')
    with pytest.raises(BundleError, match=r"when\.rule: no rule is called .* mean gift-bag\?"):
        decode(raw)


def test_a_field_in_the_wrong_place_is_not_suggested_there_again() -> None:
    raw = bundles.load("bakery").replace(b'"exchange": {', b'"name_zh": "x", "exchange": {')
    with pytest.raises(BundleError, match="unknown field `name_zh`") as error:
        decode(raw)
    assert error.value.suggestion != "name_zh"


def test_a_field_without_a_name_is_found() -> None:
    raw = bundles.load("bakery").replace(b'"exchange": {', b'"": 1, "exchange": {')
    with pytest.raises(BundleError, match="unknown field ``"):
        decode(raw)


# --- they read well -------------------------------------------------------------------------------

READ = [
    ("alliance", "film-books", "单价 CNY 29.90", "at a unit price of CNY 29.90"),
    ("alliance", "popcorn", "发放后 60 天内有效；可转赠", "valid for 60 days after it is given;"),
    ("bakery", "cake-delivery", "购有 品类 cake 时", "where category cake is bought"),
    (
        "bakery",
        "evening",
        "每件只取对顾客最优惠的一项",
        "only the best for the guest counts for each",
    ),
    ("hotel", "breakfast-for-two", "2 件单价 CNY 48.00", "for CNY 48.00 each"),
    ("hotel", "spa-two", "同款每第 2 件", "2nd unit of the same product of category spa"),
    (
        "hotel",
        "sunday-night",
        "只取优惠最少的一项",
        "of group long-stay-or-day only the least counts",
    ),
    ("salon", "pay-with-points", "200 分起", "from 200 points on"),
    ("salon", "stored-value", "满 CNY 500.00 送 CNY 50.00；", "CNY 500.00 gets CNY 50.00 on top;"),
    ("salon", "cut-15", "15 次 CNY 200.00，单次 CNY 20.00；", "15 uses for CNY 200.00, where one"),
    ("salon", "gold", "消费与充值满 CNY 1000.00 升级", "CNY 1000.00 spent or topped up in 12"),
    ("salon", "life", "1 年后的年底到期", "good until the end of the year, 1 later"),
    ("salon", "sales", "满 CNY 20000.00 35%", "from CNY 20000.00: 35%"),
    ("salon", "enrolments", "满 20 人 每笔 CNY 8.00", "from 20 people: CNY 8.00 each"),
    (
        "bakery",
        "enrolment",
        "，或 30 天内累计满 CNY 100.00；",
        "or receipts of CNY 100.00 in 30 days;",
    ),
    ("bakery", "referral", "推荐人得 100 积分", "who brought them gets 100 points"),
    ("bakery", "cake-card", "每满 CNY 200.00 送 CNY 20.00", "every CNY 200.00 gets CNY 20.00"),
    ("hotel", "gold", "消费满 CNY 15000.00 保级", "kept with CNY 15000.00 spent"),
    ("hotel", "gold", "每季度赠 500 积分、“早餐 10 次卡”2 次", "500 points and 2 uses of 10 br"),
    ("hotel", "gold-year", "即为金卡", "makes Gold"),
    ("hotel", "growth", "每月增值 0.2%；每期至多 500 分", "0.2% each month; at most 500 points"),
    ("hotel", "breakfasts-3", "3000 积分 加 CNY 20.00 换", "3000 points and CNY 20.00 for 3 uses"),
    ("alliance", "wheel", "电子书阅读器 1/1000，共 3 份", "An e-reader 1/1000, 3 in all"),
    ("alliance", "beans", "每 100 积分结算 CNY 0.90", "settles CNY 0.90 for 100 points"),
    ("supermarket", "bag-free", "2029-12-31 前（含）有效", "valid until 2029-12-31"),
    ("supermarket", "big-shop", "（合计）：满 CNY 380.00 减", "from CNY 380.00: CNY 45.00 off,"),
    ("supermarket", "ld-beer", "（每种商品分别计）：数量满 6 单价", "from 6: for CNY 6.20 each"),
    ("supermarket", "ld-snacks", "超过 CNY 60.00 的部分减 20%", "20% off what is above CNY 60.00"),
    ("supermarket", "ld-toilet-roll", "数量满 2 每件减 CNY 3.00", "from 2: CNY 3.00 off each"),
    ("supermarket", "ld-wine", "第 3 件起减 20%", "20% off from the 3rd on"),
    ("supermarket", "member-day", "每月8日、18日、28日", "member day (8, 18, 28 of the month)"),
    ("supermarket", "month-end", "每月最后一天", "the day of the month is the last"),
    ("supermarket", "points-oolong", "每买 1 件 积 5 分", "5 points for each 1 units"),
    ("supermarket", "points-visit", "每次消费积 10 分", "10 points for buying all goods"),
]


@pytest.mark.parametrize(("name", "rule", "zh", "en"), READ)
def test_a_merchant_reads_what_was_meant(name: str, rule: str, zh: str, en: str) -> None:
    for lang, words in (("zh", zh), ("en", en)):
        said = [row for part in sections(name, lang) for row in part["rules"]]
        assert any(words in row["says"] for row in said if row["rule"] == rule)


def test_stages_are_named_in_both_languages() -> None:
    zh, en = ([part["name"] for part in sections("bakery", lang)][:5] for lang in ("zh", "en"))
    assert zh == ["会员价", "单品优惠", "整单优惠", "优惠券", "附加费与积分"]
    assert en == [
        "member price",
        "line promotions",
        "order promotions",
        "coupons",
        "charges and points",
    ]


@cache
def sections(name: str, lang: str) -> list[dict[str, Any]]:
    asked = ["explain", str(HOME / f"{name}.json"), "--on", WEEK, "--lang", lang, "--json"]
    result = CliRunner().invoke(bundle_command, asked)
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.output)
    return found


# --- together they show everything ----------------------------------------------------------------


def test_every_kind_of_rule_occurs() -> None:
    kinds = {rule["kind"] for name in NAMES for rule in document(name)["rules"]}
    assert kinds == {kind.__struct_config__.tag for kind in get_args(AnyRule)}


def test_every_condition_occurs() -> None:
    tags = {str(part.get("is")) for name in NAMES for part in parts(document(name)["rules"])}
    assert {kind.__struct_config__.tag for kind in get_args(AnyCondition)} <= tags


def test_every_section_of_a_programme_occurs() -> None:
    sections = set(msgspec.structs.asdict(Programme()))
    assert {part for name in NAMES for part in document(name)["programme"]} == sections
    own = [decode(bundles.load(name)).programme for name in NAMES]
    for section in sections:
        standard = getattr(Programme(), section)
        assert any(getattr(programme, section) != standard for programme in own), section


def test_every_choice_of_a_bundle_occurs() -> None:
    fields = {field.name for field in msgspec.structs.fields(Bundle)} - {"combinations_max"}
    assert {field for name in NAMES for field in document(name)} == fields


# --- a week of shopping ---------------------------------------------------------------------------


def priced(name: str, rules: Path, week: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the answers of `edgebox price`."""
    asked = "\n".join(json.dumps(line) for line in week)
    products = str(HOME / "products" / f"{name}.json")
    result = CliRunner().invoke(
        price_command, ["--bundle", str(rules), "--products", products], input=asked
    )
    assert result.exit_code == 0, result.output
    answers = [json.loads(line) for line in result.output.splitlines()]
    wrong = [answer for answer in answers if "error" in answer]
    assert not wrong
    assert len(answers) == len(week)
    return answers


def acted(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield the rules that changed a bill: discounts, gifts, coupons given, points, charges."""
    yield from (note["rule"] for note in answer.get("applied", ()))
    yield from (line["product"] for line in answer["lines"] if line["kind"] == "charge")


@cache
def shopped(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what was asked in a week, and what was answered."""
    week = Guests(name).week()
    return week, priced(name, HOME / f"{name}.json", week)


@each_bundle
def test_every_rule_takes_effect_in_a_week(name: str, tmp_path: Path) -> None:
    """What earns points, or multiplies them, acts where the bill earns less without it."""
    rules = document(name)["rules"]
    week, answers = shopped(name)
    idle = {rule["id"] for rule in rules} - {rule for answer in answers for rule in acted(answer)}
    earning = {rule["id"] for rule in rules if rule["kind"] in EARNING}
    assert idle <= earning, f"never took effect: {sorted(idle - earning)}"
    week = [asked for asked in week if "member" in asked][::3]
    points = earned(priced(name, HOME / f"{name}.json", week))
    for rule in sorted(earning):
        fewer = tmp_path / f"{rule}.json"
        fewer.write_text(json.dumps(without(document(name), rule)))
        left = earned(priced(name, fewer, week))
        assert any(less < more for less, more in zip(left, points, strict=True)), rule


def earned(answers: list[dict[str, Any]]) -> list[int]:
    return [answer.get("points_earned", 0) for answer in answers]


def without(made: dict[str, Any], rule: str) -> dict[str, Any]:
    """Return a bundle without one of its earning rules; multipliers of it alone go as well."""
    kept = [one for one in made["rules"] if one["id"] != rule and one.get("rules") != [rule]]
    return made | {"rules": kept}


@each_bundle
def test_gifts_and_coupons_are_given(name: str) -> None:
    """What a rule promises to hand out is really on the shelf, and arrives."""
    _, answers = shopped(name)
    promised = {
        part["coupon"] for rule in document(name)["rules"] for part in rule.get("coupons", ())
    }
    assert promised == {kind for answer in answers for kind in answer.get("gives", ())}
    reasons = {note["reason"] for answer in answers for note in answer.get("not_applied", ())}
    assert "R-GIFT-UNKNOWN" not in reasons
