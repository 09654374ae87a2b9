"""Report descriptors: which bits of a report mean what (USB HID 1.11, section 6.2.2).

Read as far as readers need it: variable fields of input and output reports, by usage. Array
fields (such as a keyboard's) and feature reports take their room and are otherwise skipped.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import islice
from typing import Final

DESCRIPTOR_BYTES_MAX: Final = 4096
"""HID_MAX_DESCRIPTOR_SIZE of the kernel."""
REPORT_BITS_MAX: Final = 8 * 16384
"""HID_MAX_BUFFER_SIZE of the kernel."""
FIELDS_MAX: Final = 4096
PUSHED_MAX: Final = 16

INPUT, OUTPUT = 0x80, 0x90
LONG_ITEM: Final = 0xFE
CONSTANT, VARIABLE = 0x01, 0x02


class Item(IntEnum):
    """Tags and types of short items (6.2.2.4, 6.2.2.7, 6.2.2.8), with the size bits clear."""

    INPUT, OUTPUT, FEATURE = 0x80, 0x90, 0xB0
    COLLECTION, END_COLLECTION = 0xA0, 0xC0
    USAGE_PAGE, REPORT_SIZE, REPORT_ID, REPORT_COUNT = 0x04, 0x74, 0x84, 0x94
    PUSH, POP = 0xA4, 0xB4
    USAGE, USAGE_MINIMUM, USAGE_MAXIMUM = 0x08, 0x18, 0x28


class BadDescriptor(ValueError):
    """Bytes that are no report descriptor; `str()` says why, for people."""


@dataclass(frozen=True, slots=True)
class Field:
    """Where a usage is in its report: `count` elements of `size` bits, from bit `offset` on.

    The offset counts from the first bit after the report's ID.
    """

    offset: int
    size: int
    count: int = 1

    @property
    def end(self) -> int:
        """The bit after its last."""
        return self.offset + self.size * self.count

    def number(self, body: bytes) -> int:
        """Return the first element of `body`, a report without its ID that is long enough."""
        first, last = self.offset // 8, -(-(self.offset + self.size) // 8)
        bits = int.from_bytes(body[first:last], "little") >> self.offset % 8
        return bits & (1 << self.size) - 1

    def text(self, body: bytes) -> bytes:
        """Return the elements, each of which has 8 bits, as bytes."""
        if self.offset % 8 == 0:
            return body[self.offset // 8 : self.end // 8]
        bits = int.from_bytes(body, "little") >> self.offset & (1 << 8 * self.count) - 1
        return bits.to_bytes(self.count, "little")

    def put(self, body: bytes, value: int) -> bytes:
        """Return a copy of `body` whose first element is `value`."""
        bits = int.from_bytes(body, "little") | value << self.offset
        return bits.to_bytes(len(body), "little")


Key = tuple[int, int, int]
"""INPUT, OUTPUT or FEATURE; a report's ID, 0 where they are not numbered; and a usage."""


