"""The page a story is written on: what is told, what is given, and step after step.

    Any words until a line `given` tell the story, with the arithmetic.

    given
      tax food 9%
      product bread | 面包 | Bread | 6.65 | food

    on 2026-11-22 10:00
    do sell S1 | 2 bread | pay cash 20.00
      what came of it stands here, indented, and is compared line by line

A step starts in the first column: `on` moves the clock, `at` goes to another store, `do` does a
deed. What is indented below it is what it prints.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from edge.story.errors import StoryError

STEPS = ("on", "at", "do")
_STEPS = "`on`, `at` or `do`"
INDENT = "  "


class Line(NamedTuple):
    """A line of the file and its number, from 1."""

    number: int
    text: str


class Step(NamedTuple):
    """Something that happens, and the lines that stand below it in the file."""

    line: Line
    printed: tuple[str, ...]

    @property
    def word(self) -> str:
        """Return on, at or do."""
        return self.line.text.split(maxsplit=1)[0]

    @property
    def rest(self) -> str:
        """Return what stands after the step's first word."""
        return self.line.text.partition(" ")[2].strip()


class Page(NamedTuple):
    """A whole story. `told` and `given` stand before the first step."""

    told: tuple[str, ...]
    given: tuple[Line, ...]
    steps: tuple[Step, ...]


def cut(text: str) -> Page:
    """Return the parts of a story. Raises StoryError for a line that is in no part."""
    lines = [Line(number, row.rstrip()) for number, row in enumerate(text.splitlines(), 1)]
    start = next((i for i, line in enumerate(lines) if line.text == "given"), None)
    if start is None:
        raise StoryError("a story needs a line `given` of its own")
    end = next((i for i, line in enumerate(lines) if i > start and _is_step(line.text)), len(lines))
    return Page(
        tuple(line.text for line in lines[:start]),
        tuple(_given(lines[start + 1 : end])),
        tuple(_steps(lines[end:])),
    )


def _is_step(text: str) -> bool:
    return bool(text) and not text.startswith(" ") and text.split(maxsplit=1)[0] in STEPS


def _given(lines: Sequence[Line]) -> Iterator[Line]:
    for line in lines:
        if line.text and not line.text.startswith(INDENT):
            raise StoryError(f"what is given is indented; a step begins with {_STEPS}", line.number)
        if line.text.strip() and not line.text.lstrip().startswith("#"):
            yield Line(line.number, line.text.strip())


def _steps(lines: Sequence[Line]) -> Iterator[Step]:
    head: Line | None = None
    printed: list[str] = []
    for line in lines:
        if _is_step(line.text):
            if head:
                yield Step(head, _trimmed(printed))
            head, printed = line, []
        elif line.text and not line.text.startswith(INDENT):
            raise StoryError(
                f"a step begins with {_STEPS}, and what it prints is indented", line.number
            )
        else:
            printed.append(line.text.removeprefix(INDENT))
    if head:
        yield Step(head, _trimmed(printed))


def _trimmed(rows: list[str]) -> tuple[str, ...]:
    """Drop the empty lines at the end: they set steps apart and print nothing."""
    while rows and not rows[-1]:
        rows.pop()
    return tuple(rows)
