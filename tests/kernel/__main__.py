"""`python -m tests.kernel [SCENE...]`: play scenes in the machine and print what they found.

How soon a device is missed and back is judged here alone: it wants a machine with nothing else
to do.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.kernel.machine import run
from tests.kernel.scenes import SCENES

LOST_SECONDS_MAX, BACK_SECONDS_MAX = 2.0, 5.0


def main() -> int:
    """Return 0 if every scene went as promised, and in time."""
    wanted = sys.argv[1:] or list(SCENES)
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(run(wanted, Path(folder)))
    print(json.dumps(report.scenes, indent=2))
    good = list(report.scenes) == wanted and all(map(_is_kept, report.scenes.values()))
    if not good:
        print(report, file=sys.stderr)
    return 0 if good else 1


def _is_kept(found: Mapping[str, Any]) -> bool:
    return (
        "failed" not in found
        and found.get("lost_seconds", 0) <= LOST_SECONDS_MAX
        and found.get("back_seconds", 0) <= BACK_SECONDS_MAX
    )


if __name__ == "__main__":
    sys.exit(main())
