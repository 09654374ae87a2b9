"""The cloud twin keeps the contract: who may ask, what is recorded, what is told."""

import base64
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from cloud_bridge.auth import write_auth
from cloud_bridge.bundle import canonical, check
from cloud_bridge.contract import (
    AsOf,
    Batch,
    Card,
    Change,
    Changes,
    CloudProblem,
    Envelope,
    HoldingsExpired,
    Member,
    PointsGrown,
    Receipt,
    head_text,
)
from edge.shop.bundle import decode
from simulators import demo_data
from simulators.cloud import CloudTwin, Reply
from simulators.keys import KeyPair, make_key
from tests.journals import Journal, day, deed, enrolment, points, sale, some_sales, sums

T = TypeVar("T")
LUCK = random.Random(11)
CLOUD, BOX, STRANGER = (make_key(name, LUCK) for name in ("cloud-1", "box-1", "box-9"))
NOW = 1_800_000_000_000


@pytest.fixture
def twin() -> Iterator[CloudTwin]:
    made = CloudTwin(CLOUD, now=lambda: NOW, batch_count_max=50)
    made.register_box("box-1", BOX.public_key)
    yield made
    made.close()


async def ask(
    twin: CloudTwin,
    method: str,
    target: str,
    body: bytes = b"",
    *,
    key: KeyPair = BOX,
    at: int = NOW,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    auth = write_auth(key.id, at, key.sign, method, target, body)
    return await twin.handle(method, target, {"Edge-Auth": auth, **(headers or {})}, body)


def batch(pages: list[Envelope], key: KeyPair = BOX, **changes: Any) -> bytes:
    last = pages[-1]
    made = Batch(
        box="box-1",
        envelopes=tuple(pages),
        head=last.hash,
        signature=base64.b64encode(key.sign(head_text("box-1", last.sequence, last.hash))).decode(),
    )
    return msgspec.json.encode(msgspec.structs.replace(made, **changes))


async def post(twin: CloudTwin, pages: list[Envelope]) -> Reply:
    return await ask(twin, "POST", "/v1/facts", batch(pages))


def read(reply: Reply, kind: type[T]) -> T:
    assert reply.status == 200, reply
    return msgspec.json.decode(reply.body, type=kind)


def refusal(reply: Reply) -> tuple[int, str]:
    problem = msgspec.json.decode(reply.body, type=CloudProblem)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.status == problem.status
    return problem.status, problem.code


# --- who asks -------------------------------------------------------------------------------------


async def test_only_a_known_box_with_its_own_key_and_clock_is_heard(twin: CloudTwin) -> None:
    target = "/v1/changes?since=&limit=5"
    forged = write_auth("box-1", NOW, STRANGER.sign, "GET", target, b"")
    other = write_auth("box-1", NOW, BOX.sign, "GET", "/v1/bundle", b"")
    for headers in ({}, {"Edge-Auth": "box=box-1"}, {"Edge-Auth": forged}, {"Edge-Auth": other}):
        assert (await twin.handle("GET", target, headers, b"")).status == 401
    assert refusal(await ask(twin, "GET", target, key=STRANGER)) == (401, "bad-auth")
    assert refusal(await ask(twin, "GET", target, at=NOW - 300_001)) == (401, "clock")
    assert refusal(await ask(twin, "GET", target, at=NOW + 300_001)) == (401, "clock")
    assert (await ask(twin, "GET", target, at=NOW - 299_999)).status == 200


async def test_unknown_paths_and_bad_queries_are_refused(twin: CloudTwin) -> None:
    assert refusal(await ask(twin, "GET", "/v1/nothing")) == (404, "not-found")
    assert refusal(await ask(twin, "GET", "/v1/facts")) == (400, "malformed")
    assert refusal(await ask(twin, "GET", "/v1/changes?since=x")) == (400, "malformed")
    assert refusal(await ask(twin, "GET", "/v1/changes?limit=0")) == (400, "malformed")


# --- facts ----------------------------------------------------------------------------------------


async def test_facts_are_recorded_once_and_duplicates_answered_the_same(twin: CloudTwin) -> None:
    journal = Journal()
    some_sales(journal, 9, random.Random(1), ["m0001"])
    first = await post(twin, journal.pages[:5])
    again = await post(twin, journal.pages[:5])
    assert first == again
    both = read(await post(twin, journal.pages[2:9]), Receipt)
    assert both.high_water == 9
    assert both.head == journal.pages[8].hash
    assert [o.sequence for o in both.outcomes] == [3, 4, 5, 6, 7, 8, 9]
    late = read(await post(twin, journal.pages[:5]), Receipt)
    assert late.high_water == 9, "a late duplicate still says how far we are"
    assert twin.facts("box-1") == journal.pages
    assert twin.books() == sums(journal.pages)


async def test_a_gap_is_answered_409_with_the_high_water(twin: CloudTwin) -> None:
    journal = Journal()
    for _ in range(6):
        journal.add(day())
    await post(twin, journal.pages[:2])
    reply = await post(twin, journal.pages[3:])
    problem = msgspec.json.decode(reply.body, type=CloudProblem)
    assert (reply.status, problem.high_water, problem.head) == (409, 2, journal.pages[1].hash)
    assert len(twin.facts("box-1")) == 2


async def test_another_history_is_a_conflict(twin: CloudTwin) -> None:
    journal, fork = Journal(), Journal(epoch=2)
    for _ in range(4):
        journal.add(day())
        fork.add(day())
    await post(twin, journal.pages[:2])
    assert refusal(await post(twin, fork.pages[:2])) == (409, "gap")
    assert refusal(await post(twin, fork.pages[2:])) == (409, "gap")
    assert twin.facts("box-1") == journal.pages[:2]


async def test_what_is_not_authentic_is_not_recorded(twin: CloudTwin) -> None:
    journal = Journal()
    for _ in range(4):
        journal.add(day())
    pages = journal.pages
    altered = msgspec.structs.replace(pages[1], at=pages[1].at + 1)
    cases = [
        (batch(pages, key=STRANGER), (422, "forged")),
        (batch(pages, signature="***"), (422, "forged")),
        (batch(pages, head="0" * 64), (422, "forged")),
        (batch([pages[0], altered, *pages[2:]]), (422, "forged")),
        (batch([pages[0], pages[2]]), (422, "forged")),
        (batch([pages[1], pages[0]]), (422, "forged")),
        (batch(pages, box="box-2"), (403, "other-box")),
        (batch(pages, envelopes=()), (400, "malformed")),
        (b"[]", (400, "malformed")),
        (batch(pages * 13), (413, "too-many")),
        (b" " * (4 * 1024 * 1024 + 1), (413, "too-large")),
    ]
    for body, expected in cases:
        assert refusal(await ask(twin, "POST", "/v1/facts", body)) == expected
    assert not twin.facts("box-1")


async def test_a_bad_but_authentic_fact_is_recorded_and_blocks_nobody(twin: CloudTwin) -> None:
    twin.seed_members([Member(id="m0001", display="王**")])
    journal = Journal()
    lame = msgspec.structs.replace(sale("m0001", 500, 5), postings=sale(None, 500, 0).postings[:1])
    journal.add(lame)
    journal.add_raw("sale.v1", b'{"type":"sale.v1"}')
    journal.add_raw("party.v1", b'{"type":"party.v1"}')
    journal.add_raw("sale.v1", msgspec.json.encode(day()))
    journal.add(sale("m0404", 300, 3))
    journal.add(sale("m0001", 700, 7))
    receipt = read(await post(twin, journal.pages), Receipt)
    kinds = [o.outcome for o in receipt.outcomes]
    assert kinds == ["rejected_invalid"] * 4 + ["accepted_with_exception", "accepted"]
    assert all(o.reason for o in receipt.outcomes[:5])
    assert twin.facts("box-1") == journal.pages
    assert list(receipt.outcomes) == twin.outcomes("box-1")
    assert twin.books() == sums(journal.pages[4:])


async def test_whom_a_box_enrolled_is_a_member_from_then_on(twin: CloudTwin) -> None:
    journal = Journal(epoch=3)
    journal.add(enrolment("p-1", "6900", welcome=50))
    journal.add(sale("p-1", 700, 7))
    journal.add(enrolment("p-1", "", welcome=0))
    receipt = read(await post(twin, journal.pages), Receipt)
    assert [o.outcome for o in receipt.outcomes] == ["accepted"] * 3
    told = (await changes(twin, "")).changes
    assert Card(number="6900", member="p-1") in told
    (member,) = (change for change in told if isinstance(change, Member))
    assert (member.id, member.display, member.phone_last4) == ("p-1", "李**", "0077")
    assert (member.points, member.as_of) == (57, AsOf(epoch=3, sequence=3))


async def test_points_follow_any_deed_and_nothing_but_its_points(twin: CloudTwin) -> None:
    """The same legs of a sale, as another deed: the cloud reads postings, whatever it is."""
    twin.seed_members([Member(id="m0001", display="王**", points=40)])
    journal = Journal()
    grown = PointsGrown(
        **deed("m0001", points("m0001", 9)), period="2026-12", base=900, rate=100, points=9,
        carry=0, shares=(),
    )  # fmt: skip
    exact = points("m0001", -4)
    spent = [*exact, *points("m0001", -30, "BON"), *points("m0001", 2, "PTS.lumen")]
    expired = HoldingsExpired(**deed("m0001", spent), points=4, bonus=30, principal=0, uses=0)
    journal.add(grown)
    journal.add(expired)
    receipt = read(await post(twin, journal.pages), Receipt)
    assert [o.outcome for o in receipt.outcomes] == ["accepted"] * 2
    (member,) = (await changes(twin, "")).changes
    assert isinstance(member, Member)
    assert member.points == 40 + 9 - 4
    assert twin.books() == sums(journal.pages)


# --- news -----------------------------------------------------------------------------------------


async def changes(twin: CloudTwin, since: str, limit: int = 1000, key: KeyPair = BOX) -> Changes:
    return read(
        await ask(twin, "GET", f"/v1/changes?since={since}&limit={limit}", key=key), Changes
    )


async def test_the_first_fill_comes_in_pages(twin: CloudTwin) -> None:
    twin.seed_products(demo_data.products())
    twin.seed_members(demo_data.members(), demo_data.cards())
    seen: list[Change] = []
    price_books: list[int] = []
    cursor, more = "", True
    while more:
        page = await changes(twin, cursor, limit=7)
        seen += page.changes
        cursor, more = page.cursor, page.more
        price_books.append(page.price_book)
    assert seen == [*demo_data.products(), *demo_data.members(), *demo_data.cards()]
    assert price_books == sorted(price_books)
    assert price_books[-1] == len(demo_data.products())
    idle = await changes(twin, cursor)
    assert (idle.changes, idle.cursor, idle.more) == ((), cursor, False)


async def test_points_move_with_facts_and_say_which_they_contain(twin: CloudTwin) -> None:
    twin.register_box("box-9", STRANGER.public_key)
    twin.seed_members([Member(id="m0001", display="王**", points=40)])
    cursor = (await changes(twin, "")).cursor
    journal = Journal(epoch=3)
    journal.add(sale("m0001", 700, 7))
    journal.add(day())
    await post(twin, journal.pages)
    (mine,) = (await changes(twin, cursor)).changes
    (theirs,) = (await changes(twin, cursor, key=STRANGER)).changes
    assert isinstance(mine, Member)
    assert isinstance(theirs, Member)
    assert (mine.points, mine.as_of) == (47, AsOf(epoch=3, sequence=2))
    assert (theirs.points, theirs.as_of) == (47, None)
    twin.seed_members([Member(id="m0001", display="王**", tier="gold", points=40)])
    (promoted,) = (await changes(twin, cursor)).changes
    assert isinstance(promoted, Member)
    assert (promoted.points, promoted.tier) == (47, "gold")


async def test_the_bundle_has_an_etag(twin: CloudTwin) -> None:
    assert refusal(await ask(twin, "GET", "/v1/bundle")) == (404, "no-bundle")
    raw = twin.publish_bundle(demo_data.bundle("s001"))
    first = await ask(twin, "GET", "/v1/bundle")
    checked = check(first.body, {"cloud-1": CLOUD.public_key}, "s001", 0, NOW)
    assert first.body == raw
    assert first.headers["ETag"] == f'"{checked.hash}"'
    same = await ask(twin, "GET", "/v1/bundle", headers={"If-None-Match": f'"{checked.hash}"'})
    assert (same.status, same.body) == (304, b"")
    twin.publish_bundle(demo_data.bundle("s001", version=2))
    newer = await ask(twin, "GET", "/v1/bundle", headers={"If-None-Match": f'"{checked.hash}"'})
    assert newer.status == 200
    twin.publish_raw(b"no bundle at all")
    assert (await ask(twin, "GET", "/v1/bundle")).body == b"no bundle at all"


async def test_the_tables_survive_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "cloud.db")
    journal = Journal()
    some_sales(journal, 5, random.Random(2), ["m0001"])
    for _ in range(2):
        twin = CloudTwin(CLOUD, path, now=lambda: NOW)
        twin.register_box("box-1", BOX.public_key)
        receipt = read(await post(twin, journal.pages), Receipt)
        assert receipt.high_water == 5
        assert twin.books() == sums(journal.pages)
        twin.close()


