"""The typed sections of a store's configuration. Units stand last in every name.

Paths are absolute once loaded: a relative one is meant from the folder of the config file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from edge.config.doors import Http, Mqtt
from edge.config.values import END, Count, Id, Lang, Seconds, Section, Text
from edge.config.weighed import Weighed

Kind = Annotated[
    Literal["handheld", "pc_pos", "qr_pos", "phone", "unattended"],
    Meta(description='"handheld", "pc_pos", "qr_pos", "phone" or "unattended"'),
]
Right = Annotated[
    Literal[
        "own_price",
        "sell",
        "return",
        "receipts",
        "value",
        "members",
        "cards",
        "stock",
        "day",
        "reports",
        "approve",
    ],
    Meta(description='what a terminal may do besides what its kind may, such as "own_price"'),
]
"""own_price: prices of its own · sell · return: also voids · receipts: finds and prints them ·
value: top-ups, count cards, exchanges, and what is paid out of accounts · members: enrols and
changes them · cards: binds, replaces, freezes and activates them · stock: scan sessions · day:
opens and closes the day · reports · approve: a manager stands at it."""

StaffRight = Annotated[Literal["approve"], Meta(description='"approve"')]
"""approve: a manager, who lets through what a cashier may not do alone."""


class Store(Section, frozen=True, kw_only=True):
    """Who and where this shop is."""

    id: Id
    name_zh: Text
    name_en: Text
    currency: Annotated[
        str, Meta(pattern="^[A-Z]{3}" + END, description='an ISO 4217 code such as "CNY"')
    ]
    zone: Annotated[ZoneInfo, Meta(description='an IANA time zone such as "Asia/Shanghai"')]
    state_dir: Annotated[Path, Meta(description="a folder for the journal and the caches")]
    lang: Lang = "zh"
    country: Annotated[
        Literal["CN"], Meta(description='"CN": whose phone numbers may come without a prefix')
    ] = "CN"
    day_starts: Annotated[
        str,
        Meta(
            pattern="^([01][0-9]|2[0-3]):[0-5][0-9]" + END,
            description='a local time such as "04:00", when one business day follows another',
        ),
    ] = "04:00"
    books_checked: Annotated[
        str,
        Meta(
            pattern="^([01][0-9]|2[0-3]):[0-5][0-9]" + END,
            description='a local time such as "03:30", when the books are checked every night',
        ),
    ] = "03:30"
    card_prefixes: Annotated[
        tuple[Annotated[str, Meta(pattern="^2[0-9]{1,11}" + END)], ...],
        Meta(description='beginnings, such as ["2900"], of the EAN-13 on this shop\'s own cards'),
    ] = ()
    coupon_prefixes: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[^\s0]\S{0,11}" + END)], ...],
        Meta(description='beginnings, not with 0, of coupon codes, such as ["C:", "99"]'),
    ] = ("C:", "99")
    stripe_prefixes: Annotated[
        tuple[Annotated[str, Meta(pattern="^[0-9]{2,11}" + END)], ...],
        Meta(description='beginnings, such as ["9529"], of the numbers on our magnetic stripes'),
    ] = ()
    weighed: tuple[Weighed, ...] = ()
    """How this shop's scales print."""
    spending: Annotated[
        Literal["proven", "shown"],
        Meta(description='"proven" or "shown": what a member must show to spend what they hold'),
    ] = "proven"
    """proven: a member code, or a manager who approves · shown: any card or number of theirs."""

    def business_date(self, at: int) -> str:
        """Return the business day (YYYY-MM-DD) at `at` (ms since 1970 UTC) by the shop's clock."""
        return _business_date(at // 60_000, self.zone, self.day_starts)


@lru_cache(maxsize=64)
def _business_date(minute: int, zone: ZoneInfo, day_starts: str) -> str:
    """Return the business day at a minute since 1970 UTC; days begin at whole minutes."""
    hours, minutes = day_starts.split(":")
    local = datetime.fromtimestamp(minute * 60, UTC).astimezone(zone)
    wall = local.replace(tzinfo=None)
    return (wall - timedelta(hours=int(hours), minutes=int(minutes))).date().isoformat()


class Secrets(Section, frozen=True, kw_only=True):
    """Files only the box's own user can read, kept outside its data and its backups."""

    box_key_file: Annotated[Path, Meta(description="the file of this box's private key")]
    phone_key_file: Annotated[Path, Meta(description="the file of the programme's phone key")]
    tls_folder: Annotated[
        Path | None, Meta(description="a folder for the box's own authority and its certificate")
    ] = None


class Cloud(Section, frozen=True, kw_only=True):
    """The membership cloud this box belongs to, or that it belongs to none."""

    kind: Annotated[
        Literal["http", "joining", "none"], Meta(description='"http", "joining" or "none"')
    ] = "http"
    """none: this box alone is the home of every account and every coupon.
    joining: it still is, and its past goes to the cloud, until `edgebox cloud join` is done."""
    url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^\s/?#]+/?)?" + END,
            description="an address such as https://cloud.example",
        ),
    ] = ""
    box: Id
    """This box's name at the cloud, and in its receipts' numbers."""
    keys: Annotated[
        dict[Text, Annotated[bytes, Meta(min_length=32, max_length=32)]],
        Meta(min_length=1, description="the cloud's Ed25519 public keys by name, in base64"),
    ]
    member_code_keys: Annotated[
        dict[Text, Annotated[bytes, Meta(min_length=32, max_length=32)]],
        Meta(description="the cloud's Ed25519 public keys for member codes by name, in base64"),
    ] = msgspec.field(default_factory=dict)
    changes_interval_seconds: Seconds = 15.0
    bundle_interval_seconds: Seconds = 60.0
    timeout_seconds: Seconds = 10.0
    retry_seconds_max: Seconds = 300.0
    """The longest pause between tries while the cloud does not answer."""
    batch_count_max: Count = 1000
    hold_seconds_max: Seconds = 0.8
    """How long a guest waits for the cloud's word on what is not leased here."""
    hot_interval_seconds: Seconds = 5.0
    """How often the list of blocked cards, members and coupons is asked for."""
    sealing_key: (
        Annotated[
            bytes,
            Meta(
                min_length=32,
                max_length=32,
                description="the cloud's X25519 public key in base64, to seal enrolments for",
            ),
        ]
        | None
    ) = None
    sealed_retention_days: Annotated[
        int, Meta(ge=0, le=365, description="a whole number of days from 0 to 365")
    ] = 7
    """How long sealed enrolment data stays here after the cloud has confirmed it."""


