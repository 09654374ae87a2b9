"""Enrolment data: sealed for the cloud alone, carried beside the facts, erased without a trace."""

import asyncio
import json
import random
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract import Enrolled, Sealed, SealedBatch, sha256
from cloud_bridge.sealing import BLOCK_BYTES, KEY_BYTES, MAGIC, SealBroken, seal, unseal
from edge import letters
from edge.config import Config
from edge.desk.placing import OURSELVES
from edge.enrolments import DAY_MS
from edge.journal import Draft
from edge.refusals import Refusal
from edge.sealed import SealedStore
from edge.shop.accounts.people import Consent
from edge.shop.facts import MemberEnrolled
from edge.shop.operations.enrol import EnrolAsked, enrol
from edge.shop.operations.made import Made
from edge.shop.reports.consents import consents
from edge.verify import verify
from edge.world import World
from simulators.cloud.vault import Vault
from simulators.cloud.weather import OFF
from simulators.keys import make_key
from tests.stand import Stand, stand, until

CLOUD = make_key("cloud-1", random.Random(1))
"""The key that `stand` gives its cloud."""
with closing(Vault(":memory:", CLOUD)) as vault:
    SEALING_KEY = vault.public_key
PRIVATE = X25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
EVE = Enrolled(
    name="欧阳晓明", phone="+8613912345678", birthday="1990-02-28", address="和平路 7 号",
    email="eve@example.com", note="no calls",
)  # fmt: skip
PLAIN = [text.encode() for text in msgspec.structs.astuple(EVE)]


# --- the seal -------------------------------------------------------------------------------------


@given(st.binary(max_size=2000), st.binary(min_size=32, max_size=32))
def test_the_cloud_opens_what_was_sealed_for_it(text: bytes, ephemeral: bytes) -> None:
    sealed = seal(text, PUBLIC, ephemeral)
    opened = unseal(sealed, PRIVATE)
    assert opened == text.ljust(len(opened))
    assert len(opened) % BLOCK_BYTES == 0
    assert len(sealed) == len(MAGIC) + KEY_BYTES + len(opened) + 16


def test_the_format_stays_what_it_is() -> None:
    """Old letters must open for ever: a change of the format is a new magic."""
    sealed = seal(b'{"name":"Ann"}', PUBLIC, bytes(32 * [7]))
    assert sha256(sealed) == ("24cf0b05c207f1a42f499cba86640fe1a8c502c491f6b32ebe30199abf58e8a8")


def test_length_and_repeats_tell_nothing() -> None:
    luck = random.Random(1)
    short, long = (seal(name, PUBLIC, luck.randbytes(32)) for name in (b"Al", b"Alexandra" * 9))
    assert len(short) == len(long)
    assert seal(b"Al", PUBLIC, luck.randbytes(32)) != short


@pytest.mark.parametrize("place", [0, 4, 5, 36, 37, 100, -1])
def test_a_changed_bit_does_not_open(place: int) -> None:
    sealed = bytearray(seal(b"Al", PUBLIC, bytes(range(1, 33))))
    sealed[place] ^= 1
    with pytest.raises(SealBroken):
        unseal(bytes(sealed), PRIVATE)


@pytest.mark.parametrize("sealed", [b"", MAGIC, MAGIC + bytes(32), MAGIC + PUBLIC, b"x" * 100])
def test_what_is_no_letter_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        unseal(sealed, PRIVATE)


def test_another_key_does_not_open() -> None:
    with pytest.raises(SealBroken):
        unseal(seal(b"Al", PUBLIC, bytes(range(1, 33))), X25519PrivateKey.generate())


def test_who_enrols_never_shows_in_a_log() -> None:
    assert repr(EVE) == str(EVE) == f"{EVE}" == "Enrolled(...)"


# --- the safe -------------------------------------------------------------------------------------


def test_the_safe_keeps_until_it_is_confirmed_and_old(tmp_path: Path) -> None:
    path = tmp_path / "sealed.db"
    store = SealedStore(path)
    first, second = store.keep(b"first" * 50, 1), store.keep(b"second" * 50, 2)
    assert store.keep(b"first" * 50, 9) == first
    store.close()
    store = SealedStore(path)
    assert store.waiting(9) == [b"first" * 50, b"second" * 50]
    assert store.waiting(1) == [b"first" * 50]
    store.confirmed([first], 100, 10)
    store.confirmed([first], 109, 10)
    assert store.holds(first)
    assert store.waiting(9) == [b"second" * 50]
    store.confirmed([], 110, 10)
    assert not store.holds(first)
    store.erase([second, "unknown"])
    assert not store.holds(second)
    store.close()
    raw = b"".join(part.read_bytes() for part in tmp_path.iterdir())
    assert b"first" not in raw
    assert b"second" not in raw


# --- the way to the cloud -------------------------------------------------------------------------


def with_key(config: Config) -> Config:
    cloud = msgspec.structs.replace(config.cloud, sealing_key=SEALING_KEY)
    return msgspec.structs.replace(config, cloud=cloud)


