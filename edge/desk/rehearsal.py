"""Outcomes on demand, for those who write terminals: on terminals in training, and nowhere else.

A member shown as the code `TEST:E-...` is answered with that refusal, whichever it is. The amount
of the first tender plays what networks and busy boxes do; the sale itself is then as always:

    6660001    the sale is made, and its first answer is that it is still being decided
    6660002    the first try finds the box too busy; nothing is made by it
    6660003    the answer takes three seconds
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from drivers import terminal as words
from edge.desk.answer import Answer, refuse
from edge.refusals import CATALOGUE, Language, Refusal

MARK: Final = "TEST:"
STILL_DECIDING, TOO_BUSY, SLOW = 6_660_001, 6_660_002, 6_660_003
SLOW_SECONDS: Final = 3.0
MET_MAX: Final = 10_000
"""After so many keys the first tries are forgotten, and come once more."""


class Rehearsal:
    """Plays what a request asks for by its card or its amount."""

    def __init__(self) -> None:
        self._met: set[str] = set()

    async def play(
        self, request: words.Request, lang: Language, answer: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """Return what the request is to be answered with; `answer` is what would be said."""
        key = getattr(request, "key", None)
        if (forced := _by_card(request)) is not None:
            return refuse(forced, lang, key)
        amount = _amount(request)
        if amount == TOO_BUSY and self._is_first(key):
            return refuse(Refusal("E-BUSY", retry_after=1), lang, key)
        if amount == SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        said = await answer()
        if amount == STILL_DECIDING and self._is_first(key):
            return refuse(Refusal("E-IN-PROGRESS", retry_after=1), lang, key)
        return said

    def _is_first(self, key: str | None) -> bool:
        if key is None or key in self._met:
            return False
        if len(self._met) >= MET_MAX:
            self._met.clear()
        self._met.add(key)
        return True


def _by_card(request: words.Request) -> Refusal | None:
    """Return the refusal a request's card asks for."""
    shown = getattr(request, "member", None) or getattr(request, "credential", None)
    if not isinstance(shown, words.Credential) or not shown.text.startswith(MARK):
        return None
    entry = CATALOGUE.get(shown.text.removeprefix(MARK))
    if entry is None:
        return None
    params: dict[str, str | int] = {name: f"<{name}>" for name in entry.params}
    if entry.causes:
        params |= {name: f"<{name}>" for name in _CAUSE_PARAMS}
        params["cause"] = next(iter(entry.causes))
    again = 1 if entry.retry == "same" else None
    return Refusal(shown.text.removeprefix(MARK), params, retry_after=again)


_CAUSE_PARAMS: Final = (
    "at", "field", "expected", "got", "bounds", "value", "limit", "said",
)  # fmt: skip
"""What the causes of refusals name, besides the refusals' own params."""


def _amount(request: words.Request) -> int | None:
    tenders = getattr(request, "tenders", ())
    return tenders[0].amount if tenders else getattr(request, "amount", None)
