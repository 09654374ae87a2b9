"""Other people's MQTT clients as terminal h1, all used in the same way; and a wire to cut.

aiomqtt hides the DUP flag, so it is read from the paho client inside it. mosquitto's tools
print what they hear with -d, the DUP flag and the server's DISCONNECT too.
"""

import asyncio
import contextlib
import json
import queue
import re
import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.mqtt_far import STORE

BASE = f"edge/v1/{STORE}/h1"
PATIENCE_SECONDS = 60
KEPT_SECONDS = 60
"""How long the box keeps the session of a client that listens."""

Address = tuple[str, int]
Heard = tuple[str, bool]
"""The text of a message, and whether it came with DUP."""


class Ear(Protocol):
    """A client that listens on its event topics, in a session that outlives the connection."""

    async def next(self) -> Heard:
        """Return the next message."""

    async def end(self) -> str:
        """Return why the box hung up, in the client's words."""


class Family(Protocol):
    """One kind of foreign client."""

    taken_over: str
    """What its `Ear` says when somebody else has taken its place."""

    async def ask(self, at: Address, payload: str) -> Any:
        """Send a request "sell" and return the JSON of its answer."""

    async def refused(self, at: Address, password: str) -> str:
        """Return what the client says of being refused; fails if it is let in."""

    def listening(self, at: Address) -> AbstractAsyncContextManager[Ear]:
        """Connect and listen, resuming the session if there is one."""


def properties(kind: int, **values: object) -> Properties:
    """Return MQTT 5 properties for a packet of `kind`."""
    made = Properties(kind)  # type: ignore[no-untyped-call]  # paho is half typed
    for name, value in values.items():
        setattr(made, name, value)
    return made


def request_properties(correlation: bytes = b"1") -> Properties:
    """Return the properties of a request "sell"."""
    return properties(
        PacketTypes.PUBLISH, ResponseTopic=f"{BASE}/rsp/sell", CorrelationData=correlation
    )


def kept(seconds: int = KEPT_SECONDS) -> Properties:
    """Return the properties of a CONNECT whose session is kept."""
    return properties(PacketTypes.CONNECT, SessionExpiryInterval=seconds)


# --- aiomqtt ----------------------------------------------------------------------------------


def aio(at: Address, password: str = "secret-h1", **more: Any) -> aiomqtt.Client:
    login = {"username": "h1", "password": password, "identifier": "h1", **more}
    return aiomqtt.Client(*at, protocol=aiomqtt.ProtocolVersion.V5, **login)


async def first(client: aiomqtt.Client) -> aiomqtt.Message:
    """Return the next message; raises MqttError when the box has hung up."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for message in client.messages:
            return message
    raise AssertionError("disconnected")


class _AioEar:
    def __init__(self, client: aiomqtt.Client) -> None:
        self._client, self._dups = client, list[bool]()
        inner = client._client
        told = inner.on_message
        assert told is not None

        def note(*said: Any) -> None:
            self._dups.append(said[-1].dup)
            told(*said)

        inner.on_message = note

    async def next(self) -> Heard:
        message = await first(self._client)
        assert isinstance(message.payload, bytes)
        return message.payload.decode(), self._dups.pop(0)

    async def end(self) -> str:
        try:
            await first(self._client)
        except aiomqtt.MqttError as error:
            return str(error)
        raise AssertionError("still there")


class Aiomqtt:
    """aiomqtt, in the test's own loop."""

    taken_over = "Disconnected during message iteration"

    async def ask(self, at: Address, payload: str) -> Any:
        async with aio(at) as client:
            await client.subscribe(f"{BASE}/rsp/+", qos=1)
            about = request_properties()
            await client.publish(f"{BASE}/req/sell", payload, qos=1, properties=about)
            answer = await first(client)
            assert isinstance(answer.payload, bytes)
            return json.loads(answer.payload)

    async def refused(self, at: Address, password: str) -> str:
        try:
            async with aio(at, password=password):
                raise AssertionError("let in")
        except aiomqtt.MqttError as error:
            return str(error)

    @contextlib.asynccontextmanager
    async def listening(self, at: Address) -> AsyncIterator[Ear]:
        client = aio(at, clean_start=False, properties=kept())
        ear = _AioEar(client)
        with contextlib.suppress(aiomqtt.MqttError):  # it may have been cut off
            async with client:
                await client.subscribe(f"{BASE}/evt/+", qos=1)
                yield ear


