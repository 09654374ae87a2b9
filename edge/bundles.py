"""Keeps the rule bundle: only signed, only newer, and the last good one whatever happens.

A new bundle is checked, decoded and compiled before a byte is written; then it goes to disk
under a name of its own, then the version floor moves, then the shop prices by it, and only then
the old file goes. Killed anywhere on the way, the next start finds the old or the new bundle
whole. The floor, below which no bundle is taken, is kept twice: in the file's name and in a
file of its own.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from cloud_bridge.bundle import BundleRefused, Checked, check
from cloud_bridge.contract import BundleHead, SignedBundle
from edge.shop.bundle import BundleError, decode
from edge.shop.pricing import RuleSet, compile_rules

FLOOR_FILE = "floor.json"
DAMAGED = ".damaged"

_NAME = re.compile(r"bundle-([1-9][0-9]{0,17})-([0-9a-f]{64})\.json(\.damaged)?")


class Floor(msgspec.Struct, frozen=True, order=True):
    """The version in force and its hash: nothing older, and nothing else of that version."""

    version: int = 0
    hash: str = ""


class Bundles:
    """The rule bundle in force, and the folder it is kept in."""

    @classmethod
    def open(
        cls, folder: Path, keys: Mapping[str, bytes], store: str, currency: str, now: int
    ) -> "Bundles":
        """Load the last good bundle. `keys` are the cloud's raw Ed25519 public keys by name.

        A file that was torn or altered is set aside as `<name>.damaged` and the cloud asked
        again. A bundle past its validity still counts: it was in force when it arrived.
        """
        folder.mkdir(parents=True, exist_ok=True)
        bundles = cls(folder, keys, store, currency)
        bundles._load(now)
        return bundles

    def __init__(self, folder: Path, keys: Mapping[str, bytes], store: str, currency: str) -> None:
        self._folder, self._keys, self._store = folder, dict(keys), store
        self._currency = currency
        self._floor = Floor()
        self._kept: RuleSet | None = None
        self._current: RuleSet | None = None

    @property
    def current(self) -> RuleSet | None:
        """The rules in force, None before the first bundle."""
        return self._current

    @property
    def etag(self) -> str | None:
        """The hash of the bundle in force, None for none."""
        return None if self._current is None else self._current.hash

    def expired(self, now: int) -> bool:
        """Tell whether the bundle in force is past its validity at `now`: an alarm, not a stop."""
        return self._current is not None and now >= self._current.bundle.valid_until

    def offer(self, raw: bytes, now: int) -> str | None:
        """Take a signed bundle and put it in force: `keep`, then `install`."""
        refused = self.keep(raw, now)
        self.install()
        return refused

    def install(self) -> None:
        """Put in force what was kept last. Only between two steps of the loop."""
        self._current = self._kept

    def keep(self, raw: bytes, now: int) -> str | None:
        """Keep a signed bundle on disk (blocking). None when it is good, else "code: why".

        The codes are those of `BundleRefused`, unusable_rules and other_currency. What is refused
        changes nothing. Raises OSError when the disk does; then the old bundle stays in force.
        """
        try:
            checked = self._check(raw, now)
            rules = compile_rules(decode(checked.body), checked.hash)
        except BundleRefused as error:
            return str(error)
        except BundleError as error:
            return f"unusable_rules: {error}"
        if rules.bundle.currency != self._currency:
            return f"other_currency: {rules.bundle.currency}, this store's is {self._currency}"
        if rules.hash == self.etag:
            return None
        path = self._folder / f"bundle-{checked.head.version}-{checked.hash}.json"
        _replace(path, raw)
        self._raise_floor(Floor(checked.head.version, checked.hash))
        self._kept = rules
        self._sweep(path)
        return None

    def _load(self, now: int) -> None:
        self._floor = max([self._read_floor(), *(floor for floor, _ in self._named())])
        for floor, path in list(self._named()):
            if path.name.endswith(DAMAGED) or floor < self._floor:
                continue
            try:
                checked = self._check_kept(path.read_bytes(), now)
                rules = compile_rules(decode(checked.body), checked.hash)
            except (BundleRefused, BundleError):
                path.replace(path.with_name(path.name + DAMAGED))
                continue
            self._kept = self._current = rules
            # It may have been killed between the bundle's file and the floor's.
            self._raise_floor(Floor(checked.head.version, checked.hash))
            self._sweep(path)

    def _check(self, raw: bytes, now: int) -> Checked:
        floor = self._floor
        return check(raw, self._keys, self._store, floor.version, now, floor_hash=floor.hash)

    def _check_kept(self, raw: bytes, now: int) -> Checked:
        """Check what we took before: its validity was judged on arrival."""
        try:
            signed = msgspec.json.decode(raw, type=SignedBundle)
            now = msgspec.json.decode(signed.bundle, type=BundleHead).valid_from
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            pass  # `check` finds the words for it
        return self._check(raw, now)

    def _named(self) -> Iterator[tuple[Floor, Path]]:
        for path in self._folder.iterdir():
            if match := _NAME.fullmatch(path.name):
                yield Floor(int(match[1]), match[2]), path

    def _read_floor(self) -> Floor:
        try:
            return msgspec.json.decode((self._folder / FLOOR_FILE).read_bytes(), type=Floor)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeError):
            return Floor()

    def _raise_floor(self, floor: Floor) -> None:
        self._floor = floor
        if self._read_floor() != floor:
            _replace(self._folder / FLOOR_FILE, msgspec.json.encode(floor))

    def _sweep(self, kept: Path) -> None:
        """Remove what `kept` has replaced, drafts of a killed run included."""
        for path in list(self._folder.iterdir()):
            if path.name not in {kept.name, FLOOR_FILE}:
                path.unlink()


def _replace(path: Path, data: bytes) -> None:
    """Put `data` at `path`, durably: wholly or not at all."""
    draft = path.with_name(f"{path.name}.new")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
