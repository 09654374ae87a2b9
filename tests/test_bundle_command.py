"""`edgebox bundle`: what a merchant does with a rule bundle before a box gets it."""

import base64
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from cloud_bridge.bundle import check as check_signed
from edge.commands import bundle
from edge.shop.bundle import AnyRule
from edge.shop.bundle.schema import schema
from edge.shop.rules.conditions import AnyCondition

BUNDLES = Path(__file__).parent / "bundles"
NAMES = {"name_zh": "规则", "name_en": "Rule"}
RULE: dict[str, Any] = {
    "kind": "percent_off", "id": "r", "stage": 3, "basis_points": 100, **NAMES
}  # fmt: skip


def run(*arguments: object) -> Result:
    return CliRunner().invoke(bundle, [str(argument) for argument in arguments])


def good(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode((BUNDLES / "good.json").read_bytes())
    return document | {"rules": list(rules)} | more


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Return what puts a document, or bytes, into a file."""

    def put(document: object, name: str = "rules.json") -> Path:
        path = tmp_path / name
        path.write_bytes(document if isinstance(document, bytes) else msgspec.json.encode(document))
        return path

    return put


def kinds(value: Any, field: str) -> set[str]:
    """Return everything that stands under a field, at any depth."""
    if isinstance(value, list):
        return {kind for item in value for kind in kinds(item, field)}
    if not isinstance(value, dict):
        return set()
    own = {value[field]} if isinstance(value.get(field), str) else set()
    return own | {kind for item in value.values() for kind in kinds(item, field)}


# --- check ----------------------------------------------------------------------------------------


def test_a_good_bundle_is_good(write: Any) -> None:
    result = run("check", write(good(RULE)))
    assert result.exit_code == 0
    assert "good: version 1 for corner; rules: 1" in result.output


def test_a_wrong_bundle_is_told_everything(write: Any) -> None:
    path = write(good(RULE | {"stage": 9, "group": "frist"}, valid_until=0))
    result = run("check", path, write(good(RULE), "other.json"))
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0] == f"{path}: $.valid_until: is not after valid_from"
    assert lines[2].endswith("$.rules[0].group: no group is called 'frist'; did you mean first?")
    assert len(lines) == 4


def test_programs_are_told_the_same(write: Any) -> None:
    wrong, right = write(good(RULE | {"group": "frist"})), write(good(RULE), "right.json")
    result = run("check", wrong, right, "--json")
    assert result.exit_code == 1
    first, second = msgspec.json.decode(result.output)
    assert first["findings"] == [
        {
            "path": "$.rules[0].group",
            "what": "no group is called 'frist'",
            "suggestion": "first",
        }
    ]
    assert (second["good"], second["rules"], len(second["hash"])) == (True, 1, 64)


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"{", "is not JSON"),
        (msgspec.json.encode(good()).replace(b'"version":1', b'"version":1,"version":2'), "twice"),
        (msgspec.json.encode(good(valid_until=2**53 + 1)), "no canonical form"),
    ],
)
def test_what_has_no_canonical_form_is_wrong(write: Any, raw: bytes, what: str) -> None:
    result = run("check", write(raw))
    assert (result.exit_code, what in result.output) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "nowhere.json"],
        ["diff", "nowhere.json"],
        ["explain", str(BUNDLES / "good.json"), "--on", "2026-02-30"],
        ["sign", str(BUNDLES / "good.json")],
    ],
)
def test_a_wrong_question_is_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


# --- keys and sign --------------------------------------------------------------------------------


def test_a_bundle_signed_here_is_taken_by_a_box(write: Any, tmp_path: Path) -> None:
    keys, out = tmp_path / "keys", tmp_path / "signed.json"
    assert run("keys", "new", keys, "--name", "cloud-7").exit_code == 0
    result = run("sign", write(good(RULE)), "--key", keys / "cloud-7.key", "--out", out)
    assert (result.exit_code, result.output) == (0, "")
    shown = msgspec.json.decode(run("keys", "show", keys, "--json").output)
    known = {name: base64.b64decode(key) for name, key in shown.items()}
    checked = check_signed(out.read_bytes(), known, "corner", 0, 0)
    assert msgspec.json.decode(checked.body) == good(RULE)
    report = msgspec.json.decode(run("check", out, "--json").output)[0]
    assert (report["hash"], report["signed_by"]) == (checked.hash, "cloud-7")


def test_a_wrong_bundle_is_not_signed(write: Any, tmp_path: Path) -> None:
    run("keys", "new", tmp_path)
    out = tmp_path / "signed.json"
    wrong = write(good(RULE | {"stage": 9}))
    result = run("sign", wrong, "--key", tmp_path / "cloud-1.key", "--out", out)
    assert (result.exit_code, out.exists()) == (1, False)
    assert "$.rules[0].stage" in result.output


def test_a_private_key_is_for_its_owner_only(write: Any, tmp_path: Path) -> None:
    result = run("keys", "new", tmp_path / "deep" / "keys")
    key = tmp_path / "deep" / "keys" / "cloud-1.key"
    assert key.stat().st_mode & 0o777 == 0o600
    text = key.read_text()
    assert "PRIVATE" in text
    assert text not in result.output
    again = run("keys", "new", tmp_path / "deep" / "keys")
    assert (again.exit_code, key.read_text()) == (2, text)
    key.chmod(0o644)
    refused = run("sign", write(good(RULE)), "--key", key)
    assert refused.exit_code == 2
    assert "chmod 600" in refused.output


@pytest.mark.parametrize("name", ["../away", "a/b"])
def test_a_key_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    assert run("keys", "new", tmp_path / "keys", "--name", name).exit_code == 2
    assert not list(tmp_path.rglob("*.key"))


def test_public_keys_are_shown_as_a_configuration_holds_them(tmp_path: Path) -> None:
    assert run("keys", "show", tmp_path).exit_code == 1
    run("keys", "new", tmp_path, "--name", "b")
    run("keys", "new", tmp_path, "--name", "a")
    lines = run("keys", "show", tmp_path).output.splitlines()
    assert lines[1] == "[cloud.keys]"
    assert [line.partition(" = ")[0] for line in lines[2:]] == ['"a"', '"b"']
    assert all(
        len(base64.b64decode(line.partition(" = ")[2].strip('"'))) == 32 for line in lines[2:]
    )


# --- diff -----------------------------------------------------------------------------------------


def test_a_difference_is_named_term_by_term(write: Any) -> None:
    old = good(RULE, RULE | {"id": "gone"}, holidays={})
    changed = RULE | {"basis_points": 250, "when": [{"is": "member"}]}
    new = good(RULE | {"id": "fresh"}, changed, version=2, holidays={"may": ["2026-05-01"]})
    result = run("diff", write(old), write(new, "new.json"))
    assert result.exit_code == 1
    assert [line.split("{")[0] for line in result.output.splitlines()] == [
        "changed version: 1 to 2",
        'added holidays.may: ["2026-05-01"]',
        "changed rules[r].when: [] to [",
        "changed rules[r].basis_points: 100 to 250",
        "removed rules[gone]: ",
        "added rules[fresh]: ",
    ]
    zh = run("diff", write(old), write(new, "new.json"), "--lang", "zh").output
    assert "修改 rules[r].basis_points: 100 → 250" in zh


def test_what_means_the_same_does_not_differ(write: Any) -> None:
    old = good(RULE, RULE | {"id": "q"})
    new = good(RULE | {"id": "q"}, RULE | {"per": "line", "when": []}, rounding="half_up")
    result = run("diff", write(old), write(new, "new.json"))
    assert (result.exit_code, result.output) == (0, "")


def test_programs_are_told_both_values(write: Any) -> None:
    new = write(good(RULE | {"basis_points": 250}), "new.json")
    result = run("diff", write(good(RULE)), new, "--json")
    assert msgspec.json.decode(result.output) == [
        {"kind": "changed", "path": "rules[r].basis_points", "old": 100, "new": 250}
    ]


# --- explain --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_rule_is_read_out_in_words(lang: str) -> None:
    path = BUNDLES / "all_kinds.json"
    result = run("explain", path, "--lang", lang, "--on", "2026-11-22")
    assert result.exit_code == 0
    assert result.output == (BUNDLES / f"all_kinds_{lang}.txt").read_text()


def test_the_bundle_that_is_read_out_has_everything() -> None:
    rules = msgspec.json.decode((BUNDLES / "all_kinds.json").read_bytes())["rules"]
    assert kinds(rules, "kind") == {kind.__struct_config__.tag for kind in get_args(AnyRule)}
    conditions = {kind.__struct_config__.tag for kind in get_args(AnyCondition)}
    assert conditions <= kinds(rules, "is")


def test_programs_are_told_stage_by_stage() -> None:
    result = run("explain", BUNDLES / "all_kinds.json", "--json", "--on", "2026-11-11")
    sections = msgspec.json.decode(result.output)
    assert [section["stage"] for section in sections] == [2, 3, 4, 5, 0]
    warned = {
        said["rule"]: [w["code"] for w in said["warns"]] for s in sections for said in s["rules"]
    }
    assert {rule: codes for rule, codes in warned.items() if codes} == {
        "bread-vip": ["W-SHADOWED"], "coffee": ["W-OTHER-STORE"], "double": ["W-NO-TIER"],
    }  # fmt: skip


BREAD = {"target": {"of": "categories", "ids": ["bread"]}}
VIP = {"when": [{"is": "tag", "any_of": ["vip"]}]}


@pytest.mark.parametrize(
    ("first", "second", "shadowed"),
    [
        ({"exclusive": "level"}, {}, True),
        ({"exclusive": "after"}, VIP, True),
        ({"exclusive": "everything"}, {"priority": 2}, False),
        ({"exclusive": "level"}, BREAD, False),
        ({"exclusive": "level"} | VIP, {}, False),
        ({"exclusive": "level", "limits": [{"max": 1, "per": "day"}]}, {}, False),
        ({"exclusive": "level", "basis_points": 0}, {}, False),
        ({"exclusive": "group", "group": "guest"}, {"group": "guest"}, True),
        ({"exclusive": "group", "group": "guest"}, {}, False),
        ({"group": "first"}, {"group": "first"}, True),
        ({"group": "guest"}, {"group": "guest"}, False),
        ({}, {}, False),
    ],
)
def test_a_rule_is_shadowed_by_one_that_always_comes_first(
    write: Any, first: dict[str, Any], second: dict[str, Any], shadowed: bool
) -> None:
    document = good(RULE | {"id": "b"} | second, RULE | {"id": "a", "priority": 1} | first)
    assert ("W-SHADOWED" in run("explain", write(document)).output) == shadowed


@pytest.mark.parametrize(("today", "over"), [("2027-02-06", False), ("2027-02-07", True)])
def test_a_rule_is_over_when_its_last_holiday_is(write: Any, today: str, over: bool) -> None:
    festival = RULE | {"when": [{"is": "holiday", "any_of": ["spring festival"]}]}
    result = run("explain", write(good(festival)), "--on", today)
    assert ("W-OVER" in result.output) == over


# --- schema ---------------------------------------------------------------------------------------


def references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {ref for item in value for ref in references(item)}
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if "$ref" in value else set()
    return own | {
        ref for key, item in value.items() if key != "default" for ref in references(item)
    }


def test_the_schema_is_whole() -> None:
    printed = msgspec.json.decode(run("schema").output)
    assert printed == msgspec.json.decode(msgspec.json.encode(schema()))
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    definitions = printed["$defs"]
    assert references(printed) == {f"#/$defs/{name}" for name in definitions}
    objects = [d for d in definitions.values() if d.get("type") == "object"]
    assert [d["title"] for d in objects if d.get("additionalProperties") is not False] == []
    assert all(d["description"].startswith(d["title"]) for d in objects)
    tags = {
        tag for d in definitions.values() for tag in d["properties"].get("kind", {}).get("enum", [])
    }
    assert tags >= {kind.__struct_config__.tag for kind in get_args(AnyRule)}


@pytest.mark.parametrize("name", ["good.json", "all_kinds.json"])
def test_what_is_good_is_good_by_the_schema(name: str) -> None:
    printed = msgspec.json.decode(run("schema").output)
    Draft202012Validator.check_schema(printed)
    document = msgspec.json.decode((BUNDLES / name).read_bytes())
    valid = Draft202012Validator(printed)
    valid.validate(document)
    for field, wrong in (("rulez", []), ("currency", "yuan"), ("rules", [{"kind": "gift"}])):
        assert not valid.is_valid({**document, field: wrong})


def test_every_command_says_what_it_is_for_and_gives_an_example() -> None:
    for name in ("check", "sign", "diff", "explain", "schema"):
        assert f"Example: edgebox bundle {name}" in run(name, "--help").output
    for name in ("new", "show"):
        assert f"Example: edgebox bundle keys {name}" in run("keys", name, "--help").output
