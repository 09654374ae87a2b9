"""Leases and holds: what the cloud carves out for a box, and what it answers about receipts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from cloud_bridge.contract import (
    CloudProblem,
    DeedFact,
    Envelope,
    FactBody,
    Hold,
    HoldAsked,
    Hot,
    HotList,
    Lease,
    LeaseAsked,
    LotPart,
    Recall,
    ReceiptFound,
    SaleFact,
    SettlementStatement,
    Share,
    TakenBack,
    original,
)
from simulators.cloud.lots import carved
from simulators.cloud.recording import Refused, refuse
from simulators.cloud.tables import Tables

HOLD_MS = 10 * 60 * 1000
"""How long a box may take to say that it took what it was granted."""
DAY_MS = 86_400_000
BASIS = 10_000
UNITS = ("PTS", "BON", "CNT")
"""What is no money; points of a partner X are PTS.X."""


@dataclass(frozen=True, slots=True)
class LeasePolicy:
    """How much of what is free a box gets when it asks for a lease, and on which terms."""

    share: int = 5_000
    """In basis points of what is free."""
    single_max: Mapping[str, int] = field(default_factory=dict)
    count_max: Mapping[str, int] = field(default_factory=dict)
    low: int = 2_500
    """In basis points of the lease: the box asks for more when less is left."""
    days: int = 30


class Granting:
    """The part of a cloud that decides which box may spend what."""

    def __init__(self, tables: Tables, now: Callable[[], int], zone: ZoneInfo) -> None:
        self._tables, self._now, self._zone = tables, now, zone
        self.lease_policy = LeasePolicy()

    def today(self) -> str:
        """Return the date in the programme's zone."""
        return self._date(self._now())

    def _date(self, at: int) -> str:
        return datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone).date().isoformat()

    # --- POST /v1/leases -------------------------------------------------------------------------

    def lease(self, box: str, asked: LeaseAsked) -> Lease:
        """Give a box a share of what is free; asked again, the same."""
        known = self._tables.lease(asked.id)
        if known is not None:
            return known
        member = self._tables.called(asked.member)
        free = self._tables.lots.grantable(member, asked.kind)
        amount = sum(one.amount for one in free) * self.lease_policy.share // BASIS
        parts = tuple(carved(free, amount, self.today()))
        if not parts or self._blocked(member) or self._tables.lots.granted(asked.id) is not None:
            raise _uncovered(0)
        lease = self._lease(asked.id, member, asked.kind, parts)
        self.tell_lease(box, lease)
        return lease

    def _lease(self, id: str, member: str, kind: str, parts: tuple[LotPart, ...]) -> Lease:
        policy = self.lease_policy
        until = self._date(self._now() + policy.days * DAY_MS)
        return msgspec.convert(
            {
                "type": "lease", "id": id, "member": member, "kind": kind, "parts": parts,
                "single_max": policy.single_max.get(kind),
                "count_max": policy.count_max.get(kind),
                "low": sum(part.amount for part in parts) * policy.low // BASIS,
                "expires": until,
            },
            Lease, from_attributes=True,
        )  # fmt: skip

    def tell_lease(self, box: str, lease: Lease) -> None:
        """Carve a lease out and put it into the box's news."""
        until = None
        if lease.expires:
            end = datetime.fromisoformat(lease.expires).replace(tzinfo=self._zone)
            until = int((end + timedelta(days=2)).timestamp() * 1000)
        with self._tables.together():
            whose = lease.member, lease.kind
            self._tables.lots.grant(lease.id, box, whose, lease.parts, until)
        self._tables.tell([lease], box)

    # --- POST /v1/holds --------------------------------------------------------------------------

    def hold(self, box: str, asked: HoldAsked) -> Hold:
        """Grant what one deed needs, or raise why not; asked again, the same."""
        until = self._now() + HOLD_MS
        known = self._tables.lots.granted(asked.id)
        if known is not None:
            return Hold(id=asked.id, parts=known, until=until)
        member = self._tables.called(asked.member)
        if asked.kind != "return" and (
            self._blocked(member) or self._tables.is_hot("coupon", asked.subject)
        ):
            raise Refused(CloudProblem(code="blocked", status=409, title="on the hot list"))
        is_return = asked.kind == "return"
        parts = self._moved_by(asked.subject) if is_return else self._parts(box, member, asked)
        with self._tables.together():
            if is_return and not self._tables.receipts.reserve(asked.subject, box, until, asked.id):
                raise _uncovered(0)
            self._tables.lots.grant(asked.id, box, (member, asked.kind), parts, until)
        return Hold(id=asked.id, parts=parts, until=until)

    def _moved_by(self, sale: str) -> tuple[LotPart, ...]:
        """Return the lots that a sale moved: what is free of those it opened, nothing of others."""
        found = self._tables.receipts.sale(sale)
        if found is None:
            raise _uncovered(0)
        fact = msgspec.json.decode(found[1].body, type=SaleFact)
        opened = {move.lot: max(0, move.amount) for move in fact.moves if move.opens}
        frees = self._tables.lots.frees()
        return tuple(
            LotPart(lot=lot, amount=min(opened.get(lot.id, 0), max(0, frees[lot.id])))
            for name in dict.fromkeys([move.lot for move in fact.moves])
            if (lot := self._tables.lots.lot(name)) is not None
        )

    def _parts(self, box: str, member: str, asked: HoldAsked) -> tuple[LotPart, ...]:
        free = self._tables.lots.grantable(member, asked.kind, subject=asked.subject)
        parts = tuple(carved(free, asked.amount, self.today()))
        there = sum(part.amount for part in parts)
        if there < asked.amount or not parts:
            others = self._tables.lots.boxes(member, asked.kind)
            for other in [name for name in others if name != box]:
                missing = asked.amount - there
                id = f"recall:{asked.id}:{other}"
                recall = Recall(id=id, member=member, kind=asked.kind, amount=missing)
                self._tables.tell([recall], other)
            raise _uncovered(there)
        return parts

    def _blocked(self, member: str) -> bool:
        known = self._tables.member(member)
        is_active = known is not None and known.status == "active" and known.confirmed
        return not is_active or self._tables.is_hot("member", member)

    # --- the hot list ----------------------------------------------------------------------------

    def block(self, entry: Hot) -> None:
        """Put something on the hot list, or take it off."""
        self._tables.heat(entry)

    def hot(self, since: int) -> HotList:
        """Return what changed on it after a version."""
        return self._tables.hot(since, 1000)

    # --- GET /v1/receipts/<id>, GET /v1/statement ------------------------------------------------

    def receipt(self, name: str) -> ReceiptFound:
        """Return a sale, wherever it was made."""
        found = self._tables.receipts.sale(name)
        if found is None:
            raise refuse(404, "unknown", "no such receipt")
        box, envelope = found
        sale = msgspec.json.decode(envelope.body, type=SaleFact).sale
        earlier = {each.hash: each for each in self._taken_back(sale)}
        return ReceiptFound(box=box, sale=envelope, earlier=tuple(earlier.values()))

    def _taken_back(self, sale: str) -> Iterator[Envelope]:
        """Yield what took something of a sale back, again where its box had lost it."""
        for envelope, outcome in self._tables.all_facts():
            first = original(envelope)
            is_sound = outcome.outcome != "rejected_invalid"
            fact = msgspec.json.decode(first.body, type=FactBody) if is_sound else None
            if isinstance(fact, TakenBack) and fact.sale == sale:
                yield first

    def statement(self, query: Mapping[str, str]) -> SettlementStatement:
        """Return who owes whom for a month: the sum of the legs of money on each party's books."""
        month, sums = query.get("month", ""), dict[tuple[str, str], int]()
        for _, fact in self._facts():
            if isinstance(fact, DeedFact) and fact.business_date.startswith(month):
                for leg in fact.postings:
                    if leg.unit.partition(".")[0] not in UNITS:
                        key = leg.party or fact.store, leg.unit
                        sums[key] = sums.get(key, 0) + leg.amount
        shares = [
            Share(party=party, currency=currency, pays=amount)
            for (party, currency), amount in sorted(sums.items())
            if amount
        ]
        return SettlementStatement(month=month, shares=tuple(shares))

    def _facts(self) -> list[tuple[Envelope, object]]:
        return [
            (envelope, msgspec.json.decode(envelope.body, type=FactBody))
            for envelope, outcome in self._tables.all_facts()
            if outcome.outcome != "rejected_invalid"
        ]


def _uncovered(possible: int) -> Refused:
    return Refused(
        CloudProblem(code="not-covered", status=409, title="not so much is free", possible=possible)
    )
