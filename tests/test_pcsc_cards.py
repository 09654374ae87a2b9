"""Cards of every kind, and in every trouble, in the readers of a real pcscd."""

import asyncio
import os
import random
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop

from drivers.events import Beep, CardPresented, CardRemoved, Fault, Light
from drivers.pcsc_reader import Settings
from simulators.cards import Card, Collision, Garbled, Slow, Torn, card_for, payment_card, uid_card
from simulators.cards.storage import KEY
from simulators.contract import kit
from simulators.pcsc_reader import TOO_MANY, TORN, Lay
from simulators.vpcd import VirtualSlot
from tests.pcsc_counter import (
    AID,
    GOOD,
    UID,
    UID_TEXT,
    counter,
    leaving_no_thread,
    running_pcscd,
)
from tests.private_pcscd import Pcscd

pcscd = pytest.fixture(scope="module")(running_pcscd)
no_thread_left = pytest.fixture(autouse=True)(leaving_no_thread)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_card_is_presented_once_each_time(
    pcscd: Pcscd, run: Callable[[Coroutine[Any, Any, None]], None]
) -> None:
    async def twice() -> None:
        async with counter(pcscd) as here:
            assert await here.reads(uid_card(UID)) == GOOD
            assert await here.reads(uid_card(UID)) == GOOD

    run(twice())


SHOPS_CARDS = [
    ({"read": ("application",), "application": AID},
     CardPresented("application", "M-000123")),
    ({"read": ("application",), "application": AID, "application_file": 5},
     CardPresented("application", "M-" + "0123456789" * 40)),
    ({"read": ("application",), "application": AID, "application_tag": "DF01",
      "uid_of_processors": True}, CardPresented("application", "M-00123", "04A1B2C3")),
    ({"read": ("ndef",)}, CardPresented("ndef", "https://shop.example/m/000123", UID_TEXT)),
    ({"read": ("ndef",)}, CardPresented("ndef", "https://shop.example/m/" + "0" * 300)),
    ({"read": ("storage",)}, CardPresented("storage", "M-000123", UID_TEXT)),
]  # fmt: skip


async def test_each_kind_of_card_is_read(pcscd: Pcscd, key_file: Path) -> None:
    for options, word in SHOPS_CARDS:
        settings = Settings(**options)  # type: ignore[arg-type] # from a table
        async with counter(pcscd, settings, key_file=str(key_file)) as here:
            assert await here.reads(card_for(word, settings)) == word


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "member.key"
    write_key(path, KEY.hex() + "\n", 0o600)
    return path


def write_key(path: Path, text: str, mode: int) -> None:
    path.write_text(text)
    path.chmod(mode)


async def test_a_key_file_that_cannot_be_used_is_a_fault(pcscd: Pcscd, key_file: Path) -> None:
    word = CardPresented("storage", "M-000123", UID_TEXT)
    settings = Settings(read=("storage",))
    async with counter(pcscd, settings, key_file=str(key_file)) as here:
        card = card_for(word, settings)
        for text, mode, says in [
            (KEY.hex(), 0o644, "chmod 600"),
            ("FFFFFFFFFFFF", 0o600, "the key does not fit block 4"),
            ("secret", 0o600, "12 hex digits"),
        ]:
            write_key(key_file, text, mode)
            heard = await here.reads(card)
            assert says in heard.reason
            assert text not in heard.reason
        os.unlink(key_file)
        assert "cannot be read" in (await here.reads(card)).reason
        write_key(key_file, KEY.hex(), 0o400)
        assert await here.reads(card) == word


async def test_without_a_key_file_it_says_what_is_missing(pcscd: Pcscd) -> None:
    settings = Settings(read=("storage",))
    async with counter(pcscd, settings) as here:
        assert "give the reader a key_file" in (await here.reads(uid_card(UID))).reason


async def test_of_a_bank_card_nothing_is_asked_but_for_our_application(pcscd: Pcscd) -> None:
    settings = Settings(read=("application", "ndef", "uid"), application=AID)
    async with counter(pcscd, settings) as here:
        bank_card = payment_card()
        heard = await here.reads(bank_card)
        assert isinstance(heard, Fault)
        assert not re.search("[0-9]{4}", heard.reason)
    assert {apdu[:4].hex() for apdu in bank_card.asked} == {"00a40400"}


async def test_a_card_that_lay_there_before_us_is_read(pcscd: Pcscd) -> None:
    await pcscd.ready()
    hand = VirtualSlot(pcscd.port, print)
    await hand.lay(uid_card(UID))
    async with counter(pcscd) as here:
        assert await here.next() == GOOD
        await hand.take()
        assert await here.next() == CardRemoved()


async def test_trouble_is_a_fault_and_the_next_card_is_read(pcscd: Pcscd) -> None:
    good, luck = uid_card(UID), random.Random(5)
    async with counter(pcscd, Settings(answer_seconds_max=1.0)) as here:
        troubles: list[tuple[Card, str]] = [
            (Torn(good, 0), "taken away"),
            (Slow(good, 2.0), "within 1 s"),
            (Garbled(good, luck, b"\x12\x34"), "no status word"),
            (Garbled(good, luck, b"\x90"), "an answer of 1 bytes"),
            (Garbled(good, luck, b"7" * 700), "an answer of 700 bytes"),
            (Collision(), TOO_MANY.reason),
            (uid_card(bytes.fromhex("08A1B2C3")), "a random UID"),
        ]
        for card, says in troubles:
            heard = await here.reads(card)
            assert isinstance(heard, Fault)
            assert says in heard.reason
        assert await here.reads(good) == GOOD


async def test_a_slow_card_in_one_reader_does_not_hold_up_the_other(pcscd: Pcscd) -> None:
    slow = Slow(uid_card(UID), 5.0)
    async with (
        counter(pcscd, slot=1) as there,
        counter(pcscd, Settings(answer_seconds_max=30.0)) as here,
    ):
        await here.hand.lay(slow)
        for _ in range(2):
            assert await there.reads(uid_card(UID)) == GOOD
        assert here.said.empty()
        await here.hand.take()
        assert isinstance(await here.next(), Fault)


KIT = kit("pcsc_reader")


@pytest.mark.parametrize("seen", KIT.settings, ids=range(len(KIT.settings)))
async def test_the_drivers_contract_holds_on_a_real_service(
    pcscd: Pcscd, seen: Settings, key_file: Path
) -> None:
    settings, luck = msgspec.structs.replace(seen, answer_seconds_max=1.0), random.Random(3)
    async with counter(pcscd, settings, key_file=str(key_file)) as here:
        for deed, said in (*KIT.acts(settings, luck), *KIT.acts(settings, luck)):
            match deed:
                case CardPresented():
                    await here.swap(card_for(deed, settings))
                case Lay(card):
                    await here.swap(card)
                case _:
                    await here.take()
            for word in said:
                assert alike(await here.next(), word)
        await here.swap(uid_card(UID))
        await here.next()


def alike(heard: object, word: object) -> bool:
    """A card that is pulled out is told by a real service in other words."""
    return heard == word or (word == TORN and "taken away" in getattr(heard, "reason", ""))


async def test_a_beep_is_heard_while_a_card_lies_there_and_else_forgotten(pcscd: Pcscd) -> None:
    async with counter(pcscd) as here:
        assert here.device.tell(Beep(False))
        await here.hand.lay(uid_card(UID))
        assert await here.next() == GOOD
        for word in (Beep(True), Light("green")):
            assert here.device.tell(word)
            assert await here.beep() == word
        await here.hand.take()
        assert await here.next() == CardRemoved()
        assert here.beeped.empty()
