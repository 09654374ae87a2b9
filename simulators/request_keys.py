"""Request keys, as a terminal makes them before it asks for anything that changes something."""

import os
import time
import uuid


def new_key() -> str:
    """Return a fresh request key: a UUIDv7 (RFC 9562 section 5.7) in lower case."""
    value = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return str(uuid.UUID(int=value))
