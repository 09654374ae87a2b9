"""What people in the store of a voyage hold in their hands: handhelds, tills, and the lane."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

from drivers.device import Device
from drivers.events import Scan
from drivers.mqtt import Arrived, Client, ClientSettings, Message, Publish, Topics
from simulators import demo_data
from tests.afloat import DAY_SECONDS, Store

RETRY_SECONDS = 3.0


class Handheld:
    """A handheld on the MQTT door: retries with the same key until it is answered."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name, self._luck = store, name, store.luck
        self._topics = Topics("s1", name)
        self._waiting: dict[bytes, asyncio.Future[bytes]] = {}
        wanted = ClientSettings(
            client_id=name,
            username=name,
            password=store.premises.tokens[name].encode(),
            subscriptions=(self._topics.response("+"),),
        )
        self.device = Device(name, store.door.link(name), lambda: Client(wanted), self._hear)

    def _hear(self, event: object) -> None:
        if isinstance(event, Arrived):
            message = event.message
            waiting = self._waiting.get(message.correlation or b"")
            if waiting is not None and not waiting.done():
                waiting.set_result(message.payload)

    async def ask(self, operation: str, payload: bytes) -> bytes:
        """Return the answer, however often it takes; now and then send it twice, or late."""
        correlation = self._luck.randbytes(8)
        answer: asyncio.Future[bytes] = self._store.loop.create_future()
        self._waiting[correlation] = answer
        message = Message(
            topic=self._topics.request(operation),
            payload=payload,
            qos=1,
            response_topic=self._topics.response(operation),
            correlation=correlation,
        )
        while not answer.done():
            self.device.tell(Publish(message))
            if self._luck.random() < 0.15:
                self._store.recorder.counts["duplicated"] += 1
                late = self._luck.random() * 20
                self._store.loop.call_later(late, self.device.tell, Publish(message))
            await asyncio.wait((answer,), timeout=RETRY_SECONDS)
        del self._waiting[correlation]
        return answer.result()


async def ask_desk(store: Store, name: str, operation: str, payload: bytes) -> bytes:
    """Return what the desk answers a PC till, asking again when the box is gone meanwhile."""
    terminal = store.config.terminals[name]
    while True:
        while store.running.done():
            await asyncio.sleep(RETRY_SECONDS)
        task = asyncio.create_task(store.box.desk.handle(terminal, operation, payload))
        await asyncio.wait((task,), timeout=RETRY_SECONDS)
        if task.done() and not task.cancelled():
            answer = task.result()
            if answer.status < 500:
                return answer.body
        task.cancel()
        await asyncio.wait((task,))
        await asyncio.sleep(RETRY_SECONDS)


Ask = Callable[[str, bytes], Awaitable[bytes]]


async def scan_at_the_lane(store: Store, sales: int) -> None:
    """Guests put goods on the lane's scanner; the last barcode of each is the cash one."""
    luck = store.luck
    for _ in range(sales):
        await asyncio.sleep(luck.random() * 2 * DAY_SECONDS / sales)
        codes = [demo_data.ean(luck.randint(1, 12)) for _ in range(luck.randint(1, 5))]
        if luck.random() < 0.5:
            codes.append(demo_data.card_number(luck.randint(1, 20)))
        end = luck.choice(["EDGE:PAY:CASH", "EDGE:PAY:CASH:1000000", "EDGE:CANCEL"])
        codes.append(end)
        store.recorder.lane_paid += end.startswith("EDGE:PAY")
        for code in codes:
            store.scanner.tell(Scan(code, "E0" if code.isdigit() else "C0"))
            await asyncio.sleep(luck.random() * 2)


def encode(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def new_key(luck: random.Random, number: int) -> str:
    """Return a fresh UUIDv7, as a terminal makes it."""
    value = luck.getrandbits(122)
    text = f"{value:032x}"
    return f"0190{text[:4]}-{text[4:8]}-7{text[8:11]}-a{text[11:14]}-{number:04x}{text[14:22]}"