# --- the demo programme ---------------------------------------------------------------------------


def test_every_demo_code_is_well_formed_and_its_own() -> None:
    codes = [gtin for product in demo_data.products() for gtin in product.gtins]
    codes += [card.number for card in demo_data.cards()]
    assert len(set(codes)) == len(codes) > 40
    for code in codes:
        assert len(code) == 13
        weights = [1, 3] * 6 + [1]
        assert sum(int(d) * w for d, w in zip(code, weights, strict=True)) % 10 == 0
    assert {card.member for card in demo_data.cards()} == {m.id for m in demo_data.members()}
    assert len({m.phone_hash for m in demo_data.members()}) == len(demo_data.members())


def test_the_phone_hash_is_hmac_sha_256() -> None:
    # RFC 4231 section 4.3, test case 2.
    key, data = b"Jefe", "what do ya want for nothing?"
    assert demo_data.phone_hash(data, key).startswith("5bdcc146bf60754e6a042426089575c7")


def test_the_shop_understands_the_demo_rules() -> None:
    bundle = decode(canonical(demo_data.bundle("s001")))
    assert len(bundle.rules) == 4
    assert {product.tax_class for product in demo_data.products()} == set(bundle.tax)
    assert {member.tier for member in demo_data.members()} - {""} == {t.id for t in bundle.tiers}
