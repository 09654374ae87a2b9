"""What operations ask of the past: who a member is to us, where they stand, what became of a deed.

Nothing of this is kept as such: it follows from the few facts about a member or a deed, which the
trail finds without looking at others. Facts that are decided and not yet durable count.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from edge.book.book import Book
from edge.book.changes import own_id
from edge.book.tables import Told
from edge.letters import KINDS
from edge.shop.accounts.growth import Grown
from edge.shop.accounts.lots import COUPON, Held, Lot
from edge.shop.accounts.tiers import TiersPolicy, TierStanding
from edge.shop.calendar import moment
from edge.shop.facts import (
    BasketParked,
    BasketRecalled,
    CardRefunded,
    CardSold,
    CountReturned,
    DrawUndone,
    ExchangeUndone,
    Fact,
    FeedbackGiven,
    MemberEnrolled,
    MemberUpdated,
    NoticesShown,
    PointsExchanged,
    PointsGrown,
    ReferralReversed,
    ReferralRewarded,
    RequestApproved,
    ReturnMade,
    SaleMade,
    SaleVoided,
    SignedOff,
    SignedOn,
    TakenBack,
    TierBought,
    TierRefunded,
    TierReviewed,
    ToppedUp,
    TopUpCancelled,
    WelcomeReversed,
)
from edge.shop.operations.tier_standing import stands

F = TypeVar("F")
PARKED_LOOK = 1000
"""How many parked and recalled baskets are looked through: those of a business day, and more."""
APPROVALS_LOOK = 64
"""How many approvals of a terminal are looked through: more than a manager gives in minutes."""

STANDS_ON: tuple[type[Fact], ...] = (
    MemberEnrolled, SaleMade, ReturnMade, SaleVoided, ToppedUp, CardSold, TopUpCancelled,
    TierReviewed, TierBought, TierRefunded, CardRefunded,
)  # fmt: skip
"""What a member's tier follows from."""


