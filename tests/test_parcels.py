"""Facts on their way: spliced as bytes, read on the loop or in a thread, the same either way."""

import asyncio
import random
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract import Batch, check, head_text, sha256, unbase64
from cloud_bridge.parcels import Parcel, Written, bind, write
from edge.journal import GENESIS, Draft, Journal, JournalBroken
from edge.outbox import FACTS_AT_ONCE, Backlog
from edge.writer import ThreadWriter
from simulators.keys import make_key
from tests.journals import Journal as Pages
from tests.test_journal import Onlooker

T = TypeVar("T")
KEY = make_key("box-1", random.Random(1))
PAGE_BYTES = 4096


class Elsewhere:
    """Runs a call in a thread, and remembers in which."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    async def __call__(self, call: Callable[[], T]) -> T:
        return await asyncio.to_thread(self._run, call)

    def _run(self, call: Callable[[], T]) -> T:
        self.threads.append(threading.get_ident())
        return call()


def parcel(facts: Iterable[Written]) -> Parcel:
    return bind("box-1", KEY.sign, list(facts))


async def journal_of(path: Path, count: int) -> Journal:
    journal = Journal(path, Onlooker(), ThreadWriter())
    drafts = [
        Draft("pos-1", f"key-{n}", "0c" * 32, "sale.v1", b'{"n":%d,"zh":"\xe8\x8c\xb6"}' % n, b"ok")
        for n in range(count)
    ]
    await asyncio.gather(*[journal.place(draft, None, now=n)[1] for n, draft in enumerate(drafts)])
    return journal


@given(st.lists(st.text().map(msgspec.json.encode), min_size=1, max_size=9))
def test_a_parcel_is_the_batch_of_its_envelopes_signed_over_its_head(bodies: list[bytes]) -> None:
    pages = Pages()
    for body in bodies:
        pages.add_raw("sale.v1", body)
    sent = parcel(map(write, pages.pages))
    batch = msgspec.json.decode(sent.body, type=Batch, strict=True)
    assert list(batch.envelopes) == pages.pages
    assert (batch.box, batch.head) == ("box-1", pages.pages[-1].hash)
    signature = unbase64(batch.signature)
    assert signature is not None
    KEY.private_key.public_key().verify(signature, head_text("box-1", len(bodies), batch.head))
    assert sent.body_hash == sha256(sent.body)
    assert sent.body == msgspec.json.encode(batch), "as if it had been written in one go"


async def test_few_facts_are_read_on_the_loop_and_many_in_a_thread_alike(tmp_path: Path) -> None:
    journal, elsewhere = await journal_of(tmp_path / "journal.db", FACTS_AT_ONCE + 30), Elsewhere()
    backlog = Backlog(journal, elsewhere)
    many = await backlog.read(parcel, 0, GENESIS)
    assert [thread != threading.get_ident() for thread in elsewhere.threads] == [True]
    assert [fact.sequence for fact in many.facts] == list(range(1, FACTS_AT_ONCE + 31))
    letters = msgspec.json.decode(many.body, type=Batch).envelopes
    assert all(map(check, letters)), "the chain can be recomputed from what is sent"
    few = await backlog.read(parcel, 30, many.facts[29].hash)
    assert len(elsewhere.threads) == 1
    assert few.facts == many.facts[30:]
    await journal.close()


async def test_nothing_is_read_that_is_not_known_to_be_durable(tmp_path: Path) -> None:
    journal = await journal_of(tmp_path / "journal.db", FACTS_AT_ONCE + 1)
    later = journal.place(Draft("pos-1", "late", "0c" * 32, "sale.v1", b"{}"), None, now=1)[1]
    found = await Backlog(journal, blocking).read(list, 0, GENESIS)
    assert len(found) == FACTS_AT_ONCE + 1
    await later
    await journal.close()


async def blocking(call: Callable[[], T]) -> T:
    return call()


async def test_a_backlog_that_cannot_be_read_breaks_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await (await journal_of(path, 400)).close()
    content = bytearray(path.read_bytes())
    leaf = content.index(b'{"n":200,') // PAGE_BYTES * PAGE_BYTES
    content[leaf : leaf + 200] = bytes(200)
    path.write_bytes(content)
    journal = Journal(path, Onlooker(), ThreadWriter())
    with pytest.raises(JournalBroken):
        await Backlog(journal, Elsewhere()).read(list, 0, GENESIS)
    assert isinstance(journal.broken.exception(), JournalBroken)
    await journal.close()
