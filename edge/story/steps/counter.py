"""What happens at the counter beside sales: balances, notices, scan sessions, the day's begin."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from edge.shop.accounts.notices import Place
from edge.shop.declined import Declined
from edge.shop.facts import FeedbackGiven, NoticesShown
from edge.shop.facts.box import DayOpened
from edge.shop.facts.counter import Purpose
from edge.shop.operations.feedback import (
    CheckIn,
    Complaint,
    FeedbackAsked,
    Score,
    give_feedback,
)
from edge.shop.operations.notices import seen_by, tell
from edge.shop.operations.scan_session import Scanned, SessionAsked, close
from edge.shop.pricing import price
from edge.story.deed import Phrases
from edge.story.errors import StoryError
from edge.story.scene import Scene
from edge.story.steps.basket import basket, buyer
from edge.story.steps.circumstances import circumstances
from edge.story.values import whole


def balance(scene: Scene, said: Phrases) -> Iterator[str]:
    """`balance ann`: all that a member holds, and their tier."""
    name = scene.id(said.word("a member"))
    said.done()
    tier = scene.person(name).standing.tier
    if tier:
        yield f"{name} is {tier}"
    rows = list(scene.out.holds(name, scene.holdings(name), scene.home.today))
    yield from rows or [f"{name} holds nothing"]


def notices(scene: Scene, said: Phrases) -> Iterator[str]:
    """`notices for ann | place receipt | 2 bread`: what they are told here and now.

    With goods, what is within reach is what their price is short of.
    """
    home, name = scene.home, scene.id(said.after("for"))
    place: Any = said.say("place", default="identify")
    if place not in get_args(Place):
        raise StoryError(f"notices are shown at {', '.join(get_args(Place))}, not at {place!r}")
    made = circumstances(scene, said, "notices")
    goods = basket(scene, said, name)
    said.done()
    quote = None
    if not isinstance(goods, Declined):
        quote = price(goods, scene.rules, made.at, made.terminal_kind, 1)
    before = [entry.fact for entry in home.facts if isinstance(entry.fact, NoticesShown)]
    seen = seen_by(name, before, made.business_date)
    told = tell(
        place, home.member(name), scene.rules, scene.holdings(name), seen, made, quote=quote
    )
    if told.fact:
        home.take(told.fact)
    for notice in told.shown:
        text = notice.text_zh if scene.given.lang == "zh" else notice.text_en
        yield f"{notice.notice}: {text}"
    if not told.shown:
        yield "nothing to say"


def feedback(scene: Scene, said: Phrases) -> Iterator[str]:
    """`feedback F1 for ann of S1 score 4 | tags slow`: without a score it is a complaint.

    `feedback F2 for ann event gala` is a check-in. Nobody's `for` is a guest's.
    """
    name, member = said.word("an id, such as F1"), buyer(scene, said)
    sale, score, event = said.after("of") or "", said.after("score"), said.after("event")
    tags = tuple(said.one("tags") or ())
    wanted: FeedbackAsked
    if event:
        wanted = CheckIn(event=event)
    elif score:
        wanted = Score(sale=sale, score=whole(score), tags=tags)
    else:
        wanted = Complaint(sale=sale, tags=tags)
    made = circumstances(scene, said, name)
    said.done()
    done = give_feedback(wanted, member, scene.rules, made, came=_came(scene, member, event))
    if isinstance(done, Declined):
        yield scene.out.declined(done)
        return
    scene.home.take(done)
    more = f", {done.score}" if done.score else ""
    yield " ".join([f"{done.kind} {done.about}{more}", *done.tags])


def _came(scene: Scene, member: str | None, event: str | None) -> bool:
    return any(
        isinstance(fact, FeedbackGiven) and (fact.member, fact.about) == (member, event)
        for _, fact, _ in scene.home.facts
        if member
    )


def scan_session(scene: Scene, said: Phrases) -> Iterator[str]:
    """`scan_session I1 shelf-3 stock | bread 12 | ham 0.5 | bread -1`."""
    name, title = said.word("an id, such as I1"), said.word("a name")
    purpose: Any = said.word("stock, goods_in or order")
    if purpose not in get_args(Purpose):
        raise StoryError(f"one counts for {', '.join(get_args(Purpose))}, not for {purpose!r}")
    scanned = tuple(
        Scanned(words[0], _quantity(words[1]) if len(words) > 1 else Decimal(1))
        for words in said.rest()
    )
    asked = SessionAsked(name=title, purpose=purpose, scanned=scanned)
    done = close(asked, scene.given.products.get, scene.home.made(name))
    if isinstance(done, Declined):
        yield scene.out.declined(done)
        return
    scene.home.take(done)
    for row in done.counted:
        yield f"{row.product or 'unknown'} {row.code} {row.quantity:f}"


def _quantity(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise StoryError(f"{text!r} is no quantity") from None


def open_day(scene: Scene, said: Phrases) -> Iterator[str]:
    """`open_day 2026-11-22`: deeds belong to this business day until it is closed."""
    day = said.optional() or scene.home.today
    said.done()
    scene.home.take(DayOpened(business_date=day))
    yield f"business day {day} is open"


def sync(scene: Scene, said: Phrases) -> Iterator[str]:
    """`sync`: the cloud has acknowledged all that was done; what limits count begins anew."""
    said.done()
    scene.home.away.acknowledge(scene.home.at.at_ms)
    yield "the cloud has acknowledged everything"
