"""Bad weather between a box and its cloud: what is likely is data, what happens is seeded luck."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from cloud_bridge.contract import Outcome, Receipt, sha256
from cloud_bridge.courier import WireAnswer
from cloud_bridge.http import Unreachable
from simulators.cloud.twin import CloudTwin, Reply

STALL_SECONDS: Final = 3600.0
PORTAL: Final = b"<!doctype html><title>Guest WiFi</title><h1>Please accept our terms</h1>"
RUBBISH: Final = (
    b"", b"null", b"[]", b"{}", b"\xff\xfe\x00", b"[" * 5000, b'{"high_water":"all","head":7}',
    b'{"outcomes":[],"high_water":9007199254740993,"head":""}',
    b'{"outcomes":[],"high_water":-1,"head":"\\ud800"}',
)  # fmt: skip
"""Bodies of a 200 which mean nothing."""


@dataclass(frozen=True, slots=True)
class Sky:
    """How likely each mishap is (0 to 1); together at most 1, the rest is good weather.

    lost_request: nothing arrived · lost_answer: it arrived, the answer did not · stalled:
    nothing comes, the line stays open · unavailable: 503 · too_many: 429 with Retry-After ·
    garbage: 200 with rubbish, or an answer cut short · portal: 200 with a login page ·
    repeated: the last receipt comes once more instead of this one · alien: a receipt for
    somebody else's facts.
    """

    off: bool = False
    latency_seconds_max: float = 0.0
    retry_after_seconds: int = 5
    lost_request: float = 0.0
    lost_answer: float = 0.0
    stalled: float = 0.0
    unavailable: float = 0.0
    too_many: float = 0.0
    garbage: float = 0.0
    portal: float = 0.0
    repeated: float = 0.0
    alien: float = 0.0


MISHAPS: Final = (
    "lost_request",
    "lost_answer",
    "stalled",
    "unavailable",
    "too_many",
    "garbage",
    "portal",
    "repeated",
    "alien",
)
CLEAR: Final = Sky()
OFF: Final = Sky(off=True)
STORM: Final = Sky(
    latency_seconds_max=3.0,
    lost_request=0.07,
    lost_answer=0.07,
    stalled=0.07,
    unavailable=0.07,
    too_many=0.07,
    garbage=0.07,
    portal=0.07,
    repeated=0.07,
    alien=0.07,
)


class Weather:
    """The way to one cloud. `sky` may be changed at any time."""

    def __init__(self, luck: random.Random, sky: Sky = CLEAR) -> None:
        self.sky = sky
        self._luck = luck
        self._last_receipt: Reply | None = None

    async def carry(
        self,
        twin: CloudTwin,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Reply | None:
        """Return what comes back of a request; None when the line is cut."""
        mishap = self._strike()
        await asyncio.sleep(self._luck.random() * self.sky.latency_seconds_max)
        match mishap:
            case "off" | "lost_request":
                return None
            case "stalled":
                await asyncio.sleep(STALL_SECONDS)
                return None
            case "unavailable":
                return Reply(503, {"Content-Type": "text/plain"}, b"upstream is gone")
            case "too_many":
                return Reply(429, {"Retry-After": str(self.sky.retry_after_seconds)}, b"")
            case "portal":
                return Reply(200, {"Content-Type": "text/html; charset=utf-8"}, PORTAL)
        answer = await twin.handle(method, target, headers, body)
        return self._twist(mishap, answer, is_receipt=target == "/v1/facts")

    def _strike(self) -> str:
        """Draw what goes wrong this time; "" for nothing."""
        if self.sky.off:
            return "off"
        dice = self._luck.random()
        for name in MISHAPS:
            dice -= getattr(self.sky, name)
            if dice < 0:
                return name
        return ""

    def _twist(self, mishap: str, answer: Reply, is_receipt: bool) -> Reply | None:
        """Return what is left of an answer; its effect has happened."""
        earlier = self._last_receipt
        if is_receipt and answer.status == 200:
            self._last_receipt = answer
        match mishap:
            case "lost_answer":
                return None
            case "garbage":
                return answer._replace(status=200, headers=JSON, body=self._rubbish(answer.body))
            case "repeated" if is_receipt and earlier is not None:
                return earlier
            case "alien" if is_receipt:
                return Reply(200, JSON, self._alien())
            case _:
                return answer

    def _rubbish(self, body: bytes) -> bytes:
        cut = body[: self._luck.randrange(len(body))] if body else b"?"
        return self._luck.choice([cut, cut, *RUBBISH])

    def _alien(self) -> bytes:
        sequences = range(1, self._luck.randint(2, 300))
        hashes = [sha256(self._luck.randbytes(8)) for _ in sequences]
        outcomes = tuple(
            Outcome(sequence=sequence, hash=digest, outcome="accepted")
            for sequence, digest in zip(sequences, hashes, strict=True)
        )
        last = outcomes[-1]
        return msgspec.json.encode(
            Receipt(outcomes=outcomes, high_water=last.sequence, head=last.hash)
        )


JSON: Final = {"Content-Type": "application/json"}


class MemoryWire:
    """A `cloud_bridge.http.Wire` to a twin in the same process, for virtual time."""

    def __init__(self, twin: CloudTwin, weather: Weather) -> None:
        self._twin = twin
        self._weather = weather

    async def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_seconds: float,
    ) -> WireAnswer:
        """See `cloud_bridge.http.Wire`."""
        try:
            async with asyncio.timeout(timeout_seconds):
                reply = await self._weather.carry(self._twin, method, target, headers, body)
        except TimeoutError as error:
            raise Unreachable(f"no answer within {timeout_seconds:g} s") from error
        if reply is None:
            raise Unreachable("the line was cut")
        names = {name.lower(): value for name, value in reply.headers.items()}
        return WireAnswer(reply.status, names, reply.body)
