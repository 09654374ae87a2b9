"""Under which terms a deed is done, and what every fact says of its circumstances."""

from typing import Protocol, TypedDict

import msgspec

from edge.shop.bundle import Bundle
from edge.shop.calendar import Certainty
from edge.shop.facts import Deed
from edge.shop.money import contained
from edge.shop.operations.made import Made
from edge.shop.rules.coupon import Coupon
from edge.shop.sale import TaxLine


class InForce(Protocol):
    """A bundle and the hash of its bytes: rules made ready for pricing are."""

    @property
    def bundle(self) -> Bundle:
        """The terms."""

    @property
    def hash(self) -> str:
        """By which a fact names them."""


class Said(TypedDict):
    """The fields of a deed that its circumstances say."""

    receipt: str
    business_date: str
    store: str
    terminal: str
    lane: str | None
    cashier: str
    seller: str | None
    bundle: str
    flags: tuple[str, ...]
    approved_by: str | None
    clock: Certainty
    training: bool


def said(made: Made, rules: InForce) -> Said:
    """Return what every deed says of when, where, by whom and under which terms."""
    return Said(
        receipt=made.receipt,
        business_date=made.business_date,
        store=made.store,
        terminal=made.terminal,
        lane=made.lane,
        cashier=made.cashier,
        seller=made.seller,
        bundle=rules.hash,
        flags=made.flags,
        approved_by=made.approved_by,
        clock=made.clock,
        training=made.training,
    )


def said_back(undone: Deed, made: Made, rules: InForce) -> Said:
    """Return the same for a deed that undoes another: its seller is who had sold that."""
    unmixed(undone, made)
    return said(msgspec.structs.replace(made, seller=undone.seller), rules)


def unmixed(undone: Deed, made: Made) -> None:
    """Assert that practice undoes no real deed, and no real deed what was practised."""
    assert undone.training == made.training, "what is done for practice never meets what is real"


def coupon_kinds(bundle: Bundle) -> dict[str, Coupon]:
    """Return the types of coupons a bundle knows."""
    return {rule.id: rule for rule in bundle.rules if isinstance(rule, Coupon)}


def taxed(gross: int, tax_class: str, bundle: Bundle) -> TaxLine | None:
    """Return the tax that an amount of one class contains, or None where there is no amount."""
    if not gross:
        return None
    rate = bundle.tax[tax_class]
    tax = contained(gross, rate, bundle.rounding)
    return TaxLine(tax_class=tax_class, rate=rate, net=gross - tax, tax=tax)
