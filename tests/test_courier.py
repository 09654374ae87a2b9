"""When to send what, and what an answer means."""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract import Changes, CloudProblem, Envelope, Member, Outcome, Receipt
from cloud_bridge.courier import (
    Acknowledged,
    Alien,
    Backoff,
    Courier,
    Denied,
    Garbage,
    Later,
    Pace,
    Presence,
    Rewound,
    TooLarge,
    Verdict,
    WireAnswer,
    judge,
    read,
)
from cloud_bridge.parcels import Written
from simulators.cloud.weather import PORTAL, RUBBISH
from tests.journals import Journal, day, outcome

JSON = {"content-type": "application/json"}
FAR = "f" * 64


def journal(count: int, bookmark: int = 0) -> Journal:
    made = Journal()
    for _ in range(count):
        made.add(day())
    made.bookmark = bookmark
    return made


def hear(answer: WireAnswer, ours: Journal, sent: int) -> Verdict:
    """Judge an answer to the first `sent` pages after the bookmark."""
    batch = ours.written(ours.bookmark)[:sent]
    return judge(answer, batch, ours.digest_at)


def receipt(
    pages: Sequence[Envelope], high_water: int | None = None, head: str | None = None
) -> WireAnswer:
    """The receipt of a cloud that has just recorded `pages`."""
    body = Receipt(
        outcomes=tuple(outcome(page) for page in pages),
        high_water=pages[-1].sequence if high_water is None else high_water,
        head=pages[-1].hash if head is None else head,
    )
    return WireAnswer(200, JSON, msgspec.json.encode(body))


def problem(status: int, **fields: int | str) -> WireAnswer:
    body = {"code": "x", "status": status, "title": "no"} | fields
    return WireAnswer(
        status, {"content-type": "application/problem+json"}, msgspec.json.encode(body)
    )


# --- what an answer means -------------------------------------------------------------------------


def test_our_own_head_acknowledges_the_batch() -> None:
    ours = journal(9, bookmark=2)
    sent = ours.pages[2:7]
    expected = Acknowledged(7, tuple(outcome(page) for page in sent))
    assert hear(receipt(sent), ours, 5) == expected


def test_a_part_may_be_acknowledged() -> None:
    ours = journal(9, bookmark=2)
    assert hear(receipt(ours.pages[2:4]), ours, 5) == Acknowledged(
        4, tuple(outcome(page) for page in ours.pages[2:4])
    )


def test_a_receipt_beyond_the_batch_counts_as_far_as_it_has_outcomes() -> None:
    """The answer to a larger batch was lost; the smaller one gets the outcomes it asked for."""
    ours = journal(9)
    beyond = receipt(ours.pages[:3], high_water=8, head=ours.pages[7].hash)
    assert hear(beyond, ours, 3) == Acknowledged(3, tuple(map(outcome, ours.pages[:3])))


def test_outcomes_of_earlier_facts_are_passed_over() -> None:
    ours = journal(9, bookmark=4)
    verdict = hear(receipt(ours.pages[:6]), ours, 2)
    assert verdict == Acknowledged(6, tuple(map(outcome, ours.pages[4:6])))


def test_outcomes_after_a_gap_are_not_counted() -> None:
    ours = journal(5)
    gap = receipt([ours.pages[0], ours.pages[2]])
    assert hear(gap, ours, 3) == Acknowledged(1, (outcome(ours.pages[0]),))


