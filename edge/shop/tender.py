"""Stage 7: what pays. Tender is not discount: it never changes a price.

It counts in a fixed order: bonus value, principal value, uses of count cards, then what is
external in the order it was offered, and cash last of all. A refund goes the other way round, but
for uses: what goes back to a card is what it paid for, and nothing else of the bill. Only cash
gives change, up to the bundle's `change_max`, and only what is paid in cash is rounded, to its
`cash_rounding`: that is a line of its own.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from edge.shop.accounts import value
from edge.shop.accounts.lots import Holdings, Move
from edge.shop.bundle import Bundle
from edge.shop.declined import Declined
from edge.shop.money import divide

Kind = Literal[
    "value", "bonus", "principal", "uses", "cash", "card", "wallet", "transfer", "voucher"
]
"""What a guest may offer is `value` (stored value, of which they cannot choose the part that is
bonus) or something external; what counted in the end is never `value` but bonus or principal. Uses
of count cards are named beside what is offered, for their amount is what they pay for."""


class Voucher(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher that the guest bought from somebody else, such as a group-buying platform.

    Three amounts that are never the same: `face` is what it is worth here, `paid` what the guest
    gave for it, `settlement` what its `issuer` will give us.
    """

    id: str
    issuer: str
    face: int
    paid: int
    settlement: int


class UsesAsked(msgspec.Struct, frozen=True, kw_only=True):
    """So many uses pay for units of one line of a basket, counted from 0.

    They are of one card: the one that expires first of those that hold as many, unless
    `count_card` names one, or `plan` what it was sold as.
    """

    line: int
    uses: int = 1
    count_card: str = ""
    plan: str = ""


class CardUses(msgspec.Struct, frozen=True, kw_only=True):
    """Uses of one count card, each of which paid for one unit of a line, whatever that cost.

    `line` and `units` are places in the sale, from 0; `values` say, unit by unit, what each use is
    worth in the books: its share of what was paid for the card.
    """

    count_card: str
    """The card: the id of its lot."""
    plan: str
    name_zh: str
    name_en: str
    """What the plan is called."""
    line: int
    units: tuple[int, ...]
    values: tuple[int, ...]
    left: int
    """The uses left on the card."""
    earns: bool = False
    """Whether what the uses are worth earns points, as the plan says."""

    @property
    def move(self) -> Move:
        """What leaves the card."""
        return Move(lot=self.count_card, amount=-len(self.units), money=-sum(self.values))


class Tender(msgspec.Struct, frozen=True):
    """Something handed over in payment: minor units, zero or more.

    A voucher's amount is what counts of its face: what is left of it is lost to the guest. That of
    uses is what the units cost that they pay for.
    """

    kind: Kind
    amount: int
    voucher: Voucher | None = None
    uses: CardUses | None = None


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """A bill that is settled.

    `tenders` are what counted, change already taken off, and sum to `due` + `rounding`. All that
    was `handed` over is the same plus the `change`. `moves` take the stored value and the uses.
    """

    due: int
    tenders: tuple[Tender, ...]
    handed: int
    change: int
    rounding: int = 0
    moves: tuple[Move, ...] = ()
    uses: tuple[CardUses, ...] = ()
    """The uses among the tenders."""

    def by(self, *kinds: Kind) -> int:
        """Return how much was paid by these kinds of tender."""
        return sum(tender.amount for tender in self.tenders if tender.kind in kinds)


def in_cash(amount: int, terms: Bundle) -> int:
    """Return what is really paid where `amount` is due in cash."""
    step = terms.cash_rounding.step
    return step * divide(amount, step, terms.cash_rounding.mode)


def settle(
    due: int,
    offered: Sequence[Tender],
    holdings: Holdings,
    terms: Bundle,
    *,
    today: str,
    online: bool = False,
    uses: Sequence[Tender] = (),
) -> Paid | Declined:
    """Return how `due` is settled with what is offered, and with `uses` that were found for it.

    Declined: E-NEEDS-CLOUD for a voucher that nobody can verify while not `online`,
    E-TENDER-OVER for more than is due in anything but cash, E-TENDER-SHORT when all together do
    not reach what is due, E-CHANGE-OVER for more change than the bundle's `change_max`,
    E-VALUE-SHORT when less stored value is held than offered.
    """
    handed = sum([tender.amount for tender in (*uses, *offered)])
    if any(tender.amount < 0 for tender in offered):
        return Declined("E-TENDER-SHORT", {"due": due, "paid": handed})
    vouchers = [tender for tender in offered if tender.kind == "voucher"]
    assert all(t.voucher and t.amount <= t.voucher.face for t in vouchers), "more than its face"
    if vouchers and not online:
        return Declined("E-NEEDS-CLOUD")
    cash = [tender.amount for tender in offered if tender.kind == "cash"]
    rest = due - (handed - sum(cash))
    if rest < 0:
        return Declined("E-TENDER-OVER", {"due": due, "paid": due - rest})
    left = in_cash(rest, terms) if cash else rest
    if sum(cash) < left:
        return Declined("E-TENDER-SHORT", {"due": due - rest + left, "paid": handed})
    if (change := sum(cash) - left) > terms.change_max:
        return Declined("E-CHANGE-OVER", {"due": due, "paid": handed, "most": terms.change_max})
    wanted = sum(tender.amount for tender in offered if tender.kind == "value")
    spent = value.spend(terms.programme.value, holdings, wanted, today)
    if isinstance(spent, Declined):
        return spent
    external = [tender for tender in offered if tender.kind not in ("value", "cash")]
    used = tuple([tender.uses for tender in uses if tender.uses])
    stored = Tender("bonus", spent.bonus), Tender("principal", spent.principal)
    counted = [*stored, *uses, *external]
    return Paid(
        due=due,
        tenders=tuple([tender for tender in [*counted, Tender("cash", left)] if tender.amount]),
        handed=handed,
        change=change,
        rounding=left - rest,
        moves=(*spent.moves, *[one.move for one in used]),
        uses=used,
    )
