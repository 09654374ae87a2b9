"""What a cloud promises of facts: each once, in sequence, and every authentic one."""

import asyncio
import base64

import msgspec

from cloud_bridge.contract import CloudHead, EpochOpened, Receipt, RecordedFacts
from simulators.conform.cloud.far_box import Broken, must, problem, read
from simulators.conform.cloud.letters import said, sale
from simulators.conform.cloud.stage import Case, Stage, back_to, one, points

MANY = 1_200
"""More facts than a cloud need take at once."""


async def recorded(stage: Stage) -> None:
    """Facts are acknowledged one by one, with the digest of the last."""
    pages = [stage.box.page(said(stage.store)) for _ in range(3)]
    receipt = read(await stage.box.send(pages), Receipt)
    must(receipt.head == pages[-1].hash, "the head is not our last page's digest")
    must(receipt.high_water == pages[-1].sequence, "the high water is not our last sequence")
    told = [(one.sequence, one.hash) for one in receipt.outcomes]
    must(told == [(page.sequence, page.hash) for page in pages], "not one outcome for each page")
    must(all(one.outcome == "accepted" for one in receipt.outcomes), "a plain fact is no exception")


async def head_told(stage: Stage) -> None:
    """The head is the last fact that was recorded."""
    page = stage.box.page(said(stage.store))
    read(await stage.box.send([page]), Receipt)
    head = await stage.box.get("/v1/head", CloudHead)
    must((head.sequence, head.head) == (page.sequence, page.hash), "the head is another page")


async def twice(stage: Stage) -> None:
    """The same facts again are answered as at the first time, and count once."""
    before = await points(stage)
    pages = [stage.box.page(sale(stage.box, stage.store, stage.member, points=7))]
    first = read(await stage.box.send(pages), Receipt)
    again = read(await stage.box.send(pages), Receipt)
    must(again.outcomes == first.outcomes, "the second answer is another one")
    must(await points(stage) == before + 7, "what was sent twice counts twice, or not at all")


async def at_once(stage: Stage) -> None:
    """The same facts, sent twice at the same moment, count once."""
    before = await points(stage)
    pages = [stage.box.page(sale(stage.box, stage.store, stage.member, points=5))]
    answers = await asyncio.gather(stage.box.send(pages), stage.box.send(pages))
    for answer in answers:
        if answer.status not in {429, 503}:
            read(answer, Receipt)
    read(await stage.box.send(pages), Receipt)
    must(await points(stage) == before + 5, "what was sent at once counts twice, or not at all")


async def too_large(stage: Stage) -> None:
    """What is too much at once is refused as 413, and its halves are taken."""
    waiting = [stage.box.page(said(stage.store)) for _ in range(MANY)]
    last, count = waiting[-1], len(waiting)
    while waiting:
        answer = await stage.box.send(waiting[:count])
        if answer.status == 413 and count > 1:
            count //= 2
            continue
        told = read(answer, Receipt).outcomes
        must(len(told) == len(waiting[:count]), "not one outcome for each page")
        waiting = waiting[count:]
    head = await stage.box.get("/v1/head", CloudHead)
    must((head.sequence, head.head) == (last.sequence, last.hash), "a part is missing")


async def overlapping(stage: Stage) -> None:
    """A batch may begin with facts that are known."""
    first = stage.box.page(said(stage.store))
    read(await stage.box.send([first]), Receipt)
    second = stage.box.page(said(stage.store))
    receipt = read(await stage.box.send([first, second]), Receipt)
    must(receipt.head == second.hash, "the new page of an overlapping batch is not recorded")


async def gaps(stage: Stage) -> None:
    """What does not follow is refused as a gap, and says how far the cloud has come."""
    here = stage.box.page(said(stage.store))
    read(await stage.box.send([here]), Receipt)
    stage.box.page(said(stage.store))
    beyond = stage.box.page(said(stage.store))
    no = problem(await stage.box.send([beyond]), 409)
    stage.box.back(here)
    must(no.code == "gap", f"the code is {no.code!r}, not 'gap'")
    must((no.high_water, no.head) == (here.sequence, here.hash), "it does not say where it stands")


async def forks(stage: Stage) -> None:
    """Another fact in the place of a recorded one is refused as a fork."""
    here = stage.box.page(said(stage.store))
    read(await stage.box.send([here]), Receipt)
    body = msgspec.json.encode(said(stage.store))
    other = stage.box.sealed(here.sequence, here.previous, "conform/fork", here.kind, body)
    no = problem(await stage.box.send([other]), 409)
    must(no.code == "forked", f"the code is {no.code!r}, not 'forked'")


async def unopened(stage: Stage) -> None:
    """An epoch that nobody has opened takes nothing."""
    here = await stage.box.get("/v1/head", CloudHead)
    stage.box.epoch += 1
    answer = await stage.box.send([stage.box.page(said(stage.store))])
    stage.box.epoch -= 1
    back_to(stage.box, here)
    problem(answer, 409)
    must(await stage.box.get("/v1/head", CloudHead) == here, "it is recorded all the same")


