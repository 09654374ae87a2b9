"""Members, cards, coupons, tiers, exchange and draws, as a story says it."""

from collections.abc import Iterator
from typing import Any

import msgspec

from edge.shop.accounts.cards import Card
from edge.shop.accounts.enrolment import Evidence, Shown
from edge.shop.accounts.people import Consent, provisional
from edge.shop.declined import Declined
from edge.shop.operations.bind_card import ActivateAsked, activate_card, bind_card
from edge.shop.operations.buy_tier import TierAsked, buy_tier, refund_tier
from edge.shop.operations.check_coupon import check_coupon
from edge.shop.operations.draw import DrawAsked, draw
from edge.shop.operations.enrol import EnrolAsked, enrol
from edge.shop.operations.exchange import ExchangeAsked, exchange
from edge.shop.operations.freeze_card import freeze_card
from edge.shop.operations.replace_card import replace_card
from edge.shop.operations.update_member import UpdateAsked, update_member
from edge.story.deed import Phrases
from edge.story.errors import StoryError
from edge.story.scene import Scene
from edge.story.steps.circumstances import circumstances
from edge.story.steps.prepaid import by
from edge.story.steps.watching import watched
from edge.story.values import whole


def enrolling(scene: Scene, said: Phrases) -> Iterator[str]:
    """`enrol ann | birthday 05-23 | receipts S1 S2 | card 1001 | introducer bob`."""
    name = said.word("a name")
    birthday, card, introducer = said.say("birthday"), said.say("card"), said.say("introducer")
    shown = Shown(partner=said.say("partner"), group=said.say("group"))
    evidence = tuple(_evidence(scene, sale) for sale in said.one("receipts") or ())
    consents = tuple(Consent(to=word, version="1") for word in said.one("consents") or ())
    adult, made = said.flag("adult"), circumstances(scene, said, name)
    said.done()
    judged = watched(scene, "enrol", made)
    if isinstance(judged, Declined):
        yield scene.out.declined(judged)
        return
    asked = EnrolAsked(
        display=name, birthday=birthday, adult=adult, card=card, consents=consents,
        introducer=scene.id(introducer) if introducer else "",
        shown=msgspec.structs.replace(shown, receipts=evidence),
    )  # fmt: skip
    already = scene.home.cards[card].member if card in scene.home.cards else ""
    if provisional(name) in scene.home.people:
        already = provisional(name)
    done = enrol(asked, scene.rules, judged, already=already)
    if not isinstance(done, Declined):
        yield f"{done.member} is a member: {done.way}"
    yield from scene.settle(done)


def _evidence(scene: Scene, sale: str) -> Evidence:
    if sale not in scene.home.sales:
        raise StoryError(f"no sale is called {sale!r}")
    sold = scene.home.sales[sale]
    return Evidence(
        sale=sale, date=sold.business_date, net=scene.home.net(sale), member=sold.member or "",
        consumed_by=scene.home.consumed.get(sale, ""),
    )  # fmt: skip


def updating(scene: Scene, said: Phrases) -> Iterator[str]:
    """`update ann | birthday 05-23 | withdraw marketing | consent marketing`."""
    name = scene.id(said.word("a member"))
    birthday, given = said.say("birthday"), said.one("consent")
    withdrawn, made = said.one("withdraw"), circumstances(scene, said, "update")
    said.done()
    consents = [Consent(to=word, version="1") for word in given or ()]
    consents += [Consent(to=word, version="1", given=False) for word in withdrawn or ()]
    asked = UpdateAsked(member=name, birthday=birthday or None, consents=tuple(consents))
    yield from scene.settle(update_member(asked, scene.rules, made))


