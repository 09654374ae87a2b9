"""The cloud's side of the contract: who asks, what is recorded, what is told.

`handle` is all of it, without a transport. Every authentic fact is recorded once; a bad one is
recorded as such. Members' points follow from the postings of unit PTS, whatever deed they are of;
whom a box enrols is a member from then on, by the id the box gave them.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl, unquote
from zoneinfo import ZoneInfo

import msgspec

from cloud_bridge import bundle as bundles
from cloud_bridge.auth import auth_text, read_auth
from cloud_bridge.contract import (
    AsOf,
    Card,
    Changes,
    Envelope,
    Erase,
    HoldAsked,
    HotList,
    LeaseAsked,
    Member,
    Outcome,
    Product,
    SealedBatch,
    SignedBundle,
    SignedTime,
    sha256,
)
from simulators.cloud.granting import Granting
from simulators.cloud.keeping import Keeping
from simulators.cloud.recording import Recording, Refused, refuse
from simulators.cloud.tables import Head, Tables
from simulators.cloud.timekeeping import tell_time
from simulators.cloud.vault import Vault
from simulators.keys import KeyPair

T = TypeVar("T")
ERA = 10**12
"""More than there is ever news in one era of the cloud."""
CLOCK_SKEW_MS_MAX = 5 * 60 * 1000


def wall_clock() -> int:
    """Return milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class Reply(NamedTuple):
    """An answer on its way out."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class CloudTwin(Recording):
    """A membership cloud for one programme.

    `signing_key` signs bundles. A batch of more than `batch_count_max` envelopes or a request
    of more than `request_bytes_max` bytes is answered 413.
    """

    def __init__(
        self,
        signing_key: KeyPair,
        path: str = ":memory:",
        *,
        now: Callable[[], int] = wall_clock,
        zone: str = "Asia/Shanghai",
        batch_count_max: int = 1000,
        request_bytes_max: int = 4 * 1024 * 1024,
    ) -> None:
        self.signing_key = signing_key
        self.vault = Vault(path if path == ":memory:" else f"{path}.vault", signing_key)
        super().__init__(Tables(path), batch_count_max)
        self._now = now
        self.granting = Granting(self._tables, now, ZoneInfo(zone))
        self.keeping = Keeping(self._tables, self.granting.today)
        self._request_bytes_max = request_bytes_max

    def close(self) -> None:
        """Close the tables."""
        self._tables.close()
        self.vault.close()

    def backup(self) -> bytes:
        """Return a copy of all that the cloud remembers."""
        return self._tables.image()

    def rewind(self, backup: bytes) -> None:
        """Remember what a backup remembers, and forget all that came after it."""
        era = self._tables.era
        self._tables.restore(backup)
        self._tables.era = era + 1

    # --- the merchant's hand ---------------------------------------------------------------------

    def register_box(self, box: str, public_key: bytes) -> None:
        """Let a box in by its raw Ed25519 public key."""
        self._tables.add_box(box, public_key)

    def seed_members(self, members: Iterable[Member], cards: Iterable[Card] = ()) -> None:
        """Add or change members and cards; `Member.points` is what they bring from before."""
        members = [*members]
        self._tables.tell([*members, *cards])
        for member in members:
            self.keeping.brought(member)

    def erase(self, member: str, cards: Sequence[str] = (), sealed: Sequence[str] = ()) -> None:
        """Forget a person, and tell every box to."""
        self.vault.erase(sealed)
        erase = Erase(member=member, cards=tuple(cards), sealed=tuple(sealed))
        self._tables.forget(erase)

    def seed_products(self, products: Iterable[Product]) -> None:
        """Add or change articles of the price book."""
        self._tables.tell(products)

    def publish_bundle(self, bundle: Mapping[str, Any]) -> bytes:
        """Sign a rule bundle and make it the current one; return it as boxes get it."""
        raw = bundles.sign(bundle, self.signing_key.id, self.signing_key.private_key)
        self.publish_raw(raw)
        return raw

    def publish_raw(self, raw: bytes) -> None:
        """Publish bytes as they are, for bundles which no honest cloud would send."""
        try:
            digest = sha256(bytes(msgspec.json.decode(raw, type=SignedBundle).bundle))
        except msgspec.DecodeError:
            digest = sha256(raw)
        self._tables.publish(digest, raw)

    # --- what can be compared --------------------------------------------------------------------

    def books(self) -> dict[str, dict[str, int]]:
        """Return what every account holds, by unit, from recorded facts alone."""
        return self._tables.books()

    def facts(self, box: str) -> Sequence[Envelope]:
        """Return every fact recorded of a box, by epoch and sequence."""
        return self._tables.facts(box)

    def outcomes(self, box: str) -> Sequence[Outcome]:
        """Return what was made of every fact of a box, by epoch and sequence."""
        return self._tables.outcomes(box)

    # --- requests --------------------------------------------------------------------------------

    async def handle(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """Answer one request. `target` is the path with its query, as it was signed."""
        lower = {name.lower(): value for name, value in headers.items()}
        try:
            if len(body) > self._request_bytes_max:
                raise refuse(413, "too-large", f"at most {self._request_bytes_max} bytes")
            box = self._authenticate(method, target, lower, body)
            return self._route(box, method, target, lower, body)
        except Refused as refused:
            text = msgspec.json.encode(refused.problem)
            media = {"Content-Type": "application/problem+json"}
            return Reply(refused.problem.status, media, text)

    def _authenticate(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> str:
        auth = read_auth(headers.get("edge-auth", ""))
        if auth is None:
            raise refuse(401, "no-auth", "the header Edge-Auth is missing or cannot be read")
        if not self._signed(auth.box, auth.signature, auth_text(method, target, auth.at, body)):
            raise refuse(401, "bad-auth", "no box known here has signed this request")
        asks_the_time = target.startswith("/v1/time?")
        if not asks_the_time and abs(self._now() - auth.at) > CLOCK_SKEW_MS_MAX:
            raise refuse(401, "clock", f"the box's clock is off: {auth.at}, here {self._now()}")
        return auth.box

    def _route(
        self, box: str, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        path, _, query = target.partition("?")
        match method, path:
            case "POST", "/v1/facts":
                return _json(self._take(box, body))
            case "GET", "/v1/facts":
                return _json(self._recorded(box, dict(parse_qsl(query))))
            case "GET", "/v1/head":
                return _json(self._head(box))
            case "GET", "/v1/changes":
                return _json(self._changes(box, dict(parse_qsl(query))))
            case "POST", "/v1/sealed":
                return _json(self.vault.take(self._letters(body)))
            case "GET", "/v1/time":
                return _json(self._time(dict(parse_qsl(query))))
            case "GET", "/v1/bundle":
                return self._bundle(headers.get("if-none-match", ""))
            case _:
                return self._grant(box, (method, path), dict(parse_qsl(query)), body)

    def _grant(
        self, box: str, asked: tuple[str, str], query: Mapping[str, str], body: bytes
    ) -> Reply:
        """Answer what is asked of other stores, or to be authorised."""
        match asked:
            case "GET", "/v1/hot":
                return _json(self._hot(query))
            case "POST", "/v1/leases":
                return _json(self.granting.lease(box, _read(body, LeaseAsked)))
            case "POST", "/v1/holds":
                return _json(self.granting.hold(box, _read(body, HoldAsked)))
            case "GET", "/v1/statement":
                return _json(self.granting.statement(query))
            case "GET", path if path.startswith("/v1/receipts/"):
                return _json(self.granting.receipt(unquote(path.removeprefix("/v1/receipts/"))))
            case method, path:
                raise refuse(404, "not-found", f"{method} {path}")

    def _changes(self, box: str, query: Mapping[str, str]) -> Changes:
        since, limit = self._since(query), query.get("limit", "1000")
        if not (limit.isdecimal() and int(limit)):
            raise refuse(400, "malformed", "limit is a number")
        rows = self._tables.news(since, int(limit) + 1, box)
        page, more = rows[: int(limit)], len(rows) > int(limit)
        cursor = page[-1][0] if page else since
        head = self._tables.head(box)
        return Changes(
            changes=tuple(
                self._member(change, head) if isinstance(change, Member) else change
                for _, change in page
            ),
            cursor=str(self._tables.era * ERA + cursor),
            more=more,
            price_book=self._tables.price_book(cursor),
            members=None if since else self._tables.members(),
        )

    def _hot(self, query: Mapping[str, str]) -> HotList:
        told = self.granting.hot(self._since(query))
        cursor = str(self._tables.era * ERA + int(told.cursor))
        return msgspec.structs.replace(told, cursor=cursor)

    def _since(self, query: Mapping[str, str]) -> int:
        """Return the version of the news that a cursor means, 0 for none."""
        since = query.get("since", "") or "0"
        if not since.isdecimal():
            raise refuse(400, "malformed", "since is a number")
        era, version = divmod(int(since), ERA)
        if int(since) and era != self._tables.era:
            raise refuse(409, "unknown-cursor", "the cloud was restored since: ask for everything")
        return version

    def _letters(self, body: bytes) -> SealedBatch:
        try:
            return msgspec.json.decode(body, type=SealedBatch)
        except (msgspec.DecodeError, UnicodeError):
            raise refuse(400, "malformed", "sealed letters in base64") from None

    def _time(self, query: Mapping[str, str]) -> SignedTime:
        told = tell_time(query.get("nonce", ""), self._now(), self.signing_key)
        if told is None:
            raise refuse(400, "malformed", "a nonce is 16 to 64 hex digits")
        return told

    def _member(self, member: Member, head: Head) -> Member:
        moved = self._tables.total(f"member:{member.id}", "PTS")
        return _as_seen_by(
            head,
            member,
            moved,
            self._tables.lots.totals([member.id, *self._tables.once_called(member.id)]),
        )

    def _bundle(self, known: str) -> Reply:
        current = self._tables.bundle()
        if current is None:
            raise refuse(404, "no-bundle", "no rules have been published yet")
        digest, raw = current
        etag = {"ETag": f'"{digest}"'}
        if etag["ETag"] in known:
            return Reply(304, etag, b"")
        return Reply(200, {"Content-Type": "application/json", **etag}, raw)


def _as_seen_by(box: Head, member: Member, moved: int, totals: Mapping[str, int]) -> Member:
    """Return a member with what they hold now, and what of the asking box that contains.

    Facts are counted when they are recorded, so everything up to the box's head is contained.
    """
    as_of = AsOf(epoch=box.epoch, sequence=box.sequence) if box.sequence else None
    return msgspec.structs.replace(
        member, points=member.points + moved, as_of=as_of,
        totals={unit: total for unit, total in totals.items() if unit != "PTS"},
    )  # fmt: skip


def _json(value: msgspec.Struct) -> Reply:
    return Reply(200, {"Content-Type": "application/json"}, msgspec.json.encode(value))


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise refuse(400, "malformed", str(error)) from error
