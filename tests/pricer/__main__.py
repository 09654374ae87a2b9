"""Compare the engine with the second pricer on many random baskets and bundles.

    python -m tests.pricer --count 100000 --seed 0
    python -m tests.pricer --minutes 30 --seed 250000     goes on where another one ended

Exits 1 at the first disagreement, after printing its seed, the smallest case that still shows
it, and what each of the two says.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence

from tests.pricer.searching import Disagreement, search

STEP = 5_000
"""After how many cases it says how far it is."""


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0 if both agree everywhere, else 1."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10**9, help="how many cases at most")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--minutes", type=float, default=10, help="how long at most")
    options = parser.parse_args(argv)
    end, seed = time.monotonic() + options.minutes * 60, options.seed
    last = options.seed + options.count
    while seed < last and time.monotonic() < end:
        try:
            done = search(seed, min(STEP, last - seed), lambda: time.monotonic() >= end)
        except Disagreement as found:
            print(found)
            return 1
        seed = done.next_seed
        print(json.dumps({"held": True, "next_seed": seed}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
