"""What the tests of tiers share: a ladder, standings on it, and a tier that was bought."""

from typing import Any

import msgspec

from edge.shop.accounts import tiers
from edge.shop.accounts.tiers import Measured, TiersPolicy, TierStanding
from tests.members_kit import TODAY

SILVER = {"tier": "silver", "reach": 300_000}
GOLD = {"tier": "gold", "reach": 500_000}
FEE = {"tier": "gold", "fee": 21_200, "tax_class": "fee", "term_months": 12}


def policy(*steps: dict[str, Any], **more: Any) -> TiersPolicy:
    return msgspec.convert({"steps": steps or (SILVER, GOLD), **more}, TiersPolicy)


def paid(deed: str, amount: int, date: str = TODAY) -> Measured:
    return Measured(deed=deed, date=date, paid=amount, visits=1)


def standing(of: TiersPolicy, *events: Measured, today: str = TODAY) -> TierStanding:
    now = TierStanding()
    for event in events:
        now = tiers.record(of, now, event, today)
    return now


def bought(**more: Any) -> tuple[TiersPolicy, TierStanding]:
    of = policy(SILVER, {**FEE, **more})
    step = tiers.step_of(of, "gold")
    assert step is not None
    return of, tiers.buy(
        of, TierStanding(tier="silver", review_on="2027-01-01"), step, "2026-01-01"
    )
