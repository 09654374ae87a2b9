"""Receipt printers that speak ESC/POS, and the cash drawer behind them: serial, USB-serial, TCP.

What is said follows Epson's "ESC/POS Command Reference": Automatic Status Back (GS a), real-time
status (DLE EOT), process ids (GS ( H), drawer pulse (ESC p, DLE DC4 1). Every kind of answer is
known by the fixed bits of its first byte. A buzzer is told in order with what is printed, so it
is not told at all while the printer holds back what it has.

A job is `Printed` only when the printer itself has said that it reached the job's end. One that
trouble overtakes (paper out, cover open, knife stuck) is given up: what the printer still holds
of it is cleared, and `NotPrinted` is said. Whoever sent it decides what then.
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from drivers.codec import Close, Codec, Driver, Send
from drivers.columns import Encoding
from drivers.escpos import encoded, initialised
from drivers.events import Beep, Fault, NotPrinted, OpenDrawer, Print, Printed, State

REPORT_STATUS: Final = b"\x1da\x0e"
"""GS a n: send a status now, and whenever online, error or paper status changes."""
ASK_STATUS: Final = b"\x10\x04"
"""DLE EOT n: send status n at once, whatever waits to be printed."""
CLEAR: Final = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 8: forget at once whatever waits to be printed."""
ASK_JOB: Final = b"\x1d(H\x06\x0000"
"""GS ( H: answer with the four bytes that follow, once everything before is printed."""
ASK_PAPER: Final = b"\x1dr\x01"
"""GS r 1: answer with the paper's status, once everything before is printed."""
ANSWER_SECONDS_MAX: Final = 0.5
"""How long the rest of an answer may take."""
POLLED: Final = (1, 2, 3, 4)

LINE_BITS: Final = ((1, 0x20, "cover open"), (3, 0x0C, "paper out"), (2, 0x08, "cutter stuck"),
                    (2, 0x20, "broken"), (2, 0x40, "too hot"), (2, 0x04, "mechanical error"),
                    (1, 0x08, "offline"))  # fmt: skip
"""What is wrong by byte (from 1) and bits of an automatic status, the plainest reason first."""
POLL_BITS: Final = ((2, 0x04, "cover open"), (4, 0x60, "paper out"), (3, 0x08, "cutter stuck"),
                    (3, 0x20, "broken"), (3, 0x40, "too hot"), (3, 0x04, "mechanical error"),
                    (1, 0x08, "offline"))  # fmt: skip
