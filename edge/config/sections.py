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

# `$` alone would also match before a last line feed.
END = r"$(?!\n)"

Id = Annotated[
    str,
    Meta(pattern="^[a-z0-9-]{1,32}" + END, description="1 to 32 of a-z, 0-9 and -"),
]
Text = Annotated[str, Meta(min_length=1, max_length=64, description="1 to 64 characters")]
Lang = Annotated[Literal["zh", "en"], Meta(description='"zh" or "en"')]
Kind = Annotated[
    Literal["handheld", "pc_pos", "qr_pos", "phone", "unattended"],
    Meta(description='"handheld", "pc_pos", "qr_pos", "phone" or "unattended"'),
]
Right = Annotated[Literal["own_price"], Meta(description='"own_price"')]
Seconds = Annotated[
    float, Meta(gt=0, le=86400, description="a number of seconds, more than 0, at most 86400")
]
Count = Annotated[int, Meta(ge=1, le=100_000, description="a whole number from 1 to 100000")]
Bytes = Annotated[
    int, Meta(ge=1024, le=16 << 20, description="a number of bytes from 1024 to 16777216")
]
Listen = Annotated[
    str,
    Meta(
        pattern=r"^([^\s:\[\]]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}" + END,
        description='an address and a port such as "127.0.0.1:1883"',
    ),
]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections: frozen, and a key nobody knows is an error."""


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


class Cloud(Section, frozen=True, kw_only=True):
    """The membership cloud this box belongs to."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^https?://[^\s/?#]+/?" + END,
            description="an address such as https://cloud.example",
        ),
    ]
    box: Id
    """This box's name at the cloud."""
    keys: Annotated[
        dict[Text, Annotated[bytes, Meta(min_length=32, max_length=32)]],
        Meta(min_length=1, description="the cloud's Ed25519 public keys by name, in base64"),
    ]
    changes_interval_seconds: Seconds = 15.0
    bundle_interval_seconds: Seconds = 60.0
    timeout_seconds: Seconds = 10.0
    retry_seconds_max: Seconds = 300.0
    """The longest pause between tries while the cloud does not answer."""
    batch_count_max: Count = 1000
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


class Listener(Section, frozen=True, kw_only=True):
    """Where a door listens. Port 0 takes any free one."""

    listen: Listen

    @property
    def host(self) -> str:
        """The address to listen on, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self.listen.rpartition(":")[2])


class Mqtt(Listener, frozen=True, kw_only=True):
    """The MQTT door, for handhelds."""

    listen: Listen = "127.0.0.1:1883"
    packet_bytes_max: Bytes = 69632
    """A payload of 64 KiB, and its topic and properties around it."""
    connections_max: Count = 100
    requests_per_second_max: Count = 50
    connect_seconds_max: Seconds = 10.0
    session_expiry_seconds_max: Seconds = 3600.0
    inflight_max: Annotated[
        int, Meta(ge=1, le=65535, description="a whole number from 1 to 65535")
    ] = 32


class Http(Listener, frozen=True, kw_only=True):
    """The HTTP door, for PC tills."""

    listen: Listen = "127.0.0.1:8480"
    hosts: Annotated[
        tuple[Text, ...],
        Meta(min_length=1, description="the names (without port) a client may call this box by"),
    ] = ("localhost", "127.0.0.1")
    body_bytes_max: Bytes = 65536
    connections_max: Count = 100
    connections_per_address_max: Count = 64
    requests_per_second_max: Count = 50
    header_seconds_max: Seconds = 5.0
    body_seconds_max: Seconds = 10.0


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
    """A lane whose till the box itself runs: a scanner and a cashier."""

    id: Id
    scanner: Id
    """The name of the device whose scans are this lane's."""
    cashier: Text
    terminal: Id
    """What receipts and facts call this lane's till."""
    lang: Lang = "zh"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the box was told before it started."""

    store: Store
    secrets: Secrets
    cloud: Cloud
    disk: Disk
    mqtt: Mqtt
    http: Http
    terminals: Mapping[str, Terminal]
    devices: Mapping[str, Device]
    lanes: Mapping[str, Lane]
