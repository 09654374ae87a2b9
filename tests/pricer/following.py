"""The turns one after the other, and how groups choose among their children."""

from collections.abc import Sequence

from tests.pricer.conditions import fixed, misses
from tests.pricer.effect import Effect
from tests.pricer.goods import Unit
from tests.pricer.turns import Turn
from tests.pricer.way import Act, Way, offered

BEST = ("best_for_guest", "best_for_shop")


def follow(way: Way, turns: Sequence[Turn]) -> Way:
    """Give every turn its chance, and return how it ends."""
    turns = list(turns)
    while turns:
        turn = turns[0]
        if turn.stage["number"] != way.stage:
            turns = _enter(way, turns)
            turn = turns[0]
        group = _to_decide(way, turn)
        if not group:
            way.judge(turn)
            turns.pop(0)
        elif way.sale.tree.groups[group].get("scope", "order") == "unit":
            inside = [t for t in turns if group in dict(t.path) and t.stage is turn.stage]
            _share_out(way, group, inside)
            turns = [t for t in turns if t not in inside]
        elif way.one_by_one:
            way.chosen[group] = _best_end(way, turns, group).chosen[group]
        else:
            return _best_end(way, turns, group)
    if not way.after_lines:
        way.after_lines = dict(way.now)
    return way


def combinations(way: Way, turns: Sequence[Turn]) -> int:
    """Return how many choices the best-of groups of scope order have together."""
    product = 1
    for group, terms in way.sale.tree.groups.items():
        if terms["mode"] in BEST and terms.get("scope", "order") == "order":
            product *= max(1, len(_options(way, turns, group)))
    return product


def _enter(way: Way, turns: list[Turn]) -> list[Turn]:
    """Begin a stage: remember what goods cost after lines, and put its turns in order."""
    stage = turns[0].stage
    if stage["number"] > way.sale.tree.lines_end and not way.after_lines:
        way.after_lines = dict(way.now)
    way.stage = stage["number"]
    if stage.get("order") != "largest_saving":
        return turns
    here = [turn for turn in turns if turn.stage is stage]
    saved: dict[str, int] = {}
    for top in {turn.top for turn in here}:
        alone = follow(way.fork(), [turn for turn in here if turn.top == top])
        saved[top] = sum(way.now.values()) - sum(alone.now.values())
    here.sort(key=lambda turn: (-saved[turn.top], turn.top))
    return here + [turn for turn in turns if turn.stage is not stage]


def _to_decide(way: Way, turn: Turn) -> str:
    """Return the outermost best-of group around a turn that has not chosen yet, "" for none."""
    for group, _ in turn.path:
        if way.sale.tree.groups[group]["mode"] in BEST and group not in way.chosen:
            return group
    return ""


def _options(way: Way, turns: Sequence[Turn], group: str) -> list[str]:
    """Return the children of a group with a rule that could act, by all that is fixed, in turn."""
    found: list[str] = []
    for turn in turns:
        child = dict(turn.path).get(group)
        if child is None or child in found:
            continue
        certain = [condition for condition in turn.rule.get("when", ()) if fixed(condition)]
        if offered(turn.rule, way.sale.goods) and not misses(certain, way.sight(turn.rule)):
            found.append(child)
    return found


def _best_end(way: Way, turns: Sequence[Turn], group: str) -> Way:
    """Follow each child of a group to the end, later groups answering; return the best end.

    That no child acts is no choice as long as one can; then none is kept out.
    """
    ends = [_end(way, turns, group, child) for child in _options(way, turns, group)]
    ends = [end for end in ends if group in end.winners]
    sign = 1 if way.sale.tree.groups[group]["mode"] == "best_for_guest" else -1
    if not ends:
        return _end(way, turns, group, "")
    if way.one_by_one:
        return min(ends, key=lambda end: sign * sum(end.now.values()))
    return min(ends, key=lambda end: sign * end.final_total())


def _end(way: Way, turns: Sequence[Turn], group: str, child: str) -> Way:
    fork = way.fork()
    fork.chosen[group] = child
    if way.one_by_one:
        # What the child saves by itself: nothing else has its turn meanwhile.
        turns = [turn for turn in turns if dict(turn.path).get(group) == child]
    return follow(fork, turns)


# --- units ----------------------------------------------------------------------------------------


def _share_out(way: Way, group: str, turns: Sequence[Turn]) -> None:
    """Measure each child alone, and give each unit to one of them."""
    children = list(dict.fromkeys(dict(turn.path)[group] for turn in turns))
    tries: list[list[Act]] = []
    for child in children:
        own = [turn for turn in turns if dict(turn.path)[group] == child]
        fork = way.fork()
        fork.chosen[group] = child
        alone = follow(fork, own)
        tries.append(alone.acts[len(way.acts) :])
        way.shown |= alone.shown
    owner = _owners(tries, way.sale.tree.groups[group]["mode"])
    for number, acts in enumerate(tries):
        mine = {unit for unit, won in owner.items() if won == number}
        for act in acts:
            if act.turn.coupon is not None:
                way.shown[act.turn.coupon] = "R-EXCLUDED-BY-GROUP"
            if mine:
                _come_true(way, act, mine)


def _owners(tries: Sequence[Sequence[Act]], mode: str) -> dict[Unit, int]:
    """Return which child wins each unit: the largest cut, or the smallest above nothing."""
    offs: list[dict[Unit, int]] = []
    for acts in tries:
        own: dict[Unit, int] = {}
        for act in acts:
            for unit in act.effect.lowered:
                own[unit] = own.get(unit, 0) + act.effect.offs[unit]
        offs.append(own)
    sign = -1 if mode == "best_for_guest" else 1
    return {
        unit: min((sign * own[unit], number) for number, own in enumerate(offs) if unit in own)[1]
        for unit in {unit for own in offs for unit in own}
    }


def _come_true(way: Way, act: Act, mine: set[Unit]) -> None:
    """Let come true what a child does to the units it won, its gifts and its coupons.

    The exact price of a line is its own only if it lowered the line and won all that it lowered.
    """
    wanted = act.effect
    offs = {unit: off for unit, off in wanted.offs.items() if unit in mine}
    lowered = {line: {u for u in wanted.lowered if u[0] == line} for line in wanted.exact}
    exact = {
        line: left for line, left in wanted.exact.items() if lowered[line] and lowered[line] <= mine
    }
    effect = Effect(offs, wanted.times, wanted.gifts, wanted.gives, exact)
    if not effect.off and not effect.gifts and not effect.gives:
        return
    barred = way.barred(act.turn) or way.one_too_many(act.turn)
    if not barred:
        way.act(act.turn, effect)
    if act.turn.coupon is not None:
        way.shown[act.turn.coupon] = barred or "R-APPLIED"
