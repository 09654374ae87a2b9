"""What another store sold comes back here: with the cloud's word, and by one store alone.

The cloud gives the sale and what came back of it so far, and reserves the receipt for this box
together with what is free of the lots that the sale moved. A lot of which nothing is here is
opened empty, so that what comes back has a place.
"""

from collections.abc import Callable
from typing import NamedTuple

from cloud_bridge import contract
from cloud_bridge.authority import Authority, Refused, Silent
from edge import letters
from edge.desk.homes.leasing import Leasing
from edge.intake import shown
from edge.journal import Journal
from edge.refusals import Refusal
from edge.shop.facts import SaleMade, TakenBack


class SoldElsewhere(NamedTuple):
    """A sale of another box, what came back of it, and the grant by which it is ours to take."""

    sale: SaleMade
    earlier: tuple[TakenBack, ...]
    grant: str


class Elsewhere:
    """Asks for other stores' receipts. `cloud` is None while there is nobody to ask."""

    def __init__(
        self,
        leasing: Leasing,
        journal: Journal,
        cloud: Authority | None,
        reachable: Callable[[], bool],
    ) -> None:
        self._leasing, self._journal = leasing, journal
        self.cloud, self._reachable = cloud, reachable

    async def take(self, name: str) -> SoldElsewhere | Refusal:
        """Return a sale by its id or its receipt's number, reserved for this box.

        E-NEEDS-CLOUD, E-UNKNOWN-RECEIPT, or E-BEING-RETURNED at another store.
        """
        if self.cloud is None or not self._reachable():
            return Refusal("E-NEEDS-CLOUD")
        found = await self.cloud.receipt(name)
        if isinstance(found, Silent):
            return Refusal("E-NEEDS-CLOUD")
        sold = None if isinstance(found, Refused) else _read(found)
        if sold is None:
            return Refusal("E-UNKNOWN-RECEIPT", {"receipt": shown(name)})
        sale, earlier = sold
        asked = contract.HoldAsked(
            id=self._leasing.new_id(), member=sale.member or "", kind="return", subject=sale.sale
        )
        answer = await self.cloud.hold(asked)
        with self._journal.guard():
            match answer:
                case Silent():
                    self._leasing.give_up(asked)
                    return Refusal("E-NEEDS-CLOUD")
                case Refused():
                    return Refusal("E-BEING-RETURNED")
            if self._leasing.take_hold(asked, answer) is None:
                return Refusal("E-NEEDS-CLOUD")
        return SoldElsewhere(sale, earlier, asked.id)

    def done(self, grant: str) -> None:
        """Give back what is left of what came with a receipt, whatever became of the return."""
        with self._journal.guard():
            self._leasing.give_back(grant)


def _read(found: contract.ReceiptFound) -> tuple[SaleMade, tuple[TakenBack, ...]] | None:
    """Return the sale and what came back of it, None if the letters are not what they should be."""
    sale = letters.of_another(found.sale)
    if not isinstance(sale, SaleMade):
        return None
    backs: dict[str, TakenBack] = {}
    for letter in found.earlier:
        back = letters.taken_back(letter, sale.sale)
        if back is None:
            return None
        backs[back.reversal] = back
    return sale, tuple(backs.values())
