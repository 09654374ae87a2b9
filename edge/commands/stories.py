"""edgebox story: play a story, print every receipt, entry and balance, or compare them."""

import difflib
import sys
from pathlib import Path

import click

from edge.commands.shared import EXIT_NO, EXIT_USAGE, stop
from edge.story import StoryError, retell


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--check", is_flag=True, help="Compare with what stands in the file; 1 if it differs."
)
@click.option("--write", is_flag=True, help="Put what really happens into the file.")
def story(files: tuple[Path, ...], check: bool, write: bool) -> None:
    """Play FILES: dated deeds in a shop that exists in memory alone, home of every account.

    Prints each story with the receipt, the entry in the books and the balances below every step.

    \b
    Examples:
      edgebox story birthday.txt            # what would happen
      edgebox story --write birthday.txt    # keep it in the file
      edgebox story --check tests/receipts/*.txt
    """
    differs = False
    for path in files:
        try:
            before = path.read_text("utf-8")
            after = retell(before, lambda name, at=path.parent: (at / name).read_bytes())  # type: ignore[misc]
        except OSError as error:
            stop(EXIT_USAGE, f"{path}: {error.strerror}", "name files that tell a story")
        except (UnicodeError, StoryError) as error:
            stop(EXIT_USAGE, f"{path}: {error}", "edgebox story --help shows what a story is")
        if check:
            differs |= _differs(path, before, after)
        elif write:
            path.write_text(after, "utf-8")
        else:
            click.echo(after, nl=False)
    if differs:
        sys.exit(EXIT_NO)


def _differs(path: Path, before: str, after: str) -> bool:
    rows = difflib.unified_diff(
        before.splitlines(), after.splitlines(), str(path), "what happens", lineterm=""
    )
    diff = "\n".join(rows)
    if diff:
        click.echo(diff)
    return bool(diff)
