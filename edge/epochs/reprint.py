"""What is answered to the key of a fact that came back: its own answer was lost with the journal.

The receipt of a sale, or of what came back, is printed again from the fact. It lacks what only
the answer knew: the member's balance at that time.
"""

from collections.abc import Mapping

from cloud_bridge.contract import Envelope
from drivers import terminal as words
from edge import letters, replies
from edge.config import Store, Terminal
from edge.desk.answer import Answer, refuse, reply
from edge.desk.slips import Slips
from edge.refusals import CATALOGUE, Language, Refusal
from edge.replies import Stamp
from edge.shop.facts import (
    CardRefunded,
    KeyFenced,
    RequestRefused,
    ReturnMade,
    SaleMade,
    SaleVoided,
    TopUpCancelled,
)


class Reprint:
    """Answers anew, in the language of the terminal that asked."""

    def __init__(self, store: Store, terminals: Mapping[str, Terminal]) -> None:
        self._slips, self._terminals = Slips(store), terminals

    def answer(self, lost: Envelope) -> bytes:
        """Return the answer to a lost fact, as the journal keeps it; b"" if nobody asked."""
        terminal = self._terminals.get(lost.origin)
        return b"" if terminal is None else self._answer(lost, terminal.lang).stored()

    def _answer(self, lost: Envelope, lang: Language) -> Answer:
        match letters.read(bytes(lost.body)):
            case SaleMade() as sale:
                return reply(self._slips.sold(sale, _stamp(lost, lang)))
            case ReturnMade() | SaleVoided() as back:
                stamp = _stamp(lost, lang)
                return reply(replies.returned(back, stamp, self._slips.slip(back, stamp)))
            case TopUpCancelled() | CardRefunded() as undone:
                stamp = _stamp(lost, lang)
                return reply(replies.paid_out(undone, stamp, self._slips.slip(undone, stamp)))
            case KeyFenced():
                return reply(words.Fate(key=lost.key, fate="never"))
            case RequestRefused(code=code) if _says_all(code):
                return refuse(Refusal(code), lang, lost.key)
            case _:
                where: dict[str, str | int] = {"epoch": lost.epoch, "sequence": lost.sequence}
                return refuse(Refusal("E-ANSWER-LOST", where), lang, lost.key)


def _stamp(lost: Envelope, lang: Language) -> Stamp:
    return Stamp(lost.key, lang, lost.epoch, lost.sequence, lost.previous, lost.at)


def _says_all(code: str) -> bool:
    """Tell whether a refusal says by its code alone what it said then."""
    entry = CATALOGUE.get(code)
    return entry is not None and not entry.params and not entry.causes
