"""Plays all cases, one after the other, and says of each whether the promise was kept."""

from collections.abc import Sequence

from simulators.conform.cloud.cases import CASES
from simulators.conform.cloud.far_box import Broken
from simulators.conform.cloud.stage import Case, Stage
from simulators.conform.judged import Hear, Result


async def play(stage: Stage, tell: Hear, cases: Sequence[Case] = CASES) -> list[Result]:
    """Return what became of each case; each begins where the cloud says that our box stands."""
    results = []
    for case in cases:
        results.append(await _played(case, stage))
        tell(results[-1])
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
