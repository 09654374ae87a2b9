"""From a basket to all that is printed: lines, coupons, charges, points and tax."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from tests.pricer.arithmetic import BASIS, rounded, split
from tests.pricer.conditions import misses
from tests.pricer.earning import Paid, Points, earned
from tests.pricer.following import combinations, follow
from tests.pricer.goods import Data, Goods, Offs, Unit, shared
from tests.pricer.limits import counts_on
from tests.pricer.targets import ALL, picked
from tests.pricer.turns import Tree, Turn
from tests.pricer.way import Sale, Way

Spent = tuple[Data, int, Offs]
"""A rule by which points pay, how many of them, and what they take off."""

STAGE_OF_POINTS = 6


def price(document: Data, basket: Data, context: Data) -> dict[str, Any]:
    """Return what a basket costs under a bundle, and why, as plain data."""
    goods = Goods(basket, document)
    sale = Sale(goods, document, context, basket["member"], Tree(document))
    coupons = _sorted_out(sale)
    way, turns = _start(sale, coupons)
    way.one_by_one = combinations(way, turns) > document.get("combinations_max", 64)
    best = "own_saving" if way.one_by_one else "final_total"
    way = follow(way, turns)
    before_points = dict(way.now)
    charges, spent = way.charges(), _spend(way)
    points = _earn(way, before_points, charges)
    lines = _goods_lines(way, spent, points) + _gift_lines(way)
    lines += [
        _charge_line(charge, points.get((place, 0), 0))
        for place, charge in enumerate(charges, len(goods.lines))
    ]
    coupons |= way.shown
    return {
        "lines": lines,
        "list_total": sum(line["list"] for line in lines),
        "total": sum(line["net"] for line in lines),
        "tax": _tax(document, lines),
        "points": sum(points.values()),
        "redeemed": [(rule["id"], rule.get("programme", ""), spends) for rule, spends, _ in spent],
        "applied": _applied(way, spent),
        "coupons": [(context["coupons"][i]["id"], coupons[i]) for i in sorted(coupons)],
        "gives": [(a.turn.rule["id"], *given) for a in way.acts for given in a.effect.gives],
        "uses": _uses(way),
        "best": best,
    }


def _start(sale: Sale, coupons: dict[int, str]) -> tuple[Way, list[Turn]]:
    """Return the way before the first turn, and the turns there will be."""
    shown: dict[str, list[int | None]] = {}
    for place, coupon in enumerate(sale.context["coupons"]):
        if coupons.get(place) == "":
            shown.setdefault(coupon["type"], []).append(place)
    goods = sale.goods
    exact: list[Fraction] = []
    if sale.document.get("running_base", "rounded") == "exact":
        exact = [
            Fraction(sum(goods.list[unit] for unit in goods.of_line(line)))
            for line in range(len(goods.lines))
        ]
    way = Way(sale, dict(goods.list), exact)
    turns = [
        turn
        for turn in sale.tree.turns(shown)
        if turn.coupon is not None or way.sight(turn.rule).about
    ]
    return way, turns


def _sorted_out(sale: Sale) -> dict[int, str]:
    """Return the reason of each coupon that gets no turn, "" for the others, by place."""
    choices = sale.document.get("coupons", {})
    ignore_case = choices.get("codes", "ignore_case") == "ignore_case"
    types = {rule["id"] for rule in sale.tree.rules if rule["kind"] == "coupon"}
    seen: set[str] = set()
    judged: dict[int, str] = {}
    for place, coupon in enumerate(sale.context["coupons"]):
        code = coupon["id"].casefold() if ignore_case else coupon["id"]
        if code in seen:
            if choices.get("repeat", "ignored") == "refused":
                judged[place] = "R-COUPON-REPEATED"
            continue
        seen.add(code)
        if not coupon.get("usable", True):
            judged[place] = coupon["reason"]
        else:
            judged[place] = "" if coupon["type"] in types else "R-COUPON-UNKNOWN"
    return judged


# --- points ---------------------------------------------------------------------------------------


def _spend(way: Way) -> list[Spent]:
    """Let points pay, rule by rule; each finds the bill as the one before left it."""
    context, spent = way.sale.context, list[Spent]()
    if way.sale.member is None:
        return []
    rules = [r for r in way.sale.document.get("rules", ()) if r["kind"] == "points_redeem"]
    used: dict[str, int] = {}
    for rule in sorted(rules, key=lambda rule: str(rule["id"])):
        programme = rule.get("programme", "")
        ours = (context["redeem"], context["redeemable"])
        asked, held = ours if programme == "" else context["partners"].get(programme, (0, 0))
        asked = held if asked == "max" else min(asked, held)
        points, offs = _redeem(rule, way, asked - used.get(programme, 0))
        if points:
            used[programme] = used.get(programme, 0) + points
            spent.append((rule, points, offs))
            for unit, off in offs.items():
                way.now[unit] -= off
    return spent


def _redeem(rule: Data, way: Way, most: int) -> tuple[int, Offs]:
    """Return how many points pay, at most so many, and what each unit gets of it."""
    sight = way.sight(rule)
    if misses(rule.get("when", ()), sight):
        return 0, {}
    units = picked(rule.get("target", ALL), sight.about, way.now)
    free = {u: max(0, way.now[u] - sight.goods.floor(u)) for u in units}
    bill = sum(way.now.values())
    worth = min(sum(free.values()), bill * rule.get("cap", BASIS) // BASIS)
    # Only multiples of the step that are worth whole minor units.
    step = lcm(rule.get("step", 1), rule["points"] // gcd(rule["points"], rule["amount"]))
    points = min(most, worth * rule["points"] // rule["amount"]) // step * step
    if points < rule.get("minimum", 1):
        return 0, {}
    return points, shared(points * rule["amount"] // rule["points"], free, sight.goods.odd_cent)


def _earn(
    way: Way, before_points: Mapping[Unit, int], charges: Sequence[tuple[Data, int]]
) -> Points:
    """Return the points of each unit; charges stand behind the goods."""
    policy = way.sale.document.get("programme", {}).get("points", {})
    paid_by_points = policy.get("earn_on", {}).get("points", False)
    first = len(way.sale.goods.lines)
    levied = {(first + number, 0): amount for number, (_, amount) in enumerate(charges)}
    net = dict(before_points if paid_by_points else way.now) | levied
    earning = [unit for unit in levied if charges[unit[0] - first][0].get("earns", False)]
    return earned(Paid(way, net, way.after_lines | levied, earning))


# --- lines and tax --------------------------------------------------------------------------------


def _goods_lines(way: Way, spent: Sequence[Spent], points: Points) -> list[dict[str, Any]]:
    goods, context = way.sale.goods, way.sale.context
    offs: list[tuple[str, int, str, Offs]] = []
    for act in way.acts:
        shown = "" if act.turn.coupon is None else context["coupons"][act.turn.coupon]["id"]
        offs.append((act.turn.rule["id"], act.turn.stage["number"], shown, act.effect.offs))
    offs += [(rule["id"], STAGE_OF_POINTS, "", taken) for rule, _, taken in spent]
    lines = []
    for number, line in enumerate(goods.lines):
        units = goods.of_line(number)
        adjustments = [
            (rule, stage, coupon, [taken.get(unit, 0) for unit in units])
            for rule, stage, coupon, taken in offs
            if any(taken.get(unit, 0) for unit in units)
        ]
        lines.append({
            "kind": "goods", "of": line["product"]["id"],
            "list": sum(goods.list[unit] for unit in units),
            "adjustments": adjustments,
            "units": [way.now[unit] for unit in units],
            "net": sum(way.now[unit] for unit in units),
            "points": [points.get(unit, 0) for unit in units],
            "tax_class": line["product"]["tax_class"],
        })  # fmt: skip
    return lines


def _gift_lines(way: Way) -> list[dict[str, Any]]:
    catalogue, lines = way.sale.context.get("catalogue", {}), []
    for act in way.acts:
        for product, count in act.effect.gifts:
            amount = catalogue[product]["price"] * count
            lines.append({
                "kind": "gift", "of": product, "by": act.turn.rule["id"], "count": count,
                "list": amount, "net": 0, "tax_class": catalogue[product]["tax_class"],
            })  # fmt: skip
    return lines


def _charge_line(charge: tuple[Data, int], points: int) -> dict[str, Any]:
    rule, amount = charge
    return {
        "kind": "charge", "of": rule["id"], "list": amount, "net": amount,
        "points": [points], "tax_class": rule["tax_class"],
    }  # fmt: skip


def _tax(document: Data, lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int, int]]:
    """Return (class, rate, net, tax): once per rate, then shared over the classes of the rate."""
    gross: dict[str, int] = {}
    for line in (line for line in lines if line["kind"] != "gift"):
        gross[line["tax_class"]] = gross.get(line["tax_class"], 0) + line["net"]
    taxes = []
    for rate in sorted({document["tax"][name] for name in gross}):
        names = sorted(name for name in gross if document["tax"][name] == rate)
        amounts = [gross[name] for name in names]
        contained = Fraction(sum(amounts) * rate, BASIS + rate)
        tax = rounded(contained, document.get("rounding", "half_up"))
        for name, amount, part in zip(names, amounts, split(tax, amounts), strict=True):
            taxes.append((name, rate, amount - part, part))
    return sorted(taxes)


def _applied(way: Way, spent: Sequence[Spent]) -> list[tuple[str, int]]:
    """Return the rules that took effect, in their order, and what they took off, gifts at list."""
    catalogue = way.sale.context.get("catalogue", {})
    applied = []
    for act in way.acts:
        gifts = sum(catalogue[product]["price"] * count for product, count in act.effect.gifts)
        applied.append((act.turn.rule["id"], act.effect.off + gifts))
    return applied + [(rule["id"], sum(taken.values())) for rule, _, taken in spent]


def _uses(way: Way) -> list[tuple[str, int, int, int]]:
    """Return (rule, uses, units, amount) of the rules that later sales go on counting."""
    rules = {act.turn.rule["id"]: act.turn.rule for act in way.acts}
    return [
        (name, way.used[name, "uses"], way.used[name, "units"], way.used[name, "amount"])
        for name in sorted(rules) if counts_on(rules[name])
    ]  # fmt: skip
