"""Groups: who may act beside whom, and which choice is the best for whom."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edge.shop.basket import Basket
from edge.shop.sale import Quote
from tests.shop_draws import (
    EFFECTS,
    TARGETS,
    basket,
    baskets,
    bundle,
    quote,
    rule,
)

Rules = list[dict[str, Any]]

MODES = ("best_for_guest", "best_for_shop")


def group(name: str, mode: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "mode": mode, **more}


def applied(made: Quote) -> list[str]:
    return [note.rule for note in made.applied]


# --- a best-of group is decided by the final total ------------------------------------------------


@st.composite
def competing(draw: st.DrawFn) -> Rules:
    """Rules for the whole order in three groups, one of them with rules that belong together."""
    rules = []
    for number in range(draw(st.integers(1, 7))):
        payable = {"is": "at_least", "amount": draw(st.integers(1, 9_000)), "base": "payable"}
        rules.append(
            rule("", f"r{number}", priority=draw(st.integers(0, 2)))
            | {
                "stage": draw(st.sampled_from([3, 4])),
                "group": draw(st.sampled_from(["", "a", "b", "b-both", "c"])),
                "when": draw(st.sampled_from([[], [payable]])),
            }
            | draw(EFFECTS)
        )
    return rules


def three(mode_a: str, mode_b: str, mode_c: str) -> Rules:
    return [
        group("a", mode_a), group("b", mode_b, priority=1), group("c", mode_c),
        group("b-both", "all", within="b"),
    ]  # fmt: skip


def child(each: dict[str, Any], name: str) -> str | None:
    """Return which child of a group a rule is, or is inside of."""
    if name == "b" and each["group"] == "b-both":
        return "b-both"
    return str(each["id"]) if each["group"] == name else None


def in_turn(rules: Rules) -> Rules:
    """Return the rules in the order of their turns, as the bundle declares it."""
    order = {"a": 0, "b": -1, "c": 0}

    def turn(each: dict[str, Any]) -> list[Any]:
        own = (-each["priority"], each["id"])
        if each["group"] == "b-both":
            return [each["stage"], (order["b"], "b"), (0, "b-both"), own]
        if each["group"]:
            return [each["stage"], (order[each["group"]], each["group"]), own]
        return [each["stage"], own]

    return sorted(rules, key=turn)


def brute(bought: Basket, rules: Rules, modes: dict[str, str], left: list[str]) -> Quote:
    """Choose by pricing every combination on its own: no group is left in what is priced."""
    if not left:
        plain = [each | {"group": "all"} for each in rules]
        placed = {each["id"]: each["group"] for each in rules}
        free = [each | {"group": placed[each["id"]]} for each in plain]
        return quote(bought, bundle(free, groups=three("all", "all", "all")))
    name, rest = left[0], left[1:]
    children = list(dict.fromkeys(c for each in rules if (c := child(each, name))))
    ends = []
    for one in children:
        kept = [each for each in rules if child(each, name) in {None, one}]
        end = brute(bought, kept, modes, rest)
        mine = {each["id"] for each in kept if child(each, name) == one}
        if mine & set(applied(end)):
            ends.append(end)
    if not ends:
        return brute(bought, [each for each in rules if not child(each, name)], modes, rest)
    best = min if modes[name] == "best_for_guest" else max
    return best(ends, key=lambda end: end.total)


@given(baskets(), competing(), st.tuples(*[st.sampled_from(MODES)] * 3))
def test_the_best_is_what_trying_every_combination_finds(
    bought: Basket, rules: Rules, modes: tuple[str, str, str]
) -> None:
    made = quote(bought, bundle(rules, groups=three(*modes), combinations_max=4_096))
    turns = in_turn(rules)
    names = list(
        dict.fromkeys("b" if each["group"] == "b-both" else each["group"] for each in turns)
    )
    tried = brute(
        bought, turns, dict(zip("abc", modes, strict=True)), [name for name in names if name]
    )
    assert made.total == tried.total
    assert applied(made) == applied(tried)
    assert made.best == "final_total"


@given(baskets(), competing(), EFFECTS, st.integers(0, 2))
def test_one_more_choice_never_costs_the_guest_more(
    bought: Basket, rules: Rules, effect: dict[str, Any], priority: int
) -> None:
    """In a group where something took effect: that nothing does is no choice."""
    groups = three(*["best_for_guest"] * 3)
    before = quote(bought, bundle(rules, groups=groups, combinations_max=4_096))
    more = rule("", "more", priority=priority, group="a", stage=4) | effect
    after = quote(bought, bundle([*rules, more], groups=groups, combinations_max=4_096))
    if any(each["group"] == "a" and each["id"] in applied(before) for each in rules):
        assert after.total <= before.total


def test_the_final_total_decides_and_not_what_a_rule_saves_itself() -> None:
    """12.00 off at once loses 20.00 off above 95.00; 10.00 off keeps it."""
    rules = [
        rule("amount_off", "twelve", stage=3, group="g", per="order", amount=3_000, priority=5),
        rule("amount_off", "ten", stage=3, group="g", per="order", amount=1_000),
        rule(
            "amount_off", "later", stage=4, per="order", amount=2_500,
            when=[{"is": "at_least", "amount": 11_000}],
        ),
    ]  # fmt: skip
    bought = basket((5, "1"))
    for mode, chosen in (("best_for_guest", ["ten", "later"]), ("best_for_shop", ["twelve"])):
        made = quote(bought, bundle(rules, groups=[group("g", mode)]))
        assert applied(made) == chosen


def test_charges_count_for_the_final_total() -> None:
    """One more off makes the bill fall below free delivery."""
    rules = [
        rule("amount_off", "more", stage=3, group="g", per="order", amount=2_400),
        rule("amount_off", "less", stage=3, group="g", per="order", amount=2_300),
        {
            "kind": "charge", "id": "delivery", "name_zh": "运费", "name_en": "Delivery",
            "amount": 800, "steps": [{"at_least": 10_000, "amount": 0}], "tax_class": "standard",
        },
    ]  # fmt: skip
    made = quote(basket((5, "1")), bundle(rules, groups=[group("g", "best_for_guest")]))
    assert (applied(made), made.total) == (["less"], 10_045)
    made = quote(basket((5, "1")), bundle(rules, groups=[group("g", "best_for_shop")]))
    assert (applied(made), made.total) == (["more"], 10_745)
    assert [(line.kind, line.net) for line in made.lines] == [("goods", 9_945), ("charge", 800)]


def test_beyond_the_bound_groups_are_decided_one_after_the_other_and_it_is_said() -> None:
    """Alone the larger is better; together with the second group the smaller would be."""
    rules = [
        rule("amount_off", "large", stage=3, group="a", per="order", amount=3_000),
        rule("amount_off", "small", stage=3, group="a", per="order", amount=1_000),
        rule(
            "amount_off", "needs", stage=4, group="c", per="order", amount=2_500,
            when=[{"is": "at_least", "amount": 11_000}],
        ),
        rule("amount_off", "always", stage=4, group="c", per="order", amount=1),
    ]  # fmt: skip
    groups = [group("a", "best_for_guest"), group("c", "best_for_guest")]
    bought = basket((5, "1"))
    within = quote(bought, bundle(rules, groups=groups, combinations_max=4))
    assert (within.best, applied(within)) == ("final_total", ["small", "needs"])
    beyond = quote(bought, bundle(rules, groups=groups, combinations_max=3))
    assert (beyond.best, applied(beyond)) == ("own_saving", ["large", "always"])


def test_beyond_the_bound_a_group_inside_a_choice_still_decides() -> None:
    rules = [
        rule("amount_off", "a1", stage=3, group="inner", per="order", amount=300),
        rule("amount_off", "a2", stage=3, group="inner", per="order", amount=500),
        rule("amount_off", "b1", stage=3, group="outer", per="order", amount=400),
    ]
    groups = [group("outer", "best_for_guest"), group("inner", "best_for_guest", within="outer")]
    for most in (1, 64):
        made = quote(basket((5, "1")), bundle(rules, groups=groups, combinations_max=most))
        assert applied(made) == ["a2"]


@given(baskets(), competing(), st.tuples(*[st.sampled_from(MODES)] * 3))
def test_beyond_the_bound_one_child_of_each_group_acts_all_the_same(
    bought: Basket, rules: Rules, modes: tuple[str, str, str]
) -> None:
    made = quote(bought, bundle(rules, groups=three(*modes), combinations_max=1))
    for name in ("a", "b", "c"):
        acted = {child(each, name) for each in rules if each["id"] in applied(made)} - {None}
        assert len(acted) <= 1


# --- first ----------------------------------------------------------------------------------------


def test_the_first_that_takes_effect_excludes_the_others_in_later_stages_too() -> None:
    rules = [
        rule("member_price", "vip", stage=2, group="g", price={"is": "fixed", "amount": 1},
             when=[{"is": "member"}]),
        rule("amount_off", "line", stage=3, group="g", amount=10),
        rule("amount_off", "order", stage=4, group="g", amount=10, per="order"),
    ]  # fmt: skip
    document = bundle(rules, groups=[group("g", "first")])
    assert applied(quote(basket((5, "1")), document)) == ["line"]
    made = quote(basket((5, "1"), tier=""), document)
    assert applied(made) == ["vip"]
    assert [(note.rule, note.reason) for note in made.not_applied] == [
        ("line", "R-EXCLUDED-BY-GROUP"), ("order", "R-EXCLUDED-BY-GROUP"),
    ]  # fmt: skip


# --- scope unit -----------------------------------------------------------------------------------


@given(baskets(), st.lists(st.tuples(TARGETS, EFFECTS), max_size=4))
def test_every_unit_goes_to_who_lowers_it_most_or_least(
    bought: Basket, drawn: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    rules = [
        rule("", f"r{i}", target=target, group="g") | effect
        for i, (target, effect) in enumerate(drawn)
    ]
    alone = [_offs(quote(bought, bundle([each | {"group": ""}]))) for each in rules]
    for mode, best in (("best_for_guest", max), ("best_for_shop", min)):
        made = quote(bought, bundle(rules, groups=[group("g", mode, scope="unit")]))
        for place, off in _offs(made).items():
            assert off == best([offs[place] for offs in alone if offs[place]], default=0)
        for priced in made.lines:
            for units in zip(*[a.units for a in priced.adjustments], strict=True):
                assert sum(unit < 0 for unit in units) <= 1


def _offs(made: Quote) -> dict[tuple[int, int], int]:
    return {
        (i, place): -sum(a.units[place] for a in priced.adjustments)
        for i, priced in enumerate(made.lines)
        for place in range(len(priced.unit_nets))
    }


def test_a_unit_that_was_lowered_is_not_seen_by_later_children() -> None:
    """Three loaves: the first rule takes the cheapest two, the second what is left of them."""
    rules = [
        rule("amount_off", "two", amount=2, group="g", priority=1,
             target={"of": "all", "pick": {"which": "cheapest", "count": 2}}),
        rule("amount_off", "rest", amount=3, group="g"),
        rule("amount_off", "none", amount=4, group="g", priority=-1),
    ]  # fmt: skip
    made = quote(basket((0, "3")), bundle(rules, groups=[group("g", "first", scope="unit")]))
    assert [a.units for a in made.lines[0].adjustments] == [(-2, -2, 0), (0, 0, -3)]
    assert [(note.rule, note.reason) for note in made.not_applied] == [
        ("none", "R-EXCLUDED-BY-GROUP")
    ]


def test_rules_inside_one_child_may_lower_the_same_unit() -> None:
    rules = [
        rule("amount_off", "x1", amount=2, group="in"),
        rule("amount_off", "x2", amount=3, group="in"),
        rule("amount_off", "y", amount=4, group="g"),
    ]
    groups = [group("g", "best_for_guest", scope="unit"), group("in", "all", within="g")]
    made = quote(basket((0, "2")), bundle(rules, groups=groups))
    assert [(a.rule, a.units) for a in made.lines[0].adjustments] == [
        ("x1", (-2, -2)), ("x2", (-3, -3)),
    ]  # fmt: skip
    assert [(note.rule, note.reason) for note in made.not_applied] == [("y", "R-EXCLUDED-BY-GROUP")]


def test_of_equal_cuts_the_earlier_child_s_comes_true() -> None:
    rules = [
        rule("amount_off", name, amount=5, group="g", priority=priority)
        for name, priority in (("b", 1), ("a", 0), ("c", 1))
    ]
    for mode in MODES:
        document = bundle(rules, groups=[group("g", mode, scope="unit")])
        assert applied(quote(basket((0, "2")), document)) == ["b"]


def test_an_exclusive_rule_that_won_a_unit_keeps_out_the_other_winners() -> None:
    """One child wins the cheap unit, the other the dear one; only the first may act."""
    rules = [
        rule("amount_off", "sum", amount=9, group="g", exclusive="everything", priority=1),
        rule("percent_off", "share", basis_points=1_000, group="g"),
    ]
    document = bundle(rules, groups=[group("g", "best_for_guest", scope="unit")])
    made = quote(basket((0, "1"), (5, "1")), document)
    assert applied(made) == ["sum"]
    assert [(note.rule, note.reason) for note in made.not_applied] == [
        ("share", "R-EXCLUDED-BY-RULE")
    ]
