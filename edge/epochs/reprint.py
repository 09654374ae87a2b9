"""What is answered to the key of a fact that came back: its own answer was lost with the journal.

It is made again from the fact and its place. The cloud knows the hash of what was answered then,
so that it shows whether these are the very same bytes. They are not where a receipt says what has
changed since, such as the name of the shop, or where a fact does not say all that was told.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cloud_bridge.contract import Envelope, sha256
from drivers import terminal as words
from edge import letters, replies
from edge.config import Store, Terminal
from edge.desk.answer import DONE, Answer, refuse, reply
from edge.desk.slips import REPLIES, Slips
from edge.refusals import CATALOGUE, Language, Refusal
from edge.replies import Stamp
from edge.shop.facts import (
    BasketParked,
    CardBound,
    CardReplaced,
    CardStateChanged,
    DayOpened,
    Deed,
    Fact,
    FeedbackGiven,
    KeyFenced,
    MemberEnrolled,
    MemberUpdated,
    OpeningBalance,
    PointsExchanged,
    RequestRefused,
    ScanSessionClosed,
    ToppedUp,
)

NOBODY_ASKED = sha256(b"")
"""The hash of no answer."""
WITHOUT_SLIP: Mapping[type[Fact], Callable[[Any, Stamp], words.Reply]] = {
    MemberEnrolled: replies.enrolled,
    MemberUpdated: replies.member_updated,
    CardBound: replies.card_bound,
    CardReplaced: replies.card_replaced,
    CardStateChanged: replies.card_changed,
    BasketParked: replies.parked,
    DayOpened: replies.day_opened,
    ScanSessionClosed: replies.session_closed,
    FeedbackGiven: replies.feedback_taken,
}


class Reprint:
    """Answers anew, in the language in which it was answered then."""

    def __init__(self, store: Store, terminals: Mapping[str, Terminal]) -> None:
        self._slips, self._terminals = Slips(store), terminals

    def answer(self, lost: Envelope) -> bytes:
        """Return the answer to a lost fact, as the journal keeps it; b"" if nobody asked."""
        if lost.answer == NOBODY_ASKED:
            return b""
        fact = letters.read(bytes(lost.body))
        first, *others = self._languages(lost.origin)
        answer = self._answer(fact, lost, first)
        if sha256(answer) == lost.answer:
            return answer
        told = [self._answer(fact, lost, lang) for lang in others]
        return next((one for one in told if sha256(one) == lost.answer), answer)

    def _languages(self, origin: str) -> Iterator[Language]:
        """Yield in which languages a terminal may have been answered, the likeliest first."""
        terminal = self._terminals.get(origin)
        yield from ("en", "zh") if terminal and terminal.lang == "en" else ("zh", "en")

    def _answer(self, fact: Fact, lost: Envelope, lang: Language) -> bytes:
        stamp = Stamp(lost.key, lang, lost.epoch, lost.sequence, lost.previous, lost.at)
        return self._made(fact, stamp).stored()

    def _made(self, fact: Fact, stamp: Stamp) -> Answer:
        match fact:
            case Deed() if type(fact) in REPLIES and _tells_all(fact):
                return reply(self._slips.told(fact, stamp))
            case _ if (told := WITHOUT_SLIP.get(type(fact))) is not None:
                return reply(told(fact, stamp))
            case OpeningBalance():
                return DONE
            case KeyFenced():
                return reply(words.Fate(key=stamp.key, fate="never"))
            case RequestRefused(code=code) if _says_all(code):
                return refuse(Refusal(code), stamp.lang, stamp.key)
            case _:
                where: dict[str, str | int] = {"epoch": stamp.epoch, "sequence": stamp.sequence}
                return refuse(Refusal("E-ANSWER-LOST", where), stamp.lang, stamp.key)


def _tells_all(deed: Deed) -> bool:
    """Tell whether a deed says what its reply must: older ones do not say what was left."""
    match deed:
        case ToppedUp():
            return deed.afterwards.value is not None
        case PointsExchanged():
            return deed.afterwards.points is not None
        case _:
            return True


def _says_all(code: str) -> bool:
    """Tell whether a refusal says by its code alone what it said then."""
    entry = CATALOGUE.get(code)
    return entry is not None and not entry.params and not entry.causes