@pytest.mark.parametrize(
    ("name", "answer", "kind"),
    [
        ("alien head", lambda o: receipt(o.pages[2:5], head=FAR), Alien),
        ("no head", lambda o: receipt(o.pages[2:5], head=""), Alien),
        ("our hash at another place", lambda o: receipt(o.pages[2:5], high_water=4), Alien),
        ("more than we have", lambda o: receipt(o.pages[2:5], high_water=99), Alien),
        ("far more", lambda o: receipt(o.pages[2:5], high_water=2**53), Alien),
        ("no number for a database", lambda o: receipt(o.pages[2:5], high_water=2**63), Garbage),
        ("less than it had", lambda o: receipt(o.pages[:1]), Rewound),
        ("nothing at all", lambda o: receipt(o.pages[:1], high_water=0, head=""), Rewound),
        ("below zero", lambda o: receipt(o.pages[:1], high_water=-7), Rewound),
        ("an old receipt again", lambda o: receipt(o.pages[:2]), Garbage),
        ("no outcomes", lambda o: receipt([o.pages[0]], 5, o.pages[4].hash), Garbage),
        ("login page", lambda _: WireAnswer(200, {"content-type": "text/html"}, PORTAL), Garbage),
        ("login page as json", lambda _: WireAnswer(200, JSON, PORTAL), Garbage),
        ("no content type", lambda o: WireAnswer(200, {}, receipt(o.pages[2:5]).body), Garbage),
        ("201", lambda o: WireAnswer(201, JSON, receipt(o.pages[2:5]).body), Garbage),
        ("204", lambda _: WireAnswer(204, {}, b""), Garbage),
        ("redirect", lambda _: WireAnswer(302, {"location": "http://login/"}, b""), Garbage),
        ("409 without where", lambda _: problem(409), Garbage),
        ("409 in html", lambda _: WireAnswer(409, {"content-type": "text/html"}, PORTAL), Garbage),
        ("409: rewound", lambda _: problem(409, high_water=1), Rewound),
        ("409: a fork", lambda _: problem(409, high_water=2), Alien),
        ("409: ahead of us", lambda _: problem(409, high_water=2000), Alien),
        ("401", lambda _: problem(401), Denied),
        ("403", lambda _: problem(403), Denied),
        ("404", lambda _: problem(404), Denied),
        ("422", lambda _: problem(422), Denied),
        ("413", lambda _: problem(413), TooLarge),
        ("408", lambda _: problem(408), Later),
        ("429", lambda _: problem(429), Later),
        ("500", lambda _: problem(500), Later),
        ("503 in html", lambda _: WireAnswer(503, {"content-type": "text/html"}, PORTAL), Later),
        ("599", lambda _: WireAnswer(599, {}, b""), Later),
        ("666", lambda _: WireAnswer(666, {}, b""), Garbage),
    ],
)
def test_nothing_else_acknowledges(name: str, answer: object, kind: type) -> None:
    ours = journal(9, bookmark=2)
    assert callable(answer)
    verdict = hear(answer(ours), ours, 3)
    assert isinstance(verdict, kind), f"{name}: {verdict}"
    assert not isinstance(verdict, Acknowledged)
    assert verdict.reason


def test_one_alien_outcome_spoils_the_receipt() -> None:
    ours = journal(3)
    told = [*map(outcome, ours.pages[:2]), Outcome(sequence=3, hash=FAR, outcome="accepted")]
    body = Receipt(outcomes=tuple(told), high_water=3, head=ours.pages[2].hash)
    assert isinstance(hear(WireAnswer(200, JSON, msgspec.json.encode(body)), ours, 3), Alien)


@pytest.mark.parametrize("body", RUBBISH)
def test_rubbish_is_never_a_receipt_and_never_news(body: bytes) -> None:
    ours = journal(3, bookmark=1)
    assert isinstance(hear(WireAnswer(200, JSON, body), ours, 2), Garbage | Alien | Rewound)
    assert isinstance(read(WireAnswer(200, JSON, body), Changes), Garbage)


@pytest.mark.parametrize("number", [2**53 + 1, 2**63, 2**64, 10**30, -(2**63) - 1])
def test_a_number_no_database_can_hold_is_garbage(number: int) -> None:
    news = Changes(
        changes=(Member(id="m1", display="", points=number),), cursor="1", more=False, price_book=1
    )
    body = json.dumps(msgspec.to_builtins(news)).encode()
    assert isinstance(read(WireAnswer(200, JSON, body), Changes), Garbage)


