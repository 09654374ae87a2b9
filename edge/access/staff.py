"""The people who work here: who they are by PIN, and what they approved.

Approvals are kept in memory; whoever makes facts of them brings them back after a restart.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Final, NamedTuple

import structlog
from msgspec.structs import replace

from edge.access.delays import Delays
from edge.access.passwords import PIN, SALT_BYTES, pin_fits, pin_hash
from edge.access.records import RECORDS_MAX, Registry
from edge.config import Cashier, StaffRight
from edge.refusals import Refusal

APPROVED_SECONDS: Final = 600
APPROVALS_MAX: Final = 256
CASHIER_FREE: Final = 20
"""Wrong PINs for one person at all terminals together before everybody waits."""

log = structlog.get_logger(__name__)


class _Approval(NamedTuple):
    manager: str
    content: str
    until: float


class Staff:
    """All people, by id: those of the configuration, and those that were added.

    `nonce` gives random bytes. Times are monotonic seconds.
    """

    def __init__(
        self,
        configured: Mapping[str, Cashier],
        registry: Registry,
        nonce: Callable[[int], bytes],
    ) -> None:
        self._configured, self._registry, self._nonce = dict(configured), registry, nonce
        self._approvals: OrderedDict[tuple[str, str], _Approval] = OrderedDict()
        self._here, self._anywhere = Delays(), Delays(free=CASHIER_FREE)
        self._busy = asyncio.Semaphore()  # each guess takes 16 MiB and some 40 ms of a core

    @property
    def people(self) -> Mapping[str, Cashier]:
        """Everybody who works here."""
        return {**self._registry.records.staff, **self._configured}

    def is_configured(self, cashier: str) -> bool:
        """Tell whether somebody stands in the configuration."""
        return cashier in self._configured

    # --- PINs

    async def check(self, cashier: str, pin: str, terminal: str, now: float) -> Cashier | Refusal:
        """Return whose PIN this is; who guesses waits longer and longer.

        E-PIN says in `retry_after` how long nobody's PIN is looked at now, None for not at all.
        """
        person = self.people.get(cashier)
        watched: list[tuple[Delays, Hashable]] = [(self._here, terminal)]
        if person is not None:  # a name nobody has takes no room
            watched = [(self._here, (cashier, terminal)), (self._anywhere, cashier)]
        if wait := max(delays.wait(who, now) for delays, who in watched):
            return Refusal("E-PIN-DELAYED", retry_after=math.ceil(wait))
        for delays, who in watched:
            delays.failed(who, now)  # before the wait: many guesses at once are many guesses
        async with self._busy:
            fits = await asyncio.to_thread(pin_fits, pin, person.pin_scrypt if person else None)
        if not fits or person is None or self.people.get(cashier) != person:  # since then
            known = cashier if person else "(unknown)"
            log.warning("pin_refused", cashier=known, terminal=terminal)
            after = math.ceil(max(delays.wait(who, now) for delays, who in watched))
            return Refusal("E-PIN", retry_after=after or None)
        for delays, who in watched:
            delays.succeeded(who)
        return person

    # --- approvals

    def approve(self, manager: str, terminal: str, key: str, content: str, given: float) -> None:
        """Let one request through: this key of this terminal, with this content.

        `given` is when that was said, from when on it counts for `APPROVED_SECONDS`.
        """
        self._approvals[terminal, key] = _Approval(manager, content, given + APPROVED_SECONDS)
        if len(self._approvals) > APPROVALS_MAX:
            self._approvals.popitem(last=False)
        log.info("approved", manager=manager, terminal=terminal, key=key)

    def approved(self, manager: str, terminal: str, key: str, content: str, now: float) -> bool:
        """Tell whether this request was approved by that manager, who is still one.

        A key has one effect, so that asking again uses nothing up.
        """
        given = self._approvals.get((terminal, key))
        person = self.people.get(manager)
        if given is None or person is None or "approve" not in person.rights:
            return False
        return given.manager == manager and given.content == content and now < given.until

    # --- the owner; each change is durable when it returns, or raises OSError

    async def put(
        self, cashier: str, name: str, pin: str, rights: frozenset[StaffRight]
    ) -> Refusal | None:
        """Add somebody, or change who they are."""
        if self.is_configured(cashier):
            return Refusal("E-CONFIGURED", {"name": cashier})
        records = self._registry.records
        if cashier not in records.staff and len(records.staff) >= RECORDS_MAX:
            return Refusal("E-REGISTRY-FULL", {"limit": RECORDS_MAX})
        if not PIN.fullmatch(pin):
            return Refusal("E-PIN-SHAPE")
        kept = await asyncio.to_thread(pin_hash, pin, self._nonce(SALT_BYTES))
        person = Cashier(id=cashier, name=name, pin_scrypt=kept, rights=rights)
        records = self._registry.records  # it may have changed meanwhile
        self._registry.keep(replace(records, staff={**records.staff, cashier: person}))
        log.info("staff_changed", cashier=cashier, rights=sorted(rights))
        return None

    def remove(self, cashier: str) -> Refusal | None:
        """Let somebody go; whoever keeps the posts signs them off."""
        if self.is_configured(cashier):
            return Refusal("E-CONFIGURED", {"name": cashier})
        records = self._registry.records
        if cashier not in records.staff:
            return Refusal("E-NO-CASHIER", {"name": cashier})
        others = {name: one for name, one in records.staff.items() if name != cashier}
        self._registry.keep(replace(records, staff=others))
        log.info("staff_removed", cashier=cashier)
        return None
