"""Turns and pieces: who asks much is dealt with bit by bit, and others in between."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.memory import MemoryTransport, connect
from edge.doors.pieces import PIECE_BYTES, Pieces
from edge.doors.turns import Turns
from edge.rates import BYTES_PER_TOKEN, SMALL_BYTES, TokenBuckets, weight
from tests import virtual_time

# --- turns ----------------------------------------------------------------------------------------


class Board:
    """Writes down whose turn it was, and in which turn of the loop."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.said: list[str] = []
        self.ticks: list[int] = []
        self.tick = 0

    async def ask(self, who: str, number: int) -> None:
        await self.turns.mine(who)
        self.said.append(f"{who}{number}")
        self.ticks.append(self.tick)

    async def count(self) -> None:
        """Count the loop's turns, until cancelled."""
        while True:
            self.tick += 1
            await asyncio.sleep(0)


def on_board(test: Callable[[Board], Awaitable[None]]) -> Board:
    """Run `test` while the loop's turns are counted; return what happened."""

    async def main() -> Board:
        board = Board()
        counting = asyncio.create_task(board.count())
        await test(board)
        counting.cancel()
        return board

    return virtual_time.run(main())


async def _all(board: Board, asked: Sequence[str]) -> None:
    numbers = {who: iter(range(len(asked))) for who in set(asked)}
    await asyncio.gather(*(board.ask(who, next(numbers[who])) for who in asked))


def test_who_asks_alone_waits_for_nothing() -> None:
    async def alone(board: Board) -> None:
        for number in range(3):
            turn = board.ask("a", number)
            with pytest.raises(StopIteration):
                turn.send(None)  # runs to its end without waiting
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    assert on_board(alone).said == ["a0", "a1", "a2"]


def test_each_has_its_turn_after_the_other() -> None:
    board = on_board(lambda board: _all(board, "aaaaaaabbcb"))
    assert board.said == ["a0", "b0", "c0", "a1", "b1", "a2", "b2", "a3", "a4", "a5", "a6"]


def test_who_comes_later_is_before_the_next_of_who_asks_on_and_on() -> None:
    async def late(board: Board) -> None:
        flood = asyncio.gather(*(board.ask("a", number) for number in range(50)))
        while len(board.said) < 10:
            await asyncio.sleep(0)
        before = len(board.said)
        await board.ask("b", 0)
        assert board.said.index("b0") - before <= 1
        await flood

    board = on_board(late)
    assert [said for said in board.said if said != "b0"] == [f"a{n}" for n in range(50)]


def test_the_sockets_are_looked_at_between_two_turns_of_one() -> None:
    board = on_board(lambda board: _all(board, "aaabbb"))
    for who in "ab":
        own = [at for at, said in zip(board.ticks, board.said, strict=True) if said[0] == who]
        assert len(set(own)) == len(own) == 3


def test_what_different_ones_ask_at_once_is_begun_at_once() -> None:
    board = on_board(lambda board: _all(board, "abcde"))
    assert len(set(board.ticks)) == 1, "one commit is enough for all of them"


def test_who_hung_up_takes_no_turn() -> None:
    async def hang_up(board: Board) -> None:
        asking = [asyncio.create_task(board.ask("a", number)) for number in range(4)]
        other = asyncio.create_task(board.ask("b", 0))
        while not board.said:
            await asyncio.sleep(0)
        for gone in asking[1:3]:
            gone.cancel()
        await asyncio.gather(*asking, other, return_exceptions=True)
        await board.ask("c", 0)

    assert on_board(hang_up).said == ["a0", "b0", "a3", "c0"]


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 3)), max_size=60))
def test_everybody_has_all_turns_in_order_and_nobody_waits_long(
    asked: list[tuple[str, int]],
) -> None:
    waits: list[int] = []

    async def one(board: Board, who: str, number: int, behind: int) -> None:
        before = len(board.said)
        await board.ask(who, number)
        waits.append(len(board.said) - before - 1 - 5 * (behind + 1))

    async def main(board: Board) -> None:
        tasks: list[asyncio.Task[None]] = []
        numbers = dict.fromkeys("abcde", 0)
        for who, pause in asked:
            told = sum(said.startswith(who) for said in board.said)
            behind = numbers[who] - told
            tasks.append(asyncio.create_task(one(board, who, numbers[who], behind)))
            numbers[who] += 1
            for _ in range(pause):
                await asyncio.sleep(0)
        await asyncio.gather(*tasks)

    board = on_board(main)
    for who in "abcde":
        own = [said for said in board.said if said.startswith(who)]
        assert own == [f"{who}{number}" for number in range(sum(w == who for w, _ in asked))]
    assert all(wait <= 0 for wait in waits), "at most one of each other's before each own one"


