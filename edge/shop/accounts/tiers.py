"""Tiers: how a member rises, for how long it lasts, and what a tier grants.

A tier is measured by what a member did inside a window of months: the qualifying sum. It is no
balance: nothing is ever paid from it. Every sale and top-up is an entry on its own date, and a
return subtracts from the entry of its sale, on the date of the sale. At the box an upgrade is
provisional until the cloud confirms it; it takes effect on the next receipt, since a receipt is
priced before it is recorded. A tier may also be bought, for a fee and a term.

A fall waits for the review unless it is declared to be immediate; so a tier that was reached for
an hour is kept until then. Where it is immediate, the order of a day's entries makes no difference.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.shop.accounts.declared import Amount, Declared, Months, Name
from edge.shop.accounts.rewards import Reward
from edge.shop.calendar import plus_months
from edge.shop.money import divide


class Step(Declared, frozen=True, kw_only=True):
    """One tier: what it takes to reach it and to keep it, what it costs, what it grants."""

    tier: Name
    reach: Annotated[int, Meta(ge=1, le=10**12)] | None = None
    """The qualifying sum that reaches it; null for a tier that is only bought."""
    keep: Amount | None = None
    """The qualifying sum that keeps it at a review; null asks for `reach` again."""
    fee: Amount | None = None
    """What it costs to buy, in minor units, tax included; null is not for sale."""
    tax_class: str = ""
    """The tax class of the fee."""
    term_months: Months = 12
    """How long a bought tier lasts."""
    refund: Literal["none", "pro_rata", "full"] = "pro_rata"
    """What of the fee is given back before the term ends; pro rata by whole days."""
    grant: Reward = Reward()
    """What each period gives, from the one in which the tier is reached on."""

    def __post_init__(self) -> None:
        """Refuse a fee that says nothing of its tax."""
        if self.fee and not self.tax_class:
            raise ValueError("a fee needs a tax_class")


class TiersPolicy(Declared, frozen=True, kw_only=True):
    """How tiers are reached, kept and lost. `steps` are the ladder, the lowest tier first."""

    measure: Literal["amount", "visits", "points_earned", "top_ups"] = "amount"
    """amount: minor units paid · visits: sales of which something was kept · points_earned: all
    points ever credited by sales · top_ups: principal that was topped up."""
    stored_value: Literal["spending", "top_ups"] = "spending"
    """Which side of stored value an `amount` counts: principal when it is spent, or when it is
    topped up. Never both."""
    window_months: Months = 12
    review_months: Months = 12
    """How long a tier lasts before it is reviewed, from the day it was reached or last kept."""
    after_return: Literal["at_review", "immediately"] = "at_review"
    downgrade: Literal["never", "one_step", "to_measured"] = "to_measured"
    """How far a member falls who no longer reaches what keeps the tier."""
    grant_period: Literal["month", "quarter", "year"] = "month"
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a tier on two steps, and a higher step that is reached before a lower one."""
        if len({step.tier for step in self.steps}) < len(self.steps):
            raise ValueError("a tier is declared twice")
        reached = [step.reach for step in self.steps if step.reach is not None]
        if reached != sorted(reached):
            raise ValueError("steps go from the lowest tier to the highest")


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one sale or top-up counts, or what a return takes back of one (all amounts negative).

    `deed` and `date` are always those of the sale or top-up. `paid` is what money and other
    external tender paid, `stored` what principal paid.
    """

    deed: str
    date: str
    paid: int = 0
    stored: int = 0
    topped_up: int = 0
    points: int = 0
    visits: int = 0


class Entry(msgspec.Struct, frozen=True):
    """What a sale or top-up still counts towards the qualifying sum, on its date."""

    date: str
    amount: int


class TierStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Where a member stands: the tier in force for the next receipt, and what it rests on.

    `tier` is "" for none. All dates are ISO 8601; `until` is the last day.
    """

    tier: str = ""
    provisional: bool = False
    """Reached here, and not confirmed by the cloud."""
    review_on: str = ""
    """From which day on the tier is reviewed; "" leaves that to the cloud."""
    bought: str = ""
    """The tier that was paid for, whatever is measured; "" for none."""
    bought_on: str = ""
    until: str = ""
    """The last day of the bought tier."""
    fee: int = 0
    """What was paid for it, in minor units."""
    beneath: str = ""
    """The tier in force when it was bought, and again when it ends."""
    entries: Mapping[str, Entry] = {}
    granted: tuple[str, ...] = ()
    """What periods have given so far, each as {tier}@{first day of the period}."""


