"""What time it is, by the cloud's signed word: GET /v1/time?nonce=<16 to 64 hex digits>.

The nonce is the box's, fresh for each question, so that no answer serves twice. A box asks this
when its own clock is in doubt: its `Edge-Auth` may be signed at any time.
"""

from cloud_bridge.contract.words import Whole, Words


class SignedTime(Words, frozen=True, kw_only=True):
    """It was `at` (ms since 1970 UTC) when the cloud answered. `signature` is of `time_text`."""

    nonce: str
    at: Whole
    key: str
    """Which of the cloud's keys signed it."""
    signature: str


def time_text(nonce: str, at: int) -> bytes:
    """Return what the cloud signs."""
    return f"edgebox.time.v1\n{nonce}\n{at}".encode()
