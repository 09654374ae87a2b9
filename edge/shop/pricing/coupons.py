"""The coupons a guest shows: each is one turn of its rule, in the order of rules, then as shown."""

from collections.abc import Iterator, Sequence

from edge.shop.bundle.bundle import CouponChoices
from edge.shop.pricing.asked import Asked
from edge.shop.pricing.compiled import Placed, RuleSet
from edge.shop.pricing.state import State, Turn, amount
from edge.shop.rules.conditions import Miss
from edge.shop.rules.running import Cut
from edge.shop.sale import CouponJudged


def sorted_out(
    rules: RuleSet, asked: Asked
) -> tuple[list[tuple[int, Placed]], dict[int, CouponJudged]]:
    """Return the coupons that get a turn, by their place, and what became of the others.

    A coupon shown again is left out altogether, or refused with R-COUPON-REPEATED, as the bundle
    says. One of a type that no rule knows is R-COUPON-UNKNOWN.
    """
    turns: list[tuple[int, Placed]] = []
    judged: dict[int, CouponJudged] = {}
    choices, seen = rules.bundle.coupons, set[str]()
    for place, shown in enumerate(asked.coupons):
        code, placed = _code(shown.id, choices), rules.coupons.get(shown.type)
        reason = "" if shown.usable else shown.reason
        if placed is None:
            reason = reason or "R-COUPON-UNKNOWN"
        if code in seen:
            if choices.repeat == "ignored":
                continue
            reason = "R-COUPON-REPEATED"
        seen.add(code)
        if placed is not None and not reason:
            turns.append((place, placed))
            continue
        rule = placed.rule.id if placed else ""
        judged[place] = CouponJudged(coupon=shown.id, rule=rule, reason=reason)
    return turns, judged


def _code(id: str, choices: CouponChoices) -> str:
    return id.casefold() if choices.codes == "ignore_case" else id


def one_too_many(turn: Turn, state: State) -> Miss | None:
    """Return R-COUPON-MAX if so many coupons as one sale may have are redeemed."""
    most = state.occasion.rules.bundle.coupons.max
    if turn.coupon is None or most is None or len(list(_redeemed(state))) < most:
        return None
    return Miss("R-COUPON-MAX", {"max": most})


def worse(turn: Turn, cuts: Sequence[Cut], state: State) -> bool:
    """Tell whether a coupon is refused because one of its group took more than its cuts."""
    if state.occasion.rules.bundle.coupons.worse == "stacked":
        return False
    group = turn.placed.rule.group
    return any(off > amount(cuts) for name, off in _redeemed(state) if name == group)


def _redeemed(state: State) -> Iterator[tuple[str, int]]:
    """Yield the group of each redeemed coupon, and what it took."""
    for applied in state.applied:
        if applied.coupon:
            yield applied.rule.group, applied.off
