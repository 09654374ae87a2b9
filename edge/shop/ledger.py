"""Double entry: nothing appears, nothing vanishes.

Money is Dr + and Cr -. Points, bonus value and counts are units of their own: what a member
receives is +n for the member and -n for the programme that owes it. Accounts:

    cash:{terminal}       the drawer of a terminal
    bank:{kind}           money taken by card, wallet or transfer; an external tender of that kind
    sales:{tax_class}     revenue at list, without the tax that is really contained
    tax:{tax_class}       tax owed
    discount:{stage}      what promotions took off, borne by the party that funds it
    coupon                what coupons took off, borne by the party that funds it
    points                what points paid for, borne by their issuer (or by who tops it up)
    voucher               what a third party's voucher counts for beyond what is settled for it
    bonus                 bonus value spent: contra-revenue, borne by its issuer
    uses                  what units cost beyond the uses of count cards that paid for them, or
                          below: contra-revenue, for a use is sold at what it is worth
    principal:{member}    stored value owed to a member, refundable: a liability of its issuer
    deferred:{member}     prepaid uses of count cards still owed: a liability of their issuer
    retained              what is kept where a count card is given back for less than is deferred
    clawback              principal kept for what a cancelled top-up gave and was spent
    rounding              cash rounding
    opening               what was owed in an old system when it was brought in: its issuer's equity
    member:{id}           what a member holds, in points, bonus or counts
    programme             what the programme owes its members, the other side of member:{id}

Every leg is on somebody's books: its `party`. The legs of one fact sum to zero in each unit over
all parties together; what is left on one party alone is what it owes the others, which is why a
settlement is nothing but a sum over facts.
"""

from collections.abc import Iterable

import msgspec

POINTS = "PTS"
"""The unit of the programme's own points; those of an alliance partner X are PTS.X."""

BONUS = "BON"
"""The unit of bonus value: minor units that were given, not paid."""

COUNTS = "CNT"
"""The unit of count cards: whole uses."""


class Posting(msgspec.Struct, frozen=True):
    """One leg of an entry: so much of a unit into (+) or out of (-) an account.

    `party` is whose books it is on; "" is the store where it happened.
    """

    account: str
    unit: str
    amount: int
    party: str = ""


def balanced(postings: Iterable[Posting]) -> bool:
    """Tell whether the postings sum to zero in every unit."""
    sums: dict[str, int] = {}
    for posting in postings:
        sums[posting.unit] = sums.get(posting.unit, 0) + posting.amount
    return not any(sums.values())


def entry(*legs: Posting) -> tuple[Posting, ...]:
    """Return the legs that move something, as one balanced entry; like legs become one."""
    sums: dict[tuple[str, str, str], int] = {}
    for leg in legs:
        name = leg.account, leg.unit, leg.party
        sums[name] = sums.get(name, 0) + leg.amount
    postings = tuple(
        [
            Posting(account, unit, amount, party)
            for (account, unit, party), amount in sums.items()
            if amount
        ]
    )
    assert balanced(postings), f"an entry must sum to zero: {postings}"
    return postings
