"""The watches on a till, judged before a deed is done: refused, approved by a manager, flagged."""

from collections.abc import Iterable, Iterator

from edge.shop.accounts.fraud import Happening, Operation, judge
from edge.shop.declined import Declined
from edge.shop.facts import Deed, SaleMade, SaleVoided, TakenBack
from edge.shop.facts.members import MemberEnrolled
from edge.shop.facts.value import ToppedUp, TopUpCancelled
from edge.shop.operations.made import Made, flagged
from edge.shop.reports.entry import Entry
from edge.story.scene import Scene


def watched(
    scene: Scene, operation: Operation, made: Made, *,
    member: str | None = None, amount: int = 0, sale: str = "",
) -> Made | Declined:  # fmt: skip
    """Judge a deed that is about to be done: return its circumstances, flagged, or why not.

    `amount` is minor units, without sign.
    """
    about = Happening(
        at_ms=made.at.at_ms, operation=operation, terminal=made.terminal, cashier=made.cashier,
        member=member, amount=amount, of_sale=sale,
    )  # fmt: skip
    judged = judge(
        scene.rules.bundle.programme.fraud, about, list(_recent(scene.home.facts)),
        own_member=scene.given.cashiers.get(made.cashier), approved=bool(made.approved_by),
    )  # fmt: skip
    return judged if isinstance(judged, Declined) else flagged(made, *judged)


def _recent(entries: Iterable[Entry]) -> Iterator[Happening]:
    """Yield what happened at the tills so far."""
    for _, fact, at in entries:
        assert at is not None, "a story dates all that happens"
        match fact:
            case SaleMade():
                yield _happened("sell", fact, at.at_ms, fact.total)
            case SaleVoided():
                yield _happened("void", fact, at.at_ms, fact.total)
            case TakenBack():
                yield _happened("return", fact, at.at_ms, fact.total)
            case ToppedUp():
                yield _happened("top_up", fact, at.at_ms, fact.amount)
            case TopUpCancelled():
                yield _happened("cancel_top_up", fact, at.at_ms, fact.refund)
            case MemberEnrolled():
                yield _happened("enrol", fact, at.at_ms, 0)
            case _:
                pass


def _happened(operation: Operation, fact: Deed, at_ms: int, amount: int) -> Happening:
    return Happening(
        at_ms=at_ms, operation=operation, terminal=fact.terminal, cashier=fact.cashier,
        member=fact.member, amount=amount,
    )  # fmt: skip
