"""Cards: bound, replaced, frozen, lost, activated; who may, and what a card may then."""

from itertools import product
from typing import Any, get_args

import pytest

from edge.shop.accounts import cards
from edge.shop.accounts.cards import Card, CardService, Status, Step
from edge.shop.declined import Declined
from edge.shop.facts import CardBound, CardReplaced, CardStateChanged
from edge.shop.operations.bind_card import ActivateAsked, activate_card, bind_card
from edge.shop.operations.freeze_card import STATES, freeze_card
from edge.shop.operations.replace_card import replace_card
from tests.members_kit import made, rules

MANAGER = {"approved_by": "boss"}


def card(status: Status = "active", number: str = "6001234", **more: str) -> Card:
    return Card(number=number, status=status, **({"member": "m1"} | more))


def no(status: str, number: str = "*1234") -> Declined:
    return Declined("E-CARD-STATE", {"card": number, "state": status})


ALLOWED: set[tuple[Step, Status]] = {
    ("bind", "active"),
    ("replace", "active"), ("replace", "frozen"), ("replace", "lost"),
    ("freeze", "active"), ("unfreeze", "frozen"),
    ("report_lost", "active"), ("report_lost", "frozen"),
    ("activate", "inactive"),
}  # fmt: skip


@pytest.mark.parametrize(("step", "status"), list(product(get_args(Step), get_args(Status))))
def test_what_can_be_done_in_which_state(step: Step, status: Status) -> None:
    expected = None if (step, status) in ALLOWED else no(status)
    assert cards.refusal(CardService(), step, card(status), "boss") == expected


@pytest.mark.parametrize("status", get_args(Status))
def test_only_an_active_card_spends(status: Status) -> None:
    expected = None if status == "active" else Declined("E-MEMBER-BLOCKED")
    assert cards.may_spend(card(status)) == expected


@pytest.mark.parametrize("step", get_args(Step))
def test_who_may_is_declared(step: Step) -> None:
    status = next(state for name, state in sorted(ALLOWED) if name == step)
    asked = Declined("E-NEEDS-APPROVAL")
    standard = cards.refusal(CardService(), step, card(status), None)
    assert standard == (asked if step in {"replace", "unfreeze"} else None)
    assert cards.refusal(CardService(approval=(step,)), step, card(status), None) == asked
    assert cards.refusal(CardService(approval=()), step, card(status), None) is None


def test_a_number_nobody_ever_saw_is_bound() -> None:
    fact = bind_card("m1", card(member=""), rules(), made())
    assert isinstance(fact, CardBound)
    assert (fact.member, fact.card, fact.moves, fact.postings) == ("m1", "6001234", (), ())


@pytest.mark.parametrize(
    ("found", "refused"),
    [
        (card(member="m2"), Declined("E-CARD-TAKEN", {"card": "*1234"})),
        (card(member="m1"), Declined("E-CARD-TAKEN", {"card": "*1234"})),
        (card("inactive", member=""), no("inactive")),
        (card("dead", member=""), no("dead")),
    ],
)
def test_cards_that_cannot_be_bound(found: Card, refused: Declined) -> None:
    assert bind_card("m1", found, rules(), made()) == refused


@pytest.mark.parametrize("status", ["active", "frozen", "lost"])
def test_a_replaced_number_is_dead(status: Status) -> None:
    new = card(member="", number="6009999")
    fact = replace_card(card(status), new, rules(), made(**MANAGER))
    assert isinstance(fact, CardReplaced)
    assert (fact.member, fact.old, fact.new, fact.approved_by) == (
        "m1", "6001234", "6009999", "boss"
    )  # fmt: skip


NEW = card(member="", number="6009999")


@pytest.mark.parametrize(
    ("old", "new", "by", "refused"),
    [
        (card(), NEW, {}, Declined("E-NEEDS-APPROVAL")),
        (card("dead"), NEW, MANAGER, no("dead")),
        (card(), card(number="6009999"), MANAGER, Declined("E-CARD-TAKEN", {"card": "*9999"})),
        (card(), card(member=""), MANAGER, Declined("E-CARD-TAKEN", {"card": "*1234"})),
        (card(), card("lost", "6009999", member=""), MANAGER, no("lost", "*9999")),
        (card(member=""), NEW, MANAGER, no("unbound")),
    ],
)
def test_cards_that_cannot_be_replaced(
    old: Card, new: Card, by: dict[str, Any], refused: Declined
) -> None:
    assert replace_card(old, new, rules(), made(**by)) == refused


@pytest.mark.parametrize(
    ("step", "status", "then"),
    [
        ("freeze", "active", "frozen"),
        ("unfreeze", "frozen", "active"),
        ("report_lost", "active", "lost"),
        ("report_lost", "frozen", "lost"),
    ],
)
def test_a_card_changes_its_state(step: Any, status: Status, then: Status) -> None:
    fact = freeze_card(step, card(status), "guest asked", rules(), made(**MANAGER))
    assert isinstance(fact, CardStateChanged)
    assert (fact.state, fact.member, fact.reason) == (then, "m1", "guest asked")


@pytest.mark.parametrize("step", list(STATES))
def test_a_dead_card_stays_dead(step: Any) -> None:
    assert freeze_card(step, card("dead"), "", rules(), made(**MANAGER)) == no("dead")


PRINTED = card("inactive", member="", batch="2026-1", distributor="kiosk")


def test_a_printed_card_is_activated_by_who_hands_it_out() -> None:
    asked = ActivateAsked(batch="2026-1", distributor="kiosk")
    fact = activate_card(asked, PRINTED, rules(), made())
    assert isinstance(fact, CardStateChanged)
    assert (fact.state, fact.batch, fact.distributor) == ("active", "2026-1", "kiosk")
    assert fact.member is None


@pytest.mark.parametrize(
    ("batch", "distributor"), [("2026-2", "kiosk"), ("2026-1", "somebody"), ("", "")]
)
def test_a_printed_card_of_another_batch(batch: str, distributor: str) -> None:
    asked = ActivateAsked(batch=batch, distributor=distributor)
    refused = Declined("E-CARD-BATCH", {"card": "*1234"})
    assert activate_card(asked, PRINTED, rules(), made()) == refused


def test_a_card_is_activated_once() -> None:
    asked = ActivateAsked(batch="", distributor="")
    assert activate_card(asked, card(member=""), rules(), made()) == no("active")
