"""The cloud's clock: what time it is, signed for who asks."""

import base64
import re

from cloud_bridge.contract import SignedTime, time_text
from simulators.keys import KeyPair

NONCE = re.compile(r"[0-9a-f]{16,64}")


def tell_time(nonce: str, at: int, key: KeyPair) -> SignedTime | None:
    """Return the time (ms since 1970 UTC) signed for a nonce; None for what is no nonce."""
    if not NONCE.fullmatch(nonce):
        return None
    signature = base64.b64encode(key.sign(time_text(nonce, at))).decode()
    return SignedTime(nonce=nonce, at=at, key=key.id, signature=signature)
