"""What follows from a deed by itself: rewards of a referral, and gifts that lose their reason."""

from collections.abc import Iterator

from edge.shop.accounts.lots import Holdings
from edge.shop.facts import Deed, Fact, SaleMade
from edge.shop.facts.members import MemberEnrolled, ReferralReversed, ReferralRewarded
from edge.shop.facts.returns import TakenBack
from edge.shop.operations.enrol import reverse_welcome
from edge.shop.operations.referral import reverse_referral, reward_referral
from edge.story.scene import Scene


def following(scene: Scene, fact: Fact) -> Iterator[str]:
    """Do what a sale or a return brings with it, and print it; nothing follows from practice."""
    match fact:
        case Deed(training=True):
            pass
        case SaleMade(member=str(member)):
            yield from _rewarded(scene, fact, member)
        case TakenBack():
            yield from _unrewarded(scene, fact)
            yield from _unwelcomed(scene, fact)
        case _:
            pass


def _rewarded(scene: Scene, sale: SaleMade, member: str) -> Iterator[str]:
    enrolled = scene.home.people[member].enrolled
    if enrolled is None or _last(scene, ReferralRewarded, member) is not None:
        return
    made = scene.home.made(f"{sale.sale}-referral")
    done = reward_referral(
        member,
        enrolled.introducer,
        enrolled.business_date,
        sale.sale,
        sale.total,
        scene.rules,
        made,
    )
    if done:
        yield f"referral: {done.introducer} brought {member}"
        yield from scene.settle(done)


def _unrewarded(scene: Scene, fact: TakenBack) -> Iterator[str]:
    if fact.member is None:
        return
    rewarded = _last(scene, ReferralRewarded, fact.member)
    if not isinstance(rewarded, ReferralRewarded) or rewarded.sale != fact.sale:
        return
    if _last(scene, ReferralReversed, fact.member):
        return
    home, made = scene.home, scene.home.made(f"{fact.reversal}-referral")
    both = home.holdings[fact.member], home.holdings[rewarded.introducer]
    holdings = Holdings({**both[0].lots, **both[1].lots})
    done = reverse_referral(rewarded, home.net(fact.sale), holdings, scene.rules, made)
    if done:
        yield "referral: both rewards are taken back"
        yield from scene.settle(done)


def _last(scene: Scene, kind: type, member: str) -> Fact | None:
    facts = [fact for _, fact, _ in scene.home.facts if isinstance(fact, kind)]
    return next((f for f in reversed(facts) if getattr(f, "member", None) == member), None)


def _unwelcomed(scene: Scene, fact: TakenBack) -> Iterator[str]:
    """Take a welcome gift back once the receipts that earned it are worth too little."""
    home = scene.home
    member = home.consumed.get(fact.sale)
    if member is None or member in home.unwelcomed:
        return
    enrolled = home.people[member].enrolled
    assert isinstance(enrolled, MemberEnrolled), "who consumed a receipt was enrolled with it"
    nets = {sale: home.net(sale) for sale in enrolled.receipts}
    made = home.made(f"{fact.reversal}-welcome")
    done = reverse_welcome(enrolled, fact.sale, nets, home.holdings[member], scene.rules, made)
    if done:
        home.unwelcomed.add(member)
        yield f"welcome gift of {member} is taken back"
        yield from scene.settle(done)
