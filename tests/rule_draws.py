"""One rule at work on a few goods: for tests of rule kinds by themselves, and for Hypothesis."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from edge.shop.basket import Line, Product
from edge.shop.bundle.bundle import AnyDiscount
from edge.shop.money import OddCent
from edge.shop.rules.rule import Effect
from edge.shop.rules.running import Cut, Picked, Running, Selection, start

NAMES = {"name_zh": "规则", "name_en": "rule"}
MANY = 9_999


def goods(name: str, price: int, quantity: str = "1", floor: int | None = None) -> Line:
    """Return a line; "bread-rye" is of category bread, and quantities like "0.5" are weighed."""
    product = Product(
        id=name, name_zh=name, name_en=name, category=name.partition("-")[0], price=price,
        unit="kg" if "." in quantity else "piece", tax_class="food", floor=floor,
    )  # fmt: skip
    return Line(product=product, code=name, quantity=Decimal(quantity), unit_price=price)


def at_list(*lines: Line) -> Running:
    return start(lines, "half_up", "largest_remainder")


def priced(*prices: int) -> Running:
    """Return a basket of single pieces at these prices, each another product."""
    return at_list(*[goods(f"g-{i}", price) for i, price in enumerate(prices)])


def everything(running: Running) -> list[Picked]:
    return [Picked(i, range(len(units))) for i, units in enumerate(running.units)]


def rule(kind: str, **more: Any) -> AnyDiscount:
    document = {"kind": kind, "id": "r", "stage": 3, **NAMES, **more}
    made: AnyDiscount = msgspec.json.decode(msgspec.json.encode(document), type=AnyDiscount)
    return made


def effect(running: Running, kind: str, times_max: int = MANY, **more: Any) -> Effect:
    return rule(kind, **more).effect(running, everything(running), times_max)


def per_unit(running: Running, cuts: Sequence[Cut]) -> list[tuple[int, ...]]:
    """Return what the cuts take off each unit of each line."""
    taken = {cut.line: cut.units for cut in cuts}
    return [taken.get(i, (0,) * len(units)) for i, units in enumerate(running.units)]


def offs(running: Running, kind: str, times_max: int = MANY, **more: Any) -> list[Any]:
    """Return what a rule takes off each line: a number, or a tuple if it has several units."""
    units = per_unit(running, effect(running, kind, times_max, **more).cuts)
    return [unit[0] if len(unit) == 1 else unit for unit in units]


# --- what Hypothesis may draw -------------------------------------------------------------------

MONEY = st.integers(0, 3_000)
FEW = st.integers(1, 4)
SHARES = st.integers(0, 10_000)
BASES = st.sampled_from(["remaining", "list"])
ODD_CENTS: list[OddCent] = ["largest_remainder", "first", "last"]
PERS = st.sampled_from(["unit", "line", "order"])
ORDERS = st.sampled_from(["dearest_first", "cheapest_first"])
WHICH = st.sampled_from(["cheapest", "dearest"])
TARGETS = st.sampled_from(
    [
        {"of": "all"},
        {"of": "all", "pick": {"which": "cheapest", "count": 3}},
        {"of": "categories", "ids": ["a"]},
        {"of": "categories", "ids": ["b", "c"], "without_products": ["b-1"]},
        {"of": "products", "ids": ["a-0", "b-1"]},
    ]
)


def documents(kind: str, required: dict[str, Any], optional: dict[str, Any]) -> Any:
    """Return a strategy of rules of one kind."""
    return st.fixed_dictionaries({"kind": st.just(kind), **required}, optional=optional)


PERCENT = st.fixed_dictionaries(
    {"is": st.just("percent"), "basis_points": SHARES},
    optional={"base": BASES, "round": st.sampled_from(["discount", "price"])},
)
LESS = st.fixed_dictionaries({"is": st.just("amount"), "amount": MONEY})
FIXED = st.fixed_dictionaries({"is": st.just("fixed"), "amount": MONEY})
BENEFITS = st.one_of(PERCENT, LESS, FIXED)
NAMED = st.fixed_dictionaries(
    {"from": st.just("named"), "bought": TARGETS, "rewarded": TARGETS}
)  # fmt: skip
ADDED = st.just({"from": "added", "product": "cup"})


def steps(off: Any, values: st.SearchStrategy[int]) -> Any:
    """Return a strategy of steps that rise."""
    return st.lists(values, min_size=1, max_size=4, unique=True).flatmap(
        lambda starts: st.tuples(
            *[
                st.fixed_dictionaries({"at_least": st.just(start), "off": off})
                for start in sorted(starts)
            ]
        )
    )


SETS_OF_GOODS = {
    "buy_n_get_m": documents(
        "buy_n_get_m",
        {"buy": FEW, "get": FEW},
        {
            "off": BENEFITS, "which": WHICH, "rank": st.sampled_from(["over_set", "over_all"]),
            "partial": st.booleans(), "repeats": st.booleans(), "share": st.booleans(),
            "reward": NAMED,
        },
    ),
    "buy_n_add_m": documents(
        "buy_n_get_m", {"buy": FEW, "get": FEW, "reward": ADDED}, {"repeats": st.booleans()}
    ),
    "every_nth": documents(
        "every_nth",
        {"n": FEW, "off": BENEFITS},
        {
            "across": st.sampled_from(["vertical", "horizontal"]),
            "within": st.sampled_from(["product", "category"]), "order": ORDERS,
        },
    ),
    "set_price": documents(
        "set_price",
        {
            "components": st.lists(
                st.fixed_dictionaries({"target": TARGETS}, optional={"count": FEW}),
                min_size=1, max_size=3,
            ),
            "off": BENEFITS,
        },
        {"first": WHICH, "repeats": st.booleans()},
    ),
}  # fmt: skip

AMOUNTS_AND_STEPS = {
    "fixed_price": documents("fixed_price", {"amount": MONEY}, {"per": PERS}),
    "ladder": documents(
        "ladder",
        {"steps": steps(BENEFITS, st.integers(0, 12))},
        {
            "by": st.sampled_from(["quantity", "money"]), "measured": BASES, "per": PERS,
            "over": st.sampled_from(["line", "product", "selection", "order"]),
            "strict": st.booleans(),
        },
    ),
    "ladder_by_unit": documents(
        "ladder",
        {"steps": steps(BENEFITS, st.integers(0, 12)), "mode": st.just("progressive")},
        {"over": st.sampled_from(["line", "product", "selection"]), "order": ORDERS},
    ),
    "ladder_by_money": documents(
        "ladder",
        {
            "steps": steps(
                st.fixed_dictionaries({"is": st.just("percent"), "basis_points": SHARES}), MONEY
            ),
            "mode": st.just("progressive"), "by": st.just("money"),
        },
        {"over": st.sampled_from(["line", "product", "selection"])},
    ),
    "spend_threshold": documents(
        "spend_threshold",
        {"amount": st.integers(1, 3_000), "gifts": st.just([{"product": "cup", "count": 2}])},
        {
            "off": LESS, "measured": BASES, "strict": st.booleans(), "every": st.booleans(),
            "per": PERS, "coupons": st.just([{"coupon": "next"}]),
        },
    ),
    "coupon": documents(
        "coupon",
        {
            "get": st.one_of(
                BENEFITS,
                st.fixed_dictionaries({"is": st.just("free"), "count": FEW, "which": WHICH}),
                st.just({"is": "gift", "product": "cup"}),
            )
        },
        {"per": PERS},
    ),
}  # fmt: skip

KINDS = SETS_OF_GOODS | AMOUNTS_AND_STEPS


@st.composite
def runnings(draw: st.DrawFn) -> Running:
    """A basket after whatever earlier rules have taken off."""
    lines = []
    for _ in range(draw(st.integers(1, 5))):
        name = f"{draw(st.sampled_from('abc'))}-{draw(st.integers(0, 1))}"
        weighed = draw(st.integers(0, 4)) == 0
        quantity = "2.345" if weighed else str(draw(st.integers(1, 6)))
        lines.append(goods(name, draw(st.sampled_from([0, 1, 10, 333, 999, 1_500])), quantity))
    odd = draw(st.sampled_from(ODD_CENTS))
    running = start(tuple(lines), draw(st.sampled_from(["half_up", "half_even", "down"])), odd)
    cuts = [
        Cut(i, tuple(draw(st.sampled_from([0, 0, 1, 7, unit])) for unit in units))
        for i, units in enumerate(running.units)
    ]
    running.take(running.fitting(cuts))
    return running


@st.composite
def selections(draw: st.DrawFn, running: Running) -> Selection:
    """Some units of some lines."""
    some = []
    for i, units in enumerate(running.units):
        places = draw(st.sets(st.integers(0, len(units) - 1))) if draw(st.booleans()) else None
        chosen = range(len(units)) if places is None else sorted(places)
        if chosen:
            some.append(Picked(i, chosen))
    return some
