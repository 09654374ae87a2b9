"""How much of a rule there is, and what becomes of what has no room."""

from collections.abc import Mapping, Sequence

from tests.pricer.arithmetic import split
from tests.pricer.effect import Effect
from tests.pricer.goods import Data, Goods, Offs, Unit, by_line

Used = Mapping[tuple[str, str], int]
"""What this sale has used so far, by (rule, uses | units | amount)."""

CHAIN_WIDE = ("member", "member_day", "total")
ENOUGH = 10**15


def needs_cloud(rule: Data, online: bool) -> bool:
    """Tell whether only the cloud can count a limit, and it cannot be asked."""
    return not online and any(
        limit["per"] in CHAIN_WIDE and limit.get("offline", "allow") == "deny"
        for limit in map(_full, rule.get("limits", ()))
    )


def room(rule: Data, of: str, used: Used, counters: Mapping[str, int]) -> int:
    """Return how many uses or units, or how much, is left of a rule."""
    most = ENOUGH
    for limit in map(_full, rule.get("limits", ())):
        if limit["of"] == of and limit["per"] not in {"unit", "line"}:
            before = counters.get(f"{rule['id']}|{of}|{limit['per']}", 0)
            before = 0 if limit["per"] == "order" else before
            most = min(most, limit["max"] - before - used.get((rule["id"], of), 0))
    return max(0, most)


def counts_on(rule: Data) -> bool:
    """Tell whether what a sale uses of a rule counts in later sales."""
    limits = map(_full, rule.get("limits", ()))
    return any(limit["per"] not in {"unit", "line", "order"} for limit in limits)


def _full(limit: Data) -> Data:
    return {"of": "uses", "per": "order"} | dict(limit)


def fitted(
    rule: Data, wanted: Effect, goods: Goods, now: Mapping[Unit, int], units: Sequence[Unit],
    budget: int,
) -> Effect | None:  # fmt: skip
    """Return an effect as far as floors, caps and a budget have room; None drops it all."""
    free = {unit: max(0, now[unit] - goods.floor(unit)) for unit in units}
    offs = {unit: min(off, free[unit]) for unit, off in wanted.offs.items()}
    overflow = rule.get("overflow", "lost")
    if overflow == "moves":
        lost = wanted.off - sum(offs.values())
        left = {unit: free[unit] - offs.get(unit, 0) for unit in units}
        moved = split(min(lost, sum(left.values())), list(left.values()), goods.odd_cent)
        for unit, more in zip(left, moved, strict=True):
            offs[unit] = offs.get(unit, 0) + more
    offs = _capped(rule, offs, goods.odd_cent)
    if sum(offs.values()) > budget:
        offs = _scaled(offs, budget, goods.odd_cent)
    if overflow == "drops" and sum(offs.values()) < wanted.off:
        return None
    exact = {line: left for line, left in wanted.exact.items() if _same(line, offs, wanted.offs)}
    return Effect(offs, wanted.times, list(wanted.gifts), list(wanted.gives), exact)


def _same(line: int, offs: Offs, wanted: Offs) -> bool:
    """Tell whether a line's units lose just what a rule wanted."""
    units = [unit for unit in {*offs, *wanted} if unit[0] == line]
    return all(offs.get(unit, 0) == wanted.get(unit, 0) for unit in units)


def _capped(rule: Data, offs: Offs, odd_cent: str) -> Offs:
    caps = {
        limit["per"]: limit["max"]
        for limit in map(_full, rule.get("limits", ()))
        if limit["of"] == "amount"
    }
    if "unit" in caps:
        offs = {unit: min(off, caps["unit"]) for unit, off in offs.items()}
    if "line" in caps:
        for some in by_line(offs).values():
            if sum(offs[unit] for unit in some) > caps["line"]:
                offs |= _scaled({unit: offs[unit] for unit in some}, caps["line"], odd_cent)
    return offs


def _scaled(offs: Offs, most: int, odd_cent: str) -> Offs:
    units = sorted(offs)
    return dict(zip(units, split(most, [offs[u] for u in units], odd_cent), strict=True))
