"""Plays cases one after the other and keeps what came of them."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from simulators.conform.judged import Hear, Result, untold
from simulators.conform.terminal.cases import Case, cases
from simulators.conform.terminal.far_box import STORE, TERMINAL, TOKEN, FarBox
from simulators.conform.terminal.moves import Answered, Door
from simulators.conform.terminal.stage import Broken, Stage
from simulators.conform.terminal.under_test import OUTCOME_SECONDS_MAX, Fell, UnderTest


async def play(
    command: Sequence[str],
    door: Door,
    only: Callable[[Case], bool] = lambda case: True,
    tell: Hear = untold,
    seconds_max: float = OUTCOME_SECONDS_MAX,
) -> list[Result]:
    """Play all cases that `only` wants against the terminal that `command` starts.

    `tell` hears of each as it ends. A wish has `seconds_max` to come to its outcome. A terminal
    that breaks a promise is started afresh for the next case. Raises Fell when it cannot be
    started at all.
    """
    box = FarBox(lambda arrival: Answered())
    await box.open()
    results = []
    where = {
        "door": door, "host": "127.0.0.1", "mqtt_port": box.mqtt_port,
        "http_port": box.http_port, "store": STORE, "terminal": TERMINAL, "token": TOKEN,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        terminal = UnderTest(command, where, Path(folder), seconds_max)
        try:
            await terminal.start()
            stage = Stage(door, box, terminal)
            for case in cases(door):
                if only(case):
                    result = await _play(case, stage)
                    results.append(result)
                    tell(result)
                    if not result.passed:
                        await terminal.kill()  # what it left open must not fail the next case
                        terminal = stage.terminal = UnderTest(
                            command, where, Path(tempfile.mkdtemp(dir=folder)), seconds_max
                        )
                        await terminal.start()
        finally:
            await terminal.kill()
            await box.close()
    return results


async def _play(case: Case, stage: Stage) -> Result:
    promise = f"a good terminal {case.promise}"
    stage.begin()
    try:
        await case.play(stage)
        stage.judge()
        stage.check(await stage.terminal.silent(), "told an outcome twice")
    except (Broken, Fell) as error:
        return Result(case.name, promise, str(error))
    return Result(case.name, promise)
