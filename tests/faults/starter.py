"""Starts boxes quickly: everything is imported once, then each box is a fork of this process.

For each line on stdin: start one, print its process id, wait for its end, print its exit code.
What the box itself prints goes to stderr.
"""

import os
import sys

from edge.commands import run


def main() -> None:
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            run(sys.argv[1:])  # ends this process
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
