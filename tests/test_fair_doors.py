"""One terminal asks on and on, or much at once: the others are served in between.

What is looked at is the order in which requests are begun and how many, never how long it takes.
"""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator

import mqtt5
from mqtt5 import ConnAckReasonCode
from mqtt5 import DisconnectReasonCode as Reason

from drivers.mqtt import Disconnected, Message, Rejected, Requested, Topics
from edge.config import Http, Mqtt, Terminal
from edge.doors.asking import WAITING_MAX, Asking
from edge.doors.feeds import Feeds
from edge.doors.http import BURST_SECONDS, HttpDoor
from edge.doors.http_connection import TERMINAL_CONNECTIONS
from edge.doors.mqtt import LOGINS_BURST, LOGINS_PER_FLOOD, MqttDoor
from edge.doors.turns import Turns
from edge.rates import BYTES_PER_TOKEN, SMALL_BYTES
from simulators.request_keys import new_key
from tests import virtual_time
from tests.fake_desk import Answer, FakeDesk, FakeReception, access, terminal
from tests.http_house import reply_of
from tests.mqtt_far import STORE, Far, connected, far
from tests.mqtt_house import House, code, in_memory, on_sockets

MANY = 40
SOON = 4
"""A request that is read at once is begun after the one that is worked on, the one that has its
turn already, and what one more turn of the loop is needed for to read it."""


class FrontOffice(FakeDesk):
    """A desk for the HTTP door, too, which knows nothing more."""

    def known(self, terminal: Terminal, key: str) -> Answer:
        return Answer(404, b'{"code":"E-NOT-FOUND"}')

    def health(self) -> Answer:
        return Answer(200, b'{"state":"selling"}')


class Hall:
    """Two doors, one desk behind them, and one order of turns."""

    def __init__(self, rate: int, connections_per_address_max: int) -> None:
        self.desk, turns = FrontOffice(), Turns()
        known = access()
        mqtt = Mqtt(listen="127.0.0.1:0", requests_per_second_max=rate)
        self.mqtt = MqttDoor(self.desk, known, STORE, mqtt, None, turns)
        self.http = HttpDoor(
            Http(
                listen="127.0.0.1:0", requests_per_second_max=rate,
                connections_per_address_max=connections_per_address_max,
            ),
            self.desk, known, Feeds().subscribe,
            lambda: b"", FakeReception(), None, turns,
        )  # fmt: skip

    async def come(self, name: str) -> Far:
        return await come(self.mqtt, far(name))

    async def talk(self, raw: bytes) -> bytes:
        """Send bytes on a connection of their own; return all that is answered."""
        reader, writer = await asyncio.open_connection(*self.http.address)
        with contextlib.closing(writer):
            writer.write(raw)
            async with asyncio.timeout(60):
                return await reader.read()

    async def post(self, name: str, count: int = 1) -> list[int]:
        """Ask `count` times on one connection without waiting; return the answers' statuses."""
        raw = posted(name, "keep-alive") * (count - 1) + posted(name, "close")
        return [int(part[:3]) for part in (await self.talk(raw)).split(b"HTTP/1.1 ")[1:]]

    def begun_by(self, name: str) -> int:
        return sum(who == name for who, _, _ in self.desk.asked)

    async def until_begun_by(self, name: str, count: int) -> None:
        while self.begun_by(name) < count:
            await asyncio.sleep(0)


async def come(door: MqttDoor, end: Far) -> Far:
    await asyncio.get_running_loop().create_connection(lambda: end, *door.address)
    return await connected(end)


