"""Card readers behind PC/SC, contactless and contact: who lies on the reader?

A card is asked for what `read` names, in that order, and the first it has is presented, once each
time it is laid there. Everything else is a Fault and never half a card: an answer that makes no
sense, one that does not come, a card pulled away while it is read, two cards in the field.

Processor cards that do not have our application are somebody else's: bank cards, tickets,
identity cards, phones. Their UID is not taken unless the settings say so, and payment
applications are never selected. A UID or a text on a card proves nothing; whoever has seen it can
copy it.

Beep and Light are the ACR122's command FF 00 40 (ACS, ACR122U API 2.02, 6.2).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from drivers.cards import atr as resets
from drivers.cards.apdu import Dialogue, KeySlot, NotThere, Question, Unreadable
from drivers.cards.application import open_application, read_file, read_object
from drivers.cards.ndef import text_of
from drivers.cards.payment import is_payment
from drivers.cards.storage import BLOCK_BYTES, authenticate, read_block, read_uid, sector_of
from drivers.cards.tags import read_type2, read_type4
from drivers.cards.wire import (
    Answer,
    Escape,
    Failed,
    Inserted,
    LoadKey,
    Release,
    Removed,
    Transmit,
    decode,
    encode,
)
from drivers.codec import BadSettings, Codec, Driver, Send
from drivers.events import Beep, CardPresented, CardRemoved, Fault, Light

Kind = Literal["application", "ndef", "storage", "uid"]
Hex = Annotated[str, Meta(pattern=r"^([0-9A-Fa-f]{2})*$")]

QUESTIONS_MAX: Final = 128
"""A card that has not told who it is after so many never will."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the shop's cards are; the defaults read the UID of storage cards."""

    read: Annotated[tuple[Kind, ...], Meta(min_length=1, max_length=4)] = ("uid",)
    """What to look for, best first: our application, an NDEF message, a storage card's blocks,
    the UID."""
    uid_of_processors: bool = False
    """Take the UID of processor cards too. Needed for DESFire cards that are known by their UID;
    a bank card with a fixed UID is then somebody's card like any other."""
    application: Hex = ""
    """The name (AID) of our application, 5 to 16 bytes in hex."""
    application_file: Annotated[int, Meta(ge=0, le=30)] = 0
    """The short identifier of its file; 0 for the one that is current once it is selected."""
    application_tag: Hex = ""
    """The tag of a data object to read instead of a file, 1 or 2 bytes in hex."""
    storage_block: Annotated[int, Meta(ge=1, le=255)] = 4
    """The first block, or the first page of a type 2 tag."""
    storage_bytes: Annotated[int, Meta(ge=16, le=240, multiple_of=16)] = 16
    storage_key: Literal["none", "a", "b"] = "a"
    """Which of the sector's keys the reader is to authenticate with; the link's `key_file` has it.
    With "none" the blocks are read as they are."""
    storage_key_slot: Annotated[int, Meta(ge=0, le=31)] = 0
    encoding: Literal["utf-8", "hex"] = "utf-8"
    """What our application and the blocks hold: text, or bytes to be written as hex."""
    answer_seconds_max: Annotated[float, Meta(gt=0, le=30)] = 2.0
    """A card that takes longer for one answer is given up."""
    collision_words: tuple[Hex, ...] = ("6F07", "6F18", "6F1C")
    """Status words by which this reader says that there is more than one card in its field; the
    defaults are SpringCard's (PMD2271, annex A)."""
    signals: Literal["none", "acr122"] = "acr122"
    """How the reader is told to beep; a reader that does not know the command ignores it."""


