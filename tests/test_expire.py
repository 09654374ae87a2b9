"""Expiry beyond points: bonus, principal and uses that are over, and where their money goes."""

from edge.shop.accounts.lots import PRINCIPAL, Holdings, Lot, Move
from edge.shop.declined import Declined
from edge.shop.facts import HoldingsExpired
from edge.shop.ledger import BONUS, COUNTS, Posting, balanced
from edge.shop.operations.expire import expire
from tests.members_kit import made, rules


def lot(name: str, unit: str, expires: str) -> Lot:
    return Lot(id=name, member="ann", unit=unit, opened="2026-01-01", active_from="2026-01-01",
               expires=expires, issuer="hq")  # fmt: skip


def holdings(expires: str) -> Holdings:
    return Holdings().after(
        [
            Move(lot="b", amount=1_000, opens=lot("b", BONUS, expires)),
            Move(lot="p", amount=5_000, opens=lot("p", PRINCIPAL, expires)),
            Move(lot="c", amount=4, money=5_332, opens=lot("c", COUNTS, expires)),
            Move(lot="kept", amount=7_000, opens=lot("kept", PRINCIPAL, "")),
        ]
    )


def test_the_last_day_still_counts() -> None:
    today = made().at.date
    assert expire("ann", rules(), holdings(today), made(), trusted=True) == Declined(
        "E-NOTHING-DUE", {"member": "ann"}
    )


def test_what_is_over_is_gone_and_its_money_is_kept_by_its_issuer() -> None:
    held = holdings("2026-02-01")
    fact = expire("ann", rules(), held, made(), trusted=True)
    assert isinstance(fact, HoldingsExpired)
    assert (fact.bonus, fact.principal, fact.uses, fact.points) == (1_000, 5_000, 4, 0)
    assert balanced(fact.postings)
    assert set(fact.postings) == {
        Posting("principal:ann", "CNY", 5_000, "hq"),
        Posting("deferred:ann", "CNY", 5_332, "hq"),
        Posting("retained", "CNY", -10_332, "hq"),
        Posting("member:ann", BONUS, -1_000, "hq"),
        Posting("programme", BONUS, 1_000, "hq"),
        Posting("member:ann", COUNTS, -4, "hq"),
        Posting("programme", COUNTS, 4, "hq"),
    }
    after = held.after(fact.moves)
    assert {name: (lot.left, lot.money) for name, lot in after.lots.items()} == {
        "b": (0, 0), "p": (0, 0), "c": (0, 0), "kept": (7_000, 0),
    }  # fmt: skip
    assert isinstance(expire("ann", rules(), after, made(), trusted=True), Declined)


def test_a_clock_nobody_trusts_lets_nothing_expire() -> None:
    assert expire("ann", rules(), holdings("2026-02-01"), made(), trusted=False) == Declined(
        "E-CLOCK-UNKNOWN"
    )
