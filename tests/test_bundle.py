"""Only signed, only newer, only canonical: what a rule bundle must be to be let in."""

import base64
import json
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.bundle import INTEGER_MAX, BundleRefused, NotCanonical, canonical, check, sign
from cloud_bridge.contract import BundleHead, sha256
from simulators.keys import make_key

LUCK = random.Random(7)
KEY = make_key("cloud-1", LUCK)
OTHER = make_key("cloud-1", LUCK)
KEYS = {"cloud-1": KEY.public_key}
STORE = "s001"
NOW = 1_800_000_000_000
HEAD: dict[str, Any] = {
    "format": "edgebox.bundle.v1",
    "version": 5,
    "store": STORE,
    "valid_from": NOW - 1000,
    "valid_until": NOW + 1000,
}
BODY = canonical(HEAD)
BACKWARDS = b"{" + b",".join(BODY[1:-1].split(b",")[::-1]) + b"}"


def signed(body: dict[str, Any] | bytes) -> bytes:
    return sign(body, "cloud-1", KEY.private_key)


def but(**changes: Any) -> bytes:
    return signed({**HEAD, **changes})


def without(name: str) -> bytes:
    return signed({key: value for key, value in HEAD.items() if key != name})


def shell(**changes: Any) -> bytes:
    """A good bundle in a changed shell."""
    fields: dict[str, Any] = json.loads(signed(HEAD)) | changes
    return json.dumps({k: v for k, v in fields.items() if v is not None}).encode()


def spliced(old: bytes, new: bytes) -> bytes:
    """A signature over bytes which are not quite canonical."""
    assert old in BODY
    return signed(BODY.replace(old, new, 1))


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def nested(depth: int) -> dict[str, Any]:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return {**HEAD, "deep": value}


CORPUS: list[tuple[str, bytes, str]] = [
    ("too big", b" " * (8 * 1024 * 1024 + 1), "too_large"),
    ("nothing", b"", "not_json"),
    ("spaces", b"   ", "not_json"),
    ("html", b"<!doctype html><h1>Login</h1>", "not_json"),
    ("truncated", signed(HEAD)[:-1], "not_json"),
    ("cut in the middle", signed(HEAD)[:40], "not_json"),
    ("trailing bytes", signed(HEAD) + b"x", "not_json"),
    ("two documents", signed(HEAD) * 2, "not_json"),
    ("byte order mark", b"\xef\xbb\xbf" + signed(HEAD), "not_json"),
    ("utf-16", signed(HEAD).decode().encode("utf-16"), "not_json"),
    ("a bomb of brackets", b'{"bundle":' + b"[" * 200_000, "not_json"),
    ("NaN in the shell", b'{"bundle":NaN,"key":"cloud-1","signature":""}', "not_json"),
    ("a list", b"[]", "wrong_shape"),
    ("null", b"null", "wrong_shape"),
    ("no bundle", shell(bundle=None), "wrong_shape"),
    ("no key", shell(key=None), "wrong_shape"),
    ("no signature", shell(signature=None), "wrong_shape"),
    ("unsigned: the body alone", BODY, "wrong_shape"),
    ("a key that is a number", shell(key=1), "wrong_shape"),
    ("a key we do not know", sign(HEAD, "cloud-2", KEY.private_key), "unknown_key"),
    ("a key without a name", sign(HEAD, "", KEY.private_key), "unknown_key"),
    ("another's key under our name", sign(HEAD, "cloud-1", OTHER.private_key), "bad_signature"),
    ("an empty signature", shell(signature=""), "bad_signature"),
    ("a signature that is no base64", shell(signature="***"), "bad_signature"),
    ("a signature in url base64", shell(signature="_" * 88), "bad_signature"),
    ("a signature with a blank", shell(signature=" " + "A" * 86 + "=="), "bad_signature"),
    ("a short signature", shell(signature=base64.b64encode(b"s" * 63).decode()), "bad_signature"),
    ("a zero signature", shell(signature=base64.b64encode(bytes(64)).decode()), "bad_signature"),
    ("one bit of the body", flipped(signed(HEAD), len('{"bundle":{"for')), "bad_signature"),
    ("signed, then changed", shell(bundle={**HEAD, "version": 6}), "bad_signature"),
    ("signed, then reformatted", json.dumps(json.loads(signed(HEAD))).encode(), "bad_signature"),
    ("a blank", spliced(b":", b": "), "not_canonical"),
    ("a newline at the end", signed(BODY[:-1] + b"\n}"), "not_canonical"),
    ("keys out of order", signed(BACKWARDS), "not_canonical"),
    ("a key twice", spliced(b'"version":5', b'"version":5,"version":5'), "not_canonical"),
    ("a float", spliced(b'"version":5', b'"version":5.0'), "not_canonical"),
    ("an exponent", spliced(b'"version":5', b'"version":5e0'), "not_canonical"),
    ("minus zero", spliced(b'"version":5', b'"version":-0'), "not_canonical"),
    ("an integer beyond 2^53", spliced(b":5", b":9007199254740993"), "not_canonical"),
    ("a needless escape", spliced(b"edgebox", b"\\u0065dgebox"), "not_canonical"),
    ("an escaped slash", spliced(b'"s001"', b'"s001\\/"'), "not_canonical"),
    ("upper case hex", spliced(b'"s001"', b'"\\u001F"'), "not_canonical"),
    ("deeper than allowed", signed(msgspec.json.encode(nested(100))), "not_canonical"),
    ("NaN inside", spliced(b'"version":5', b'"version":[N'), "not_json"),
    ("invalid utf-8 inside", spliced(b'"s001"', b'"\xff"'), "not_json"),
    ("half a surrogate pair", spliced(b'"s001"', b'"\\ud800"'), "not_json"),
    ("a list as body", signed(b"[]"), "wrong_shape"),
    ("a string as body", signed(b'"edgebox.bundle.v1"'), "wrong_shape"),
    ("another format", but(format="edgebox.bundle.v2"), "wrong_format"),
    ("no format", without("format"), "wrong_format"),
    ("a format that is a list", but(format=[]), "wrong_format"),
    ("no version", without("version"), "wrong_shape"),
    ("a version in words", but(version="5"), "wrong_shape"),
    ("a version that is true", but(version=True), "wrong_shape"),
    ("version zero", but(version=0), "wrong_shape"),
    ("a version below zero", but(version=-5), "wrong_shape"),
    ("no store", without("store"), "wrong_shape"),
    ("no end", without("valid_until"), "wrong_shape"),
    ("an end before the beginning", but(valid_until=NOW - 2000), "wrong_shape"),
    ("another store", but(store="s002"), "other_store"),
    ("our store in capitals", but(store="S001"), "other_store"),
    ("no store's name", but(store=""), "other_store"),
    ("older", but(version=3), "older"),
    ("the same version, other content", but(version=4, note="x"), "other_bytes"),
    ("expired", but(valid_until=NOW), "expired"),
    ("expired long ago", but(valid_from=0, valid_until=1), "expired"),
    ("not yet valid", but(valid_from=NOW + 1), "not_yet_valid"),
]  # fmt: skip

