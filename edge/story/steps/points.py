"""What points are given for, and how it comes back: exchanges and draws, as a story says it."""

from collections.abc import Iterator
from typing import TypeVar

from edge.shop.accounts import exchange as offers
from edge.shop.accounts.limits import Kind
from edge.shop.declined import Declined
from edge.shop.facts.coupons import ExchangeUndone, PointsExchanged, PrizeDrawn
from edge.shop.operations.draw import DrawAsked, draw, find
from edge.shop.operations.exchange import ExchangeAsked, exchange
from edge.shop.operations.undo_draw import UndoDrawAsked, undo_draw
from edge.shop.operations.undo_exchange import UndoExchangeAsked, undo_exchange
from edge.story.deed import Phrases
from edge.story.errors import StoryError
from edge.story.scene import Scene
from edge.story.steps import authority
from edge.story.steps.circumstances import circumstances
from edge.story.steps.paying import offered, stored, tenders
from edge.story.values import whole


def exchanging(scene: Scene, said: Phrases) -> Iterator[str]:
    """`exchange E1 for ann mug 2 by cash`: points, and money where the offer asks for it.

    The money may be paid as on a sale: `| pay value 5.00 | pay cash 20.00`.
    """
    name, member = said.word("an id, such as E1"), scene.member(said.after("for"))
    ways, which = offered(scene, said), said.word("the id of an offer")
    count, made = whole(said.optional() or "1", 1), circumstances(scene, said, name)
    said.done()
    offer = scene.rules.bundle.programme.exchange.offer(which)
    price = offers.price(offer, count) if offer else offers.Price(0, 0, 0)
    given = tenders(price.cash, ways)
    spends: dict[Kind, int] = {"points": price.points, "value": stored(given)}
    allowed = authority.granted(scene, member.id, spends, made)
    if isinstance(allowed, Declined):
        yield scene.out.declined(allowed)
        return
    asked = ExchangeAsked(offer=which, count=count, tenders=tuple(given))
    holdings = scene.holdings(member.id)
    outcome = exchange(asked, member, scene.rules, holdings, allowed.made)
    yield from authority.done(scene, allowed, member.id, outcome)


def undoing_exchange(scene: Scene, said: Phrases) -> Iterator[str]:
    """`undo_exchange X1 of E1`, or `undo_exchange X1 of E1 2 | reason torn`."""
    name, fact = said.word("an id, such as X1"), _found(scene, said, PointsExchanged)
    count, reason = said.optional(), said.one("reason")
    settled, made = said.flag("settled"), circumstances(scene, said, name)
    said.done()
    asked = UndoExchangeAsked(
        exchange=fact, count=None if count is None else whole(count),
        earlier=exchanges_undone(scene, fact.exchange), reason=" ".join(reason or []),
        settled=settled,
    )  # fmt: skip
    done = undo_exchange(asked, scene.rules, scene.home.holdings_of(fact), made)
    if not isinstance(done, Declined):
        yield f"{done.how}: {done.count} {done.gives.kind} {done.gives.id}"
        yield from _points(done.points, done.forfeited)
    yield from scene.settle(done)


def exchanges_undone(scene: Scene, exchange: str) -> tuple[ExchangeUndone, ...]:
    """Return what came back of an exchange so far."""
    facts = [fact for _, fact, _ in scene.home.facts if isinstance(fact, ExchangeUndone)]
    return tuple([fact for fact in facts if fact.exchange == exchange])


def drawing(scene: Scene, said: Phrases) -> Iterator[str]:
    """`draw D1 for ann wheel seed 123`: the seed is part of the story, so it can be replayed."""
    name, member = said.word("an id, such as D1"), scene.member(said.after("for"))
    seed, which = whole(said.after("seed") or "0"), said.word("the id of a draw")
    made = circumstances(scene, said, name)
    said.done()
    terms = find(which, scene.rules)
    home = authority.at_home(scene, member.id, terms.points if terms else 0, made)
    if isinstance(home, Declined):
        yield scene.out.declined(home)
        return
    done = draw(
        DrawAsked(draw=which, home=home), member, seed, scene.home.drawn(which), scene.rules,
        scene.holdings(member.id), made,
    )  # fmt: skip
    yield from scene.settle(done)
    if not isinstance(done, Declined):
        yield f"prize {done.prize or 'none'}"


def undoing_draw(scene: Scene, said: Phrases) -> Iterator[str]:
    """`undo_draw X1 of D1 | approved by boss`: the ticket goes back, and what it won."""
    name, fact = said.word("an id, such as X1"), _found(scene, said, PrizeDrawn)
    reason, made = said.one("reason"), circumstances(scene, said, name)
    said.done()
    undone = fact.ticket in scene.home.tickets_undone()
    asked = UndoDrawAsked(ticket=fact, undone=undone, reason=" ".join(reason or []))
    done = undo_draw(asked, scene.rules, scene.home.holdings_of(fact), made)
    if not isinstance(done, Declined):
        yield f"{done.how}: prize {done.prize or 'none'}"
        yield from _points(done.points, done.forfeited)
    yield from scene.settle(done)


def _points(points: int, forfeited: int) -> Iterator[str]:
    if forfeited:
        yield f"of {points} points {forfeited} have expired"


_F = TypeVar("_F", PointsExchanged, PrizeDrawn)


def _found(scene: Scene, said: Phrases, kind: type[_F]) -> _F:
    """Return the earlier exchange or ticket that `of` names."""
    name = said.after("of")
    for _, fact, _ in scene.home.facts:
        if isinstance(fact, kind) and name == getattr(fact, _ID[kind]):
            return fact
    raise StoryError(f"{said.verb} wants `of` and the id of what comes back, not {name!r}")


_ID = {PointsExchanged: "exchange", PrizeDrawn: "ticket"}
