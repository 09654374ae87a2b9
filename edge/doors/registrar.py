"""The registrar: lets terminals in, changes what they may, and sends them away.

The owner asks through the admin door; a terminal that nobody knows yet asks to be paired, and has
to bring what the owner was shown. Secrets are told once, to whom they are for, and kept as hashes.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import structlog

from edge.access import Access, Pair, Paired, Pairing, Terms, Welcome
from edge.access.pairing import SECRET_BYTES, WINDOW_SECONDS
from edge.access.passwords import BROKER_SALT_BYTES, TOKEN_BYTES, broker_hash, token_hash
from edge.config import Id, Kind, Lane, Lang, Right, Terminal
from edge.config.checks import RESERVED
from edge.desk.answer import OK, Answer, refuse
from edge.refusals import Language, Refusal
from edge.world import World

log = structlog.get_logger(__name__)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where terminals find the box, and what they have to trust ("" without TLS)."""

    store: str
    lang: Lang
    http: str
    mqtt: str
    fingerprint: str = ""
    ca_pem: str = ""


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A terminal, by its id."""

    id: Id


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rights a terminal is to have, and no others."""

    id: Id
    rights: frozenset[Right]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One terminal as the owner sees it; times are ms since 1970 UTC, 0 if it is configured."""

    id: Id
    kind: Kind
    lang: Lang
    rights: tuple[str, ...]
    lane: str | None
    source: str
    """"config" or "paired"."""
    created: int = 0
    used: bool = True
    rotating: bool = False


class Listing(msgspec.Struct, frozen=True):
    """All terminals, and those that were revoked, by id and time."""

    terminals: tuple[Known, ...]
    revoked: tuple[tuple[str, int], ...]


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The pairing window is open: a code to type, an address to scan."""

    code: str
    url: str
    fingerprint: str
    seconds: int = WINDOW_SECONDS


class Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """A new token for a terminal; the old one ends with its first use, or in ten minutes."""

    id: Id
    token: str


class Done(msgspec.Struct, frozen=True):
    """It is done."""

    id: Id


Served = msgspec.Struct | Refusal


