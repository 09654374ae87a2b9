"""The rules of bundles drawn at random: every kind, every condition, every field."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from tests.pricer.goods import Data

AMOUNTS = (0, 1, 5, 50, 99, 100, 300, 1_000)
SHARES = (0, 333, 500, 1_000, 1_234, 2_500, 5_000, 9_999, 10_000)
CATEGORIES = ("bread", "drinks", "books")
PERS = ("unit", "line", "order")
PERS_OF_LIMITS = ("order", "member", "day", "member_day", "store", "total")


def optional(luck: random.Random, chance: float, fields: Mapping[str, Sequence[Any]]) -> Data:
    """Return some of the fields, each with one of its values."""
    return {name: luck.choice(values) for name, values in fields.items() if luck.random() < chance}


class Rules:
    """Draws the rules of one bundle."""

    def __init__(
        self, luck: random.Random, products: Sequence[str], sums: Sequence[int],
        stages: Sequence[int], lines_end: int, groups: Sequence[Data],
    ) -> None:  # fmt: skip
        self.luck, self.products, self.sums = luck, products, sums
        self.stages, self.lines_end = stages, lines_end
        self.within = {group["id"]: group.get("within", "") for group in groups}
        self.weighed = any(group["mode"].startswith("best") for group in groups)
        self.of_unit = {group["id"] for group in groups if group.get("scope") == "unit"}
        # All rules below a group of scope unit are in one stage: that of the tree they are in.
        self.stage_of = {self._root(group): luck.choice(stages) for group in self.within}

    def draw(self) -> list[Data]:
        luck = self.luck
        kinds = luck.choices(
            [*_DISCOUNTS, *["coupon", "percent_off"] * 2], k=luck.choice([1, 2, 3, 3, 4, 5])
        )
        self.types = [f"r{number}" for number, kind in enumerate(kinds) if kind == "coupon"]
        rules = [self._discount(f"r{number}", kind) for number, kind in enumerate(kinds)]
        charges = [0, 1, 1, 2] if self.weighed else [0, 0, 0, 1]
        rules += [self._charge(f"c{number}") for number in range(luck.choice(charges))]
        earning = [self._earn(f"e{number}") for number in range(luck.choice([0, 0, 1, 1, 2]))]
        rules += earning
        if luck.random() < 0.3:
            rules.append(self._multiplier("x0", [rule["id"] for rule in earning]))
        rules += [self._redeem(f"y{number}") for number in range(luck.choice([0, 0, 0, 1, 2]))]
        luck.shuffle(rules)
        return rules

    # --- what all rules have ----------------------------------------------------------------------

    def _rule(self, kind: str, id: str, after_lines: bool = True) -> Data:
        rule: Data = {"kind": kind, "id": id, "name_zh": id, "name_en": id}
        if self.luck.random() < 0.6:
            rule["target"] = self._target()
        if self.luck.random() < 0.45:
            count = self.luck.choice([1, 1, 2])
            rule["when"] = [self._condition(after_lines) for _ in range(count)]
        return rule

    def _discount(self, id: str, kind: str) -> Data:
        luck = self.luck
        group = luck.choice(["", *self.within, *self.within])
        stage = luck.choice(self.stages)
        if self.of_unit & set(self._tree(group)):
            stage = self.stage_of[self._root(group)]
        rule = self._rule(kind, id, after_lines=stage > self.lines_end) | {"stage": stage}
        if group:
            rule["group"] = group
        alone = ["no", "level", "after", "everything"] + (["group", "group"] if group else [])
        rule |= optional(luck, 0.2, {
            "priority": [0, 1, 2, -1], "spare_reduced": [True], "exclusive": alone,
            "overflow": ["lost", "moves", "drops"], "limits": [self._limits()],
            "funding": [[{"party": "hq", "share": 10_000}]],
        })  # fmt: skip
        return rule | _DISCOUNTS[kind](self)

    def _root(self, group: str) -> str:
        return self._up(group)[-1] if group else ""

    def _up(self, group: str) -> list[str]:
        return [group, *self._up(self.within[group])] if group else []

    def _tree(self, group: str) -> list[str]:
        """Return all groups of the tree that a group is in."""
        return [other for other in self.within if group and self._root(other) == self._root(group)]

    def _limits(self) -> list[Data]:
        luck, limits = self.luck, dict[tuple[str, str], Data]()
        for _ in range(luck.choice([1, 1, 2])):
            of = luck.choice(["uses", "units", "amount"])
            per = luck.choice(
                ("unit", "line", *PERS_OF_LIMITS) if of == "amount" else PERS_OF_LIMITS
            )
            most = luck.choice([1, 20, 100, 500] if of == "amount" else [1, 2, 3])
            limits[of, per] = {"max": most, "of": of, "per": per} | optional(
                luck, 0.5, {"offline": ["allow", "deny"]}
            )
        return list(limits.values())

    def _target(self, pick: bool = True) -> Data:
        luck = self.luck
        ids = {"products": self.products, "categories": CATEGORIES, "all": ()}
        of = luck.choice(["products", "categories", "categories", "all"])
        target: Data = {"of": of}
        if of != "all":
            target["ids"] = luck.sample(ids[of], luck.choice([1, 2, 3]))
        target |= optional(luck, 0.1, {
            "without_products": [[product] for product in self.products],
            "without_categories": [[category] for category in CATEGORIES],
        })  # fmt: skip
        if pick and luck.random() < 0.2:
            target["pick"] = {
                "which": luck.choice(["cheapest", "dearest"]), "count": luck.choice([1, 2, 3])
            }  # fmt: skip
        return target

    # --- conditions -------------------------------------------------------------------------------

    def _condition(self, after_lines: bool, depth: int = 0) -> Data:
        luck = self.luck
        combined = ["all", "any", "not"] if depth < 2 else []
        held = luck.choice([*_CONDITIONS, *combined, *["at_least"] * 4, "member"])
        if held in {"all", "any"}:
            parts = luck.choice([1, 2])
            return {
                "is": held,
                "of": [self._condition(after_lines, depth + 1) for _ in range(parts)],
            }
        if held == "not":
            because = {"because_zh": ["不行"], "because_en": ["no"]}
            return {"is": "not", "of": self._condition(after_lines, depth + 1)} | optional(
                luck, 0.3, because
            )
        if held == "at_least":
            return self._at_least(after_lines)
        if held == "has":
            return {"is": "has", "target": self._named()} | optional(
                luck, 0.4, {"count": [1, 2, 4]}
            )
        required, more = _CONDITIONS[held]
        drawn = {name: luck.choice(values) for name, values in required.items()}
        return {"is": held} | drawn | optional(luck, 0.4, more)

    def _at_least(self, after_lines: bool) -> Data:
        bases = ["list", "payable", *(["after_lines"] if after_lines else [])]
        condition: Data = {"is": "at_least", "amount": self._threshold()}
        if not after_lines or self.luck.random() < 0.7:
            condition["base"] = self.luck.choice(bases)
        return condition | optional(
            self.luck, 0.4, {"over": ["order", "target"], "strict": [True, False]}
        )

    def _threshold(self) -> int:
        """Return an amount that baskets reach now and then, often by not a cent more."""
        return self.luck.choice([*self.sums, 99, 198, 500, 999, 1_998])

    def _named(self) -> Data:
        target = self._target(pick=False)
        return target if target["of"] != "all" else {"of": "categories", "ids": ["bread"]}

    # --- benefits ---------------------------------------------------------------------------------

    def _benefit(self, *kinds: str) -> Data:
        luck, kind = self.luck, self.luck.choice(kinds or ("percent", "amount", "fixed"))
        if kind == "percent":
            more = {"base": ["remaining", "list"], "round": ["discount", "price"]}
            return {"is": kind, "basis_points": luck.choice(SHARES)} | optional(luck, 0.3, more)
        return {"is": kind, "amount": luck.choice(AMOUNTS)}

    def _steps(self, starts: Sequence[int], *kinds: str) -> list[Data]:
        chosen = sorted(set(self.luck.sample(starts, self.luck.choice([1, 2, 3]))))
        return [{"at_least": start, "off": self._benefit(*kinds)} for start in chosen]

    # --- kinds ------------------------------------------------------------------------------------

    def _percent_off(self) -> Data:
        return {"basis_points": self.luck.choice(SHARES)} | optional(self.luck, 0.4, {
            "per": PERS, "base": ["remaining", "list"], "round": ["discount", "price"],
        })  # fmt: skip

    def _amount(self) -> Data:
        return {"amount": self.luck.choice(AMOUNTS)} | optional(self.luck, 0.6, {"per": PERS})

    def _member_price(self) -> Data:
        fixed = {"is": "fixed", "amount": self.luck.choice(AMOUNTS)}
        percent = {"is": "percent", "basis_points": self.luck.choice(SHARES)}
        return {"price": self.luck.choice([fixed, percent])}

    def _buy_n_get_m(self) -> Data:
        luck = self.luck
        drawn: Data = {"buy": luck.choice([1, 1, 2, 3]), "get": luck.choice([1, 1, 2, 3])}
        drawn |= optional(luck, 0.3, {"repeats": [True, False]})
        source = luck.choice(["", "", "basket", "named", "added"])
        if source == "added":
            product = luck.choice(["cup", "cup", "untaxed", "unheard-of"])
            return drawn | {"reward": {"from": "added", "product": product}}
        if source == "basket":
            drawn["reward"] = {"from": "basket"}
        if source == "named":
            drawn["reward"] = {
                "from": "named",
                "bought": self._target(),
                "rewarded": self._target(),
            }
        return drawn | optional(luck, 0.4, {
            "off": [self._benefit()], "which": ["cheapest", "dearest"],
            "rank": ["over_set", "over_all"], "partial": [True, False], "share": [True, False],
        })  # fmt: skip

    def _every_nth(self) -> Data:
        return {"n": self.luck.choice([1, 2, 2, 3]), "off": self._benefit()} | optional(
            self.luck, 0.5, {
                "across": ["vertical", "vertical", "horizontal"], "within": ["product", "category"],
                "order": ["dearest_first", "cheapest_first", "as_entered"],
            },
        )  # fmt: skip

    def _set_price(self) -> Data:
        parts = [
            {"target": self._target()} | optional(self.luck, 0.3, {"count": [1, 2, 3]})
            for _ in range(self.luck.choice([1, 2, 2, 3]))
        ]
        return {"components": parts, "off": self._benefit()} | optional(
            self.luck, 0.4, {"first": ["dearest", "cheapest"], "repeats": [True, False]}
        )

    def _ladder(self) -> Data:
        luck = self.luck
        drawn = optional(luck, 0.4, {
            "strict": [True, False], "measured": ["remaining", "list"],
            "over": ["line", "product", "selection"],
            "order": ["dearest_first", "cheapest_first", "as_entered"],
        })  # fmt: skip
        by = luck.choice(["quantity", "money"])
        starts = [0, 1, 2, 3, 5] if by == "quantity" else [0, 99, 333, 500, *self.sums]
        progressive = luck.random() < 0.4
        if progressive and by == "money":
            steps = [
                {"at_least": step["at_least"], "off": {
                    "is": "percent", "basis_points": step["off"]["basis_points"],
                    "base": drawn.get("measured", "remaining"),
                }}
                for step in self._steps(starts, "percent")
            ]  # fmt: skip
            return drawn | {"by": by, "steps": steps, "mode": "progressive"}
        drawn |= {"by": by, "steps": self._steps(starts)}
        if progressive:
            return drawn | {"mode": "progressive"}
        return drawn | optional(luck, 0.4, {
            "per": [*PERS, None], "mode": ["whole"], "over": ["order", "product", "line"],
        })  # fmt: skip

    def _spend_threshold(self) -> Data:
        luck = self.luck
        drawn: Data = {"amount": self._threshold()}
        every = luck.random() < 0.5
        kinds = ("amount",) if every else ("amount", "percent")
        gives: dict[str, list[Any]] = {
            "off": [self._benefit(*kinds)], "gifts": [[self._gift()]],
            "coupons": [self._vouchers()] if self.types else [],
        }  # fmt: skip
        chosen = luck.choice(["off", "off", "gifts", *(["coupons"] if self.types else [])])
        drawn |= {"every": every, chosen: gives[chosen][0]}
        more: dict[str, Sequence[Any]] = {
            "measured": ["remaining", "list"], "strict": [True], "per": PERS,
        }  # fmt: skip
        more |= {name: values for name, values in gives.items() if values}
        return drawn | optional(luck, 0.3, more)

    def _gift(self) -> Data:
        product = self.luck.choice(["cup", self.products[0], "unheard-of"])
        return {"product": product} | optional(self.luck, 0.4, {"count": [1, 2]})

    def _vouchers(self) -> list[Data]:
        return [{"coupon": self.luck.choice(self.types)} | optional(self.luck, 0.4, {"count": [2]})]

    def _coupon(self) -> Data:
        luck = self.luck
        free = {"is": "free"} | optional(
            luck, 0.5, {"count": [1, 2], "which": ["cheapest", "dearest"]}
        )
        gift = {"is": "gift"} | self._gift()
        return {"get": luck.choice([self._benefit(), self._benefit(), free, gift])} | optional(
            luck, 0.3, {
                "per": PERS, "uses": [1, 5], "valid_days": [30], "valid_until": ["2026-12-31"],
                "transferable": [True], "off_home": ["accept", "ask"],
            },
        )  # fmt: skip

    # --- rules that lower no price by themselves --------------------------------------------------

    def _charge(self, id: str) -> Data:
        luck = self.luck
        starts = sorted({self._threshold(), self._threshold()})
        shared = luck.random() < 0.4
        amount = self._bill_share if shared else lambda: luck.choice(AMOUNTS)
        steps = [{"at_least": start, "amount": amount()} for start in starts]
        drawn = {"amount": amount(), "tax_class": luck.choice(["food", "standard"])}
        pers = ["order"] if shared else ["order", "unit"]
        return self._rule("charge", id) | drawn | optional(
            luck, 0.4, {"steps": [steps], "per": pers, "earns": [True]}
        )  # fmt: skip

    def _bill_share(self) -> Data:
        drawn = {"basis_points": self.luck.choice([333, 1_000, 10_000])}
        return drawn | optional(self.luck, 0.4, {"minimum": [0, 50], "maximum": [50, 700]})

    def _earn(self, id: str) -> Data:
        drawn = {"points": self.luck.choice([1, 1, 3, 10, 100])}
        return self._rule("points_earn", id) | drawn | optional(self.luck, 0.4, {
            "per": [1, 7, 100], "of": ["money", "unit", "visit"], "base": ["net", "after_lines"],
            "minimum": [99, *self.sums], "cap": [5, 100],
            "multipliers": [{"gold": 20_000, "silver": 15_000}, {"gold": 0}],
        })  # fmt: skip

    def _multiplier(self, id: str, rules: Sequence[str]) -> Data:
        drawn = self._rule("points_multiplier", id) | {
            "factor": self.luck.choice([0, 5_000, 30_000])
        }
        return drawn | ({"rules": [rules[0]]} if rules and self.luck.random() < 0.4 else {})

    def _redeem(self, id: str) -> Data:
        luck = self.luck
        rate = luck.choice([(100, 100), (100, 10), (3, 10), (7, 100), (1, 50)])
        return self._rule("points_redeem", id) | {"points": rate[0], "amount": rate[1]} | optional(
            luck, 0.4, {
                "minimum": [1, 200], "step": [1, 50, 100], "cap": [3_333, 5_000],
                "programme": ["airline", ""], "funding": [[{"party": "hq", "share": 10_000}]],
            },
        )  # fmt: skip


_DISCOUNTS = {
    "percent_off": Rules._percent_off,
    "amount_off": Rules._amount,
    "fixed_price": Rules._amount,
    "member_price": Rules._member_price,
    "buy_n_get_m": Rules._buy_n_get_m,
    "every_nth": Rules._every_nth,
    "set_price": Rules._set_price,
    "ladder": Rules._ladder,
    "spend_threshold": Rules._spend_threshold,
    "coupon": Rules._coupon,
}

_PURCHASES = {"offline": ["allow", "deny"]}
_DAYS = [[22], [-1], [1, 30], [2, 22]]
_NTH = [{"nth": 4, "weekday": 7}, {"nth": -1, "weekday": 1}, {"nth": 5, "weekday": 1}]

_CONDITIONS: Mapping[str, tuple[Mapping[str, Sequence[Any]], Mapping[str, Sequence[Any]]]] = {
    "member": ({}, {}),
    "tier": ({"any_of": [["gold"], ["silver", "gold"]]}, {}),
    "tag": ({"any_of": [["vip"], ["new", "vip"]]}, {}),
    "partner": ({"any_of": [["airline"]]}, {}),
    "adult": ({}, {}),
    "first_purchase": ({}, _PURCHASES),
    "nth_purchase": ({"nth": [1, 2, 5]}, _PURCHASES | {"every": [True]}),
    "birthday": (
        {},
        {
            "within": ["day", "week", "month"], "before": [0, 8, 30], "after": [0, 1, 40],
            "leap_day": ["feb_28", "mar_1"],
        },
    ),
    "count_at_least": ({"count": [1, 2, 4, 6]}, {"over": ["order", "target"]}),
    "has": ({}, {}),
    "at_least": ({}, {}),
    "dates": ({"from": ["2026-01-01", "2026-11-22"], "until": ["2026-11-22", "2026-11-30"]}, {}),
    "weekdays": ({"days": [[7], [1, 5], [6, 7]]}, {}),
    "daypart": ({"from": ["10:00", "22:00"], "until": ["02:00", "14:00"]}, {}),
    "days_of_month": ({"days": _DAYS}, {}),
    "member_day": (
        {"nth_weekdays": [_NTH[:1], _NTH[1:2], _NTH[2:], _NTH]},
        {"days": _DAYS, "weekdays": [[5], [1, 6]]},
    ),
    "holiday": ({"any_of": [["founding"], ["new-year", "founding"]]}, {}),
    "terminal": ({"kinds": [["pc_pos"], ["self_pos", "handheld"]]}, {}),
    "store": ({"any_of": [["corner"], ["other"]]}, {}),
    "region": ({"any_of": [["north"], ["north", "south"]]}, {}),
    "channel": ({"any_of": [["till"], ["counter", "delivery", "pickup"]]}, {}),
}  # fmt: skip
"""What a condition must say, and what it may, with the values drawn."""
