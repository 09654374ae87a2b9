"""A handheld till at the far end of the MQTT door: on aiomqtt, not on our own machine.

So two independent MQTT implementations meet. It does what a terminal must: it sends a request
again, with the same key, until the box itself has answered; a PUBACK means nothing to it.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulators.answers import believed

REQUEST_SECONDS_MAX = 120
SESSION_SECONDS = 600
ASK_AGAIN_SECONDS, ASK_AGAIN_SECONDS_MIN = 2.0, 0.1
RECONNECT_SECONDS = 0.1
CONNECT_SECONDS_MAX = 5.0
NOT_LET_IN = (0x85, 0x86, 0x87, 0x8C, 0x90)
"""CONNACK codes that no amount of trying again will change."""


class NotLetIn(Exception):
    """The box refuses the login; `str()` says with which reason."""


class Handheld:
    """One terminal, connected while the context is open, reconnecting by itself.

    A box that dies before it says CONNACK is given up after `connect_seconds_max`.

    Raises `NotLetIn` from `request` when the box refuses the login.
    """

    def __init__(
        self,
        host: str,
        port: int,
        store: str,
        terminal: str,
        token: str,
        *,
        connect_seconds_max: float = CONNECT_SECONDS_MAX,
        ask_again_seconds: float = ASK_AGAIN_SECONDS,
    ) -> None:
        self._host, self._port = host, port
        self._connect_seconds_max = connect_seconds_max
        self._ask_again_seconds = ask_again_seconds
        self._terminal, self._token = terminal, token
        self._base = f"edge/v1/{store}/{terminal}"
        self._client: aiomqtt.Client | None = None
        self._changed = asyncio.Event()
        self._waiting: dict[bytes, tuple[str | None, asyncio.Future[dict[str, Any]]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._asked = 0

    async def __aenter__(self) -> "Handheld":
        """Begin to connect."""
        self._task = asyncio.create_task(self._stay_connected())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        assert self._task is not None
        while not self._task.done():
            # Once may not be enough: see `_ask`.
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=ASK_AGAIN_SECONDS_MIN)
        if not self._task.cancelled():
            self._task.exception()  # somebody was told of it, or nobody asked

    async def request(
        self,
        operation: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109 - a terminal gives up by itself
    ) -> dict[str, Any]:
        """Ask until the box answers, and return its answer: a reply or a problem.

        `key` goes into the body. A problem that says `retry: same` is asked again as long as
        there is time. Raises TimeoutError after `timeout` seconds without any answer.
        """
        whole = dict(body) if key is None else {**body, "key": key}
        payload = json.dumps(whole, ensure_ascii=False).encode()
        deadline = asyncio.get_running_loop().time() + timeout
        answer = await self._ask(operation, payload, key, deadline)
        while answer.get("retry") == "same":
            pause = min(ASK_AGAIN_SECONDS, answer.get("retry_after") or ASK_AGAIN_SECONDS_MIN)
            await asyncio.sleep(pause)
            try:
                answer = await self._ask(operation, payload, key, deadline)
            except TimeoutError:
                break
        return answer

    async def _ask(
        self, operation: str, payload: bytes, key: str | None, deadline: float
    ) -> dict[str, Any]:
        """Send one request as often as it takes; return the answer to it.

        The deadline is looked at here: before Python 3.12 `asyncio.wait_for`, which aiomqtt
        uses, may swallow a cancellation, and with it any `asyncio.timeout` around it.
        """
        self._asked += 1
        correlation = b"%s-%d" % (self._terminal.encode(), self._asked)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[correlation] = key, answer
        try:
            while not answer.done():
                client = await self._connected(deadline)
                with contextlib.suppress(aiomqtt.MqttError):
                    await client.publish(
                        f"{self._base}/req/{operation}",
                        payload,
                        qos=1,
                        properties=self._request_properties(operation, correlation),
                        timeout=ASK_AGAIN_SECONDS,
                    )
                await self._wait(answer, client, deadline)
            return answer.result()
        finally:
            del self._waiting[correlation]

    def _request_properties(self, operation: str, correlation: bytes) -> Properties:
        return _properties(
            PacketTypes.PUBLISH,
            ResponseTopic=f"{self._base}/rsp/{operation}",
            CorrelationData=correlation,
            MessageExpiryInterval=REQUEST_SECONDS_MAX,
            ContentType="application/json",
        )

    async def _connected(self, deadline: float) -> aiomqtt.Client:
        """Wait until there is a connection; raises TimeoutError at the deadline."""
        assert self._task is not None
        async with asyncio.timeout_at(deadline):
            while self._client is None:
                if self._task.done():
                    self._task.result()
                await self._changed.wait()
        if asyncio.get_running_loop().time() >= deadline:
            raise TimeoutError
        return self._client

    async def _wait(
        self, answer: asyncio.Future[dict[str, Any]], client: aiomqtt.Client, deadline: float
    ) -> None:
        """Wait for the answer, or until asking again makes sense."""
        again_at = asyncio.get_running_loop().time() + self._ask_again_seconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(min(again_at, deadline)):
                while not answer.done() and self._client is client:
                    await self._changed.wait()

    def _has_changed(self) -> None:
        """Wake all who wait: the connection came or went, or an answer is here."""
        self._changed.set()
        self._changed = asyncio.Event()

    # --- the connection

    async def _stay_connected(self) -> None:
        try:
            while True:
                try:
                    await self._connection()
                except aiomqtt.MqttCodeError as error:
                    if isinstance(error.rc, ReasonCode) and error.rc.value in NOT_LET_IN:
                        raise NotLetIn(str(error.rc)) from error
                except (aiomqtt.MqttError, OSError):
                    pass  # the box is away: that is what the loop is for
                await asyncio.sleep(RECONNECT_SECONDS)
        finally:
            self._has_changed()

    async def _connection(self) -> None:
        """Connect, listen, and end with the connection."""
        async with self._new_client() as client:
            await client.subscribe(f"{self._base}/rsp/+", qos=1)
            await client.publish(f"{self._base}/state", '{"state":"online"}', qos=1, retain=True)
            self._client = client
            self._has_changed()
            try:
                async for message in client.messages:
                    self._answered(message)
            finally:
                self._client = None
                self._has_changed()

    def _new_client(self) -> aiomqtt.Client:
        return aiomqtt.Client(
            self._host,
            self._port,
            username=self._terminal,
            password=self._token,
            identifier=self._terminal,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            timeout=self._connect_seconds_max,
            properties=_properties(PacketTypes.CONNECT, SessionExpiryInterval=SESSION_SECONDS),
            will=aiomqtt.Will(f"{self._base}/state", '{"state":"offline"}', qos=1, retain=True),
            # Without this Nagle waits for the delayed acknowledgement: 88 ms a request.
            socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
        )

    def _answered(self, message: aiomqtt.Message) -> None:
        correlation = getattr(message.properties, "CorrelationData", b"")
        key, waiting = self._waiting.get(correlation, (None, None))
        if waiting is None or waiting.done() or not isinstance(message.payload, bytes):
            return
        answer = believed(message.payload, key)
        if answer is not None:
            waiting.set_result(answer)
            self._has_changed()


def _properties(kind: int, **values: object) -> Properties:
    properties = Properties(kind)  # type: ignore[no-untyped-call]  # paho is half typed
    for name, value in values.items():
        setattr(properties, name, value)
    return properties
