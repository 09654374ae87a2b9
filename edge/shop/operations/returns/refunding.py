"""What a return is worth: its units, less gifts that stay, and what is priced again."""

from collections.abc import Container, Iterable, Mapping

import msgspec

from edge.shop.declined import Declined
from edge.shop.facts.returns import GiftKept, ReturnMade
from edge.shop.money import contained
from edge.shop.operations.returns.repricing import lowered, price_of_kept
from edge.shop.operations.returns.taking import Taking
from edge.shop.operations.returns.units import Place, lowered_by
from edge.shop.sale import TaxLine


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What comes back is worth: `total` = the units' nets less `gifts` less `retained`."""

    total: int
    gifts: tuple[GiftKept, ...]
    retained: tuple[TaxLine, ...]
    tax: tuple[TaxLine, ...]


def worth(taking: Taking, *, reprice: bool) -> Worth | Declined:
    """Return what a return is worth, before it is paid out; `reprice` what the guest keeps."""
    nets = sum(share.net for share in taking.now)
    charged = _charged(taking)
    in_money = sum(share.net for share in taking.now if share.worth is None)
    gifts = _gifts_kept(taking, min(in_money, taking.held_in_money - sum(charged.values())))
    retained: tuple[TaxLine, ...] = ()
    if taking.complete:
        retained = _difference(taking, {})
    elif reprice:
        prices = price_of_kept(taking)
        if isinstance(prices, Declined):
            return prices
        charged |= {(gift.line, gift.unit): gift.amount for gift in gifts}
        prices = lowered(prices, taking.held_in_money - sum(charged.values()))
        retained = _difference(taking, _beyond(taking, prices, charged))
    total = nets - sum(gift.amount for gift in gifts)
    total -= sum(line.net + line.tax for line in retained)
    return Worth(total=total, gifts=gifts, retained=retained, tax=_tax(taking, gifts, retained))


# --- gifts ---------------------------------------------------------------------------------------


def _gifts_kept(taking: Taking, room: int) -> tuple[GiftKept, ...]:
    """Return the gifts that are charged because all that earned them is back and they are not."""
    if taking.terms.bundle.programme.returns.gift_kept == "keep":
        return ()
    kept: list[GiftKept] = []
    for place, rule in _gifts(taking):
        if place in taking.back or not taking.returns_now(_earned_by(taking, rule)):
            continue
        share = taking.shares[place]
        amount = min(room, share.list_amount - share.net)
        if amount:
            room -= amount
            rate = taking.sale.lines[place[0]].tax_rate
            tax = contained(amount, rate, taking.terms.bundle.rounding)
            kept.append(GiftKept(line=place[0], unit=place[1], amount=amount, tax=tax))
    return tuple(kept)


def _gifts(taking: Taking) -> Iterable[tuple[Place, str]]:
    """Yield every gift the sale gave, with the rule that gave it."""
    for n, line in enumerate(taking.sale.lines):
        if line.kind == "gift":
            for unit in range(len(line.unit_nets)):
                yield (n, unit), line.discounts[0].rule


def _earned_by(taking: Taking, rule: str) -> set[Place]:
    """Return the goods that earned a gift: those the rule lowered too, or else all goods."""
    goods = {place for place in taking.shares if taking.sale.lines[place[0]].kind == "goods"}
    return lowered_by(taking.sale, rule) & goods or goods


def _charged(taking: Taking) -> dict[Place, int]:
    """Return the gifts that were charged before and stay with the guest."""
    gifts = [gift for fact in taking.earlier for gift in fact.gifts]
    return {
        (gift.line, gift.unit): gift.amount
        for gift in gifts
        if (gift.line, gift.unit) not in taking.back
    }


# --- what is kept is priced again ----------------------------------------------------------------


def _beyond(
    taking: Taking, prices: Mapping[str, int], charged: Container[Place]
) -> dict[str, tuple[int, int]]:
    """Return by tax class how far prices and their tax go beyond what was allocated.

    Units that a use of a count card paid for are in neither: their use is what they cost.
    """
    rounding, rates = taking.terms.bundle.rounding, _rates(taking)
    sums: dict[str, tuple[int, int]] = {}
    for name, gross in prices.items():
        sums[name] = gross, contained(gross, rates[name], rounding)
    for place, share in taking.kept:
        if place not in charged and share.worth is None:
            gross, tax = sums.get(share.tax_class, (0, 0))
            sums[share.tax_class] = gross - share.net, tax - share.tax
    return sums


def _difference(taking: Taking, beyond: Mapping[str, tuple[int, int]]) -> tuple[TaxLine, ...]:
    """Return what is retained now, so that with what was retained before it is `beyond`."""
    sums = dict(beyond)
    for fact in taking.earlier:
        for line in fact.retained if isinstance(fact, ReturnMade) else ():
            gross, tax = sums.get(line.tax_class, (0, 0))
            sums[line.tax_class] = gross - line.net - line.tax, tax - line.tax
    return _lines(taking, sums)


def _lines(taking: Taking, sums: Mapping[str, tuple[int, int]]) -> tuple[TaxLine, ...]:
    """Return amounts and the tax in them, by tax class, as lines; those of nothing are left out."""
    rates = _rates(taking)
    return tuple(
        [
            TaxLine(tax_class=name, rate=rates[name], net=gross - tax, tax=tax)
            for name, (gross, tax) in sums.items()
            if gross or tax
        ]
    )


def _rates(taking: Taking) -> dict[str, int]:
    """Return the rates of the sale; what is kept may cost a charge of a class it did not have."""
    rules = taking.terms.rules
    known = rules.bundle.tax if rules else {}
    return known | {line.tax_class: line.tax_rate for line in taking.sale.lines}


def _tax(
    taking: Taking, gifts: Iterable[GiftKept], retained: Iterable[TaxLine]
) -> tuple[TaxLine, ...]:
    """Return the tax that the refund contains, for each class of goods."""
    sale = taking.sale
    sums: dict[str, tuple[int, int]] = {}
    parts = [(share.tax_class, share.taxed, share.tax) for share in taking.now]
    parts += [(sale.lines[gift.line].tax_class, -gift.amount, -gift.tax) for gift in gifts]
    parts += [(line.tax_class, -line.net - line.tax, -line.tax) for line in retained]
    for name, gross, tax in parts:
        before = sums.get(name, (0, 0))
        sums[name] = before[0] + gross, before[1] + tax
    return _lines(taking, sums)