@given(
    status=st.integers(100, 999),
    media=st.sampled_from(["application/json", "text/html", ""]),
    body=st.binary(max_size=80)
    | st.builds(
        lambda high, head, told: msgspec.json.encode(
            Receipt(outcomes=tuple(told), high_water=high, head=head)
        ),
        st.integers(-5, 20),
        st.text(max_size=3),
        st.lists(
            st.builds(
                Outcome,
                sequence=st.integers(-1, 9),
                hash=st.text(max_size=3),
                outcome=st.just("accepted"),
            ),
            max_size=4,
        ),
    )
    | st.builds(
        lambda high: msgspec.json.encode(CloudProblem(code="x", status=409, high_water=high)),
        st.integers(-5, 20),
    ),
    retry_after=st.text(max_size=12),
)
def test_whatever_a_stranger_says_acknowledges_nothing(
    status: int, media: str, body: bytes, retry_after: str
) -> None:
    answer = WireAnswer(status, {"content-type": media, "retry-after": retry_after}, body)
    assert not isinstance(hear(answer, journal(9, bookmark=2), 3), Acknowledged)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120.0), (" 5 ", 5.0), ("0", 0.0), ("-1", None), ("1.5", None), ("", None)]
    + [(text, None) for text in ("Wed, 21 Oct 2026 07:28:00 GMT", "1e9", "٣", "9" * 400, "NaN")],
)
def test_retry_after_is_read_in_seconds(text: str, seconds: float | None) -> None:
    answer = WireAnswer(429, {"retry-after": text}, b"")
    assert hear(answer, journal(1), 1) == Later("429", seconds)


# --- when to send what ----------------------------------------------------------------------------

PACES = st.builds(
    Pace,
    batch_count_max=st.integers(1, 60),
    batch_bytes_max=st.integers(1, 20_000),
    delay_seconds_base=st.floats(0.5, 10),
    delay_seconds_max=st.floats(10, 600),
    retry_after_seconds_max=st.floats(1, 5000),
)
JITTER = st.floats(0, 1, exclude_max=True)
WISH = st.none() | st.floats(0, 1e9)


@given(pace=PACES, now=st.floats(0, 1e6), failures=st.lists(st.tuples(JITTER, WISH), min_size=1))
def test_the_laws_of_backing_off(
    pace: Pace, now: float, failures: list[tuple[float, float | None]]
) -> None:
    backoff = Backoff(pace)
    for count, (jitter, wish) in enumerate(failures):
        backoff.failed(now, jitter, wish)
        delay = backoff.not_before - now
        asked = min(wish or 0.0, pace.retry_after_seconds_max)
        limit = min(pace.delay_seconds_max, pace.delay_seconds_base * 2.0 ** min(count, 40))
        slack = 1e-6
        assert delay >= pace.delay_seconds_min - slack, "never a busy loop"
        assert delay >= asked - slack, "Retry-After is obeyed"
        assert delay <= asked + max(pace.delay_seconds_min, limit * jitter) + slack
        assert delay <= pace.retry_after_seconds_max + pace.delay_seconds_max + slack
        now = backoff.not_before
    backoff.succeeded()
    assert backoff.not_before == 0.0
    backoff.failed(now, 0.999)
    assert backoff.not_before - now <= pace.delay_seconds_base + 1e-6, "success forgets"


@given(st.integers(1, 12))
def test_full_jitter_uses_the_whole_range(failures: int) -> None:
    """The same failure may mean nearly no wait, or nearly the whole limit."""
    delays = []
    for jitter in (0.0, 0.5, 0.999999):
        backoff = Backoff(Pace())
        for _ in range(failures):
            backoff.failed(0.0, jitter)
        delays.append(backoff.not_before)
    limit = min(300.0, 2.0 ** (failures - 1))
    assert delays[0] == Pace().delay_seconds_min
    assert delays[1] == pytest.approx(max(0.25, limit / 2))
    assert delays[2] == pytest.approx(max(0.25, limit), rel=1e-3)


@given(pace=PACES, count=st.integers(1, 80), verdicts=st.lists(st.integers(0, 3), max_size=30))
def test_a_batch_is_the_next_pages_within_the_limits(
    pace: Pace, count: int, verdicts: list[int]
) -> None:
    pending = journal(count).written()
    courier = Courier(pace)
    for which in verdicts:
        batch = courier.pack(iter(pending))
        assert list(batch) == pending[: len(batch)]
        assert 1 <= len(batch) <= pace.batch_count_max
        size = sum(len(fact.json) + 1 for fact in batch)
        assert len(batch) == 1 or size <= pace.batch_bytes_max
        verdict = (Acknowledged(1, ()), TooLarge("413"), Later("503"), Alien("?"))[which]
        courier.heard(verdict, len(batch), 0.0, 0.5)


