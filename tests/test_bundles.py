import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_bridge.bundle import sign
from edge.bundles import Bundles

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {"cloud-1": KEY.public_key().public_bytes_raw()}
NOW = 1_000_000


def signed(version: int, key: Ed25519PrivateKey = KEY, **changes: Any) -> bytes:
    bundle = {
        "format": "edgebox.bundle.v1",
        "version": version,
        "store": "s1",
        "currency": "CNY",
        "exponent": 2,
        "zone": "Asia/Shanghai",
        "valid_from": NOW - 1000,
        "valid_until": NOW + 1000,
        "tax": {"std": 1300},
    }
    return sign({**bundle, **changes}, "cloud-1", key)


def open_in(folder: Path, now: int = NOW) -> Bundles:
    return Bundles.open(folder, KEYS, "s1", "CNY", now)


def version_of(bundles: Bundles) -> int:
    return 0 if bundles.current is None else bundles.current.bundle.version


def test_without_a_bundle_there_are_no_rules(tmp_path: Path) -> None:
    bundles = open_in(tmp_path / "bundles")
    assert bundles.current is None
    assert bundles.etag is None
    assert not bundles.expired(NOW)


def test_a_good_bundle_is_in_force_and_stays_so(tmp_path: Path) -> None:
    bundles = open_in(tmp_path)
    assert bundles.offer(signed(1), NOW) is None
    assert version_of(bundles) == 1
    assert bundles.current is not None
    again = open_in(tmp_path)
    assert again.current == bundles.current
    assert again.etag == bundles.etag == bundles.current.hash


def test_rules_in_another_currency_are_never_in_force(tmp_path: Path) -> None:
    bundles = open_in(tmp_path)
    assert (bundles.offer(signed(1, currency="JPY"), NOW) or "").startswith("other_currency")
    assert bundles.current is None
    assert bundles.offer(signed(1), NOW) is None, "and nothing was kept that stands in the way"


def test_only_newer_bundles_are_taken_and_one_file_is_kept(tmp_path: Path) -> None:
    bundles = open_in(tmp_path)
    for version in (2, 3):
        assert bundles.offer(signed(version), NOW) is None
    for raw, code in ((signed(1), "older"), (signed(3, exponent=3), "other_bytes")):
        assert (bundles.offer(raw, NOW) or "").startswith(code)
    assert version_of(bundles) == 3
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"bundle-3-{bundles.etag}.json", "floor.json"]