async def enrolled(shop: Stand, told: Enrolled) -> tuple[str, str]:
    """Enrol somebody: seal, then place the fact; return the member and the letter's hash."""
    name = await shop.box.errands.enrolments.keep(told)
    assert isinstance(name, str)
    placing, rules = shop.box._placing, shop.box._counter.rules
    placing.day()
    head = shop.box.journal.head
    number = placing._book.standing.receipts + 1
    made = Made(
        deed=f"d{head.sequence + 1}", receipt=f"s1-box-1-1S-{number:06d}",
        business_date="2026-11-22", at=shop.box._counter.moment(), store="s1", terminal="pos-1",
    )  # fmt: skip
    agreed = (Consent(to="terms", version="1"), Consent(to="sms", version="2"))
    fact = enrol(EnrolAsked(display="欧**", consents=agreed, sealed=name), rules, made)
    assert isinstance(fact, MemberEnrolled)
    kind, body = letters.write(fact)
    draft = Draft(OURSELVES, f"enrol-{head.sequence}", "", kind, body)
    await shop.box.journal.place(draft, fact, shop.box._world.now())[1]
    assert fact.member is not None
    return fact.member, name


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_it_reaches_the_cloud_and_is_read_there_alone(tmp_path: Path) -> None:
    async with stand(tmp_path, adjust=with_key) as shop:
        _, name = await enrolled(shop, EVE)
        await until(lambda: shop.twin.vault.read(name) is not None)
        assert shop.twin.vault.read(name) == EVE
        assert shop.box.errands.sealed.holds(name)
        raw = on_disk(tmp_path)
        assert name.encode() in raw
        assert not [secret for secret in PLAIN if secret in raw]


async def test_it_waits_while_the_cloud_is_away_and_through_a_restart(tmp_path: Path) -> None:
    async with stand(tmp_path, adjust=with_key) as shop:
        shop.weather.sky = OFF
        _, name = await enrolled(shop, EVE)
        await asyncio.sleep(0)
        assert shop.twin.vault.read(name) is None
    async with stand(tmp_path, adjust=with_key) as shop:
        await until(lambda: shop.twin.vault.read(name) is not None)


async def test_the_cloud_orders_it_erased_and_the_chain_stays_whole(tmp_path: Path) -> None:
    async with stand(tmp_path, adjust=with_key, interval_seconds=0.05) as shop:
        member, name = await enrolled(shop, EVE)
        await until(lambda: shop.twin.vault.read(name) is not None)
        await until(lambda: shop.box._directory.member(member) is not None)
        shop.twin.erase(member, sealed=[name])
        await until(lambda: shop.box._directory.member(member) is None)
        assert not shop.box.errands.sealed.holds(name)
        assert shop.twin.vault.read(name) is None
        pages = shop.box.journal.after(0, 1000)
        assert [page for page in pages if name.encode() in page.body]
    report = verify(tmp_path / "state" / "journal.db")
    assert report.books_agree, report.findings


async def test_it_goes_by_itself_once_the_cloud_has_had_it_long_enough(tmp_path: Path) -> None:
    offset = 0
    loop = asyncio.get_running_loop()
    world = World(
        lambda: 1_795_300_000_000 + offset + int(loop.time() * 1000), loop.time, random.Random(1)
    )
    async with stand(tmp_path, adjust=with_key, world=world) as shop:
        _, name = await enrolled(shop, EVE)
        await until(lambda: not shop.box.errands.sealed.waiting(1))
        offset = 7 * DAY_MS + 60_000
        await enrolled(shop, Enrolled(name="Ann"))
        await until(lambda: not shop.box.errands.sealed.holds(name))
        assert shop.twin.vault.read(name) is not None


async def test_without_a_key_nothing_is_taken(tmp_path: Path) -> None:
    async with stand(tmp_path) as shop:
        assert await shop.box.errands.enrolments.keep(EVE) == Refusal("E-NO-SEALING-KEY")


async def test_consents_are_facts_that_can_be_read(tmp_path: Path) -> None:
    async with stand(tmp_path, adjust=with_key) as shop:
        member, _ = await enrolled(shop, EVE)
        facts = [letters.read(page.body) for page in shop.box.journal.after(0, 1000)]
        assert consents(facts)[member] == {
            "terms": Consent(to="terms", version="1"),
            "sms": Consent(to="sms", version="2"),
        }


# --- the cloud's side -----------------------------------------------------------------------------


def letter(body: bytes, name: str = "") -> dict[str, Any]:
    return {"hash": name or sha256(body), "body": b64encode(body).decode()}


def test_the_cloud_keeps_only_what_it_can_open() -> None:
    vault = Vault(":memory:", CLOUD)
    good = seal(msgspec.json.encode(EVE), vault.public_key, bytes(range(32)))
    foreign = seal(msgspec.json.encode(EVE), PUBLIC, bytes(range(32)))
    nonsense = seal(b"[]", vault.public_key, bytes(range(32)))
    given = [letter(good), letter(foreign), letter(nonsense), letter(good, "f" * 64)]
    batch = msgspec.json.decode(json.dumps({"letters": given}), type=SealedBatch)
    batch = SealedBatch(letters=(*batch.letters, Sealed(hash="", body="?")))
    assert vault.take(batch).hashes == vault.take(batch).hashes == (sha256(good),)
    vault.close()