IN_FORCE = canonical({**HEAD, "version": 4})


def test_a_good_bundle_is_taken_as_it_stands() -> None:
    checked = check(signed(HEAD), KEYS, STORE, 4, NOW, floor_hash=sha256(IN_FORCE))
    assert checked.body == BODY
    assert checked.hash == sha256(BODY)
    assert checked.head == BundleHead(**HEAD)


def test_the_bundle_in_force_may_come_again() -> None:
    checked = check(signed(IN_FORCE), KEYS, STORE, 4, NOW, floor_hash=sha256(IN_FORCE))
    assert checked.head.version == 4


@pytest.mark.parametrize(("raw", "code"), [pytest.param(r, c, id=n) for n, r, c in CORPUS])
def test_a_bad_bundle_is_refused_by_its_code(raw: bytes, code: str) -> None:
    with pytest.raises(BundleRefused) as caught:
        check(raw, KEYS, STORE, 4, NOW, floor_hash=sha256(IN_FORCE))
    assert caught.value.code == code, caught.value.why
    assert caught.value.why


def test_the_corpus_is_large_and_reaches_every_code() -> None:
    assert len(CORPUS) >= 40
    named = (BundleRefused.__doc__ or "").split("people.")[1]
    documented = {code.split()[0] for code in named.split("·")}
    assert {code for _, _, code in CORPUS} == documented


@given(st.data())
def test_no_flipped_bit_gets_through(data: st.DataObject) -> None:
    raw = signed(HEAD)
    position = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(BundleRefused):
        check(flipped(raw, position), KEYS, STORE, 4, NOW)


@given(st.binary(max_size=200))
def test_noise_is_refused_and_never_crashes(noise: bytes) -> None:
    with pytest.raises(BundleRefused):
        check(noise, KEYS, STORE, 0, NOW)
    with pytest.raises(BundleRefused):
        check(sign(noise or b"0", "cloud-1", KEY.private_key), KEYS, STORE, 0, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_the_canonical_form_says_the_same_and_is_a_fixed_point(value: object) -> None:
    form = canonical(value)
    assert json.loads(form) == value
    assert canonical(json.loads(form)) == form


@given(st.dictionaries(st.text(), st.integers(0, 9)), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(value: dict[str, int], luck: random.Random) -> None:
    items = list(value.items())
    luck.shuffle(items)
    assert canonical(dict(items)) == canonical(value)


def test_the_examples_of_rfc_8785() -> None:
    # Section 3.2.3: sorted by UTF-16 code units, so an astral letter stands before U+FB33.
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    order = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical(dict.fromkeys(keys, 0)))) == order
    # Section 3.2.2.2: what is escaped, and how.
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/"
    assert canonical(text) == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()
    assert canonical("\b\t\f\r\x7f\u2028") == '"\\b\\t\\f\\r\x7f\u2028"'.encode()
    assert canonical([None, True, False, {}]) == b"[null,true,false,{}]"


@pytest.mark.parametrize(
    "make",
    [
        lambda: 1.0,
        lambda: INTEGER_MAX + 1,
        lambda: -INTEGER_MAX - 1,
        lambda: "\ud800",
        lambda: {1: 2},
        lambda: {"\udfff": 1},
        lambda: b"bytes",
        lambda: nested(65),
    ],
)
def test_what_has_no_canonical_form(make: Callable[[], object]) -> None:
    with pytest.raises(NotCanonical):
        canonical(make())