# --- pieces ---------------------------------------------------------------------------------------


class Reader(asyncio.Protocol):
    """Takes a stream in pieces."""

    pieces: Pieces
    transport: MemoryTransport

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, MemoryTransport)
        self.transport = transport
        self.pieces = Pieces(transport, self.taken.append)

    def data_received(self, data: bytes) -> None:
        self.pieces.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.pieces.finish()


def reading(test: Callable[[Reader, MemoryTransport], Awaitable[None]]) -> Reader:
    async def main() -> Reader:
        reader = Reader()
        _, writer = connect(reader, asyncio.Protocol())
        await test(reader, writer)
        return reader

    return virtual_time.run(main())


@given(st.lists(st.integers(1, 3 * PIECE_BYTES), max_size=8))
def test_a_stream_comes_whole_in_order_and_in_small_pieces(sizes: list[int]) -> None:
    sent = [bytes([number % 256]) * size for number, size in enumerate(sizes)]

    async def send(reader: Reader, writer: MemoryTransport) -> None:
        for data in sent:
            writer.write(data)
        while sum(map(len, reader.taken)) < sum(sizes):
            await asyncio.sleep(0)
        assert reader.transport.is_reading()

    taken = reading(send).taken
    assert b"".join(taken) == b"".join(sent)
    assert all(len(piece) <= PIECE_BYTES for piece in taken)


def test_nothing_more_is_read_until_what_was_read_is_dealt_with() -> None:
    async def send(reader: Reader, writer: MemoryTransport) -> None:
        writer.write(bytes(10 * PIECE_BYTES))
        while not reader.taken:
            await asyncio.sleep(0)
        writer.write(b"more")
        for count in range(len(reader.taken), 10):
            assert len(reader.taken) == count, "one in each turn of the loop"
            assert not reader.transport.is_reading()
            await asyncio.sleep(0)
        while reader.taken[-1] != b"more":
            await asyncio.sleep(0)

    reading(send)


def test_who_is_held_is_not_read_and_goes_on_where_it_was() -> None:
    async def send(reader: Reader, writer: MemoryTransport) -> None:
        writer.write(bytes(3 * PIECE_BYTES))
        while not reader.taken:
            await asyncio.sleep(0)
        reader.pieces.hold()
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(reader.taken) == 1
        assert not reader.transport.is_reading()
        reader.pieces.release()
        while len(reader.taken) < 3:
            await asyncio.sleep(0)
        assert reader.transport.is_reading()

    reading(send)


def test_what_came_before_the_end_is_taken_before_it() -> None:
    async def send(reader: Reader, writer: MemoryTransport) -> None:
        writer.write(bytes(5 * PIECE_BYTES))
        while not reader.taken:
            await asyncio.sleep(0)
        reader.pieces.hold()
        writer.abort()
        await asyncio.sleep(1)

    assert sum(map(len, reading(send).taken)) == 5 * PIECE_BYTES


# --- what a request weighs ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "tokens"),
    [
        (0, 1), (SMALL_BYTES, 1), (SMALL_BYTES + 1, 2),
        (SMALL_BYTES + BYTES_PER_TOKEN, 2), (SMALL_BYTES + BYTES_PER_TOKEN + 1, 3), (65_536, 253),
    ],
)  # fmt: skip
def test_a_large_request_weighs_more(size: int, tokens: int) -> None:
    assert weight(size) == tokens


def test_what_is_owed_has_to_be_waited_for_and_no_longer() -> None:
    buckets = TokenBuckets(10, 10)
    assert buckets.take("a", 0)
    buckets.charge("a", 29)
    assert not buckets.take("a", 0)
    assert buckets.seconds_until_next("a") == pytest.approx(2.1)
    assert not buckets.take("a", 2.0)
    assert buckets.take("a", 2.2)


def test_nobody_owes_who_was_never_let_through() -> None:
    buckets = TokenBuckets(1, 1)
    buckets.charge("a", 100)
    assert buckets.seconds_until_next("a") == 0
    assert buckets.take("a", 0)
