"""What is handed over in payment, from a terminal's words to the shop's."""

from collections.abc import Sequence

from drivers import terminal as words
from edge.refusals import Refusal
from edge.shop.tender import Tender, Voucher


def tenders(offered: Sequence[words.RequestTender]) -> list[Tender] | Refusal:
    """Return what is handed over; of a voucher counts at most its face.

    E-MALFORMED for a voucher that is not described, or something else that is.
    """
    made: list[Tender] = []
    for place, one in enumerate(offered):
        voucher = _voucher(one.voucher)
        if (one.kind == "voucher") != (voucher is not None):
            said = {"path": f"$.tenders[{place}]", "cause": "missing", "field": "voucher"}
            return Refusal("E-MALFORMED", said)
        amount = one.amount if voucher is None else min(one.amount, voucher.face)
        made.append(Tender(one.kind, amount, voucher))
    return made


def stored(given: Sequence[Tender | words.RequestTender]) -> int:
    """Return how much stored value is offered, in minor units."""
    return sum(tender.amount for tender in given if tender.kind == "value")


def _voucher(said: words.RequestVoucher | None) -> Voucher | None:
    if said is None:
        return None
    return Voucher(
        id=said.id, issuer=said.issuer, face=said.face, paid=said.paid, settlement=said.settlement
    )
