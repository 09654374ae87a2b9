"""What one unit of a sale carries of everything the sale did.

A sale is taken apart once, always the same way, into shares that sum to it: so whatever the
order in which units come back, together they take back exactly the sale.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from edge.shop.facts import SaleMade, SoldLine
from edge.shop.facts.returns import GiftKept
from edge.shop.money import split
from edge.shop.operations.funding import borne, contra
from edge.shop.operations.returns.units import Place, everything
from edge.shop.sale import Adjustment

Bearer = tuple[str, str, str]
"""A rule, the account on which its discount was booked, and the party that bears it."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One unit's part, in minor units and points, zero or more.

    `list_amount` less all `offs` and what `points_paid` is `net`, which contains `tax`.
    """

    list_amount: int
    net: int
    tax_class: str
    tax: int
    points: int
    points_spent: int
    points_paid: int
    """What points took off it."""
    offs: Mapping[Bearer, int]
    worth: int | None = None
    """What the use of a count card is worth that paid for it; None if money did."""

    @property
    def taxed(self) -> int:
        """What contains the tax: what was paid for the unit, or for the use."""
        return self.net if self.worth is None else self.worth


def shares(sale: SaleMade, gifts: Iterable[GiftKept] = ()) -> dict[Place, Share]:
    """Return the share of every unit of a sale, in the order of its lines.

    Tax is shared over the units of its class by what contains it, points that were spent over the
    units they paid for. `gifts` were charged since: they count as bought at that price. What no
    unit can carry (points of a sale that costs nothing) is in no share.
    """
    worths = _worths(sale)
    taxes = _taxes(sale, worths)
    paid = _points_paid(sale)
    spent = _shared(sale.points_spent, paid)
    charged = {(gift.line, gift.unit): gift for gift in gifts}
    result: dict[Place, Share] = {}
    for n, line in enumerate(sale.lines):
        lists, offs = list_units(line), _offs(line)
        points = line.unit_points or (0,) * len(lists)
        for unit, net in enumerate(line.unit_nets):
            place = n, unit
            share = Share(
                list_amount=lists[unit],
                net=net,
                tax_class=line.tax_class,
                tax=taxes[place],
                points=points[unit],
                points_spent=spent[place],
                points_paid=paid[place],
                offs=offs[unit],
                worth=worths.get(place),
            )
            result[place] = _bought(share, charged[place]) if place in charged else share
    return result


def list_units(line: SoldLine) -> tuple[int, ...]:
    """Return what each unit of a line costs at list."""
    units = len(line.unit_nets)
    return (line.list_amount,) if units == 1 else (line.unit_price,) * units


def _worths(sale: SaleMade) -> dict[Place, int]:
    """Return what each use is worth, by the unit that it paid for."""
    return {
        (uses.line, unit): value
        for uses in [tender.uses for tender in sale.tenders if tender.uses]
        for unit, value in zip(uses.units, uses.values, strict=True)
    }


def _taxes(sale: SaleMade, worths: Mapping[Place, int]) -> dict[Place, int]:
    taxes = dict.fromkeys(everything(sale), 0)
    for tax in sale.tax:
        nets = {
            (n, unit): worths.get((n, unit), net)
            for n, line in enumerate(sale.lines)
            if line.tax_class == tax.tax_class
            for unit, net in enumerate(line.unit_nets)
        }
        taxes |= _shared(tax.tax, nets)
    return taxes


def _points_paid(sale: SaleMade) -> dict[Place, int]:
    return {
        (n, unit): -sum([cut.units[unit] for cut in line.discounts if contra(cut) == "points"])
        for n, line in enumerate(sale.lines)
        for unit in range(len(line.unit_nets))
    }


def _shared(amount: int, weights: Mapping[Place, int]) -> dict[Place, int]:
    if not any(weights.values()):
        return dict.fromkeys(weights, 0)
    return dict(zip(weights, split(amount, list(weights.values())), strict=True))


def _offs(line: SoldLine) -> list[dict[Bearer, int]]:
    """Return for each unit what was taken off it, by who bears it; points are apart."""
    offs: list[dict[Bearer, int]] = [{} for _ in line.unit_nets]
    for cut in line.discounts:
        account = contra(cut)
        if account == "points":
            continue
        for party, units in _borne(cut):
            for unit, off in zip(offs, units, strict=True):
                bearer = cut.rule, account, party
                unit[bearer] = unit.get(bearer, 0) + off
    return offs


def _borne(cut: Adjustment) -> Iterable[tuple[str, Sequence[int]]]:
    """Share each party's part of a discount over the units, within what each unit got."""
    left = [-off for off in cut.units]
    for party, part in borne(cut):
        units = split(part, left)
        left = [rest - off for rest, off in zip(left, units, strict=True)]
        yield party, units


def _bought(share: Share, gift: GiftKept) -> Share:
    """Return a gift's share after it was charged: less was taken off, and it has a price."""
    less = split(gift.amount, list(share.offs.values()))
    offs = {
        bearer: off - part for (bearer, off), part in zip(share.offs.items(), less, strict=True)
    }
    return msgspec.structs.replace(share, net=gift.amount, tax=gift.tax, offs=offs)
