"""The dialogue with a card, without a wire: settings, NDEF, and whatever a card may answer."""

from collections.abc import Iterator
from typing import Any

import ndef  # type: ignore[import-untyped] # ndeflib comes without types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cards import wire
from drivers.cards.ndef import text_of
from drivers.cards.wire import Answer, Failed, Inserted, LoadKey, Removed, Transmit
from drivers.codec import BadSettings, Send
from drivers.events import CardPresented, CardRemoved, Fault
from drivers.pcsc_reader import QUESTIONS_MAX, Host, Settings
from simulators.cards import Card, ProcessorCard, StorageCard, card_for, tag, uid_card
from simulators.cards.card import contactless_atr
from simulators.cards.made import type4, uri
from simulators.cards.storage import KEY

UID = bytes.fromhex("04A1B2C3D4E5F6")
UID_TEXT = UID.hex().upper()
AID = "F0524D454D424552"
ALL_WAYS = Settings(read=("application", "ndef", "storage", "uid"), application=AID)
EVERY_SETTING = st.builds(
    Settings,
    read=st.permutations(["application", "ndef", "storage", "uid"]).flatmap(
        lambda kinds: st.integers(1, 4).map(lambda count: tuple(kinds[:count]))
    ),
    uid_of_processors=st.booleans(),
    application=st.just(AID),
    application_tag=st.sampled_from(["", "C1", "DF01"]),
    application_file=st.integers(0, 30),
    storage_key=st.sampled_from(["none", "a", "b"]),
    encoding=st.sampled_from(["utf-8", "hex"]),
)


def heard(host: Host, message: wire.Inward) -> tuple[list[wire.Outward], list[object]]:
    """Return what the host puts to the reader, and what it says."""
    asked, said = list[wire.Outward](), list[object]()
    for out in host.receive(wire.encode(message), 0.0):
        if isinstance(out, Send):
            put = wire.decode(out.frame)
            assert put is not None
            asked.append(put)  # type: ignore[arg-type] # a host says only what goes out
        else:
            said.append(out)
    return asked, said


def shown(host: Host, card: Card, change: Any = lambda answer: answer) -> list[object]:
    """Lay a card down, and return all that is said until nobody asks any more."""
    card.reset()
    asked, said = heard(host, Inserted(card.atr))
    while asked and isinstance(question := asked[0], Transmit | LoadKey):
        key = isinstance(question, LoadKey)
        apdu = b"\xff\x82\x00\x00\x06" + KEY if isinstance(question, LoadKey) else question.apdu
        answer = card.react(apdu)
        assert isinstance(answer, bytes)
        asked, more = heard(host, Answer(question.ref, answer if key else change(answer)))
        said += more
    return said


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "A0000000031010", "A000000003", "A0000000041010", "A000000333010101", "A0000000651010",
        "A00000002501", "D27600002547410100", b"1PAY.SYS.DDF01".hex(), b"2PAY.SYS.DDF01".hex(),
        b"2PAY.".hex(),
    ],
)  # fmt: skip
def test_a_payment_application_cannot_be_named(name: str) -> None:
    with pytest.raises(BadSettings, match="for payment, and never read"):
        Host(Settings(read=("application",), application=name))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"read": ("uid", "uid")}, "names something twice"),
        ({"read": ("application",)}, "5 to 16 bytes"),
        ({"read": ("application",), "application": "F0524D45"}, "5 to 16 bytes"),
        ({"application": "F0" * 17}, "5 to 16 bytes"),
        ({"application_tag": "DF0101"}, "1 or 2 bytes"),
        ({"collision_words": ("6F",)}, "status word of 2 bytes"),
        ({"storage_block": 6, "storage_bytes": 32}, "the sector's trailer"),
        ({"storage_block": 7}, "the sector's trailer"),
        ({"storage_block": 143}, "the sector's trailer"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    options: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadSettings, match=says):
        Host(Settings(**options))


def test_blocks_up_to_the_trailer_and_pages_over_it_are_allowed() -> None:
    Host(Settings(storage_block=4, storage_bytes=48))
    Host(Settings(storage_block=128, storage_bytes=240))
    Host(Settings(storage_block=6, storage_bytes=64, storage_key="none"))


