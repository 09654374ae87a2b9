"""Counter scales with the Mettler Toledo 8217 protocol: RS-232, USB-serial, serial over TCP.

Most makers' counter and scanner scales can be set to it. The host sends W; the scale answers STX,
the weight as digits with a decimal point (an N behind it for net), CR; or STX, "?", a status
byte, CR when there is no weight to be had (Mettler Toledo, DIVA Service Manual, 6.1.4.3: bit 0 in
motion, 1 over capacity, 2 under zero, 3 outside the zero capture range, 6 always set, 7 parity).
While it swings it is asked again.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from drivers.codec import Codec, Driver, Send
from drivers.events import Fault, Weigh, Weighed

ASK: Final = b"W"
STX, CR = b"\x02", b"\r"
MOTION, OVER, UNDER, NOT_ZEROED, ALWAYS = 0x01, 0x02, 0x04, 0x08, 0x40
AGAIN_SECONDS: Final = 0.1
ANSWER_BYTES_MAX: Final = 16

_WEIGHT = re.compile(rb"(\d{1,5})\.(\d{1,4})N?")
_STATUS = re.compile(rb"\?([\x40-\x7f])", re.DOTALL)


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the scale was set up."""

    unit: Literal["kg", "g"] = "kg"
    """What its decimal point stands behind. Scales set to pounds are not for us."""
    answer_seconds_max: Annotated[float, Meta(gt=0, le=10)] = 0.5
    """A scale that says nothing for so long does not answer."""
    settle_seconds_max: Annotated[float, Meta(ge=0, le=30)] = 3.0
    """How long goods may swing before that is a Fault."""


class Host(Codec[bytes]):
    """The host's end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._unread, self._swallowing = b"", False
        self._asking = self._pausing = False
        self._give_up_at = 0.0

    def command(self, command: Weigh, now: float) -> Iterator[object]:
        """Ask for the weight; asked again meanwhile, it is still one question."""
        if not self._asking:
            self._give_up_at = now + self._settings.settle_seconds_max
            yield from self._ask(now)

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Read every answer that is complete."""
        if self.wake_at is not None and now >= self.wake_at:
            yield from self.wake(now)
        *answers, rest = (self._unread + frame).split(CR)
        for answer in answers:
            yield from self._take(answer, now)
        self._unread = rest
        if len(rest) > ANSWER_BYTES_MAX:
            if not self._swallowing:
                yield self._fail("an answer without an end")
            self._unread, self._swallowing = b"", True

    def wake(self, now: float) -> Iterator[object]:
        """Ask again what swung a moment ago, or give up on a scale that is silent."""
        if self._pausing:
            yield from self._ask(now)
        else:
            yield self._fail("the scale does not answer")

    def _ask(self, now: float) -> Iterator[object]:
        self._asking, self._pausing = True, False
        self.wake_at = now + self._settings.answer_seconds_max
        yield Send(ASK)

    def _take(self, answer: bytes, now: float) -> Iterator[object]:
        """Read an answer, unless it is the tail of an endless one or nobody asked for it."""
        if self._swallowing:
            self._swallowing = False
        elif len(answer) > ANSWER_BYTES_MAX:
            yield self._fail("an answer without an end")
        elif self._asking and not self._pausing:
            yield from self._read(answer, now)
        else:
            yield Fault("the scale talks without being asked")

    def _read(self, answer: bytes, now: float) -> Iterator[object]:
        _, begins, said = answer.rpartition(STX)
        weight, status = _WEIGHT.fullmatch(said), _STATUS.fullmatch(said)
        if begins and weight is not None:
            yield self._weighed(weight)
        elif begins and status is not None:
            yield from self._no_weight(status[1][0], now)
        else:
            yield self._fail("an answer that no scale gives")

    def _weighed(self, weight: "re.Match[bytes]") -> Weighed | Fault:
        thousandths = int(weight[1] + weight[2][:3].ljust(3, b"0"))
        grams, rest = (thousandths, 0) if self._settings.unit == "kg" else divmod(thousandths, 1000)
        if rest or weight[2][3:].strip(b"0"):
            return self._fail("a weight finer than a gram")
        self._end()
        return Weighed(grams)

    def _no_weight(self, status: int, now: float) -> Iterator[object]:
        if status & OVER:
            yield self._fail("too heavy for this scale")
        elif status & UNDER:
            yield self._fail("below zero: empty the scale and set it to zero")
        elif status & NOT_ZEROED:
            yield self._fail("it found no zero when it was switched on: empty it, and zero it")
        elif not status & MOTION:
            yield self._fail("the scale gives no weight")
        elif now < self._give_up_at:
            self._pausing, self.wake_at = True, now + AGAIN_SECONDS
        else:
            yield self._fail("the goods do not lie still")

    def _fail(self, why: str) -> Fault:
        self._end()
        return Fault(why)

    def _end(self) -> None:
        self._asking, self._pausing, self.wake_at = False, False, None


DRIVER = Driver(
    doc=__doc__,
    link="stream",
    settings=Settings,
    codec=Host,
    says=(Weighed, Fault),
    obeys=(Weigh,),
    wire={"baud": 9600, "data_bits": 7, "parity": "even", "stop_bits": 1},
)