class People:
    """The past of members and deeds, as the book tells it. `zone` is the programme's."""

    def __init__(self, book: Book, zone: str) -> None:
        self._book, self._zone = book, zone

    # --- members -----------------------------------------------------------------------------

    def enrolled(self, member: str) -> MemberEnrolled | None:
        """Return how somebody became a member here, or None if they did not."""
        return _last(self._of_member(member, MemberEnrolled))

    def updates(self, member: str) -> list[MemberUpdated]:
        """Return what became known of a member, in order."""
        return [*self._of_member(member, MemberUpdated)]

    def standing(
        self, member: str, policy: TiersPolicy, begins: TierStanding | None = None
    ) -> TierStanding:
        """Return where a member stands by a policy, from where they stood before any fact of ours.

        The whole of their past here is judged by this policy: what was reached under another one
        is reached again by the terms in force, or is not.
        """
        standing = begins or TierStanding()
        for told in self._book.facts("member", member, [KINDS[kind] for kind in STANDS_ON]):
            today = moment(told.at, self._zone).date
            if getattr(told.fact, "member", None) == member:
                standing = stands(policy, standing, told.fact, today, self.topped_up)
        return standing

    def rewarded(self, member: str) -> ReferralRewarded | None:
        """Return the reward for who brought a new member, or None if it was not given yet."""
        found = self._of_member(member, ReferralRewarded)
        return _last(fact for fact in found if fact.member == member)

    def reward_reversed(self, member: str) -> bool:
        """Tell whether that reward was taken back."""
        found = self._of_member(member, ReferralReversed)
        return any(fact.member == member for fact in found)

    def unwelcomed(self, member: str) -> bool:
        """Tell whether a member's welcome gift was taken back."""
        return _last(self._of_member(member, WelcomeReversed)) is not None

    def notices(self, member: str) -> list[NoticesShown]:
        """Return what a member was shown, in order."""
        return [*self._of_member(member, NoticesShown)]

    def check_ins(self, member: str) -> set[str]:
        """Return the events that a member came to."""
        found = self._of_member(member, FeedbackGiven)
        return {fact.about for fact in found if fact.kind == "check_in"}

    # --- sales and what came back ------------------------------------------------------------

    def earlier(self, sale: str) -> tuple[TakenBack, ...]:
        """Return what came back of a sale so far."""
        return tuple(fact for fact in self._of_deed(sale, TakenBack) if fact.sale == sale)

    def net(self, sale: SaleMade) -> int:
        """Return what a sale is still worth after what came back of it, in minor units."""
        return sale.total - sum(fact.total for fact in self.earlier(sale.sale))

    def named(self, name: str, kinds: Sequence[type[Fact]]) -> Told | None:
        """Return the deed of one of these kinds with this id, or with this number of receipt."""
        wanted = [kind for each, kind in KINDS.items() if issubclass(each, tuple(kinds))]
        for told in self._book.facts("deed", name, wanted):
            if own_id(told.fact) == name:
                return told
        return next(iter(self._book.facts("receipt", name, wanted)), None)

    def parked(self, store: str) -> list[Told]:
        """Return what was last parked and recalled in a store, in order."""
        kinds = [KINDS[BasketParked], KINDS[BasketRecalled]]
        return self._book.facts("parked", store, kinds, last=PARKED_LOOK)

    def signed_on(self, terminal: str) -> str:
        """Return who is signed on at a terminal, "" for nobody."""
        told = self._book.facts("post", terminal, [KINDS[SignedOn], KINDS[SignedOff]], last=1)
        fact = told[-1].fact if told else None
        return fact.cashier if isinstance(fact, SignedOn) else ""

    def approvals(self, terminal: str) -> list[Told]:
        """Return the requests of a terminal that a manager approved last, in order."""
        kinds = [KINDS[RequestApproved]]
        return self._book.facts("approval", terminal, kinds, last=APPROVALS_LOOK)

    def last_sales(self, member: str, count: int) -> list[Told]:
        """Return a member's last sales here, in order."""
        return self._book.facts("member", member, [KINDS[SaleMade]], last=count)

    def consumer(self, sale: str) -> str | None:
        """Return whom the receipt of a sale made a member; none makes two."""
        found = _last(self._of_deed(sale, MemberEnrolled))
        return found.member if found else None

    def undone(self, sale: SaleMade, *, any_unit: bool) -> frozenset[str]:
        """Return those deeds whose coupons paid for this sale and were undone since.

        They are sales that came back (any unit of them, or all), rewards and welcome gifts that
        were taken back. A coupon that they gave stays void.
        """
        names = [judged.coupon for judged in sale.coupons]
        held = [one for one in self._book.lots(names).values() if one.lot.unit == COUPON]
        return frozenset(one.lot.origin for one in held if self._is_undone(one, any_unit))

    def _is_undone(self, held: Held, any_unit: bool) -> bool:
        origin = held.lot.origin
        if any(any_unit or back.complete for back in self.earlier(origin)):
            return True
        if any(fact.reward == origin for fact in self._of_deed(origin, ReferralReversed)):
            return True
        welcome = self.enrolled(held.lot.member) if self.unwelcomed(held.lot.member) else None
        gifts = welcome.moves if welcome else ()
        return any(move.opens.origin == origin for move in gifts if move.opens)

    # --- stored value and count cards --------------------------------------------------------

    def topped_up(self, name: str) -> ToppedUp:
        """Return an earlier top-up, which there is: an assertion."""
        found = _last(self._of_deed(name, ToppedUp))
        assert found, f"nobody paid {name} in"
        return found

    def top_ups(self, member: str) -> tuple[ToppedUp, ...]:
        """Return the top-ups of a member that were not undone, in order."""
        paid_in = self._of_member(member, ToppedUp)
        return tuple(fact for fact in paid_in if not self.is_undone(fact.top_up))

    def is_undone(self, top_up: str) -> bool:
        """Tell whether a top-up was cancelled, or closed with its account."""
        cancelled = _last(self._of_deed(top_up, TopUpCancelled))
        return bool(cancelled or _last(self._of_deed(top_up, CardRefunded)))

    def exchanges(self, member: str) -> list[PointsExchanged]:
        """Return what a member had for points, in order."""
        return [*self._of_member(member, PointsExchanged)]

    def undone_exchanges(self, exchange: str) -> tuple[ExchangeUndone, ...]:
        """Return what came back of an exchange so far."""
        return tuple(self._of_deed(exchange, ExchangeUndone))

    def is_drawn_back(self, ticket: str) -> bool:
        """Tell whether a ticket of a draw was taken back."""
        return _last(self._of_deed(ticket, DrawUndone)) is not None

    def tier_bought(self, member: str) -> TierBought | None:
        """Return the last tier that a member bought, None if there is none."""
        return _last(self._of_member(member, TierBought))

    def points_back(self, exchange: str) -> int:
        """Return how many points went back of an exchange."""
        return sum(fact.points for fact in self.undone_exchanges(exchange))

    def uses_returned(self, use: str) -> int:
        """Return how many uses of a count card, taken by one deed, came back."""
        found = self._of_deed(use, CountReturned)
        return sum(len(fact.values) for fact in found if fact.use == use)

    # --- growth ------------------------------------------------------------------------------

    def grown(self, member: str) -> tuple[str, int]:
        """Return the last period a member's points grew in, and what it carried over."""
        last = _last(self._of_member(member, PointsGrown))
        return (last.period, last.carry) if last else ("", 0)

    def grown_of(self, sale: SaleMade) -> tuple[tuple[Lot, Grown], ...]:
        """Return the lots of growth to which the points of a sale brought something."""
        earned = {move.lot for move in sale.moves if move.opens}
        return tuple(
            (move.opens, share)
            for fact in self._of_member(sale.member or "", PointsGrown)
            for move in fact.moves
            if move.opens
            for share in fact.shares
            if share.lot in earned
        )

    def _of_member(self, member: str, kind: type[F]) -> Iterator[F]:
        return self._of("member", member, kind)

    def _of_deed(self, name: str, kind: type[F]) -> Iterator[F]:
        return self._of("deed", name, kind)

    def _of(self, topic: str, subject: str, kind: type[F]) -> Iterator[F]:
        """Yield the facts of a kind, or of any of its special cases, in order."""
        kinds = [name for each, name in KINDS.items() if issubclass(each, kind)]
        for told in self._book.facts(topic, subject, kinds):
            assert isinstance(told.fact, kind), "the trail says what it is"
            yield told.fact


def _last(found: Iterable[F]) -> F | None:
    return next(reversed([*found]), None)
