"""A member code and a scale's label, all the way: shown at a terminal, sold, kept, shown again."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cloud_bridge.contract import Product
from drivers import terminal as words
from edge.config import Config
from edge.config.weighed import Weighed
from edge.desk.members import Holding
from simulators import demo_data
from simulators.member_code import Minter
from tests.corpus.truth import gtin
from tests.stand import Stand, stand, until

CLOUD = Minter.of(b"c" * 32)
PHONE = Minter.of(b"p" * 32)
TEA = {"code": demo_data.ean(1), "quantity": "1"}
CHEESE = Product(
    id="cheese", gtins=(gtin("211234500000"), gtin("221234500000")), name_zh="奶酪",
    name_en="Cheese", unit="kg", price=12_900, tax_class="standard",
)  # fmt: skip
_numbers = count(1)


def key() -> str:
    return f"01a2034c-b551-7e5c-87e6-{next(_numbers):012x}"


def knows_codes(config: Config) -> Config:
    scales = (
        Weighed(pattern="21IIIIIVVVVVC"),
        Weighed(pattern="22IIIIIVVVVVC", value="price", decimals=2),
    )
    return replace(
        config,
        cloud=replace(config.cloud, member_code_keys={"codes-1": CLOUD.public_key}),
        store=replace(config.store, weighed=scales),
    )


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Stand]:
    async with stand(tmp_path, adjust=knows_codes) as shop:
        yield shop


def shown(shop: Stand, **changed: Any) -> dict[str, str]:
    """Return a fresh code of a member as a terminal sends it."""
    now = shop.box._world.clock.read().at_ms // 1000
    member = demo_data.members()[0].id
    text = CLOUD.cloud_code(member, now, next(_numbers).to_bytes(8, "big"), **changed)
    return {"kind": "code", "text": text}


async def test_a_code_names_its_member_and_is_used_by_one_sale(shop: Stand) -> None:
    code = shown(shop)
    for _ in range(2):
        assert (await shop.ask("identify", {"credential": code}))["status"] == 200
    sale = await shop.sale(key(), [TEA], code)
    sold = await shop.ask("sell", sale)
    assert sold["status"] == 200, sold
    assert await shop.ask("sell", sale) == sold
    again = await shop.ask("sell", {**sale, "key": key()})
    assert again["code"] == "E-CODE-USED"
    assert (await shop.ask("identify", {"credential": code}))["code"] == "E-CODE-USED"


async def test_a_code_is_used_up_for_every_run_and_for_practice(tmp_path: Path) -> None:
    async with stand(tmp_path, adjust=knows_codes) as shop:
        code = shown(shop)
        sale = await shop.sale(key(), [TEA], code)
        assert (await shop.ask("sell", sale))["status"] == 200
    kept = (tmp_path / "state" / "used-codes").read_bytes()
    async with stand(tmp_path / "other", adjust=knows_codes) as fresh:
        assert (await fresh.ask("identify", {"credential": code}))["status"] == 200
    folder = tmp_path / "third" / "state"
    folder.mkdir(parents=True)
    (folder / "used-codes").write_bytes(kept)
    async with stand(tmp_path / "third", adjust=knows_codes) as again:
        assert (await again.ask("identify", {"credential": code}))["code"] == "E-CODE-USED"


async def test_a_crash_after_a_code_was_used_leaves_it_to_its_own_request(tmp_path: Path) -> None:
    async with stand(tmp_path, adjust=knows_codes) as shop:
        code = shown(shop)
        sale = await shop.sale(key(), [TEA], code)
        credential = words.Credential(kind="code", text=code["text"])
        holding = shop.box._counter.identify(credential, decided=True)
        assert isinstance(holding, Holding)
        assert holding.shown is not None
        codes = shop.box._counter.members.codes
        assert codes is not None
        assert await codes.use(holding.shown, f"pos-1/{sale['key']}") is None
        # The power fails here: the code is used, and nothing was sold.
    async with stand(tmp_path, adjust=knows_codes) as again:
        stranger = await again.ask("sell", {**sale, "key": key()})
        assert stranger["code"] == "E-CODE-USED"
        assert (await again.ask("sell", sale))["status"] == 200


async def test_a_phone_signs_with_the_key_the_cloud_told(shop: Stand) -> None:
    member = demo_data.members()[0]
    now = shop.box._world.clock.read().at_ms // 1000
    code = {"kind": "code", "text": PHONE.phone_code(member.id, now, bytes(8))}
    assert (await shop.ask("identify", {"credential": code}))["code"] == "E-NEEDS-CLOUD"
    shop.twin.seed_members([replace(member, code_key=PHONE.public_key)], [])

    def is_told() -> bool:
        held = shop.box._directory.member(member.id)
        return held is not None and held.code_key is not None

    await until(is_told)
    assert (await shop.ask("identify", {"credential": code}))["status"] == 200


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("28800000000000000001", "E-PAYMENT-CODE"),
        ("EDGE:W1:pass-1:123456", "E-NEEDS-CLOUD"),
        ("EDGE:PASS:nobody", "E-UNKNOWN-MEMBER"),
        (demo_data.ean(1), "E-NOT-A-CREDENTIAL"),
        ("EDGE:M1:AAAA", "E-NOT-A-CREDENTIAL"),
        (Minter.of(b"x" * 32).cloud_code("m", 1, bytes(8)), "E-NEEDS-CLOUD"),
        (CLOUD.cloud_code("m", 1, bytes(8)), "E-CODE-EXPIRED"),
        (CLOUD.cloud_code("m", 1, bytes(8), 601), "E-CODE-INVALID"),
    ],
)
async def test_what_names_nobody_is_refused_with_its_reason(
    shop: Stand, text: str, refused: str
) -> None:
    answer = await shop.ask("identify", {"credential": {"kind": "code", "text": text}})
    assert answer["code"] == refused
    assert text not in str(answer)


async def test_a_payment_code_is_no_product(shop: Stand) -> None:
    answer = await shop.quote([{"code": "134500000000000001", "quantity": "1"}])
    assert answer["code"] == "E-PAYMENT-CODE"


async def test_a_label_sells_what_it_says(shop: Stand) -> None:
    before = shop.box._directory.price_book
    shop.twin.seed_products([*demo_data.products(), CHEESE])
    await until(lambda: shop.box._directory.price_book != before)
    by_weight, by_price = gtin("211234500435"), gtin("221234501999")
    quoted = await shop.quote([{"code": by_weight}, {"code": by_price}])
    weighed, priced = quoted["lines"]
    assert (weighed["quantity"], weighed["unit_price"]) == ("0.435", 12_900)
    assert weighed["price_source"] == "price_book"
    assert (priced["quantity"], priced["unit_price"]) == ("1", 1999)
    assert priced["price_source"] == "barcode"
    assert weighed["code"] == by_weight
    sold = await shop.ask("sell", await shop.sale(key(), [{"code": by_price}]))
    assert sold["status"] == 200, sold


async def test_a_label_has_the_last_word_on_how_much(shop: Stand) -> None:
    before = shop.box._directory.price_book
    shop.twin.seed_products([*demo_data.products(), CHEESE])
    await until(lambda: shop.box._directory.price_book != before)
    label = gtin("211234500435")
    assert (await shop.quote([{"code": label, "quantity": "2"}]))["code"] == "E-QUANTITY"
    assert (await shop.quote([{"code": label, "unit_price": 1}]))["code"] == "E-OWN-PRICE"
    own = shop.terminal("pos-1")
    rights = frozenset({*own.rights, "own_price"})
    shop.config.terminals["pos-1"] = replace(own, rights=rights)  # type: ignore[index]
    assert (await shop.quote([{"code": label, "unit_price": 1}]))["code"] == "E-QUANTITY"
