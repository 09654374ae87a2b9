"""Who people are and what they hold: the cloud's word, and what was done here since.

Everything here reads what is in memory or in the local caches; nothing waits, nothing is placed.
"""

import hashlib
import hmac
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Literal

import msgspec

from cloud_bridge import contract
from drivers import terminal as words
from edge import letters
from edge.book import MEMBER, Book
from edge.book.people import People
from edge.bundles import Bundles
from edge.directory import Directory
from edge.intake import (
    CardNumber,
    CodeChecker,
    Credential,
    Intake,
    MemberCode,
    PhoneNumber,
    WalletCode,
    WalletPass,
    choose,
)
from edge.journal import CLOUD, Journal
from edge.letters import KINDS
from edge.refusals import Refusal
from edge.shop.accounts.cards import Card, Status
from edge.shop.accounts.lots import Held, Holdings
from edge.shop.accounts.people import Phone
from edge.shop.accounts.tiers import TiersPolicy, TierStanding
from edge.shop.facts import (
    CardBound,
    CardReplaced,
    CardStateChanged,
    Deed,
    Fact,
    MemberEnrolled,
    MemberUpdated,
    OpeningBalance,
    TakenBack,
)
from edge.shop.ledger import POINTS
from edge.shop.member import Member

CARD_FACTS: tuple[type[Fact], ...] = (
    MemberEnrolled, CardBound, CardReplaced, CardStateChanged, OpeningBalance,
)  # fmt: skip
PHONE_FACTS: tuple[type[Fact], ...] = (MemberEnrolled, MemberUpdated)
STATES: Mapping[str, Status] = {
    "inactive": "inactive", "active": "active", "frozen": "frozen", "lost": "lost",
    "replaced": "dead",
}  # fmt: skip
"""The shop's word for what the cloud calls a card's state."""


class Holding(msgspec.Struct, frozen=True):
    """A member and the points they hold, counting the cloud's word and our own facts once each."""

    member: Member
    points: int
    shown: Credential | None = None
    """What was shown, where it is more than a number that anybody could copy."""
    card: str = ""
    """The number of the card that was shown, "" for none."""
    besides: tuple[str, ...] = ()
    """The ids of other members who were shown for the same basket."""

    @property
    def proven(self) -> bool:
        """Tell whether the member is here for certain, so that they may spend."""
        return self.shown is not None and self.shown.strength == "spend"


def surer(held: Holding, found: Holding) -> Holding:
    """Return which of two members shown for one basket counts: the surer one, else the last."""
    shown = [one.shown or Credential(one.member.id) for one in (held, found)]
    chosen = found if choose(shown).credential.member == found.member.id else held
    others = dict.fromkeys((*held.besides, held.member.id, found.member.id))
    others.pop(chosen.member.id)
    return msgspec.structs.replace(chosen, besides=tuple(others))


def again(held: Holding, found: Holding) -> Holding:
    """Return a member who was shown once more: what proved them before still does."""
    shown = held.shown if held.proven and not found.proven else found.shown
    return msgspec.structs.replace(found, shown=shown, besides=held.besides)


