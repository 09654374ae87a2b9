"""price(): a pure function from a basket, the rules and the moment to a quote."""

from collections.abc import Iterable, Sequence

from edge.shop.basket import Basket, refusal
from edge.shop.bundle import AnyRule
from edge.shop.calendar import Moment
from edge.shop.declined import Declined
from edge.shop.earning import Rate
from edge.shop.pricing.asked import Asked
from edge.shop.pricing.charging import due
from edge.shop.pricing.compiled import RuleSet
from edge.shop.pricing.earning import Levied, points
from edge.shop.pricing.following import follow
from edge.shop.pricing.preparing import prepare
from edge.shop.pricing.redeeming import Spent, spend
from edge.shop.pricing.state import NOT_APPLIED_MAX, Missed, State, amount
from edge.shop.pricing.total import charge, gifts, goods, taxes, worth
from edge.shop.rules.conditions import distance
from edge.shop.sale import Basis, Given, Note, PricedLine, Quote, Redeemed, RuleUse

NOTHING_ASKED = Asked()


def check(basket: Basket, rules: RuleSet) -> Declined | None:
    """Return why this basket cannot be sold under these rules, or None.

    E-EMPTY-BASKET, E-QUANTITY (too many units in all), or E-NOT-READY if the bundle has no rate
    for a product's tax class: price book and bundle do not fit each other yet.
    """
    for line in basket.lines:
        if line.product.tax_class not in rules.bundle.tax:
            return Declined("E-NOT-READY", {"what": f"tax class {line.product.tax_class}"})
    return refusal(basket)


def price(
    basket: Basket,
    rules: RuleSet,
    at: Moment,
    terminal_kind: str,
    price_book: int,
    *,
    more: Asked = NOTHING_ASKED,
) -> Quote:
    """Return what a basket costs at a moment on a kind of terminal.

    The basket may be empty, but has passed `check` otherwise: its tax classes are known. First
    discounts and coupons have their turns, then charges are added, then points pay, then what is
    earned is counted.
    """
    state = follow(prepare(basket, rules, at, terminal_kind, more))
    charges = list(due(state))
    unspent = [*state.running.units]
    spent = spend(state)
    earned = points(state, unspent, [Levied(sum_, fee.rule.earns) for fee, sum_ in charges])
    lines = goods(state, spent, earned.units)
    lines += gifts(state)
    fees = zip(charges, earned.units[len(basket.lines) :], strict=True)
    lines += [charge(fee, amount, rules.bundle, part) for (fee, amount), part in fees]
    return _quote(state, price_book, lines, spent, earned.rates)


def _quote(
    state: State,
    price_book: int,
    lines: Sequence[PricedLine],
    spent: Sequence[Spent],
    rates: tuple[Rate, ...],
) -> Quote:
    rules = state.occasion.rules
    total = sum([priced.net for priced in lines])
    list_total = sum([priced.line.list_amount for priced in lines])
    assert 0 <= total <= list_total, "discounts lower a price, and not below zero"
    return Quote(
        currency=rules.bundle.currency,
        exponent=rules.bundle.exponent,
        lines=tuple(lines),
        member=state.scene.member,
        list_total=list_total,
        discount_total=list_total - total,
        total=total,
        tax=taxes(rules.bundle, lines),
        points_earned=sum([priced.points for priced in lines]),
        rates=rates,
        points_spent=sum([each.points for each in spent if not each.rule.programme]),
        redeemed=tuple([Redeemed(s.rule.id, s.rule.programme, s.points) for s in spent]),
        coupons=tuple([state.judged[place] for place in sorted(state.judged)]),
        gives=_gives(state),
        uses=_uses(state),
        region=state.scene.region,
        channel=state.scene.channel,
        best="own_saving" if state.occasion.one_by_one else "final_total",
        applied=_applied(state, spent),
        not_applied=_not_applied(state.missed),
        bundle=rules.hash,
        basis=_basis(state),
        price_book=price_book,
    )


def _basis(state: State) -> Basis:
    asked = state.occasion.asked
    return Basis(
        at_ms=state.scene.moment.at_ms,
        store=state.scene.store,
        online=asked.online,
        counters=_counters(state) if asked.counters else {},
        shown=asked.coupons,
        unknown=tuple(sorted(state.occasion.unknown)),
    )


def _counters(state: State) -> dict[str, int]:
    """Return the counters of limits that could matter to this basket, but for those at nothing."""
    counters: dict[str, int] = {}
    for turn in state.turns:
        for limit in turn.placed.rule.limits if turn.placed.counted else ():
            key = f"{turn.placed.rule.id}|{limit.of}|{limit.per}"
            if used := state.occasion.asked.counters.get(key):
                counters[key] = used
    return counters


def _gives(state: State) -> tuple[Given, ...]:
    return tuple(
        [
            Given(rule=applied.rule.id, coupon=coupon, count=count)
            for applied in state.applied
            for coupon, count in applied.effect.coupons
        ]
    )


def _uses(state: State) -> tuple[RuleUse, ...]:
    """Return what was used of the rules that go on counting from sale to sale, by their ids."""
    if not state.used:
        return ()
    counted = {applied.rule.id for applied in state.applied if applied.turn.placed.counted}
    used = [(rule, *state.used[rule]) for rule in sorted(counted)]
    return tuple([RuleUse(rule=r, times=t, units=u, amount=a) for r, t, u, a in used])


def _applied(state: State, spent: Iterable[Spent]) -> tuple[Note, ...]:
    """Return a note for each rule that acted, in the order in which they did."""
    notes = []
    for applied in state.applied:
        off = applied.off + (worth(state, applied) if applied.effect.gifts else 0)
        notes.append(_note(applied.rule, "R-APPLIED", {"off": off}, -off))
    for each in spent:
        off = amount(each.cuts)
        notes.append(_note(each.rule, "R-APPLIED", {"off": off}, -off))
    return tuple(notes)


def _not_applied(missed: Iterable[Missed]) -> tuple[Note, ...]:
    """Return the notes a cashier can do most about, at most `NOT_APPLIED_MAX`, nearest first."""
    nearest = sorted(missed, key=_distance)[:NOT_APPLIED_MAX]
    return tuple([_note(each.rule, each.miss.reason, each.miss.params) for each in nearest])


def _distance(missed: Missed) -> tuple[int, int, int, str]:
    miss = missed.miss
    return missed.unmet, *distance(miss.reason, miss.params), missed.rule.id


def _note(rule: AnyRule, reason: str, params: dict[str, str | int], changed: int = 0) -> Note:
    """Return a note on a rule; `changed` is what it did to the whole receipt."""
    return Note(
        rule=rule.id, name_zh=rule.name_zh, name_en=rule.name_en,
        reason=reason, amount=changed, params=params,
    )  # fmt: skip
