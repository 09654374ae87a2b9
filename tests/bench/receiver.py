"""A cloud with as little in it as can be: it takes facts, acknowledges them rightly, keeps none.

    python -m tests.bench.receiver JOURNAL PORT      prints a line once it listens

It knows the journal's digests beforehand, so that what it costs does not hide what a box costs;
it checks no signature. Its operator steers it:

    GET /forget/<facts>?<ms>    say from now on that the last so many facts of the journal are
                                unknown, and leave so many milliseconds before each acknowledgement
    GET /told                   what came since, as `Told` in JSON
"""

import asyncio
import json
import re
import sys
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, cast

import msgspec
import uvloop

from cloud_bridge.contract import CloudHead, CloudProblem, Outcome
from edge.journal import connect

HEAD = re.compile(rb'"head":"([0-9a-f]{64})","signature":')
FIRST = re.compile(rb'"envelopes":\[\{"sequence":(\d+)')
FIRST_WITHIN = 4096
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
NO_FACTS = b'{"envelopes":[],"more":false}'
NO_NEWS = b'{"changes":[],"cursor":"","more":false,"price_book":1}'


class Told(NamedTuple):
    """How far facts came, how many after the first batch, and seconds from its ack to the last."""

    sequence: int
    facts: int
    batches: int
    seconds: float


class _Sent(msgspec.Struct):
    sequence: int
    hash: str


class _Batch(msgspec.Struct):
    envelopes: list[_Sent]


class Ledger:
    """What the receiver knows and says."""

    def __init__(self, journal: Path) -> None:
        db = connect(journal, writable=False)
        rows = db.execute("select digest, epoch from page order by sequence").fetchall()
        db.close()
        self._digests = ["", *(str(digest) for digest, _ in rows)]
        self._epochs = [0, *(int(str(epoch)) for _, epoch in rows)]
        self._sequences = {digest: at for at, digest in enumerate(self._digests)}
        self._end = len(self._digests) - 1
        # Made beforehand: it is no part of what is measured.
        self._outcomes = [self._outcome(at) for at in range(self._end + 1)]
        self._answers_no = False
        self.forget(0, 0)

    def forget(self, facts: int, delay_ms: int) -> None:
        """Know nothing of the last so many facts; a box hears of it, as its next batch fails."""
        self._high = self._end - facts
        self.delay_seconds = delay_ms / 1000
        self._answers_no = True
        self._acks: list[tuple[float, int]] = []

    def told(self) -> Told:
        """Return what came."""
        if not self._acks:
            return Told(self._high, 0, 0, 0.0)
        (began, first), (ended, last) = self._acks[0], self._acks[-1]
        return Told(self._high, last - first, len(self._acks) - 1, ended - began)

    def head(self) -> bytes:
        """Answer where we stand; from here on batches are taken."""
        self._answers_no = False
        at = self._high
        return msgspec.json.encode(
            CloudHead(epoch=self._epochs[at], sequence=at, head=self._digests[at])
        )

    def take(self, body: bytes) -> tuple[bytes, bytes]:
        """Acknowledge a batch, or say that facts before it are missing until `head` is asked."""
        if self._answers_no:
            return self._gap()
        found = HEAD.search(body, max(0, len(body) - 300))
        assert found is not None, "a batch ends with its head"
        head = found[1].decode()
        if head not in self._sequences:
            self._learn(body[body.index(b"\r\n\r\n") + 4 :])
        begin = FIRST.search(body, 0, FIRST_WITHIN)
        assert begin is not None, "a batch begins with its first fact"
        first, last = int(begin[1]), self._sequences[head]
        if first > self._high + 1:  # news, sent before the box hears what we have forgotten
            return self._gap()
        if last <= self._high:  # known, and acknowledged once more
            return b"200 OK", self._receipt(first, last)
        self._high = last
        if first <= self._end:
            self._acks.append((perf_counter() + self.delay_seconds, self._high))
        return b"200 OK", self._receipt(first, last)

    def _gap(self) -> tuple[bytes, bytes]:
        gap = CloudProblem(code="gap", status=409, high_water=self._high)
        return b"409 Conflict", msgspec.json.encode(gap)

    def _receipt(self, first: int, last: int) -> bytes:
        return b'{"outcomes":[%s],"high_water":%d,"head":"%s"}' % (
            b",".join(self._outcomes[first : last + 1]), self._high,
            self._digests[self._high].encode(),
        )  # fmt: skip

    def _learn(self, body: bytes) -> None:
        """Take note of facts that the journal did not have when it was read."""
        for sent in msgspec.json.decode(body, type=_Batch).envelopes:
            if sent.sequence == len(self._digests):
                self._digests.append(sent.hash)
                self._sequences[sent.hash] = sent.sequence
                self._outcomes.append(self._outcome(sent.sequence))

    def _outcome(self, at: int) -> bytes:
        return msgspec.json.encode(Outcome(sequence=at, hash=self._digests[at], outcome="accepted"))


class Receiver(asyncio.Protocol):
    """HTTP/1.1 over a kept connection, one request at a time."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._data = bytearray()
        self._wanted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Collect a request and answer it."""
        self._data += data
        if not self._wanted:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            length = LENGTH.search(self._data, 0, end)
            self._wanted = end + 4 + (int(length[1]) if length else 0)
        if len(self._data) >= self._wanted:
            request, self._data, self._wanted = bytes(self._data), bytearray(), 0
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        method, target = request[: request.index(b"\r\n")].split(b" ")[:2]
        if method == b"POST":
            self._loop.call_later(
                self._ledger.delay_seconds, self._say, *self._ledger.take(request)
            )
        elif target.startswith(b"/v1/head"):
            self._say(b"200 OK", self._ledger.head())
        elif target.startswith(b"/v1/changes"):
            self._say(b"200 OK", NO_NEWS)
        elif target.startswith(b"/v1/facts"):
            self._say(b"200 OK", NO_FACTS)
        elif target.startswith(b"/forget/"):
            facts, _, delay_ms = target.removeprefix(b"/forget/").partition(b"?")
            self._ledger.forget(int(facts), int(delay_ms))
            self._say(b"200 OK", b"{}")
        elif target == b"/told":
            self._say(b"200 OK", json.dumps(self._ledger.told()._asdict()).encode())
        else:
            self._say(b"404 Not Found", b"{}")

    def _say(self, status: bytes, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (status, len(body), body)
        )


async def main(journal: Path, port: int) -> None:
    """Answer until killed."""
    ledger = Ledger(journal)
    await asyncio.get_running_loop().create_server(lambda: Receiver(ledger), "127.0.0.1", port)
    print(port, flush=True)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2])))
