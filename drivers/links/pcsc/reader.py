"""One reader, spoken to by one thread: what it is told, it does in order, and says what came of it.

A card that lies there is not touched until its dialogue begins, and is left to others as soon as
it is over. Meanwhile it is ours alone, unless the link is to share it.
"""

from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Final

from drivers.cards.atr import contactless
from drivers.cards.wire import Answer, Failed, Inserted, Inward, Removed
from drivers.links.pcsc.service import Context, Handle, Refused, Share

IN_USE_SECONDS_MAX: Final = 1.0
"""How long we wait for another program to be done with the card: desktops look at each one."""
IN_USE_SECONDS: Final = 0.05
RESETS_MAX: Final = 3
"""Another program that resets the card more often than this does not let us read it."""
KEY_BYTES: Final = 6
_STORES: Final = (0x00, 0x20)
"""Key structure in LOAD KEY (PC/SC part 3, 3.2.2.1.4): the reader's volatile memory, or, for
readers that have none, the other."""
_IN_USE: Final = "the card is in use by another program"
_NO_ANSWER: Final = "the card does not answer any more: was it taken away too early?"

Change = Inserted | Removed | Failed
"""What the monitor sees: a card that came, or went, or came and does not answer to reset."""
Say = Callable[[int, Inward], None]
"""Takes the number of the card that a message is about, and the message."""
Job = Callable[["Reader"], None]


class Reader:
    """The thread's work: `jobs`, in order, until one is None.

    `say` is told what came of them. Where PC/SC has no words for what went wrong, or the
    wrong ones (a card that is pulled out answers nothing, successfully), the words are ours.
    """

    def __init__(self, name: str, share: Share, key_file: str, say: Say, closing: Event) -> None:
        self._name, self._share, self._key_file = name, share, key_file
        self._tell_card, self._closing = say, closing
        self._handle: Handle | None = None
        self._atr: bytes | None = None
        self._card = self._resets = 0

    def run(self, jobs: "SimpleQueue[Job | None]") -> None:
        """Work; raises ServiceLost."""
        self._context = Context()
        try:
            while (job := jobs.get()) is not None:
                job(self)
        finally:
            self._leave()
            self._context.close()

    def saw(self, change: Change) -> None:
        """Take the card that has come, or leave the one that has gone, and say so."""
        self._leave()
        self._atr = None
        if not isinstance(change, Removed):
            self._card, self._resets = self._card + 1, 0
        if isinstance(change, Inserted):
            self._atr = change.atr
            try:
                self._handle = self._take()
            except Refused as refused:
                change = Failed(_IN_USE if refused.in_use else str(refused))
        self._say(change)

    def transmit(self, card: int, ref: int, apdu: bytes) -> None:
        """Put a command to this card; nothing happens if it is not there any more."""
        if card != self._card or self._handle is None:
            return
        try:
            answer = self._handle.transmit(apdu)
        except Refused as refused:
            self._refused(refused)
            return
        if answer:
            self._say(Answer(ref, answer))
        else:
            self._fail(_NO_ANSWER)

    def load_key(self, card: int, ref: int, slot: int) -> None:
        """Load the key into a slot of the reader; it is read anew each time."""
        try:
            key = read_key(self._key_file)
        except ValueError as error:
            self._fail(str(error))
            return
        if card != self._card or self._handle is None:
            return
        answer = b""
        for store in _STORES:
            command = bytes([0xFF, 0x82, store, slot, len(key)]) + key
            try:
                answer = self._handle.transmit(command)
            except Refused as refused:
                self._refused(refused)
                return
            if answer == b"\x90\x00":
                break
        self._say(Answer(ref, answer))

    def escape(self, command: bytes) -> None:
        """Tell the reader itself; where its driver lets nobody, through the card, if it can."""
        try:
            if self._handle is not None:
                self._tell(self._handle, command)
            else:
                direct = self._atr is None
                with self._context.connected(self._name, "shared", direct=direct) as handle:
                    self._tell(handle, command)
        except Refused:
            return  # a beep is a courtesy

    def release(self, card: int) -> None:
        """Leave this card to others."""
        if card == self._card:
            self._leave()

    def _leave(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def _say(self, message: Inward) -> None:
        self._tell_card(self._card, message)

    def _tell(self, handle: Handle, command: bytes) -> None:
        try:
            handle.escape(command)
        except Refused:
            if self._atr is None or not contactless(self._atr):
                raise  # a contact card must not be asked what is meant for the reader
            handle.transmit(command)

    def _take(self) -> Handle:
        """Connect, waiting for another program to be done; raises Refused if it is not."""
        waited = 0.0
        while True:
            try:
                return self._context.connect(self._name, self._share)
            except Refused as refused:
                if not refused.in_use or waited >= IN_USE_SECONDS_MAX:
                    raise
            if self._closing.wait(IN_USE_SECONDS):
                raise Refused(0, "closed by us")
            waited += IN_USE_SECONDS

    def _refused(self, refused: Refused) -> None:
        assert self._handle is not None
        assert self._atr is not None
        if refused.was_reset and self._resets == RESETS_MAX:
            self._fail("another program keeps resetting the card")
            return
        try:
            if not refused.was_reset:
                raise refused
            self._handle.reconnect()
        except Refused:
            self._fail(_NO_ANSWER)
        else:
            # What was selected is forgotten: the dialogue begins again.
            self._resets += 1
            self._say(Inserted(self._atr))

    def _fail(self, reason: str) -> None:
        self._leave()
        self._say(Failed(reason))


def read_key(key_file: str) -> bytes:
    """Return the key in a file, twelve hex digits; raises ValueError, for people.

    A file that others than its owner may read is refused: a key that everybody has is none.
    """
    if not key_file:
        raise ValueError("these cards need a key: give the reader a key_file")
    path = Path(key_file)
    try:
        mode, text = path.stat().st_mode, path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the key file {path} cannot be read: {error}") from None
    if mode & 0o077:
        raise ValueError(f"the key file {path} is open to others: chmod 600 {path}")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key file {path} must hold {2 * KEY_BYTES} hex digits")
    return key