class Disk(Section, frozen=True, kw_only=True):
    """How much may wait for the disk, and what is kept back on it for closing the books."""

    reserve_bytes: Annotated[
        int,
        Meta(ge=1 << 20, le=1 << 30, description="a number of bytes from 1048576 to 1073741824"),
    ] = 64 << 20
    """Held in a file of the state folder; new sales stop before it has to be touched."""
    waiting_facts_max: Count = 10_000
    waiting_bytes_max: Annotated[
        int, Meta(ge=1 << 20, le=1 << 28, description="a number of bytes from 1048576 to 268435456")
    ] = 16 << 20
    """Beyond either, terminals are told that the box is busy."""
    wal_bytes_max: Annotated[
        int, Meta(ge=1 << 20, le=1 << 28, description="a number of bytes from 1048576 to 268435456")
    ] = 16 << 20
    """The length at which the write-ahead log is begun anew, even while sales wait."""


class Terminal(Section, frozen=True, kw_only=True):
    """A terminal and what it may do. `id` is its login, its topics and its place in facts."""

    id: Id
    kind: Kind
    token_sha256: Annotated[
        str,
        Meta(
            pattern="^[0-9a-f]{64}" + END,
            description="the lower-case hex SHA-256 of the terminal's token",
        ),
    ]
    lang: Lang = "zh"
    rights: Annotated[frozenset[Right], Meta(description='a list such as ["own_price"]')] = (
        frozenset()
    )
    lane: Id | None = None
    training: bool = False
    """Its sales are for practice: they go to books of their own and never to the cloud."""
    broker_hash: Annotated[
        str,
        Meta(
            pattern=r"^(\$7\$[0-9]+\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+)?" + END,
            description="the token's hash for an MQTT broker, as `edgebox config token` says it",
        ),
    ] = ""


class Cashier(Section, frozen=True, kw_only=True):
    """Somebody who works here and signs on with a PIN. `id` is the cashier's in sales."""

    id: Id
    name: Text
    pin_scrypt: Annotated[
        str,
        Meta(
            pattern=r"^scrypt\$[A-Za-z0-9+/=]{24}\$[A-Za-z0-9+/=]{44}" + END,
            description="the PIN's hash, as `edgebox staff hash` says it",
        ),
    ]
    rights: Annotated[frozenset[StaffRight], Meta(description='a list such as ["approve"]')] = (
        frozenset()
    )


@dataclass(frozen=True, slots=True)
class Device:
    """A device on this box: its driver, its wire, and both their options."""

    name: str
    driver: str
    url: str
    settings: Any
    """The driver's own frozen Struct of options."""
    wire: Mapping[str, object]
    """Options of the link (baud and so on), the driver's defaults included."""


class Lane(Section, frozen=True, kw_only=True):
    """Devices that belong together.

    With a `terminal` and a `cashier` the box runs the till itself; without, what the devices say
    goes to the terminal that watches the lane.
    """

    id: Id
    devices: Annotated[
        tuple[Id, ...], Meta(min_length=1, description='names of devices such as ["scanner-1"]')
    ]
    """What each is for, its driver says: scanner, card reader, keypad, display, printer, scale."""
    cashier: Text = ""
    """Whom the sales of the box's own till are booked on."""
    terminal: Id = ""
    """What receipts and facts call the box's own till."""
    lang: Lang = "zh"

    @property
    def has_till(self) -> bool:
        """Whether the box itself is the till."""
        return bool(self.terminal)


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the box was told before it started."""

    store: Store
    secrets: Secrets
    cloud: Cloud
    disk: Disk
    mqtt: Mqtt
    http: Http
    terminals: Mapping[str, Terminal]
    staff: Mapping[str, Cashier]
    devices: Mapping[str, Device]
    lanes: Mapping[str, Lane]
