"""People and their cards, as a terminal reads of them."""

from drivers import terminal as words
from edge.replies.stamp import Stamp, done
from edge.shop.accounts.cards import masked
from edge.shop.accounts.lots import COUPON
from edge.shop.facts import (
    CardBound,
    CardReplaced,
    CardStateChanged,
    MemberEnrolled,
    MemberUpdated,
)
from edge.shop.ledger import POINTS


def enrolled(fact: MemberEnrolled, stamp: Stamp) -> words.Enrolled:
    """Return somebody who became a member, and what they were welcomed with."""
    assert fact.member is not None, "who is enrolled is a member"
    given = [(move.opens, move.amount) for move in fact.moves if move.opens]
    return words.Enrolled(
        **done(fact, fact.member.removeprefix("p-"), stamp),
        member=fact.member,
        display=fact.display,
        way=fact.way,
        points=sum([amount for lot, amount in given if lot.unit == POINTS]),
        coupons=tuple([lot.id for lot, _ in given if lot.unit == COUPON]),
    )


def member_updated(fact: MemberUpdated, stamp: Stamp) -> words.MemberUpdated:
    """Return that what is known of a member changed."""
    assert fact.member is not None, "only what is known of members changes"
    return words.MemberUpdated(**done(fact, fact.receipt, stamp), member=fact.member)


def card_bound(fact: CardBound, stamp: Stamp) -> words.CardChanged:
    """Return a card that names a member now."""
    return words.CardChanged(
        **done(fact, fact.receipt, stamp),
        card=masked(fact.card),
        state="active",
        member=fact.member,
    )


def card_replaced(fact: CardReplaced, stamp: Stamp) -> words.CardChanged:
    """Return the new card of a member; the old one is dead."""
    return words.CardChanged(
        **done(fact, fact.receipt, stamp),
        card=masked(fact.new),
        state="active",
        member=fact.member,
        replaces=masked(fact.old),
    )


def card_changed(fact: CardStateChanged, stamp: Stamp) -> words.CardChanged:
    """Return a card in another state."""
    return words.CardChanged(
        **done(fact, fact.receipt, stamp),
        card=masked(fact.card),
        state=fact.state,
        member=fact.member,
    )