def worth(policy: TiersPolicy, measured: Measured) -> int:
    """Return what a sale, top-up or return counts towards the qualifying sum."""
    match policy.measure:
        case "amount":
            spending = policy.stored_value == "spending"
            return measured.paid + (measured.stored if spending else measured.topped_up)
        case "visits":
            return measured.visits
        case "points_earned":
            return measured.points
        case "top_ups":
            return measured.topped_up


def qualifying_sum(policy: TiersPolicy, standing: TierStanding, today: str) -> int:
    """Return what counts today: entries later than the same day `window_months` ago."""
    first = _window(policy, today)
    return sum(entry.amount for entry in standing.entries.values() if first < entry.date <= today)


def _window(policy: TiersPolicy, today: str) -> str:
    """Return the last day that does not count any more today."""
    return plus_months(today, -policy.window_months)


def record(
    policy: TiersPolicy, standing: TierStanding, measured: Measured, today: str
) -> TierStanding:
    """Return the standing after a sale, a top-up or a return.

    More can raise the tier, at once for the next receipt. Less can lower it, at once only where
    a return is declared to do so. Entries that are too old to count ever again are dropped.
    """
    before = standing.entries.get(measured.deed, Entry(measured.date, 0))
    entry = Entry(before.date, before.amount + worth(policy, measured))
    entries = {**standing.entries, measured.deed: entry}
    first = _window(policy, today)
    kept = {deed: entry for deed, entry in entries.items() if first < entry.date}
    after = msgspec.structs.replace(standing, entries=kept)
    reached = _reached(policy, qualifying_sum(policy, after, today))
    if rank(policy, reached) > rank(policy, after.tier):
        return _risen(policy, after, reached, today)
    falls = entry.amount < before.amount and policy.after_return == "immediately"
    return _fallen(policy, after, today) if falls and not _kept(policy, after, today) else after


def review(policy: TiersPolicy, standing: TierStanding, today: str) -> TierStanding:
    """Return the standing after today's review; before its day nothing changes.

    A bought tier ends by itself after its last day; what was earned takes over.
    """
    if standing.until and standing.until < today:
        standing = give_up(policy, standing, today)
    if not standing.review_on or standing.bought == standing.tier or today < standing.review_on:
        return standing
    if _kept(policy, standing, today):
        return _settled(policy, standing, standing.tier, today)
    return _fallen(policy, standing, today)


def confirm(policy: TiersPolicy, standing: TierStanding, tier: str, today: str) -> TierStanding:
    """Return the standing after the cloud's word on the tier, which is final."""
    review_on = standing.review_on
    if tier != standing.tier or not review_on:
        review_on = plus_months(today, policy.review_months) if tier else ""
    return msgspec.structs.replace(standing, tier=tier, provisional=False, review_on=review_on)


def give(policy: TiersPolicy, standing: TierStanding, tier: str, today: str) -> TierStanding:
    """Return the standing after a card that was sold gave a tier; it never lowers one."""
    higher = rank(policy, tier) > rank(policy, standing.tier)
    return _risen(policy, standing, tier, today) if higher else standing


def take_back(policy: TiersPolicy, standing: TierStanding, tier: str, today: str) -> TierStanding:
    """Return the standing after the sale of a card that gave this tier was undone.

    It is as after a return: where the policy says `immediately`, the tier falls at once unless
    what is measured keeps it; otherwise it stands until its next review. A tier that is higher by
    now, or paid for, stays.
    """
    if not tier or tier != standing.tier or policy.after_return == "at_review":
        return standing
    return standing if _kept(policy, standing, today) else _fallen(policy, standing, today)


def buy(policy: TiersPolicy, standing: TierStanding, step: Step, today: str) -> TierStanding:
    """Return the standing after a tier was bought today. That it is for sale is judged before."""
    assert step.fee is not None, f"tier {step.tier} is not for sale"
    last = plus_months(today, step.term_months)
    higher = rank(policy, step.tier) >= rank(policy, standing.tier)
    return msgspec.structs.replace(
        standing,
        tier=step.tier if higher else standing.tier,
        provisional=True,
        bought=step.tier,
        bought_on=today,
        until=last,
        fee=step.fee,
        beneath=standing.beneath if standing.bought else standing.tier,
    )


