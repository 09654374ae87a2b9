"""One return in the making: the sale taken apart, and which of its units come back now."""

from collections.abc import Sequence

import msgspec

from edge.shop.accounts.lots import Holdings, Move
from edge.shop.facts import SaleMade
from edge.shop.facts.returns import TakenBack
from edge.shop.operations.made import Made
from edge.shop.operations.returns.shares import Share, shares
from edge.shop.operations.returns.terms import Terms
from edge.shop.operations.returns.units import Place, came_back


class Taking(msgspec.Struct, frozen=True, kw_only=True):
    """All that a return is computed from.

    `holdings` know every lot that the sale moved, the empty ones too.
    """

    sale: SaleMade
    earlier: tuple[TakenBack, ...]
    picked: tuple[Place, ...]
    """The units that come back now."""
    back: frozenset[Place]
    """The units that are back after this, earlier ones too."""
    shares: dict[Place, Share]
    terms: Terms
    holdings: Holdings
    made: Made

    @property
    def complete(self) -> bool:
        """Whether all that was sold is back after this."""
        return len(self.back) == len(self.shares)

    @property
    def now(self) -> list[Share]:
        """The shares that come back now."""
        return [self.shares[place] for place in self.picked]

    @property
    def kept(self) -> list[tuple[Place, Share]]:
        """The units that stay with the guest, with their shares."""
        return [(place, share) for place, share in self.shares.items() if place not in self.back]

    @property
    def held(self) -> int:
        """What the shop holds of the payment before this return, before cash rounding."""
        return self.sale.total - sum([fact.total for fact in self.earlier])

    @property
    def held_in_money(self) -> int:
        """The same without what uses of count cards paid for."""
        still = [*self.now, *[share for _, share in self.kept]]
        return self.held - sum([share.net for share in still if share.worth is not None])

    @property
    def moves_so_far(self) -> tuple[Move, ...]:
        """The moves of the sale and of its returns, oldest first."""
        return (*self.sale.moves, *[move for fact in self.earlier for move in fact.moves])

    def returns_now(self, units: set[Place]) -> bool:
        """Tell whether the last of these units come back now; of no units: the last of all."""
        units = units or set(self.shares)
        return units <= self.back and bool(units & set(self.picked))


def taking(
    sale: SaleMade,
    earlier: Sequence[TakenBack],
    picked: tuple[Place, ...],
    terms: Terms,
    holdings: Holdings,
    made: Made,
) -> Taking:
    """Return the return that takes `picked` back after `earlier` ones."""
    return Taking(
        sale=sale,
        earlier=tuple(earlier),
        picked=picked,
        back=came_back(earlier) | set(picked),
        shares=shares(sale, [gift for fact in earlier for gift in fact.gifts]),
        terms=terms,
        holdings=holdings,
        made=made,
    )
