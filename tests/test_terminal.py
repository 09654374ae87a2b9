"""The terminals' words: read strictly, written one way, and the same meaning has one hash."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import terminal
from drivers.terminal import Malformed, content_hash, decode, encode
from edge.refusals import Refusal, problem

KEY = "01890a5d-ac96-774b-bcce-b302099a8057"
SELL: dict[str, Any] = {
    "key": KEY,
    "cashier": "amy",
    "lines": [
        {"code": "6901234567892", "quantity": "2"},
        {"code": "P-7", "quantity": "0.435", "unit_price": 1200},
    ],
    "quote": "a" * 64,
    "expected_total": 12345,
    "tenders": [{"kind": "cash", "amount": 20000}],
    "member": {"kind": "card", "text": "88001234"},
    "seller": "bo",
}


def raw(**changes: Any) -> bytes:
    return json.dumps(SELL | changes).encode()


def refusal(payload: bytes, operation: str = "sell") -> Malformed:
    with pytest.raises(Malformed) as caught:
        decode(operation, payload)
    encode(problem(Refusal(caught.value.code, caught.value.params), "zh"))
    return caught.value


# --- what is accepted -----------------------------------------------------------------------------


def test_a_sale_is_read_with_exact_numbers() -> None:
    sale = decode("sell", raw())
    assert isinstance(sale, terminal.Sell)
    assert [line.quantity for line in sale.lines] == [Decimal(2), Decimal("0.435")]
    assert sale.lines[1].unit_price == 1200
    assert sale.member == terminal.Credential(kind="card", text="88001234")


@pytest.mark.parametrize(
    "code",
    ["a:b", 'quote " here', "\x1d01", "奶茶", "\U0001f9cb", "https://id.example/01/0690?17=1"],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_any_text_survives_in_any_spelling(code: str, ascii_only: bool) -> None:
    payload = json.dumps({"lines": [{"code": code}]}, ensure_ascii=ascii_only).encode()
    quote = decode("quote", payload)
    assert isinstance(quote, terminal.Quote)
    assert quote.lines[0].code == code


@pytest.mark.parametrize("quantity", ["0", "1", "0.1", "1.000", "999999.999"])
def test_quantities_that_are_read(quantity: str) -> None:
    quote = decode("quote", json.dumps({"lines": [{"code": "1", "quantity": quantity}]}).encode())
    assert isinstance(quote, terminal.Quote)
    assert quote.lines[0].quantity == Decimal(quantity)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "E-MALFORMED"),
        (b"{", "E-MALFORMED"),
        (b"[]", "E-MALFORMED"),
        (b"null", "E-MALFORMED"),
        (b"{}", "E-MALFORMED"),
        (raw() + b" x", "E-MALFORMED"),
        (raw() + raw(), "E-MALFORMED"),
        (b"\xef\xbb\xbf" + raw(), "E-MALFORMED"),
        (raw().decode().encode("utf-16"), "E-MALFORMED"),
        (raw(cashier="amy").replace(b"amy", b"\xff"), "E-MALFORMED"),
        (raw(cashier="amy").replace(b"amy", b"\xed\xa0\x80"), "E-MALFORMED"),
        (raw(cashier="amy").replace(b"amy", b"\\ud800"), "E-MALFORMED"),
        (raw(cashier="amy").replace(b'"cashier"', b'"\\udfff"'), "E-MALFORMED"),
        (raw(cashier="a\x1bm"), "E-MALFORMED"),
        (raw(cashier="amy\n"), "E-MALFORMED"),
        (raw(cashier="amy").replace(b"amy", b"a\nb"), "E-MALFORMED"),
        (raw(cashier=""), "E-MALFORMED"),
        (raw(cashier=None), "E-MALFORMED"),
        (raw(key=KEY.upper()), "E-MALFORMED"),
        (raw(key=KEY + "\n"), "E-MALFORMED"),
        (raw(key="01890a5d-ac96-474b-bcce-b302099a8057"), "E-MALFORMED"),
        (raw(expected_total="12345"), "E-MALFORMED"),
        (raw(expected_total=True), "E-MALFORMED"),
        (raw(expected_total=12345.0), "E-MALFORMED"),
        (raw(expected_total=-1), "E-MALFORMED"),
        (raw(expected_total=10**13), "E-MALFORMED"),
        (raw().replace(b"12345,", b"123e2,"), "E-MALFORMED"),
        (raw().replace(b"12345,", b"1e400,"), "E-MALFORMED"),
        (raw().replace(b"12345,", b"NaN,"), "E-MALFORMED"),
        (raw().replace(b"12345,", b"-Infinity,"), "E-MALFORMED"),
        (raw().replace(b"12345,", b"9007199254740993,"), "E-MALFORMED"),
        (raw().replace(b"12345,", b"9" * 60000 + b","), "E-MALFORMED"),
        (raw().replace(b"12345,", b"012345,"), "E-MALFORMED"),
        (raw().replace(b'"amy"', b'"amy", "cashier": "bob"'), "E-MALFORMED"),
        (raw().replace(b'"amy"', b'"amy", "\\u0063ashier": "a\\u003ab"'), "E-MALFORMED"),
        (raw(lines=[]), "E-MALFORMED"),
        (raw(lines={"code": "1"}), "E-MALFORMED"),
        (raw(lines=[{"code": "1"}] * 501), "E-MALFORMED"),
        (raw(lines=[{"code": "1", "quantity": 2}]), "E-MALFORMED"),
        (raw(lines=[{"code": "1", "quantity": None}]), "E-MALFORMED"),
        (raw(lines=[{"code": "1", "quantity": "1e3"}]), "E-MALFORMED"),
        (raw(lines=[{"code": "1", "quantity": "-1"}]), "E-MALFORMED"),
        (raw(lines=[{"code": "1", "quantity": "+1"}]), "E-MALFORMED"),
        (raw(lines=[{"code": "1", "quantity": " 1"}]), "E-MALFORMED"),
        (raw(lines=[{"code": "1", "quantity": "1_0"}]), "E-MALFORMED"),
        (raw(lines=[{"code": "1", "quantity": "\u0661"}]), "E-MALFORMED"),
        (raw(lines=[{"code": "1", "quantity": "0.0001"}]), "E-MALFORMED"),
        (raw(lines=[{"code": "1", "quantity": "1000000"}]), "E-MALFORMED"),
        (raw(lines=[{"code": "1", "quantity": "NaN"}]), "E-MALFORMED"),
        (raw(tenders=[{"kind": "shells", "amount": 1}]), "E-MALFORMED"),
        (raw(kasse=1), "E-UNKNOWN-FIELD"),
        (b"{" + b",".join(b'"%d":1' % number for number in range(6000)) + b"}", "E-UNKNOWN-FIELD"),
        (b"[" * 65000, "E-TOO-DEEP"),
        (b'{"a":' * 13000, "E-TOO-DEEP"),
        (raw(cashier=[[[[[[[[1]]]]]]]]), "E-TOO-DEEP"),
        (b"[" * 9 + b"1" + b"]" * 9, "E-TOO-DEEP"),
        (b"[" * 8 + b'"[[["' + b"]" * 8, "E-MALFORMED"),
        (raw() + b" " * 65536, "E-TOO-LARGE"),
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(payload: bytes, code: str) -> None:
    assert refusal(payload).code == code


def test_a_refusal_says_where_and_what() -> None:
    lines = [{"code": "1"}, {"code": "1", "quantity": "2,5"}]
    assert refusal(raw(lines=lines)).params["path"] == "$.lines[1].quantity"
    assert refusal(raw(expected_total="1")).params == {
        "path": "$.expected_total",
        "cause": "type",
        "expected": "int",
        "got": "str",
    }
    twice = raw().replace(b'"amy"', b'"amy", "cashier": "bob"')
    assert refusal(twice).params == {"path": "$", "cause": "twice", "field": "cashier"}


def test_what_is_nearly_right_is_suggested() -> None:
    assert refusal(raw(lines=[{"code": "1", "qty": "2"}])).params == {
        "path": "$.lines[0]",
        "field": "qty",
        "suggestion": "quantity",
    }
    assert refusal(b"{}", "sel").params == {"operation": "sel", "suggestion": "sell"}
    assert "quote" in str(refusal(b"{}", "zzz").params["suggestion"])
    assert refusal(b'{"a":1}', "health").code == "E-UNKNOWN-FIELD"


def test_a_stranger_s_text_is_repeated_short_and_clean() -> None:
    shown = refusal(json.dumps({"x\x1b\n" + "y" * 60000: 1}).encode()).params["field"]
    assert len(str(shown)) <= 101
    assert str(shown).isprintable()
    assert len(str(refusal(b"{}", "z" * 9999).params["operation"])) <= 101


# --- what holds for anything ----------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*SELL, "code", "quantity", "kye"]), inner, max_size=6)
    ),
    max_leaves=12,
)


@given(st.sampled_from([*terminal.OPERATIONS, "nothing"]), st.binary(max_size=300))
def test_any_bytes_are_a_request_or_malformed(operation: str, payload: bytes) -> None:
    try:
        decode(operation, payload)
    except Malformed as error:
        encode(problem(Refusal(error.code, error.params), "en"))


@given(st.sampled_from(list(terminal.OPERATIONS)), json_values)
def test_any_json_is_a_request_or_malformed(operation: str, value: Any) -> None:
    try:
        request = decode(operation, json.dumps(value).encode())
    except Malformed as error:
        encode(problem(Refusal(error.code, error.params), "zh"))
    else:
        assert type(request) is terminal.OPERATIONS[operation]


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=3))
def test_a_damaged_sale_is_a_sale_or_malformed(at: int, damage: bytes) -> None:
    payload = raw()
    at %= len(payload)
    try:
        decode("sell", payload[:at] + damage + payload[at + 1 :])
    except Malformed as error:
        encode(problem(Refusal(error.code, error.params), "zh"))


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=64)
codes = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
amounts = st.integers(0, 10**12)
quantities = st.integers(0, 999_999_999).map(lambda mills: str(Decimal(mills).scaleb(-3)))
lines = st.fixed_dictionaries(
    {"code": codes},
    optional={
        "quantity": quantities.filter(lambda text: "E" not in text),
        "unit_price": st.none() | st.integers(0, 10**9),
    },
)
sales = st.fixed_dictionaries(
    {
        "key": st.just(KEY),
        "cashier": names,
        "lines": st.lists(lines, min_size=1, max_size=5),
        "quote": st.text("0123456789abcdef", min_size=64, max_size=64),
        "expected_total": amounts,
        "tenders": st.lists(
            st.fixed_dictionaries({"kind": st.just("cash"), "amount": amounts}),
            min_size=1,
            max_size=3,
        ),
    },
    optional={"seller": st.none() | names},
)


def shuffled(value: Any) -> Any:
    """Return the same JSON with every object's fields the other way round."""
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(list(value))}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@given(sales)
def test_what_is_written_is_read_back(sale: dict[str, Any]) -> None:
    request = decode("sell", json.dumps(sale).encode())
    assert decode("sell", encode(request)) == request


