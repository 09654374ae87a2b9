"""A rule bundle says what it means, or is refused with the place and the word that was meant."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.shop.bundle import STAGES, BundleError, decode, read
from edge.shop.bundle.decode import BYTES_MAX, RULES_MAX

BUNDLES = Path(__file__).parent / "bundles"
NAMES = {"name_zh": "规则", "name_en": "Rule"}
GOOD: dict[str, Any] = {
    "kind": "percent_off", "id": "r", "stage": 3, "basis_points": 100, **NAMES
}  # fmt: skip
EARN: dict[str, Any] = {"kind": "points_earn", "id": "e", "points": 1, "per": 1, **NAMES}
COUPON: dict[str, Any] = {
    "kind": "coupon", "id": "ten-off", "stage": 5, "get": {"is": "amount", "amount": 1_000}, **NAMES
}  # fmt: skip
SPEND: dict[str, Any] = {"kind": "spend_threshold", "id": "s", "stage": 4, "amount": 1, **NAMES}


PLAN = {
    "id": "cuts", "uses": 15, "price": 20_000, "list_price": 2_000, "products": ["cut"], **NAMES
}  # fmt: skip
CARD = {"id": "blue", "face": 10_000, "price": 10_000, "tier": "gold", **NAMES}
OFFER = {"id": "o", "steps": [{"at_least": 100_000, "bonus": 10_000}], **NAMES}
NIGHT = {"is": "daypart", "from": "22:00", "until": "02:00"}
SHARED = [{"party": "hq", "share": 3_333}, {"party": "partner", "share": 6_667}]
LIMITS = [{"max": 1, "of": "amount", "per": "unit"}, {"max": 2, "of": "uses", "per": "day"}]


def bundle(rules: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    good: dict[str, Any] = msgspec.json.decode((BUNDLES / "good.json").read_bytes())
    return good | ({"rules": rules} if rules else {}) | more


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"is": "member"}
    for _ in range(depth - 1):
        inner = {"is": "not", "of": inner}
    return inner


def wrong() -> list[Any]:
    """Return the wrong bundles: what each puts over the good one, and the place to be named."""
    cases = (BUNDLES / "wrong.txt").read_text().split("\n# ")[1:]
    return [pytest.param(*lines[1:3], id=lines[0]) for lines in map(str.splitlines, cases)]


@pytest.mark.parametrize(("fragment", "place"), wrong())
def test_a_wrong_bundle_is_refused_with_its_place(fragment: str, place: str) -> None:
    path, _, suggestion = place.partition(" -> ")
    with pytest.raises(BundleError) as caught:
        decode(msgspec.json.encode(bundle(**msgspec.json.decode(fragment))))
    assert (caught.value.path, caught.value.suggestion) == (path, suggestion)
    assert str(caught.value).startswith(f"{path}: ")
    assert ("did you mean" in str(caught.value)) == bool(suggestion)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'{"format":"\xff"}', b"null", b"7", b"[" * 100_000]
)
def test_junk_is_no_bundle(raw: bytes) -> None:
    with pytest.raises(BundleError):
        decode(raw)


def test_a_bundle_is_bounded() -> None:
    assert "bytes" in read(b" " * (BYTES_MAX + 1))[1][0].what
    head, tail = msgspec.json.encode(bundle([GOOD])).split(msgspec.json.encode(GOOD))
    rules = b",".join([msgspec.json.encode(GOOD)] * (RULES_MAX + 1))
    assert [finding.path for finding in read(head + rules + tail)[1]] == ["$.rules"]


def test_all_that_is_wrong_is_said_at_once() -> None:
    document = bundle(
        [
            GOOD | {"stage": 9, "group": "nobody", "limits": [{"max": 1, "per": "unit"}]},
            GOOD | {"when": [{"is": "tier", "any_of": ["lead", "tin"]}]},
        ],
        valid_until=0,
    )
    paths = [finding.path for finding in read(msgspec.json.encode(document))[1]]
    assert paths == [
        "$.valid_until", "$.rules[1].id", "$.rules[0].stage", "$.rules[0].group",
        "$.rules[0].limits[0].per", "$.rules[1].when[0].any_of", "$.rules[1].when[0].any_of",
    ]  # fmt: skip


def test_every_rule_of_a_wrong_shape_is_named() -> None:
    document = bundle(
        [GOOD | {"kind": "percentof"}, GOOD, GOOD | {"stage": "3"}],
        currency="yuan",
        groups=[{"id": "a", "mode": "frist"}],
    )
    found, findings = read(msgspec.json.encode(document))
    assert found is None
    assert [(finding.path, finding.suggestion) for finding in findings] == [
        ("$.currency", ""), ("$.groups[0].mode", "first"), ("$.rules[0].kind", "percent_off"),
        ("$.rules[2].stage", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        bundle([GOOD, EARN]),
        bundle([GOOD | {"when": [nested(8), NIGHT]}]),
        bundle([GOOD | {"funding": SHARED, "limits": LIMITS}]),
        bundle([COUPON, SPEND | {"coupons": [{"coupon": "ten-off"}]}]),
        bundle([GOOD | {"group": "first"}, GOOD | {"id": "q", "stage": 4, "group": "first"}]),
        bundle(programme={"plans": [PLAN], "card_products": [CARD], "top_up": {"offers": [OFFER]}}),
    ],
)
def test_a_good_bundle_survives_its_own_encoding(document: dict[str, Any]) -> None:
    good = decode(msgspec.json.encode(document))
    assert decode(msgspec.json.encode(good)) == good


def test_a_bundle_that_declares_no_stages_has_the_usual_ones() -> None:
    assert decode(msgspec.json.encode(bundle())).stages == STAGES
    assert [stage.number for stage in STAGES] == [2, 3, 4, 5, 6]
