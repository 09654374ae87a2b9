"""A device whose end of the wire is a link too, opened again whenever the host hangs up."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from drivers.codec import Codec, LinkLost
from drivers.links import Link, memory_pair
from drivers.links.mqtt import Account, MqttLink
from simulators.far_end.hand import FarEnd

AGAIN_SECONDS = 0.05


class OnLink(FarEnd):
    """A device at the end `there` of a wire whose host's end is `here`."""

    def __init__(
        self,
        here: Link,
        there: Link,
        codec_factory: Callable[[], Codec[bytes]],
        say: Callable[[Any], None],
    ) -> None:
        super().__init__(codec_factory, say)
        self._here, self._there = here, there
        self._task: asyncio.Task[None] | None = None

    def link(self, **options: object) -> Link:
        """Return the host's end; it has no use for options."""
        return self._here

    async def plug(self) -> None:
        """Begin to look for the host."""
        assert self._task is None, "already plugged in"
        self._task = asyncio.create_task(self._run(), name="far end")

    async def unplug(self) -> None:
        """Vanish."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))

    async def _run(self) -> None:
        while True:
            talk = _Talk(self)
            try:
                transport = await self._there.open(talk)
                try:
                    await talk.over.wait()
                finally:
                    transport.abort()
            except LinkLost:
                pass  # the host is not there yet
            await asyncio.sleep(AGAIN_SECONDS)


class _Talk(asyncio.Protocol):
    def __init__(self, far: OnLink) -> None:
        self._far = far
        self.over = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._far._begin(cast(asyncio.Transport, transport).write)

    def data_received(self, data: bytes) -> None:
        self._far._hear(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._far._end()
        self.over.set()


def in_memory(codec_factory: Callable[[], Codec[bytes]], say: Callable[[Any], None]) -> OnLink:
    """Return a device on a null-modem cable without a cable."""
    here, there = memory_pair()
    return OnLink(here, there, codec_factory, say)


def behind_broker(
    port: int,
    codec_factory: Callable[[], Codec[bytes]],
    say: Callable[[Any], None],
    **access: Any,
) -> OnLink:
    """Return a device that publishes to the MQTT 5 broker on this port of loopback.

    `access` is what else an `Account` there needs, for both ends.
    """
    out, into, state = (f"device/{name}" for name in ("out", "in", "state"))
    here, there = (
        Account(host="127.0.0.1", port=port, client_id=name, **access)
        for name in ("host", "device")
    )
    return OnLink(
        MqttLink(account=here, topic=out, send_topic=into, watched=state),
        MqttLink(account=there, topic=into, send_topic=out, birth=state),
        codec_factory, say,
    )  # fmt: skip
