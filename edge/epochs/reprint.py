"""What is answered to the key of a fact that came back: its own answer was lost with the journal.

The receipt of a sale is printed again from the fact. It lacks what only the answer knew: the
member's balance at that time.
"""

from collections.abc import Mapping

from cloud_bridge.contract import Envelope
from drivers import terminal as words
from edge import letters, replies
from edge.config import Store, Terminal
from edge.desk.answer import Answer, refuse, reply
from edge.refusals import CATALOGUE, Language, Refusal
from edge.shop.facts import KeyFenced, RequestRefused, SaleMade
from edge.shop.receipt import ReceiptHeader, render


class Reprint:
    """Answers anew, in the language of the terminal that asked."""

    def __init__(self, store: Store, terminals: Mapping[str, Terminal]) -> None:
        self._store, self._terminals = store, terminals

    def answer(self, lost: Envelope) -> bytes:
        """Return the answer to a lost fact, as the journal keeps it; b"" if nobody asked."""
        terminal = self._terminals.get(lost.origin)
        return b"" if terminal is None else self._answer(lost, terminal.lang).stored()

    def _answer(self, lost: Envelope, lang: Language) -> Answer:
        match letters.read(bytes(lost.body)):
            case SaleMade() as sale:
                return self._sold(lost, sale, lang)
            case KeyFenced():
                return reply(words.Fate(key=lost.key, fate="never"))
            case RequestRefused(code=code) if _says_all(code):
                return refuse(Refusal(code), lang, lost.key)
            case _:
                where: dict[str, str | int] = {"epoch": lost.epoch, "sequence": lost.sequence}
                return refuse(Refusal("E-ANSWER-LOST", where), lang, lost.key)

    def _sold(self, lost: Envelope, sale: SaleMade, lang: Language) -> Answer:
        header = ReceiptHeader(
            store_zh=self._store.name_zh, store_en=self._store.name_en, epoch=lost.epoch,
            sequence=lost.sequence, previous=lost.previous, at_ms=lost.at,
            zone=self._store.zone.key, points_balance=None,
        )  # fmt: skip
        sold = replies.sold(
            sale, key=lost.key, epoch=lost.epoch, sequence=lost.sequence, previous=lost.previous,
            points_balance=None, text=render(sale, header, lang),
        )  # fmt: skip
        return reply(sold)


def _says_all(code: str) -> bool:
    """Tell whether a refusal says by its code alone what it said then."""
    entry = CATALOGUE.get(code)
    return entry is not None and not entry.params and not entry.causes