class Host(Codec[bytes]):
    """The host's end. Raises BadSettings when the settings contradict each other."""

    def __init__(self, settings: Settings) -> None:
        check(settings)
        self._settings = settings
        self._collisions = frozenset(map(bytes.fromhex, settings.collision_words))
        self._dialogue: Dialogue[CardPresented] | None = None
        self._ref = self._questions = 0
        self._presented = False

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Begin a dialogue with a card, carry it a step further, or end it."""
        message = decode(frame)
        match message:
            case Inserted(atr):
                self._questions, self._presented = 0, False
                self._dialogue = read_card(self._settings, atr)
                yield from self._step(next, now)
            case Answer(ref, apdu) if ref == self._ref:
                yield from self._answered(apdu, now)
            case Removed():
                yield from self._removed()
            case Failed(reason):
                self._end_dialogue()
                yield Fault(reason)
            case _:
                yield Fault("the reader's link said something that was not asked for")

    def wake(self, now: float) -> Iterator[object]:
        """Give a card up that does not answer; what it says later is no longer wanted."""
        return self._give_up(
            f"the card did not answer within {self._settings.answer_seconds_max:g} s"
        )

    def command(self, command: Beep | Light, now: float) -> Iterator[object]:
        """Beep, or switch a lamp."""
        if self._settings.signals == "acr122":
            yield Send(encode(Escape(signal(command))))

    def _answered(self, apdu: bytes, now: float) -> Iterable[object]:
        if self._dialogue is None:
            return ()  # to a question of a card that was given up
        if apdu in self._collisions:
            return self._give_up("more than one card lies on the reader")
        return self._step(lambda dialogue: dialogue.send(apdu), now)

    def _removed(self) -> Iterator[object]:
        if self._dialogue is not None:
            yield Fault("the card was taken away while it was being read")
        elif self._presented:
            yield CardRemoved()
        self._end_dialogue()
        self._presented = False

    def _step(
        self, step: Callable[[Dialogue[CardPresented]], Question], now: float
    ) -> Iterator[object]:
        assert self._dialogue is not None
        try:
            question = step(self._dialogue)
        except StopIteration as end:
            self._end_dialogue()
            self._presented = True
            yield Send(encode(Release()))
            yield end.value
        except Unreadable as unreadable:
            yield from self._give_up(str(unreadable))
        else:
            yield from self._put(question, now)

    def _put(self, question: Question, now: float) -> Iterator[object]:
        self._questions += 1
        if self._questions > QUESTIONS_MAX:
            yield from self._give_up("the card has to be asked too much")
            return
        self._ref = (self._ref + 1) % 256
        self.wake_at = now + self._settings.answer_seconds_max
        if isinstance(question, KeySlot):
            yield Send(encode(LoadKey(self._ref, question.slot)))
        else:
            yield Send(encode(Transmit(self._ref, question)))

    def _give_up(self, reason: str) -> Iterator[object]:
        self._end_dialogue()
        yield Send(encode(Release()))
        yield Fault(reason)

    def _end_dialogue(self) -> None:
        self._dialogue, self.wake_at = None, None


# --- who is it? -----------------------------------------------------------------------------------


def read_card(settings: Settings, atr: bytes) -> Dialogue[CardPresented]:
    """Ask a card who it is, or raise Unreadable with the reasons why nobody knows."""
    try:
        storage = resets.storage(resets.historical(atr))
    except ValueError as error:
        raise Unreadable(str(error)) from None
    uid, why_not, reasons = "", "", []
    try:
        uid = yield from _uid(settings, atr, storage)
    except NotThere as reason:
        why_not = str(reason)
    for kind in settings.read:
        try:
            text = uid if kind == "uid" else (yield from _text(kind, settings, storage))
        except NotThere as reason:
            reasons.append(str(reason))
            continue
        if text:
            return CardPresented(kind, text, uid)
        reasons.append(why_not)
    raise Unreadable("; ".join(reasons))


def _uid(settings: Settings, atr: bytes, storage: resets.Storage | None) -> Dialogue[str]:
    if storage is None and not settings.uid_of_processors:
        raise NotThere("a processor card whose UID is not ours: bank card, ticket, identity, phone")
    if not resets.contactless(atr):
        raise NotThere("a contact card, which has no UID")
    return (yield from read_uid()).hex().upper()


def _text(kind: Kind, settings: Settings, storage: resets.Storage | None) -> Dialogue[str]:
    """Return what the card holds of this kind, which is never empty; raises NotThere."""
    match kind:
        case "application" if storage is None:
            return (yield from _application(settings))
        case "storage" if storage is not None:
            return (yield from _storage(settings))
        case "ndef" if storage is None:
            return _ndef((yield from read_type4()))
        case "ndef" if storage is not None and storage.name in resets.ULTRALIGHT:
            return _ndef((yield from read_type2()))
        case _:
            raise NotThere(f"a card that cannot hold {kind}")


def _application(settings: Settings) -> Dialogue[str]:
    yield from open_application(bytes.fromhex(settings.application))
    if settings.application_tag:
        data = yield from read_object(bytes.fromhex(settings.application_tag))
    else:
        data = yield from read_file(settings.application_file)
    return _decoded(data, settings)


def _storage(settings: Settings) -> Dialogue[str]:
    if settings.storage_key != "none":
        yield from authenticate(
            settings.storage_block, settings.storage_key, settings.storage_key_slot
        )
    data = b""
    for block in _blocks(settings):
        data += yield from read_block(block)
    return _decoded(data, settings)


def _ndef(message: bytes) -> str:
    if not message:
        raise NotThere("an empty NDEF message")
    try:
        text = text_of(message)
    except UnicodeDecodeError:
        raise Unreadable("an NDEF message that is not the text it says it is") from None
    except ValueError as error:
        raise Unreadable(str(error)) from None
    if text is None:
        raise NotThere("an NDEF message with neither a URI nor a text")
    return _printable(text)


def _decoded(data: bytes, settings: Settings) -> str:
    """Return what a file or some blocks say; files are padded at their end with 00 or FF."""
    if settings.encoding == "hex":
        return _printable(data.hex().upper())
    try:
        return _printable(data.rstrip(b"\x00\xff").decode())
    except UnicodeDecodeError:
        raise Unreadable("what the card holds for us is not utf-8") from None


def _printable(text: str) -> str:
    if not text:
        raise NotThere("a card on which nothing is written for us")
    if not text.isprintable():
        raise Unreadable("control characters in what the card holds for us")
    return text


def _blocks(settings: Settings) -> range:
    """Return the numbers to read: of blocks, or of every fourth page when there is no key."""
    step = 1 if settings.storage_key != "none" else 4
    count = settings.storage_bytes // BLOCK_BYTES
    return range(settings.storage_block, settings.storage_block + count * step, step)


def signal(command: Beep | Light) -> bytes:
    """Return the ACR122's command for it: a beep of 100 ms or 500 ms, or lamps set for good."""
    match command:
        case Beep(good):
            return bytes([0xFF, 0x00, 0x40, 0x00, 0x04, 1 if good else 5, 0, 1, 0x01])
        case Light(colour, on):
            lamps = {"red": 0b01, "green": 0b10, "amber": 0b11}[colour]
            return bytes([0xFF, 0x00, 0x40, lamps << 2 | (lamps if on else 0), 0x04, 0, 0, 0, 0])


def check(settings: Settings) -> None:
    """Raise BadSettings, in words for people, when the settings contradict each other."""
    name, tag = bytes.fromhex(settings.application), bytes.fromhex(settings.application_tag)
    if len(set(settings.read)) < len(settings.read):
        raise BadSettings("read names something twice")
    if name and is_payment(name):
        raise BadSettings(f"application {settings.application} is for payment, and never read")
    if (name or "application" in settings.read) and not 5 <= len(name) <= 16:
        raise BadSettings("application needs the name (AID) of yours, 5 to 16 bytes in hex")
    if len(tag) > 2:
        raise BadSettings("application_tag has 1 or 2 bytes")
    if any(len(word) != 4 for word in settings.collision_words):
        raise BadSettings("each of collision_words is a status word of 2 bytes, such as 6F18")
    first, size = sector_of(settings.storage_block)
    if settings.storage_key != "none" and _blocks(settings)[-1] >= first + size - 1:
        raise BadSettings("storage_block and storage_bytes reach into the sector's trailer")


DRIVER = Driver(
    doc=__doc__,
    link="card",
    settings=Settings,
    codec=Host,
    says=(CardPresented, CardRemoved, Fault),
    obeys=(Beep, Light),
)