async def restored(stage: Stage) -> None:
    """A box restored from a backup goes on in a new epoch, from a fact that the cloud has."""
    kept = stage.box.page(said(stage.store))
    lost = stage.box.page(said(stage.store))
    read(await stage.box.send([kept, lost]), Receipt)
    stage.box.back(kept)
    stage.box.epoch += 1
    opened = EpochOpened(
        ordinal=stage.box.epoch, nonce=stage.box.nonce(), parent_ordinal=stage.box.epoch - 1,
        parent_sequence=kept.sequence, parent_head=kept.hash, software="conformance",
    )  # fmt: skip
    page = stage.box.page(opened)
    read(await stage.box.send([page]), Receipt)
    head = await stage.box.get("/v1/head", CloudHead)
    must((head.epoch, head.head) == (page.epoch, page.hash), "the new epoch is not where it is")
    target = f"/v1/facts?epoch={lost.epoch}&after={kept.sequence}&limit=100"
    found = await stage.box.get(target, RecordedFacts)
    must(lost.hash in {one.hash for one in found.envelopes}, "what the box lost, it lost too")


async def served_twice(stage: Stage) -> None:
    """A request that was served in an earlier epoch too is an exception, and names itself."""
    sold = sale(stage.box, stage.store, stage.member, points=1)
    key = f"conform/{stage.box.nonce()}"
    await one(stage, stage.box.page(sold, key=key))
    await stage.box.begin()
    again = sale(stage.box, stage.store, stage.member, points=1)
    outcome = await one(stage, stage.box.page(again, key=key))
    must(outcome.outcome == "accepted_with_exception", f"it is {outcome.outcome}")
    must(outcome.kind == "served_twice", f"its kind is {outcome.kind!r}")


async def over(stage: Stage) -> None:
    """An epoch that was followed by another takes nothing new."""
    old_epoch, old_sequence, old_previous = (
        stage.box.epoch, stage.box.sequence, stage.box.previous,
    )  # fmt: skip
    await stage.box.begin()
    now = stage.box.epoch, stage.box.sequence, stage.box.previous
    stage.box.epoch, stage.box.sequence, stage.box.previous = old_epoch, old_sequence, old_previous
    late = stage.box.page(said(stage.store))
    answer = await stage.box.send([late])
    stage.box.epoch, stage.box.sequence, stage.box.previous = now
    must(problem(answer, 409).code in {"fenced", "forked"}, "a past epoch goes on")


async def forged(stage: Stage) -> None:
    """A batch whose head the box did not sign is refused, and nothing of it is recorded."""
    here = await stage.box.get("/v1/head", CloudHead)
    page = stage.box.page(said(stage.store))
    wrong = base64.b64encode(bytes(64)).decode()
    answer = await stage.box.send([page], signature=wrong)
    back_to(stage.box, here)
    must(answer.status in {401, 403, 422}, f"answered {answer.status} where 422 was due")
    must(await stage.box.get("/v1/head", CloudHead) == here, "a forged batch is recorded")


async def signed_elsewhere(stage: Stage) -> None:
    """A batch whose signature is of another head is refused, and nothing of it is recorded."""
    here = await stage.box.get("/v1/head", CloudHead)
    pages = [stage.box.page(said(stage.store)) for _ in range(2)]
    first = stage.box.batch(pages[:1])
    answer = await stage.box.send(pages, signature=first.signature)
    back_to(stage.box, here)
    must(answer.status in {401, 403, 422}, f"answered {answer.status} where 422 was due")
    must(await stage.box.get("/v1/head", CloudHead) == here, "it is recorded all the same")


async def unchained(stage: Stage) -> None:
    """A batch that leaves one out is refused, and nothing of it is recorded."""
    here = await stage.box.get("/v1/head", CloudHead)
    pages = [stage.box.page(said(stage.store)) for _ in range(3)]
    answer = await stage.box.send([pages[0], pages[2]])
    back_to(stage.box, here)
    must(400 <= answer.status < 500, f"answered {answer.status} where a refusal was due")
    must(await stage.box.get("/v1/head", CloudHead) == here, "a part of it is recorded")


async def empty(stage: Stage) -> None:
    """A batch of nothing is refused."""
    page = stage.box.page(said(stage.store))
    stage.box.sequence, stage.box.previous = page.sequence - 1, page.previous
    answer = await stage.box.send([page], envelopes=())
    must(400 <= answer.status < 500, f"answered {answer.status} where a refusal was due")


async def edited(stage: Stage) -> None:
    """A page that is not what its digest says is refused."""
    here = await stage.box.get("/v1/head", CloudHead)
    page = msgspec.structs.replace(stage.box.page(said(stage.store)), at=1)
    answer = await stage.box.send([page])
    back_to(stage.box, here)
    must(400 <= answer.status < 500, f"answered {answer.status} where a refusal was due")
    must(await stage.box.get("/v1/head", CloudHead) == here, "an edited page is recorded")


