"""A box that was the home of its accounts hands that over: does the cloud have the same?"""

from collections.abc import Mapping

import msgspec

from cloud_bridge.contract import HomeMoved, Outcome


def arrived(fact: HomeMoved, here: Mapping[str, int], outcome: Outcome) -> Outcome:
    """Return an outcome, an exception if a box's totals are not what came `here` of its lots."""
    there = {one.unit: one.amount for one in fact.totals}
    differing = [
        f"{unit} {here.get(unit, 0)}, not {there.get(unit, 0)}"
        for unit in sorted(here.keys() | there.keys())
        if here.get(unit, 0) != there.get(unit, 0)
    ]
    if not differing:
        return outcome
    return msgspec.structs.replace(
        outcome, outcome="accepted_with_exception", kind="home_differs", liable=fact.store,
        reason=f"home_differs: {'; '.join(differing)}",
    )  # fmt: skip