def refundable(policy: TiersPolicy, standing: TierStanding, today: str) -> int:
    """Return what of the fee of a bought tier is given back today, in minor units.

    Pro rata: fee x days after today / days of the term, rounded half up.
    """
    step = step_of(policy, standing.bought)
    if step is None or step.refund == "none" or standing.until < today:
        return 0
    if step.refund == "full":
        return standing.fee
    last = date.fromisoformat(standing.until)
    left = (last - date.fromisoformat(today)).days
    return divide(standing.fee * left, (last - date.fromisoformat(standing.bought_on)).days)


def give_up(policy: TiersPolicy, standing: TierStanding, today: str) -> TierStanding:
    """Return the standing after a bought tier ended or was given back.

    In force is then what was before it, or what is measured by now, if that is higher.
    """
    without = without_bought(standing)
    if rank(policy, standing.tier) > rank(policy, standing.bought):
        return without
    reached = _reached(policy, qualifying_sum(policy, standing, today))
    if rank(policy, reached) > rank(policy, standing.beneath):
        return _settled(policy, without, reached, today)
    return msgspec.structs.replace(without, tier=standing.beneath)


def without_bought(standing: TierStanding) -> TierStanding:
    """Return a standing in which nothing was bought; the tier in force stays what it was."""
    return msgspec.structs.replace(standing, bought="", bought_on="", until="", fee=0, beneath="")


def due_grant(policy: TiersPolicy, standing: TierStanding, today: str) -> tuple[str, Reward] | None:
    """Return what the tier grants for this period and under which name, or None if nothing is due.

    Each tier grants once a period; whoever rises gets the higher tier's grant as well.
    """
    step = step_of(policy, standing.tier)
    if step is None or not step.grant:
        return None
    name = f"{standing.tier}@{period_start(policy.grant_period, today)}"
    return None if name in standing.granted else (name, step.grant)


def granted(standing: TierStanding, name: str) -> TierStanding:
    """Return the standing after a grant was given."""
    return msgspec.structs.replace(standing, granted=(*standing.granted, name))


def step_of(policy: TiersPolicy, tier: str) -> Step | None:
    """Return the step of a tier, or None for "" and for one that the ladder leaves out."""
    return next((step for step in policy.steps if step.tier == tier), None)


def rank(policy: TiersPolicy, tier: str) -> int:
    """Return how high a tier is: 0 for none, from 1 for the lowest step.

    A tier the ladder leaves out is above it: only the cloud gives and takes it.
    """
    places = {"": 0} | {step.tier: place for place, step in enumerate(policy.steps, 1)}
    return places.get(tier, len(places))


def period_start(period: Literal["month", "quarter", "year"], day: str) -> str:
    """Return the first day of the calendar period a day is in."""
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    start = date.fromisoformat(day)
    return date(start.year, (start.month - 1) // months * months + 1, 1).isoformat()


def _reached(policy: TiersPolicy, amount: int) -> str:
    """Return the highest tier this sum reaches, "" for none."""
    reached = [s.tier for s in policy.steps if s.reach is not None and amount >= s.reach]
    return reached[-1] if reached else ""


def _kept(policy: TiersPolicy, standing: TierStanding, today: str) -> bool:
    """Tell whether what counts today keeps the tier. One the ladder leaves out is never lost."""
    step = step_of(policy, standing.tier)
    if step is None or policy.downgrade == "never" or standing.tier == standing.bought:
        return True
    needed = step.reach if step.keep is None else step.keep
    return needed is not None and qualifying_sum(policy, standing, today) >= needed


def _risen(policy: TiersPolicy, standing: TierStanding, tier: str, today: str) -> TierStanding:
    review_on = plus_months(today, policy.review_months)
    return msgspec.structs.replace(standing, tier=tier, provisional=True, review_on=review_on)


def _fallen(policy: TiersPolicy, standing: TierStanding, today: str) -> TierStanding:
    """Let a tier fall that is not kept, as far as the policy says."""
    lower = _reached(policy, qualifying_sum(policy, standing, today))
    below = rank(policy, standing.tier) - 1
    if policy.downgrade == "one_step" and rank(policy, lower) < below:
        lower = policy.steps[below - 1].tier
    return _settled(policy, standing, lower, today)


def _settled(policy: TiersPolicy, standing: TierStanding, tier: str, today: str) -> TierStanding:
    """Let a tier be in force from now on, but never below one that was paid for."""
    tier = max(tier, standing.bought, key=lambda name: rank(policy, name))
    review_on = plus_months(today, policy.review_months) if tier else ""
    return msgspec.structs.replace(standing, tier=tier, review_on=review_on)
