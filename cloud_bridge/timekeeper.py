"""Asks the cloud what time it is, while the box cannot know by itself.

The answer is right for some moment between question and answer: it is taken for the middle, off
by half the round trip and the second that the cloud's own clock may be off.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_bridge.contract import SignedTime, time_text, unbase64
from cloud_bridge.courier import Failure, Garbage, Later, read
from cloud_bridge.line import Line

CLOUD_ERROR_MS = 1000
AGAIN_SECONDS = 600.0
RETRY_SECONDS = 30.0
LOOK_SECONDS = 60.0
"""How often to look whether the cloud is needed at all."""
REQUEST_SECONDS_MAX = 5.0
"""A slower answer would be worth too little."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Over which line, and how the answer is checked.

    `keys` are the cloud's raw Ed25519 public keys by name; `monotonic` is in seconds; `nonce`
    gives fresh hex digits.
    """

    line: Line
    keys: Mapping[str, bytes]
    monotonic: Callable[[], float]
    nonce: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Told:
    """It is `at` now (ms since 1970 UTC), give or take `error_ms`."""

    at: int
    error_ms: int


class Timekeeper:
    """`run` it as a task: `hear` gets what the cloud says while it is `wanted`."""

    def __init__(
        self, asking: Asking, wanted: Callable[[], bool], hear: Callable[[Told], None]
    ) -> None:
        self._asking, self._wanted, self._hear = asking, wanted, hear

    async def run(self) -> None:
        """Ask until cancelled. A cloud that does not answer here is the bridge's to report."""
        while True:
            if not self._wanted():
                await asyncio.sleep(LOOK_SECONDS)
                continue
            told = await ask(self._asking)
            if isinstance(told, Told):
                self._hear(told)
            await asyncio.sleep(AGAIN_SECONDS if isinstance(told, Told) else RETRY_SECONDS)


async def ask(asking: Asking) -> Told | Failure:
    """Return the time by the cloud's signed word, or why there is none."""
    nonce = asking.nonce()
    began = asking.monotonic()
    answer = await asking.line.ask("GET", f"/v1/time?nonce={nonce}", b"", REQUEST_SECONDS_MAX)
    if isinstance(answer, Later):
        return answer
    half_trip_ms = -int(-(asking.monotonic() - began) * 500 // 1)
    said = read(answer, SignedTime)
    if not isinstance(said, SignedTime):
        return said
    if said.nonce != nonce or not _signed(said, asking.keys):
        return Garbage("a time that the cloud has not signed for us")
    return Told(said.at + half_trip_ms, half_trip_ms + CLOUD_ERROR_MS)


def _signed(said: SignedTime, keys: Mapping[str, bytes]) -> bool:
    key, signature = keys.get(said.key), unbase64(said.signature)
    if key is None or signature is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, time_text(said.nonce, said.at))
    except InvalidSignature:
        return False
    return True
