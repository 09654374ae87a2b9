"""Runs the whole contract over one driver, and says what held."""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drivers.codec import Kind
from simulators.contract.checks import CHECKS, Check
from simulators.contract.kit import Kit
from simulators.contract.wires import WIRES, Wire, survives_replugs


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one check. `reason` is why it failed, for people; "" if it held.

    `seed` repeats the failure.
    """

    check: str
    what: str
    reason: str = ""
    seed: int = 0

    @property
    def held(self) -> bool:
        """Tell whether the promise was kept."""
        return not self.reason


def run(kit: Kit, seed: int, rounds_max: int) -> Iterator[Verdict]:
    """Check everything, one after the other; of each check up to `rounds_max` seeds from `seed`."""
    for name, check in CHECKS.items():
        yield _judge(name, check, kit, range(seed, seed + min(check.rounds, rounds_max)))
    kind: Kind = kit.driver.link
    for name, wire in WIRES[kind].items():
        yield _replug(name, wire, kit)


def _judge(name: str, check: Check, kit: Kit, seeds: range) -> Verdict:
    for seed in seeds:
        try:
            check.run(kit, seed)
        except Exception as error:  # whatever a stranger's driver does is the answer
            return Verdict(name, check.what, _reason(error), seed)
    return Verdict(name, check.what)


def _replug(name: str, wire: Wire, kit: Kit) -> Verdict:
    what = f"pulled out and plugged in again on {name}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(survives_replugs(kit, wire, Path(folder)))
    except Exception as error:  # as above
        return Verdict("replug", what, _reason(error))
    return Verdict("replug", what)


def _reason(error: Exception) -> str:
    kind = type(error).__name__
    return str(error) if isinstance(error, AssertionError) and str(error) else f"{kind}: {error}"
