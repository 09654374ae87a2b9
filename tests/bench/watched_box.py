"""`edgebox`, watched: which thread runs which SQL, and who flushes the disk.

Runs as the box does (`python -m tests.bench.watched_box run --config ...`) and writes what it
saw to `watched.json` beside the configuration once the box has stopped. With TRACE_FILE in the
environment, strace writes every flush there, with the thread that asked for it.
"""

import json
import os
import sys
from pathlib import Path

from edge.__main__ import main
from tests.bench.statements import watch

TRACE_FILE, TRACED = "TRACE_FILE", "TRACED"


def trace() -> None:
    """Become the same program under strace, keeping the process id."""
    if TRACE_FILE in os.environ and TRACED not in os.environ:
        os.environ[TRACED] = "1"
        os.execvp(
            "strace",
            ["strace", "-D", "-f", "-qq", "-y", "-e", "trace=fsync,fdatasync", "-e", "signal=none",
             "-o", os.environ[TRACE_FILE], sys.executable, "-m", "tests.bench.watched_box",
             *sys.argv[1:]],
        )  # fmt: skip


if __name__ == "__main__":
    trace()
    with watch() as statements:
        try:
            main(standalone_mode=False)
        finally:
            config = Path(sys.argv[sys.argv.index("--config") + 1])
            config.with_name("watched.json").write_text(json.dumps(statements.report()))
