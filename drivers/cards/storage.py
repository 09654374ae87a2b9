"""Storage cards through the reader's pseudo-APDUs (PC/SC part 3, 3.2.2.1)."""

from typing import Final, Literal

from drivers.cards.apdu import Dialogue, KeySlot, NotThere, Unreadable, ask, need
from drivers.cards.status import LOCKED, in_words
from drivers.cards.uid import refusal

GET_UID: Final = bytes.fromhex("FFCA000000")
BLOCK_BYTES: Final = 16
"""What a read gives: a block of MIFARE Classic, or four pages of a type 2 tag."""

_KEY_TYPES: Final = {"a": 0x60, "b": 0x61}
_LARGE_SECTORS_FROM: Final = 128
"""From this block on, a MIFARE Classic 4K has sectors of 16 blocks instead of 4."""


def read_uid() -> Dialogue[bytes]:
    """Return the card's UID; raises NotThere when it has none, or none that is a key."""
    response = yield from ask(GET_UID)
    if not response.ok:
        raise NotThere(f"no UID: {in_words(response.status)}")
    if why := refusal(response.data):
        raise NotThere(why)
    return response.data


def read_block(block: int) -> Dialogue[bytes]:
    """Return 16 bytes from this block or page on; raises NotThere when it wants a key."""
    command = bytes([0xFF, 0xB0, block >> 8, block & 0xFF, BLOCK_BYTES])
    response = yield from ask(command)
    if response.status == LOCKED:
        raise NotThere("a storage card whose blocks need a key")
    data = need(response, f"reading block {block}")
    if len(data) != BLOCK_BYTES:
        raise Unreadable(f"block {block} came with {len(data)} bytes instead of {BLOCK_BYTES}")
    return data


def authenticate(block: int, key: Literal["a", "b"], slot: int) -> Dialogue[None]:
    """Have the reader authenticate for this block's sector with the key loaded into `slot`.

    Raises NotThere when the key does not fit: a storage card that is not ours, or not yet.
    """
    need((yield from ask(KeySlot(slot))), "loading the key into the reader")
    data = bytes([0x01, block >> 8, block & 0xFF, _KEY_TYPES[key], slot])
    command = bytes([0xFF, 0x86, 0x00, 0x00, len(data)]) + data
    response = yield from ask(command)
    if not response.ok:
        raise NotThere(f"the key does not fit block {block}: {in_words(response.status)}")


def sector_of(block: int) -> tuple[int, int]:
    """Return the first block of this block's sector, and how many it has, the last a trailer."""
    size = 4 if block < _LARGE_SECTORS_FROM else 16
    return block - block % size, size
