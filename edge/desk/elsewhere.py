"""What another store sold comes back here: with the cloud's word, and by one store alone.

The cloud gives the sale and what came back of it so far, and reserves the receipt for this box
together with what is free of the lots that the sale moved. A lot of which nothing is here is
opened empty, so that what comes back has a place.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from cloud_bridge import contract
from cloud_bridge.authority import Authority, Refused, Silent
from edge import letters
from edge.desk.leasing import Leasing
from edge.intake import shown
from edge.journal import Journal
from edge.refusals import Refusal
from edge.shop.facts import Fact, SaleMade, TakenBack


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
    envelopes = found.sale, *found.earlier
    if not all(contract.check(envelope) for envelope in envelopes):
        return None
    try:
        sale, *earlier = [_fact(envelope) for envelope in envelopes]
    except (msgspec.MsgspecError, UnicodeError):
        return None
    backs = tuple(fact for fact in earlier if isinstance(fact, TakenBack))
    if not isinstance(sale, SaleMade) or len(backs) != len(earlier):
        return None
    return None if any(back.sale != sale.sale for back in backs) else (sale, backs)


def _fact(envelope: contract.Envelope) -> Fact:
    return letters.read(bytes(envelope.body))
