"""Baskets and bundles for tests: a small shop, and what Hypothesis may draw from it."""

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from edge.shop.basket import Basket, Line, Product
from edge.shop.bundle import decode
from edge.shop.member import Member
from edge.shop.pricing import Asked, Moment, compile_rules, moment, price
from edge.shop.sale import CouponShown, Quote

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


def quote(
    basket: Basket, document: dict[str, Any], at: Moment = AT, more: Asked | None = None
) -> Quote:
    rules = compile_rules(decode(msgspec.json.encode(document)), HASH)
    return price(basket, rules, at, "pc_pos", 7, more=more or Asked(catalogue=Shelf()))


class Shelf:
    """Where gifts are taken from: the goods of the small shop."""

    def product(self, id: str) -> Product | None:
        return next((product for product in PRODUCTS if product.id == id), None)


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


# --- everything a bundle may say about prices -----------------------------------------------------

BENEFITS = st.one_of(
    SHARES.map(lambda share: {"is": "percent", "basis_points": share}),
    st.integers(0, 5_000).map(lambda amount: {"is": "amount", "amount": amount}),
    st.integers(0, 5_000).map(lambda amount: {"is": "fixed", "amount": amount}),
)
PER = st.sampled_from(["unit", "line", "order"])
MORE_EFFECTS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    EFFECTS,
    st.builds(
        lambda share, base, round_: {
            "kind": "percent_off", "basis_points": share, "per": "unit", "base": base,
            "round": round_,
        },
        SHARES, st.sampled_from(["remaining", "list"]), st.sampled_from(["discount", "price"]),
    ),
    st.builds(
        lambda amount, per: {"kind": "fixed_price", "amount": amount, "per": per},
        st.integers(0, 9_000), PER,
    ),
    st.builds(
        lambda buy, get, off: {"kind": "buy_n_get_m", "buy": buy, "get": get, "off": off},
        st.integers(1, 3), st.integers(1, 3), BENEFITS,
    ),
    st.builds(
        lambda n, off: {"kind": "every_nth", "n": n, "off": off}, st.integers(1, 4), BENEFITS
    ),
    st.builds(
        lambda least, off, by: {
            "kind": "ladder", "by": by, "steps": [{"at_least": least, "off": off}]
        },
        st.integers(1, 9), BENEFITS, st.sampled_from(["quantity", "money"]),
    ),
    st.builds(
        lambda amount, off, gift: {
            "kind": "spend_threshold", "amount": amount, "every": True,
            "off": {"is": "amount", "amount": off}, "gifts": [{"product": gift}],
        },
        st.integers(500, 9_000), st.integers(1, 900), st.sampled_from(["p3", "p5", "gone"]),
    ),
)  # fmt: skip
LIMITS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.one_of(
        st.builds(
            lambda most, of, per: {"max": most, "of": of, "per": per},
            st.integers(1, 5), st.sampled_from(["uses", "units"]),
            st.sampled_from(["order", "member", "day", "total"]),
        ),
        st.builds(
            lambda most, per: {"max": most, "of": "amount", "per": per},
            st.integers(1, 3_000), st.sampled_from(["unit", "line", "order", "store"]),
        ),
    ),
    max_size=2,
    unique_by=lambda limit: (limit["of"], limit["per"]),
)  # fmt: skip
GROUPS: list[dict[str, Any]] = [
    {"id": "g-all", "mode": "all"},
    {"id": "g-first", "mode": "first"},
    {"id": "g-guest", "mode": "best_for_guest", "priority": 2},
    {"id": "g-shop", "mode": "best_for_shop", "within": "g-guest"},
    {"id": "u-first", "mode": "first", "scope": "unit"},
    {"id": "u-guest", "mode": "best_for_guest", "scope": "unit"},
    {"id": "u-in", "mode": "all", "within": "u-guest"},
    {"id": "u-shop", "mode": "best_for_shop", "scope": "unit", "priority": 1},
]
ORDERS = ["priority_high", "priority_low", "kind", "largest_saving"]


