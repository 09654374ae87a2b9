"""Plays all cases, one after the other, and says of each whether the promise was kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulators.conform.cloud.cases import CASES
from simulators.conform.cloud.far_box import Broken
from simulators.conform.cloud.stage import Case, Stage


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case; `reason` is "" for a promise that was kept."""

    case: str
    promise: str
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether the promise was kept."""
        return not self.reason


async def play(
    stage: Stage, heard: Callable[[Result], None], cases: Sequence[Case] = CASES
) -> list[Result]:
    """Return what became of each case; each begins where the cloud says that our box stands."""
    results = []
    for case in cases:
        results.append(await _played(case, stage))
        heard(results[-1])
    return results


def promise(case: Case) -> str:
    """Return what a case looks for: the first line of its text."""
    return (case.__doc__ or "").strip().splitlines()[0]


async def _played(case: Case, stage: Stage) -> Result:
    try:
        for box in (stage.box, stage.other):
            await box.begin()
        await case(stage)
    except Broken as broken:
        return Result(case.__name__, promise(case), str(broken))
    return Result(case.__name__, promise(case))
