"""Update a member: what the member says about themselves, and what they agree to."""

import msgspec

from edge.shop.accounts import people
from edge.shop.accounts.people import Consent, Phone
from edge.shop.declined import Declined
from edge.shop.facts.members import MemberUpdated
from edge.shop.operations.in_force import InForce, said
from edge.shop.operations.made import Made


class UpdateAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change; None leaves it as it is, "" forgets it. `display` is masked already."""

    member: str
    display: str | None = None
    phone: Phone | None = None
    birthday: str | None = None
    adult: bool | None = None
    consents: tuple[Consent, ...] = ()
    sealed: str = ""


def update_member(
    asked: UpdateAsked, rules: InForce, made: Made, *, phone_of: str = ""
) -> MemberUpdated | Declined:
    """Return the fact of the change, or why not.

    `phone_of` is the member who holds that phone number now, "" for nobody. Declined:
    E-NOTHING-TO-CHANGE, E-BIRTHDAY, E-ALREADY-MEMBER for another member's phone, and E-CONSENT
    where what every member must agree to would be withdrawn.
    """
    if phone_of not in {"", asked.member}:
        return Declined("E-ALREADY-MEMBER")
    needed = set(rules.bundle.programme.enrolment.consents)
    for consent in asked.consents:
        if consent.to in needed and not consent.given:
            return Declined("E-CONSENT", {"consent": consent.to})
    if _is_empty(asked):
        return Declined("E-NOTHING-TO-CHANGE")
    birthday = people.birthday(asked.birthday or "")
    if isinstance(birthday, Declined):
        return birthday
    return MemberUpdated(
        **said(made, rules),
        member=asked.member,
        display=asked.display,
        phone=asked.phone,
        birthday=asked.birthday,
        adult=asked.adult,
        consents=asked.consents,
        sealed=asked.sealed,
        postings=(),
    )


def _is_empty(asked: UpdateAsked) -> bool:
    unchanged = (asked.display, asked.phone, asked.birthday, asked.adult) == (None,) * 4
    return unchanged and not asked.consents and not asked.sealed