async def unbalanced(stage: Stage) -> None:
    """A deed whose entry does not sum to zero is recorded as invalid, and moves nothing."""
    before = await points(stage)
    wrong = sale(stage.box, stage.store, stage.member, points=7)
    wrong = msgspec.structs.replace(wrong, postings=wrong.postings[:1])
    outcome = await one(stage, stage.box.page(wrong))
    must(outcome.outcome == "rejected_invalid", f"it is {outcome.outcome}")
    must(await points(stage) == before, "it counts all the same")


async def invalid_again(stage: Stage) -> None:
    """What was recorded as invalid is acknowledged the same when it comes again."""
    page = stage.box.page(None, kind="gift.v9", body=b'{"type":"gift.v9"}')
    first = await one(stage, page)
    must(await one(stage, page) == first, "the second answer is another one")


async def mislabelled(stage: Stage) -> None:
    """A fact whose kind is not that of its body is recorded as invalid."""
    body = msgspec.json.encode(said(stage.store))
    outcome = await one(stage, stage.box.page(None, kind="day_opened.v1", body=body))
    must(outcome.outcome == "rejected_invalid", f"it is {outcome.outcome}")


async def unknown_kind(stage: Stage) -> None:
    """A fact of a kind that nobody knows is recorded as invalid, and blocks nobody."""
    strange = stage.box.page(None, kind="gift.v9", body=b'{"type":"gift.v9"}')
    outcome = await one(stage, strange)
    must(outcome.outcome == "rejected_invalid", f"it is {outcome.outcome}")
    plain = await one(stage, stage.box.page(said(stage.store)))
    must(plain.outcome == "accepted", "what comes after it is held up")


async def unknown_member(stage: Stage) -> None:
    """A deed about nobody known is recorded, as an exception with its kind."""
    outcome = await one(stage, stage.box.page(sale(stage.box, stage.store, "nobody", points=1)))
    must(outcome.outcome == "accepted_with_exception", f"it is {outcome.outcome}")
    must(outcome.kind == "unknown_member", f"its kind is {outcome.kind!r}")


async def given_back(stage: Stage) -> None:
    """A box gets its own facts back, byte for byte, page by page."""
    pages = [stage.box.page(said(stage.store)) for _ in range(3)]
    read(await stage.box.send(pages), Receipt)
    target = f"/v1/facts?epoch={stage.box.epoch}&after={pages[0].sequence - 1}&limit=2"
    some = await stage.box.get(target, RecordedFacts)
    must([one.hash for one in some.envelopes] == [page.hash for page in pages[:2]], "others came")
    must(some.more, "it does not say that there is more")
    bodies = [bytes(one.body) for one in some.envelopes]
    must(bodies == [bytes(page.body) for page in pages[:2]], "the bytes are not ours any more")


async def nothing_after(stage: Stage) -> None:
    """After the last fact there are none, and no more to come."""
    head = await stage.box.get("/v1/head", CloudHead)
    target = f"/v1/facts?epoch={head.epoch}&after={head.sequence}&limit=10"
    found = await stage.box.get(target, RecordedFacts)
    must(not found.envelopes, "there are some all the same")
    must(not found.more, "it says that there is more")


async def through_epochs(stage: Stage) -> None:
    """A box's own facts run on from one epoch into the next, in order."""
    page = stage.box.page(said(stage.store))
    read(await stage.box.send([page]), Receipt)
    await stage.box.begin()
    target = f"/v1/facts?epoch={page.epoch}&after={page.sequence - 1}&limit=10"
    found = (await stage.box.get(target, RecordedFacts)).envelopes
    must(bool(found) and found[0].hash == page.hash, "the first is not the one asked for")
    must(found[-1].epoch == stage.box.epoch, "it ends with its epoch")
    places = [(one.epoch, one.sequence) for one in found]
    must(places == sorted(places), "they are not in order")


async def own_facts(stage: Stage) -> None:
    """No box gets the facts of another."""
    page = stage.box.page(said(stage.store))
    read(await stage.box.send([page]), Receipt)
    target = "/v1/facts?epoch=0&after=0&limit=1000"
    for _ in range(1000):
        found = await stage.other.get(target, RecordedFacts)
        must(page.hash not in {one.hash for one in found.envelopes}, "it gets them")
        if not found.more:
            return
        last = found.envelopes[-1]
        target = f"/v1/facts?epoch={last.epoch}&after={last.sequence}&limit=1000"
    raise Broken("its facts never end")


CASES: tuple[Case, ...] = (
    recorded, head_told, twice, at_once, too_large, overlapping, gaps, forks, unopened, restored,
    served_twice, over, forged, signed_elsewhere, unchained, empty, edited, unbalanced,
    invalid_again, mislabelled, unknown_kind, unknown_member, given_back, nothing_after,
    through_epochs, own_facts,
)  # fmt: skip
