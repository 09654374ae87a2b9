"""The contract of every driver, once more: whatever comes, and for however long, it is bounded."""

import tracemalloc
from typing import Any

import pytest

import drivers
from drivers.codec import Codec
from drivers.events import Fault
from tests.test_drivers import CASES

PIECE = b"8" * 4096
PIECES = 1000
KEPT_BYTES_MAX = 256 * 1024


class Hoarder(Codec[bytes]):
    """A driver that waits for the end of a line which never comes."""

    def __init__(self) -> None:
        self._line = bytearray()

    def receive(self, frame: bytes, now: float) -> list[object]:
        self._line += frame
        return []


def flood(host: Codec[bytes]) -> tuple[int, int]:
    """Return how many bytes four megabytes without an end left behind, and how many faults."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    faults = 0
    for number in range(PIECES):
        said = list(host.receive(PIECE, number / 1000))
        faults += sum(isinstance(event, Fault) for event in said)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before, faults


@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_line_that_never_ends_is_a_fault_and_is_not_kept(name: str, options: Any) -> None:
    kept, faults = flood(drivers.load(name).codec(options))
    assert kept < KEPT_BYTES_MAX
    assert 1 <= faults <= PIECES


def test_a_driver_that_hoards_is_caught() -> None:
    kept, faults = flood(Hoarder())
    assert kept > KEPT_BYTES_MAX
    assert not faults
