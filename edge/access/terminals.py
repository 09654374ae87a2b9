"""May this terminal come in? A terminal is its id and its token, and nothing else it says."""

import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import structlog
from msgspec.structs import replace

from edge.access.delays import Delays
from edge.access.passwords import token_hash
from edge.access.records import RECORDS_MAX, Paired, Registry, Revoked
from edge.config import Right, Terminal
from edge.refusals import Refusal

ROTATION_SECONDS = 600.0
"""How long the old token works beside the new one."""
KNOWN_MAX = 4096
REVOKED_MAX = 4096
_NOBODY = "0" * 64

log = structlog.get_logger(__name__)


class Wait(NamedTuple):
    """Too many wrong tokens came from there, or for that name: nobody is let in for so long."""

    seconds: float


class Access:
    """All terminals, by id: those of the configuration, and those that were paired.

    Whoever guesses waits longer and longer, by address and by name. A terminal that has been in
    from an address is not kept waiting there, so that nobody can lock it out by guessing.
    """

    def __init__(
        self, configured: Mapping[str, Terminal], registry: Registry | None = None
    ) -> None:
        self._configured = dict(configured)
        self._registry = registry or Registry()
        self._terminals: dict[str, Terminal] = {}
        self._rotating: dict[str, float] = {}
        self._delays = Delays()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._on_end: list[Callable[[str], None]] = []
        self._refresh()

    @property
    def terminals(self) -> Mapping[str, Terminal]:
        """Everybody who may come in now; the mapping follows what changes."""
        return MappingProxyType(self._terminals)

    @property
    def paired(self) -> Mapping[str, Paired]:
        """Those that were paired."""
        return self._registry.records.terminals

    @property
    def revoked(self) -> tuple[Revoked, ...]:
        """Those that may not come in again."""
        return self._registry.records.revoked

    def on_end(self, end: Callable[[str], None]) -> None:
        """Call `end` with the id of each terminal whose connections have to end at once."""
        self._on_end.append(end)

    # --- coming in

    def login(
        self, terminal_id: str, token: str | bytes, address: str = "", now: float = 0.0
    ) -> Terminal | Wait | None:
        """Return the terminal whose id and token these are; `now` is monotonic seconds.

        The comparison takes the same time for a wrong id as for a wrong token.
        """
        terminal = self._match(terminal_id, token_hash(token), now)
        at_home = (address, terminal_id) in self._known
        if not (terminal and at_home):
            waits = [self._delays.wait(who, now) for who in self._watched(address, terminal_id)]
            if longest := max(waits):
                return Wait(longest)
        if terminal is None:
            self._failed(address, terminal_id, now)
            return None
        if not at_home:
            self._welcome(address, terminal_id)
        return terminal

    def _match(self, terminal_id: str, digest: str, now: float) -> Terminal | None:
        terminal = self._terminals.get(terminal_id)
        right = hmac.compare_digest(digest, terminal.token_sha256 if terminal else _NOBODY)
        paired = self.paired.get(terminal_id)
        if paired is None or terminal is None:
            return terminal if right else None
        if paired.next_sha256:
            if hmac.compare_digest(digest, paired.next_sha256):
                self._turn(paired)
                return self._terminals[terminal_id]
            until = self._rotating.setdefault(terminal_id, now + ROTATION_SECONDS)
            right = right and now < until
        if right and not paired.used:
            self._keep(replace(paired, used=True))
        return terminal if right else None

    def _turn(self, paired: Paired) -> None:
        """Take the new token for the only one: it was used."""
        fresh = replace(paired, token_sha256=paired.next_sha256, next_sha256="", used=True)
        self._rotating.pop(paired.id, None)
        self._keep(fresh)
        log.info("terminal_rotated", terminal=paired.id)

    def _failed(self, address: str, terminal_id: str, now: float) -> None:
        for who in self._watched(address, terminal_id):
            self._delays.failed(who, now)
        known = terminal_id if terminal_id in self._terminals else "(unknown)"
        log.warning("login_failed", terminal=known, address=address)

    def _welcome(self, address: str, terminal_id: str) -> None:
        for who in self._watched(address, terminal_id):
            self._delays.succeeded(who)
        self._known[address, terminal_id] = None
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)

    # --- changes; each is durable when it returns, or raises OSError and changes nothing

    def admit(self, paired: Paired) -> Refusal | None:
        """Let a new terminal in. A name is taken from the first login with it on.

        So a credential that was lost on its way leaves no name behind that nobody can use.
        """
        held = self.paired.get(paired.id)
        if paired.id in self._configured or (held is not None and held.used):
            return Refusal("E-NAME-TAKEN", {"name": paired.id})
        if held is None and len(self.paired) >= RECORDS_MAX:
            return Refusal("E-REGISTRY-FULL", {"limit": RECORDS_MAX})
        self._keep(paired)
        log.info("terminal_paired", terminal=paired.id, kind=paired.kind)
        return None

    def revoke(self, terminal_id: str, at: int) -> Refusal | None:
        """End a terminal's token, wherever it stands; `at` is ms since 1970 UTC."""
        terminal = self._terminals.get(terminal_id)
        if terminal is None:
            return Refusal("E-NO-TERMINAL", {"name": terminal_id})
        records = self._registry.records
        gone = Revoked(terminal_id, terminal.token_sha256, at)
        others = {name: one for name, one in records.terminals.items() if name != terminal_id}
        revoked = (*records.revoked, gone)[-REVOKED_MAX:]
        self._registry.keep(replace(records, terminals=others, revoked=revoked))
        self._rotating.pop(terminal_id, None)
        log.warning("terminal_revoked", terminal=terminal_id)
        self._ended(terminal_id)
        return None

    def rotate(self, terminal_id: str, fresh: str, broker: str, now: float) -> Refusal | None:
        """Give a terminal a second token (as SHA-256); the old one works for ten minutes more."""
        paired = self.paired.get(terminal_id)
        if paired is None:
            return self._not_paired(terminal_id)
        self._rotating[terminal_id] = now + ROTATION_SECONDS
        self._keep(replace(paired, next_sha256=fresh, broker_hash=broker))
        log.info("terminal_rotating", terminal=terminal_id)
        return None

    def grant(self, terminal_id: str, rights: frozenset[Right]) -> Refusal | None:
        """Give a paired terminal these rights and no others; it has to log in again."""
        paired = self.paired.get(terminal_id)
        if paired is None:
            return self._not_paired(terminal_id)
        self._keep(replace(paired, rights=rights))
        log.info("terminal_rights", terminal=terminal_id, rights=sorted(rights))
        self._ended(terminal_id)
        return None

    def _not_paired(self, terminal_id: str) -> Refusal:
        if terminal_id in self._configured:
            return Refusal("E-CONFIGURED", {"name": terminal_id})
        return Refusal("E-NO-TERMINAL", {"name": terminal_id})

    def _keep(self, paired: Paired) -> None:
        records = self._registry.records
        terminals = {**records.terminals, paired.id: paired}
        self._registry.keep(replace(records, terminals=terminals))
        self._refresh()

    def _ended(self, terminal_id: str) -> None:
        self._refresh()
        for pair in [pair for pair in self._known if pair[1] == terminal_id]:
            del self._known[pair]
        for end in self._on_end:
            end(terminal_id)

    def _refresh(self) -> None:
        gone = {(one.id, one.token_sha256) for one in self.revoked}
        configured = {
            name: terminal
            for name, terminal in self._configured.items()
            if (name, terminal.token_sha256) not in gone
        }
        paired = {name: one.terminal() for name, one in self.paired.items()}
        self._terminals.clear()
        self._terminals.update(paired | configured)

    def _watched(self, address: str, terminal_id: str) -> tuple[tuple[str, str], ...]:
        """Return whose failures count; a name that nobody has takes no room in the table."""
        watched = (("address", address), ("terminal", terminal_id))
        return watched if terminal_id in self._terminals else watched[:1]
