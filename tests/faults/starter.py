"""Starts commands quickly: everything is imported once, then each is a fork of this process.

For each "hold COMMAND ARGUMENTS" on stdin: make one, print its process id, wait for its end,
print its exit code. It begins when it hears "go", so that somebody can look at it from its first
step on. What the command itself prints goes to stderr. With `LOG_PAGES` in the environment a box
moves its write-ahead log into the journal's file after so many pages; with `CLOCK_FILE` it lives
by that clock.
"""

import os
import shlex
import sys
from pathlib import Path

from edge.commands import backup, import_file, rebuild, restore, run, tray
from edge.journal import log
from tests.faults import clocks

COMMANDS = {
    "run": run, "backup": backup, "restore": restore, "rebuild": rebuild, "import": import_file,
    "tray": tray,
}  # fmt: skip
HOLD = "hold"
GO = b"go\n"


def main() -> None:
    log.WAL_PAGES_PASSIVE = int(os.environ.get("LOG_PAGES", log.WAL_PAGES_PASSIVE))
    if clocks.FILE in os.environ:
        clocks.follow(Path(os.environ[clocks.FILE]))
    for line in sys.stdin:
        held, *words = shlex.split(line)
        if held != HOLD:
            continue  # the "go" of a command that was killed before it heard it
        pid = os.fork()
        if pid == 0:
            assert os.read(0, len(GO)) == GO  # its maker waits for its end, and reads no further
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            COMMANDS[words[0]](words[1:])  # ends this process
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
