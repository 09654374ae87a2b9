"""The shelf of parked baskets: one for all lanes and terminals of a store.

What is put on it at one of them is taken at any other, by whoever comes first.
"""

from collections.abc import Mapping

from drivers import terminal as words
from edge import replies
from edge.desk.counter import Counter
from edge.desk.keys import Placed
from edge.desk.members import Holding
from edge.desk.placing import Placing, Request, Seller
from edge.replies import Stamp
from edge.shop.declined import Declined
from edge.shop.facts import BasketParked, BasketRecalled
from edge.shop.operations import parking
from edge.shop.operations.made import Made
from edge.shop.operations.parking import ParkAsked
from edge.shop.tender import UsesAsked


class Shelf:
    """Puts baskets aside and gives them back, each once."""

    def __init__(self, counter: Counter, placing: Placing) -> None:
        self._counter, self._placing = counter, placing

    def waiting(self) -> Mapping[str, BasketParked]:
        """Return the baskets of the open day that wait, by ticket, oldest first."""
        told = self._counter.members.past.parked(self._placing.store)
        return parking.waiting([one.fact for one in told], self._placing.business_date)

    def numbered(self, number: int) -> BasketParked | None:
        """Return the basket that is called by this number, None if there is none."""
        found = self.waiting().values()
        return next((parked for parked in found if parked.number == number), None)

    def put(self, request: Request, by: Seller, asked: ParkAsked) -> Placed | Declined:
        """Put a basket aside. Declined E-TOO-MANY-PARKED."""

        def make(made: Made) -> BasketParked | Declined:
            return parking.park(asked, self.waiting(), made)

        return self._placing.deed(request, by, self._counter.rules, make, replies.parked)

    def take(self, request: Request, by: Seller, ticket: str) -> Placed | Declined:
        """Take a basket back. Declined E-BASKET-GONE, also if somebody was faster."""
        parked = self.waiting().get(ticket)

        def make(made: Made) -> BasketRecalled | Declined:
            return parking.recall(ticket, self.waiting(), made)

        def tell(fact: BasketRecalled, stamp: Stamp) -> words.Reply:
            assert parked is not None, "what nobody parked cannot be recalled"
            return self._recalled(parked, stamp)

        return self._placing.deed(request, by, self._counter.rules, make, tell)

    def _recalled(self, parked: BasketParked, stamp: Stamp) -> words.Recalled:
        found = self._counter.holding(parked.member, decided=True) if parked.member else None
        return words.Recalled(
            key=stamp.key,
            ticket=parked.ticket,
            lines=tuple(
                [
                    words.RequestLine(
                        code=line.code, quantity=line.quantity, unit_price=line.unit_price
                    )
                    for line in parked.lines
                ]
            ),
            member=parked.member,
            display=found.member.display if isinstance(found, Holding) else "",
            coupons=parked.coupons,
            label=parked.label,
            uses=tuple([_again(one) for one in parked.uses]),
            epoch=stamp.epoch,
            sequence=stamp.sequence,
        )


def _again(uses: UsesAsked) -> words.RequestUses:
    """Return uses as a terminal asks for them."""
    return words.RequestUses(
        line=uses.line,
        uses=uses.uses,
        count_card=uses.count_card or None,
        plan=uses.plan or None,
    )
