"""A box with one fault: whoever waits for the disk is told at once that all is durable."""

import asyncio

from edge.__main__ import main
from edge.writer import ThreadWriter

_put = ThreadWriter.put


def _put_and_tell(self: ThreadWriter, job: object) -> "asyncio.Future[None]":
    """Write like the real one, but let nobody wait for it."""
    _put(self, job)
    told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    told.set_result(None)
    return told


if __name__ == "__main__":
    ThreadWriter.put = _put_and_tell  # type: ignore[method-assign]
    main()
