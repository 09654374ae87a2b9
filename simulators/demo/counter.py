"""What stands on the lane's counter for the guest: a customer display and a receipt printer."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from drivers import customer_display, escpos_printer
from drivers.events import OpenDrawer, Print, Show
from simulators.customer_display import Device as Display
from simulators.demo.scene import Scene
from simulators.escpos_printer import Device as Printer
from simulators.escpos_printer import seen
from simulators.far_end import OnPty

COLUMNS: Final = 32
"""Of the printer: paper of 58 mm."""
DEVICES: Final[dict[str, dict[str, object]]] = {
    "display-1": {"driver": "customer_display"},
    "printer-1": {"driver": "escpos_printer", "columns": COLUMNS},
}
"""Their sections in the box's configuration, but for the url."""


@asynccontextmanager
async def counter(folder: Path, scene: Scene) -> AsyncIterator[dict[str, dict[str, object]]]:
    """Plug both in, below `folder`, until the end of the block; yields their sections."""
    display = partial(Display, customer_display.Settings())
    printer = partial(Printer, escpos_printer.Settings(columns=COLUMNS))

    def hear(said: Show | Print | OpenDrawer) -> None:
        match said:
            case Show(upper, lower):
                scene.display = (upper, lower)
            case Print(parts):
                scene.paper = [row for part in parts for row in seen(part, COLUMNS)]
                scene.tell("lane", "printed", "quiet", rows=len(scene.paper))
            case OpenDrawer():
                scene.tell("lane", "drawer", "quiet")

    async with AsyncExitStack() as stack:
        for name, codec in (("display-1", display), ("printer-1", printer)):
            await stack.enter_async_context(OnPty(folder / name, codec, hear))
        yield {name: {**more, "url": str(folder / name)} for name, more in DEVICES.items()}
