"""Members, cards, coupons and tiers, as a story says it."""

from collections.abc import Iterator
from typing import Any

import msgspec

from edge.shop.accounts import tiers
from edge.shop.accounts.cards import Card
from edge.shop.accounts.enrolment import Evidence, Shown
from edge.shop.accounts.people import Consent, provisional
from edge.shop.declined import Declined
from edge.shop.facts.tiers import TierRefunded
from edge.shop.operations.bind_card import ActivateAsked, activate_card, bind_card
from edge.shop.operations.buy_tier import TierAsked, buy_tier, refund_tier
from edge.shop.operations.check_coupon import check_coupon
from edge.shop.operations.enrol import EnrolAsked, enrol
from edge.shop.operations.freeze_card import freeze_card
from edge.shop.operations.made import Made
from edge.shop.operations.replace_card import replace_card
from edge.shop.operations.update_member import UpdateAsked, update_member
from edge.story.deed import Phrases
from edge.story.errors import StoryError
from edge.story.scene import Scene
from edge.story.steps import authority
from edge.story.steps.circumstances import circumstances
from edge.story.steps.paying import Offered, offered, stored, tenders
from edge.story.steps.watching import watched


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
    """`buy_tier B1 for ann gold by card`, or `| pay value 50.00 | pay cash`.

    `refund_tier R1 for ann` gives it back.
    """
    name, member = said.word("an id, such as B1"), scene.id(said.after("for"))
    person, made = scene.person(member), circumstances(scene, said, name)
    if said.verb == "buy_tier":
        ways, tier = offered(scene, said), said.word("a tier")
        said.done()
        yield from _bought_tier(scene, member, tier, ways, made)
    else:
        said.done()
        yield from scene.settle(_given_back_tier(scene, member, made))
    yield f"{member} is {person.standing.tier or 'in no tier'}"


def _given_back_tier(scene: Scene, member: str, made: Made) -> TierRefunded | Declined:
    bought = scene.home.tier_bought(member)
    if bought is None:
        return Declined("E-NOT-REFUNDABLE")
    standing = scene.person(member).standing
    return refund_tier(bought, standing, scene.rules, scene.holdings(member), made)


def _bought_tier(
    scene: Scene, member: str, tier: str, ways: list[Offered], made: Made
) -> Iterator[str]:
    step = tiers.step_of(scene.rules.bundle.programme.tiers_policy, tier)
    given = tenders((step.fee if step else None) or 0, ways)
    allowed = authority.granted(scene, member, {"value": stored(given)}, made)
    if isinstance(allowed, Declined):
        yield scene.out.declined(allowed)
        return
    asked = TierAsked(member=member, tier=tier, tenders=tuple(given))
    standing, holdings = scene.person(member).standing, scene.holdings(member)
    yield from authority.done(
        scene, allowed, member, buy_tier(asked, standing, scene.rules, holdings, allowed.made)
    )
