"""The pairing window: one at a time, open for ten minutes, for one terminal.

Pure: the time is an argument, and so is chance. Two ways fit through the window: a code a person
types, and a secret that a QR code carries. Five wrong ones close it.
"""

import hmac
from base64 import b32encode
from typing import Final

import msgspec

from edge.config import Id, Kind, Lang, Right
from edge.refusals import Refusal

WINDOW_SECONDS: Final = 600
TRIES_MAX: Final = 5
SECRET_BYTES: Final = 16
ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and capitals that nobody takes for one another: no 0 O, 1 I L, U V."""
CODE_LENGTH: Final = 8


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the owner grants whoever comes through the window; None leaves it to the terminal."""

    id: Id | None = None
    kind: Kind | None = None
    rights: frozenset[Right] = frozenset()
    lane: Id | None = None
    lang: Lang | None = None


class Pair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a terminal says to come in: the code or the secret, and what it is."""

    code: str
    """What the owner was shown: the code to type, or the secret in the picture."""
    name: Id
    """What the terminal is to be called: its user name from now on."""
    kind: Kind
    lang: Lang | None = None
    """The language of its answers; without it, the store's."""


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """All a terminal needs from now on."""

    terminal: Id
    token: str
    """Its password at every door. It is told this once."""
    kind: Kind
    lang: Lang
    rights: tuple[str, ...]
    lane: str | None
    """Where it stands, null for nowhere."""
    store: str
    """What its topics begin with, after `edge/v1/`."""
    http: str
    """Where HTTP is spoken."""
    mqtt: str
    """Where MQTT is spoken."""
    fingerprint: str
    """SHA-256 of the authority's certificate, "" without TLS."""
    ca_pem: str
    """That certificate, which the terminal has to trust from now on."""


class Ticket(msgspec.Struct, frozen=True):
    """What opens the window: a code to type, and a secret to scan."""

    code: str
    secret: str


class Window(msgspec.Struct):
    """An open window. `until` is in the caller's monotonic seconds."""

    ticket: Ticket
    terms: Terms
    until: float
    tries: int = 0


class Pairing:
    """At most one window."""

    def __init__(self) -> None:
        self._window: Window | None = None

    def open(self, terms: Terms, chance: bytes, now: float) -> Ticket:
        """Open a window in the place of any other; `chance` is 32 random bytes."""
        ticket = _ticket(chance)
        self._window = Window(ticket, terms, now + WINDOW_SECONDS)
        return ticket

    def close(self) -> None:
        """Let nobody in any more."""
        self._window = None

    def judge(self, asked: Pair, now: float) -> Terms | Refusal:
        """Return what whoever asks is granted; the window stays open until `close`.

        A wrong code counts; so does nothing else, because who has the right one is no guesser.
        """
        window = self._window
        if window is None or now >= window.until:
            self._window = None
            return Refusal("E-PAIRING-CLOSED")
        if not _fits(asked.code, window.ticket):
            window.tries += 1
            if window.tries >= TRIES_MAX:
                self._window = None
            return Refusal("E-PAIRING-CODE", {"left": TRIES_MAX - window.tries})
        terms = window.terms
        if terms.id not in (None, asked.name):
            return Refusal("E-PAIRING-TERMS", {"field": "name", "wanted": str(terms.id)})
        if terms.kind not in (None, asked.kind):
            return Refusal("E-PAIRING-TERMS", {"field": "kind", "wanted": str(terms.kind)})
        return terms


def _ticket(chance: bytes) -> Ticket:
    """Return a ticket; 64 random bits over 30 letters make no letter likelier to speak of."""
    assert len(chance) == SECRET_BYTES * 2
    number = int.from_bytes(chance[SECRET_BYTES:])
    letters = []
    for _ in range(CODE_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[digit])
    secret = b32encode(chance[:SECRET_BYTES]).decode().rstrip("=")
    half = CODE_LENGTH // 2
    return Ticket(f"{''.join(letters[:half])}-{''.join(letters[half:])}", secret)


def _fits(said: str, ticket: Ticket) -> bool:
    """Compare without the signs people put between letters, and in constant time."""
    heard = "".join(said.upper().split()).replace("-", "").encode()
    code = hmac.compare_digest(heard, ticket.code.replace("-", "").encode())
    secret = hmac.compare_digest(heard, ticket.secret.encode())
    return code or secret