class Members:
    """Members, their cards, and all they hold. `zone` is the programme's."""

    def __init__(
        self, intake: Intake, journal: Journal, book: Book, directory: Directory,
        bundles: Bundles, zone: str,
    ) -> None:  # fmt: skip
        self._intake, self._journal, self._book = intake, journal, book
        self._directory, self._bundles = directory, bundles
        self.past = People(book, zone)
        """What the facts of this box say of members and deeds."""
        self.codes: CodeChecker | None = None
        """What checks codes that members show; None where nobody can."""
        self.at_home: Callable[[], bool] = _elsewhere
        """Whether this box is the home of all members: nobody else has to confirm them."""
        self.coupon: Callable[[str], Held | None] = self.lot
        """Knows coupons by id; whoever knows those of other stores says so."""
        self._ends: dict[int, int] = {}

    # --- who it is ---------------------------------------------------------------------------

    def identify(
        self, credential: words.Credential, by: str = "", *, decided: bool
    ) -> Holding | Refusal:
        """Return whose credential this is; `decided` also counts what is not durable yet.

        A code that is good for one use is so for the request `by` that used it.
        """
        if credential.kind == "member":
            return self.holding(credential.text, decided=decided)
        known = self._intake.credential(credential)
        match known:
            case Refusal():
                return known
            case CardNumber(number) | WalletPass(number):
                return self.card(number, decided=decided)
            case PhoneNumber(digest, _):
                found = self.with_phone(digest)
                return self.holding(found[0], decided=decided) if len(found) == 1 else _nobody()
            case MemberCode():
                return self._shown(known, by, decided=decided)
            case WalletCode():  # its digits are the cloud's secret
                return Refusal("E-NEEDS-CLOUD")

    def _shown(self, code: MemberCode, by: str, *, decided: bool) -> Holding | Refusal:
        """Return who shows a code that this box can check; it is not used up by looking."""
        if self.codes is None:
            return Refusal("E-NEEDS-CLOUD")
        checked = self.codes.check(code, by)
        if isinstance(checked, Refusal):
            return checked
        found = self.holding(checked.member, decided=decided)
        if isinstance(found, Refusal):
            return found
        return msgspec.structs.replace(found, shown=checked)

    def shown(
        self, member: words.Credential | None, also: words.Credential | None, by: str
    ) -> Holding | Refusal | None:
        """Return who is shown for one basket; of two members the surer one, who knows of both."""
        found: Holding | None = None
        for credential in (member, also):
            if credential is None:
                continue
            one = self.identify(credential, by, decided=True)
            if isinstance(one, Refusal):
                return one
            if found is None:
                found = one
            elif found.member.id != one.member.id:
                found = surer(found, one)
        return found

    def masked(self, holding: Holding | None) -> tuple[str, ...]:
        """Return how two members of one basket are shown, () where there is one or none."""
        if holding is None or not holding.besides:
            return ()
        others = [self.holding(one, decided=True) for one in holding.besides]
        shown = [one.member.display for one in others if isinstance(one, Holding)]
        return (holding.member.display, *shown)

    def card(self, number: str, *, decided: bool) -> Holding | Refusal:
        """Return whose card this is, unless the card or the member is blocked."""
        card = self.card_of(number)
        if card is None or not card.member:
            return _nobody()
        if card.status != "active":
            return Refusal("E-MEMBER-BLOCKED")
        found = self.holding(card.member, decided=decided)
        if isinstance(found, Refusal):
            return found
        return msgspec.structs.replace(found, card=number)

    def holding(self, member_id: str, *, decided: bool) -> Holding | Refusal:
        """Return what a member holds, unless they are blocked."""
        held = self._directory.member(member_id)
        if held is None:
            return self._enrolled_here(member_id, decided=decided)
        if held.status != "active":
            return Refusal("E-MEMBER-BLOCKED")
        counted, names = self._counted(held.as_of), self._directory.once_called(held.member.id)
        ours = [self._points(name, counted, decided=decided) for name in (held.member.id, *names)]
        return Holding(held.member, held.points + sum(ours))

    def earlier(self, sale: str) -> tuple[TakenBack, ...]:
        """Return what came back of a sale so far: here, and elsewhere as far as the cloud told."""
        ours = self.past.earlier(sale)
        known = {fact.reversal for fact in ours}
        told = [letters.taken_back(letter, sale) for letter in self._directory.came_back(sale)]
        theirs = [fact for fact in told if fact is not None and fact.reversal not in known]
        return (*theirs, *ours)

    def with_phone(self, phone_hash: str) -> tuple[str, ...]:
        """Return the ids of all members with this phone: the cloud's, and those enrolled here."""
        kinds = [KINDS[kind] for kind in PHONE_FACTS]
        ours = [told.fact for told in self._book.facts("phone", phone_hash, kinds)]
        last = {fact.member: fact.phone for fact in ours
                if isinstance(fact, MemberEnrolled | MemberUpdated)}  # fmt: skip
        here = [name for name, phone in last.items() if name and phone and phone.hash == phone_hash]
        return tuple(dict.fromkeys([*self._directory.members_by_phone(phone_hash), *here]))

    def card_of(self, number: str) -> Card | None:
        """Return a card as it stands, decided facts included; None for a number nobody ever saw.

        What was done here and the cloud has not acknowledged comes on top of the cloud's word.
        """
        told = self._directory.card(number)
        card = None if told is None else Card(
            number=number, status=STATES[told.status], member=told.member
        )  # fmt: skip
        known = 0 if card is None else self._journal.bookmark(CLOUD)
        for one in self._book.facts("card", number, [KINDS[kind] for kind in CARD_FACTS]):
            if one.sequence > known:
                card = _after(card or Card(number=number, status="active"), one.fact)
        return card

    def blind(self, digest: str) -> str:
        """Return a digest of what a person said so that nobody can guess what it was.

        A phone number is soon found by trying all of them, unless a secret is mixed in.
        """
        return hmac.new(self._intake.phone_key, digest.encode(), hashlib.sha256).hexdigest()

    def any_card(self, code: str) -> Card | Refusal:
        """Return a card by its number as printed or scanned; one nobody ever saw is active.

        E-NOT-A-CARD for what is not the number of a card of this shop.
        """
        known = self._intake.resolve(code, "", "code", date.min)
        if not isinstance(known, CardNumber):
            return Refusal("E-NOT-A-CARD")
        card = self.card_of(known.number)
        return card or Card(number=known.number, status="active")

    def phone(self, number: str) -> Phone | Refusal:
        """Return a phone number as facts keep it, or E-NOT-A-CREDENTIAL."""
        known = self._intake.resolve(number, "", "phone", date.min)
        if not isinstance(known, PhoneNumber):
            return Refusal("E-NOT-A-CREDENTIAL")
        return Phone(hash=known.hash, last4=known.last4)

    # --- what they hold ----------------------------------------------------------------------

    def holdings(self, member_id: str | None, deed: Deed | None = None) -> Holdings:
        """Return what may be spent here, decided facts included; a guest holds nothing.

        With a `deed` also the lots that it moved, empty ones and others' too.
        """
        if member_id is None and deed is None:
            return Holdings()
        return self._book.holdings(member_id or "", deed)

    def holdings_with(self, member_id: str | None, deeds: Sequence[Deed]) -> Holdings:
        """Return the same with all lots that these deeds moved, for what undoes them."""
        held = self.holdings(member_id)
        moved = {move.lot for deed in deeds for move in deed.moves}
        return Holdings({**self._book.lots(moved), **held.lots}, held.last_activity)

    def standing(self, member: Member, policy: TiersPolicy) -> TierStanding:
        """Return where a member stands: from the cloud's word on, by what was done here."""
        begins = None if self.past.enrolled(member.id) else TierStanding(tier=member.tier)
        return self.past.standing(member.id, policy, begins)

    def drawn(self, draw: str) -> Mapping[str, int]:
        """Return how often each prize of a draw was given, and not taken back."""
        return self._book.drawn(draw)

    def lot(self, name: str) -> Held | None:
        """Return a lot by its id, whoever holds it."""
        return self._book.lots([name]).get(name)

    def unfit_to_carry(self, member: str, card: str) -> Literal["member", "card_taken", ""]:
        """Return why an old balance cannot be given to a member, or an old card; "" if it can."""
        if self._directory.member(member) is None:
            return "member"
        held = self._directory.card(card) if card else None
        return "card_taken" if held is not None and held.member != member else ""

    # --- counting ----------------------------------------------------------------------------

    def _enrolled_here(self, member_id: str, *, decided: bool) -> Holding | Refusal:
        """Return a member whom the cloud has not told of: they became one at this box."""
        enrolled = self.past.enrolled(member_id)
        if enrolled is None:
            return _nobody()
        member = Member(
            member_id, display=enrolled.display, birthday=enrolled.birthday, adult=enrolled.adult,
            partner=enrolled.partner, purchases=self._book.purchases(member_id),
            unconfirmed=not self.at_home(), tier=self._tier(enrolled, member_id),
        )  # fmt: skip
        for update in self.past.updates(member_id):
            changed = {name: value for name in ("display", "birthday", "adult")
                       if (value := getattr(update, name)) is not None}  # fmt: skip
            member = msgspec.structs.replace(member, **changed)
        return Holding(member, self._points(member_id, 0, decided=decided))

    def _tier(self, enrolled: MemberEnrolled, member_id: str) -> str:
        """Return the tier that somebody reached at this box; what was given without any rules."""
        rules = self._bundles.current
        if rules is None:
            return enrolled.tier
        return self.past.standing(member_id, rules.bundle.programme.tiers_policy).tier

    def _points(self, member_id: str, counted: int, *, decided: bool) -> int:
        """Return by how many points a member has more since our fact at `counted`."""
        account = MEMBER + member_id
        if decided:
            return self._book.gained(account, POINTS, counted)
        ours = self._book.balance_at(account, POINTS, self._journal.committed)
        return ours - (self._book.balance_at(account, POINTS, counted) if counted else 0)

    def _counted(self, as_of: contract.AsOf | None) -> int:
        """Return up to which of our facts the cloud has counted.

        What it counted of an epoch that we went back on is not ours: only what we kept of it is.
        """
        if as_of is None:
            return 0
        if as_of.epoch >= self._journal.head.epoch:
            return as_of.sequence
        return min(as_of.sequence, self._end_of(as_of.epoch))

    def _end_of(self, epoch: int) -> int:
        """Return the last fact of an epoch, or of those before it; pages stand in that order."""
        if epoch not in self._ends:
            pages = range(1, self._journal.committed + 1)
            self._ends[epoch] = bisect_right(pages, epoch, key=self._epoch_of)
        return self._ends[epoch]

    def _epoch_of(self, sequence: int) -> int:
        return self._journal.after(sequence - 1, 1)[0].epoch


def _after(card: Card, fact: object) -> Card:
    """Return a card as it is after one more fact about its number."""
    match fact:
        case MemberEnrolled(member=str(member)) | CardBound(member=str(member)):
            return msgspec.structs.replace(card, status="active", member=member)
        case OpeningBalance(member=str(member)):
            return msgspec.structs.replace(card, status="active", member=member)
        case CardReplaced(old=old) if old == card.number:
            return msgspec.structs.replace(card, status="dead")
        case CardReplaced(member=str(member)):
            return msgspec.structs.replace(card, status="active", member=member)
        case CardStateChanged(state=state, batch=batch, distributor=distributor):
            return msgspec.structs.replace(card, status=state, batch=batch, distributor=distributor)
        case _:
            return card


def _elsewhere() -> bool:
    """Tell that members are at home elsewhere, where nobody says otherwise."""
    return False


def _nobody() -> Refusal:
    return Refusal("E-UNKNOWN-MEMBER")
