"""Give back: goods that were sold become the fact of a return."""

from collections.abc import Iterable, Sequence
from datetime import date

from edge.shop.accounts.lots import Holdings
from edge.shop.bundle.returns import Returns
from edge.shop.declined import Declined
from edge.shop.facts import Deed, SaleMade
from edge.shop.facts.returns import ReturnedLine, ReturnMade, SaleVoided, TakenBack, Undone
from edge.shop.operations.in_force import unmixed
from edge.shop.operations.made import Made
from edge.shop.operations.returns.booking import booked
from edge.shop.operations.returns.holding import held
from edge.shop.operations.returns.refunding import worth
from edge.shop.operations.returns.repricing import part_of
from edge.shop.operations.returns.shares import Bearer, Share, list_units
from edge.shop.operations.returns.taking import Taking, taking
from edge.shop.operations.returns.terms import ReturnAsked, Terms
from edge.shop.operations.returns.units import Place, came_back, chosen, torn
from edge.shop.operations.returns.uses import uses_back
from edge.shop.operations.tendered import payout


def give_back(
    asked: ReturnAsked,
    sale: Deed,
    earlier: Sequence[TakenBack],
    terms: Terms,
    holdings: Holdings,
    made: Made,
) -> ReturnMade | Declined:
    """Return the fact of a return of some units of a sale.

    `earlier` is all that took back something of this sale before, oldest first. `holdings` are
    the member's, with every lot that the sale moved, empty ones too, and coupons of others.

    E-RETURN-OF-RETURN for a deed that is no sale, E-NEEDS-CLOUD for a receipt of another box
    while offline, E-ALREADY-VOID, E-RETURN-WINDOW, E-RETURN-NOTHING, E-RETURN-TOO-MANY,
    E-RETURN-SET for a part of what only comes back together; under `reprice_kept` E-NOT-READY
    where the rules of the sale are not known any more.
    """
    if not isinstance(sale, SaleMade):
        return Declined("E-RETURN-OF-RETURN", {"receipt": sale.receipt})
    policy = terms.bundle.programme.returns
    no = refusal(asked, sale, earlier, made) or too_late(sale.business_date, policy, made)
    if no is not None:
        return no
    picked = chosen(sale, came_back(earlier), asked.units, policy.units)
    if isinstance(picked, Declined):
        return picked
    if policy.policy == "bundle_only" and (no := torn(sale, picked)):
        return no
    return take_back(asked, taking(sale, earlier, picked, terms, holdings, made), policy.policy)


def refusal(
    asked: ReturnAsked, sale: SaleMade, earlier: Iterable[TakenBack], made: Made
) -> Declined | None:
    """Return why nothing of this sale can be taken back here and now, or None."""
    assert asked.sale == sale.sale, "the sale that was asked for is the one that was found"
    if not asked.home and not made.online:
        return Declined("E-NEEDS-CLOUD")
    if any(isinstance(fact, SaleVoided) for fact in earlier):
        return Declined("E-ALREADY-VOID", {"receipt": sale.receipt})
    return None


def too_late(sold: str, policy: Returns, made: Made) -> Declined | None:
    """Return E-RETURN-WINDOW for what was sold on a business date too long ago, or None."""
    if policy.window_days is None:
        return None
    days = (date.fromisoformat(made.business_date) - date.fromisoformat(sold)).days
    approved = policy.after_window == "approval" and made.approved_by
    if days <= policy.window_days or approved:
        return None
    return Declined("E-RETURN-WINDOW", {"days": policy.window_days})


def take_back(asked: ReturnAsked, taking: Taking, policy: str) -> ReturnMade | Declined:
    """Return the fact that takes back what was picked; its seller is the sale's."""
    value = worth(taking, reprice=policy == "reprice_kept")
    if isinstance(value, Declined):
        return value
    uses = uses_back(taking)
    paid = payout(
        taking.sale.tenders, taking.earlier, value.total, taking.terms.bundle,
        complete=taking.complete, uses=[back.refund for back in uses],
    )  # fmt: skip
    moved = held(taking, paid.by("principal"), paid.by("bonus"), uses)
    sale, made = taking.sale, taking.made
    unmixed(sale, made)
    return ReturnMade(
        receipt=made.receipt,
        business_date=made.business_date,
        store=made.store,
        terminal=made.terminal,
        lane=made.lane,
        cashier=made.cashier,
        seller=sale.seller,
        member=sale.member,
        bundle=sale.bundle,
        postings=booked(taking, value, paid, moved),
        moves=moved.moves,
        flags=made.flags,
        approved_by=made.approved_by,
        clock=made.clock,
        training=made.training,
        reversal=made.deed,
        sale=sale.sale,
        sale_receipt=sale.receipt,
        sale_date=sale.business_date,
        reason=asked.reason,
        currency=sale.currency,
        exponent=sale.exponent,
        lines=tuple(_lines(taking)),
        refunds=paid.refunds,
        total=value.total,
        rounding=paid.rounding,
        tax=value.tax,
        points_taken=moved.points_taken,
        points_back=moved.points_back,
        coupons_restored=moved.coupons_restored,
        coupons_voided=moved.coupons_voided,
        gifts=value.gifts,
        complete=taking.complete,
        policy=policy,
        retained=value.retained,
    )


def _lines(taking: Taking) -> Iterable[ReturnedLine]:
    """Yield what comes back, line by line."""
    units: dict[int, list[int]] = {}
    for line, unit in taking.picked:
        units.setdefault(line, []).append(unit)
    for line, places in units.items():
        yield _line(taking, line, [(line, unit) for unit in places])


def _line(taking: Taking, line: int, places: Sequence[Place]) -> ReturnedLine:
    sold = taking.sale.lines[line]
    lists = list_units(sold)
    shares = [taking.shares[place] for place in places]
    return ReturnedLine(
        line=line,
        units=tuple([unit for _, unit in places]),
        kind=sold.kind,
        product=sold.product,
        name_zh=sold.name_zh,
        name_en=sold.name_en,
        category=sold.category,
        unit=sold.unit,
        quantity=part_of(sold, len(places)),
        list_amount=sum(lists[unit] for _, unit in places),
        discounts=_undone(shares),
        net=sum(share.net for share in shares),
        tax_class=sold.tax_class,
        tax=sum(share.tax for share in shares),
        points=sum(share.points for share in shares),
    )


def _undone(shares: Iterable[Share]) -> tuple[Undone, ...]:
    sums: dict[Bearer, int] = {}
    for share in shares:
        for bearer, off in share.offs.items():
            sums[bearer] = sums.get(bearer, 0) + off
    return tuple(
        [
            Undone(rule=rule, account=account, party=party, amount=amount)
            for (rule, account, party), amount in sums.items()
            if amount
        ]
    )
