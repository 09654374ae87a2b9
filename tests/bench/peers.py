"""Others that price baskets, each with the same rules and the same goods as ours.

Equal work, and where it is not, the other one has less of it:

zen-engine: a decision table with a row for each rule (so many percent off an article, a category,
or a category for a tier, from so many units on), asked in one call for all lines. It answers
which rows each line met: all of them (hit policy `collect`), or the one that stands first (`first`;
ours is then a group `first` of scope `unit`). We answer the same, and besides take it off, one
after the other, round it, share it over units, and sum up totals and tax. Both must name the same
rules in the same order for every line before anything is timed.

django-oscar: its own offer applicator on a basket that is loaded, SQLite in memory, a site offer
for each rule (count condition of 1, percentage benefit, a range of one article). Both must come
to the same discounts, line by line. Oscar looks its offers up in its database each time, as it
does in a shop; we have compiled ours, as we do in a shop. What a bundle costs to compile is told
beside it.
"""

import importlib
import json
import os
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Literal, NamedTuple

import msgspec

from edge.shop.pricing import RuleSet, price
from edge.shop.sale import Quote
from tests.bench.supermarket import AT, LINES, TIERS, Rule, basket, bundle, compiled, product

Priced = Callable[[], Any]
"""Prices one basket."""

Hit = Literal["collect", "first"]
"""Which rows of a decision table count: all that hold, or the first of them."""


class Missing(Exception):
    """A peer that is not installed; says how to get it."""


class Different(Exception):
    """A peer that answers something else: figures about it would mean nothing."""


def ours(rules: RuleSet, numbers: Sequence[int], units: int = 1) -> Callable[[], Quote]:
    """Return what prices these articles by our rules: pieces, each in a category of its own."""
    goods = basket([(msgspec.structs.replace(product(number), unit="piece", category=f"c{number}"),
                     str(units)) for number in numbers])  # fmt: skip
    return lambda: price(goods, rules, AT, "pc_pos", 1)


def _installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Missing(f"{error}; make bench installs it (the extra `bench`)") from None


# --- zen-engine -----------------------------------------------------------------------------------

UNITS = 2
"""How many of each article are in the basket: a third of the rules ask for more."""


def zen(rules: int, hit: Hit) -> tuple[Priced, Priced]:
    """Return our way and zen-engine's to price the same basket by so many rules."""
    engine = _installed("zen").ZenEngine()
    rows = [_row(place, rules) for place in range(rules)]
    numbers = [place * (rules // 4) // LINES for place in range(LINES)]
    mine = ours(compiled(_bundle(rows, hit)), numbers, UNITS)
    decision = engine.create_decision(json.dumps(_model(rows, hit)))
    asked = {
        "lines": [
            {"article": f"p{number}", "category": f"c{number}", "tier": "gold", "units": UNITS}
            for number in numbers
        ]
    }

    def theirs() -> Any:
        return decision.evaluate(asked)["result"]["met"]

    met = [[one] if hit == "first" else one for one in theirs()]
    _same(
        [[adjustment.rule for adjustment in line.adjustments] for line in mine().lines],
        [[row["rule"] for row in held if row] for held in met],
    )
    return mine, theirs


class Row(NamedTuple):
    """A rule as a row of a table: what it is about, how many it takes, basis points off."""

    article: str
    category: str
    tier: str
    units: int
    off: int


def _row(place: int, rules: int) -> Row:
    """Return a row: two for an article, one for a category, one for a tier in a category."""
    units, off, number = 1 + place * 7 % 3, 100 + place % 9 * 100, place // 4
    match place % 4:
        case 2:
            return Row("", f"c{number}", "", units, off)
        case 3:
            return Row("", f"c{number}", TIERS[number % 2], units, off)
        case half:
            return Row(f"p{number + half * (rules // 4)}", "", "", units, off)


def _bundle(rows: Sequence[Row], hit: Hit) -> dict[str, Any]:
    """Return our bundle of a table. First: whatever comes first takes a unit for itself."""
    rules: list[Rule] = []
    for place, row in enumerate(rows):
        of = ("products", row.article) if row.article else ("categories", row.category)
        when: list[Rule] = [{"is": "count_at_least", "count": row.units, "over": "target"}]
        if row.tier:
            when.append({"is": "tier", "any_of": [row.tier]})
        rules.append({
            "kind": "percent_off", "stage": 3, "priority": len(rows) - place, "when": when,
            "target": {"of": of[0], "ids": [of[1]]}, "basis_points": row.off,
            "group": "table" if hit == "first" else "",
        })  # fmt: skip
    return bundle(rules, groups=[{"id": "table", "mode": "first", "scope": "unit"}])


def _model(rows: Sequence[Row], hit: Hit) -> dict[str, Any]:
    """Return a JSON decision model: input, a decision table that takes every line, output."""
    columns = ("article", "category", "tier")
    cells = [
        {name: f'"{value}"' if value else "" for name, value in zip(columns, row, strict=False)}
        | {"_id": f"r{place}", "units": f">= {row.units}", "rule": f'"r{place}"',
           "off": str(row.off)}
        for place, row in enumerate(rows)
    ]  # fmt: skip
    content = {
        "hitPolicy": hit, "rules": cells, "passThrough": False, "executionMode": "loop",
        "inputField": "lines", "outputPath": "met",
        "inputs": [{"id": name, "field": name, "name": name} for name in (*columns, "units")],
        "outputs": [{"id": name, "field": name, "name": name} for name in ("rule", "off")],
    }  # fmt: skip
    place = {"x": 0, "y": 0}
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", "position": place},
            {"id": "table", "type": "decisionTableNode", "name": "table", "position": place,
             "content": content},
            {"id": "out", "type": "outputNode", "name": "out", "position": place},
        ],
        "edges": [
            {"id": "1", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "2", "sourceId": "table", "targetId": "out", "type": "edge"},
        ],
    }  # fmt: skip