class Registrar:
    """Answers the owner about terminals, and strangers who want to be one.

    `lanes` are those a terminal may be put at; `at` is asked when it is needed, because doors
    know their ports only once they are open.
    """

    def __init__(
        self, access: Access, world: World, lanes: Mapping[str, Lane], at: Callable[[], Place]
    ) -> None:
        self._access, self._world, self._lanes, self._at = access, world, lanes, at
        self._reserved = {*RESERVED, *(lane.terminal for lane in lanes.values())}
        self._pairing = Pairing()

    # --- the owner

    async def handle(self, operation: str, payload: bytes) -> Answer:
        """Answer one of `OPERATIONS`. Bad input is answered, never raised."""
        lang = self._at().lang
        try:
            return _said(_SERVE[operation](self, payload), lang)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            said = {"path": operation, "cause": "other", "said": str(error)}
            return refuse(Refusal("E-MALFORMED", said), lang)
        except OSError as error:
            log.error("registry_unwritable", number=error.errno)
            return refuse(Refusal("E-STOPPING"), lang)

    def _list(self, payload: bytes) -> Served:
        revoked = tuple((one.id, one.at) for one in self._access.revoked)
        known = [self._known(terminal) for terminal in self._access.terminals.values()]
        return Listing(tuple(sorted(known, key=lambda one: one.id)), revoked)

    def _known(self, terminal: Terminal) -> Known:
        paired = self._access.paired.get(terminal.id)
        return Known(
            id=terminal.id,
            kind=terminal.kind,
            lang=terminal.lang,
            rights=tuple(sorted(terminal.rights)),
            lane=terminal.lane,
            source="config" if paired is None else "paired",
            created=0 if paired is None else paired.created,
            used=paired is None or paired.used,
            rotating=paired is not None and bool(paired.next_sha256),
        )

    def _pair(self, payload: bytes) -> Served:
        terms = msgspec.json.decode(payload, type=Terms)
        if terms.lane is not None and terms.lane not in self._lanes:
            return Refusal("E-NO-LANE", {"lane": terms.lane})
        chance = self._world.nonce(SECRET_BYTES * 2)
        ticket = self._pairing.open(terms, chance, self._world.monotonic())
        place = self._at()
        log.info("pairing_open", seconds=WINDOW_SECONDS)
        # Behind the # nothing is sent to a server: the page reads it and the network does not.
        secret = f"secret={ticket.secret}&ca={place.fingerprint}"
        return Opened(
            code=ticket.code, url=f"{place.http}/pair#{secret}", fingerprint=place.fingerprint
        )

    def _close(self, payload: bytes) -> Served:
        self._pairing.close()
        return Done("")

    def _revoke(self, payload: bytes) -> Served:
        named = msgspec.json.decode(payload, type=Named)
        return self._access.revoke(named.id, self._world.now()) or Done(named.id)

    def _rotate(self, payload: bytes) -> Served:
        named = msgspec.json.decode(payload, type=Named)
        token, broker = self._token()
        refused = self._access.rotate(named.id, token_hash(token), broker, self._world.monotonic())
        return refused or Fresh(id=named.id, token=token)

    def _rights(self, payload: bytes) -> Served:
        grant = msgspec.json.decode(payload, type=Grant)
        return self._access.grant(grant.id, grant.rights) or Done(grant.id)

    def _token(self) -> tuple[str, str]:
        token = self._world.nonce(TOKEN_BYTES).hex()
        return token, broker_hash(token, self._world.nonce(BROKER_SALT_BYTES))

    # --- strangers

    def pair(self, payload: bytes, address: str, lang: Language) -> Answer:
        """Let a terminal in that brings the code or the secret; durable before it is told.

        If the answer is lost the name is free until it is first used: the owner opens another
        window, and the same terminal comes again.
        """
        try:
            asked = msgspec.json.decode(payload, type=Pair)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            said = {"path": "pair", "cause": "other", "said": str(error)[:100]}
            return refuse(Refusal("E-MALFORMED", said), lang)
        terms = self._pairing.judge(asked, self._world.monotonic())
        if isinstance(terms, Refusal):
            if terms.code == "E-PAIRING-CODE":  # of these there are five at most
                log.warning("pairing_refused", address=address)
            return refuse(terms, lang)
        try:
            return _said(self._admit(asked, terms), lang)
        except OSError as error:
            log.error("registry_unwritable", number=error.errno)
            return refuse(Refusal("E-STOPPING"), lang)

    def _admit(self, asked: Pair, terms: Terms) -> Served:
        if asked.name in self._reserved:
            return Refusal("E-NAME-TAKEN", {"name": asked.name})
        place = self._at()
        token, broker = self._token()
        paired = Paired(
            id=asked.name,
            kind=asked.kind,
            token_sha256=token_hash(token),
            broker_hash=broker,
            created=self._world.now(),
            lang=terms.lang or asked.lang or place.lang,
            rights=terms.rights,
            lane=terms.lane,
        )
        if refused := self._access.admit(paired):
            return refused
        self._pairing.close()
        return Welcome(
            terminal=paired.id,
            token=token,
            kind=paired.kind,
            lang=paired.lang,
            rights=tuple(sorted(paired.rights)),
            lane=paired.lane,
            store=place.store,
            http=place.http,
            mqtt=place.mqtt,
            fingerprint=place.fingerprint,
            ca_pem=place.ca_pem,
        )

    def now(self) -> int | None:
        """Return ms since 1970 UTC; None while the clock is not to be trusted."""
        reading = self._world.clock.read()
        return None if reading.quality == "unknown" else reading.at_ms

    def ca_pem(self) -> bytes:
        """Return the certificate terminals have to trust; b"" without TLS."""
        return self._at().ca_pem.encode()


def _said(served: Served, lang: Language) -> Answer:
    if isinstance(served, Refusal):
        return refuse(served, lang)
    return Answer(OK, msgspec.json.encode(served))


_SERVE: Final[Mapping[str, Callable[[Registrar, bytes], Served]]] = {
    "terminals_list": Registrar._list,
    "terminals_pair": Registrar._pair,
    "terminals_close": Registrar._close,
    "terminals_revoke": Registrar._revoke,
    "terminals_rotate": Registrar._rotate,
    "terminals_rights": Registrar._rights,
}
OPERATIONS: Final = tuple(_SERVE)
"""What the owner may ask."""
