"""Mutation testing of the exact parts of the shop: does a test fail for every small mistake?

    python -m tests.mutation --minutes 30                    all mutants, in the order of the seed
    python -m tests.mutation --minutes 30 --seed 7 --first 40   the same order, from its 41st on
    python -m tests.mutation --minutes 5 --module money      those of one module
    python -m tests.mutation --minutes 60 --evidence tests/evidence/mutation.json

The tests are collected once. Each mutant then gets a fork of that process, in which the code of
one function is exchanged, wherever it was imported to, and the tests that reach the function run,
quickest first, until one fails. Hypothesis draws the same examples for everybody. A mutant that
runs far longer than the tests did is killed too.

Prints every survivor as it is found and a JSON summary last: the score, the survivors, and
the reasons why no test can tell certain mutants (from the evidence, where they are written by
hand). Exits 1 if there is a survivor without a reason.
"""

import argparse
import gc
import importlib
import json
import os
import platform
import random
import resource
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.mutants import Mutant, living, mutants, recording

EVIDENCE = Path(__file__).parent / "evidence" / "mutation.json"
BACK = (
    "returns", "returns_partition", "returns_terms", "void", "coupons", "points_life", "tiers",
    "mutants_found",
)  # fmt: skip
TESTS: dict[str, tuple[str, ...]] = {
    "money": ("money", "receipts", "tender", "limits"),
    "earning": ("earning",),
    "accounts.lots": ("lots", "points", "value", "prepaid_laws"),
    "accounts.points": ("points", "points_life", "points_expiry", "exchange", "tiers"),
    "accounts.value": ("value", "prepaid_laws", "top_up"),
    "rules.running": (
        "pricing", "pricing_groups", "pricing_limits", "pricer", "rule_kinds", "rule_kinds_laws",
        "rule_kinds_priced", "rule_kinds_sets",
    ),
    "operations.returns.booking": BACK,
    "operations.returns.giving_back": BACK,
    "operations.returns.holding": BACK,
    "operations.returns.refunding": BACK,
    "operations.returns.repricing": BACK,
    "operations.returns.shares": BACK,
    "operations.returns.taking": BACK,
    "operations.returns.units": BACK,
    "operations.tendered": (*BACK, "undone_exchanges"),
}  # fmt: skip
"""The modules of `edge.shop` that are mutated, and the test files that answer for each."""

SECONDS_A_MUTANT = 20.0
"""The quickest tests that reach a mutant run until they took this long without it."""
MEMORY_MAX = 4 << 30
UNHURRIED = 20
"""How much longer by the clock than on the processor anything may take on a busy machine."""

