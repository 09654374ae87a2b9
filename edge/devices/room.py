"""What the owner's commands ask of the devices of a running box.

`devices_list`: each device's section, state, statistics, and when it was last heard.
`devices_watch`: what they say, from now on. `devices_traffic`: what passes between us and one of
them, for a capture. `devices_test`: one of them is made to show that it works.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta

import drivers
from drivers import captures
from drivers.device import Device
from drivers.events import State
from drivers.upos import Level
from edge import config as settings
from edge.desk.answer import OK, Answer, refuse
from edge.devices.telling import Told, told
from edge.refusals import Language, Refusal

ABOUT_ONE: Final = ("devices_traffic", "devices_test")
"""What is asked of one device, and not of all."""
KEPT_MAX: Final = 2000
"""Of what passes while somebody watches; who asks too late misses the oldest."""
WATCHED_SECONDS: Final = 10.0
"""Nobody watches any more when nobody has asked for so long; then nothing is kept."""
POLL_SECONDS: Final = 1.0
"""How long a question waits for something to happen."""


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question without a detail."""


class Watch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was said after an event of this number (None: from now on); by one device, or all."""

    after: int | None = None
    device: str = ""
    show: bool = False


class Test(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A health check, and how long the device, or a hand, has time for it."""

    device: str
    level: Level = "external"
    seconds: Annotated[float, Meta(gt=0, le=60)] = 2.0


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One device. `heard_seconds_ago` is None if it has said nothing since the box started."""

    name: str
    driver: str
    url: str
    state: str
    reason: str
    enabled: bool
    heard_seconds_ago: float | None
    statistics: dict[str, int]


class Heard(msgspec.Struct, frozen=True):
    """What was said, and the number to ask with next."""

    next: int
    events: list[Told]


class Traffic(msgspec.Struct, frozen=True):
    """What passed: number, seconds, mark, and its text as a capture has it."""

    next: int
    passed: list[tuple[int, float, str, str]]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a health check found."""

    device: str
    level: Level
    healthy: bool
    text: str


class _Passed(NamedTuple):
    number: int
    seconds: float
    device: str
    mark: str
    what: object


class DeviceRoom:
    """Answers about `devices`; what passes is kept only while somebody watches."""

    def __init__(
        self,
        sections: Mapping[str, settings.Device],
        devices: Mapping[str, Device],
        lang: Language,
    ) -> None:
        self._sections, self._devices, self._lang = sections, devices, lang
        self._passed: deque[_Passed] = deque(maxlen=KEPT_MAX)
        self._number = 0
        self._news = asyncio.Event()
        self._end: asyncio.TimerHandle | None = None

    async def handle(self, operation: str, payload: bytes) -> Answer:
        """Answer one of `OPERATIONS`. Bad input is answered, never raised."""
        kind = OPERATIONS[operation]
        try:
            asked = msgspec.json.decode(payload, type=kind)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            said = {"path": operation, "cause": "other", "said": str(error)}
            return refuse(Refusal("E-MALFORMED", said), self._lang)
        name = getattr(asked, "device", "")
        if name not in self._devices and (name or operation in ABOUT_ONE):
            return refuse(Refusal("E-NO-DEVICE", {"name": name}), self._lang)
        return Answer(OK, msgspec.json.encode(await self._serve(operation, asked)))

    def close(self) -> None:
        """Watch no more."""
        if self._end is not None:
            self._end.cancel()
        self._stop_watching()

    async def _serve(self, operation: str, asked: Any) -> object:
        match operation:
            case "devices_list":
                return [self._listed(name) for name in self._devices]
            case "devices_test":
                return await self._test(asked)
            case "devices_watch":
                return await self._watch(asked)
        return await self._traffic(asked)

    def _listed(self, name: str) -> Listed:
        device, section = self._devices[name], self._sections[name]
        now, seen = asyncio.get_running_loop().time(), device.statistics.last_seen
        return Listed(
            name=name, driver=section.driver, url=section.url, state=device.state.state,
            reason=device.state.reason, enabled=device.enabled,
            heard_seconds_ago=None if seen is None else round(now - seen, 1),
            statistics=device.statistics.retrieve(now),
        )  # fmt: skip

    async def _test(self, asked: Test) -> Checked:
        found = await self._devices[asked.device].check_health(asked.level, asked.seconds)
        return Checked(
            device=asked.device, level=found.level, healthy=found.healthy, text=found.text
        )

    async def _watch(self, asked: Watch) -> Heard:
        new = await self._since(asked, "=~")
        words = [(one, one.what) for one in new if _is_event(one)]
        events = [told(one.number, one.seconds, one.device, word, show=asked.show)
                  for one, word in words]  # fmt: skip
        return Heard(self._number, events)

    async def _traffic(self, asked: Watch) -> Traffic:
        new = await self._since(asked, "!<>+=")
        return Traffic(
            self._number,
            [(one.number, round(one.seconds, 3), one.mark, self._line(one)) for one in new],
        )

    def _line(self, one: _Passed) -> str:
        what = self._sections[one.device].settings if one.mark == "!" else one.what
        return captures.line(one.mark, what)[2:]

    # --- watching

    async def _since(self, asked: Watch, marks: str) -> list[_Passed]:
        """Return what passed after that number, once there is any, or after a while without."""
        self._go_on_watching()
        if asked.after is None:
            return []
        new = self._new(asked, marks)
        if not new:
            self._news.clear()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                pass
            new = self._new(asked, marks)
        return new

    def _new(self, asked: Watch, marks: str) -> list[_Passed]:
        assert asked.after is not None
        return [
            one for one in self._passed
            if one.number > asked.after and one.mark in marks and asked.device in {"", one.device}
        ]  # fmt: skip

    def _go_on_watching(self) -> None:
        loop = asyncio.get_running_loop()
        if self._end is None:
            for device in self._devices.values():
                device.tap = self._tap(device.name)
        else:
            self._end.cancel()
        self._end = loop.call_later(WATCHED_SECONDS, self._stop_watching)

    def _stop_watching(self) -> None:
        self._end = None
        for device in self._devices.values():
            device.tap = None
        self._passed.clear()

    def _tap(self, name: str) -> Any:
        loop = asyncio.get_running_loop()
        hidden = "<" if drivers.load(self._sections[name].driver).recorded == "never" else ""

        def tap(mark: str, what: object) -> None:
            if mark == hidden:
                return
            self._number += 1
            self._passed.append(_Passed(self._number, loop.time(), name, mark, what))
            self._news.set()

        return tap


def _is_event(one: _Passed) -> bool:
    """Tell an event from what is only a part of one: the pump itself says which state it is."""
    return one.mark == "~" or not isinstance(one.what, State)


OPERATIONS: Final[Mapping[str, Any]] = {
    "devices_list": Nothing,
    "devices_watch": Watch,
    "devices_traffic": Watch,
    "devices_test": Test,
}
"""What may be asked here, and in which form."""
