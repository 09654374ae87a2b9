"""The cloud's word on a box's history: heads, epochs in order, and facts given back."""

import msgspec
import pytest

from cloud_bridge.contract import (
    CloudHead,
    CloudProblem,
    Envelope,
    EpochOpened,
    RecordedFacts,
    seal,
    sha256,
)
from cloud_bridge.courier import Forked, WireAnswer, judge
from simulators.cloud import CloudTwin
from tests.journals import Journal, day, sale
from tests.test_cloud_twin import ask, post, read, refusal, twin

__all__ = ["twin"]


def opened(ordinal: int) -> EpochOpened:
    return EpochOpened(
        ordinal=ordinal, nonce="ab", parent_ordinal=1, parent_sequence=0, parent_head="",
        software="test",
    )  # fmt: skip


def line(count: int, epoch: int = 1) -> Journal:
    journal = Journal(epoch=epoch)
    journal.add(opened(epoch))
    for number in range(count - 1):
        journal.add(sale("m0001", 100 + number, 1))
    return journal


def branch(parent: Journal, at: int, epoch: int, count: int, first: int = 500) -> Journal:
    """Return another life: the pages of `parent` up to `at`, then an epoch of its own."""
    journal = Journal(epoch=epoch)
    journal.pages = list(parent.pages[:at])
    journal.add(opened(epoch))
    for number in range(count):
        journal.add(sale("m0001", first + number, 1))
    return journal


async def head(twin: CloudTwin) -> CloudHead:
    return read(await ask(twin, "GET", "/v1/head"), CloudHead)


def problem(body: bytes) -> CloudProblem:
    return msgspec.json.decode(body, type=CloudProblem)


def place(page: Envelope) -> CloudHead:
    return CloudHead(epoch=page.epoch, sequence=page.sequence, head=page.hash)


async def test_the_head_is_the_last_page_of_the_latest_epoch(twin: CloudTwin) -> None:
    assert await head(twin) == CloudHead(epoch=0, sequence=0, head="")
    first = line(6)
    await post(twin, first.pages)
    assert await head(twin) == place(first.pages[5])
    second = branch(first, 3, 2, 1)
    await post(twin, second.pages[3:])
    assert await head(twin) == place(second.pages[4]), "later, though not as long"


async def test_an_epoch_opens_above_all_others_and_fences_them(twin: CloudTwin) -> None:
    first = line(6)
    await post(twin, first.pages[:5])
    second = branch(first, 3, 2, 2)
    assert (await post(twin, second.pages[3:])).status == 200
    reply = await post(twin, first.pages[5:])
    said = problem(reply.body)
    assert (said.code, reply.status) == ("fenced", 409)
    assert CloudHead(epoch=said.epoch, sequence=said.high_water or 0, head=said.head) == place(
        second.pages[-1]
    )
    rival = branch(first, 4, 2, 2, first=900)
    assert refusal(await post(twin, rival.pages[4:])) == (409, "forked")
    third = branch(first, 4, 3, 1)
    assert (await post(twin, third.pages[4:])).status == 200
    assert (await post(twin, first.pages[:5])).status == 200, "what is recorded stays answered"


async def test_an_epoch_opens_on_a_recorded_page_only(twin: CloudTwin) -> None:
    first = line(6)
    await post(twin, first.pages[:3])
    assert refusal(await post(twin, branch(first, 5, 2, 1).pages[5:])) == (409, "gap")
    assert refusal(await post(twin, branch(first, 2, 2, 2).pages[3:])) == (409, "gap")
    assert (await post(twin, branch(first, 5, 2, 1).pages[3:])).status == 200, "in one batch"


async def test_another_page_in_a_recorded_place_is_a_fork(twin: CloudTwin) -> None:
    first, other = line(4), line(3)
    other.add(sale("m0001", 777, 7))
    await post(twin, first.pages)
    assert refusal(await post(twin, other.pages[3:])) == (409, "forked")
    other.add(day())
    assert refusal(await post(twin, other.pages[4:])) == (409, "forked")
    answer = await post(twin, other.pages[3:])
    wire = WireAnswer(answer.status, {}, answer.body)
    assert isinstance(judge(wire, other.written(3), other.digest_at), Forked)


async def test_facts_come_back_in_order_over_all_epochs(twin: CloudTwin) -> None:
    first = line(6)
    await post(twin, first.pages)
    second = branch(first, 3, 2, 2)
    await post(twin, second.pages[3:])
    everything = [*first.pages, *second.pages[3:]]
    found: list[Envelope] = []
    epoch, after, more = 0, 0, True
    while more:
        target = f"/v1/facts?epoch={epoch}&after={after}&limit=2"
        page = read(await ask(twin, "GET", target), RecordedFacts)
        assert len(page.envelopes) <= 2
        found += page.envelopes
        epoch, after, more = found[-1].epoch, found[-1].sequence, page.more
    assert found == everything
    rest = read(await ask(twin, "GET", "/v1/facts?epoch=1&after=4&limit=99"), RecordedFacts)
    assert list(rest.envelopes) == everything[4:]


MALFORMED = ("", "?epoch=1", "?epoch=-1&after=0&limit=1", "?epoch=1&after=x&limit=1",
             "?epoch=1&after=1&limit=1e9")  # fmt: skip


@pytest.mark.parametrize("query", MALFORMED)
async def test_a_question_that_makes_no_sense_is_refused(twin: CloudTwin, query: str) -> None:
    assert refusal(await ask(twin, "GET", f"/v1/facts{query}")) == (400, "malformed")


async def test_one_deed_counts_once_in_whatever_page_it_stands(twin: CloudTwin) -> None:
    """A page that was sealed again in a later epoch is the same deed."""
    first = line(5)
    await post(twin, first.pages)
    before = twin.books()
    second = branch(first, 3, 2, 0)
    again = first.pages[3]
    previous = second.pages[-1].hash
    fields = (5, 2, again.at, again.origin, again.key, again.content, again.kind)
    digest = seal(previous, *fields, sha256(bytes(again.body)), again.answer)
    sealed = msgspec.structs.replace(again, sequence=5, epoch=2, previous=previous, hash=digest)
    assert (await post(twin, [*second.pages[3:], sealed])).status == 200
    assert twin.books() == before
