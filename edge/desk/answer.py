"""What a terminal is told, and the form in which it is kept beside its fact."""

from typing import NamedTuple

from drivers import terminal as words
from edge.refusals import Language, Refusal, problem

OK = 200


class Answer(NamedTuple):
    """A reply, ready for any door: an HTTP status and a JSON body (RFC 9457 from 400 up)."""

    status: int
    body: bytes

    def stored(self) -> bytes:
        """Return the answer as the journal keeps it: three digits of status, then the body."""
        return b"%03d" % self.status + self.body


DONE = Answer(OK, b"{}")
"""Says only that it is done, as to a row of an import."""


def read_stored(stored: bytes) -> Answer:
    """Return the answer that `stored()` kept."""
    return Answer(int(stored[:3]), stored[3:])


def reply(body: words.Reply) -> Answer:
    """Return the answer that says yes."""
    return Answer(OK, words.encode(body))


def refuse(
    refusal: Refusal, lang: Language, key: str | None = None, quote: words.Quoted | None = None
) -> Answer:
    """Return the answer that says no."""
    said = problem(refusal, lang, key, quote)
    return Answer(said.status, words.encode(said))
