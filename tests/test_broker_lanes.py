"""A lane works the same behind a real mosquitto, where scanner and terminals are clients."""

import asyncio
from pathlib import Path

import aiomqtt
import pytest

from drivers.events import Beep
from edge.doors.births import STATE_BYTES_MAX, Births
from simulators import demo_data
from tests.broker_kit import (
    LANE,
    OFFLINE,
    Site,
    box_at,
    online,
    scanned,
    scanner_at,
    site,
)
from tests.gate import HANDHELD, PC_POS
from tests.mosquitto import Mosquitto
from tests.mqtt_far import STORE, Far
from tests.stand import until
from tests.test_broker import up

TEA, CAKE = demo_data.ean(3), demo_data.ean(4)


async def told_nothing(shop: Site, end: Far) -> None:
    """Assert that a terminal was told nothing before this."""
    door = shop.it.box.doors.broker
    assert door is not None
    door.tell(end.topics.terminal, "last", b"{}")
    async with asyncio.timeout(60):
        assert (await end.answer()).topic == end.topics.event("last")


async def unclaimed(shop: Site, count: int) -> None:
    """Wait until that many scans were dropped; the scanner says so."""
    assert await shop.beep() == Beep(good=False)
    assert shop.it.box.lanes.unclaimed == {LANE: count}


async def test_exactly_one_terminal_claims_a_scan_until_it_lets_go(tmp_path: Path) -> None:
    async with site(tmp_path) as shop:
        shop.scan(TEA)
        await unclaimed(shop, 1)
        one = await shop.at_broker(HANDHELD, "scan")
        other = await shop.at_broker(PC_POS, "scan", "card")
        await until(lambda: shop.hears(HANDHELD) and shop.hears(PC_POS))
        shop.scan(TEA)
        assert await scanned(one) == TEA
        await told_nothing(shop, other)
        await shop.says(one, OFFLINE)
        await until(lambda: not shop.hears(HANDHELD))
        shop.scan(CAKE)
        assert await scanned(other) == CAKE
        await told_nothing(shop, one)
        other.transport.abort()  # without a goodbye: its will lets go for it
        await until(lambda: not shop.hears(PC_POS))
        shop.scan(CAKE)
        await unclaimed(shop, 2)


async def test_who_is_there_and_does_not_listen_claims_nothing(tmp_path: Path) -> None:
    async with site(tmp_path) as shop:
        silent = await shop.at_broker(HANDHELD)
        await shop.says(silent, b'{"state":"online"}')
        reader = await shop.at_broker(PC_POS, "card")
        shop.scan(TEA)
        await unclaimed(shop, 1)
        for end in (silent, reader):
            await told_nothing(shop, end)


async def test_both_ways_in_make_one_lane(tmp_path: Path) -> None:
    async with site(tmp_path) as shop:
        here = await shop.it.handheld(
            PC_POS, shop.it.token(PC_POS), subscriptions=(f"edge/v1/{STORE}/{PC_POS}/evt/+",)
        )
        await until(lambda: shop.it.box.mqtt.hears(PC_POS, "scan"))
        shop.scan(TEA)
        assert await scanned(here) == TEA
        there = await shop.at_broker(HANDHELD, "scan")
        await until(lambda: shop.hears(HANDHELD))
        shop.scan(CAKE)
        assert await scanned(there) == CAKE  # it comes first by name
        await shop.says(there, OFFLINE)
        await until(lambda: not shop.hears(HANDHELD))
        shop.scan(TEA)
        assert await scanned(here) == TEA


async def test_an_old_client_claims_like_a_new_one(tmp_path: Path) -> None:
    async with site(tmp_path) as shop:
        base = f"edge/v1/{STORE}/{HANDHELD}"
        async with aiomqtt.Client(
            "127.0.0.1", shop.broker.port, username=HANDHELD, password=shop.it.token(HANDHELD),
            protocol=aiomqtt.ProtocolVersion.V311,
        ) as client:  # fmt: skip
            await client.subscribe(f"{base}/evt/+", qos=1)
            await client.publish(f"{base}/state", online("scan"), qos=1, retain=True)
            await until(lambda: shop.hears(HANDHELD))
            shop.scan(TEA)
            async with asyncio.timeout(60):
                message = await anext(client.messages)
        assert str(message.topic) == f"{base}/evt/scan"


