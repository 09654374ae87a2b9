"""Whether what a member holds may be spent here and now, when its home is the cloud.

The order of judging is that of `edge.shop.accounts.limits`: the member's status, the hot list,
the cap on one spend, what is leased here, what the cloud holds for it if it can be asked, what the
store answers for; else a no that names what would still be possible.

A deed that spends awaits `authorise` first, and only then begins: with `begin`, which judges once
more on the book as it is then and places what the store answers for, the deed and `end` it is one
step without waiting. What was on hold for a deed that did not happen goes back.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec
import structlog

from cloud_bridge import contract
from cloud_bridge.authority import Authority as Cloud
from cloud_bridge.authority import Refused, Silent
from edge import letters
from edge.book import Book
from edge.book.changes import spent
from edge.bundles import Bundles
from edge.desk.counter import refused
from edge.desk.homes.leasing import Leasing
from edge.directory import Directory
from edge.journal import CLOUD, Journal
from edge.refusals import Refusal
from edge.shop.accounts import points
from edge.shop.accounts.limits import AskHold, Authorised, Kind, Lease, Spending, authorise
from edge.shop.accounts.lots import COUPON, PRINCIPAL, Held, Lot
from edge.shop.bundle import Bundle
from edge.shop.calendar import moment
from edge.shop.declined import Declined
from edge.shop.facts import Deed, SaleMade
from edge.shop.ledger import BONUS, COUNTS, POINTS
from edge.shop.operations.in_force import coupon_kinds
from edge.world import World

UNITS: Mapping[Kind, tuple[str, ...]] = {
    "value": (BONUS, PRINCIPAL), "points": (POINTS,), "uses": (COUNTS,),
}  # fmt: skip
OVERDRAFT: Mapping[Kind, str] = {"value": PRINCIPAL, "points": POINTS}
"""In which unit a store answers for more than it has; uses of a card that is not here it cannot."""
DEEDS = tuple([name for kind, name in letters.KINDS.items() if issubclass(kind, Deed)])
HOUR_MS = 3_600_000
CLOUD_ITSELF = "cloud"
"""The home of a coupon that is not here: the cloud says where it may be used."""

log = structlog.get_logger(__name__)


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Where something is spent. `card` is the number that was shown, "" for none."""

    terminal: str
    card: str = ""
    approved: bool = False
    """Whether a manager agreed that the store answers for what is missing."""


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What may be spent, and on what authority. `flags` belong on the fact that spends it."""

    member: str
    where: Where
    by: Mapping[Kind, Authorised] = {}
    coupons: tuple[str, ...] = ()
    """Coupons taken at the store's own risk: their home is elsewhere, and cannot be asked."""
    holds: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """Return why somebody should look at it afterwards."""
        overdrawn = any(allowed.flagged for allowed in self.by.values())
        return ("overdraft",) * overdrawn + ("off_home_coupon",) * bool(self.coupons)


class Presence(Protocol):
    """Whether the cloud answers, and when it last did (ms since 1970 UTC)."""

    @property
    def up(self) -> bool:
        """Whether it answers."""

    @property
    def last_success_at(self) -> int | None:
        """When it last did, None for never since the start."""