"""The same by number and bits of a real-time status."""
BUZZERS: Final = {
    "none": {True: b"", False: b""},
    "esc_b": {True: b"\x1bB\x01\x02", False: b"\x1bB\x01\x09"},
    "epson": {True: b"\x1b(A\x05\x00ad\x01\x01\x01", False: b"\x1b(A\x05\x00ad\x01\x05\x01"},
}
"""A short and a long sound: ESC B n t (n times 50 ms by t); ESC ( A, function 97 (100 ms by t1)."""
PAPER_LOW: Final = "paper low"
NO_WORD: Final = "no word of a job"


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What kind of printer it is."""

    columns: Literal[32, 42, 48] = 48
    """Letters in a row: 32 on 58 mm of paper, 42 or 48 on 80 mm."""
    encoding: Encoding = "gb18030"
    status: Literal["automatic", "polled"] = "automatic"
    """"polled" for printers without GS a: then `poll_seconds` must be more than 0."""
    poll_seconds: Annotated[float, Meta(ge=0, le=3600)] = 0.0
    """How often to ask whether it is still there; 0 for never. On RS-232 nothing else tells
    that a printer was switched off."""
    acknowledge: Literal["process_id", "paper_status"] = "process_id"
    """How the end of a job is known: GS ( H, or GS r 1 for printers that do not have it."""
    job_seconds_max: Annotated[float, Meta(gt=0, le=600)] = 30.0
    """A job that the printer has not confirmed by then is given up."""
    drawer_pin: Literal[2, 5] = 2
    """The pin of the drawer's connector that opens it."""
    buzzer: Literal["none", "esc_b", "epson"] = "none"
    """How it beeps, if it can. "esc_b" is that of Xprinter and many others, "epson" the TM-U230's.
    One that knows neither prints the letters of the command."""


class Host(Codec[bytes]):
    """The host's end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._unread, self._lost_sync = b"", False
        self._trouble: dict[int, str] = {}
        self._low = False
        self._said = State("ready")
        self._jobs, self._job = 0, b""
        self._asked: list[int] = []
        self._polls = POLLED if settings.status == "polled" else (1,)
        self._heard = True
        self._alarms: dict[str, float] = {}

    def start(self, now: float) -> Iterator[object]:
        """Make it forget what it held of another time, and ask how it is."""
        yield Send(self._set_up())
        yield from self._poll(now)
        self._set_alarm()

    def _set_up(self) -> bytes:
        settings = self._settings
        report = REPORT_STATUS if settings.status == "automatic" else b""
        return initialised(settings.encoding) + report

    # --- what it is told -----------------------------------------------------------------------

    def command(self, command: Print | OpenDrawer | Beep, now: float) -> Iterator[object]:
        """Print one job at a time, and only when nothing is wrong; open the drawer always."""
        match command:
            case OpenDrawer():
                yield Send(self._pulse())
            case Beep(good):
                sound = BUZZERS[self._settings.buzzer][good]
                if sound and self._said.state != "error":
                    yield Send(sound)
            case Print() if self._said.state == "error":
                yield NotPrinted(self._said.reason, in_doubt=False)
            case Print() if self._job:
                yield Fault("a job came before the last one was out")
            case Print(parts):
                self._jobs = self._jobs % 9999 + 1
                self._job = b"%04d" % self._jobs
                self._alarms["job"] = now + self._settings.job_seconds_max
                settings = self._settings
                job = encoded(parts, settings.columns, settings.encoding)
                yield Send(job + self._end_of_job())
        self._set_alarm()

    def _end_of_job(self) -> bytes:
        if self._settings.acknowledge == "process_id":
            return ASK_JOB + self._job
        return ASK_PAPER

    def _pulse(self) -> bytes:
        """Return what opens the drawer: out of paper, only a real-time command does."""
        pin = 0 if self._settings.drawer_pin == 2 else 1
        if self._said.state == "error":
            return b"\x10\x14\x01" + bytes([pin, 2])
        return b"\x1bp" + bytes([pin, 50, 250])

    # --- what it says --------------------------------------------------------------------------

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Read every answer that is complete; the rest waits for its own rest."""
        if "answer" in self._alarms and now >= self._alarms["answer"]:
            yield from self.wake(now)  # the timer is late; these bytes are another answer's
        self._unread += frame
        self._heard = True
        while self._unread:
            size = self._size(self._unread)
            if size > len(self._unread):
                break
            answer, self._unread = self._unread[:size], self._unread[size:]
            yield from self._read(answer, now)
        self._alarms.pop("answer", None)
        if self._unread:
            self._alarms["answer"] = now + ANSWER_SECONDS_MAX
        self._set_alarm()

    @staticmethod
    def _size(data: bytes) -> int:
        """Return how long the answer is that begins here, by its first one or two bytes."""
        if data[0] & 0x93 == 0x10:
            return 4
        if data[0] == 0x37 and len(data) > 1:
            return {0x22: 7, 0x25: 3}.get(data[1], 1)
        return 2 if data[0] == 0x37 else 1

    def _read(self, answer: bytes, now: float) -> Iterator[object]:
        first = answer[0]
        known = True
        if len(answer) == 4 and not any(byte & 0x90 for byte in answer[1:]):
            yield from self._status(answer)
        elif len(answer) == 7 and answer[6] == 0:
            yield from self._done(answer[2:6])
        elif first & 0x93 == 0x12 and self._asked:
            yield from self._polled(self._asked.pop(0), first)
        elif first & 0x90 == 0 and len(answer) == 1 and self._awaits_paper_status:
            yield from self._done(self._job)
        else:
            known = len(answer) == 3 or first in b"\x11\x13"  # cleared; XON, XOFF
        if not known and not self._lost_sync:
            yield Fault("an answer that no printer gives")
        self._lost_sync = not known

    @property
    def _awaits_paper_status(self) -> bool:
        return bool(self._job) and self._settings.acknowledge == "paper_status"

    def _done(self, job: bytes) -> Iterator[Printed]:
        """Take a job's end for what it is, unless the job was given up already."""
        if self._job and job == self._job:
            self._job = b""
            self._alarms.pop("job", None)
            yield Printed()

    def _status(self, status: bytes) -> Iterator[object]:
        wrong = [why for byte, bits, why in LINE_BITS if status[byte - 1] & bits]
        self._trouble = {0: wrong[0]} if wrong else {}
        self._low = bool(status[2] & 0x03)
        yield from self._tell()

    def _polled(self, number: int, status: int) -> Iterator[object]:
        if self._settings.status == "automatic":
            return
        wrong = [why for of, bits, why in POLL_BITS if of == number and status & bits]
        self._trouble.pop(number, None)
        if wrong:
            self._trouble[number] = wrong[0]
        if number == 4:
            self._low = bool(status & 0x0C)
            yield from self._tell()  # all four are in

    def _tell(self) -> Iterator[object]:
        """Say how it is if that changed; a job that trouble overtakes is given up."""
        reasons = [why for _, _, why in LINE_BITS if why in self._trouble.values()]
        low = PAPER_LOW if self._low else ""
        yield from self._become(State("error", reasons[0]) if reasons else State("ready", low))
        if reasons and self._job:
            yield from self._give_up(reasons[0])

    def _become(self, state: State) -> Iterator[object]:
        """Say a new state; a printer that is well again is set up again first."""
        before, self._said = self._said, state
        if before.state == "error" and state.state == "ready":
            yield Send(self._set_up())
        if state != before:
            yield state

    def _give_up(self, why: str) -> Iterator[object]:
        """Clear the job now, not later: with new paper, the printer would go on with it at once."""
        self._job = b""
        self._alarms.pop("job", None)
        yield Send(CLEAR)
        yield NotPrinted(why)

    # --- time ----------------------------------------------------------------------------------

    def wake(self, now: float) -> Iterator[object]:
        """Give up on whatever took too long."""
        due = [name for name, at in self._alarms.items() if at <= now]
        for name in due:
            del self._alarms[name]
        if "answer" in due:
            self._unread = b""
            yield Fault("an answer broke off")
        if "job" in due:
            yield from self._become(State("error", NO_WORD))
            yield from self._give_up(NO_WORD)
            yield Send(self._set_up())
        if "poll" in due and not self._heard:
            yield Close("the printer does not answer")
        elif "poll" in due:
            yield from self._poll(now)
        self._set_alarm()

    def _poll(self, now: float) -> Iterator[object]:
        if not self._settings.poll_seconds:
            return
        self._heard = False
        self._asked = list(self._polls)
        self._alarms["poll"] = now + self._settings.poll_seconds
        yield Send(b"".join([ASK_STATUS + bytes([number]) for number in self._asked]))

    def _set_alarm(self) -> None:
        self.wake_at = min(self._alarms.values(), default=None)


DRIVER = Driver(
    doc=__doc__,
    link="stream",
    settings=Settings,
    codec=Host,
    says=(Printed, NotPrinted, State, Fault),
    obeys=(Print, OpenDrawer, Beep),
    wire={"baud": 19200, "data_bits": 8, "parity": "none", "stop_bits": 1},
)
