"""`edgebox broker config` lets devices in at an external broker, and nobody as another."""

from pathlib import Path

import pytest
from click.testing import Result

from simulators.premises import Plan, furnish
from tests.owner import edgebox

WIRED = """
[device.scanner-1]
driver = "lines_scanner"
url = "mqtts://broker.lan/shop/scanner-1"
username = "box.scanner-1"
password_file = "secrets/scanner-1.key"
"""
HOME = '[mqtt]\nbroker = "mqtts://broker.lan:8883"\nbroker_password_file = "secrets/broker.key"\n'


def configured(folder: Path, listen: str = "127.0.0.1:1883") -> Result:
    """Have the broker's files written, of a broker that listens there."""
    return edgebox(
        "broker", "config", "--dir", folder / "broker", "--listen", listen,
        "--config", folder / "store.toml",
    )  # fmt: skip


def written(folder: Path, device: str) -> tuple[str, str, list[str]]:
    """Return what the command says, its access rules, and who has a password."""
    furnish(folder, Plan("http://127.0.0.1:1", {"c": b"k" * 32}))
    path = folder / "store.toml"
    path.write_text(path.read_text().replace("[mqtt]\n", HOME) + device)
    said = configured(folder)
    assert said.exit_code == 0, said.output
    users = [line.split(":")[0] for line in (folder / "broker/passwords").read_text().splitlines()]
    return said.output, (folder / "broker/acl").read_text(), users


def test_both_ends_of_a_device_s_wire_get_a_name_a_password_and_their_topics(
    tmp_path: Path,
) -> None:
    said, acl, users = written(tmp_path, WIRED)
    assert users == ["box", "dev", "box.scanner-1", "dev.scanner-1"]
    assert acl.endswith("""
user dev.scanner-1
topic write shop/scanner-1/out
topic read shop/scanner-1/in
topic write shop/scanner-1/state

user box.scanner-1
topic read shop/scanner-1/out
topic write shop/scanner-1/in
topic read shop/scanner-1/state
""")
    kept = tmp_path / "broker" / "dev.scanner-1.password"
    assert f"scanner-1 logs in as dev.scanner-1; password: {kept}" in said
    for path in (kept, tmp_path / "secrets" / "scanner-1.key"):
        assert path.stat().st_mode & 0o777 == 0o600
    words = kept.read_text()
    configured(tmp_path)
    assert kept.read_text() == words  # the scanner need not be told again


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        ('username = "box.scanner-1"\n', "", 'username = "box.scanner-1"'),
        ("box.scanner-1", "pos-1", 'username = "box.scanner-1"'),
        ("box.scanner-1", "dev.scanner-1", 'username = "box.scanner-1"'),
        ('"box.scanner-1"', '"box"', 'username = "box.scanner-1"'),
        ('password_file = "secrets/scanner-1.key"\n', "", "a password_file"),
    ],
)
def test_who_cannot_come_in_is_told_what_is_missing(
    tmp_path: Path, old: str, new: str, fix: str
) -> None:
    said, acl, users = written(tmp_path, WIRED.replace(old, new))
    assert f"scanner-1 cannot come in there: give [device.scanner-1] {fix}" in said
    assert "shop/scanner-1" not in acl
    assert users == ["box", "dev"]


@pytest.mark.parametrize("url", ["mqtts://other.lan/shop/scanner-1", "socket://broker.lan:1883"])
def test_other_wires_are_none_of_this_broker_s(tmp_path: Path, url: str) -> None:
    device = WIRED if url.startswith("mqtts") else WIRED.partition("username")[0]
    said, acl, users = written(tmp_path, device.replace("mqtts://broker.lan/shop/scanner-1", url))
    assert "devices: 0" in said
    assert "shop/" not in acl
    assert users == ["box", "dev"]


def test_two_devices_may_not_share_a_name(tmp_path: Path) -> None:
    said, _, users = written(tmp_path, WIRED + WIRED.replace("[device.scanner-1]", "[device.b]"))
    assert said.count("cannot come in there: give [device") == 2
    assert users == ["box", "dev"]


def test_a_broker_without_certificates_stays_on_this_computer(tmp_path: Path) -> None:
    furnish(tmp_path, Plan("http://127.0.0.1:1", {"c": b"k" * 32}))
    for listen in ("0.0.0.0:8883", "[::]:8883", "192.0.2.7:1883"):
        refused = configured(tmp_path, listen)
        assert (refused.exit_code, "edgebox tls init" in refused.output) == (1, True)
        assert not (tmp_path / "broker").exists()
    assert 'broker = "mqtt://NAME:1883"' in configured(tmp_path).output
    config = tmp_path / "store.toml"
    config.write_text(config.read_text().replace("[secrets]", '[secrets]\ntls_folder = "tls"'))
    encrypted = configured(tmp_path, "0.0.0.0:8883").output
    assert 'broker = "mqtts://NAME:8883"' in encrypted
    assert f'broker_ca_file = "{tmp_path / "tls" / "ca.pem"}"' in encrypted
