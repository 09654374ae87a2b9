"""Printers, displays and scales beyond the driver contract: no text commands them."""

from collections import deque
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers import customer_display, escpos_printer, scale
from drivers.codec import Close, Codec, Send
from drivers.columns import Encoding, decode, encode, rows
from drivers.events import (
    Beep,
    Fault,
    NotPrinted,
    OpenDrawer,
    Print,
    Printed,
    Show,
    State,
    Weigh,
    Weighed,
)
from drivers.printing import QR, Barcode, Cut, Part, Text
from edge.shop.receipt import columns
from simulators.customer_display import Device as Display
from simulators.escpos_printer import Cover, Jam, LoadPaper, seen
from simulators.escpos_printer import Device as Printer
from simulators.scale import Device as Scale
from simulators.scale import Silence

JOB = Print((Text("one"), Text("two"), Text("three"), Cut()))


class Wire:
    """Two ends on a wire that keeps the order of bytes, one byte at a time."""

    def __init__(self, host: Codec[bytes], device: Codec[bytes]) -> None:
        self.host, self.device, self.now = host, device, 0.0
        self.said: list[object] = []
        self._to = {id(host): deque[int](), id(device): deque[int]()}
        self._take(host.start(0.0), device)
        self.rest()

    def do(self, there: Codec[bytes], command: object) -> list[object]:
        """Return what is said once `command` was done at the end that is not `there`."""
        here = self.host if there is self.device else self.device
        self._take(here.command(command, self.now), there)
        self.rest()
        said, self.said = self.said, []
        return said

    def wait(self, seconds: float) -> list[object]:
        """Let time pass; return what was said."""
        until = self.now + seconds
        while alarms := [at for end in (self.host, self.device)
                         if (at := end.wake_at) is not None and at <= until]:  # fmt: skip
            self.now = min(alarms)
            for here, there in ((self.host, self.device), (self.device, self.host)):
                if here.wake_at is not None and here.wake_at <= self.now:
                    self._take(here.wake(self.now), there)
            self.rest()
        self.now = until
        said, self.said = self.said, []
        return said

    def rest(self) -> None:
        while any(self._to.values()):
            for end, other in ((self.device, self.host), (self.host, self.device)):
                if queue := self._to[id(end)]:
                    self._take(end.receive(bytes([queue.popleft()]), self.now), other)

    def _take(self, outs: Iterable[object], there: Codec[bytes]) -> None:
        for out in tuple(outs):
            if isinstance(out, Send):
                self._to[id(there)].extend(out.frame)
            else:
                self.said.append(out)


def printer(paper: int = 1000, **settings: object) -> Wire:
    options = escpos_printer.Settings(**settings)  # type: ignore[arg-type] # a test's own
    return Wire(escpos_printer.Host(options), Printer(options, paper))


# --- the printer ----------------------------------------------------------------------------------


def test_of_a_job_that_was_given_up_nothing_comes_out_later() -> None:
    wire = printer(paper=2)
    assert wire.said == [State("ready", "paper low")]
    said = wire.do(wire.device, JOB)
    assert said[-2:] == [State("error", "paper out"), NotPrinted("paper out")]
    assert wire.do(wire.device, JOB) == [NotPrinted("paper out", in_doubt=False)]
    assert wire.do(wire.host, LoadPaper()) == [State("ready")]
    assert isinstance(wire.device, Printer)
    assert wire.device.paper == ["one", "two"], "the rest of it was cleared"
    assert wire.do(wire.device, JOB) == [JOB, Printed()]


@pytest.mark.parametrize(("trouble", "well", "why"), [
    (Cover(True), Cover(False), "cover open"), (Jam(True), Jam(False), "cutter stuck"),
    (LoadPaper(0), LoadPaper(99), "paper out"),
])  # fmt: skip
@pytest.mark.parametrize("status", ["automatic", "polled"])
def test_trouble_is_said_once_and_so_is_its_end(
    trouble: object, well: object, why: str, status: str
) -> None:
    wire = printer(status=status, poll_seconds=1)
    said = wire.do(wire.host, trouble) + wire.wait(3)
    assert said == [State("error", why)]
    assert wire.do(wire.device, OpenDrawer()) == [OpenDrawer()], "whatever is wrong"
    assert wire.do(wire.host, well) + wire.wait(3) == [State("ready")]


def test_a_printer_that_lost_its_power_is_noticed() -> None:
    host = escpos_printer.Host(escpos_printer.Settings(poll_seconds=1))
    tuple(host.start(0.0))
    assert not any(isinstance(out, Close) for out in host.receive(b"\x12", 0.1))
    assert not any(isinstance(out, Close) for out in host.wake(1.0))
    assert tuple(host.wake(2.0)) == (Close("the printer does not answer"),)


def test_two_jobs_at_once_are_one_job_and_a_fault() -> None:
    host = escpos_printer.Host(escpos_printer.Settings())
    tuple(host.command(JOB, 0.0))
    assert [type(out) for out in host.command(JOB, 0.0)] == [Fault]


