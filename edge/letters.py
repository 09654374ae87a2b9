"""Facts become letters, and letters facts: the one place where shop words meet the cloud's.

It happens once, on placing: a journal page's body is the very JSON that the cloud will get.
"""

import msgspec

from cloud_bridge import contract as wire
from edge.shop import facts as shop
from edge.shop.ledger import Posting
from edge.shop.sale import Adjustment, TaxLine
from edge.shop.tender import Tender

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(wire.FactBody)


def write(fact: shop.Fact) -> tuple[str, bytes]:
    """Return a fact's kind and its JSON."""
    body = _to_wire(fact)
    return str(body.__struct_config__.tag), _encoder.encode(body)


def read(body: bytes) -> shop.Fact:
    """Return the fact that `write` put down. Raises msgspec.DecodeError for anything else."""
    return _to_shop(_decoder.decode(body))


def _to_wire(fact: shop.Fact) -> wire.FactBody:
    match fact:
        case shop.SaleMade():
            return _sale_to_wire(fact)
        case shop.RequestRefused():
            return wire.RefusalFact(
                terminal=fact.terminal, operation=fact.operation, code=fact.code
            )
        case shop.KeyFenced():
            return wire.FenceFact(terminal=fact.terminal)
        case shop.DayOpened():
            return wire.DayOpened(business_date=fact.business_date)
        case shop.DayClosed():
            return wire.DayClosed(business_date=fact.business_date)
        case shop.EpochOpened():
            return wire.EpochOpened(**msgspec.structs.asdict(fact))
        case shop.CloudReached():
            return wire.WentOffline(online=fact.online)


def _to_shop(body: wire.FactBody) -> shop.Fact:
    match body:
        case wire.SaleFact():
            return _sale_to_shop(body)
        case wire.RefusalFact():
            return shop.RequestRefused(
                terminal=body.terminal, operation=body.operation, code=body.code
            )
        case wire.FenceFact():
            return shop.KeyFenced(terminal=body.terminal)
        case wire.DayOpened():
            return shop.DayOpened(business_date=body.business_date)
        case wire.DayClosed():
            return shop.DayClosed(business_date=body.business_date)
        case wire.EpochOpened():
            return shop.EpochOpened(**msgspec.structs.asdict(body))
        case wire.WentOffline():
            return shop.CloudReached(online=body.online)


def _sale_to_wire(sale: shop.SaleMade) -> wire.SaleFact:
    plain = msgspec.structs.asdict(sale)
    plain["lines"] = tuple([_line_to_wire(line) for line in sale.lines])
    plain["tenders"] = tuple([wire.SaleTender(kind=t.kind, amount=t.amount) for t in sale.tenders])
    plain["tax"] = tuple([wire.SaleTax(**msgspec.structs.asdict(tax)) for tax in sale.tax])
    plain["postings"] = tuple(
        [wire.Posting(account=p.account, unit=p.unit, amount=p.amount) for p in sale.postings]
    )
    return wire.SaleFact(**plain)


def _line_to_wire(line: shop.SoldLine) -> wire.SaleLine:
    plain = msgspec.structs.asdict(line)
    plain["discounts"] = tuple(
        [
            wire.SaleDiscount(
                rule=d.rule, name_zh=d.name_zh, name_en=d.name_en, amount=d.amount, units=d.units
            )
            for d in line.discounts
        ]
    )
    return wire.SaleLine(**plain)


def _sale_to_shop(sale: wire.SaleFact) -> shop.SaleMade:
    plain = msgspec.structs.asdict(sale)
    plain["lines"] = tuple([_line_to_shop(at, line) for at, line in enumerate(sale.lines)])
    plain["tenders"] = msgspec.convert(
        [msgspec.structs.asdict(tender) for tender in sale.tenders], tuple[Tender, ...]
    )
    plain["tax"] = tuple([TaxLine(**msgspec.structs.asdict(tax)) for tax in sale.tax])
    plain["postings"] = tuple([Posting(p.account, p.unit, p.amount) for p in sale.postings])
    return shop.SaleMade(**plain)


def _line_to_shop(at: int, line: wire.SaleLine) -> shop.SoldLine:
    plain = msgspec.structs.asdict(line)
    plain["discounts"] = tuple(
        [Adjustment(line=at, **msgspec.structs.asdict(discount)) for discount in line.discounts]
    )
    return shop.SoldLine(**plain)