def carding(scene: Scene, said: Phrases) -> Iterator[str]:
    """`card bind 1001 to ann`, `card replace 1001 by 1002 | approved by boss`, ..."""
    step, number = said.word("a step, such as bind"), said.word("a card's number")
    owner, new = said.after("to"), said.after("by")
    made = circumstances(scene, said, "card")
    batch, distributor = said.say("batch"), said.say("distributor")
    said.done()
    card, rules = _card(scene, number), scene.rules
    done: Any
    match step:
        case "bind":
            done = bind_card(scene.id(owner), card, rules, made)
        case "replace":
            done = replace_card(card, _card(scene, new or ""), rules, made)
        case "freeze" | "unfreeze" | "report_lost":
            done = freeze_card(step, card, "", rules, made)
        case "activate":
            done = activate_card(
                ActivateAsked(batch=batch, distributor=distributor), card, rules, made
            )
        case _:
            raise StoryError(f"no step of a card is called {step!r}")
    yield from scene.settle(done)
    held = scene.home.cards.get(number, card)
    yield f"card {number} is {held.status}" + (f", {held.member}'s" if held.member else "")


def _card(scene: Scene, number: str) -> Card:
    return scene.home.cards.get(number, Card(number=number, status="active"))


def exchanging(scene: Scene, said: Phrases) -> Iterator[str]:
    """`exchange E1 for ann mug 2 by cash`: points, and money where the offer asks for it."""
    name, member = said.word("an id, such as E1"), scene.member(said.after("for"))
    tender, offer = by(said), said.word("the id of an offer")
    count, made = whole(said.optional() or "1", 1), circumstances(scene, said, name)
    said.done()
    asked = ExchangeAsked(offer=offer, count=count, tender=tender)
    holdings = scene.holdings(member.id)
    yield from scene.settle(exchange(asked, member, scene.rules, holdings, made))


def checking(scene: Scene, said: Phrases) -> Iterator[str]:
    """`check_coupon C1 for ann`: what it is worth and until when. Nothing happens."""
    coupon, name = said.word("a coupon"), said.after("for")
    member = scene.id(name) if name else None
    made = circumstances(scene, said, "check")
    said.done()
    elsewhere = next(
        (held.lots[coupon] for held in scene.home.holdings.values() if coupon in held.lots), None
    )
    found = check_coupon(coupon, scene.rules, scene.holdings(member), made, elsewhere=elsewhere)
    worth = found.worth.id if found.worth else "nothing"
    state = "usable" if found.shown.usable else found.shown.reason
    last = f" until {found.expires}" if found.expires else ""
    yield f"coupon {coupon}: {worth}, {found.uses_left} uses left{last}: {state}"


def buying_tier(scene: Scene, said: Phrases) -> Iterator[str]:
    """`buy_tier B1 for ann gold by cash`, and `refund_tier R1 for ann by cash`."""
    name, member = said.word("an id, such as B1"), scene.id(said.after("for"))
    person, tender = scene.person(member), by(said)
    made = circumstances(scene, said, name)
    if said.verb == "buy_tier":
        tier = said.word("a tier")
        said.done()
        asked = TierAsked(member=member, tier=tier, tender=tender)
        yield from scene.settle(buy_tier(asked, person.standing, scene.rules, made))
    else:
        said.done()
        yield from scene.settle(refund_tier(member, tender, person.standing, scene.rules, made))
    yield f"{member} is {person.standing.tier or 'in no tier'}"


def drawing(scene: Scene, said: Phrases) -> Iterator[str]:
    """`draw D1 for ann wheel seed 123`: the seed is part of the story, so it can be replayed."""
    name, member = said.word("an id, such as D1"), scene.member(said.after("for"))
    seed, which = whole(said.after("seed") or "0"), said.word("the id of a draw")
    made = circumstances(scene, said, name)
    said.done()
    done = draw(
        DrawAsked(draw=which), member, seed, scene.home.drawn(which), scene.rules,
        scene.holdings(member.id), made,
    )  # fmt: skip
    yield from scene.settle(done)
    prize = getattr(done, "prize", None)
    if prize is not None:
        yield f"prize {prize or 'none'}"
