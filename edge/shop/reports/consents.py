"""What members have agreed to, as their facts say: the last word on each matter counts."""

from collections.abc import Iterable, Mapping

from edge.shop.accounts.people import Consent
from edge.shop.facts import Fact, MemberEnrolled, MemberUpdated


def consents(facts: Iterable[Fact]) -> Mapping[str, Mapping[str, Consent]]:
    """Return each member's consents by what they are to, given and withdrawn ones alike.

    A withdrawn one stays, with the version that was withdrawn: that it was is part of the proof.
    """
    found: dict[str, dict[str, Consent]] = {}
    for fact in facts:
        if isinstance(fact, MemberEnrolled | MemberUpdated) and fact.member is not None:
            said = found.setdefault(fact.member, {})
            said.update({consent.to: consent for consent in fact.consents})
    return found