@dataclass(frozen=True)
class Reports:
    """What a descriptor says. `bits` has the size of each report without its ID."""

    fields: dict[Key, Field] = field(default_factory=dict)
    bits: dict[tuple[int, int], int] = field(default_factory=dict)
    numbered: bool = False

    def split(self, frame: bytes) -> tuple[int, bytes]:
        """Return the ID and the body of an input report."""
        return (frame[0], frame[1:]) if self.numbered and frame else (0, frame)

    def has(self, kind: int, usage: int) -> list[int]:
        """Return the IDs of the reports of this kind that carry the usage."""
        return [report for k, report, u in self.fields if (k, u) == (kind, usage)]

    def output(self, usage: int, value: int) -> bytes | None:
        """Return an output report, as hidraw takes it, that sets one usage; None if none can."""
        for report in self.has(OUTPUT, usage):
            body = bytes(-(-self.bits[OUTPUT, report] // 8))
            return bytes((report,)) + self.fields[OUTPUT, report, usage].put(body, value)
        return None


def parse(descriptor: bytes) -> Reports:
    """Return what a report descriptor says; raises BadDescriptor."""
    if not 0 < len(descriptor) <= DESCRIPTOR_BYTES_MAX:
        raise BadDescriptor(f"a report descriptor of {len(descriptor)} bytes")
    parser = _Parser()
    for tag, value, size in _items(descriptor):
        parser.take(tag, value, size)
    if parser.depth or not parser.fields:
        raise BadDescriptor("a report descriptor that never ends a collection, or has no field")
    return Reports(parser.fields, parser.bits, any(report for _, report in parser.bits))


def _items(descriptor: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield each short item: its tag and type, its value and how many bytes that has."""
    at = 0
    while at < len(descriptor):
        prefix = descriptor[at]
        if prefix == LONG_ITEM:
            at += 3 + int.from_bytes(descriptor[at + 1 : at + 2], "little")
            continue
        size = (0, 1, 2, 4)[prefix & 3]
        data = descriptor[at + 1 : at + 1 + size]
        if len(data) < size:
            raise BadDescriptor("a report descriptor that ends in the middle of an item")
        yield prefix & 0xFC, int.from_bytes(data, "little"), size
        at += 1 + size


@dataclass(frozen=True, slots=True)
class _Globals:
    """The state that lasts from item to item (6.2.2.7)."""

    page: int = 0
    size: int = 0
    count: int = 0
    report: int = 0


class _Parser:
    def __init__(self) -> None:
        self.fields: dict[Key, Field] = {}
        self.bits: dict[tuple[int, int], int] = {}
        self.depth = 0
        self._globals, self._pushed = _Globals(), list[_Globals]()
        self._usages = list[tuple[range, int]]()
        self._minimum: int | None = None

    def take(self, tag: int, value: int, size: int) -> None:
        """Take one item: main, global or local by the two bits of its type."""
        match tag & 0x0C:
            case 0x00:
                self._main(tag, value)
                self._usages, self._minimum = [], None
            case 0x04:
                self._global(tag, value)
            case 0x08:
                self._local(tag, value, size)

    def _global(self, tag: int, value: int) -> None:
        match tag:
            case Item.USAGE_PAGE:
                self._globals = replace(self._globals, page=value)
            case Item.REPORT_SIZE:
                self._globals = replace(self._globals, size=value)
            case Item.REPORT_COUNT:
                self._globals = replace(self._globals, count=value)
            case Item.REPORT_ID:
                _hold(0 < value < 256, f"a report ID of {value}")
                self._globals = replace(self._globals, report=value)
            case Item.PUSH:
                _hold(len(self._pushed) < PUSHED_MAX, f"more than {PUSHED_MAX} states pushed")
                self._pushed.append(self._globals)
            case Item.POP:
                _hold(bool(self._pushed), "a Pop without a Push")
                self._globals = self._pushed.pop()

    def _local(self, tag: int, usage: int, size: int) -> None:
        match tag:
            case Item.USAGE:
                self._usages.append((range(usage, usage + 1), size))
            case Item.USAGE_MINIMUM:
                self._minimum = usage
            case Item.USAGE_MAXIMUM if self._minimum is not None:
                self._usages.append((range(self._minimum, usage + 1), size))
        held = sum(len(usages) for usages, _ in self._usages)
        _hold(held <= FIELDS_MAX, f"more than {FIELDS_MAX} usages at once")

    def _named(self) -> Iterator[int]:
        """Yield the usages of a main item: of four bytes, or on the page that is declared by now.

        A page may come behind the usages that it is for (6.2.2.7, Usage Page).
        """
        for usages, size in self._usages:
            yield from usages if size == 4 else (self._globals.page << 16 | one for one in usages)

    def _main(self, tag: int, value: int) -> None:
        match tag:
            case Item.COLLECTION:
                self.depth += 1
            case Item.END_COLLECTION:
                self.depth -= 1
                _hold(self.depth >= 0, "an End Collection too many")
            case Item.INPUT | Item.OUTPUT | Item.FEATURE:
                self._field(tag, value)

    def _field(self, kind: int, flags: int) -> None:
        now = self._globals
        start = self.bits.get((kind, now.report), 0)
        end = start + now.size * now.count
        _hold(end <= REPORT_BITS_MAX, f"a report of more than {REPORT_BITS_MAX // 8} bytes")
        self.bits[kind, now.report] = end
        if flags & CONSTANT or not flags & VARIABLE:
            return
        usages = tuple(islice(self._named(), now.count))
        for n, usage in enumerate(usages):
            # The last usage stands for all elements that are left (6.2.2.8).
            count = now.count - n if n == len(usages) - 1 else 1
            found = Field(start + n * now.size, now.size, count)
            self.fields.setdefault((kind, now.report, usage), found)
        _hold(len(self.fields) <= FIELDS_MAX, f"more than {FIELDS_MAX} fields")


def _hold(good: bool, otherwise: str) -> None:
    if not good:
        raise BadDescriptor(otherwise)
