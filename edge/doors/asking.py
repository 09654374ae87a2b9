"""Requests that come over MQTT, on their way to the desk and back: bounded, and always answered.

The box's own endpoint and an external broker differ in the wire; what a terminal may ask, how
fast, and what it is told is the same.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

import structlog

from drivers.mqtt import Message, Requested
from drivers.terminal import encode
from edge.config import Mqtt, Terminal
from edge.doors.behind import Answering
from edge.doors.turns import Turns
from edge.rates import TokenBuckets, weight
from edge.refusals import Refusal, problem

WAITING_MAX = 128
"""How many requests of one terminal may wait for their turn."""
ANSWER_SECONDS_MAX = 120
"""An answer that could not be delivered for so long is dropped: the terminal asks again."""
STOP_SECONDS_MAX = 5.0
"""How long a stop waits for answers on their way; then for clients to hang up."""
JSON, PROBLEM = "application/json", "application/problem+json"

log = structlog.get_logger(__name__)


class Asking:
    """Takes requests in with `ask` and gives answers out to `tell`, terminal by terminal.

    `counts` is told how many were refused before the desk, by code. What is taken in is begun
    in `turns` with all others'.
    """

    def __init__(
        self,
        desk: Answering,
        settings: Mqtt,
        counts: Counter[str],
        tell: Callable[[str, Message], None],
        turns: Turns,
    ) -> None:
        rate = settings.requests_per_second_max
        self._desk, self._inflight_max = desk, settings.inflight_max
        self._counts, self._tell, self._turns = counts, tell, turns
        self._buckets = TokenBuckets(rate, rate)
        self._waiting: Counter[str] = Counter()
        self._in_flight: Counter[str] = Counter()
        self._at_work: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    def ask(self, asked: Requested, terminal: Terminal, topic: str, now: float) -> None:
        """Have a request answered on `topic`, or refuse it there at once."""
        refusal = self._objection(asked, terminal, now)
        if refusal is not None:
            self.refuse(asked, terminal, topic, refusal)
            return
        self._buckets.charge(terminal.id, weight(len(asked.payload)) - 1)
        self._waiting[terminal.id] += 1
        task = asyncio.get_running_loop().create_task(self._serve(asked, terminal, topic))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    def refuse(self, asked: Requested, terminal: Terminal, topic: str, refusal: Refusal) -> None:
        """Answer no."""
        # Counted, not logged: somebody who asks too fast must not fill the log as well.
        self._counts[refusal.code] += 1
        self._answer(asked, topic, encode(problem(refusal, terminal.lang)), PROBLEM)

    def stop(self) -> None:
        """Take no more."""
        self._is_stopping = True

    async def finish(self) -> None:
        """Answer what is being done; what takes too long is dropped: its key will tell."""
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=STOP_SECONDS_MAX)
        for task in self._at_work:
            task.cancel()
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=STOP_SECONDS_MAX)

    def _objection(self, asked: Requested, terminal: Terminal, now: float) -> Refusal | None:
        """Return why a request does not get to the desk, or None."""
        if asked.response_topic is None:
            return Refusal("E-TOPIC")
        if asked.retained or asked.expired:
            return Refusal("E-STALE")
        if self._is_stopping:
            return Refusal("E-STOPPING", retry_after=1)
        if not self._buckets.take(terminal.id, now):
            return Refusal("E-RATE-LIMITED", retry_after=self._buckets.retry_after(terminal.id))
        if self._waiting[terminal.id] >= WAITING_MAX:
            return Refusal("E-BUSY", retry_after=1)
        return None

    async def _serve(self, asked: Requested, terminal: Terminal, topic: str) -> None:
        try:
            await self._turns.mine(terminal.id)
        finally:
            self._waiting[terminal.id] -= 1
        if self._in_flight[terminal.id] >= self._inflight_max:
            self.refuse(asked, terminal, topic, Refusal("E-BUSY", retry_after=1))
            return
        self._in_flight[terminal.id] += 1
        try:
            answer = await self._desk.handle(terminal, asked.operation, asked.payload)
        except Exception:
            # Our own mistake, and durable or not is unknown: the same key will tell.
            log.exception("request_failed", terminal=terminal.id, operation=asked.operation)
            self.refuse(asked, terminal, topic, Refusal("E-INTERNAL"))
        else:
            self._answer(asked, topic, answer.body, PROBLEM if answer.status >= 400 else JSON)
        finally:
            self._in_flight[terminal.id] -= 1

    def _answer(self, asked: Requested, topic: str, body: bytes, content_type: str) -> None:
        self._tell(
            asked.identity.id,
            Message(
                topic=topic,
                payload=body,
                qos=asked.qos,
                content_type=content_type,
                correlation=asked.correlation,
                expires_at=asyncio.get_running_loop().time() + ANSWER_SECONDS_MAX,
            ),
        )
