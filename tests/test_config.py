import base64
import hashlib
import os
import re
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from edge.config import (
    Config,
    ConfigError,
    Finding,
    load,
    read_or_create_box_key,
    read_phone_key,
    render,
    schema,
)
from edge.config.reader import Reader
from edge.config.reading import SINGLE

EXAMPLE = Path(__file__).parents[1] / "examples" / "store.toml"


@pytest.fixture
def shop(tmp_path: Path) -> "Shop":
    return Shop(tmp_path)


class Shop:
    """The example, edited."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.toml"
        self.text = EXAMPLE.read_text()

    def change(self, old: str, new: str) -> None:
        assert old in self.text, old
        self.text = self.text.replace(old, new, 1)

    def load(self) -> Config:
        self.path.write_text(self.text)
        return load(self.path)

    def findings(self) -> dict[str, Finding]:
        with pytest.raises(ConfigError) as caught:
            self.load()
        return {finding.path: finding for finding in caught.value.findings}


def test_the_example_loads(shop: Shop) -> None:
    config = shop.load()
    folder = shop.path.parent
    assert config.store.state_dir == folder / "state"
    assert config.secrets.box_key_file == folder / "secrets" / "box.key"
    assert config.store.card_prefixes == ("2900",)
    assert (config.mqtt.host, config.mqtt.port) == ("127.0.0.1", 1883)
    assert len(config.cloud.keys["cloud-1"]) == 32
    pc = config.terminals["pc-1"]
    assert (pc.id, pc.kind, pc.lane) == ("pc-1", "pc_pos", "front")
    assert pc.rights == {"own_price"}
    assert pc.token_sha256 == hashlib.sha256(b"change-me-pc-1").hexdigest()
    scanner = config.devices["scanner-1"]
    assert (scanner.driver, scanner.wire["baud"], scanner.settings.aim) == (
        "lines_scanner",
        9600,
        True,
    )
    assert config.lanes["front"].terminal == "lane-front"


def test_the_example_shows_every_key() -> None:
    text = EXAMPLE.read_text()
    sections = schema()["$defs"]
    keys = {key for section in sections.values() for key in section["properties"]}
    assert {
        key for key in keys if not re.search(rf"^(# )?\[*((cloud|store)\.)?{key}\b", text, re.M)
    } == set()


def test_doors_have_defaults(shop: Shop) -> None:
    shop.text = re.sub(r"\[(mqtt|http)\].*?(?=\n\[|\n# )", "", shop.text, flags=re.S)
    assert "[mqtt]" not in shop.text
    assert shop.load().http.listen == "127.0.0.1:8480"


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        ("currency =", "curency =", "store.curency", 'did you mean "currency"?'),
        ("currency =", "curency =", "store.currency", "is missing"),
        ("[cloud]", "[clout]", "clout", 'did you mean "cloud"?'),
        ('zone = "Asia/Shanghai"', 'zone = "Asia/Shangai"', "store.zone", "no time zone"),
        ('zone = "Asia/Shanghai"', "zone = 8", "store.zone", "got a whole number"),
        ('currency = "CNY"', 'currency = "RMB "', "store.currency", "ISO 4217"),
        ('day_starts = "04:00"', 'day_starts = "24:00"', "store.day_starts", "local time"),
        ('"state" ', '"" ', "store.state_dir", "not a path"),
        ('["2900"]', '["690"]', "store.card_prefixes", "EAN-13"),
        ('["C:", "99"]', '["29"]', "store.card_prefixes", "one code would be two things"),
        ('["C:", "99"]', '["EDGE"]', "store.coupon_prefixes", "one code would be two things"),
        ('["C:", "99"]', '["09"]', "store.coupon_prefixes", "not with 0"),
        ('"secrets/box.key"', '"state/box.key"', "secrets.box_key_file", "inside state_dir"),
        ("http://127.0.0.1:8490", "http://10.0.0.1:8490", "cloud.url", "https://"),
        ("http://127.0.0.1:8490", "https://[::1", "cloud.url", "is not a URL"),
        ('cloud-1 = "', 'cloud-1 = "AAAA', "cloud.keys", "base64"),
        ("127.0.0.1:1883", "0.0.0.0:1883", "mqtt.listen", "is not encrypted"),
        ("127.0.0.1:8480", "shop.example:8480", "http.listen", "is not encrypted"),
        ("127.0.0.1:8480", "127.0.0.1:70000", "http.listen", "from 0 to 65535"),
        ("127.0.0.1:8480", "127.0.0.1:1883", "http.listen", "mqtt listens there already"),
        ('id = "s1"', 'id = "S 1"', "store.id", "is not spelled as it must be"),
        ("timeout_seconds = 10", "timeout_seconds = nan", "cloud.timeout_seconds", "seconds"),
        ("timeout_seconds = 10", "timeout_seconds = -1", "cloud.timeout_seconds", "seconds"),
        ("batch_count_max = 1000", "batch_count_max = true", "cloud.batch_count_max", "got true"),
        ("terminal.pc-1", "terminal.box", "terminal.box", "is reserved"),
        ("terminal.pc-1", "terminal.dev", "terminal.dev", "is reserved"),
        ("terminal.pc-1", 'terminal."PC 1"', "terminal.PC 1", "a-z, 0-9 and -"),
        ('"pc_pos"', '"pcpos"', "terminal.pc-1.kind", "pc_pos"),
        ('["own_price"]', '["gold"]', "terminal.pc-1.rights", "own_price"),
        ('lane = "front"', 'lane = "back"', "terminal.pc-1.lane", "use one of: front"),
        ('driver = "lines_scanner"', 'driver = "links"', "device.scanner-1.driver", "no driver"),
        ("baud = 9600", 'baud = "fast"', "device.scanner-1", "baud must be"),
        ("baud = 9600", "bauds = 9600", "device.scanner-1.bauds", 'did you mean "baud"?'),
        ('suffix = "cr"', 'suffix = "none"\nprefix = "\\u0100"', "device.scanner-1", "prefix"),
        ('suffix = "cr"', 'suffix = "esc"', "device.scanner-1.suffix", "esc"),
        ("/dev/serial/by-id/usb-example-scanner", "ftp://x", "device.scanner-1", "socket://"),
        (
            "/dev/serial/by-id/usb-example-scanner",
            "hidraw:0c2e:0901",
            "device.scanner-1.url",
            "needs stream",
        ),
        ('devices = ["scanner-1"]', 'devices = ["scanner-2"]', "lane.front.devices", "scanner-1"),
        ('terminal = "lane-front"', 'terminal = "dev"', "lane.front.terminal", "is reserved"),
        ("[lane.front]", "[lane]", "lane.devices", "named section"),
        ("[lane.front]", "[[lane.front]]", "lane.front", "named section"),
        ("[mqtt]", "[[mqtt]]", "mqtt", "is not a section"),
    ],
)
def test_each_mistake_has_its_place_and_its_fix(
    shop: Shop, old: str, new: str, path: str, said: str
) -> None:
    shop.change(old, new)
    findings = shop.findings()
    assert path in findings, findings
    assert said in render(findings[path])


def test_all_mistakes_are_told_at_once(shop: Shop) -> None:
    shop.change('currency = "CNY"', "currency = 7")
    shop.change("timeout_seconds", "time_out_seconds")
    shop.change("127.0.0.1:1883", "0.0.0.0:1883")
    shop.change('lane = "front"', 'lane = "back"')
    assert set(shop.findings()) == {
        "store.currency",
        "cloud.time_out_seconds",
        "mqtt.listen",
        "terminal.pc-1.lane",
    }


def test_names_that_must_differ(shop: Shop) -> None:
    token = hashlib.sha256(b"change-me-pc-1").hexdigest()
    shop.change(hashlib.sha256(b"change-me-handheld-1").hexdigest(), token)
    shop.text += '[lane.back]\ndevices=["scanner-1"]\ncashier="x"\nterminal="lane-front"\n'
    assert set(shop.findings()) == {
        "terminal.pc-1.token_sha256",
        "lane.back.devices",
        "lane.back.terminal",
    }


def test_what_is_not_toml_names_the_line(shop: Shop) -> None:
    lines = shop.text.splitlines()
    shop.text = "\n".join([*lines[:9], "currency = = 3", *lines[9:]])
    (finding,) = shop.findings().values()
    assert "line 10" in finding.what


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"a = 1\nb = '\xff'\n", "line 2"),
        (b"a = " + b"[" * 100_000, "nested too deep"),
        (b"#" * (1 << 21), "larger than"),
    ],
)
def test_junk_is_refused_in_words(tmp_path: Path, raw: bytes, said: str) -> None:
    path = tmp_path / "store.toml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match=said):
        load(path)


def test_a_missing_file_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "nothing.toml")


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    section=st.sampled_from(["store", "secrets", "cloud", "mqtt", "http"]),
    value=json_like,
    key=st.integers(0, 20),
)
def test_no_value_breaks_the_reader(section: str, value: Any, key: int) -> None:
    kind = SINGLE[section]
    names = [field.name for field in msgspec.structs.fields(kind)]
    reader = Reader(Path("/nowhere"))
    table = value if key == 0 else {names[key % len(names)]: value}
    found = reader.section(kind, section, table)
    assert (found is None) == bool(reader.findings)


def test_the_schema_knows_the_example() -> None:
    known = schema()
    assert known["required"] == ["store", "secrets", "cloud"]
    store = known["$defs"]["Store"]
    assert "zone" in store["required"]
    assert store["properties"]["zone"]["type"] == "string"
    assert "id" not in known["$defs"]["Terminal"]["properties"]
    msgspec.json.encode(known)


@pytest.mark.parametrize(
    ("local", "day"),
    [
        ("2026-03-01T03:59:59+08:00", "2026-02-28"),
        ("2026-03-01T04:00:00+08:00", "2026-03-01"),
        ("2026-03-01T23:59:59+08:00", "2026-03-01"),
    ],
)
def test_a_business_day_begins_when_the_shop_says(shop: Shop, local: str, day: str) -> None:
    at = int(datetime.fromisoformat(local).astimezone(UTC).timestamp() * 1000)
    assert shop.load().store.business_date(at) == day


def test_a_business_day_follows_the_wall_clock_through_summer_time(shop: Shop) -> None:
    shop.change("Asia/Shanghai", "Europe/Berlin")
    store = shop.load().store
    for local, day in [
        ("2026-03-29T03:59:00+02:00", "2026-03-28"),
        ("2026-03-29T04:00:00+02:00", "2026-03-29"),
        ("2026-10-25T03:59:00+01:00", "2026-10-24"),
        ("2026-10-25T04:00:00+01:00", "2026-10-25"),
    ]:
        at = int(datetime.fromisoformat(local).timestamp() * 1000)
        assert store.business_date(at) == day


# --- the secret files -----------------------------------------------------------------------------


def test_a_box_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "box.key"
    key = read_or_create_box_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["box.key"]
    again = read_or_create_box_key(path)
    assert again.private_bytes_raw() == key.private_bytes_raw()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_secret_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.write_bytes(base64.b64encode(bytes(32)))
    path.chmod(mode)
    for read in (read_phone_key, read_or_create_box_key):
        with pytest.raises(ConfigError, match="chmod 600"):
            read(path)


def test_a_phone_key_is_base64(tmp_path: Path) -> None:
    path = tmp_path / "phone.key"
    with pytest.raises(ConfigError, match="No such file"):
        read_phone_key(path)
    path.touch(mode=0o600)
    path.write_bytes(base64.b64encode(bytes(range(32))) + b"\n")
    assert read_phone_key(path) == bytes(range(32))
    for bad in (b"", b"?" * 44, base64.b64encode(bytes(31)), b"\xff" * 44):
        path.write_bytes(bad)
        with pytest.raises(ConfigError, match="32 bytes"):
            read_phone_key(path)


def test_a_box_key_file_holds_an_ed25519_key(tmp_path: Path) -> None:
    path = tmp_path / "box.key"
    path.touch(mode=0o600)
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for bad, said in ((b"", "no private key"), (b"junk", "no private key"), (other, "not Ed25519")):
        path.write_bytes(bad)
        with pytest.raises(ConfigError, match=said):
            read_or_create_box_key(path)


def test_a_folder_or_a_pipe_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("folder", "pipe"):
        with pytest.raises(ConfigError):
            read_phone_key(tmp_path / name)


WEIGHED = '[[store.weighed]]\npattern = "{}"\nvalue = "{}"\ndecimals = {}\n\n[secrets]'


@pytest.mark.parametrize("pattern", ["21IIIIIVVVVVC", "02IIIIIPVVVVC", "230IIIPVVVVVC"])
def test_a_scale_s_pattern_is_read(shop: Shop, pattern: str) -> None:
    shop.change("[secrets]", WEIGHED.format(pattern, "price", 2))
    (weighed,) = shop.load().store.weighed
    assert (weighed.pattern, weighed.value, weighed.decimals) == (pattern, "price", 2)


@pytest.mark.parametrize(
    ("pattern", "value", "decimals", "path"),
    [
        ("21IIIIIVVVVV", "weight", 3, "store.weighed"),
        ("21IIIIIVVVVVV", "weight", 3, "store.weighed.1"),
        ("19IIIIIVVVVVC", "weight", 3, "store.weighed.1"),
        ("21IIIIPVVVVVV", "weight", 3, "store.weighed.1"),
        ("21IIIIIIPVVVC", "weight", 3, "store.weighed.1"),
        ("2IIIIIIVVVVVC", "weight", 3, "store.weighed.1"),
        ("21VVVVVIIIIIC", "weight", 3, "store.weighed.1"),
        ("21IIIIIVVVVVC", "length", 3, "store.weighed"),
        ("21IIIIIVVVVVC", "weight", 4, "store.weighed"),
        ("21IIIIIVVVVVC", "count", 1, "store.weighed.1"),
        ("29IIIIIVVVVVC", "weight", 3, "store.weighed.1"),
        ("290000IIVVVVC", "weight", 3, "store.weighed.1"),
    ],
)
def test_a_scale_s_pattern_that_cannot_be_has_its_place(
    shop: Shop, pattern: str, value: str, decimals: int, path: str
) -> None:
    shop.change("[secrets]", WEIGHED.format(pattern, value, decimals))
    findings = shop.findings()
    assert any(where.startswith(path) for where in findings), findings


@pytest.mark.parametrize("prefix", ["1", "13", "28", "3", "62", "hQ", "EDGE:", "http", "29", "2"])
def test_a_coupon_never_begins_as_something_else(shop: Shop, prefix: str) -> None:
    shop.change('coupon_prefixes = ["C:", "99"]', f'coupon_prefixes = ["{prefix}"]')
    assert {"store.coupon_prefixes", "store.card_prefixes"} & set(shop.findings())


def test_a_coupon_and_a_scale_share_no_beginning(shop: Shop) -> None:
    shop.change('coupon_prefixes = ["C:", "99"]', 'coupon_prefixes = ["20"]')
    shop.change("[secrets]", WEIGHED.format("20IIIIIVVVVVC", "weight", 3))
    assert "store.weighed.1" in shop.findings()


def test_the_files_of_a_device_start_from_the_folder_of_the_configuration(shop: Shop) -> None:
    shop.change(
        'url = "/dev/serial/by-id/usb-example-scanner"',
        'password_file = "secrets/scanner.key"\nca_file = "/etc/ca.pem"\nusername = "scanner"\n'
        'url = "mqtts://broker.lan/scanner"',
    )
    wire = shop.load().devices["scanner-1"].wire
    assert wire["password_file"] == str(shop.path.parent / "secrets" / "scanner.key")
    assert wire["ca_file"] == "/etc/ca.pem"