# --- NDEF, beside another's reading of it ---------------------------------------------------------

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60)
iris = st.builds(
    lambda scheme, rest: scheme + rest,
    st.sampled_from(["http://www.", "https://", "tel:", "urn:nfc:", "mailto:", "x:"]),
    st.from_regex(r"[a-z0-9./-]{1,40}", fullmatch=True),
)
records = st.one_of(
    st.builds(ndef.UriRecord, iris),
    st.builds(ndef.TextRecord, texts, st.sampled_from(["en", "zh-CN"]),
              st.sampled_from(["UTF-8", "UTF-16"])),
    st.builds(lambda found: ndef.SmartposterRecord(found, {"en": "Shop"}), iris),
    st.builds(ndef.Record, st.just("text/plain"), st.just(""), st.binary(max_size=20)),
)  # fmt: skip


def first_of(found: list[Any]) -> str | None:
    """Return the first URI or text, as ndeflib reads it."""
    for record in found:
        match record:
            case ndef.UriRecord():
                return str(record.iri)
            case ndef.TextRecord():
                return str(record.text)
            case ndef.SmartposterRecord() if record.uri_records:
                return str(record.uri_records[0].iri)
    return None


@settings(deadline=None)
@given(found=st.lists(records, min_size=1, max_size=4))
def test_a_message_is_read_as_another_library_wrote_it(found: list[Any]) -> None:
    message = b"".join(ndef.message_encoder(found))
    assert text_of(message) == first_of(found)


