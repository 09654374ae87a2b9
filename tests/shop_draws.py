"""Baskets and bundles for tests: a small shop, and what Hypothesis may draw from it."""

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from edge.shop.basket import Basket, Line, Product
from edge.shop.member import Member
from edge.shop.pricing import Moment, compile_rules, moment, price
from edge.shop.rules import decode
from edge.shop.sale import Quote

AT = moment(1_795_312_800_000, "Asia/Shanghai")
HASH = "b" * 64
CATEGORIES = ("bread", "meat", "books")
TIERS = ("", "silver", "gold")
TAX = {"food": 900, "fresh": 900, "standard": 1300, "free": 0}
PRODUCTS = tuple(
    Product(
        id=f"p{i}", name_zh=f"品{i}", name_en=f"P{i}", category=CATEGORIES[i % 3],
        unit="kg" if i % 3 == 1 else "piece", price=amount, tax_class=list(TAX)[i % 4],
        discountable=i != 6, reduced=i == 7, floor=amount // 2 if i == 8 else None,
    )
    for i, amount in enumerate((10, 665, 3590, 1, 999, 12345, 2500, 400, 6001, 0))
)  # fmt: skip


def bundle(rules: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "format": "edgebox.bundle.v1", "version": 1, "store": "corner", "currency": "CNY",
        "exponent": 2, "zone": "Asia/Shanghai", "valid_from": 0, "valid_until": 1, "tax": TAX,
        "tiers": [{"id": tier, "name_zh": tier, "name_en": tier} for tier in TIERS if tier],
        "groups": [
            {"id": "g-all", "mode": "all"},
            {"id": "g-first", "mode": "first"},
            {"id": "g-guest", "mode": "best_for_guest", "priority": 2},
            {"id": "g-shop", "mode": "best_for_shop", "within": "g-guest"},
        ],
        "rules": rules or [],
    } | more  # fmt: skip


def quote(basket: Basket, document: dict[str, Any], at: Moment = AT) -> Quote:
    rules = compile_rules(decode(msgspec.json.encode(document)), HASH)
    return price(basket, rules, at, "pc_pos", 7)


def rule(kind: str, name: str = "r", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": kind, "id": name, "name_zh": name, "name_en": name}
    if kind != "points_earn":
        made["stage"] = 3
    return made | more


def basket(*quantities: tuple[int, str], tier: str | None = None) -> Basket:
    """Return a basket of (number of the product, quantity) for a member, or a guest if None."""
    lines = [
        Line(product=PRODUCTS[i], code=f"c{i}", quantity=Decimal(q), unit_price=PRODUCTS[i].price)
        for i, q in quantities
    ]
    return Basket(tuple(lines), None if tier is None else Member("m-1", tier=tier))


# --- what any basket and any bundle may look like -------------------------------------------------

TARGETS = st.one_of(
    st.just({"of": "all"}),
    st.lists(st.sampled_from([p.id for p in PRODUCTS]), min_size=1, max_size=3, unique=True).map(
        lambda ids: {"of": "products", "ids": ids}
    ),
    st.sampled_from(CATEGORIES).map(lambda name: {"of": "categories", "ids": [name]}),
)
CONDITIONS = st.one_of(
    st.just({"is": "member"}),
    st.sampled_from(TIERS[1:]).map(lambda tier: {"is": "tier", "any_of": [tier]}),
    st.builds(
        lambda amount, base, over: {"is": "at_least", "amount": amount, "base": base, "over": over},
        st.integers(1, 30_000),
        st.sampled_from(["list", "payable"]),
        st.sampled_from(["order", "target"]),
    ),
    st.just({"is": "terminal", "kinds": ["pc_pos"]}),
    st.sampled_from(["2026-11-21", "2026-11-22"]).map(
        lambda day: {"is": "dates", "from": "2026-11-01", "until": day}
    ),
)
SHARES = st.integers(0, 10_000)
EFFECTS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(
        lambda share, per, base: {
            "kind": "percent_off", "basis_points": share, "per": per, "base": base
        },
        SHARES, st.sampled_from(["line", "order"]), st.sampled_from(["remaining", "list"]),
    ),
    st.builds(
        lambda amount, per: {"kind": "amount_off", "amount": amount, "per": per},
        st.integers(0, 20_000), st.sampled_from(["unit", "line", "order"]),
    ),
    st.builds(
        lambda amount: {"kind": "member_price", "price": {"is": "fixed", "amount": amount}},
        st.integers(0, 10_000),
    ),
    SHARES.map(
        lambda share: {"kind": "member_price", "price": {"is": "percent", "basis_points": share}}
    ),
)  # fmt: skip


@st.composite
def discounts(draw: st.DrawFn) -> list[dict[str, Any]]:
    rules = []
    for number in range(draw(st.integers(0, 6))):
        group = draw(st.sampled_from(["", "g-all", "g-first", "g-guest", "g-shop"]))
        rules.append(
            {
                "id": f"r{number}", "name_zh": "规则", "name_en": "rule",
                "stage": 3 if group else draw(st.sampled_from([2, 3, 4])),
                "group": group, "priority": draw(st.integers(0, 2)),
                "target": draw(TARGETS), "when": draw(st.lists(CONDITIONS, max_size=2)),
                "spare_reduced": draw(st.booleans()),
            }
            | draw(EFFECTS)
        )  # fmt: skip
    return rules


EARNING = st.lists(
    st.builds(
        lambda points, per, gold, target: rule(
            "points_earn", points=points, per=per, multipliers={"gold": gold}, target=target
        ),
        st.integers(0, 20), st.integers(1, 999), st.integers(0, 30_000), TARGETS,
    ),
    max_size=3,
).map(lambda rules: [earn | {"id": f"e{i}"} for i, earn in enumerate(rules)])  # fmt: skip


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    quantities = []
    for _ in range(draw(st.integers(1, 6))):
        i = draw(st.integers(0, len(PRODUCTS) - 1))
        if PRODUCTS[i].unit == "kg":
            quantities.append((i, str(Decimal(draw(st.integers(1, 5_000))).scaleb(-3))))
        else:
            quantities.append((i, str(draw(st.integers(1, 12)))))
    return basket(*quantities, tier=draw(st.sampled_from([None, *TIERS])))


DOCUMENTS = st.builds(lambda some, earn: bundle(some + earn), discounts(), EARNING)
