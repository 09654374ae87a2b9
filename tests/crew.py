"""Who works in the store of a voyage: handhelds, cashiers, and guests at the lane."""

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
from tests.oracle.recorder import Asked, must

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


class Cashier:
    """Quotes and sells, as a person would, and now and then does something wrong."""

    def __init__(self, store: Store, name: str, ask: Ask) -> None:
        self._store, self._name, self._ask, self._luck = store, name, ask, store.luck

    async def work(self, sales: int) -> None:
        for number in range(sales):
            await asyncio.sleep(self._luck.random() * 2 * DAY_SECONDS / sales)
            await self._sell(number)

    async def _sell(self, number: int) -> None:
        basket = self._basket()
        quoted = json.loads(await self._ask("quote", encode(basket)))
        if "code" in quoted:
            self._store.recorder.counts[f"quote {quoted['code']}"] += 1
            return
        total = quoted["total"]
        wrong = self._luck.random() < 0.1
        key = new_key(self._luck, number)
        request = {
            **basket,
            "key": key,
            "cashier": self._name,
            "quote": quoted["quote"],
            "expected_total": total + (1 if wrong else 0),
            "tenders": [{"kind": "cash", "amount": total + self._luck.choice([0, 5000])}],
        }
        payload = encode(request)
        self._store.recorder.asks(key, Asked(self._name, request, quoted["bundle"]))
        first = await self._settled("sell", payload)
        self._store.recorder.answered(key, first)
        self._store.look()
        if self._luck.random() < 0.2:
            self._store.recorder.answered(key, await self._settled("sell", payload))
        await self._ask_about(key, first)

    async def _settled(self, operation: str, payload: bytes) -> bytes:
        """Ask until the answer is not `retry: same`."""
        while True:
            answer = await self._ask(operation, payload)
            if json.loads(answer).get("retry") != "same":
                return answer
            await asyncio.sleep(RETRY_SECONDS)

    async def _ask_about(self, key: str, answer: bytes) -> None:
        """Now and then ask what became of a key: of this one, or of one nobody ever used."""
        luck, recorder = self._luck, self._store.recorder
        if luck.random() < 0.15:
            fate = json.loads(await self._settled("ask", encode({"key": key})))
            must(fate["fate"] == "done", "what was answered is done", key, fate)
            must(fate["answer"] == json.loads(answer), "done is done with its answer", key)
        if luck.random() < 0.05:
            unused = new_key(luck, 7)
            fate = json.loads(await self._settled("ask", encode({"key": unused})))
            must(fate == {"key": unused, "fate": "never"}, "what nobody used is never", fate)
            recorder.never[unused] = self._name

    def _basket(self) -> dict[str, Any]:
        luck = self._luck
        lines = [
            {"code": demo_data.ean(luck.randint(1, 13)), "quantity": str(luck.randint(1, 3))}
            for _ in range(luck.randint(1, 4))
        ]
        if luck.random() < 0.3:
            lines.append({"code": "apples", "quantity": f"0.{luck.randint(100, 999)}"})
        if luck.random() < 0.03:
            lines.append({"code": "6900000000007", "quantity": "1"})
        basket: dict[str, Any] = {"lines": lines}
        if luck.random() < 0.6:
            card = demo_data.card_number(luck.randint(1, 20))
            basket["member"] = {"kind": "card", "text": card}
        return basket


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
