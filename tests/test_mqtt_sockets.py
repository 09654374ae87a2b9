"""The MQTT door on sockets, where sockets matter, and the handheld at it."""

import asyncio
import contextlib
import json
import socket
from typing import Any

import mqtt5
import pytest
import uvloop

from drivers.mqtt import Disconnected, Framer, Rejected
from edge.config import Mqtt
from edge.doors.mqtt import MqttDoor
from edge.doors.mqtt_wire import LINGER_SECONDS_MAX
from simulators.handheld import Handheld, NotLetIn
from simulators.request_keys import new_key
from tests.fake_desk import access
from tests.mqtt_far import STORE, connected, far
from tests.mqtt_house import House, on_sockets

# --- on sockets -------------------------------------------------------------------------------


def login(name: str = "h1", **more: Any) -> bytes:
    password = f"secret-{name}".encode()
    return mqtt5.ConnectPacket(name, username=name, password=password, **more).write()


async def read_packet(reader: asyncio.StreamReader, framer: Framer) -> Any:
    while data := await reader.read(1):
        for packet in framer.feed(data):
            return packet
    return None


async def test_nagle_is_off() -> None:
    async with on_sockets() as house:
        end = far()
        await asyncio.get_running_loop().create_connection(lambda: end, *house.door.address)
        await connected(end)
        (wire,) = house.door._wires.values()
        sock = wire._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        end.transport.close()
        await end.lost.wait()


async def test_a_client_in_the_middle_of_too_large_a_packet_reads_why_it_was_cut_off() -> None:
    async with on_sockets() as house:
        reader, writer = await asyncio.open_connection(*house.door.address)
        framer = Framer(65_536)
        writer.write(login())
        await read_packet(reader, framer)
        writer.write(b"\x30\xff\xff\x7f" + b"x" * 500_000)
        goodbye = await read_packet(reader, framer)
        assert int(goodbye.reason_code) == 0x95
        assert "69632" in goodbye.reason_str
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_a_client_that_does_not_hang_up_is_hung_up_on() -> None:
    async with on_sockets() as house:
        reader, writer = await asyncio.open_connection(*house.door.address)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.read()
        (wire,) = house.door._wires.values()
        await asyncio.wait_for(wire.gone, LINGER_SECONDS_MAX + 5)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_bad_login_reads_why() -> None:
    async with on_sockets() as house:
        end = far(password=b"wrong")
        await asyncio.get_running_loop().create_connection(lambda: end, *house.door.address)
        assert (await end.until(Rejected)).code == 0x86
        await end.lost.wait()


def test_uvloop_serves_the_same() -> None:
    async def main() -> None:
        async with on_sockets() as house:
            end = far()
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: end, *house.door.address)
            await connected(end)
            for number in range(20):
                end.ask("sell", b"%d" % number)
            answers = [json.loads((await end.answer()).payload)["payload"] for _ in range(20)]
            assert answers == [str(number) for number in range(20)]
            end.transport.write(b"\x00\x00")
            assert (await end.until(Disconnected)).code == 0x81
            await end.lost.wait()

    uvloop.run(main())


# --- the handheld -----------------------------------------------------------------------------


def handheld(house: House, token: str = "secret-h1") -> Handheld:
    return Handheld(*house.door.address, STORE, "h1", token)


async def test_a_handheld_asks_and_is_answered() -> None:
    async with on_sockets() as house, handheld(house) as till:
        key = new_key()
        answers = await asyncio.gather(
            till.request("sell", {"n": 1}, key=key), till.request("quote", {"n": 2})
        )
        assert [answer["operation"] for answer in answers] == ["sell", "quote"]
        assert json.loads(answers[0]["payload"]) == {"n": 1, "key": key}
        assert json.loads(house.door.states["h1"]) == {"state": "online"}


async def test_a_handheld_asks_again_with_the_same_key_until_it_is_answered() -> None:
    house = House()
    await house.door.open()
    _, port = house.door.address
    async with handheld(house) as till:
        house.desk.gate.clear()
        key = new_key()
        asking = asyncio.create_task(till.request("sell", {}, key=key))
        await house.desk.until_asked(1)
        for wire in list(house.door._wires.values()):
            wire._transport.abort()
        await house.desk.until_asked(2)
        house.desk.gate.set()
        assert json.loads((await asking)["payload"]) == {"key": key}
        assert len({payload for _, _, payload in house.desk.asked}) == 1
        await house.door.close()
        reborn = House()
        reborn.door = MqttDoor(reborn.desk, access(), STORE, Mqtt(listen=f"127.0.0.1:{port}"))
        await reborn.door.open()
        assert (await till.request("quote", {}))["operation"] == "quote"
    await reborn.door.close()


async def test_a_handheld_repeats_what_may_be_repeated() -> None:
    async with on_sockets() as house, handheld(house) as till:
        house.desk.breaks = True
        asking = asyncio.create_task(till.request("sell", {}, key=new_key()))
        await house.desk.until_asked(2)
        house.desk.breaks = False
        assert (await asking)["operation"] == "sell"
        house.desk.breaks = True
        refused = await till.request("sell", {}, timeout=2.0)
        assert refused["code"] == "E-INTERNAL"
        house.desk.gate.clear()
        with pytest.raises(TimeoutError):
            await till.request("sell", {}, timeout=0.2)
        house.desk.gate.set()


async def test_a_handheld_with_a_wrong_token_says_so() -> None:
    async with on_sockets() as house, handheld(house, "wrong") as till:
        with pytest.raises(NotLetIn, match="Bad user name or password"):
            await till.request("sell", {})
