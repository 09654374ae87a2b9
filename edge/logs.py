"""What the box says of itself: one JSON object a line, and nothing that people told it.

An exception is named by its type and by where it happened. What it says is left out: a message
quotes what could not be read, and that may be a name, a card or a phone number. For the same
reason the words of libraries are left out, and only their level and place are kept.
"""

import asyncio
import logging
import re
import sys
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any

import structlog

ROOT = Path(__file__).parent.parent
QUOTED = re.compile(r"""'[^']*'|"[^"]*"|[^ -~]+""")
WORD = re.compile(r"[\w-]{5,}", re.ASCII)
NUMBER = re.compile(r"\d")
"""What may be somebody's: words in quotation marks, all but ASCII, and longer words with digits."""
REASON_MAX = 120

Event = MutableMapping[str, Any]
log = structlog.get_logger(__name__)


def processors() -> list[Callable[[Any, str, Event], Any]]:
    """Return what makes a line of an event."""
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        placed,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def configure(factory: Callable[..., Any]) -> None:
    """Let everything that is logged in this process come out of `factory`'s loggers."""
    structlog.configure(
        processors=processors(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[Libraries()], level=logging.WARNING, force=True)


def placed(_logger: object, _method: str, event: Event) -> Event:
    """Put an exception's types and frames where its text would have gone."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = list(_types(error))
        event["frames"] = list(_frames(error.__traceback__))
    return event


def plain(reason: str) -> str:
    """Return somebody else's reason without what may be a person's."""
    shown = QUOTED.sub("?", reason[:REASON_MAX])
    return WORD.sub(lambda word: "?" if NUMBER.search(word[0]) else word[0], shown)


def on_loop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what nobody caught; an event loop's exception handler."""
    log.error("nobody_caught", exc_info=context.get("exception"))


class Libraries(logging.Handler):
    """Takes what libraries log: their name, their place, and no word of it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log that there was something."""
        log.warning(
            "library",
            library=record.name,
            of=record.levelname.lower(),
            at=f"{record.module}:{record.lineno}",
            exc_info=record.exc_info,
        )


def _types(error: BaseException) -> Iterator[str]:
    """Yield the names of an error's type, and of those it came from."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield type(at).__name__
        at = at.__cause__ or at.__context__


def _frames(trace: TracebackType | None) -> Iterator[str]:
    for frame, line in walk_tb(trace):
        path = Path(frame.f_code.co_filename)
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name
        yield f"{shown}:{line} {frame.f_code.co_name}"