class Away:
    """Judges what is spent. `cloud` is None while this box itself is every account's home."""

    def __init__(
        self,
        store: str,
        world: World,
        records: "Records",
        leasing: Leasing,
        cloud: Cloud | None,
    ) -> None:
        self._store, self._world, self._records = store, world, records
        self.leasing, self.cloud = leasing, cloud
        self.presence: Callable[[], Presence | None] = lambda: None
        """How the cloud is, as far as is known."""
        self.on_low: Callable[[str, Kind], None] = lambda member, kind: None
        """Is told of a lease with less left than it says is enough."""

    @property
    def is_home(self) -> bool:
        """Whether this box is the home of every account and every coupon."""
        return self.cloud is None

    # --- before a deed: with waiting ---------------------------------------------------------

    async def authorise(
        self,
        member: str,
        spends: Mapping[Kind, int],
        where: Where,
        coupons: Sequence[str] = (),
    ) -> Granted | Refusal:
        """Return on what authority a member may spend all of this, or why not.

        Amounts are minor units of value, points, or uses. E-MEMBER-BLOCKED, E-HOT-LISTED,
        E-UNCONFIRMED, E-SINGLE-*, E-OFFLINE-LIMIT, E-OFFLINE-POINTS, E-OFFLINE-USES.
        """
        granted = Granted(member=member, where=where)
        for kind, amount in spends.items():
            judged = self._judge(member, kind, amount, where, online=self.reachable)
            if isinstance(judged, AskHold):
                hold = await self._hold(member, kind, judged.amount)
                granted = _with_hold(granted, hold)
                held = judged.amount if hold else 0
                judged = self._judge(member, kind, amount, where, online=False, held=held)
            assert not isinstance(judged, AskHold), "a cloud that is not there is not asked"
            if isinstance(judged, Refusal):
                self.end(granted, done=False)
                return judged
            granted = msgspec.structs.replace(granted, by={**granted.by, kind: judged})
        return await self._with_coupons(granted, coupons)

    async def _with_coupons(self, granted: Granted, coupons: Sequence[str]) -> Granted:
        """Ask for coupons whose lots are elsewhere; what is not granted, pricing will refuse."""
        for name in coupons:
            told = self._elsewhere(name)
            if told is None:
                continue
            hold = None
            if self.reachable:
                hold = await self._hold(told.member, "coupon", 1, subject=name)
            if hold:
                granted = _with_hold(granted, hold)
            elif not self.reachable and self._is_accepted_off_home(told):
                risked = (*granted.coupons, name)
                granted = msgspec.structs.replace(granted, coupons=risked)
        return granted

    async def _hold(
        self, member: str, kind: Kind | Literal["coupon", "return"], amount: int, subject: str = ""
    ) -> str | None:
        """Return the id of a hold that was taken, None if there is none."""
        assert self.cloud is not None, "at home nobody is asked"
        asked = contract.HoldAsked(
            id=self.leasing.new_id(), member=member, kind=kind, amount=amount, subject=subject
        )
        if self.cloud.resting:
            return None
        answer = await self.cloud.hold(asked)
        with self._records.journal.guard():
            match answer:
                case Silent(reason):
                    log.warning("hold_unanswered", reason=reason)
                    self.leasing.give_up(asked)
                    return None
                case Refused():
                    return None
            taken = self.leasing.take_hold(asked, answer)
        return asked.id if taken is not None else None

    # --- a deed: one step --------------------------------------------------------------------

    def begin(self, granted: Granted) -> Granted | Refusal:
        """Judge once more on the book as it is now; place what the store answers for.

        From here to the deed's place in the journal nobody waits.
        """
        by = dict(granted.by)
        for kind, allowed in granted.by.items():
            amount = allowed.own + allowed.held + allowed.overdraft
            judged = self._judge(
                granted.member, kind, amount, granted.where, online=False, held=allowed.held
            )
            assert not isinstance(judged, AskHold), "a cloud that is not there is not asked"
            if isinstance(judged, Refusal):
                self.end(granted, done=False)
                return judged
            by[kind] = judged
        risks = [
            self._overdraw(granted.member, kind, allowed.overdraft)
            for kind, allowed in by.items()
            if allowed.overdraft
        ]
        risks += [risk for name in granted.coupons if (risk := self._accept_off_home(name))]
        return msgspec.structs.replace(granted, by=by, risks=tuple(risks))

    def end(self, granted: Granted, *, done: bool) -> None:
        """Say whether the deed has its place; what was on hold for one that has none goes back."""
        for kind in granted.by if done else ():
            if self._is_low(granted.member, kind):
                self.on_low(granted.member, kind)
        if not done:
            for lease in (*granted.risks, *granted.holds):
                self.leasing.give_back(lease)

    def _overdraw(self, member: str, kind: Kind, amount: int) -> str:
        today, id = self._today, self.leasing.new_id()
        lot = Lot(
            id=f"{id}#1", member=member, unit=OVERDRAFT[kind], opened=today, active_from=today,
            issuer=self._records.bundle.programme.issuer, terms="overdraft", origin=id,
        )  # fmt: skip
        return self.leasing.risk(member, kind, lot, amount)

    def _accept_off_home(self, name: str) -> str | None:
        told = self._elsewhere(name)
        if told is None:
            return None
        return self.leasing.risk(told.member, "coupon", coupon_lot(told), 1)

    # --- what is known here ------------------------------------------------------------------

    @property
    def reachable(self) -> bool:
        """Whether the cloud answers, as far as is known."""
        presence = self.presence()
        return (
            presence is not None
            and presence.up
            and self.cloud is not None
            and not self.cloud.resting
        )

    def coupon(self, name: str) -> Held | None:
        """Return a coupon as a price may count on it: its lot here, or the cloud's word."""
        directory, book = self._records.directory, self._records.book
        if directory.is_hot("coupon", name):
            return None
        held = book.lots([name]).get(name)
        told = None if held is not None and held.left else directory.coupon(name)
        if told is None:
            return held
        left = told.uses if held is None else min(told.uses, self._left_elsewhere(told, held.lot))
        if left <= 0:
            return held
        return Held(msgspec.structs.replace(coupon_lot(told), home=CLOUD_ITSELF), left)

    def _left_elsewhere(self, told: contract.Coupon, lot: Lot) -> int:
        """Return how often a coupon that is used up here may still be used by the cloud's word.

        What it paid for may have come back, here or at another store, and what nobody used goes
        back to the cloud.
        """
        found = self._records.book.facts("member", lot.member, DEEDS)
        deeds = [each.fact for each in found if isinstance(each.fact, Deed)]
        for sale in [deed.sale for deed in deeds if isinstance(deed, SaleMade)]:
            letters_back = self._records.directory.came_back(sale)
            theirs = [letters.taken_back(letter, sale) for letter in letters_back]
            deeds += [fact for fact in theirs if fact is not None]
        moves = [move for deed in deeds for move in deed.moves if move.lot == lot.id]
        return told.uses + sum([move.amount for move in moves if move.opens is None])

    def _is_low(self, member: str, kind: Kind) -> bool:
        found = self.leasing.lease_of(member, kind)
        return found is not None and self._spendable(member, kind) < found[1].low

    def _elsewhere(self, name: str) -> contract.Coupon | None:
        """Return a coupon that the cloud told of and of which nothing is here."""
        if self.is_home or self._records.directory.is_hot("coupon", name):
            return None
        held = self._records.book.lots([name]).get(name)
        return None if held is not None and held.left else self._records.directory.coupon(name)

    def _is_accepted_off_home(self, told: contract.Coupon) -> bool:
        kinds = coupon_kinds(self._records.bundle)
        return told.uses > 0 and told.terms in kinds and kinds[told.terms].off_home == "accept"

    def _judge(
        self, member: str, kind: Kind, amount: int, where: Where, *, online: bool, held: int = 0
    ) -> Authorised | AskHold | Refusal:
        bundle = self._records.bundle
        spending = self._spending(member, kind, amount, where, held)
        approved = where.approved and kind in OVERDRAFT
        judged = authorise(
            bundle.programme.limits, spending, today=self._today, online=online, approved=approved
        )
        return refused(judged, bundle.exponent) if isinstance(judged, Declined) else judged

    def _spending(self, member: str, kind: Kind, amount: int, where: Where, held: int) -> Spending:
        directory, acknowledged = self._records.directory, self._records.journal.bookmark(CLOUD)
        told = directory.member(member)
        is_hot = directory.is_hot("member", member)
        is_hot = is_hot or bool(where.card and directory.is_hot("card", where.card))
        counted = self._records.book.offline(
            kind, member, where.terminal, self._store, acknowledged
        )
        overdraft = self.leasing.at_risk(member, kind, acknowledged)
        return Spending(
            kind=kind, amount=amount, home=self.is_home, hot=is_hot, held=held,
            status=told.status if told else "active",
            confirmed=self.is_home or (told is not None and told.confirmed),
            lease=self._lease(member, kind, held), spent={**counted, "overdraft": overdraft},
            data_age_hours=self._age_hours(acknowledged),
        )  # fmt: skip

    def _lease(self, member: str, kind: Kind, held: int) -> Lease:
        """Return what is here of a kind, under the terms of its lease if there is one."""
        left = max(0, self._spendable(member, kind) - held)
        found = self.leasing.lease_of(member, kind)
        if found is None:
            return Lease(left=left)
        sequence, lease = found
        account = spent(kind, "member", member)
        used = self._records.book.gained(account, "count", sequence)
        count_left = None if lease.count_max is None else max(0, lease.count_max - used)
        return Lease(
            left=left, single_max=lease.single_max, count_left=count_left, expires=lease.expires
        )

    def _spendable(self, member: str, kind: Kind) -> int:
        held, today = self._records.book.holdings(member), self._today
        alive = points.alive(self._records.bundle.programme.points, held, today)
        return sum(one.left for unit in UNITS[kind] for one in alive.spendable(unit, today))

    def _age_hours(self, acknowledged: int) -> int:
        """Return how old the cloud's word is, in whole hours."""
        presence = self.presence()
        at = presence.last_success_at if presence else None
        if at is None:
            at = self._records.at(acknowledged)
        return 0 if self.is_home else max(0, self._world.now() - at) // HOUR_MS

    def today(self) -> str | None:
        """Return the date in the programme's zone, None while there is no programme."""
        return self._today if self._records.has_rules else None

    @property
    def _today(self) -> str:
        return self._records.today(self._world)


