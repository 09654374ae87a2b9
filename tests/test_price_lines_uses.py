"""`edgebox price`: what count cards pay for, with money beside them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.price_lines import schema
from tests.price_kit import NOW, TEA, TENTH, answer, asked, rules, run

GOLDEN = Path(__file__).parent / "receipts" / "price_by_uses.json"
TEAS = {
    "id": "teas", "name_zh": "茶卡", "name_en": "Teas", "uses": 10, "price": 3_000,
    "list_price": 500, "products": ["tea"],
}  # fmt: skip
CARD = {"id": "K1", "plan": "teas", "uses": 4}
MUG = {"id": "mug", "price": 1_500, "tax_class": "food"}
EARN = {"kind": "points_earn", "id": "earn", "points": 1, "per": 100}
APPLES = {"id": "tea", "price": 500, "tax_class": "food", "unit": "kg"}


def by(*some: dict[str, Any], **plan: Any) -> dict[str, Any]:
    return rules(*some, programme={"plans": [TEAS | plan]})


def wish(**more: Any) -> dict[str, Any]:
    basket = [{"product": TEA, "quantity": "3"}, {"product": MUG}]
    member = {"id": "m", "count_cards": [CARD]}
    return {"basket": basket, "now": NOW, "member": member, "uses": [{"line": 0, "uses": 2}]} | more


def test_uses_pay_for_units_and_money_for_the_rest() -> None:
    said = answer(wish(), by(TENTH, EARN))
    assert (said["total"], said["due"], "settled" in said) == (2_700, 1_800, False)
    assert said["paid_by_uses"] == [
        {"line": 0, "count_card": "K1", "plan": "teas", "units": [0, 1], "values": [300, 300],
         "amount": 900, "left": 2}
    ]  # fmt: skip
    plain = answer(wish(uses=[]), by(TENTH, EARN))
    assert plain.keys().isdisjoint({"due", "paid_by_uses"})
    assert plain["quote"] == said["quote"], "a tender changes no price"
    assert (plain["points_earned"], said["points_earned"]) == (27, 18)
    assert sum(tax["net"] + tax["tax"] for tax in said["tax"]) == 2_400, "by what uses are worth"


def test_tenders_pay_what_uses_leave() -> None:
    said = answer(wish(tenders=[{"kind": "card", "amount": 500}, {"kind": "cash"}]), by())
    assert said["settled"] == {
        "tenders": [{"kind": "uses", "amount": 1_000}, {"kind": "card", "amount": 500},
                    {"kind": "cash", "amount": 1_500}],
        "handed": 3_000, "change": 0, "rounding": 0,
    }  # fmt: skip
    over = answer(wish(tenders=[{"kind": "card", "amount": 2_001}]), by())
    assert (over["error"], over["path"]) == ("E-TENDER-OVER", "$.tenders")


def test_uses_may_pay_for_all_of_it() -> None:
    said = answer(wish(basket=[{"product": TEA, "quantity": "2"}]), by())
    assert (said["due"], said["settled"]["tenders"]) == (0, [{"kind": "uses", "amount": 1_000}])


def test_what_uses_are_worth_may_be_said_and_earns_as_its_plan_says() -> None:
    worth = {"id": "m", "count_cards": [CARD | {"worth": 1_001}]}
    said = answer(wish(member=worth), by(EARN, earns=True))
    assert said["paid_by_uses"][0]["values"] == [251, 250]
    assert said["points_earned"] == 20 + 5, "two units of 2.50 beside 20.00 of money"


def test_coupons_points_and_uses_in_one_basket() -> None:
    coupon = {"kind": "coupon", "id": "c", "stage": 5, "get": {"is": "amount", "amount": 300}}
    redeem = {"kind": "points_redeem", "id": "r", "points": 1, "amount": 1}
    member = {"id": "m", "points": 270, "count_cards": [CARD]}
    said = answer(
        wish(member=member, coupons=[{"id": "1", "type": "c"}], redeem="max"), by(coupon, redeem)
    )
    (used,) = said["paid_by_uses"]
    nets = said["lines"][0]["unit_nets"]
    assert used["amount"] == sum(nets[unit] for unit in used["units"])
    assert said["due"] == said["total"] - used["amount"] == 3_000 - 300 - 270 - used["amount"]


@pytest.mark.parametrize(
    ("more", "code", "path"),
    [
        ({"uses": [{"line": 0, "uses": 4}]}, "E-USES-OVER", "$.uses"),
        ({"uses": [{"line": 1}]}, "E-COUNTS-SHORT", "$.uses"),
        ({"uses": [{"line": 2}]}, "E-NO-LINE", "$.uses"),
        ({"uses": [{"line": 0, "count_card": "K2"}]}, "E-COUNTS-SHORT", "$.uses"),
        ({"basket": [{"product": APPLES, "quantity": "1.5"}], "uses": [{"line": 0}]},
         "E-USES-OVER", "$.uses"),
        ({"member": None}, "E-NO-MEMBER", "$.uses"),
        ({"member": {"id": "m", "count_cards": [CARD | {"expires": "2026-11-21"}]}},
         "E-COUNTS-SHORT", "$.uses"),
        ({"member": {"id": "m", "count_cards": [CARD, CARD]}}, "E-MALFORMED",
         "$.member.count_cards"),
        ({"member": {"id": "m", "count_cards": [CARD | {"expires": "soon"}]}}, "E-MALFORMED",
         "$.member.count_cards[0].expires"),
        ({"uses": [{"line": -1}]}, "E-MALFORMED", "$.uses[0].line"),
        ({"uses": [{"line": 0, "card": "K1"}]}, "E-UNKNOWN-FIELD", "$.uses[0]"),
    ],
)  # fmt: skip
def test_what_cannot_be_paid_by_uses(more: dict[str, Any], code: str, path: str) -> None:
    said = answer(wish(**more), by())
    assert (said["error"], said["path"]) == (code, path)


def test_a_card_of_a_plan_that_nobody_knows_pays_nothing_and_is_doubted() -> None:
    member = {"id": "m", "count_cards": [CARD | {"plan": "tea"}]}
    said = answer(wish(member=member, uses=[]), by())
    assert said["doubts"] == [
        {"path": "$.member.count_cards", "what": "the bundle has no plan tea of count cards",
         "suggestion": "teas"}
    ]  # fmt: skip
    assert answer(wish(member=member), by())["error"] == "E-COUNTS-SHORT"


def test_the_whole_answer_stays_as_it_is(tmp_path: Path) -> None:
    bundle = tmp_path / "rules.json"
    bundle.write_bytes(msgspec.json.encode(by(TENTH, EARN)))
    done = run("--bundle", bundle, given=msgspec.json.encode(wish(tenders=[{"kind": "cash"}])))
    assert done.exit_code == 0, done.output
    assert msgspec.json.format(done.output.encode(), indent=1) == GOLDEN.read_bytes().rstrip()


def test_the_schema_says_what_uses_are() -> None:
    said = schema()["$defs"]
    assert {"AskedUses", "AskedCountCard", "AnsweredUses"} <= said.keys()
    assert answer(asked(uses=[]))["total"] == 450
