"""`edgebox price` as strangers use it: rude lines, wrong files, its schema and its command line."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cloud_bridge.bundle import sign
from edge.commands.prices import opened
from edge.price_lines import LINE_BYTES_MAX, Pricing, Wrong, lines, schema
from edge.price_lines import asked as asked_words
from edge.price_lines.doubts import TEXTS
from tests.price_kit import BUNDLES, NOW, TEA, TENTH, answer, asked, rules, run
from tests.selling import BOX, EARN, MUG, OFF, POINTS_PAY


@pytest.fixture
def file(tmp_path: Path) -> Any:
    """Return what puts a document into a file."""

    def put(document: object, name: str = "rules.json") -> Path:
        path = tmp_path / name
        path.write_bytes(msgspec.json.encode(document))
        return path

    return put


# --- what is wrong --------------------------------------------------------------------------------

LONG = b'{"now":' + b" " * LINE_BYTES_MAX + b"1}"
SIX = b'{"now":1,"basket":[{"product":{"id":"t","price":%s,"tax_class":"food"},"quantity":%s}]}'
RUDE = {
    b"": "E-MALFORMED",
    b"null": "E-MALFORMED",
    b"[]": "E-MALFORMED",
    b"\xef\xbb\xbf{}": "E-MALFORMED",
    b'{"now":1,"basket":[]} {}': "E-MALFORMED",
    b'{"now":1,"basket":[],"store":"\xff"}': "E-MALFORMED",
    b'{"now":1,"basket":[],"store":"\\ud800"}': "E-MALFORMED",
    b'{"now":1,"basket":[],"now":2}': "E-MALFORMED",
    b'{"now":1,"basket":[{"product":"a","quantity":2,"quantity":1}]}': "E-MALFORMED",
    b'{"now":1,"basket":[],"member":{"id":"m","tier":"a","tier":""}}': "E-MALFORMED",
    b'{"now":1,"basket":[],"st\\u006fre":"a","store":"b"}': "E-MALFORMED",
    b"[" * 100_000: "E-TOO-DEEP",
    b'{"now":1,"basket":[],"bundle":{"rules":' + b"[" * 100 + b"]" * 100 + b"}}": "E-BUNDLE",
    b'{"now":1,"basket":[],"bundle":{"x":1,"x":2}}': "E-MALFORMED",
    b'{"now":1,"basket":[],"bundle":{"x":1.5}}': "E-MALFORMED",
    LONG: "E-TOO-LARGE",
    SIX % (b"5", b'" 1"'): "E-MALFORMED",
    SIX % (b"5", b'"1\\n"'): "E-MALFORMED",
    SIX % (b"5.0", b"1"): "E-MALFORMED",
    SIX % (b"NaN", b"1"): "E-MALFORMED",
    SIX % (b"1e3", b"1"): "E-MALFORMED",
    SIX % (b"-1", b"1"): "E-MALFORMED",
    SIX % (b"1" * 30, b"1"): "E-MALFORMED",
    SIX % (b"true", b"1"): "E-MALFORMED",
    SIX % (b"5", b"0.5"): "E-MALFORMED",
    SIX % (b"5", b"0"): "E-MALFORMED",
    SIX % (b"5", b'"NaN"'): "E-MALFORMED",
    SIX % (b"5", b'"1_0"'): "E-MALFORMED",
    SIX % (b"5", "'١'".encode().replace(b"'", b'"')): "E-MALFORMED",
    SIX % (b"5", b'"0"'): "E-QUANTITY",
    SIX % (b"5", b'"0.5"'): "E-QUANTITY",
    SIX % (b"1000000000000", b"9999"): "E-MALFORMED",
    SIX % (b"1", b"5001"): "E-QUANTITY",
}


@pytest.mark.parametrize(("raw", "code"), RUDE.items(), ids=range(len(RUDE)))
def test_rude_input_is_answered(raw: bytes, code: str) -> None:
    assert answer(raw)["error"] == code


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        (asked(baskit=[]), "E-UNKNOWN-FIELD", "$"),
        (asked(TEA | {"price": "5"}), "E-MALFORMED", "$.basket[0].product.price"),
        (asked(TEA | {"tax_class": "foood"}), "E-MALFORMED", "$.basket[0].product.tax_class"),
        ({"now": NOW, "basket": [{"product": "x"}]}, "E-UNKNOWN-PRODUCT", "$.basket[0].product"),
        ({"now": NOW, "basket": []}, "E-EMPTY-BASKET", "$.basket"),
        (asked(now="2026-11-22T10:00:00"), "E-MALFORMED", "$.now"),
        (asked(now="2026-02-30T10:00:00Z"), "E-MALFORMED", "$.now"),
        (asked(now="1969-12-31T23:59:59Z"), "E-MALFORMED", "$.now"),
        (asked(now="0001-01-01T00:00:00+23:59"), "E-MALFORMED", "$.now"),
        (asked(now=-1), "E-MALFORMED", "$.now"),
        (asked(now=2**43), "E-MALFORMED", "$.now"),
        (asked(currency="USD"), "E-CURRENCY", "$.currency"),
        (asked(redeem=-1), "E-MALFORMED", "$.redeem"),
        (asked(redeem="all"), "E-MALFORMED", "$.redeem"),
        (asked(counters={"a|uses|day": -1}), "E-MALFORMED", "$.counters[...]"),
        (asked(coupons=[{"id": "1", "type": "c"}] * 101), "E-MALFORMED", "$.coupons"),
        (asked(coupons=[{"id": "1", "type": "c", "usable": False}]), "E-MALFORMED", "$.coupons[0]"),
        (asked(member={"id": "m", "birthday": "13-45"}), "E-BIRTHDAY", "$.member.birthday"),
        (asked(channel="post"), "E-MALFORMED", "$.channel"),
        (asked(bundle={"rulez": []}), "E-BUNDLE", "$"),
        (asked(bundle=rules(TENTH | {"group": "g-frist"})), "E-BUNDLE", "$.rules[0].group"),
        (asked(bundle="/nowhere/rules.json"), "E-BUNDLE", "$.bundle"),
        (asked(bundle="/dev/zero"), "E-BUNDLE", "$.bundle"),
        (asked(bundle="/"), "E-BUNDLE", "$.bundle"),
        (asked(bundle="a\0b"), "E-BUNDLE", "$.bundle"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(document: Any, code: str, path: str) -> None:
    said = answer(document)
    assert (said["error"], said["path"]) == (code, path)
    assert said["what"]
    assert said["fix"]


@pytest.mark.parametrize(
    ("document", "meant"),
    [
        (asked(baskit=[]), "basket"),
        ({"now": NOW, "basket": [{"product": TEA, "qty": 2}]}, "quantity"),
        (asked(TEA | {"taxclass": "food"}), "tax_class"),
        (asked(member={"id": "m", "teir": "gold"}), "tier"),
        (asked(partners={"air": {"hold": 1, "points": 1}}), "held"),
    ],
)
def test_a_misspelled_field_is_told_what_was_meant(document: Any, meant: str) -> None:
    assert answer(document)["fix"] == f"Did you mean: {meant}? Otherwise leave it out."


def test_errors_are_in_the_language_that_was_asked_for() -> None:
    assert answer({"now": NOW, "basket": []}, lang="zh")["what"] == "没有可以结账的商品。"
    assert answer(asked(tenders=[{"kind": "cash", "amount": 1}]))["what"] == (
        "4.50 is due, 0.01 was paid."
    )


def test_without_a_bundle_there_is_no_price() -> None:
    said = Pricing(opened).answer(msgspec.json.encode(asked()))
    assert isinstance(said, Wrong)
    assert (said.error, said.path) == ("E-BUNDLE", "$.bundle")


@pytest.mark.parametrize(
    ("more", "path", "suggestion"),
    [
        ({"member": {"id": "m", "tier": "glod"}}, "$.member.tier", "gold"),
        ({"counters": {"tenth|uses|dya": 1}}, "$.counters", "tenth|uses|day"),
        ({"partners": {"sea": {"points": 1, "held": 1}}}, "$.partners", ""),
        ({"now": 5_000_000_000_000}, "$.now", ""),
    ],
)
def test_what_is_probably_a_mistake_is_priced_and_doubted(
    more: dict[str, Any], path: str, suggestion: str
) -> None:
    by = rules(TENTH | {"limits": [{"max": 9, "of": "uses", "per": "day"}]})
    assert answer(asked(), by).get("doubts") is None
    said = answer(asked(**more), by)
    (doubt,) = said["doubts"]
    assert (said["total"], doubt["path"]) == (450, path)
    assert doubt.get("suggestion", "") == suggestion


def test_doubts_are_complete_in_both_languages() -> None:
    early = rules(valid_from=1_900_000_000_000)
    for lang, texts in (("zh", 0), ("en", 1)):
        (doubt,) = answer(asked(), early, lang=lang)["doubts"]
        assert doubt["what"] == TEXTS["early"][texts]


# --- the schema -----------------------------------------------------------------------------------

SCHEMA = msgspec.json.decode(msgspec.json.encode(schema()))
ASKED = Draft202012Validator(SCHEMA)
VALID = Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": "#/$defs/Answer"})
WRONG = Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": "#/$defs/Wrong"})


def test_the_schema_is_one_and_says_what_is_asked_and_answered() -> None:
    printed = msgspec.json.decode(run("--schema").output)
    assert printed == SCHEMA
    Draft202012Validator.check_schema(printed)
    for document in (asked(), asked(bundle=rules(TENTH), redeem="max"), asked(bundle="a.json")):
        ASKED.validate(document)
    for rude in (asked(baskit=[]), asked(now="yesterday"), asked(redeem="all"), asked(bundle=1)):
        assert not ASKED.is_valid(rude)
    everything = asked(
        member={"id": "m", "points": 1_000}, redeem=100, tenders=[{"kind": "cash"}],
        coupons=[{"id": "1", "type": "ten-off"}],
    )  # fmt: skip
    VALID.validate(answer(everything, rules(EARN, POINTS_PAY, OFF, MUG, BOX, TENTH)))
    WRONG.validate(answer(asked(baskit=[])))
    assert not VALID.is_valid(answer(asked(baskit=[])))


ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["max", NOW, "tea", "1.5", "cash", "food"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["basket", "now", "product", "id", "price", "tax_class", "member",
                         "bundle", "redeem", "quantity", "tenders", "kind"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
PRICING = Pricing(opened, opened(msgspec.json.encode(rules(TENTH))))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(list(SCHEMA["$defs"]["PriceAsked"]["properties"])), ODD))
def test_whatever_is_asked_there_is_an_answer_by_the_schema(odd: dict[str, Any]) -> None:
    for document in (odd, asked() | odd):
        said, good = PRICING.line(json.dumps(document).encode())
        (VALID if good else WRONG).validate(msgspec.json.decode(said))
        assert not good or ASKED.is_valid(document)


# --- the command ----------------------------------------------------------------------------------


def test_each_line_has_its_answer_and_a_wrong_one_stops_nothing(file: Any) -> None:
    good = json.dumps(asked())
    result = run("--bundle", file(rules(TENTH)), given=f"{good}\n\n nonsense\r\n{good}")
    answers = [msgspec.json.decode(line) for line in result.stdout.splitlines()]
    assert [said.get("total", said.get("error")) for said in answers] == [450, "E-MALFORMED", 450]
    assert result.exit_code == 1
    assert run("--bundle", file(rules(TENTH)), given=good).exit_code == 0


def test_lines_may_name_bundles_and_a_catalogue_is_given_once(file: Any) -> None:
    line = {"now": NOW, "basket": [{"product": "tea"}], "bundle": str(file(rules(TENTH)))}
    result = run("--products", file([TEA], "products.json"), given=json.dumps(line))
    assert msgspec.json.decode(result.stdout)["total"] == 450


def test_a_signed_bundle_is_priced_by_what_was_signed(tmp_path: Path) -> None:
    document = rules(TENTH)
    signed = tmp_path / "signed.json"
    signed.write_bytes(sign(document, "cloud-1", Ed25519PrivateKey.generate()))
    result = run("--bundle", signed, given=json.dumps(asked()))
    said = msgspec.json.decode(result.stdout)
    assert (said["total"], said["bundle"]) == (450, opened(msgspec.json.encode(document)).hash)


def test_the_example_in_the_help_is_one() -> None:
    text = run("--help").output
    line = text[text.index("{") : text.rindex("}") + 1].replace("\n", "")
    assert answer(line.encode())["total"] == 450
    assert "Example: edgebox price --bundle rules.json" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--bundle", "/nowhere.json"],
        ["--bundle", str(BUNDLES / "wrong.txt")],
        ["--products", str(BUNDLES / "good.json")],
        ["--lang", "fr"],
    ],
)
def test_a_wrong_command_is_2(arguments: list[str]) -> None:
    assert run(*arguments, given=json.dumps(asked())).exit_code == 2


def test_all_that_is_asked_omits_its_defaults() -> None:
    """What is read in one pass is written again to find duplicates: with no member more."""
    asked = [kind for kind in vars(asked_words).values() if isinstance(kind, type)]
    kinds = [kind for kind in asked if issubclass(kind, msgspec.Struct)]
    assert asked_words.PriceAsked in kinds
    for kind in kinds:
        assert kind.__struct_config__.omit_defaults, kind
        factories = [field.default_factory for field in msgspec.structs.fields(kind)]
        assert set(factories) <= {msgspec.NODEFAULT, dict}, kind


def test_a_line_without_an_end_is_cut_and_the_next_one_is_whole() -> None:
    stream = io.BytesIO(b"a" * 35 + b"\n" + b"b" * 10 + b"\n" + b"c" * 11 + b"\n\n  \nd")
    assert list(lines(stream, 10)) == [b"a" * 11, b"b" * 10 + b"\n", b"c" * 11, b"d"]


def test_answers_come_line_by_line() -> None:
    """Whoever asks line by line, as a program does, is answered before the next line."""
    command = [sys.executable, "-m", "edge", "price", "--bundle", str(BUNDLES / "all_kinds.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        for _ in range(2):
            process.stdin.write(msgspec.json.encode(asked()) + b"\n")
            process.stdin.flush()
            assert msgspec.json.decode(process.stdout.readline())["total"] == 500
        process.stdin.close()
        assert process.wait(10) == 0
