"""The device's end of drivers/pcsc_reader.py: a reader, and the hand that lays cards on it.

`Device` is reader and link in one, on the card wire. `VirtualSlot` lays the same cards into a
reader of a real PC/SC, through vsmartcard's virtual reader driver (vpcd).
"""

import random
import string
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from drivers.cards.wire import (
    Answer,
    Escape,
    Failed,
    Inserted,
    LoadKey,
    Removed,
    Transmit,
    decode,
    encode,
)
from drivers.codec import Codec, Send
from drivers.events import Beep, CardPresented, CardRemoved, Fault, Light
from drivers.pcsc_reader import Settings, signal
from simulators.cards import (
    Card,
    Collision,
    Garbled,
    Late,
    Pulled,
    Slow,
    Torn,
    card_for,
)
from simulators.cards.storage import KEY

_WORDS: Final[tuple[Beep | Light, ...]] = (
    Beep(True),
    Beep(False),
    Light("green", True),
    Light("green", False),
    Light("red", True),
    Light("red", False),
    Light("amber", True),
    Light("amber", False),
)
SIGNALS: Final = {signal(word): word for word in _WORDS}
"""What an ACR122 can be told, by the command that tells it."""


@dataclass(frozen=True, slots=True)
class Lay:
    """Lay this card on the reader; one that lies there is swapped for it."""

    card: Card


class Device(Codec[bytes]):
    """A reader: told CardPresented it makes a card that says so, told Lay it takes that one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._card: Card | None = None
        self._late = deque[tuple[float, bytes]]()

    def command(self, command: CardPresented | CardRemoved | Lay, now: float) -> Iterator[object]:
        """Lay a card on the reader, or take it away."""
        self._forget()
        match command:
            case CardPresented():
                yield from self._lay(card_for(command, self._settings))
            case Lay(card):
                yield from self._lay(card)
            case CardRemoved():
                yield Send(encode(Removed()))

    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        """Let the card answer, and show what the reader itself was told."""
        match decode(frame):
            case Transmit(ref, apdu):
                yield from self._ask(ref, apdu, now)
            case LoadKey(ref, slot):
                load = bytes([0xFF, 0x82, 0x00, slot, len(KEY)]) + KEY
                yield from self._ask(ref, load, now)
            case Escape(command) if command in SIGNALS:
                yield SIGNALS[command]

    def wake(self, now: float) -> Iterator[object]:
        """Give a slow card's answer."""
        yield Send(self._late.popleft()[1])
        self.wake_at = self._late[0][0] if self._late else None

    def _lay(self, card: Card) -> Iterator[object]:
        self._card = card
        card.reset()
        yield Send(encode(Inserted(card.atr)))

    def _ask(self, ref: int, apdu: bytes, now: float) -> Iterator[object]:
        if self._card is None:
            yield Send(encode(Failed("there is no card on the reader")))
            return
        match self._card.react(apdu):
            case Late(answer, seconds):
                self._late.append((now + seconds, encode(Answer(ref, answer))))
                self.wake_at = self._late[0][0]
            case Pulled():
                self._forget()
                yield Send(encode(Removed()))
            case answer:
                yield Send(encode(Answer(ref, answer)))

    def _forget(self) -> None:
        self._card, self.wake_at = None, None
        self._late.clear()


# --- what a hand does -----------------------------------------------------------------------------

Deed = tuple[object, Sequence[object]]

TORN: Final = Fault("the card was taken away while it was being read")
NONSENSE: Final = Fault("1234 is no status word: the card or the reader talks nonsense")
TOO_MANY: Final = Fault("more than one card lies on the reader")


def acts(settings: Settings, luck: random.Random) -> Iterable[Deed]:
    """Make up what a hand does with cards, beginning with a good one, and what is heard."""
    for number in range(luck.randint(1, 4)):
        word = example(settings, luck)
        yield word, [word]
        if luck.random() < 0.5:
            yield CardRemoved(), [CardRemoved()]
        if number and luck.random() < 0.5:
            yield from unhappy(settings, luck)


def unhappy(settings: Settings, luck: random.Random) -> Iterable[Deed]:
    """Make up a card in trouble, and the Fault it is heard as; then it is taken away."""
    healthy = card_for(example(settings, luck), settings)
    seconds = settings.answer_seconds_max
    troubles: Sequence[tuple[Card, Fault]] = (
        (Torn(healthy, 0), TORN),
        (Slow(healthy, seconds + 1), Fault(f"the card did not answer within {seconds:g} s")),
        (Collision(), TOO_MANY),
        (Garbled(healthy, luck, b"\x12\x34"), NONSENSE),
    )
    card, fault = luck.choice(troubles)
    yield Lay(card), [fault]
    yield CardRemoved(), []


def example(settings: Settings, luck: random.Random) -> CardPresented:
    """Make up a card that a reader with these settings can be shown."""
    kind = luck.choice(settings.read)
    # Of four bytes would be a type 4 tag's, and that has a processor.
    size = 7 if kind == "ndef" and not settings.uid_of_processors else luck.choice((4, 7))
    uid = luck.randbytes(size) if _may_have_uid(kind, settings, luck) else b""
    if uid:
        uid = bytes([luck.choice((0x04, 0x12, 0x35))]) + uid[1:]
    hidden = uid.hex().upper()
    return CardPresented(kind, hidden if kind == "uid" else _text(settings, luck), hidden)


def _may_have_uid(kind: str, settings: Settings, luck: random.Random) -> bool:
    """Tell whether this card shows its UID, which must not be read before what it is to say."""
    if kind == "uid":
        return True
    before = settings.read[: settings.read.index(kind)]
    if "uid" in before or (kind == "application" and not settings.uid_of_processors):
        return False
    return luck.random() < 0.5


def _text(settings: Settings, luck: random.Random) -> str:
    if settings.encoding == "hex":
        return luck.randbytes(16).hex().upper()
    letters = string.ascii_letters + string.digits + "-:/会员"
    return "".join(luck.choice(letters) for _ in range(luck.randint(1, 5)))