def posted(name: str, connection: str, body: bytes = b"{}") -> bytes:
    return (
        "POST /v1/quote HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Connection: {connection}\r\nAuthorization: Bearer {name}:secret-{name}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


@contextlib.asynccontextmanager
async def hall(rate: int = 10_000, connections_per_address_max: int = 64) -> AsyncIterator[Hall]:
    """Open both doors; each terminal may ask so often in a second."""
    it = Hall(rate, connections_per_address_max)
    await it.mqtt.open()
    await it.http.open()
    try:
        yield it
    finally:
        await it.http.close()
        await it.mqtt.close()


# --- who is next ----------------------------------------------------------------------------------


def test_over_mqtt_the_last_to_come_is_not_the_last_to_be_served() -> None:
    """Asked in one turn of the loop, as through a broker, where all come over one connection."""

    async def main() -> None:
        desk, told = FakeDesk(), Counter[str]()
        settings = Mqtt(requests_per_second_max=1000, inflight_max=MANY)
        asking = Asking(desk, settings, Counter(), lambda who, message: told.update([who]), Turns())
        for name, count in (("h1", MANY), ("h2", 1)):
            topic = Topics(STORE, name).response("quote")
            asked = Requested(
                terminal(name), "quote", b"{}", 1, topic, None, retained=False, expired=False
            )
            for _ in range(count):
                asking.ask(asked, terminal(name), topic, 0)
        await asking.finish()
        begun = [who for who, _, _ in desk.asked]
        assert begun.index("h2") == 1
        assert told == {"h1": MANY, "h2": 1}

    virtual_time.run(main())


async def test_at_the_own_endpoint_another_is_served_meanwhile() -> None:
    async with hall() as it:
        greedy, other = await it.come("h1"), await it.come("h2")
        for _ in range(MANY):
            greedy.ask("quote")
        await it.until_begun_by("h1", 5)
        before = it.begun_by("h1")
        other.ask("quote")
        await it.until_begun_by("h2", 1)
        assert it.begun_by("h1") - before <= SOON
        assert json.loads((await other.answer()).payload)["operation"] == "quote"
        for _ in range(MANY):
            assert json.loads((await greedy.answer()).payload)["operation"] == "quote"
        greedy.transport.close()
        other.transport.close()


async def test_over_http_another_is_served_meanwhile() -> None:
    async with hall() as it:
        end = await it.come("h2")
        flood = [asyncio.create_task(it.post("h1", 4)) for _ in range(MANY)]
        await it.until_begun_by("h1", 5)
        before = it.begun_by("h1")
        end.ask("quote")
        await it.until_begun_by("h2", 1)
        assert it.begun_by("h1") - before <= SOON
        assert await asyncio.gather(*flood) == [[200] * 4] * MANY
        end.transport.close()


async def test_who_waits_for_the_disk_is_in_nobodys_way() -> None:
    async with hall() as it:
        it.desk.gate.clear()
        ends = [await it.come(name) for name in ("h1", "h2")]
        for end in ends:
            for _ in range(3):
                end.ask("sell", json.dumps({"key": new_key()}).encode())
        await it.desk.until_asked(6)
        it.desk.gate.set()
        for end in ends:
            for _ in range(3):
                assert json.loads((await end.answer()).payload)["operation"] == "sell"
            end.transport.close()


async def test_a_terminals_own_requests_are_begun_in_order() -> None:
    async with hall() as it:
        end = await it.come("h1")
        for number in range(MANY):
            end.ask("quote", b"%d" % number)
        await it.desk.until_asked(MANY)
        assert [payload for _, _, payload in it.desk.asked] == [b"%d" % n for n in range(MANY)]
        end.transport.close()


# --- who sends too much ---------------------------------------------------------------------------


async def test_another_is_answered_before_a_flood_is_dealt_with() -> None:
    packets = 3000
    async with on_sockets(requests_per_second_max=2000, inflight_max=1) as it:
        greedy, other = far(), far("h2")
        for end in (greedy, other):
            await come(it.door, end)
        for _ in range(packets):
            greedy.ask("quote", qos=0)
        await it.desk.until_asked(1)
        other.ask("quote")
        await other.answer()
        begun = sum(who == "h1" for who, _, _ in it.desk.asked)
        assert begun + sum(it.door.counts.values()) < packets / 2
        greedy.transport.close()
        other.transport.close()


async def test_over_http_a_flood_is_told_to_wait_and_then_cut_off() -> None:
    rate, count = 5, 30
    async with hall(rate) as it:
        end = await it.come("h2")
        flood = [asyncio.create_task(it.post("h1", count)) for _ in range(10)]
        for _ in range(3):
            end.ask("quote")
            assert json.loads((await end.answer()).payload)["operation"] == "quote"
        said = Counter(status for one in await asyncio.gather(*flood) for status in one)
        assert said.keys() == {200, 429}
        assert said[200] >= rate * BURST_SECONDS
        assert said.total() < 10 * count, "who goes on is hung up on"
        end.transport.close()


def test_who_goes_on_with_a_flood_has_to_wait_to_come_again() -> None:
    async def flood(house: House) -> None:
        for _ in range(int(LOGINS_BURST / LOGINS_PER_FLOOD)):
            end = await house.come(far())
            end.transport.write(mqtt5.PingReqPacket().write() * 1000)
            assert (await end.until(Disconnected)).code == Reason.MESSAGE_RATE_TOO_HIGH
        end = far()
        await house.server.link().open(end)
        assert (await end.until(Rejected)).code == ConnAckReasonCode.CONNECTION_RATE_EXCEEDED
        await house.come(far("h2"))
        await asyncio.sleep(2)
        await house.come(far())

    in_memory(flood)


def test_more_than_a_hundred_may_not_wait() -> None:
    async def main() -> None:
        desk, codes = FakeDesk(), list[str]()

        def told(who: str, message: Message) -> None:
            codes.append("" if message.content_type == "application/json" else code(message))

        asking = Asking(desk, Mqtt(requests_per_second_max=1000), Counter(), told, Turns())
        topic = Topics(STORE, "h1").response("quote")
        asked = Requested(
            terminal("h1"), "quote", b"{}", 1, topic, None, retained=False, expired=False
        )
        for _ in range(WAITING_MAX + 7):
            asking.ask(asked, terminal("h1"), topic, 0)
        assert codes == ["E-BUSY"] * 7
        await asking.finish()
        assert codes == ["E-BUSY"] * 7 + [""] * WAITING_MAX

    virtual_time.run(main())


# --- who sends large things -----------------------------------------------------------------------

LARGE = b"{}" + b" " * (SMALL_BYTES + 200 * BYTES_PER_TOKEN - 2)
"""Weighs 201 tokens."""


def test_over_mqtt_what_is_large_is_waited_for_afterwards() -> None:
    async def send(house: House) -> None:
        end, other = await house.come(far()), await house.come(far("h2"))
        end.ask("quote", LARGE)
        end.ask("quote")
        answered, refused = await end.answer(), await end.answer()
        assert code(refused) == "E-RATE-LIMITED"
        assert json.loads(refused.payload)["retry_after"] == 4  # of 50 a second
        assert json.loads(answered.payload)["operation"] == "quote"
        other.ask("quote")
        assert json.loads((await other.answer()).payload)["operation"] == "quote"
        await asyncio.sleep(4)
        end.ask("quote")
        assert json.loads((await end.answer()).payload)["operation"] == "quote"

    in_memory(send, requests_per_second_max=50)


async def test_over_http_what_is_large_is_waited_for_afterwards() -> None:
    async with hall(50) as it:
        for body, expected in ((LARGE, 200), (b"{}", 429)):
            status, headers, _ = reply_of(await it.talk(posted("h1", "close", body)))
            assert status == expected
        assert headers["retry-after"] == "3"
        assert await it.post("h2") == [200]


# --- a shop behind one address --------------------------------------------------------------------


async def test_terminals_take_no_strangers_places_at_the_endpoint() -> None:
    async with on_sockets(connections_per_address_max=1) as it:
        ends = [await come(it.door, far(name)) for name in ("h1", "h2")]
        idle = [await asyncio.open_connection(*it.door.address) for _ in range(2)]
        async with asyncio.timeout(60):
            with contextlib.suppress(ConnectionError):
                assert await idle[1][0].read() == b"", "one stranger is one too many"
        for end in ends:
            end.ask("quote")
            assert json.loads((await end.answer()).payload)["operation"] == "quote"
            end.transport.close()
        for _, writer in idle:
            writer.close()


async def test_a_few_connections_of_each_terminal_have_places_of_their_own_over_http() -> None:
    one_more = TERMINAL_CONNECTIONS + 1
    async with hall(connections_per_address_max=1) as it:
        writers = []
        for name in ("h1", "h2"):
            for _ in range(TERMINAL_CONNECTIONS):
                reader, writer = await asyncio.open_connection(*it.http.address)
                writer.write(posted(name, "keep-alive"))
                assert b" 200 " in await reader.readline()
                writers.append(writer)
        assert it.http.connections == 2 * TERMINAL_CONNECTIONS
        reader, writer = await asyncio.open_connection(*it.http.address)
        writer.write(posted("h1", "keep-alive"))
        assert b" 200 " in await reader.readline(), f"its {one_more}th takes the address's place"
        status, _, refused = reply_of(await it.talk(posted("h2", "close")))
        assert (status, refused["code"]) == (503, "E-BUSY")
        for each in (writer, *writers):
            each.close()
        while it.http.connections:
            await asyncio.sleep(0)
        assert await it.post("h2") == [200]
