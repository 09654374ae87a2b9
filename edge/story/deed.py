"""A deed as the story says it: a verb, whom or what it is about, and phrases in any order.

    sell S1 for ann | 2 bread | 0.435 kg ham | coupon C1 | redeem 100 | pay cash 20.00

The first phrase begins with the verb. Every phrase is taken once; what nobody took is a mistake.
"""

from collections.abc import Callable, Iterator

from edge.story.errors import StoryError


class Phrases:
    """What is said of one deed. Words are taken away as they are understood."""

    def __init__(self, text: str) -> None:
        first, *rest = [part.strip() for part in text.split("|")]
        if not first:
            raise StoryError("say what is done: `do sell S1 | 2 bread`")
        self.verb, *self._head = first.split()
        self._rest = [part.split() for part in rest if part]

    def word(self, what: str) -> str:
        """Take the next word of the first phrase, such as the id of the deed."""
        if not self._head:
            raise StoryError(f"{self.verb} wants {what}")
        return self._head.pop(0)

    def optional(self) -> str | None:
        """Take the next word of the first phrase if there is one."""
        return self._head.pop(0) if self._head else None

    def after(self, name: str) -> str | None:
        """Take the word that follows `name` in the first phrase, None if it is not there."""
        if name not in self._head:
            return None
        at = self._head.index(name)
        if at + 1 == len(self._head):
            raise StoryError(f"{name!r} wants a word after it")
        found = self._head[at + 1]
        del self._head[at : at + 2]
        return found

    def flag(self, *words: str) -> bool:
        """Take a phrase that is just these words, and tell whether it was there."""
        found = list(words) in self._rest
        if found:
            self._rest.remove(list(words))
        return found

    def one(self, *start: str) -> list[str] | None:
        """Take the phrase that starts with these words; return what follows, None if missing."""
        return next(self.all(*start), None)

    def say(self, *start: str, default: str = "") -> str:
        """Take the phrase of these words and one more, and return that one."""
        found = self.one(*start)
        if found is None:
            return default
        if len(found) != 1:
            raise StoryError(f"{self.verb}: one word is wanted after {' '.join(start)!r}")
        return found[0]

    def all(self, *start: str) -> Iterator[list[str]]:
        """Take each phrase that starts with these words and yield what follows."""
        for phrase in [p for p in self._rest if tuple(p[: len(start)]) == start]:
            self._rest.remove(phrase)
            yield phrase[len(start) :]

    def rest(self, wanted: Callable[[list[str]], bool] = lambda _: True) -> Iterator[list[str]]:
        """Take the phrases that are left, as far as they are `wanted`."""
        for phrase in [p for p in self._rest if wanted(p)]:
            self._rest.remove(phrase)
            yield phrase

    def done(self) -> None:
        """Raise StoryError if anything was not understood."""
        left = [" ".join(phrase) for phrase in self._rest]
        left += [" ".join(self._head)] if self._head else []
        if left:
            raise StoryError(f"{self.verb}: do not know what {left[0]!r} means")
