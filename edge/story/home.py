"""The box a story is played on: in memory, the home of everything, several stores at once.

It knows nothing that is not in its facts. `take` adds one, and whatever was known before follows
from all facts taken so far: what members hold, who is a member, what was sold and came back.
"""

from collections import ChainMap, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from edge.shop.accounts.cards import Card
from edge.shop.accounts.growth import Grown
from edge.shop.accounts.lots import Holdings, Lot
from edge.shop.accounts.tiers import TierStanding
from edge.shop.bundle import Bundle
from edge.shop.calendar import Moment
from edge.shop.facts import Deed, Fact, SaleMade
from edge.shop.facts.box import DayClosed, DayOpened
from edge.shop.facts.counts import CountReturned, CountUsed
from edge.shop.facts.coupons import DrawUndone, PointsExchanged, PrizeDrawn
from edge.shop.facts.members import (
    CardBound,
    CardReplaced,
    CardStateChanged,
    MemberEnrolled,
    MemberUpdated,
    ReferralReversed,
    WelcomeReversed,
)
from edge.shop.facts.points import PointsGrown
from edge.shop.facts.returns import SaleVoided, TakenBack
from edge.shop.facts.tiers import TierBought
from edge.shop.facts.value import CardRefunded, ToppedUp, TopUpCancelled
from edge.shop.member import Member
from edge.shop.operations.made import TRAINING_SERIES, Made
from edge.shop.operations.tier_standing import stands
from edge.shop.reports.audit import imbalances
from edge.shop.reports.counters import Counter, Used, added, limits_of, seen_by, without
from edge.shop.reports.entry import Entry
from edge.story.away import Away


@dataclass
class Person:
    """A member as the story knows them."""

    member: Member
    standing: TierStanding = field(default_factory=TierStanding)
    enrolled: MemberEnrolled | None = None
    purchases: int = 0


