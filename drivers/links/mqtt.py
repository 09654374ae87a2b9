"""Devices behind an MQTT 5 broker: its messages on one topic are what the device sends.

`mqtt:` is for a network that nobody else is in; `mqtts:` is the same over TLS.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

from drivers.codec import BadSettings, Close, LinkLost, Send
from drivers.links import secrets
from drivers.links.link import STREAM_OPTIONS, Link, Scheme, check, text
from drivers.links.serial import check_stream_options
from drivers.links.tcp import CONNECT_SECONDS_MAX, check_host, connect
from drivers.mqtt import Arrived, Client, ClientSettings, Connected, Message, Publish, Rejected

ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
KEEP_ALIVE_SECONDS: Final = 1
"""So that a broker that vanished without a word is noticed within 2 s."""
PAYLOAD_BYTES_MAX: Final = 65_536

_URL = re.compile(
    r"mqtt(?P<tls>s?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/\[\]@]+)(:(?P<port>\d{1,5}))?/(?P<topic>[^#+\x00]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How to get into the broker; both files are read at each opening.

    `password_file` is for our eyes only (mode 0600). With `tls` the broker's certificate has to
    name `host`, and to be signed by one of those in `ca_file`, or one that this machine trusts.
    """

    host: str
    port: int = 1883
    client_id: str
    username: str = ""
    password_file: str = ""
    tls: bool = False
    ca_file: str = ""

    def settings(self, topic: str, watched: str, will: Message | None) -> ClientSettings:
        """Return what the client asks for; raises LinkLost if the password cannot be read."""
        password = secrets.password(self.password_file) if self.password_file else b""
        return ClientSettings(
            client_id=self.client_id, username=self.username, password=password,
            subscriptions=tuple(filter(None, (topic, watched))), will=will,
            clean_start=True, session_seconds=0, keep_alive_seconds=KEEP_ALIVE_SECONDS,
            packet_bytes_max=2 * PAYLOAD_BYTES_MAX,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttLink:
    """A wire over a broker: messages on `topic` come to us, what we write goes to `send_topic`.

    `watched` is a topic that says, retained, whether the far end is there: the link opens at
    "online" and is lost with anything else, such as the far end's will; "" is not to watch.
    `birth` is the topic on which we say the same of ourselves. Messages are QoS 0 from us, since
    a beep tomorrow is worse than none; retained ones are never taken for what just happened.
    """

    account: Account
    topic: str
    send_topic: str = ""
    watched: str = ""
    birth: str = ""

    async def open(self, protocol: asyncio.Protocol) -> asyncio.Transport:
        """See `Link.open`."""
        will = _state(self.birth, OFFLINE) if self.birth else None
        client = Client(self.account.settings(self.topic, self.watched, will))
        transport = MqttTransport(self, client, protocol)
        account = self.account
        trust = secrets.trust(account.ca_file) if account.tls else None
        inner = await connect(account.host, account.port, transport.wire, trust)
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                await transport.ready
        except TimeoutError as error:
            raise LinkLost(f"nobody is there: no {ONLINE.decode()} on {self.watched}") from error
        finally:
            if not transport.is_open:
                inner.abort()
        return transport


class MqttTransport(asyncio.Transport):
    """One connection to the broker, as `protocol` sees it: messages in, messages out."""

    def __init__(self, link: MqttLink, client: Client, protocol: asyncio.Protocol) -> None:
        super().__init__({"peername": f"{link.account.host}:{link.account.port}"})
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the far end is there; fails with LinkLost."""
        self.wire = _Wire(client, self._hear, self._lost, self._fill)
        self._link, self._protocol = link, cast(Any, protocol)
        self._closing = False

    @property
    def is_open(self) -> bool:
        """Tell whether `protocol` was connected, and not yet told of the end."""
        return self.ready.done() and not self.ready.cancelled() and not self.ready.exception()

    def _hear(self, event: object) -> None:
        link = self._link
        match event:
            case Connected():
                if link.birth:
                    self.wire.publish(_state(link.birth, ONLINE))
                if not link.watched:
                    self._open()
            case Rejected(code, why):
                self._lost(LinkLost(f"the broker refuses us: {why or hex(code)}"))
            case Arrived(message) if link.watched and message.topic == link.watched:
                self._watch(message.payload)
            case Arrived(message) if self.is_open and not self._closing and not message.retain:
                self._protocol.data_received(message.payload)

    def _watch(self, said: bytes) -> None:
        if said == ONLINE:
            self._open()
        elif self.is_open:
            self.wire.end(LinkLost(f"the far end is {said[:40].decode(errors='replace')}"))

    def _open(self) -> None:
        if not self.ready.done():
            self.ready.set_result(None)
            self._protocol.connection_made(self)

    def _lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            why = error if isinstance(error, LinkLost) else LinkLost("the broker hung up")
            self.ready.set_exception(why)
            self.ready.exception()  # whoever waits for it may be gone
        elif self.is_open:
            self._closing = True
            self._protocol.connection_lost(error)

    def _fill(self, is_full: bool) -> None:
        if self.is_open and is_full:
            self._protocol.pause_writing()
        elif self.is_open:
            self._protocol.resume_writing()

    # --- asyncio.Transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Publish `data` as one message; after the end, or with no topic for it, it is dropped."""
        if self._link.send_topic and data and not self._closing:
            self.wire.publish(Message(topic=self._link.send_topic, payload=bytes(data), qos=0))

    def pause_reading(self) -> None:
        """Leave what comes to the broker until `resume_reading`."""
        self.wire.pause(True)

    def resume_reading(self) -> None:
        """Read again."""
        self.wire.pause(False)

    def is_closing(self) -> bool:
        """Tell whether the end has begun."""
        return self._closing

    def close(self) -> None:
        """Deliver what was written, then end."""
        if not self._closing:
            self._closing = True
            if self._link.birth:
                self.wire.publish(_state(self._link.birth, OFFLINE))
            self.wire.goodbye()

    def abort(self) -> None:
        """End now; the broker says our will."""
        self._closing = True
        self.wire.end(None)


class _Wire(asyncio.Protocol):
    """The client's bytes on TCP."""

    def __init__(
        self, client: Client, hear: Callable[[object], None],
        lost: Callable[[Exception | None], None], full: Callable[[bool], None],
    ) -> None:  # fmt: skip
        self._client, self._hear, self._lost, self._full = client, hear, lost, full
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._alarm: asyncio.TimerHandle | None = None
        self._why: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._act(self._client.start(self._loop.time()))

    def data_received(self, data: bytes) -> None:
        self._act(self._client.receive(data, self._loop.time()))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._lost(self._why or exc)

    def pause_writing(self) -> None:
        self._full(True)

    def resume_writing(self) -> None:
        self._full(False)

    def publish(self, message: Message) -> None:
        self._act(self._client.command(Publish(message), self._loop.time()))

    def pause(self, is_paused: bool) -> None:
        if is_paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def goodbye(self) -> None:
        self._act(self._client.goodbye())

    def end(self, why: Exception | None) -> None:
        """Hang up without a goodbye; `why` is what the protocol is told."""
        self._why = self._why or why
        if self._transport is not None:
            self._transport.abort()

    def _act(self, outs: Iterable[object]) -> None:
        for out in outs:
            match out:
                case Send(frame):
                    self._transport.write(frame)
                case Close(why):
                    self._why = self._why or LinkLost(why)
                    self._transport.close()
                case _:
                    self._hear(out)
        self._set_alarm()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        at = self._client.wake_at
        self._alarm = None
        if at is not None and not self._transport.is_closing():
            self._alarm = self._loop.call_at(at, partial(self._wake, at))

    def _wake(self, at: float) -> None:
        self._act(self._client.wake(max(at, self._loop.time())))


def _state(topic: str, said: bytes) -> Message:
    return Message(topic=topic, payload=said, qos=1, retain=True)


def dial(url: str, wire: Mapping[str, object]) -> Link:
    """Return the link that `mqtt://host:port/topic` or `mqtts://host:port/topic` names.

    The device publishes what it sends on `topic`/out and hears `topic`/in; `topic`/state says,
    retained, online or offline. Options: `listen_topic`, `send_topic` and `state_topic` instead of
    these (`state_topic` may be empty: not watched), `username`, `password_file`, `client_id`, and
    `ca_file` of `mqtts:`. Ports are 1883 and 8883, if none is named.
    """
    check_stream_options({key: value for key, value in wire.items() if key in STREAM_OPTIONS})
    match = _URL.fullmatch(url)
    if match is None:
        raise BadSettings(f"{url!r} is not mqtt://host:port/topic or mqtts://host:port/topic")
    given = {key: text(key, value) for key, value in wire.items()
             if key in OPTIONS and not (key == "state_topic" and value == "")}  # fmt: skip
    topic, tls = match["topic"], bool(match["tls"])
    port = int(match["port"] or (8883 if tls else 1883))
    check(0 < port < 65536, f"port must be from 1 to 65535, not {port}")
    check_host(match["host"])
    check(tls or "ca_file" not in given, "ca_file is for mqtts://, which is encrypted")
    account = Account(
        host=match["host"].strip("[]"), port=port,
        client_id=given.get("client_id", f"edgebox-{topic.replace('/', '-')}"),
        username=given.get("username", ""), password_file=given.get("password_file", ""),
        tls=tls, ca_file=given.get("ca_file", ""),
    )  # fmt: skip
    return MqttLink(
        account=account,
        topic=given.get("listen_topic", f"{topic}/out"),
        send_topic=given.get("send_topic", f"{topic}/in"),
        watched="" if wire.get("state_topic") == "" else given.get("state_topic", f"{topic}/state"),
    )


OPTIONS: Final = (
    "listen_topic", "send_topic", "state_topic", "client_id", "username", "password_file",
    "ca_file",
)  # fmt: skip

SCHEME = Scheme(
    example="mqtt://127.0.0.1:1883/shop/scanner-1", carries=("stream",),
    options=(*STREAM_OPTIONS, *OPTIONS), link=dial,
)  # fmt: skip
