"""Facts and letters: what is written down is what is read back, and nothing else is."""

from decimal import Decimal
from typing import get_args

import msgspec
import pytest

from edge.letters import KINDS, LETTERS, read, write
from edge.shop import facts as shop
from edge.shop.basket import Basket, Product, line
from edge.shop.declined import Declined
from edge.shop.member import Member
from edge.shop.pricing import compile_rules, moment, price
from edge.shop.rules import decode
from edge.shop.tender import Paid, Tender, settle
from simulators import demo_data


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
    quote = price(basket, rules, moment(1_795_300_000_000, "Asia/Shanghai"), "pc_pos", 7)
    paid = settle(quote.total, [Tender("cash", quote.total + 5)])
    assert isinstance(paid, Paid)
    made_by = shop.Circumstances(
        sale="b:1:4", receipt="b-1S-000001", business_date="2026-11-22", terminal="pos-1",
        lane=None, cashier="anna", seller="bob",
    )  # fmt: skip
    return shop.sale_made(quote, paid, made_by)


FACTS: list[shop.Fact] = [
    a_sale(),
    shop.RequestRefused(terminal="pos-1", operation="sell", code="E-TENDER-SHORT"),
    shop.KeyFenced(terminal="pos-1"),
    shop.DayOpened(business_date="2026-11-22"),
    shop.DayClosed(business_date="2026-11-22"),
    shop.EpochOpened(
        ordinal=2, nonce="00", parent_ordinal=1, parent_sequence=9, parent_head="ff", software="x"
    ),
    shop.CloudReached(online=False),
]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_what_is_written_is_read_back(fact: shop.Fact) -> None:
    kind, body = write(fact)
    assert read(body) == fact
    assert write(read(body)) == (kind, body)
    assert msgspec.json.decode(body)["type"] == kind


def test_every_fact_has_a_letter_and_every_letter_its_own_kind() -> None:
    assert {type(fact) for fact in FACTS} == set(LETTERS) == set(get_args(shop.Fact))
    assert len(set(KINDS.values())) == len(LETTERS)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"type":"sale.v1"}', b'{"type":"gift.v1"}', b"\xff"]
)
def test_what_is_no_letter_is_refused(body: bytes) -> None:
    with pytest.raises((msgspec.MsgspecError, UnicodeError)):
        read(body)