@st.composite
def more_discounts(draw: st.DrawFn) -> list[dict[str, Any]]:
    rules = []
    for number in range(draw(st.integers(0, 7))):
        group = draw(st.sampled_from(["", "", *[str(group["id"]) for group in GROUPS]]))
        alone = ["no", "no", "level", "after", "everything", *(["group"] if group else [])]
        rules.append(
            {
                "id": f"r{number}", "name_zh": "规则", "name_en": "rule",
                "stage": 3 if group.startswith("u") else draw(st.sampled_from([2, 3, 4])),
                "group": group, "priority": draw(st.integers(0, 2)),
                "target": draw(TARGETS), "when": draw(st.lists(CONDITIONS, max_size=1)),
                "spare_reduced": draw(st.booleans()), "limits": draw(LIMITS),
                "overflow": draw(st.sampled_from(["lost", "moves", "drops"])),
                "exclusive": draw(st.sampled_from(alone)),
            }
            | draw(MORE_EFFECTS)
        )  # fmt: skip
    return rules


COUPONS = st.lists(
    st.builds(
        lambda get, per, group: rule("coupon", stage=5, get=get, per=per, group=group),
        BENEFITS, PER, st.sampled_from(["", "g-first"]),
    ),
    max_size=2,
).map(lambda rules: [coupon | {"id": f"c{i}"} for i, coupon in enumerate(rules)])  # fmt: skip
CHARGES = st.lists(
    st.builds(
        lambda amount, tax: rule("charge", "bag", amount=amount, tax_class=tax),
        st.integers(0, 900)
        | st.fixed_dictionaries(
            {"basis_points": st.integers(0, 10_000)},
            optional={"minimum": st.integers(0, 50), "maximum": st.integers(50, 900)},
        ),
        st.sampled_from(list(TAX)),
    ),
    max_size=1,
)  # fmt: skip
REDEEMING = st.lists(
    st.builds(
        lambda cap: rule("points_redeem", "pay", points=10, amount=7, step=10, cap=cap),
        st.integers(0, 10_000),
    ),
    max_size=1,
)
NO_STAGE = ("points_earn", "charge", "points_redeem")
MORE_DOCUMENTS = st.builds(
    lambda some, coupons, others, order, odd_cent, base, most: bundle(
        [
            {k: v for k, v in each.items() if k != "stage" or each["kind"] not in NO_STAGE}
            for each in [*some, *coupons, *others]
        ],
        groups=GROUPS, odd_cent=odd_cent, running_base=base, combinations_max=most,
        stages=[
            {"number": 2, "name": "members", "level": "lines"},
            {"number": 3, "name": "lines", "level": "lines", "order": order,
             "kinds": ["ladder", "amount_off"] if order == "kind" else []},
            {"number": 4, "name": "order", "level": "order", "order": order,
             "kinds": ["percent_off"] if order == "kind" else []},
            {"number": 5, "name": "coupons", "level": "order"},
        ],
    ),
    more_discounts(), COUPONS, st.builds(lambda a, b, c: a + b + c, EARNING, CHARGES, REDEEMING),
    st.sampled_from(ORDERS), st.sampled_from(["largest_remainder", "first", "last"]),
    st.sampled_from(["rounded", "exact"]), st.sampled_from([2, 64]),
)  # fmt: skip
ASKED = st.builds(
    lambda types, redeem, held, used: Asked(
        coupons=tuple([CouponShown(id=f"x{i}", type=kind) for i, kind in enumerate(types)]),
        redeem=redeem, redeemable=held, counters=used, catalogue=Shelf(),
    ),
    st.lists(st.sampled_from(["c0", "c1", "gone"]), max_size=3),
    st.one_of(st.just("max"), st.integers(0, 500)), st.integers(0, 900),
    st.dictionaries(
        st.sampled_from(
            [f"r{i}|{of}|{per}" for i in range(3)
             for of, per in (("uses", "day"), ("units", "total"), ("amount", "store"))]
        ),
        st.integers(0, 9),
    ),
)  # fmt: skip
"""What a guest shows and wishes; most coupons are of types that MORE_DOCUMENTS may know."""
