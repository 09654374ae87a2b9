"""A member code is used once: by one request, for ever, whatever happens to the power."""

import asyncio
import os
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.replays import CODES_MAX, REWRITE_CODES_MIN, Replays
from edge.writer import SteppedWriter, ThreadWriter

A, B = sha256(b"a").digest(), sha256(b"b").digest()
HEAD_BYTES, RECORD_BYTES = 20, 60
UNTIL = 1_000_000


def opened(path: Path) -> Replays:
    return Replays(path / "used-codes", ThreadWriter())


def size(folder: Path) -> int:
    return (folder / "used-codes").stat().st_size


async def test_a_code_is_used_by_one_request(tmp_path: Path) -> None:
    replays = opened(tmp_path)
    assert not replays.spent(A, UNTIL)
    assert await replays.use(A, UNTIL, "pc-1/k1", 0) == "now"
    assert await replays.use(A, UNTIL, "pc-1/k2", 0) == "before"
    assert await replays.use(A, UNTIL, "pc-2/k1", 0) == "before"
    assert await replays.use(A, UNTIL, "pc-1/k1", 0) == "now"
    assert await replays.use(B, UNTIL, "pc-1/k2", 0) == "now"
    assert replays.spent(A, UNTIL)
    assert not replays.spent(A, UNTIL, "pc-1/k1")
    await replays.close()


async def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    for attempt in range(3):
        replays = opened(tmp_path)
        wanted = "now" if attempt == 0 else "before"
        assert await replays.use(A, UNTIL, f"pc-1/{attempt}", 0) == wanted
        await replays.close()


async def test_of_many_at_once_one_wins(tmp_path: Path) -> None:
    replays = opened(tmp_path)
    answers = await asyncio.gather(*(replays.use(A, UNTIL, f"pc/{n}", 0) for n in range(50)))
    assert sorted(answers) == ["before"] * 49 + ["now"]
    await replays.close()


async def test_the_same_request_waits_until_its_first_use_is_durable(tmp_path: Path) -> None:
    writer = SteppedWriter(0.0)
    replays = Replays(tmp_path / "used-codes", writer)
    first = asyncio.ensure_future(replays.use(A, UNTIL, "pc/1", 0))
    second = asyncio.ensure_future(replays.use(A, UNTIL, "pc/1", 0))
    await asyncio.sleep(0)
    assert not first.done()
    assert not second.done()
    assert list(await asyncio.gather(first, second)) == ["now", "now"]
    await replays.close()


async def test_what_was_not_written_was_not_answered(tmp_path: Path) -> None:
    writer = SteppedWriter(60.0)
    replays = Replays(tmp_path / "used-codes", writer)
    use = asyncio.ensure_future(replays.use(A, UNTIL, "pc/1", 0))
    await asyncio.sleep(0)
    writer.abandon()
    with pytest.raises(asyncio.CancelledError):
        await use
    assert size(tmp_path) == HEAD_BYTES
    await replays.close()


async def test_a_torn_record_is_passed_over_and_what_follows_is_in_step(tmp_path: Path) -> None:
    replays = opened(tmp_path)
    await replays.use(A, UNTIL, "pc/1", 0)
    await replays.use(B, UNTIL, "pc/1", 0)
    await replays.close()
    path = tmp_path / "used-codes"
    whole = path.read_bytes()
    assert len(whole) == HEAD_BYTES + 2 * RECORD_BYTES
    for cut in range(1, RECORD_BYTES):
        path.write_bytes(whole[:-cut])
        replays = opened(tmp_path)
        assert replays.spent(A, UNTIL)
        assert not replays.spent(B, UNTIL)
        if cut % 20 == 0:
            assert await replays.use(B, UNTIL, "pc/2", 0) == "now"
        await replays.close()
        assert size(tmp_path) % RECORD_BYTES == HEAD_BYTES


