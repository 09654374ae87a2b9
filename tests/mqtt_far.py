"""Our own client machine on a transport: the far end of the MQTT door in tests and under load."""

import asyncio
from collections.abc import Iterable
from typing import Any, TypeVar, cast

from drivers.codec import Close, Send
from drivers.mqtt import Arrived, Client, ClientSettings, Connected, Message, Publish, Topics

E = TypeVar("E")

STORE = "s1"


class Far(asyncio.Protocol):
    """One terminal's end of one connection; a new one with the same `client` is a reconnect."""

    transport: asyncio.Transport

    def __init__(self, client: Client, topics: Topics) -> None:
        self.client, self.topics = client, topics
        self.events: asyncio.Queue[Any] = asyncio.Queue()
        self.lost = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop has its own kind
        self._do(self.client.start(self._loop.time()))

    def data_received(self, data: bytes) -> None:
        self._do(self.client.receive(data, self._loop.time()))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.client.lost()
        self.lost.set()

    def publish(self, message: Message) -> None:
        self._do(self.client.command(Publish(message), self._loop.time()))

    def ask(self, operation: str, payload: bytes = b"{}", **more: Any) -> None:
        """Send a request without waiting."""
        wanted = {"response_topic": self.topics.response(operation), **more}
        topic = self.topics.request(operation)
        self.publish(Message(topic=topic, payload=payload, **wanted))

    async def answer(self) -> Message:
        """Return the next message from the box."""
        return (await self.until(Arrived)).message

    async def until(self, kind: type[E]) -> E:
        """Return the next event of `kind`; others before it are dropped."""
        while True:
            event = await self.events.get()
            if isinstance(event, kind):
                return event

    def _do(self, outs: Iterable[object]) -> None:
        for out in outs:
            if isinstance(out, Send):
                self.transport.write(out.frame)
            elif isinstance(out, Close):
                self.transport.close()
            else:
                self.events.put_nowait(out)
        if self._timer is None and self.client.wake_at is not None:
            self._timer = self._loop.call_at(self.client.wake_at, self._wake)

    def _wake(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self._do(self.client.wake(self._loop.time()))


def far(name: str = "h1", **changes: Any) -> Far:
    """A terminal that wants its answers, its events and the news of the box."""
    topics = Topics(STORE, name)
    base = f"edge/v1/{STORE}"
    settings: dict[str, Any] = {
        "client_id": name,
        "username": name,
        "password": f"secret-{name}".encode(),
        "subscriptions": (f"{base}/{name}/rsp/+", f"{base}/{name}/evt/+", f"{base}/box/state"),
        **changes,
    }
    return Far(Client(ClientSettings(**settings)), topics)


async def connected(end: Far) -> Far:
    """Wait until `end` is in."""
    await end.until(Connected)
    return end