def _same(mine: Sequence[object], theirs: Sequence[object]) -> None:
    if list(mine) != list(theirs) or not any(mine):
        raise Different(f"we say {mine}, they say {theirs}")


# --- django-oscar ---------------------------------------------------------------------------------


def oscar(offers: int) -> tuple[Priced, Priced]:
    """Return our way and django-oscar's to price the same basket by so many offers."""
    start_oscar()
    loading = _installed("oscar.core.loading")
    applicator = loading.get_class("offer.applicator", "Applicator")()
    nobody = _installed("django.contrib.auth.models").AnonymousUser()
    numbers = [place * offers // LINES for place in range(LINES)]
    off = {number: 5 + number % 20 for number in range(offers)}
    theirs_basket = _oscars_basket(loading, numbers, off)
    rules: list[Rule] = [
        {"kind": "percent_off", "stage": 3, "basis_points": 100 * percent,
         "target": {"of": "products", "ids": [f"p{number}"]}}
        for number, percent in off.items()
    ]  # fmt: skip
    mine = ours(compiled(bundle(rules)), numbers)

    def theirs() -> Any:
        theirs_basket.reset_offer_applications()
        applicator.apply(theirs_basket, nobody)
        return theirs_basket

    discounts = [int(line.discount_value * 100) for line in theirs().all_lines()]
    _same([line.line.list_amount - line.net for line in mine().lines], discounts)
    return mine, theirs


def _oscars_basket(loading: Any, numbers: Sequence[int], off: dict[int, int]) -> Any:
    """Return a basket of these articles in a database of as many offers."""
    models = {name: loading.get_model("offer", name) for name in _OFFER}
    factories = _installed("oscar.test.factories")
    articles = {
        number: factories.create_product(
            price=Decimal(product(number).price) / 100, num_in_stock=1_000
        )
        for number in off
    }
    for number, percent in off.items():
        some = models["Range"].objects.create(name=f"range {number}")
        some.add_product(articles[number])
        models["ConditionalOffer"].objects.create(
            name=f"offer {number}",
            condition=models["Condition"].objects.create(range=some, type="Count", value=1),
            benefit=models["Benefit"].objects.create(range=some, type="Percentage", value=percent),
        )
    made = loading.get_model("basket", "Basket").objects.create()
    made.strategy = loading.get_class("partner.strategy", "Selector")().strategy()
    for number in numbers:
        made.add_product(articles[number])
    return made


_OFFER = ("Range", "Condition", "Benefit", "ConditionalOffer")


@cache
def start_oscar() -> None:
    """Configure Django in this process, once, with oscar's own defaults and tables in memory."""
    defaults = vars(_installed("oscar.defaults"))
    conf, django = _installed("django.conf"), _installed("django")
    # The bench runs in an event loop, which Django rightly does not trust; nothing else runs then.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    conf.settings.configure(
        SECRET_KEY="bench",
        USE_TZ=True,
        SITE_ID=1,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        HAYSTACK_CONNECTIONS={
            "default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}
        },
        INSTALLED_APPS=_APPS,
        MIGRATION_MODULES=_NoMigrations(),
        **{name: value for name, value in defaults.items() if name.startswith("OSCAR_")},
    )
    django.setup()
    _installed("django.core.management").call_command("migrate", run_syncdb=True, verbosity=0)


class _NoMigrations(dict[str, None]):
    """Tables are made from the models as they are."""

    def __contains__(self, app: object) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


_DJANGO = ("admin", "auth", "contenttypes", "sessions", "messages", "sites", "flatpages")
_DASHBOARD = (
    "reports", "users", "orders", "catalogue", "offers", "partners", "pages", "ranges", "reviews",
    "vouchers", "communications", "shipping",
)  # fmt: skip
_OSCAR = (
    "analytics", "checkout", "address", "shipping", "catalogue", "communication", "partner",
    "basket", "payment", "offer", "order", "customer", "search", "voucher", "wishlists",
    "dashboard",
)  # fmt: skip
_APPS = [
    *[f"django.contrib.{name}" for name in _DJANGO],
    "oscar.config.Shop",
    *[f"oscar.apps.{name}.apps.{name.title()}Config" for name in _OSCAR],
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    *[f"oscar.apps.dashboard.{name}.apps.{name.title()}DashboardConfig" for name in _DASHBOARD],
    "widget_tweaks", "haystack", "treebeard", "django_tables2",
]  # fmt: skip
