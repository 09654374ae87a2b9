"""A no (RFC 9457, problem details)."""

from typing import Literal

from drivers.terminal.words.common import Reply
from drivers.terminal.words.selling import Quoted


class Problem(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal (RFC 9457). `code` is stable; `fix` says what to do next."""

    type: str
    code: str
    status: int
    title: str
    detail: str
    fix: str
    retry: Literal["never", "same", "later"]
    lang: Literal["zh", "en"]
    retry_after: int | None = None
    key: str | None = None
    quote: Quoted | None = None
    """With E-PRICE-CHANGED: the new quote."""