@given(sales, st.booleans())
def test_the_hash_does_not_see_spelling(sale: dict[str, Any], ascii_only: bool) -> None:
    plain = decode("sell", json.dumps(sale).encode())
    other = json.dumps(shuffled(sale), indent=3, ensure_ascii=ascii_only).encode()
    assert content_hash("sell", plain) == content_hash("sell", decode("sell", other))


def test_the_hash_does_not_see_spelled_out_defaults() -> None:
    short = decode("quote", b'{"lines":[{"code":"1"}]}')
    long = decode("quote", b'{"lines":[{"code":"1","quantity":"1","unit_price":null}]}')
    assert content_hash("quote", short) == content_hash("quote", long)


def test_the_hash_sees_every_field() -> None:
    changes: dict[str, Any] = {
        "key": KEY[:-1] + "8",
        "cashier": "bob",
        "lines": SELL["lines"][:1],
        "quote": "b" * 64,
        "expected_total": 12346,
        "tenders": [{"kind": "cash", "amount": 20001}],
        "member": None,
        "seller": None,
        "coupons": ["C:1"],
        "redeem": "max",
        "channel": "delivery",
        "region": "north",
        "approved_by": "boss",
        "also": {"kind": "card", "text": "2900000000025"},
        "uses": [{"line": 0}],
    }
    assert changes.keys() == {field.name for field in msgspec.structs.fields(terminal.Sell)}
    inside = [
        [{**SELL["lines"][0], field: value}, SELL["lines"][1]]
        for field, value in (("code", "other"), ("quantity", "3"), ("unit_price", 1))
    ]
    requests = [raw()]
    requests += [
        raw(uses=[{"line": 0, field: value}])
        for field, value in (("uses", 2), ("count_card", "k"), ("plan", "cut"))
    ]
    requests += [raw(**{name: value}) for name, value in changes.items()]
    requests += [raw(lines=changed) for changed in inside]
    hashes = {content_hash("sell", decode("sell", payload)) for payload in requests}
    assert len(hashes) == len(requests)


def test_the_hash_sees_the_operation() -> None:
    credential = b'{"credential":{"kind":"card","text":"1"}}'
    one, other = decode("identify", credential), decode("balance", credential)
    assert content_hash("identify", one) != content_hash("balance", other)
