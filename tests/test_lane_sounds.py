"""Who sounds at a lane: the device that was used, or those that can in its place."""

from pathlib import Path

import pytest

import drivers
from drivers.events import Beep, Light
from edge.config import Device, load
from edge.desk.lane.faces import Faces
from edge.desk.lane.outputs import Outputs
from edge.lanes import LaneDevices

EXAMPLE = Path(__file__).parents[1] / "examples" / "store.toml"


class Ear:
    """A device that takes every command, and remembers it."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def tell(self, command: object) -> bool:
        self.told.append(command)
        return True


def device(name: str, driver: str) -> Device:
    settings = drivers.load(driver).settings()
    return Device(name=name, driver=driver, url="/dev/null", settings=settings, wire={})


@pytest.mark.parametrize("good", [True, False])
@pytest.mark.parametrize(
    ("used", "sounding"),
    [("lines", ["lines"]), ("keyboard", ["lines", "printer", "reader"]), ("reader", ["reader"])],
)
def test_what_cannot_sound_is_stood_in_for(used: str, sounding: list[str], good: bool) -> None:
    kinds = {
        "lines": "lines_scanner", "keyboard": "keyboard_scanner", "printer": "escpos_printer",
        "reader": "pcsc_reader",
    }  # fmt: skip
    config = {name: device(name, driver) for name, driver in kinds.items()}
    ears = {name: Ear() for name in kinds}
    lane = LaneDevices(tuple(kinds), config, ears)
    outputs = Outputs("front", lane, Faces(load(EXAMPLE).store, "en"), lambda key: None)
    outputs.signal(used, good=good)
    assert [name for name, ear in ears.items() if Beep(good) in ear.told] == sounding
    lamps = [Light("green", good), Light("red", not good)]
    assert [command for command in ears["reader"].told if isinstance(command, Light)] == lamps