@settings(max_examples=200, deadline=None)
@given(found=st.lists(records, min_size=1, max_size=3), data=st.data())
def test_where_both_read_a_damaged_message_they_read_the_same(
    found: list[Any], data: st.DataObject
) -> None:
    message = bytearray(b"".join(ndef.message_encoder(found)))
    for _ in range(data.draw(st.integers(1, 3))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    try:
        ours = text_of(bytes(message))
        read = list(ndef.message_decoder(bytes(message)))
    except (ValueError, ndef.DecodeError):
        return
    # An absolute URI is a record's type, and ndeflib leaves it there.
    theirs = first_of(read)
    assert theirs in {ours, swapped(ours)} or ours in {record.type for record in read}


def swapped(text: str | None) -> str | None:
    """UTF-16 without a mark is big-endian (RTD Text 3.4); ndeflib takes this machine's order."""
    return text and text.encode("utf-16-be").decode("utf-16-le", "replace")


# --- whatever a card answers ----------------------------------------------------------------------


def judged(said: list[object], answers: bytes) -> None:
    """At most one card, and it says nothing that was not among the answers."""
    cards = [word for word in said if isinstance(word, CardPresented)]
    assert len(cards) <= 1
    assert all(isinstance(word, CardPresented | Fault) for word in said)
    for card in cards:
        assert bytes.fromhex(card.uid) in answers
        short = card.text.partition("//")[2] or card.text.partition(":")[2] or card.text
        meant = [short.removeprefix("www.").encode()]
        if set(card.text) <= set("0123456789ABCDEF") and len(card.text) % 2 == 0:
            meant.append(bytes.fromhex(card.text))
        assert any(raw in answers for raw in meant)


plausible = st.one_of(
    st.binary(max_size=40),
    st.binary(max_size=40).map(lambda data: data + b"\x90\x00"),
    st.binary(min_size=16, max_size=16).map(lambda data: data + b"\x90\x00"),
    st.sampled_from(
        [b"\x90\x00", b"\x61\x10", b"\x6c\x05", b"\x6a\x82", b"\x62\x82", b"\x63\x00", b"",
         bytes.fromhex("000F20003B00340406E104010000FF9000"), b"\x00\x0f\x90\x00",
         bytes.fromhex("E1106D000309D10105550461622E63FE9000"), UID + b"\x90\x00"]
    ),
)  # fmt: skip
resets = st.sampled_from(
    [uid_card(UID).atr, tag(UID, b"").atr, ProcessorCard({}).atr, contactless_atr(b"")]
)


@settings(max_examples=400, deadline=None)
@given(options=EVERY_SETTING, atr=resets, answers=st.lists(plausible, max_size=30))
def test_no_answers_make_it_raise_or_invent_a_card(
    options: Settings, atr: bytes, answers: list[bytes]
) -> None:
    host = Host(options)
    asked, said = heard(host, Inserted(atr))
    given_ = b""
    for answer in answers:
        if not asked or not isinstance(asked[0], Transmit | LoadKey):
            break
        given_ += answer[:-2]
        asked, more = heard(host, Answer(asked[0].ref, answer))
        said += more
    judged(said, given_)
    assert shown(host, uid_card(UID)) == shown(Host(options), uid_card(UID))


inward = st.one_of(
    st.builds(Inserted, st.one_of(resets, st.binary(max_size=40))),
    st.just(Removed()),
    st.builds(Answer, st.integers(0, 3), plausible),
    st.builds(Failed, st.text(max_size=20)),
)


@settings(max_examples=300, deadline=None)
@given(options=EVERY_SETTING, messages=st.lists(inward, max_size=25))
def test_messages_in_any_order_present_a_card_once_and_remove_only_that(
    options: Settings, messages: list[wire.Inward]
) -> None:
    host, lies_there = Host(options), False
    for message in messages:
        _, said = heard(host, message)
        presented = sum(isinstance(word, CardPresented) for word in said)
        removed = sum(isinstance(word, CardRemoved) for word in said)
        assert presented + removed <= 1
        if presented:
            assert not lies_there or isinstance(message, Inserted)
        assert not removed or lies_there
        if isinstance(message, Inserted | Removed):
            lies_there = False
        lies_there = lies_there or bool(presented)


def bent(data: st.DataObject) -> Any:
    """Return a change to answers: a byte here and there, or the end cut off."""

    def change(answer: bytes) -> bytes:
        if data.draw(st.integers(0, 3)):
            return answer
        at = data.draw(st.integers(0, len(answer)))
        return answer[:at] + data.draw(st.binary(max_size=1)) + answer[at + 1 :]

    return change


WORDS = [
    CardPresented("application", "M-000123"),
    CardPresented("ndef", "https://shop.example/m/000123", UID_TEXT),
    CardPresented("ndef", "https://shop.example/" + "m" * 300),
    CardPresented("storage", "M-000123", UID_TEXT),
    CardPresented("uid", UID_TEXT, UID_TEXT),
]


@settings(max_examples=200, deadline=None)
@given(word=st.sampled_from(WORDS), data=st.data())
def test_a_bent_answer_is_a_fault_or_another_answer_and_never_raises(
    word: CardPresented, data: st.DataObject
) -> None:
    options = Settings(read=(word.kind,), application=AID)
    host, card = Host(options), card_for(word, options)
    given_, change = bytearray(), bent(data)

    def bending(answer: bytes) -> bytes:
        answer = change(answer)
        given_.extend(answer[:-2])
        return answer

    judged(shown(host, card, bending), bytes(given_))
    assert shown(host, card) == [word]


def test_a_card_that_trickles_is_given_up() -> None:
    card, host = type4(uri("https://shop.example/" + "m" * 200)), Host(Settings(read=("ndef",)))
    (fault,) = shown(
        host, card, lambda answer: answer[:1] + answer[-2:] if len(answer) > 20 else answer
    )
    assert fault == Fault("the card has to be asked too much")
    assert len(card.asked) == QUESTIONS_MAX


def test_of_many_ways_the_best_that_a_card_has_is_taken() -> None:
    host = Host(ALL_WAYS)
    for word in WORDS:
        assert shown(host, card_for(word, ALL_WAYS)) == [word]
    silent = shown(host, ProcessorCard({}))
    assert silent == [
        Fault(
            "no member application; no NDEF application; a card that cannot hold storage;"
            " a processor card whose UID is not ours: bank card, ticket, identity, phone"
        )
    ]


def cards() -> Iterator[ProcessorCard]:
    word = CardPresented("application", "M-000123")
    name = bytes.fromhex(AID)
    for ending in ("6282", "9000", "6C"):
        for fetched in (False, True):
            made = card_for(word, ALL_WAYS)
            assert isinstance(made, ProcessorCard)
            yield ProcessorCard(
                {name: made.applications[name]},
                fetched=fetched,
                ending=ending,
                contact=fetched,
            )


def test_an_application_is_read_however_the_card_ends_its_files() -> None:
    for card in cards():
        assert shown(Host(ALL_WAYS), card) == [CardPresented("application", "M-000123")]


def test_more_cards_than_there_are_numbers_for_questions() -> None:
    host = Host(Settings())
    for number in range(600):
        uid = b"\x04" + number.to_bytes(3, "big")
        text = uid.hex().upper()
        assert shown(host, StorageCard(uid)) == [CardPresented("uid", text, text)]
        assert heard(host, Removed()) == ([], [CardRemoved()])


@settings(deadline=None)
@given(st.binary(max_size=20))
def test_a_frame_is_one_message_or_none(frame: bytes) -> None:
    message = wire.decode(frame)
    if message is not None and not (isinstance(message, Failed) and "\ufffd" in message.reason):
        assert wire.encode(message) == frame
