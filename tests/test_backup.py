"""A backup holds all but the secrets; what is not whole, or not ours, is never restored."""

import asyncio
import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from edge import backup
from edge.backup import BackupError, Manifest, read_manifest
from edge.backup import restoring as restoring_module
from edge.backup.manifest import describe
from edge.box import JOURNAL_FILE
from edge.commands import backup as backup_command
from edge.commands import restore as restore_command
from edge.journal import SCHEMA_VERSION, JournalLocked, lock
from simulators.cloud.weather import CLEAR, OFF
from tests import virtual_time
from tests.lives import Body, Shop, both_books_agree


async def backed_up_shop(folder: Path) -> tuple[Shop, Body, list[str]]:
    """Return a box that was backed up while it sold, and sold on; and the keys of all sales."""
    shop = Shop(folder / "shop")
    box = shop.box("a")
    box.start()
    keys = await box.sell(3)
    selling = asyncio.create_task(box.sell(3))
    backup.make(box.config, shop.premises.config_path, folder / "backup")
    keys += await selling
    await box.settled()
    await box.stop()
    return shop, box, keys


async def there_and_back(folder: Path) -> None:
    shop, box, keys = await backed_up_shop(folder)
    restored = backup.restore(box.config, folder / "backup")
    assert restored.manifest.facts < len(box.pages()) + 3
    shop.weather.sky = OFF
    box.start()
    keys += await box.sell(2)
    assert (await box.fate(keys[4]))["code"] == "E-HISTORY-GAP"
    shop.weather.sky = CLEAR
    await box.settled()
    assert box.forks == 0
    for key in keys:
        assert (await box.fate(key))["fate"] == "done"
    await box.stop()
    both_books_agree(box)
    assert (Path(restored.aside) / JOURNAL_FILE).exists()


def test_a_restored_box_goes_on_in_a_new_epoch_and_gets_the_rest_back(tmp_path: Path) -> None:
    virtual_time.run(there_and_back(tmp_path))


async def on_a_new_box(folder: Path) -> None:
    shop, box, keys = await backed_up_shop(folder)
    other = shop.box("elsewhere", machine="m2")
    backup.restore(other.config, folder / "backup")
    shop.weather.sky = OFF
    other.start()
    await other.sell(1)
    assert other.box.health().state == "selling_offline", "it has rules, prices and members"
    shop.weather.sky = CLEAR
    await other.settled()
    assert [page.epoch for page in other.pages()][-1] == 2, "one epoch, not one for each reason"
    await other.stop()
    both_books_agree(other)
    del box, keys


def test_a_new_box_sells_from_the_backup_alone(tmp_path: Path) -> None:
    virtual_time.run(on_a_new_box(tmp_path))


# --- what is in it ------------------------------------------------------------------------------


def test_a_backup_has_a_manifest_is_for_its_owner_only_and_holds_no_secret(tmp_path: Path) -> None:
    shop, box, _ = virtual_time.run(backed_up_shop(tmp_path))
    folder = tmp_path / "backup"
    manifest = read_manifest(folder)
    names = {file.name for file in manifest.files}
    assert {"store.toml", "state/journal.db", "state/directory.db"} <= names
    assert any(name.startswith("state/bundles/") for name in names)
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there == names | {"manifest.json"}
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    for secret in (box.config.secrets.box_key_file, box.config.secrets.phone_key_file):
        assert not any(secret.read_bytes() in p.read_bytes() for p in folder.rglob("*.*"))
    assert (manifest.box, manifest.store) == (shop.premises.box, box.config.store.id)
    assert backup.prove(box.config, folder) == manifest


# --- rude -----------------------------------------------------------------------------------------


def edited(**changed: Any) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        manifest = msgspec.structs.replace(read_manifest(folder), **changed)
        (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))

    return edit


def cut(folder: Path) -> None:
    os.truncate(folder / "state/journal.db", 8192)


def flipped(folder: Path) -> None:
    path = folder / "state/journal.db"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def rewritten(folder: Path) -> None:
    """Make the hashes right again for a journal that is not."""
    shutil.copyfile(folder / "state/directory.db", folder / "state/journal.db")
    redescribe(folder)


