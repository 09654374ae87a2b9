"""What a maker may show: how many promises are kept, as text and as a small picture."""

from collections.abc import Sequence
from importlib import metadata
from typing import Protocol

_GREEN, _RED = "#2e7d32", "#c62828"
_CHARACTER_WIDTH, _PAD = 7, 10


class Judged(Protocol):
    """What became of a case."""

    @property
    def passed(self) -> bool:
        """Whether the promise was kept."""


def summary(results: Sequence[Judged], spoken: str) -> str:
    """Return the one line a badge says; `spoken` is the wire, or the contract's version."""
    kept = sum(result.passed for result in results)
    return f"{spoken} {kept}/{len(results)}"


def verdict(results: Sequence[Judged], kind: str, spoken: str) -> str:
    """Return the verdict over a terminal or a cloud in a frame, for a terminal's screen."""
    good = all(result.passed for result in results)
    text = (
        f" edgebox {metadata.version('edgebox')} {kind}: {summary(results, spoken)} "
        f"{'CONFORMS' if good else 'DOES NOT CONFORM'} "
    )
    rule = "─" * len(text)
    return f"┌{rule}┐\n│{text}│\n└{rule}┘"


def svg(results: Sequence[Judged], kind: str, spoken: str) -> str:
    """Return the badge as an SVG document that needs nothing else."""
    good = all(result.passed for result in results)
    left, right = f"edgebox {kind}", summary(results, spoken)
    first, second = (len(text) * _CHARACTER_WIDTH + 2 * _PAD for text in (left, right))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{first + second}" height="20" role="img" '
        f'aria-label="{left}: {right}" font-family="monospace" font-size="11" fill="#fff">'
        f'<rect width="{first}" height="20" fill="#444"/>'
        f'<rect x="{first}" width="{second}" height="20" fill="{_GREEN if good else _RED}"/>'
        f'<text x="{_PAD}" y="14">{left}</text>'
        f'<text x="{first + _PAD}" y="14">{right}</text></svg>\n'
    )
