"""`python -m tests.kernel [SCENE...]`: play scenes in the machine and print what they found."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.kernel.machine import run
from tests.kernel.scenes import SCENES


def main() -> int:
    """Return 0 if every scene went as promised."""
    wanted = sys.argv[1:] or list(SCENES)
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(run(wanted, Path(folder)))
    print(json.dumps(report.scenes, indent=2))
    good = list(report.scenes) == wanted and not any("failed" in s for s in report.scenes.values())
    if not good:
        print(report, file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