def test_the_bundle_in_force_is_welcome_again_and_written_once(tmp_path: Path) -> None:
    bundles = open_in(tmp_path)
    bundles.offer(signed(1), NOW)
    before = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    assert bundles.offer(signed(1), NOW) is None
    assert {path.name: path.stat().st_ino for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_json"),
        (b"[" * 100_000, "wrong_shape"),
        (signed(2)[:-9], "not_json"),
        (signed(2).replace(b'"version":2', b'"version":3'), "bad_signature"),
        (signed(2, key=Ed25519PrivateKey.from_private_bytes(bytes(32))), "bad_signature"),
        (signed(2).replace(b"cloud-1", b"cloud-2"), "unknown_key"),
        (signed(2, store="s2"), "other_store"),
        (signed(2, valid_from=NOW + 1), "not_yet_valid"),
        (signed(2, valid_until=NOW), "expired"),
        (signed(2, rules=[{"kind": "free_beer", "id": "x"}]), "unusable_rules"),
        (signed(2, surprise=1), "unusable_rules"),
        (signed(2, zone="Mars/Olympus"), "unusable_rules"),
    ],
)
def test_what_is_refused_changes_nothing(tmp_path: Path, raw: bytes, code: str) -> None:
    bundles = open_in(tmp_path)
    bundles.offer(signed(1), NOW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    current = bundles.current
    assert (bundles.offer(raw, NOW) or "").startswith(f"{code}: ")
    assert bundles.current is current
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert version_of(open_in(tmp_path)) == 1


def test_a_bundle_past_its_validity_keeps_selling_with_an_alarm(tmp_path: Path) -> None:
    bundles = open_in(tmp_path)
    bundles.offer(signed(1), NOW)
    assert not bundles.expired(NOW + 999)
    assert bundles.expired(NOW + 1000)
    later = open_in(tmp_path, NOW + 10**12)
    assert version_of(later) == 1
    assert later.expired(NOW + 10**12)


def files(folder: Path) -> tuple[Path, Path]:
    (bundle,) = folder.glob("bundle-*.json")
    return bundle, folder / "floor.json"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"",
        lambda raw: raw.replace(b"1300", b"1400"),
        lambda raw: os.urandom(len(raw)),
    ],
    ids=["torn", "empty", "altered", "noise"],
)
def test_a_spoiled_file_is_set_aside_and_fetched_again(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    open_in(tmp_path).offer(signed(5), NOW)
    bundle, _ = files(tmp_path)
    bundle.write_bytes(spoil(bundle.read_bytes()))
    bundles = open_in(tmp_path)
    assert bundles.current is None
    assert bundles.etag is None
    assert bundle.with_name(bundle.name + ".damaged").exists()
    assert (bundles.offer(signed(4), NOW) or "").startswith("older")
    assert bundles.offer(signed(5), NOW) is None
    assert version_of(open_in(tmp_path)) == 5


@pytest.mark.parametrize("lost", ["bundle", "floor", "spoiled floor"])
def test_the_floor_survives_in_either_place(tmp_path: Path, lost: str) -> None:
    open_in(tmp_path).offer(signed(5), NOW)
    bundle, floor = files(tmp_path)
    match lost:
        case "bundle":
            bundle.unlink()
        case "floor":
            floor.unlink()
        case _:
            floor.write_bytes(b"\xff\x00")
    bundles = open_in(tmp_path)
    assert (bundles.offer(signed(4), NOW) or "").startswith("older")
    assert bundles.offer(signed(5), NOW) is None
    assert version_of(bundles) == 5


def test_an_old_bundle_put_back_does_not_count(tmp_path: Path) -> None:
    bundles = open_in(tmp_path)
    bundles.offer(signed(1), NOW)
    old, _ = files(tmp_path)
    copy = old.read_bytes()
    bundles.offer(signed(2), NOW)
    new, _ = files(tmp_path)
    new.unlink()
    old.write_bytes(copy)
    assert open_in(tmp_path).current is None


@given(versions=st.lists(st.integers(1, 6), max_size=8), reopen=st.integers(0, 7))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_version_never_falls(
    tmp_path_factory: pytest.TempPathFactory, versions: list[int], reopen: int
) -> None:
    folder = tmp_path_factory.mktemp("bundles")
    bundles, highest = open_in(folder), 0
    for index, version in enumerate(versions):
        taken = bundles.offer(signed(version), NOW) is None
        assert taken == (version >= highest)
        highest = max(highest, version)
        if index == reopen:
            bundles = open_in(folder)
        assert version_of(bundles) == highest


# --- killed on the way ----------------------------------------------------------------------------

STEPS = [(os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "open"), (os, "open")]


def kill_at(step: int, act: Callable[[], object], *, before: bool) -> bool:
    """Act in a child process that dies just before or after its nth step on the disk."""
    child = os.fork()
    if child == 0:
        count = 0

        def dying(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                nonlocal count
                count += 1
                if before and count == step:
                    os._exit(9)
                result = original(*args, **kwargs)
                if count == step:
                    os._exit(9)
                return result

            return call

        for owner, name in STEPS:
            setattr(owner, name, dying(getattr(owner, name)))
        act()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 9)
    return code == 9


def kills(folder: Path, act: Callable[[Path], object], *, before: bool) -> Iterator[Path]:
    """Yield a folder for every step at which `act` can be killed."""
    for step in range(1, 100):
        place = folder / f"{before}-{step}"
        open_in(place).offer(signed(1), NOW)
        killed = kill_at(step, partial(act, place), before=before)
        yield place
        if not killed:
            return
    raise AssertionError("more steps than expected")


# The child runs a few system calls of ours and is gone; it never touches another test's threads.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("before", [True, False])
def test_killed_at_any_step_there_is_one_whole_bundle(tmp_path: Path, before: bool) -> None:
    seen = []
    for place in kills(tmp_path, lambda p: open_in(p).offer(signed(2), NOW), before=before):
        bundles = open_in(place)
        seen.append(version_of(bundles))
        assert not list(place.glob("*.damaged"))
        assert bundles.offer(signed(2), NOW) is None
        assert version_of(open_in(place)) == 2
        assert {path.name for path in place.iterdir()} == {
            f"bundle-2-{bundles.etag}.json",
            "floor.json",
        }
    assert seen == sorted(seen)
    assert set(seen) == {1, 2}
    assert len(seen) > 8


def test_a_bundle_is_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut keeps what was synced, in order: the file, its name, and only then the rest."""
    bundles, seen = open_in(tmp_path), []

    def noting(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            seen.append((name, bundles.current is not None))
            return original(*args)

        return call

    monkeypatch.setattr(os, "fsync", noting("fsync", os.fsync))
    monkeypatch.setattr(Path, "replace", noting("rename", Path.replace))
    assert bundles.offer(signed(1), NOW) is None
    one_file = [("fsync", False), ("rename", False), ("fsync", False)]
    assert seen == one_file + one_file
