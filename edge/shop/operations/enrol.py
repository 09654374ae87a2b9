"""Enrol: somebody becomes a member, and a welcome gift may have to be taken back later."""

from collections.abc import Mapping

import msgspec

from edge.shop.accounts import people, rewards
from edge.shop.accounts.enrolment import Enrolment, Shown, qualify
from edge.shop.accounts.lots import Holdings
from edge.shop.accounts.people import Consent, Phone
from edge.shop.declined import Declined
from edge.shop.facts.members import MemberEnrolled, WelcomeReversed
from edge.shop.ledger import entry
from edge.shop.operations.in_force import InForce, coupon_kinds, said
from edge.shop.operations.made import Made


class EnrolAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to become a member, and what they show. `display` is masked already."""

    display: str = ""
    phone: Phone | None = None
    birthday: str = ""
    adult: bool = False
    card: str = ""
    consents: tuple[Consent, ...] = ()
    shown: Shown = Shown()
    introducer: str = ""
    sealed: str = ""
    """Hash of what was sealed for the cloud."""


def enrol(
    asked: EnrolAsked, rules: InForce, made: Made, *, already: str = ""
) -> MemberEnrolled | Declined:
    """Return the fact of an enrolment, or why not.

    `already` is the member who holds this phone or card, as far as the box knows. Declined:
    E-ALREADY-MEMBER, E-CONSENT {consent}, E-ADULTS-ONLY, E-BIRTHDAY, E-RECEIPT-USED {receipt},
    E-NOT-QUALIFIED {more}.
    """
    terms = rules.bundle.programme.enrolment
    refused = Declined("E-ALREADY-MEMBER") if already else _refused(asked, terms)
    qualified = refused or qualify(terms, asked.shown, made.at.date)
    if isinstance(qualified, Declined):
        return qualified
    member = people.provisional(made.deed)
    moves = rewards.give(
        terms.welcome,
        rewards.Giving(
            deed=made.deed,
            member=member,
            today=made.at.date,
            kinds=coupon_kinds(rules.bundle),
            kind="welcome",
            issuer=rules.bundle.programme.issuer,
            home=made.store,
        ),
    )
    return MemberEnrolled(
        **said(made, rules),
        member=member,
        display=asked.display,
        phone=asked.phone,
        birthday=asked.birthday,
        adult=asked.adult,
        card=asked.card,
        consents=asked.consents,
        sealed=asked.sealed,
        way=qualified.way,
        receipts=qualified.receipts,
        must_keep=qualified.must_keep,
        partner=asked.shown.partner,
        group=asked.shown.group,
        introducer=asked.introducer,
        postings=entry(*rewards.legs(moves, Holdings())),
        moves=moves,
    )


def _refused(asked: EnrolAsked, terms: Enrolment) -> Declined | None:
    given = {consent.to for consent in asked.consents if consent.given}
    for needed in terms.consents:
        if needed not in given:
            return Declined("E-CONSENT", {"consent": needed})
    if terms.adults_only and not asked.adult:
        return Declined("E-ADULTS-ONLY")
    birthday = people.birthday(asked.birthday)
    return birthday if isinstance(birthday, Declined) else None


def reverse_welcome(
    enrolled: MemberEnrolled,
    sale: str,
    nets: Mapping[str, int],
    holdings: Holdings,
    rules: InForce,
    made: Made,
) -> WelcomeReversed | None:
    """Return the fact that takes a welcome gift back, or None if it stays.

    `sale` is one of the member's receipts of which something was returned, `nets` says what each
    of them is worth now. Ask once: whether it was taken back before is the caller's to know.
    """
    assert sale in enrolled.receipts, f"{sale} made nobody a member here"
    worth = sum(nets[receipt] for receipt in enrolled.receipts)
    if worth >= enrolled.must_keep or not enrolled.moves:
        return None
    moves = rewards.take_back(
        enrolled.moves, holdings, made.deed, made.at.date, rules.bundle.programme.points
    )
    return WelcomeReversed(
        **said(made, rules),
        member=enrolled.member,
        sale=sale,
        worth=worth,
        postings=entry(*rewards.legs(moves, holdings)),
        moves=moves,
    )
