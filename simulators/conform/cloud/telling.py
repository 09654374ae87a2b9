"""What a cloud promises of all that it tells: news, the hot list, rules and the time."""

import base64
from urllib.parse import quote

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_bridge.bundle import BundleRefused, check
from cloud_bridge.contract import (
    HotList,
    Member,
    Receipt,
    Sealed,
    SealedBatch,
    SealedKept,
    SignedBundle,
    SignedTime,
    sha256,
    time_text,
    unbase64,
)
from cloud_bridge.sealing import KEY_BYTES, seal
from simulators.conform.cloud.far_box import Broken, must, read
from simulators.conform.cloud.letters import sale
from simulators.conform.cloud.stage import (
    Case,
    Stage,
    caught_up,
    changes,
    news,
    pages_of,
    told_member,
)

DAY_MS = 24 * 3_600_000
SMALL_PAGES = 25
"""So many small pages of news are compared with the large one."""
HOT_PAGES_MAX = 1000


async def pages_of_news(stage: Stage) -> None:
    """News comes in pages no longer than asked for."""
    whole = await news(stage.box)
    must(bool(whole), "there is no news at all: a tenant for tests has members")
    first = await changes(stage.box, limit=1)
    must(len(first.changes) == 1, "a limit of 1 is not kept")
    must(first.more == (len(whole) > 1), "`more` is wrong")
    again = await changes(stage.box, limit=1)
    must(again.cursor == first.cursor, "the same question has another cursor")


async def resumed(stage: Stage) -> None:
    """Whoever stops and goes on from a cursor is told the same, in the same order."""
    whole, told, count = await news(stage.box), list[object](), 0
    async for page in pages_of(stage.box, limit=7):
        must(len(page.changes) <= 7, "a limit of 7 is not kept")
        told += page.changes
        count += 1
        if count == SMALL_PAGES:
            break
    must(told == whole[: len(told)], "in small pages the news is another one")


async def nothing_new(stage: Stage) -> None:
    """Whoever has all the news is told nothing again."""
    again = await changes(stage.box, await caught_up(stage.box))
    must(not again.changes, "old news is told again")
    must(not again.more, "it says that there is more")


async def told_again(stage: Stage) -> None:
    """A member whose points changed comes again after the cursor."""
    cursor = await caught_up(stage.other)
    sold = sale(stage.box, stage.store, stage.member, points=2)
    read(await stage.box.send([stage.box.page(sold)]), Receipt)
    fresh = await changes(stage.other, cursor)
    names = [change.id for change in fresh.changes if isinstance(change, Member)]
    must(stage.member in names, "other boxes are not told")


async def as_of(stage: Stage) -> None:
    """A member's points say which of our facts they contain."""
    page = stage.box.page(sale(stage.box, stage.store, stage.member, points=3))
    read(await stage.box.send([page]), Receipt)
    member = await told_member(stage)
    must(member.as_of is not None, "they say nothing of the kind")
    assert member.as_of is not None
    reached = (member.as_of.epoch, member.as_of.sequence)
    must(reached >= (page.epoch, page.sequence), "a recorded fact is not counted")


async def hot_list(stage: Stage) -> None:
    """The hot list has a cursor after which nothing is told again."""
    cursor = ""
    for _ in range(HOT_PAGES_MAX):
        found = await stage.box.get(f"/v1/hot?since={quote(cursor, safe='')}", HotList)
        cursor = found.cursor
        if not found.more:
            break
    again = await stage.box.get(f"/v1/hot?since={quote(cursor, safe='')}", HotList)
    must(not again.entries, "old entries are told again")


async def rules(stage: Stage) -> None:
    """Rules are signed by a known key, and are not sent again to who has them."""
    answer = await stage.box.ask("GET", "/v1/bundle")
    if answer.status == 404:
        return
    signed = read(answer, SignedBundle)
    etag = answer.headers.get("etag", "")
    must(etag == f'"{sha256(bytes(signed.bundle))}"', "the ETag is not the bundle's hash")
    try:
        check(answer.body, dict(stage.keys), stage.store, 0, stage.box.now())
    except BundleRefused as error:
        raise Broken(f"no box would take it: {error}") from error
    again = await stage.box.ask("GET", "/v1/bundle", headers={"If-None-Match": etag})
    must(again.status == 304, f"answered {again.status} where 304 was due")


async def the_time(stage: Stage) -> None:
    """The time is signed together with the question's own nonce."""
    nonce = stage.box.nonce()
    told = await stage.box.get(f"/v1/time?nonce={nonce}", SignedTime)
    must(told.nonce == nonce, "it is the answer to another question")
    must(told.key in stage.keys, f"nobody knows the key {told.key!r}")
    signature = unbase64(told.signature) or b""
    try:
        Ed25519PublicKey.from_public_bytes(stage.keys[told.key]).verify(
            signature, time_text(nonce, told.at)
        )
    except InvalidSignature as error:
        raise Broken("its signature is not of this time and nonce") from error


async def time_for_all(stage: Stage) -> None:
    """Whoever asks the time may have a wrong clock."""
    nonce = stage.box.nonce()
    answer = await stage.box.ask("GET", f"/v1/time?nonce={nonce}", at=stage.box.now() - DAY_MS)
    must(read(answer, SignedTime).nonce == nonce, "it is the answer to another question")


async def no_nonce(stage: Stage) -> None:
    """No time is signed for what is no nonce."""
    for nonce in ("", "ab", "z" * 32, "ab" * 40):
        answer = await stage.box.ask("GET", f"/v1/time?nonce={nonce}")
        must(400 <= answer.status < 500, f"{nonce!r} is answered {answer.status}")


async def sealed(stage: Stage) -> None:
    """What cannot be opened is not kept, and does no harm."""
    letter = {"letters": [{"hash": "ab" * 32, "body": "AAAA"}]}
    asked = msgspec.convert(letter, SealedBatch)
    kept = await stage.box.post("/v1/sealed", asked, SealedKept)
    must(not kept.hashes, "it keeps what is not what its hash says")


async def sealed_kept(stage: Stage) -> None:
    """What is sealed for the cloud is kept, and confirmed as often as it comes."""
    letter = _letter(stage, b'{"name":"conformance"}')
    for _ in range(2):
        kept = await stage.box.post("/v1/sealed", SealedBatch(letters=(letter,)), SealedKept)
        must(kept.hashes == (letter.hash,), f"it confirms {len(kept.hashes)} of 1")


async def sealed_unopened(stage: Stage) -> None:
    """What was changed since it was sealed is not confirmed, whatever its hash says."""
    body = bytearray(base64.b64decode(_letter(stage, b'{"name":"conformance"}').body))
    body[-1] ^= 1
    changed = Sealed(hash=sha256(bytes(body)), body=base64.b64encode(body).decode())
    kept = await stage.box.post("/v1/sealed", SealedBatch(letters=(changed,)), SealedKept)
    must(not kept.hashes, "it confirms what it cannot open")


def _letter(stage: Stage, text: bytes) -> Sealed:
    """Return a letter that the cloud alone can open."""
    if stage.sealing_key is None:
        raise Broken("its sealing key was not given: --sealing-key BASE64")
    body = seal(text, stage.sealing_key, stage.luck.randbytes(KEY_BYTES))
    return Sealed(hash=sha256(body), body=base64.b64encode(body).decode())


CASES: tuple[Case, ...] = (
    pages_of_news, resumed, nothing_new, told_again, as_of, hot_list, rules, the_time,
    time_for_all, no_nonce, sealed,
    sealed_kept, sealed_unopened,
)  # fmt: skip