async def test_a_killed_broker_s_ghosts_claim_nothing(tmp_path: Path) -> None:
    """It kept a birth and forgot the will: whoever comes back is asked instead, or nobody."""
    async with site(tmp_path, remembers=True) as shop:
        await shop.at_broker(HANDHELD, "scan")
        other = await shop.at_broker(PC_POS, "scan")
        await until(lambda: shop.hears(HANDHELD) and shop.hears(PC_POS))
        await shop.broker.save(b"handheld-1/state", b"pos-1/state")
        await shop.broker.kill()
        async with asyncio.timeout(60):
            await other.lost.wait()
        assert not shop.hears(HANDHELD)
        await shop.broker.start()
        await until(lambda: shop.hears(HANDHELD) and shop.hears(PC_POS) and shop.is_wired)
        shop.scan(TEA)
        await unclaimed(shop, 1)
        assert not shop.hears(HANDHELD)
        assert not shop.hears(PC_POS)
        back = await shop.at_broker(PC_POS, "scan")
        await until(lambda: shop.hears(PC_POS))
        shop.scan(CAKE)
        assert await scanned(back) == CAKE


async def test_who_died_with_its_broker_claims_nothing_whatever_session_it_had(
    tmp_path: Path,
) -> None:
    async with site(tmp_path) as shop:
        dead = await shop.at_broker(HANDHELD, "scan", clean_start=False, session_seconds=3600)
        other = await shop.at_broker(PC_POS, "scan")
        await until(lambda: shop.hears(HANDHELD) and shop.hears(PC_POS))
        await shop.broker.kill()
        async with asyncio.timeout(60):
            await dead.lost.wait()
            await other.lost.wait()
        await shop.broker.start()
        back = await shop.at_broker(PC_POS, "scan")
        await until(lambda: shop.hears(PC_POS) and shop.is_wired)
        assert not shop.hears(HANDHELD)
        shop.scan(TEA)
        assert await scanned(back) == TEA
        assert shop.it.box.lanes.unclaimed == {}


async def test_a_ghost_s_scan_is_the_next_one_s(tmp_path: Path) -> None:
    async with site(tmp_path) as shop:
        other = await shop.at_broker(PC_POS, "scan")
        async with aiomqtt.Client(
            "127.0.0.1", shop.broker.port, username=HANDHELD, password=shop.it.token(HANDHELD),
            protocol=aiomqtt.ProtocolVersion.V5,
        ) as ghost:  # fmt: skip
            topic = f"edge/v1/{STORE}/{HANDHELD}/state"
            await ghost.publish(topic, online("scan"), qos=1, retain=True)
        await until(lambda: shop.hears(HANDHELD) and shop.hears(PC_POS))
        shop.scan(TEA)
        assert await scanned(other) == TEA
        assert shop.it.box.lanes.unclaimed == {}
        assert not shop.hears(HANDHELD)


async def test_a_restarted_box_knows_who_claims(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    async with box_at(tmp_path, broker) as it:
        await broker.start()
        await up(it)
        shop = Site(it, broker, None, None)  # type: ignore[arg-type]  # nobody scans yet
        end = await shop.at_broker(HANDHELD, "scan")
        await until(lambda: shop.hears(HANDHELD))
    async with box_at(tmp_path, broker) as it, scanner_at(broker) as (scanner, beeps):
        again = Site(it, broker, scanner, beeps)
        await until(lambda: again.hears(HANDHELD) and again.is_wired)
        again.scan(TEA)
        assert await scanned(end) == TEA
    await broker.kill()


async def test_a_revoked_terminal_claims_nothing(tmp_path: Path) -> None:
    async with site(tmp_path) as shop:
        one = await shop.at_broker(HANDHELD, "scan")
        await until(lambda: shop.hears(HANDHELD))
        await shop.it.office("terminals_revoke", {"id": HANDHELD})
        shop.scan(TEA)
        await unclaimed(shop, 1)
        await shop.says(one, online("scan"))
        shop.scan(TEA)
        await unclaimed(shop, 2)


@pytest.mark.parametrize(
    "said",
    [
        b"", b"{", b"[]", b"null", b'"online"', b"\xff", b"[" * 2000, b'{"state":1,"hears":[]}',
        b'{"hears":["scan"]}', b'{"state":"online","hears":"scan"}', OFFLINE,
        b'{"state":"online","hears":["scan"],"more":"' + b"x" * STATE_BYTES_MAX + b'"}',
    ],
)  # fmt: skip
def test_what_is_not_a_birth_is_a_farewell(said: bytes) -> None:
    births = Births()
    births.note("h1", online("scan"))
    assert births.hears("h1", "scan")
    assert not births.hears("h1", "card")
    births.note("h1", said)
    assert not births.hears("h1", "scan")


def test_a_birth_may_say_more() -> None:
    births = Births()
    births.note("h1", b'{"state":"online","hears":["card","scan"],"battery":80,"on":[1.5]}')
    assert births.hears("h1", "scan")
