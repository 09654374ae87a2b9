"""The device's end of drivers/hid_pos_scanner.py: a scanner in HID-POS mode, and unhappy ones."""

import random
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from drivers.codec import Codec, Send
from drivers.events import Beep, Read, Scan
from drivers.hid import parse, usages
from drivers.hid.descriptor import OUTPUT
from drivers.hid_pos_scanner import SUFFIXES, Settings
from simulators.contract.kit import Deed

DATA_BYTES: Final = 56
INPUT_REPORT, BEEPER_REPORT, TRIGGER_REPORT = 2, 3, 4

SCANNER: Final = bytes.fromhex(
    "058c 0902 a101"  # Usage Page (Bar Code Scanner), Usage (Bar Code Scanner), Collection
    "8502 0912 a102 1500 26ff00 7508"  # Report ID 2, Scanned Data Report, bytes
    "9501 0501 093b 8102"  # Byte Count
    "9503 058c 09fb 09fc 09fd 8102"  # Symbology Identifier 1 to 3
    "9538 09fe 820201"  # 56 bytes of Decoded Data, Buffered Bytes
    "2501 7501 9501 09ff 8102 7507 8103 c0"  # Decoded Data Continued, and 7 bits of padding
    "8503 2501 7501 9502 0986 0985 9102 7506 9501 9103"  # Report ID 3: good and error beep
    "8504 7501 9501 0960 9102 7507 9103 c0"  # Report ID 4: Initiate Barcode Read
)
"""The report descriptor, as many scanners in this mode lay it out."""
STRANGER: Final = bytes.fromhex("0600ff 0901 a101 1500 26ff00 7508 953f 0902 8102 c0")
"""One that names nothing: 63 bytes of the maker's own."""


@dataclass(frozen=True, slots=True)
class HalfRead:
    """A long code of which only the first report gets through."""

    text: str


@dataclass(frozen=True, slots=True)
class Unread:
    """The trigger was pulled, and there was no code: a report without data."""


@dataclass(frozen=True, slots=True)
class Boast:
    """A report that claims more bytes than it has room for."""


class Device(Codec[bytes]):
    """A scanner: told Scan, it sends reports; hears output reports, and says Beep or Read.

    With `descriptor` set it is one that lies, and says nothing of what it sends.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reports = parse(bytes.fromhex(settings.descriptor) or SCANNER)
        self._has_id = self._reports.numbered

    def start(self, now: float) -> Iterator[object]:
        """Send the report descriptor first, as the kernel does."""
        yield Send(STRANGER if self._settings.descriptor else SCANNER)

    def command(
        self, command: Scan | HalfRead | Unread | Boast, now: float
    ) -> Iterator[Send[bytes]]:
        """Somebody pulled the trigger, or something goes wrong."""
        match command:
            case Scan(text, symbology):
                yield from self._code(text, f"]{symbology}" if symbology else "")
            case HalfRead(text):
                yield from list(self._code(text, ""))[:-1]
            case Unread():
                yield self._part(b"", "", goes_on=False)
            case Boast():
                yield self._part(b"", "", goes_on=False, count=DATA_BYTES + 1)

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Do what an output report says; one that is none of ours means nothing."""
        words = {
            usages.SOUND_GOOD_READ_BEEP: Beep(),
            usages.SOUND_ERROR_BEEP: Beep(good=False),
            usages.INITIATE_BARCODE_READ: Read(),
        }
        for (kind, report, usage), field in self._reports.fields.items():
            ours = kind == OUTPUT and frame[:1] == bytes((report,)) and usage in words
            if ours and field.number(frame[1:]):
                yield words[usage]

    def _code(self, text: str, identifier: str) -> Iterator[Send[bytes]]:
        code = text.encode(self._settings.encoding) + SUFFIXES[self._settings.suffix]
        parts = [code[at : at + DATA_BYTES] for at in range(0, len(code), DATA_BYTES)]
        for part in parts:
            yield self._part(part, identifier, goes_on=part is not parts[-1])

    def _part(
        self, part: bytes, identifier: str, goes_on: bool, count: int | None = None
    ) -> Send[bytes]:
        head = bytes((len(part) if count is None else count,))
        aim = identifier.encode().ljust(3, b"\0")
        body = head + aim + part.ljust(DATA_BYTES, b"\0") + bytes((goes_on,))
        return Send(bytes((INPUT_REPORT,)) + body if self._has_id else body)


def acts(settings: Settings, luck: random.Random) -> Iterator[Deed]:
    """Read codes of any length, some of them over several reports."""
    wide = {"latin-1": "éÄß", "gb18030": "会员卡€", "utf-8": "会员卡é€😀"}[settings.encoding]
    letters = string.digits + string.ascii_letters + string.punctuation + " \x1d" + wide
    room = min(200, settings.code_bytes_max // 4 - 1)
    for _ in range(luck.randint(1, 4)):
        identifier = luck.choice(("", "E0", "Q3", "C1", "d2"))
        scan = Scan("".join(luck.choices(letters, k=luck.randint(1, room))), identifier)
        yield scan, [scan]
