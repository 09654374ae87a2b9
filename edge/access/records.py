"""Who was let in besides the configuration: terminals that were paired, people with a PIN.

One JSON file in the state directory, written whole or not at all. It holds hashes only. A backup
leaves it out: putting an old one back must not bring back a terminal that was revoked since.
"""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.config import Cashier, Id, Kind, Lang, Right, Terminal
from edge.config.findings import ConfigError, Finding
from edge.durable import write_file

ACCESS_FILE = "access.json"
RECORDS_MAX = 1_000
"""Terminals, and people, that can be paired or added."""

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Paired(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A terminal that was let in by a pairing code. Times are ms since 1970 UTC.

    `next_sha256` is the hash of the token it is changing to, "" if it is not. `broker_hash` is
    the token's hash as mosquitto keeps it. `used` tells whether it has ever logged in.
    """

    id: Id
    kind: Kind
    token_sha256: Sha256
    broker_hash: str
    created: int
    lang: Lang = "zh"
    rights: frozenset[Right] = frozenset()
    lane: Id | None = None
    next_sha256: str = ""
    used: bool = False

    def terminal(self) -> Terminal:
        """Return what the rest of the box knows of it."""
        return Terminal(
            id=self.id,
            kind=self.kind,
            token_sha256=self.token_sha256,
            lang=self.lang,
            rights=self.rights,
            lane=self.lane,
        )


class Revoked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A terminal that may not come in again with the token of this hash."""

    id: Id
    token_sha256: Sha256
    at: int


class Records(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them, by id; what was revoked last stands last."""

    format: str = "edgebox.access.v1"
    terminals: dict[Id, Paired] = {}
    revoked: tuple[Revoked, ...] = ()
    staff: dict[Id, Cashier] = {}


class Registry:
    """The records and their file; without a folder they are kept in memory only."""

    def __init__(self, folder: Path | None = None, records: Records | None = None) -> None:
        self._path = None if folder is None else folder / ACCESS_FILE
        self.records = records or Records()

    @classmethod
    def open(cls, folder: Path) -> "Registry":
        """Return the records in `folder`. Raises ConfigError when the file is damaged.

        A damaged file is never taken for an empty one: what it revoked would come back.
        """
        path = folder / ACCESS_FILE
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return cls(folder)
        try:
            return cls(folder, msgspec.json.decode(raw, type=Records))
        except (msgspec.MsgspecError, UnicodeError):
            fix = "delete the file, and pair the terminals and add the people again"
            raise ConfigError(Finding(str(path), "is damaged", fix)) from None

    def keep(self, records: Records) -> None:
        """Put `records` in the place of those there are, durably. Raises OSError."""
        if self._path is not None:
            write_file(self._path, msgspec.json.format(msgspec.json.encode(records)) + b"\n")
        self.records = records