@dataclass
class Home:
    """Everything there is. `at` is now, `store` is where the next deed is done."""

    bundle: Bundle
    bundle_hash: str
    at: Moment
    store: str
    people: dict[str, Person] = field(default_factory=dict)
    cards: dict[str, Card] = field(default_factory=dict)
    holdings: dict[str, Holdings] = field(default_factory=lambda: defaultdict(Holdings))
    sales: dict[str, SaleMade] = field(default_factory=dict)
    back: dict[str, list[TakenBack]] = field(default_factory=lambda: defaultdict(list))
    facts: list[Entry] = field(default_factory=list)
    """Every fact with the store that made it and the time, in order."""
    practice: list[Entry] = field(default_factory=list)
    """What was done for practice: it is remembered apart, and nothing follows from it."""
    counts: dict[Counter, Used] = field(default_factory=dict)
    consumed: dict[str, str] = field(default_factory=dict)
    """Whom a receipt already made a member, by sale."""
    unwelcomed: set[str] = field(default_factory=set)
    """Whose welcome gift was taken back."""
    away: Away = field(default_factory=Away)
    """What is known of accounts whose home is elsewhere."""
    business_date: str = ""
    """The open day, "" for the calendar's."""
    _receipts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    # --- who and when ------------------------------------------------------------------------

    @property
    def today(self) -> str:
        """The date by the programme's calendar."""
        return self.at.date

    def made(self, deed: str, *, cashier: str = "07", seller: str | None = None,
             approved_by: str | None = None, online: bool = True,
             terminal_kind: str = "pc_pos", training: bool = False) -> Made:  # fmt: skip
        """Return the circumstances of a deed done here and now."""
        number = f"{self._receipts[self.store] + 1:06d}"
        if training:
            number = f"{TRAINING_SERIES}-{len(self.practice) + 1:06d}"
        return Made(
            deed=deed, receipt=f"{self.store}-{number}",
            business_date=self.business_date or self.today, at=self.at, store=self.store,
            terminal=f"{self.store}-1", cashier=cashier, seller=seller,
            approved_by=approved_by, online=online, terminal_kind=terminal_kind, training=training,
        )  # fmt: skip

    def member(self, name: str) -> Member:
        """Return a member as a price sees them today."""
        person = self.people[name]
        return msgspec.structs.replace(
            person.member, tier=person.standing.tier, purchases=person.purchases
        )

    def counters(self, buyer: str | None) -> dict[str, int]:
        """Return how much of each limit was used up, for this buyer, here and today."""
        day = self.business_date or self.today
        return seen_by(limits_of(self.bundle), self.counts, self.store, buyer, day)

    def earlier(self, sale: str) -> tuple[TakenBack, ...]:
        """Return what came back of a sale so far."""
        return tuple(self.back[sale])

    def holdings_of(self, deed: Deed) -> Holdings:
        """Return what the member of a deed holds, and whatever else its moves are about."""
        mine = self.holdings[deed.member] if deed.member else Holdings()
        moved = {move.lot for move in deed.moves}
        others = {
            name: lot
            for held in self.holdings.values()
            for name, lot in held.lots.items()
            if name in moved
        }
        return Holdings({**others, **mine.lots}, mine.last_activity)

    @property
    def told(self) -> list[Entry]:
        """All that reports are given, practice too: that it counts for nothing is theirs to see."""
        return [*self.facts, *self.practice]

    # --- what happened -----------------------------------------------------------------------

    def take(self, fact: Fact) -> None:
        """Add a fact; whatever is known follows."""
        if isinstance(fact, Deed) and fact.training:
            self.practice.append(Entry(self.store, fact, self.at))
            return
        self.facts.append(Entry(self.store, fact, self.at))
        if isinstance(fact, Deed):
            self._receipts[self.store] += 1
            self._move(fact)
        match fact:
            case SaleMade():
                self.sales[fact.sale] = fact
                self.counts = added(self.counts, [fact])
                if fact.member in self.people:
                    self.people[fact.member].purchases += 1
            case TakenBack():
                self.back[fact.sale].append(fact)
                if isinstance(fact, SaleVoided):
                    self._unsell(self.sales[fact.sale])
            case MemberEnrolled() | MemberUpdated():
                self._know(fact)
            case DayOpened(business_date=day):
                self.business_date = day
            case DayClosed():
                self.business_date = ""
            case CardBound() | CardReplaced() | CardStateChanged():
                self._carded(fact)
            case _:
                pass
        self._stand(fact)

    def _unsell(self, sale: SaleMade) -> None:
        """Forget that a sale was made: a voided one is neither a purchase nor counted."""
        self.counts = without(self.counts, sale)
        if sale.member in self.people:
            self.people[sale.member].purchases -= 1

    def _move(self, fact: Deed) -> None:
        """Let lots follow; a lot says itself whose it is, for one deed may reward two members."""
        lots = ChainMap(*[dict(held.lots) for held in self.holdings.values()])
        wrong = [*imbalances(fact, lots)]
        assert not wrong, f"a deed says of lots what its entry says: {wrong}"
        for move in fact.moves:
            holder = move.opens.member if move.opens else self.owner(move.lot)
            self.holdings[holder] = self.holdings[holder].after([move])
        if isinstance(fact, SaleMade | PointsExchanged | CountUsed) and fact.member:
            held = self.holdings[fact.member]
            self.holdings[fact.member] = Holdings(held.lots, self.today)

    def owner(self, lot: str) -> str:
        """Return who holds a lot."""
        return next(name for name, held in self.holdings.items() if lot in held.lots)

    def _know(self, fact: MemberEnrolled | MemberUpdated) -> None:
        assert fact.member is not None, "people are members"
        if isinstance(fact, MemberEnrolled):
            member = Member(
                fact.member, display=fact.display, birthday=fact.birthday, adult=fact.adult,
                partner=fact.partner,
            )  # fmt: skip
            standing = TierStanding(tier=fact.tier)
            self.people[fact.member] = Person(member, standing, fact)
            self.consumed.update(dict.fromkeys(fact.receipts, fact.member))
            if fact.card:
                self.cards[fact.card] = Card(number=fact.card, status="active", member=fact.member)
            return
        known = {
            name: value
            for name in ("display", "birthday", "adult")
            if (value := getattr(fact, name)) is not None
        }
        person = self.people[fact.member]
        person.member = msgspec.structs.replace(person.member, **known)

    def _carded(self, fact: CardBound | CardReplaced | CardStateChanged) -> None:
        owner = fact.member or ""
        match fact:
            case CardBound():
                self.cards[fact.card] = Card(number=fact.card, status="active", member=owner)
            case CardReplaced():
                self.cards[fact.old] = msgspec.structs.replace(self.cards[fact.old], status="dead")
                self.cards[fact.new] = Card(number=fact.new, status="active", member=owner)
            case CardStateChanged():
                held = self.cards.get(fact.card, Card(number=fact.card, status="inactive"))
                self.cards[fact.card] = msgspec.structs.replace(held, status=fact.state)

    # --- where members stand -----------------------------------------------------------------

    def _stand(self, fact: Fact) -> None:
        """Let the tier follow. It counts from the next receipt on."""
        person = self.people.get(getattr(fact, "member", None) or "")
        if person is not None:
            policy = self.bundle.programme.tiers_policy
            person.standing = stands(policy, person.standing, fact, self.today, self.topped_up)

    # --- what was done before ----------------------------------------------------------------

    def net(self, sale: str) -> int:
        """Return what a sale is still worth after what came back of it."""
        return self.sales[sale].total - sum(fact.total for fact in self.back[sale])

    def undone(self) -> frozenset[str]:
        """Return the deeds whose coupons are void: sales that came back, rewards taken back."""
        any_unit = self.bundle.programme.returns.coupon_given == "any"
        return frozenset(self._undone(any_unit=any_unit))

    def _undone(self, *, any_unit: bool) -> Iterator[str]:
        for _, fact, _ in self.facts:
            match fact:
                case TakenBack(sale=sale, complete=complete) if any_unit or complete:
                    yield sale
                case ReferralReversed(reward=reward):
                    yield reward
                case WelcomeReversed(member=str(member)):
                    enrolled = self.people[member].enrolled
                    assert enrolled is not None, "who was welcomed was enrolled"
                    yield from {move.opens.origin for move in enrolled.moves if move.opens}
                case _:
                    pass

    def topped_up(self, name: str) -> ToppedUp:
        """Return an earlier top-up."""
        facts = [fact for _, fact, _ in self.facts if isinstance(fact, ToppedUp)]
        return next(fact for fact in facts if fact.top_up == name)

    def tier_bought(self, member: str) -> TierBought | None:
        """Return the last tier that a member bought, None if there is none."""
        facts = [fact for _, fact, _ in self.facts if isinstance(fact, TierBought)]
        return next((fact for fact in reversed(facts) if fact.member == member), None)

    def is_undone(self, top_up: str) -> bool:
        """Tell whether a top-up was cancelled, or closed with its account."""
        return any(
            (isinstance(fact, TopUpCancelled) and fact.top_up == top_up)
            or (isinstance(fact, CardRefunded) and top_up in fact.top_ups)
            for _, fact, _ in self.facts
        )

    def uses_returned(self, use: str) -> int:
        """Return how many uses of a deed came back."""
        facts = [fact for _, fact, _ in self.facts if isinstance(fact, CountReturned)]
        return sum(len(fact.values) for fact in facts if fact.use == use)

    def grown(self, member: str) -> tuple[str, int]:
        """Return the last period a member's points grew in, and what it carried over."""
        facts = [fact for _, fact, _ in self.facts if isinstance(fact, PointsGrown)]
        last = next((fact for fact in reversed(facts) if fact.member == member), None)
        return (last.period, last.carry) if last else ("", 0)

    def grown_of(self, sale: SaleMade) -> tuple[tuple[Lot, Grown], ...]:
        """Return the lots of growth to which the points of a sale brought something."""
        earned = {move.lot for move in sale.moves if move.opens}
        return tuple(
            (move.opens, share)
            for _, fact, _ in self.facts
            if isinstance(fact, PointsGrown)
            for move in fact.moves
            if move.opens
            for share in fact.shares
            if share.lot in earned
        )

    def tickets_undone(self) -> frozenset[str]:
        """Return the tickets of draws that were taken back."""
        return frozenset([f.ticket for _, f, _ in self.facts if isinstance(f, DrawUndone)])

    def drawn(self, draw: str) -> dict[str, int]:
        """Return how often each prize of a draw was given, and not taken back."""
        undone = self.tickets_undone()
        drawn = [f for _, f, _ in self.facts if isinstance(f, PrizeDrawn) and f.draw == draw]
        prizes = [fact.prize for fact in drawn if fact.ticket not in undone]
        return {prize: prizes.count(prize) for prize in prizes if prize}
