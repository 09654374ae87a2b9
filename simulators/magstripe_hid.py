"""The device's end of drivers/magstripe_hid.py: a stripe reader that sends reports."""

import random
from collections.abc import Iterator
from typing import Final

from drivers.codec import Codec, Send
from drivers.magstripe_hid import Settings
from simulators.contract.kit import Deed
from simulators.stripes import Swipe, WornTrack, card, raw_tracks

ROOM: Final = 110
"""Bytes each track has in a report."""

MAGTEK: Final = bytes.fromhex(
    "0600ff 0901 a101 1500 26ff00 7508"  # a vendor's page, Decoding reader device, bytes
    "0920 0921 0922"  # decode status of tracks 1 to 3
    "0928 0929 092a"  # their lengths
    "0938 9507 8102"  # card encode type
    "0930 956e 820201 0931 956e 820201 0932 956e 820201"  # 110 bytes for each track
    "0920 9518 b20201 c0"  # a feature report for the maker's commands
)
"""The report descriptor of MagTek's USB HID Swipe Reader."""


class Device(Codec[bytes]):
    """A reader: told Swiped, it sends one report."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def start(self, now: float) -> Iterator[object]:
        """Send the report descriptor first, as the kernel does."""
        yield Send(MAGTEK)

    def command(self, command: Swipe, now: float) -> Iterator[Send[bytes]]:
        """Somebody drew a card through it."""
        raw = [text.encode() for text in raw_tracks(command, self._settings.lrc)]
        status = [0, 0, 0]
        if isinstance(command, WornTrack):
            status[command.number - 1], raw[command.number - 1] = 1, b""
        lengths = [len(text) for text in raw]
        data = b"".join(text.ljust(ROOM, b"\0") for text in raw)
        yield Send(bytes((*status, *lengths, 0)) + data)

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Hear nothing: a host has nothing to say to it."""
        return iter(())


def acts(settings: Settings, luck: random.Random) -> Iterator[Deed]:
    """Swipe some of our own cards."""
    for _ in range(luck.randint(1, 3)):
        swiped = card(settings.own_prefixes, luck)
        yield swiped, [swiped]