# --- paho -------------------------------------------------------------------------------------


class PahoThread:
    """A paho client in its own thread; what happens to it comes out of `next`, in order."""

    def __init__(self, at: Address, password: str = "secret-h1", *, seconds: int = 0) -> None:
        self._seen: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            "h1",
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        self.client.username_pw_set("h1", password)
        see = self._seen.put
        self.client.on_connect = lambda c, u, flags, code, p: see(
            ("refused", code) if code.is_failure else ("connected", flags.session_present)
        )
        self.client.on_message = lambda c, u, message: see(("message", message))
        self.client.on_subscribe = lambda c, u, m, codes, p: see(("subscribed", codes))
        self.client.on_disconnect = lambda c, u, f, code, p: see(("gone", code))
        self.client.connect(*at, clean_start=False, properties=kept(seconds))
        self.client.loop_start()

    async def next(self, kind: str) -> Any:
        """Return the next thing seen, which must be of `kind`."""
        seen, what = await asyncio.to_thread(self._seen.get, timeout=PATIENCE_SECONDS)
        assert seen == kind, what
        return what

    async def subscribe(self, topic: str) -> None:
        self.client.subscribe(topic, qos=1)
        await self.next("subscribed")

    def end(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextlib.asynccontextmanager
async def in_paho(at: Address, *login: str, seconds: int = 0) -> AsyncIterator[PahoThread]:
    thread = await asyncio.to_thread(PahoThread, at, *login, seconds=seconds)
    try:
        yield thread
    finally:
        await asyncio.to_thread(thread.end)


class _PahoEar:
    def __init__(self, thread: PahoThread) -> None:
        self._thread = thread

    async def next(self) -> Heard:
        message = await self._thread.next("message")
        return message.payload.decode(), message.dup

    async def end(self) -> str:
        return str(await self._thread.next("gone"))


class Paho:
    """paho, in a thread of its own."""

    taken_over = "Session taken over"

    async def ask(self, at: Address, payload: str) -> Any:
        async with in_paho(at) as thread:
            await thread.next("connected")
            await thread.subscribe(f"{BASE}/rsp/sell")
            about = request_properties()
            thread.client.publish(f"{BASE}/req/sell", payload, 1, properties=about)
            return json.loads((await thread.next("message")).payload)

    async def refused(self, at: Address, password: str) -> str:
        async with in_paho(at, password) as thread:
            return str(await thread.next("refused"))

    @contextlib.asynccontextmanager
    async def listening(self, at: Address) -> AsyncIterator[Ear]:
        async with in_paho(at, seconds=KEPT_SECONDS) as thread:
            # What waits in a session that is resumed comes before a SUBACK would.
            if not await thread.next("connected"):
                await thread.subscribe(f"{BASE}/evt/+")
            yield _PahoEar(thread)


# --- mosquitto --------------------------------------------------------------------------------


async def started(tool: str, at: Address, *options: str) -> asyncio.subprocess.Process:
    """Start mosquitto_`tool`; it prints line by line, as on a terminal."""
    path = shutil.which(f"mosquitto_{tool}")
    assert path, "install the package mosquitto-clients"
    whole = ("-oL", path, "-h", at[0], "-p", str(at[1]), "-i", "h1", *options)
    return await asyncio.create_subprocess_exec(
        "stdbuf", *whole, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )


async def ran(
    tool: str, at: Address, *options: str, password: str = "secret-h1", version: str = "5"
) -> tuple[int, str]:
    """Run mosquitto_`tool` to its end; return the exit code and all that was printed."""
    process = await started(tool, at, "-V", version, "-u", "h1", "-P", password, *options)
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return process.returncode, printed.decode()


class _MosquittoEar:
    def __init__(self, printed: asyncio.StreamReader) -> None:
        self._printed = printed
        self._unread: deque[str] = deque()

    async def subscribed(self) -> None:
        """Wait for the SUBACK; what waited in the session comes before it, and is kept."""
        before = []
        while "received SUBACK" not in (line := await self._line()):
            before.append(line)
        self._unread.extend(before)

    async def next(self) -> Heard:
        (dup,) = (await self.until(r"received PUBLISH \(d(\d)")).groups()
        (text,) = (await self.until(r"payload=(.*)")).groups()
        return text, dup == "1"

    async def end(self) -> str:
        return (await self.until(r"Received DISCONNECT \((\d+)\)")).group(1)

    async def until(self, pattern: str) -> re.Match[str]:
        """Return the next printed line with `pattern`."""
        while not (found := re.search(pattern, await self._line())):
            pass
        return found

    async def _line(self) -> str:
        if self._unread:
            return self._unread.popleft()
        async with asyncio.timeout(PATIENCE_SECONDS):
            line = await self._printed.readline()
        assert line, "it has ended"
        return line.decode().rstrip()


class Mosquitto:
    """Debian's mosquitto-clients, each in a process of its own."""

    taken_over = "142"  # 0x8E, as a number

    async def ask(self, at: Address, payload: str) -> Any:
        way = ("-t", f"{BASE}/req/sell", "-e", f"{BASE}/rsp/sell")
        code, printed = await ran("rr", at, *way, "-m", payload, "-q", "1", "-W", "10")
        assert code == 0, printed
        return json.loads(printed)

    async def refused(self, at: Address, password: str) -> str:
        code, printed = await ran("sub", at, "-t", f"{BASE}/evt/+", password=password)
        assert code != 0
        return printed

    @contextlib.asynccontextmanager
    async def listening(self, at: Address) -> AsyncIterator[Ear]:
        login = ("-V", "5", "-u", "h1", "-P", "secret-h1")
        session = ("-c", "-x", str(KEPT_SECONDS))
        topic = ("-t", f"{BASE}/evt/+", "-q", "1", "-F", "payload=%p")
        process = await started("sub", at, *login, *session, *topic, "-d")
        try:
            assert process.stdout is not None
            ear = _MosquittoEar(process.stdout)
            await ear.subscribed()
            yield ear
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()  # one that is asked to end while it reconnects may never do
            await process.communicate()


# --- a wire to cut ----------------------------------------------------------------------------


class Cutter:
    """A wire between clients and a door: it can swallow what clients say, and be cut."""

    def __init__(self, door: Address) -> None:
        self._door = door
        self._is_deaf = False
        self._ends: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> Address:
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    def deafen(self) -> None:
        """Bring nothing more to the door: no acknowledgement, and no goodbye."""
        self._is_deaf = True

    async def cut(self) -> None:
        """End all connections, both ways, and take no more."""
        assert self._server is not None
        self._server.close()
        for end in self._ends:
            end.transport.abort()
        await asyncio.gather(*(end.wait_closed() for end in self._ends), return_exceptions=True)

    async def __aenter__(self) -> "Cutter":
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def _carry(self, above: asyncio.StreamReader, up: asyncio.StreamWriter) -> None:
        below, down = await asyncio.open_connection(*self._door)
        self._ends += [up, down]
        await asyncio.gather(
            self._pump(above, down, lambda: self._is_deaf), self._pump(below, up, lambda: False)
        )

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, drop: Callable[[], bool]
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                if not drop():
                    sink.write(data)