def test_413_halves_until_it_fits_and_recovers() -> None:
    pending, courier = journal(200).written(), Courier(Pace(batch_count_max=200))
    sizes = []
    for _ in range(9):
        batch = courier.pack(pending)
        sizes.append(len(batch))
        courier.heard(TooLarge("413"), len(batch), 100.0, 0.5)
        assert (courier.not_before > 100.0) == (len(batch) == 1), "one page alone has to wait"
    assert sizes == [200, 100, 50, 25, 12, 6, 3, 1, 1]
    for _ in range(8):
        courier.heard(Acknowledged(1, ()), 1, 100.0, 0.5)
    assert len(courier.pack(pending)) == 200
    assert courier.not_before == 0.0


def test_what_is_not_answered_is_tried_smaller_and_grows_when_it_is_answered_soon() -> None:
    pending, courier = journal(200).written(), Courier(Pace(batch_count_max=200))
    sizes = []
    heard: tuple[tuple[Verdict, float], ...] = (
        (Later("no answer"), 1.0), (Later("no answer"), 1.0), (Acknowledged(1, ()), 0.6),
        (Acknowledged(1, ()), 0.2), (Acknowledged(1, ()), 0.2),
    )  # fmt: skip
    for verdict, taken in heard:
        sizes.append(len(courier.pack(pending)))
        courier.heard(verdict, sizes[-1], 100.0, 0.5, taken)
    assert [*sizes, len(courier.pack(pending))] == [200, 100, 50, 50, 100, 200]


def test_a_question_without_an_answer_leaves_batches_as_they_are() -> None:
    courier = Courier(Pace(batch_count_max=200))
    courier.heard(Later("no answer"), 0, 100.0, 0.5)
    assert len(courier.pack(journal(201).written())) == 200


def test_no_more_is_read_than_a_batch_needs() -> None:
    """A backlog can be of any length, and a fact of it rather large."""
    ours = journal(1)
    for _ in range(9):
        ours.add_raw("sale.v1", b'"' + b"x" * 5000 + b'"')
    read: list[int] = []

    def pending() -> Iterator[Written]:
        for fact in ours.written():
            read.append(fact.sequence)
            yield fact

    batch = Courier(Pace(batch_bytes_max=12_000)).pack(pending())
    assert [fact.sequence for fact in batch] == [1, 2, 3]
    assert read == [1, 2, 3, 4]
    read.clear()
    Courier(Pace(batch_count_max=2)).pack(pending())
    assert read == [1, 2]
    assert Courier(Pace()).pack(()) == []


# --- is the cloud there? --------------------------------------------------------------------------


@given(st.lists(st.booleans(), max_size=60), st.integers(2, 5), st.integers(2, 4))
def test_presence_has_hysteresis(seen: list[bool], to_offline: int, to_online: int) -> None:
    presence = Presence(Pace(failures_to_offline=to_offline, successes_to_online=to_online))
    history = [presence.up]
    for success in seen:
        changed = presence.saw(success)
        history.append(presence.up)
        assert changed == (history[-1] != history[-2])
    for index, (before, after) in enumerate(pairwise(history), 1):
        if after and not before:
            assert all(seen[index - to_online : index])
        if before and not after:
            assert not any(seen[index - to_offline : index])


def test_a_flapping_cloud_does_not_flap_the_box() -> None:
    presence = Presence(Pace())
    changes = [presence.saw(success) for success in [True, True, *[False, True] * 50]]
    assert changes.count(True) == 1
    assert presence.up


def test_waiting_is_shortened_but_for_what_the_cloud_itself_asked() -> None:
    backoff = Backoff(Pace())
    for _ in range(9):
        backoff.failed(100.0, 0.9)
    assert backoff.not_before > 300
    backoff.shorten()
    assert backoff.not_before <= 100.0
    backoff.failed(100.0, 0.0, wish=60.0)
    backoff.shorten()
    assert backoff.not_before >= 160.0
