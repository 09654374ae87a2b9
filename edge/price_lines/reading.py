"""Lines of input: found one after the other, each of a bounded size, and read strictly."""

from collections.abc import Iterator
from typing import BinaryIO

from drivers.terminal.strict import Malformed, read_once
from edge.price_lines.asked import PriceAsked

LINE_BYTES_MAX = 8 * 1024 * 1024
"""The longest line of input: room for a large bundle. Longer bundles are named by their path."""

DEPTH_MAX = 64
"""How deep a line may be: its bundle may hold conditions in conditions."""


def lines(stream: BinaryIO, most: int = LINE_BYTES_MAX) -> Iterator[bytes]:
    """Yield each line that is not blank; of one that is too long only its first `most` + 1 bytes.

    What is held of a stream is bounded, however long a line without an end goes on.
    """
    while raw := stream.readline(most + 1):
        rest = raw
        while len(rest) == most + 1 and not rest.endswith(b"\n"):
            rest = stream.readline(most + 1)
        if raw.strip():
            yield raw


def asked(raw: bytes) -> PriceAsked:
    """Return what a line asks; raises Malformed."""
    if len(raw) > LINE_BYTES_MAX:
        raise Malformed("E-TOO-LARGE", {"limit": LINE_BYTES_MAX})
    return read_once(raw, PriceAsked, depth=DEPTH_MAX)
