"""Cards in people's hands: bound, replaced, frozen, unfrozen, activated."""

from typing import Literal

from drivers import terminal as words
from edge import replies
from edge.desk.means import Job, Means, Outcome
from edge.refusals import Refusal
from edge.shop.declined import Declined
from edge.shop.facts import CardBound, CardReplaced, CardStateChanged
from edge.shop.operations.bind_card import ActivateAsked, activate_card, bind_card
from edge.shop.operations.freeze_card import freeze_card
from edge.shop.operations.made import Made
from edge.shop.operations.replace_card import replace_card


def bind(means: Means, job: Job, asked: words.BindCard) -> Outcome:
    """Let a card name a member."""
    found = means.counter.identify(asked.member, decided=True)
    if isinstance(found, Refusal):
        return found
    card, rules = means.counter.members.any_card(asked.card), means.counter.rules
    if isinstance(card, Refusal):
        return card

    def make(made: Made) -> CardBound | Declined:
        return bind_card(found.member.id, card, rules, made)

    return means.placing.deed(job.request, job.by(asked), rules, make, replies.card_bound)


def replace(means: Means, job: Job, asked: words.ReplaceCard) -> Outcome:
    """Give a member a new card for an old one."""
    old, new = means.counter.members.any_card(asked.old), means.counter.members.any_card(asked.new)
    if isinstance(old, Refusal):
        return old
    if isinstance(new, Refusal):
        return new
    rules = means.counter.rules

    def make(made: Made) -> CardReplaced | Declined:
        return replace_card(old, new, rules, made)

    return means.placing.deed(job.request, job.by(asked), rules, make, replies.card_replaced)


def freeze(means: Means, job: Job, asked: words.FreezeCard) -> Outcome:
    """Freeze a card, or report it lost."""
    return _step(means, job, asked, "report_lost" if asked.lost else "freeze")


def unfreeze(means: Means, job: Job, asked: words.UnfreezeCard) -> Outcome:
    """Let a frozen card spend again."""
    return _step(means, job, asked, "unfreeze")


def activate(means: Means, job: Job, asked: words.ActivateCard) -> Outcome:
    """Hand out a pre-printed card."""
    card, rules = means.counter.members.any_card(asked.card), means.counter.rules
    if isinstance(card, Refusal):
        return card
    wanted = ActivateAsked(batch=asked.batch, distributor=asked.distributor)

    def make(made: Made) -> CardStateChanged | Declined:
        return activate_card(wanted, card, rules, made)

    return means.placing.deed(job.request, job.by(asked), rules, make, replies.card_changed)


def _step(
    means: Means,
    job: Job,
    asked: words.FreezeCard | words.UnfreezeCard,
    step: Literal["freeze", "unfreeze", "report_lost"],
) -> Outcome:
    card, rules = means.counter.members.any_card(asked.card), means.counter.rules
    if isinstance(card, Refusal):
        return card

    def make(made: Made) -> CardStateChanged | Declined:
        return freeze_card(step, card, asked.reason, rules, made)

    return means.placing.deed(job.request, job.by(asked), rules, make, replies.card_changed)