settings.register_profile(
    "mutation",
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


class Timed(NamedTuple):
    """A test that reaches a function: processor seconds it took, and its place in the session."""

    seconds: float
    item: int


Outcome = Literal["killed", "survived", "timed out"]

Reached = dict[str, list[Timed]]
"""The tests that reach a function (module and qualified name), quickest first."""


@dataclass
class Score:
    """How the mutants of one module fared; the rest of them were not tried."""

    mutants: int = 0
    tried: int = 0
    killed: int = 0
    timed_out: int = 0
    survived: list[str] = field(default_factory=list)


class Killer:
    """A pytest plugin that runs mutants in place of the tests."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.names: Sequence[str] = [options.module] if options.module else list(TESTS)
        self.scores = {name: Score() for name in self.names}
        self.reasons = known()
        self.next = options.first
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember whether a test failed; a failed step of it is enough."""
        self.failed |= report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Find out what reaches what, then try mutants until the time is up."""
        began = time.monotonic()
        reached = self._reached(session.items)
        gc.freeze()
        order = [(name, mutant) for name in self.names for mutant in mutants_of(name)]
        for name, _ in order:
            self.scores[name].mutants += 1
        random.Random(self.options.seed).shuffle(order)
        for name, mutant in order[self.options.first :]:
            self.next += 1
            tests = reached.get(f"{mutant.module}.{mutant.function}", [])
            self._try(mutant, enough(tests, name, session.items), session.items, self.scores[name])
            if time.monotonic() - began >= self.options.minutes * 60:
                break
        return True

    def run(self, items: Sequence[pytest.Item]) -> bool:
        """Run these tests up to the first that fails; tell whether all passed."""
        self.failed = False
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return False
        return True

    def _try(
        self, mutant: Mutant, tests: list[Timed], items: Sequence[pytest.Item], score: Score
    ) -> None:
        spent = sum(test.seconds for test in tests)
        passes = partial(self.run, [items[test.item] for test in tests])
        score.tried += 1
        match outcome(mutant, passes, 5 + 5 * spent):
            case "killed":
                score.killed += 1
            case "timed out":
                score.timed_out += 1
            case "survived":
                score.survived.append(mutant.name)
                known_as = self.reasons.get(mutant.name, "a test is missing")
                print(f"line {mutant.line}: {mutant.name}\n    {known_as}", flush=True)

    def _reached(self, items: Sequence[pytest.Item]) -> Reached:
        """Run every test once, unharmed; one that fails by itself can tell nothing."""

        def child() -> bytes:
            called: set[str] = set()
            for name in self.names:
                record(importlib.import_module(f"edge.shop.{name}"), called)
            found: dict[str, list[tuple[float, int]]] = defaultdict(list)
            for number, item in enumerate(items):
                called.clear()
                began = time.process_time()
                passed = self.run([item])
                if not passed:
                    sys.stderr.write(f"fails by itself: {item.nodeid}\n")
                for function in called if passed else ():
                    found[function].append((time.process_time() - began, number))
            return json.dumps(found).encode()

        answer = forked(child, 1800)
        assert answer, "the tests must run before they can be tested"
        return {
            name: sorted(Timed(*one) for one in ran) for name, ran in json.loads(answer).items()
        }


# --- parts ---------------------------------------------------------------------------------------


def outcome(mutant: Mutant, passes: Callable[[], bool], seconds: float) -> Outcome:
    """Return what becomes of a mutant when tests run, for so long at most, in a fork of this."""

    def child() -> bytes:
        function = living(sys.modules[mutant.module])[mutant.function]
        function.__code__ = mutant.code
        return b"survived" if passes() else b"killed"

    answer = forked(child, seconds)
    if answer is None:
        return "timed out"
    return "survived" if answer == b"survived" else "killed"


def forked(child: Callable[[], bytes], seconds: float) -> bytes | None:
    """Return what `child` returns in a process of its own; None if it took too long or died."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        try:
            _confine(seconds)
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(child())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(pid, 0)
    return answer if os.WIFEXITED(status) and not os.WEXITSTATUS(status) else None


def _confine(seconds: float) -> None:
    """Bound this process in time and memory, and let it print nothing."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.close(silence)
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    signal.alarm(int(seconds * UNHURRIED) + 1)


def record(module: ModuleType, called: set[str]) -> None:
    """Change a module's functions, here and now, so that they add their names to `called`."""
    vars(module)["__called__"] = lambda function: called.add(f"{module.__name__}.{function}")
    functions = living(module)
    for function, code in recording(source_of(module), "__called__").items():
        functions[function].__code__ = code


def source_of(module: ModuleType) -> str:
    assert module.__file__ is not None, "what is mutated is a file"
    return Path(module.__file__).read_text("utf-8")


def mutants_of(name: str) -> Iterator[Mutant]:
    """Yield every mutant of a module of the shop."""
    module = importlib.import_module(f"edge.shop.{name}")
    return mutants(module.__name__, source_of(module))


def enough(tests: Sequence[Timed], name: str, items: Sequence[pytest.Item]) -> list[Timed]:
    """Return the quickest of the tests that answer for a module, as many as time allows."""
    files = {f"test_{one}.py" for one in TESTS[name]}
    chosen: list[Timed] = []
    spent = 0.0
    for test in tests:
        if items[test.item].path.name in files:
            spent += test.seconds
            if chosen and spent > SECONDS_A_MUTANT:
                break
            chosen.append(test)
    return chosen


def known() -> dict[str, str]:
    """Return why no test can tell certain mutants; said by hand in the evidence."""
    if not EVIDENCE.exists():
        return {}
    reasons: dict[str, str] = json.loads(EVIDENCE.read_text("utf-8"))["reasons"]
    return reasons


def summary(killer: Killer) -> dict[str, Any]:
    """Return the figures of a run; equivalent mutants count as tried, and not as killed."""
    sums: Counter[str] = Counter()
    for score in killer.scores.values():
        sums.update(
            mutants=score.mutants, tried=score.tried, killed=score.killed + score.timed_out,
            survived=len(score.survived),
            unexplained=len(set(score.survived) - set(killer.reasons)),
        )  # fmt: skip
    return {
        "python": platform.python_version(), "seed": killer.options.seed,
        "first": killer.options.first, "next": killer.next, **sums,
        "score": round(sums["killed"] / max(1, sums["tried"]), 3),
        "modules": {name: asdict(score) for name, score in killer.scores.items()},
        "reasons": killer.reasons,
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--minutes", type=float, default=10, help="how long (0: one mutant)")
    parser.add_argument("--module", choices=sorted(TESTS), help="one module instead of all")
    parser.add_argument("--seed", type=int, default=1, help="the order of the mutants")
    parser.add_argument("--first", type=int, default=0, help="how many of them to pass over")
    parser.add_argument("--evidence", type=Path, metavar="FILE", help="keep the figures in FILE")
    options = parser.parse_args(arguments)
    settings.load_profile("mutation")
    killer = Killer(options)
    files = sorted({file for name in killer.names for file in TESTS[name]})
    paths = [str(Path(__file__).parent / f"test_{file}.py") for file in files]
    # Hypothesis is imported before pytest knows of it, for its profile: no harm, and no news.
    quiet = ["-o", "addopts=-p no:terminal -p no:cacheprovider", "--capture=no"]
    quiet += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    code = pytest.main([*quiet, *paths], plugins=[killer])
    assert code == pytest.ExitCode.OK, f"pytest ended with {code!r}"
    figures = summary(killer)
    if options.evidence is not None:
        options.evidence.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    print(json.dumps(figures))
    return 1 if figures["unexplained"] else 0


if __name__ == "__main__":
    sys.exit(main())