def redescribe(folder: Path) -> None:
    manifest: Manifest = read_manifest(folder)
    files = tuple(describe(folder, folder / file.name) for file in manifest.files)
    edited(files=files)(folder)


RUDE: dict[str, tuple[Callable[[Path], None], str]] = {
    "truncated": (cut, "is not what was backed up"),
    "one bit": (flipped, "is not what was backed up"),
    "a file gone": (lambda f: (f / "state/directory.db").unlink(), "cannot be read"),
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "is no backup"),
    "half a manifest": (lambda f: os.truncate(f / "manifest.json", 40), "is no backup"),
    "another box": (edited(box="box-9"), "a backup of box box-9"),
    "another store": (edited(store="s9"), "of store s9"),
    "newer": (edited(schema=SCHEMA_VERSION + 1, edgebox="9.0"), "edgebox 9.0, which is newer"),
    "another head": (edited(head="0" * 64), "ends elsewhere"),
    "another database": (rewritten, "cannot be read"),
}


def test_what_is_no_good_backup_changes_nothing(tmp_path: Path) -> None:
    _, box, _ = virtual_time.run(backed_up_shop(tmp_path))
    before = {p: p.read_bytes() for p in box.state.rglob("*") if p.is_file()}
    for name, (spoil, said) in RUDE.items():
        bad = tmp_path / "bad"
        shutil.copytree(tmp_path / "backup", bad)
        spoil(bad)
        with pytest.raises(BackupError, match=said):
            backup.restore(box.config, bad)
        shutil.rmtree(bad)
        now = {p: p.read_bytes() for p in box.state.rglob("*") if p.is_file()}
        assert now == before, name


def test_a_path_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    _, box, _ = virtual_time.run(backed_up_shop(tmp_path))
    folder = tmp_path / "backup"
    (tmp_path / "evil").write_text("x")
    manifest = read_manifest(folder)
    evil = msgspec.structs.replace(describe(tmp_path, tmp_path / "evil"), name="state/../../evil")
    edited(files=(*manifest.files, evil))(folder)
    with pytest.raises(BackupError, match="is no backup"):
        backup.restore(box.config, folder)


def test_a_full_disk_and_a_running_box_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, box, _ = virtual_time.run(backed_up_shop(tmp_path))
    before = sorted(p.name for p in box.state.iterdir())
    held = lock(box.state / JOURNAL_FILE)
    with pytest.raises(JournalLocked):
        backup.restore(box.config, tmp_path / "backup")
    os.close(held)
    with monkeypatch.context() as trouble:
        trouble.setattr(restoring_module, "ROOM_BYTES", 1 << 60)
        with pytest.raises(BackupError, match="no room"):
            backup.restore(box.config, tmp_path / "backup")
    assert sorted(p.name for p in box.state.iterdir()) == before


def test_the_commands_speak_json_and_say_what_to_do(tmp_path: Path) -> None:
    shop, box, _ = virtual_time.run(backed_up_shop(tmp_path))
    text = shop.premises.config_path.read_text().replace('"state"', '"a"')
    assert "state_dir" in text
    config = tmp_path / "shop" / "a.toml"
    config.write_text(text)
    run = CliRunner().invoke
    there, made = str(tmp_path / "two"), ["--config", str(config), "--json"]
    first = run(backup_command, [there, *made])
    assert (first.exit_code, json.loads(first.stdout)["facts"]) == (0, len(box.pages()))
    again = run(backup_command, [there, *made])
    assert again.exit_code == 1
    assert "fix:" in again.stderr
    dry = run(restore_command, [there, *made, "--dry-run"])
    assert (dry.exit_code, json.loads(dry.stdout)["done"]) == (0, False)
    held = lock(box.state / JOURNAL_FILE)
    busy = run(restore_command, [there, *made])
    os.close(held)
    assert (busy.exit_code, "stop the box first" in busy.stderr) == (1, True)
    done = run(restore_command, [there, *made])
    assert (done.exit_code, json.loads(done.stdout)["done"]) == (0, True)
    none = run(restore_command, [str(tmp_path), *made])
    assert none.exit_code == 1