class Records:
    """What is written down here: facts, what they add up to, the cloud's records, the rules."""

    def __init__(
        self, journal: Journal, book: Book, directory: Directory, bundles: Bundles
    ) -> None:
        self.journal, self.book, self.directory = journal, book, directory
        self._bundles = bundles

    @property
    def has_rules(self) -> bool:
        """Whether rules have come yet."""
        return self._bundles.current is not None

    @property
    def bundle(self) -> Bundle:
        """The rules in force, which there are: nothing is spent before."""
        rules = self._bundles.current
        assert rules is not None, "without rules nothing is spent"
        return rules.bundle

    def today(self, world: World) -> str:
        """Return the date in the programme's zone, for certain."""
        return moment(world.clock.read().floor_ms, self.bundle.zone).date

    def at(self, sequence: int) -> int:
        """Return when a durable fact was placed (ms since 1970 UTC), 0 for the first one."""
        found = self.journal.after(sequence - 1, 1) if sequence else ()
        return found[0].at if found else 0


def coupon_lot(told: contract.Coupon) -> Lot:
    """Return the lot of a coupon as the cloud told of it."""
    return Lot(
        id=told.id, member=told.member, unit=COUPON, opened=told.opened,
        active_from=told.active_from, expires=told.expires, terms=told.terms, home=told.home,
    )  # fmt: skip


def _with_hold(granted: Granted, hold: str | None) -> Granted:
    if hold is None:
        return granted
    return msgspec.structs.replace(granted, holds=(*granted.holds, hold))
