"""What a lane shows, prints, opens and sounds, on whatever devices it has.

Nothing here waits, and nothing here can fail a sale: a device that is away is passed over, a
printer without paper keeps its jobs. Paper comes out and the drawer opens only after the sale is
durable: whoever calls `sold` has waited for that.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from drivers.events import (
    Beep,
    Event,
    Light,
    NotPrinted,
    OpenDrawer,
    Print,
    Printed,
    Show,
    State,
    Weigh,
)
from edge.desk.lane.faces import Faces, Receipt
from edge.desk.lane.spool import Aside, Do, Go, Job, Out, Spool
from edge.shop.sale import Quote
from edge.shop.tender import Paid
from edge.shop.till import Shown

log = structlog.get_logger(__name__)


class Devices(Protocol):
    """The devices of one lane."""

    def tell(self, command: object, name: str | None = None) -> bool:
        """Tell all that obey such a command, or only `name`; return whether any took it."""
        ...

    def can(self, kind: type) -> bool:
        """Tell whether the lane has a device that obeys such commands, there or not."""
        ...


class Outputs:
    """The guest's side of one lane.

    `receipt` finds what is to be printed for the key of a sale; `aside` is told of a receipt that
    will not come out by itself, `out` of one that did.
    """

    def __init__(
        self,
        lane: str,
        devices: Devices,
        faces: Faces,
        receipt: Callable[[str], Receipt | None],
    ) -> None:
        self._lane, self._devices, self.faces = lane, devices, faces
        self._receipt = receipt
        self._spool = Spool()
        self._screen = faces.idle()
        self.out: Callable[[str], None] = lambda key: None
        self.aside: Callable[[str, str], None] = lambda key, reason: None

    # --- the display -------------------------------------------------------------------------

    def show(self, screen: Show) -> None:
        """Show this until something else is shown; a display that comes back shows it again."""
        self._screen = screen
        self._devices.tell(screen)

    def shown(self, shown: Shown) -> None:
        """Show a basket's latest line and its total."""
        self.show(self.faces.shown(shown))

    def sold(self, quote: Quote, paid: Paid, *, is_last: bool) -> None:
        """Show the change, unless the next guest's goods are shown; open the drawer for cash."""
        if is_last:
            self.show(self.faces.sold(quote, paid))
        if paid.change or paid.by("cash"):
            self._devices.tell(OpenDrawer())

    def declined(self, title: str) -> None:
        """Show why nothing happened; what was shown before comes back with the next input."""
        self._devices.tell(self.faces.declined(title))

    def signal(self, source: str | None, *, good: bool) -> None:
        """Sound yes or no at the device that was used, and light the lane's lamps so.

        One that cannot sound is stood in for by those of the lane that can.
        """
        if not self._devices.tell(Beep(good), source):
            self._devices.tell(Beep(good))
        self._devices.tell(Light("green", good))
        self._devices.tell(Light("red", not good))

    def weigh(self, name: str) -> bool:
        """Have what lies on the scale weighed; False if there is no scale to do it."""
        if not self._devices.tell(Weigh()):
            return False
        self.show(self.faces.weighing(name))
        return True

    # --- the printer -------------------------------------------------------------------------

    @property
    def prints(self) -> bool:
        """Whether the lane has a printer at all."""
        return self._devices.can(Print)

    def print(self, key: str, *, copy: bool = False) -> None:
        """Have the receipt of a sale printed, when the printer can."""
        if self.prints:
            self._follow(self._spool.add(Job(key, copy)))

    def hear(self, event: Event, *, printer: bool) -> None:
        """Take what a display or the printer says of itself."""
        if isinstance(event, State) and event.state == "ready":
            self._devices.tell(self._screen)
        if printer and isinstance(event, State | Printed | NotPrinted):
            self._follow(self._spool.hear(event))

    def _follow(self, todo: Iterable[Do]) -> None:
        for do in todo:
            match do:
                case Go(job):
                    self._go(job)
                case Out(job):
                    self.out(job.name)
                case Aside(job, reason):
                    log.warning("receipt_not_printed", lane=self._lane, reason=reason)
                    self.aside(job.name, reason)

    def _go(self, job: Job) -> None:
        receipt = self._receipt(job.name)
        if receipt is None:
            log.error("receipt_unknown", lane=self._lane, key=job.name)
            self._follow(self._spool.drop())
        elif not self._devices.tell(self.faces.receipt(receipt, copy=job.copy)):
            self._follow(self._spool.lost())