@given(place=st.integers(0, HEAD_BYTES + 2 * RECORD_BYTES - 1), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_a_flipped_bit_costs_one_code_at_most(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    async def flip() -> None:
        folder = tmp_path_factory.mktemp("flip")
        replays = opened(folder)
        await replays.use(A, UNTIL, "pc/1", 0)
        await replays.use(B, UNTIL, "pc/1", 0)
        await replays.close()
        data = bytearray((folder / "used-codes").read_bytes())
        data[place] ^= 1 << bit
        (folder / "used-codes").write_bytes(data)
        replays = opened(folder)
        assert replays.spent(A, UNTIL) or replays.spent(B, UNTIL)
        await replays.close()

    asyncio.run(flip())


def code(number: int) -> bytes:
    return sha256(b"%d" % number).digest()


async def test_what_is_over_is_left_out_and_never_comes_back(tmp_path: Path) -> None:
    replays = opened(tmp_path)
    many = (replays.use(code(n), n, "pc/1", None) for n in range(1, REWRITE_CODES_MIN + 1))
    assert set(await asyncio.gather(*many)) == {"now"}
    assert await replays.use(A, UNTIL, "pc/1", 1000) == "now"
    await replays.close()
    left = REWRITE_CODES_MIN - 1000 + 1
    assert size(tmp_path) == HEAD_BYTES + left * RECORD_BYTES
    for _ in range(2):
        replays = opened(tmp_path)
        # The clock was set back: what may have been forgotten is used up all the same.
        assert await replays.use(code(7), 7, "pc/2", 0) == "over"
        assert replays.spent(B, 1000)
        assert await replays.use(code(1001), 1001, "pc/2", 0) == "before"
        assert not replays.spent(B, 1001)
        await replays.close()


async def test_nothing_is_left_out_by_a_clock_nobody_trusts(tmp_path: Path) -> None:
    replays = opened(tmp_path)
    uses = (replays.use(code(n), n, "pc/1", None) for n in range(1, CODES_MAX + 1))
    assert set(await asyncio.gather(*uses)) == {"now"}
    assert await replays.use(A, UNTIL, "pc/1", None) == "full"
    assert not replays.spent(A, UNTIL)
    assert await replays.use(A, UNTIL, "pc/1", CODES_MAX) == "now"
    await replays.close()


async def test_a_disk_that_fails_is_told(tmp_path: Path) -> None:
    replays = opened(tmp_path)
    await replays.use(A, UNTIL, "pc/1", 0)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, replays._file)
    os.close(full)
    with pytest.raises(OSError, match="space"):
        await replays.use(B, UNTIL, "pc/1", 0)
    with pytest.raises(OSError, match="space"):
        replays.broken.result()
    await replays.close()


SPENDER = """
import asyncio, sys
from hashlib import sha256
from pathlib import Path
from edge.replays import Replays
from edge.writer import ThreadWriter

async def spend():
    replays = Replays(Path(sys.argv[1]), ThreadWriter())
    number = 0
    while True:
        codes = range(number, number + 7)
        uses = (replays.use(sha256(b"%d" % n).digest(), 10**6, "pc/1", 0) for n in codes)
        assert set(await asyncio.gather(*uses)) == {"now"}
        number += 7
        print(number, flush=True)

asyncio.run(spend())
"""


@pytest.mark.parametrize("spent", [1, 3, 20])
def test_what_was_answered_before_a_kill_is_used_after_it(tmp_path: Path, spent: int) -> None:
    command = [sys.executable, "-c", SPENDER, str(tmp_path / "used-codes")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answered = [int(process.stdout.readline()) for _ in range(spent)][-1]
        process.send_signal(signal.SIGKILL)

    async def ask() -> None:
        replays = opened(tmp_path)
        for number in range(answered):
            assert await replays.use(code(number), 10**6, "pc/2", 0) == "before"
        await replays.close()

    asyncio.run(ask())
