"""Keeps the certificate fresh that the doors serve; nobody has to think of it.

A box that was off over the holidays makes another before its doors open; one that runs looks
every hour, and from the next handshake on serves what is in the folder.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from edge.certificates import Authority, server_context
from edge.clock import Clock

LOOK_SECONDS: Final = 3600.0

log = structlog.get_logger(__name__)


class Certificates:
    """The certificate in force, for `hosts`, in a `context` that servers share."""

    def __init__(self, folder: Path, hosts: Sequence[str], clock: Clock) -> None:
        """Make or renew the certificate if it is time. Raises ConfigError and OSError."""
        self._authority = Authority.open(folder)
        self._hosts, self._clock = hosts, clock
        self.context = server_context()
        self._serial = 0
        self.look()

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of what terminals trust, in hex."""
        return self._authority.fingerprint

    @property
    def ca_pem(self) -> str:
        """What terminals trust."""
        return self._authority.ca_pem.decode()

    def look(self) -> None:
        """Renew the certificate if it is time, and serve the one in the folder."""
        served, reading = self._authority.served(), self._clock.read()
        now = datetime.fromtimestamp(reading.at_ms / 1000, UTC)
        # By a clock that may be wrong a good certificate could seem to be over.
        if served is None or (reading.quality != "unknown" and served.is_due(self._hosts, now)):
            served = self._authority.issue(self._hosts, now)
            log.info("certificate_renewed", until=served.until.date().isoformat())
        if served.serial != self._serial:
            self._authority.load(self.context)
            self._serial = served.serial

    async def run(self) -> None:
        """Look every hour until cancelled; a failure is logged, and tried again in an hour."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                self.look()
            except OSError as error:
                log.error("certificate_not_renewed", number=error.errno)