@pytest.mark.parametrize("encoding", ["gb18030", "cp437", "cp858"])
@given(text=st.text(max_size=60))
def test_no_name_of_a_product_commands_a_printer(encoding: Encoding, text: str) -> None:
    wire = printer(encoding=encoding)
    job, *rest = wire.do(wire.device, Print((Text(text, "right", True, False), Cut())))
    assert rest == [Printed()]
    assert isinstance(job, Print)
    assert job.parts[-1] == Cut()
    assert all(isinstance(part, Text) and part.bold for part in job.parts[:-1])
    printed = "".join(part.text for part in job.parts[:-1] if isinstance(part, Text))
    assert len(printed) == len(text)
    assert all(a in (b, "?") or not b.isprintable() for a, b in zip(printed, text, strict=True))


CODED: st.SearchStrategy[Part] = st.builds(
    Barcode, st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)
) | st.builds(QR, st.text(min_size=1, max_size=100).filter(str.isprintable))


@given(st.lists(CODED, max_size=4))
def test_what_is_coded_arrives_as_it_is(parts: list[Part]) -> None:
    wire = printer()
    job = Print((*parts, Cut()))
    assert wire.do(wire.device, job) == [job, Printed()]


@given(st.text(max_size=300), st.sampled_from((QR, Barcode)))
@example("\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", Barcode)
@example("{" * 300, Barcode)
def test_no_code_commands_a_printer(text: str, kind: type[QR] | type[Barcode]) -> None:
    wire = printer()
    job, *rest = wire.do(wire.device, Print((kind(text), Cut())))
    assert rest == [Printed()]
    assert isinstance(job, Print)
    code, cut = job.parts
    assert isinstance(code, kind)
    assert cut == Cut()
    assert all(a in (b, "?", "\ufffd") for a, b in zip(code.text, text, strict=False))


@pytest.mark.parametrize(("buzzer", "beeps"), [("none", False), ("esc_b", True), ("epson", True)])
def test_a_printer_beeps_if_it_can_and_never_later(buzzer: str, beeps: bool) -> None:
    wire = printer(buzzer=buzzer)
    for good in (True, False):
        assert wire.do(wire.device, Beep(good)) == ([Beep(good)] if beeps else [])
    wire.do(wire.host, Cover(True))
    assert wire.do(wire.device, Beep()) == []
    assert wire.do(wire.host, Cover(False)) == [State("ready")]


def test_what_is_seen_on_the_paper() -> None:
    assert seen(Text("茶", "right", double=True), 10) == ["        茶"]
    assert seen(QR("x"), 10) == ["  [QR x]"]


# --- the display ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["epson", "cd5220"])
@pytest.mark.parametrize("width", [16, 20])
@given(upper=st.text(max_size=50), lower=st.text(max_size=50))
def test_a_display_shows_what_fits_and_obeys_no_text(
    dialect: str, width: int, upper: str, lower: str
) -> None:
    options = customer_display.Settings(dialect=dialect, columns=width)  # type: ignore[arg-type] # one of two
    wire = Wire(customer_display.Host(options), Display(options))
    wire.do(wire.device, Show("全部都要被覆盖掉", "x" * width))
    (shown,) = wire.do(wire.device, Show(upper, lower))
    assert isinstance(shown, Show)
    for said, given_ in ((shown.upper, upper), (shown.lower, lower)):
        assert len(said) <= width
        assert all(a in (b, "?") or not b.isprintable() for a, b in zip(said, given_, strict=False))
        assert "\ufffd" not in said, "half a character"


@pytest.mark.parametrize("encoding", ["gb18030", "cp437", "cp858"])
@given(text=st.text(max_size=80), width=st.integers(8, 48))
def test_rows_are_cut_between_characters(encoding: Encoding, text: str, width: int) -> None:
    cut = rows(text, width, encoding)
    assert b"".join(cut) == encode(text, encoding)
    assert all(len(row) <= width for row in cut)
    assert all("\ufffd" not in decode(row, encoding) for row in cut)


def test_a_chinese_character_is_as_wide_here_as_on_a_receipt() -> None:
    for text in ("绿茶 500ml", "合计：19.50", "王**"):
        assert len(encode(text, "gb18030")) == columns(text)


# --- the scale ------------------------------------------------------------------------------------


def weighing() -> Wire:
    return Wire(scale.Host(scale.Settings()), Scale(scale.Settings()))


def test_goods_that_swing_are_weighed_when_they_lie_still() -> None:
    wire = weighing()
    wire.do(wire.host, Weighed(435, stable=False))
    wire.do(wire.device, Weigh())
    wire.wait(1)
    wire.do(wire.host, Weighed(435))
    assert wire.wait(1) == [Weigh(), Weighed(435)]


def test_goods_that_never_lie_still_are_a_fault_in_time() -> None:
    wire = weighing()
    wire.do(wire.host, Weighed(435, stable=False))
    wire.do(wire.device, Weigh())
    faults = [said for said in wire.wait(3.2) if not isinstance(said, Weigh)]
    assert faults == [Fault("the goods do not lie still")]
    assert wire.host.wake_at is None


def test_a_silent_scale_is_a_fault_and_the_next_question_is_answered() -> None:
    wire = weighing()
    wire.do(wire.host, Silence())
    assert wire.do(wire.device, Weigh()) == [Weigh()]
    assert wire.wait(1) == [Fault("the scale does not answer")]
    wire.do(wire.host, Silence(on=False))
    assert wire.do(wire.device, Weigh()) == [Weigh(), Weighed(0)]
