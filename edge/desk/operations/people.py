"""People become members, and what is known of them changes.

Whatever is personal is sealed before anything is decided; a fact keeps its hash, a masked name, a
keyed hash and four digits of a phone.
"""

from collections.abc import Callable, Sequence
from functools import partial

from cloud_bridge.contract import Enrolled as Sealed
from drivers import terminal as words
from edge import replies
from edge.desk.means import Job, Means, Outcome
from edge.desk.operations.returning import unknown
from edge.desk.operations.watched import watched
from edge.refusals import Refusal
from edge.shop.accounts import cards
from edge.shop.accounts.cards import Card
from edge.shop.accounts.enrolment import Evidence, Shown
from edge.shop.accounts.people import Consent, Phone
from edge.shop.declined import Declined
from edge.shop.facts import MemberEnrolled, MemberUpdated, SaleMade
from edge.shop.operations.enrol import EnrolAsked
from edge.shop.operations.enrol import enrol as enrolled
from edge.shop.operations.made import Made
from edge.shop.operations.update_member import UpdateAsked, update_member

MASK = "**"


async def prepare_enrolment(
    means: Means, job: Job, asked: words.Enrol
) -> Callable[[], Outcome] | Refusal:
    """Seal what somebody tells of themselves, so that the enrolment can name it."""
    sealed = await _sealed(means, asked.personal)
    return sealed if isinstance(sealed, Refusal) else partial(enrol, means, job, asked, sealed)


async def prepare_update(
    means: Means, job: Job, asked: words.UpdateMember
) -> Callable[[], Outcome] | Refusal:
    """Seal what somebody tells of themselves anew."""
    sealed = await _sealed(means, asked.personal)
    return sealed if isinstance(sealed, Refusal) else partial(update, means, job, asked, sealed)


def enrol(means: Means, job: Job, asked: words.Enrol, sealed: str) -> Outcome:
    """Make somebody a member, under a provisional id."""
    members, rules = means.counter.members, means.counter.rules
    told = _told(means, asked)
    if isinstance(told, Refusal):
        return told
    phone, card, introducer, receipts = told
    if card is not None and (
        no := cards.refusal(rules.bundle.programme.cards, "bind", card, asked.approved_by)
    ):
        return no
    flags = watched(means, job, asked, "enrol")
    if isinstance(flags, Declined):
        return flags
    holders = [*(members.with_phone(phone.hash) if phone else ()), card.member if card else ""]
    wanted = EnrolAsked(
        display=masked(asked.display), phone=phone, birthday=asked.birthday, adult=asked.adult,
        card=card.number if card else "", consents=_consents(asked.consents),
        shown=Shown(receipts=receipts, partner=asked.partner, group=asked.group),
        introducer=introducer, sealed=sealed,
    )  # fmt: skip

    def make(made: Made) -> MemberEnrolled | Declined:
        already = next((name for name in holders if name), "")
        return enrolled(wanted, rules, made, already=already)

    by = job.by(asked, flags=flags)
    return means.placing.deed(job.request, by, rules, make, replies.enrolled)


def update(means: Means, job: Job, asked: words.UpdateMember, sealed: str) -> Outcome:
    """Change what is known of a member."""
    found = means.counter.identify(asked.member, decided=True)
    if isinstance(found, Refusal):
        return found
    members, rules = means.counter.members, means.counter.rules
    phone = means.counter.members.phone(asked.phone) if asked.phone else None
    if isinstance(phone, Refusal):
        return phone
    wanted = UpdateAsked(
        member=found.member.id,
        display=None if asked.display is None else masked(asked.display),
        phone=phone, birthday=asked.birthday, adult=asked.adult,
        consents=_consents(asked.consents), sealed=sealed,
    )  # fmt: skip
    holders = members.with_phone(phone.hash) if phone else ()

    def make(made: Made) -> MemberUpdated | Declined:
        others = [name for name in holders if name != wanted.member]
        return update_member(wanted, rules, made, phone_of=next(iter(others), ""))

    return means.placing.deed(job.request, job.by(asked), rules, make, replies.member_updated)


def masked(name: str) -> str:
    """Return a name as screens may show it: of what is not masked, the first character."""
    return name if "*" in name or len(name) <= 1 else f"{name[0]}{MASK}"


async def _sealed(means: Means, personal: words.Personal | None) -> str | Refusal:
    """Return the hash of what was sealed, "" for nothing, once it is durable."""
    if personal is None:
        return ""
    if means.enrolments is None:
        return Refusal("E-NO-SEALING-KEY")
    told = Sealed(
        name=personal.name, phone=personal.phone, birthday=personal.birthday,
        address=personal.address, email=personal.email, note=personal.note,
    )  # fmt: skip
    return await means.enrolments.keep(told)


_Told = tuple[Phone | None, Card | None, str, tuple[Evidence, ...]]


def _told(means: Means, asked: words.Enrol) -> _Told | Refusal:
    """Return who and what a request names: phone, card, introducer and receipts."""
    counter = means.counter
    phone = counter.members.phone(asked.phone) if asked.phone else None
    if isinstance(phone, Refusal):
        return phone
    card = counter.members.any_card(asked.card) if asked.card else None
    if isinstance(card, Refusal):
        return card
    introducer = ""
    if asked.introducer is not None:
        found = counter.identify(asked.introducer, decided=True)
        if isinstance(found, Refusal):
            return found
        introducer = found.member.id
    receipts = _evidence(means, asked.receipts)
    return receipts if isinstance(receipts, Refusal) else (phone, card, introducer, receipts)


def _evidence(means: Means, names: Sequence[str]) -> tuple[Evidence, ...] | Refusal:
    """Return the receipts that are shown, net of what came back of them."""
    past, found = means.counter.members.past, []
    for name in names:
        told = past.named(name, [SaleMade])
        if told is None or not isinstance(told.fact, SaleMade):
            return unknown(means, name)
        sale = told.fact
        found.append(
            Evidence(
                sale=sale.sale, date=sale.business_date, net=past.net(sale),
                member=sale.member or "", consumed_by=past.consumer(sale.sale) or "",
            )
        )  # fmt: skip
    return tuple(found)


def _consents(said: Sequence[words.Consent]) -> tuple[Consent, ...]:
    return tuple([Consent(to=one.to, version=one.version, given=one.given) for one in said])
