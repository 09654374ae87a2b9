"""Commands that copy a box's books, and put a copy in their place."""

from pathlib import Path

import apsw
import click
import msgspec

from edge import backup as backups
from edge.backup import BackupError, Manifest
from edge.commands.shared import EXIT_BROKEN, EXIT_NO, config_option, json_option, load, stop
from edge.journal import JournalError, JournalLocked


@click.command()
@click.argument("to", type=click.Path(path_type=Path))
@config_option
@json_option
def backup(to: Path, config_path: Path, as_json: bool) -> None:
    """Copy the books and all that a new box needs into the folder TO, also while it sells.

    The box key and the phone key are not in it: keep a copy of those two files elsewhere.

    Example: edgebox backup /media/usb/monday --config store.toml
    """
    config = load(config_path)
    try:
        manifest = backups.make(config, config_path, to)
    except BackupError as error:
        stop(EXIT_NO, str(error), error.fix)
    except (OSError, JournalError, apsw.Error) as error:
        stop(EXIT_BROKEN, f"no backup was made: {error}", "is one of the disks full or failing?")
    if as_json:
        click.echo(msgspec.json.encode(manifest))
    else:
        click.echo(f"{to}: {_said(manifest)}")
        click.echo("not in it, keep them elsewhere: the box key and the phone key")


@click.command()
@click.argument("source", metavar="FROM", type=click.Path(path_type=Path))
@config_option
@json_option
@click.option("--dry-run", is_flag=True, help="Prove the backup, and change nothing.")
def restore(source: Path, config_path: Path, as_json: bool, dry_run: bool) -> None:
    """Put the backup FROM in the place of the box's books; those that are there are kept aside.

    The backup is proved first: every file's hash, every page, every total. The box begins a new
    epoch at its next start, and fetches from the cloud what it did after the backup.

    Example: edgebox restore /media/usb/monday --config store.toml
    """
    config = load(config_path)
    try:
        restored = backups.restore(config, source, dry_run=dry_run)
    except BackupError as error:
        stop(EXIT_NO, str(error), error.fix)
    except JournalLocked as error:
        stop(EXIT_NO, str(error), "stop the box first")
    except (OSError, JournalError, apsw.Error) as error:
        stop(EXIT_BROKEN, f"it was not restored: {error}", "is the disk full or failing?")
    if as_json:
        click.echo(msgspec.json.encode(restored))
    elif dry_run:
        click.echo(f"this backup is good: {_said(restored.manifest)}")
    else:
        click.echo(f"restored: {_said(restored.manifest)}")
        click.echo(f"what was there is in {restored.aside}; now start the box")


def _said(manifest: Manifest) -> str:
    return (
        f"{manifest.facts} facts, epoch {manifest.epoch}, head {manifest.head[:16]},"
        f" {sum(file.bytes for file in manifest.files)} bytes"
    )
