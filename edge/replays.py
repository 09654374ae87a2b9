"""Which member codes have been used: each is used once, and nothing makes the box forget it.

A file of its own, only ever appended to: it is flushed before a code spends anything, so a code
used just before a power cut is used after it. It is no part of the books or of a backup: the
codes of practice and of an older copy of the books are used up all the same. What no clock would
accept any more is left out when the file is written anew, together with up to when that was done:
a clock that is set back brings no code to life again.

The file is a head, then records of one size: SHA-256 of the code 32 · whose request 16 · until 8
(ms since 1970) · CRC-32 of these 4. A damaged record is passed over; the others hold.
"""

import asyncio
import hashlib
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edge.durable import write_file
from edge.writer import Writer

CODES_MAX: Final = 20_000
"""How many codes are remembered. They live for minutes: this is more than any shop sees."""
REWRITE_CODES_MIN: Final = 1024

_HEAD: Final = struct.Struct(">8sqI")
_MAGIC: Final = b"EDGEREP1"
_RECORD: Final = struct.Struct(">32s16sqI")

Used = Literal["now", "before", "over", "full"]
"""now: by this request, and by no other any more · before: by another one · over: so old that it
may have been forgotten · full: too many codes are remembered to take one more."""


@dataclass(frozen=True, slots=True)
class _Rewrite:
    """A job: what the whole file is to hold from now on."""

    content: bytes


class Replays:
    """The codes that were used. Open and close it on the event loop, and use it there."""

    def __init__(self, path: Path, writer: Writer) -> None:
        self._path = path
        self._over_ms, records = _load(path)
        self._codes = {digest: (by, until) for digest, by, until in records}
        # Written anew at once: behind a torn record nothing could be appended in step.
        write_file(path, self._content())
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._rewrite_at = max(2 * len(self._codes), REWRITE_CODES_MIN)
        self._waiting: dict[bytes, asyncio.Future[None]] = {}
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails with OSError when the disk does."""
        self._writer = writer
        self._writing = False

    def spent(self, digest: bytes, until_ms: int, by: str = "") -> bool:
        """Tell whether a code can no longer be used by the request `by`, or by any ("")."""
        held = self._codes.get(digest)
        return until_ms <= self._over_ms if held is None else held[0] != _request(by)

    async def use(self, digest: bytes, until_ms: int, by: str, now_ms: int | None) -> Used:
        """Use a code for the request `by`; it is durable when this answers "now".

        The same request may ask again. `until_ms` is when no clock takes the code any more;
        `now_ms` is what time it surely is (both in ms since 1970), None where nobody can tell.
        Raises OSError when the disk fails.
        """
        request = _request(by)
        if held := self._codes.get(digest):
            if held[0] != request:
                return "before"
            if waiting := self._waiting.get(digest):
                await asyncio.shield(waiting)
            return "now"
        if until_ms <= self._over_ms:
            return "over"
        if len(self._codes) >= self._rewrite_at or len(self._codes) >= CODES_MAX:
            self._forget(now_ms)
            if len(self._codes) >= CODES_MAX:
                return "full"
        self._codes[digest] = (request, until_ms)
        self._waiting[digest] = durable = self._put(_record(digest, request, until_ms))
        durable.add_done_callback(lambda _: self._waiting.pop(digest, None))
        await asyncio.shield(durable)
        return "now"

    async def close(self) -> None:
        """Write what is waiting, and close the file."""
        if self._writing:
            await self._writer.stop()
        self.broken.cancel()
        os.close(self._file)

    def _put(self, job: object) -> "asyncio.Future[None]":
        if not self._writing:  # a shop without member codes needs no thread for them
            self._writer.start(self._commit, self._done, self._fail, _nothing)
            self._writing = True
        return self._writer.put(job)

    def _forget(self, now_ms: int | None) -> None:
        """Leave out what is over; without a sure time nothing is."""
        if now_ms is not None:
            live = {d: held for d, held in self._codes.items() if held[1] > now_ms}
            if len(live) < len(self._codes):
                self._codes, self._over_ms = live, max(self._over_ms, now_ms)
                self._put(_Rewrite(self._content()))
        self._rewrite_at = max(2 * len(self._codes), REWRITE_CODES_MIN)

    def _content(self) -> bytes:
        head = _HEAD.pack(_MAGIC, self._over_ms, 0)
        head = _HEAD.pack(_MAGIC, self._over_ms, zlib.crc32(head))
        return head + b"".join(_record(d, by, until) for d, (by, until) in self._codes.items())

    # --- in the writer's thread

    def _commit(self, jobs: Sequence[object]) -> None:
        appended = b""
        for job in jobs:
            if isinstance(job, _Rewrite):
                # The records before it are in it, or over.
                write_file(self._path, job.content)
                os.close(self._file)
                self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
                appended = b""
            else:
                assert isinstance(job, bytes)
                appended += job
        if appended:
            _append(self._file, appended)

    # --- on the loop

    def _done(self, jobs: Sequence[object]) -> None:
        """Nothing more to do: whoever waits is told by the writer."""

    def _fail(self, error: BaseException) -> OSError:
        failure = error if isinstance(error, OSError) else OSError(str(error))
        if not self.broken.done():
            self.broken.set_exception(failure)
            self.broken.exception()  # asked for: nobody may be watching any more
        return failure


def _request(by: str) -> bytes:
    return hashlib.sha256(by.encode()).digest()[:16]


def _append(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
    os.fdatasync(file)


def _record(digest: bytes, by: bytes, until_ms: int) -> bytes:
    body = _RECORD.pack(digest, by, until_ms, 0)[:-4]
    return body + zlib.crc32(body).to_bytes(4, "big")


def _load(path: Path) -> tuple[int, list[tuple[bytes, bytes, int]]]:
    """Return up to when codes were left out, and the codes a file holds; none for no file."""
    if not path.exists():
        return 0, []
    data = path.read_bytes()
    over_ms = 0
    if len(data) >= _HEAD.size:
        magic, said_ms, check = _HEAD.unpack_from(data)
        if zlib.crc32(_HEAD.pack(magic, said_ms, 0)) == check and magic == _MAGIC:
            over_ms = said_ms
    return over_ms, list(_records(data[_HEAD.size :]))


def _records(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    whole = len(data) - len(data) % _RECORD.size
    for digest, by, until_ms, check in _RECORD.iter_unpack(data[:whole]):
        if zlib.crc32(_RECORD.pack(digest, by, until_ms, 0)[:-4]) == check:
            yield digest, by, until_ms


def _nothing(*, hurried: bool) -> None:
    """Housekeeping: none."""
