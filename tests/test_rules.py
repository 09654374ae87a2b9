"""A rule bundle says what it means, or is refused with the place and the word that was meant."""

from typing import Any

import msgspec
import pytest

from edge.shop.rules import STAGES, BundleError, decode

NAMES = {"name_zh": "规则", "name_en": "Rule"}
GOOD: dict[str, Any] = {
    "kind": "percent_off", "id": "r", "stage": 3, "basis_points": 100, **NAMES
}  # fmt: skip
EARN: dict[str, Any] = {"kind": "points_earn", "id": "e", "points": 1, "per": 1, **NAMES}


def group(name: str, mode: str = "all", within: str = "") -> dict[str, str]:
    return {"id": name, "mode": mode, "within": within}


def dates(start: str, until: str) -> dict[str, Any]:
    return {"when": [{"is": "dates", "from": start, "until": until}]}


def bundle(rules: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "format": "edgebox.bundle.v1", "version": 1, "store": "corner", "currency": "CNY",
        "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0, "valid_until": 1,
        "tax": {"food": 900}, "tiers": [{"id": "gold", **NAMES}],
        "groups": [group("first", "first"), group("guest"), group("shop", within="guest")],
        "rules": rules or [],
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("document", "path", "suggestion"),
    [
        (bundle(versoin=1), "$", "version"),
        (bundle([GOOD | {"basispoints": 5}]), "$.rules[0]", "basis_points"),
        (bundle([GOOD | {"kind": "percentoff"}]), "$.rules[0].kind", "percent_off"),
        (bundle([GOOD | {"per": "orders"}]), "$.rules[0].per", "order"),
        (bundle([GOOD | {"basis_points": 10_001}]), "$.rules[0].basis_points", ""),
        (bundle([GOOD | {"basis_points": 0.5}]), "$.rules[0].basis_points", ""),
        (bundle([GOOD | {"stage": 5}]), "$.rules[0].stage", ""),
        (bundle([GOOD | {"group": "frist"}]), "$.rules[0].group", "first"),
        (bundle([GOOD, GOOD]), "$.rules[1].id", ""),
        (bundle([GOOD | {"id": "shop"}]), "$.rules[0].id", ""),
        (
            bundle([GOOD | {"group": "shop"}, GOOD | {"id": "q", "stage": 4, "group": "guest"}]),
            "$.rules[0].group", "",
        ),
        (
            bundle([GOOD | {"when": [{"is": "tier", "any_of": ["glod"]}]}]),
            "$.rules[0].when[0].any_of", "gold",
        ),
        (
            bundle([EARN | {"multipliers": {"golden": 1}}]),
            "$.rules[0].multipliers", "gold",
        ),
        (
            bundle([GOOD | {"when": [{"is": "at_least", "amount": 5}]}]),
            "$.rules[0].when[0].base", "payable",
        ),
        (
            bundle([GOOD | dates("2026-02-30", "2026-03-01")]),
            "$.rules[0].when[0].from", "",
        ),
        (
            bundle([GOOD | dates("2026-03-02", "2026-03-01")]),
            "$.rules[0].when[0].until", "",
        ),
        (bundle(groups=[group("a", within="b")]), "$.groups[0].within", ""),
        (
            bundle(groups=[group("a", within="b"), group("b", within="a")]),
            "$.groups[0].within", "",
        ),
        (bundle(zone="Asia/Shanghia"), "$.zone", ""),
        (bundle(valid_until=0), "$.valid_until", ""),
        (bundle(tiers=[{"id": "a", **NAMES}] * 2), "$.tiers", ""),
        (bundle(format="edgebox.bundle.v2"), "$.format", "edgebox.bundle.v1"),
    ],
)  # fmt: skip
def test_a_bad_bundle_is_refused_with_its_place(
    document: dict[str, Any], path: str, suggestion: str
) -> None:
    with pytest.raises(BundleError) as caught:
        decode(msgspec.json.encode(document))
    assert (caught.value.path, caught.value.suggestion) == (path, suggestion)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"format":"\xff"}', b"null"])
def test_junk_is_no_bundle(raw: bytes) -> None:
    with pytest.raises(BundleError):
        decode(raw)


def test_a_good_bundle_survives_its_own_encoding() -> None:
    good = decode(msgspec.json.encode(bundle([GOOD, EARN])))
    assert decode(msgspec.json.encode(good)) == good


def test_a_bundle_that_declares_no_stages_has_the_usual_ones() -> None:
    assert decode(msgspec.json.encode(bundle())).stages == STAGES
    assert [stage.number for stage in STAGES] == [2, 3, 4]
