"""Play a story: set the shop up, do one step after the other, and print what comes of each."""

from collections.abc import Callable, Iterator

from edge.shop.calendar import Moment
from edge.story.deed import Phrases
from edge.story.errors import StoryError
from edge.story.given import Given, Read, given
from edge.story.home import Home
from edge.story.opening import hold
from edge.story.page import INDENT, Page, Step, cut
from edge.story.printing import Printer
from edge.story.scene import Scene
from edge.story.steps import counter, people, points, prepaid, reports, sales, time

Verb = Callable[[Scene, Phrases], Iterator[str]]

VERBS: dict[str, Verb] = {
    "sell": sales.selling,
    "quote": sales.quoting,
    "replay": sales.replaying,
    "return": sales.returning,
    "void": sales.voiding,
    "top_up": prepaid.topping_up,
    "cancel": prepaid.cancelling,
    "sell_card": prepaid.selling_card,
    "refund_card": prepaid.closing_account,
    "sell_count_card": prepaid.selling_counts,
    "use": prepaid.using,
    "return_use": prepaid.returning_use,
    "give_back": prepaid.giving_back,
    "invoice": prepaid.invoicing,
    "enrol": people.enrolling,
    "update": people.updating,
    "card": people.carding,
    "exchange": points.exchanging,
    "undo_exchange": points.undoing_exchange,
    "check_coupon": people.checking,
    "buy_tier": people.buying_tier,
    "refund_tier": people.buying_tier,
    "draw": points.drawing,
    "undo_draw": points.undoing_draw,
    "balance": counter.balance,
    "notices": counter.notices,
    "feedback": counter.feedback,
    "scan_session": counter.scan_session,
    "open_day": counter.open_day,
    "sync": counter.sync,
    "x_report": reports.x_report,
    "z_close": reports.z_close,
    "statement": reports.settlement,
    "report": reports.report,
}
"""What can be done in a story."""


def play(text: str, read: Read) -> Iterator[tuple[Step, tuple[str, ...]]]:
    """Yield each step of a story and what it prints.

    `read` opens the files a story names. Raises StoryError, with the line, where it is wrong.
    """
    page = cut(text)
    scene = opened(page, read)
    for step in page.steps:
        yield step, done(scene, step)


def opened(page: Page, read: Read) -> Scene:
    """Return the stage as it is before the first step of a story."""
    scene = _scene(given(page.given, read))
    for line in scene.given.opening:
        with _at(line.number):
            hold(scene, line.text)
    return scene


def done(scene: Scene, step: Step) -> tuple[str, ...]:
    """Do one step; return what it prints."""
    with _at(step.line.number):
        return tuple(row.rstrip() for row in _do(scene, step))


def retell(text: str, read: Read) -> str:
    """Return the story with what it really prints below each step.

    What stands before the first step stays as it is; an empty line sets times and places apart.
    """
    page: Page = cut(text)
    rows = text.splitlines()
    start = page.steps[0].line.number - 1 if page.steps else len(rows)
    parts = ["\n".join(rows[:start]).rstrip(), ""]
    before = "on"
    for step, printed in play(text, read):
        if step.word != "do" and before == "do":
            parts.append("")
        parts.append(step.line.text)
        parts += [f"{INDENT}{row}".rstrip() for row in printed]
        before = step.word
    return "\n".join(parts).rstrip() + "\n"


class _at:  # noqa: N801 - reads as a word: with _at(line)
    """Give a StoryError the line it happened on."""

    def __init__(self, line: int) -> None:
        self._line = line

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, StoryError) and not error.line:
            error.line = self._line


def _scene(said: Given) -> Scene:
    rules = said.rules()
    bundle = rules.bundle
    home = Home(
        bundle=bundle, bundle_hash=rules.hash, at=Moment(0, "", 0, 0),
        store=said.stores[0] if said.stores else bundle.store,
    )  # fmt: skip
    return Scene(said, rules, home, Printer(bundle.currency, bundle.exponent, said.lang))


def _do(scene: Scene, step: Step) -> Iterator[str]:
    match step.word:
        case "on":
            yield from time.passing(scene, step.rest)
        case "at":
            _move(scene, step.rest)
        case _:
            yield from _deed(scene, step.rest)


def _move(scene: Scene, store: str) -> None:
    known = scene.given.stores or [scene.rules.bundle.store]
    if store not in known:
        raise StoryError(f"no store is called {store!r}: there is {', '.join(known)}")
    scene.home.store = store


def _deed(scene: Scene, text: str) -> Iterator[str]:
    if not scene.home.at.at_ms:
        raise StoryError("say first when it is: `on 2026-11-22 10:00`")
    said = Phrases(text)
    if said.verb not in VERBS:
        raise StoryError(f"nothing called {said.verb!r} can be done: {', '.join(VERBS)}")
    yield from VERBS[said.verb](scene, said)
