"""The command `edgebox demo`: options in, an exit code out."""

import asyncio
import os
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import cast

import click

from simulators.demo.show import Options, show
from simulators.demo.store import LOG
from simulators.demo.tills import DemoFailed
from simulators.demo.words import Lang, say
from simulators.handheld import NotLetIn
from simulators.premises import BoxFailed

KNOWN = (DemoFailed, BoxFailed, NotLetIn, OSError)
EXIT_FAILED, EXIT_INTERRUPTED = 1, 130
LOG_CHARACTERS_MAX = 2000


def default_lang() -> Lang:
    """Return the language the user's environment asks for (POSIX: LC_ALL, LC_MESSAGES, LANG)."""
    asked = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, asked), "").startswith("zh") else "en"


@click.command()
@click.option("--once", is_flag=True, help="One round of everything, a verdict in JSON, and end.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default=default_lang, help="Language.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another day.")
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 50),
    default=1.0,
    show_default=True,
    help="How fast people are.",
)
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False),
    help="Leave all files in this new folder.",
)  # fmt: skip
def demo(once: bool, lang: str, seed: int, speed: float, keep: Path | None) -> None:
    """Open a whole store on this machine and watch it sell.

    No root, no hardware, no broker: the box is a process of its own; a scanner, a handheld, a PC
    till and a cloud are simulated on real wires around it. Ctrl-C closes the store.

    Example: edgebox demo --speed 2
    """
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise click.BadParameter(f"{keep} is not empty; name a new folder", param_hint="--keep")
    options = Options(is_once=once, lang=cast(Lang, lang), seed=seed, speed=speed)
    with _folder(keep) as name:
        folder = Path(name).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        code = _perform(folder, options)
    sys.exit(code)


def _folder(keep: Path | None) -> AbstractContextManager[str]:
    if keep is not None:
        return nullcontext(str(keep))
    return tempfile.TemporaryDirectory(prefix="edgebox-demo-")


def _perform(folder: Path, options: Options) -> int:
    try:
        is_over = asyncio.run(show(folder, options))
    except asyncio.CancelledError:
        return EXIT_INTERRUPTED
    except ExceptionGroup as group:
        _explain(_first(group), folder, options.lang)
        return EXIT_FAILED
    except KNOWN as error:
        _explain(error, folder, options.lang)
        return EXIT_FAILED
    return 0 if is_over else EXIT_INTERRUPTED


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """Return what the demo failed of; a mistake of our own keeps its traceback."""
    known, ours = group.split(KNOWN)
    if ours is not None or known is None:
        raise group
    first = known.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


def _explain(error: Exception, folder: Path, lang: Lang) -> None:
    """Say what, why, what to do, and what the box said last, on standard error."""
    failure = _failure(error)
    click.echo(f"\n{say(lang, 'what', what=failure)}", err=True)
    click.echo(say(lang, "why", why=failure.why), err=True)
    click.echo(say(lang, "fix", fix=failure.fix), err=True)
    log = folder / LOG
    if log.exists() and log.stat().st_size:
        tail = log.read_text("utf-8", "replace")[-LOG_CHARACTERS_MAX:]
        click.echo(f"{say(lang, 'log')}\n{tail}", err=True)


def _failure(error: Exception) -> DemoFailed:
    match error:
        case DemoFailed():
            return error
        case BoxFailed():
            return DemoFailed(
                "the box did not get ready to sell", "its log, below, says why",
                "mend what the log names; `make clean demo` installs everything anew",
            )  # fmt: skip
        case NotLetIn():
            return DemoFailed(
                "the handheld was not let in", str(error), "this is a mistake: please report it"
            )
    return DemoFailed(
        "this machine could not do what the demo needs", str(error),
        "it needs a temporary folder that can be written, a pty and loopback networking",
    )  # fmt: skip
