"""Golden stories: what was given, what happened, and the receipts and entries that came of it.

Each file in `receipts/` is a story an accountant can read. The words before `given` tell it, with
the arithmetic. What stands below each step is compared with what really happens, row by row.
`edgebox story --write FILE` puts down what happens now; whoever does so checks the arithmetic.
"""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from edge.shop.pricing.explain import Lang
from edge.shop.receipt import DIGEST_SHOWN, WIDTH_MAX, WIDTH_MIN, WORDS, columns
from edge.story import play, retell
from edge.story.steps.sales import PREVIOUS

STORIES = sorted((Path(__file__).parent / "receipts").rglob("*.txt"))
LAST_ROW = PREVIOUS[:DIGEST_SHOWN]
LONGEST = 135
"""How many rows of a story somebody will still read."""


def told_again(path: Path) -> str:
    return retell(path.read_text("utf-8"), lambda name: (path.parent / name).read_bytes())


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path) -> None:
    expected, actual = path.read_text("utf-8").splitlines(), told_again(path).splitlines()
    diff = difflib.unified_diff(expected, actual, path.name, "what happened", lineterm="")
    assert expected == actual, "\n" + "\n".join(diff)


def test_there_are_stories() -> None:
    assert len(STORIES) >= 120


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_story_is_told_before_it_is_played(path: Path) -> None:
    """Whoever reads it can check the sums without the program."""
    told = path.read_text("utf-8").split("\ngiven\n")[0]
    assert len(told.splitlines()) >= 2, "the first line is a title; the arithmetic follows"
    assert any(character.isdigit() for character in told), "the arithmetic is told"


# --- the paper ------------------------------------------------------------------------------------


def on_paper(path: Path, lang: Lang, width: int) -> str:
    """Return a story with its receipts shown, set in a language for a width of paper."""
    rows = path.read_text("utf-8").splitlines()
    kept = [row for row in rows if row.split()[:1] not in (["quiet"], ["language"], ["width"])]
    given = kept.index("given") + 1
    return "\n".join([*kept[:given], f"  language {lang}", f"  width {width}", *kept[given:]])


def receipts(path: Path, lang: Lang, width: int) -> Iterator[str]:
    """Yield the rows of all receipts of a story."""
    text = on_paper(path, lang, width)
    for step, printed in play(text, lambda name: (path.parent / name).read_bytes()):
        numbers = [n for n, row in enumerate(printed) if row.startswith(WORDS["receipt"])]
        ends = [n for n, row in enumerate(printed) if row.endswith(LAST_ROW)]
        if step.rest.startswith("sell ") and ends:
            yield from printed[numbers[0] - 1 : ends[0] + 1]


@pytest.mark.parametrize("width", [WIDTH_MIN, 40, WIDTH_MAX])
@pytest.mark.parametrize("lang", get_args(Lang))
def test_no_row_is_wider_than_the_paper(lang: Lang, width: int) -> None:
    rows = [(path.stem, row) for path in STORIES for row in receipts(path, lang, width)]
    assert len(rows) > 2_000, "hardly any receipt was printed"
    assert [(story, row) for story, row in rows if columns(row) > width] == []


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_story_is_not_too_long_to_read(path: Path) -> None:
    rows = path.read_text("utf-8").splitlines()
    assert len(rows) <= LONGEST or path.stem.startswith("p_")
