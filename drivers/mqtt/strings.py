"""Look at the text in a packet before it is decoded (section 1.5.4).

`mqtt5` panics on text that is not UTF-8, with an exception that is no `Exception`, and lets
U+0000 pass. So every string of a packet that is not plain ASCII is looked at here first.
A packet whose fields run past its end is left to `mqtt5`, which says so properly.
"""

CONNECT, PUBLISH, PUBACK, PUBCOMP = 1, 3, 4, 7
SUBSCRIBE, UNSUBSCRIBE, DISCONNECT, AUTH = 8, 10, 14, 15

_WIDTHS = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 1),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), 2),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), 4),
}
"""Properties of a fixed width in bytes (table 2-4)."""
_STRINGS = frozenset((0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F))
_BINARIES = frozenset((0x09, 0x16))
_SUBSCRIPTION_ID, _USER_PROPERTY = 0x0B, 0x26


def check_strings(frame: bytes) -> None:
    """Raise `ValueError` if a string in `frame` (one whole packet) is not allowed text."""
    kind = frame[0] >> 4
    at = 1
    while frame[at] & 0x80:
        at += 1
    try:
        _check_fields(_Fields(frame, at + 1), kind)
    except IndexError:
        return


class _Fields:
    """A walk over the fields of a packet; `IndexError` at its end."""

    def __init__(self, frame: bytes, at: int) -> None:
        self.frame, self.at = frame, at

    def more(self) -> bool:
        return self.at < len(self.frame)

    def skip(self, count: int) -> None:
        self.at += count

    def byte(self) -> int:
        self.at += 1
        return self.frame[self.at - 1]

    def binary(self) -> bytes:
        start = self.at + 2
        self.at = start + (self.frame[self.at] << 8 | self.frame[self.at + 1])
        return self.frame[start : self.at]

    def string(self) -> None:
        raw = self.binary()
        if b"\0" in raw:
            raise ValueError("text contains U+0000")
        raw.decode()

    def varint(self) -> int:
        value = shift = 0
        while (byte := self.byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def properties(self) -> None:
        end = self.varint()
        end += self.at
        while self.at < end:
            self._property(self.byte())

    def _property(self, name: int) -> None:
        if name in _STRINGS:
            self.string()
        elif name in _BINARIES:
            self.binary()
        elif name == _USER_PROPERTY:
            self.string()
            self.string()
        elif name == _SUBSCRIPTION_ID:
            self.varint()
        elif name in _WIDTHS:
            self.skip(_WIDTHS[name])
        else:
            raise IndexError("a property nobody knows: mqtt5 refuses it")


def _check_fields(fields: _Fields, kind: int) -> None:
    if kind == CONNECT:
        _check_connect(fields)
    elif kind == PUBLISH:
        fields.string()
        fields.skip(2 if fields.frame[0] & 0x06 else 0)
        fields.properties()
    elif kind in (SUBSCRIBE, UNSUBSCRIBE):
        fields.skip(2)
        fields.properties()
        while fields.more():
            fields.string()
            fields.skip(1 if kind == SUBSCRIBE else 0)
    elif kind in (DISCONNECT, AUTH):
        fields.skip(1)
        fields.properties()
    else:
        # Acknowledgements: two bytes (flags and code, or a packet id), perhaps a code, properties.
        fields.skip(3 if PUBACK <= kind <= PUBCOMP else 2)
        fields.properties()


def _check_connect(fields: _Fields) -> None:
    fields.string()
    fields.skip(1)
    flags = fields.byte()
    fields.skip(2)
    fields.properties()
    fields.string()
    if flags & 0x04:
        fields.properties()
        fields.string()
        fields.binary()
    if flags & 0x80:
        fields.string()
