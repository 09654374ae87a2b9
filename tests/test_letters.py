"""Facts and letters: what is written down is what is read back, and nothing else is."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from cloud_bridge.contract import FactBody, Words
from edge.letters import KINDS, LETTERS, is_training, read, write, write_training
from edge.shop import facts as shop
from edge.shop.accounts.declared import Declared
from edge.shop.accounts.lots import Holdings
from edge.shop.basket import Basket, Product, line
from edge.shop.bundle import decode
from edge.shop.declined import Declined
from edge.shop.member import Member
from edge.shop.operations.made import Made
from edge.shop.operations.sell import sell
from edge.shop.pricing import compile_rules, moment, price
from edge.shop.tender import Paid, Tender, settle
from simulators import demo_data
from tests.selling import everything

AT = moment(1_795_300_000_000, "Asia/Shanghai")


def a_sale() -> shop.SaleMade:
    rules = compile_rules(decode(msgspec.json.encode(demo_data.bundle("s1"))), "ab" * 32)
    apples = Product(
        id="apples", name_zh="苹果", name_en="A", unit="kg", price=1180, tax_class="reduced"
    )
    latte = Product(id="latte", name_zh="拿铁", name_en="L", price=1800, tax_class="standard")
    lines = []
    for made in (line(apples, "apples", Decimal("0.435")), line(latte, "1", Decimal(4))):
        assert not isinstance(made, Declined)
        lines.append(made)
    basket = Basket(tuple(lines), Member(id="m1", display="王**", tier="gold"))
    quote = price(basket, rules, AT, "pc_pos", 7)
    offered = [Tender("cash", quote.total + 5)]
    paid = settle(quote.total, offered, Holdings(), rules.bundle, today=AT.date)
    assert isinstance(paid, Paid)
    till = Made(
        deed="b:1:4", receipt="b-1S-000001", business_date="2026-11-22", at=AT, store="s1",
        terminal="pos-1", cashier="anna", seller="bob",
    )  # fmt: skip
    sold = sell(quote, paid, rules, Holdings(), till)
    assert isinstance(sold, shop.SaleMade)
    return sold


SALES = [a_sale(), everything()]


@pytest.mark.parametrize("fact", SALES, ids=["of the demo", "of everything"])
def test_a_sale_that_was_made_is_read_back(fact: shop.SaleMade) -> None:
    kind, body = write(fact)
    assert kind == "sale.v1"
    assert read(body) == fact


def test_every_fact_has_a_letter_and_every_letter_its_own_kind() -> None:
    assert set(LETTERS) == set(get_args(shop.Fact))
    assert set(LETTERS.values()) == set(get_args(FactBody))
    assert len(set(KINDS.values())) == len(LETTERS)
    assert all(re.fullmatch(r"[a-z_]+\.v[0-9]+", kind) for kind in KINDS.values())


# --- any fact there can be ------------------------------------------------------------------------

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
WHOLE = st.integers(-(2**53), 2**53)


def drawn(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Return what draws any value of a type, within what the type itself declares."""
    match kind:
        case inspect.StructType():
            fields = {field.name: drawn(field.type) for field in kind.fields}
            return st.builds(kind.cls, **fields)
        case inspect.VarTupleType():
            return st.lists(drawn(kind.item_type), max_size=2).map(tuple)
        case inspect.DictType():
            return st.dictionaries(drawn(kind.key_type), drawn(kind.value_type), max_size=2)
        case inspect.UnionType():
            return st.one_of([drawn(part) for part in kind.types])
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.StrType(pattern=str(pattern)):
            return st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)
        case inspect.StrType():
            return TEXT.filter(lambda text: len(text) >= (kind.min_length or 0))
        case inspect.DecimalType():
            return st.decimals(allow_nan=False, allow_infinity=False)
        case inspect.IntType():
            return WHOLE
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
    raise AssertionError(f"facts have had no {kind} so far")


FACTS = {kind: drawn(inspect.type_info(kind)) for kind in LETTERS}


@pytest.mark.parametrize("kind", LETTERS, ids=lambda kind: kind.__name__)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_is_read_back(kind: type[shop.Fact], data: st.DataObject) -> None:
    fact = data.draw(FACTS[kind])
    put = write_training if is_training(fact) else write
    tag, body = put(fact)
    again = read(body)
    assert (type(again), again) == (kind, fact)
    assert put(again) == (tag, body)
    assert msgspec.json.decode(body)["type"] == tag == KINDS[kind]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"type":"sale.v1"}', b'{"type":"gift.v1"}', b"\xff"]
)
def test_what_is_no_letter_is_refused(body: bytes) -> None:
    with pytest.raises((msgspec.MsgspecError, UnicodeError)):
        read(body)


def parts(kind: inspect.Type) -> Any:
    """Return the fields of a type, with theirs; a word of a fixed set is a word to the cloud."""
    match kind:
        case inspect.StructType():
            return {field.name: parts(field.type) for field in kind.fields}
        case inspect.VarTupleType():
            return [parts(kind.item_type)]
        case inspect.UnionType():
            return sorted([parts(part) for part in kind.types], key=repr)
        case inspect.DictType():
            return parts(kind.key_type), parts(kind.value_type)
        case inspect.LiteralType() | inspect.StrType():
            return "text"
        case _:
            return type(kind).__name__


@pytest.mark.parametrize("fact", LETTERS, ids=lambda fact: fact.__name__)
def test_nothing_of_a_fact_is_left_out_of_its_letter(fact: type[shop.Fact]) -> None:
    ours, theirs = (inspect.type_info(kind) for kind in (fact, LETTERS[fact]))
    assert parts(ours) == parts(theirs)


def structs(kind: inspect.Type) -> Iterator[type[msgspec.Struct]]:
    """Yield every struct that a type is made of."""
    match kind:
        case inspect.StructType():
            yield kind.cls
            for field in kind.fields:
                yield from structs(field.type)
        case inspect.VarTupleType():
            yield from structs(kind.item_type)
        case inspect.UnionType():
            for part in kind.types:
                yield from structs(part)


@pytest.mark.parametrize("letter", LETTERS.values(), ids=lambda letter: letter.__name__)
def test_a_letter_is_made_of_the_clouds_words_alone(letter: type[Any]) -> None:
    for part in structs(inspect.type_info(letter)):
        assert issubclass(part, Words)
        assert part.__module__.startswith("cloud_bridge.contract.")


def test_what_is_declared_in_a_bundle_is_in_no_fact() -> None:
    """What a merchant may declare grows with the programme; what happened does not."""
    for fact in LETTERS:
        for held in structs(inspect.type_info(fact)):
            assert not issubclass(held, Declared), f"{fact.__name__} holds {held.__name__}"
