"""What is refused, said with the names that people know: not with the ids of the rules."""

from dataclasses import replace

from edge.desk.counter import Counter
from edge.refusals import Language, Refusal
from edge.shop.pricing import NAMED


def in_words(counter: Counter, refusal: Refusal, lang: Language) -> Refusal:
    """Return a no with the names of what it names by ids, where they have any."""
    if not NAMED & refusal.params.keys() or counter.closed() is not None:
        return refusal
    names = counter.names(None, lang)
    said = {
        name: names.said(name, value) if name in NAMED and isinstance(value, str) else value
        for name, value in refusal.params.items()
    }
    return replace(refusal, params=said)
