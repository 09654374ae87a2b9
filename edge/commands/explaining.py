"""edgebox explain: what became of a request."""

from pathlib import Path
from typing import Any

import apsw
import click
import msgspec

from edge.box import JOURNAL_FILE
from edge.commands.pages import as_facts
from edge.commands.shared import (
    EXIT_BROKEN,
    EXIT_NO,
    config_option,
    json_option,
    load,
    said_lang_option,
    stop,
)
from edge.commands.telling import Telling, told
from edge.journal import CLOUD, JournalError, Page, connect, find_key
from edge.refusals import Language
from edge.tray import Tray


@click.command()
@click.argument("key")
@config_option
@said_lang_option
@json_option
def explain(key: str, config_path: Path, lang: Language | None, as_json: bool) -> None:
    """Say what became of a request, by its key.

    What was asked, what happened, what was told, who owes what, and whether the cloud has it.

    \b
    Example: edgebox explain 01900000-0000-7000-8000-000000000000 --config store.toml
    """
    config = load(config_path)
    store = config.store
    path = store.state_dir / JOURNAL_FILE
    try:
        db = connect(path, writable=False)
        try:
            found = find_key(db, key)
            row = db.execute("select sequence from bookmark where name = ?", (CLOUD,)).fetchone()
        finally:
            db.close()
        acknowledged = int(row[0]) if row else 0
        how = Telling(
            lang=lang or store.lang, zone=store.zone,
            has_cloud=config.cloud.kind != "none", acknowledged=acknowledged,
            outcomes=Tray(store.state_dir).of(page.sequence for page in found),
        )  # fmt: skip
        if as_json:
            click.echo(msgspec.json.encode([_as_facts(page, how) for page in found]))
        else:
            for page in found:
                click.echo("\n".join(told(page, how)))
    except (JournalError, apsw.Error, msgspec.MsgspecError, UnicodeError) as error:
        stop(EXIT_BROKEN, f"{path} cannot be read: {error}", "edgebox verify says what is wrong")
    if not found:
        stop(
            EXIT_NO,
            f"no fact carries the key {key}",
            "check the key; if it is right, ask the box: it may be under way",
        )


def _as_facts(page: Page, how: Telling) -> dict[str, Any]:
    """Return a page for programs, with what the cloud makes of it; null while it has it not."""
    outcome = how.outcomes.get(page.sequence)
    accepted = "accepted" if page.sequence <= how.acknowledged else None
    said = {"outcome": outcome.outcome, "reason": outcome.reason} if outcome else {}
    return {**as_facts(page), "cloud": {"outcome": accepted, **said} if accepted else None}
