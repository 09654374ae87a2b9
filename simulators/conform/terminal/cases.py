"""What is played: each case a few lines, named by what it is for.

A play raises Broken when the terminal does not do what its docstring says.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial

from simulators.conform.terminal.catalogue import Code, codes
from simulators.conform.terminal.moves import (
    Answered,
    Door,
    Garbage,
    Lost,
    Move,
    Refused,
    Restarted,
    Richer,
    Stray,
    Twice,
    Unheard,
)
from simulators.conform.terminal.stage import Stage

Play = Callable[[Stage], Awaitable[None]]
BOTH: tuple[Door, ...] = ("mqtt", "http")
YEARS_10_MS = 10 * 365 * 86_400_000
PROXY_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Case:
    """Something that happens to terminals, and what a good one does. `play` shows it."""

    name: str
    promise: str
    play: Play
    doors: tuple[Door, ...] = BOTH


def cases(door: Door) -> list[Case]:
    """Return all cases for a door, in the order they are played."""
    return [case for case in _all() if door in case.doors]


def _all() -> Iterator[Case]:
    yield from _plain()
    yield from _lost()
    yield from _false()
    yield from _restarts()
    yield from _given_up()
    for code in codes().values():
        promise = _REFUSED[code.retry]
        yield Case(f"refused with {code.code}", promise, partial(_refused, code))


# --- selling ------------------------------------------------------------------------------------


def _plain() -> Iterator[Case]:
    yield Case("a sale", "quotes, sells, and tells receipt, total and change", _sale)
    yield Case("a long sale", "sends a quantity as text", _long_sale)
    yield Case("two sales", "makes a new key for each", _two_sales)
    yield Case("a price that changed", "tells the guest before it takes money", _dearer)
    yield Case("fields of a later version", "does not stumble over them", _survives(Richer()))
    for name, shift in (("behind", -YEARS_10_MS), ("ahead", YEARS_10_MS)):
        promise = "leaves it to the box how long a price holds"
        yield Case(f"clocks: the box is ten years {name}", promise, partial(_clock, shift))


async def _sale(stage: Stage) -> None:
    outcome = await stage.sold()
    stage.check(outcome.total == 500, f"sold at {outcome.total} what costs 500")
    stage.check(outcome.change == 1500, f"gave {outcome.change} back of 2000 for 500")
    receipt = stage.box.brain.sold[stage.keys()[0]]
    stage.check(outcome.receipt == receipt["receipt"], "told another receipt's number")
    stage.check(outcome.text == receipt["text"], "did not keep the receipt as it was sent")


async def _long_sale(stage: Stage) -> None:
    outcome = await stage.sold("3")
    stage.check(outcome.total == 1500, f"sold at {outcome.total} what costs 1500")


async def _two_sales(stage: Stage) -> None:
    await stage.sold()
    await stage.sold("2")
    stage.check(len(stage.keys()) == 2, "used one key for two sales")


async def _dearer(stage: Stage) -> None:
    """Raise the price between the quote and the sale."""
    stage.will_to("quote", Answered())
    wish = stage.wish()
    await stage.box.until(len(stage.box.arrivals) + 1)
    stage.box.brain.dearer = 100
    outcome = await stage.terminal.outcome(wish)
    if outcome.outcome == "sold":
        stage.check(outcome.total == 500, "took more than the guest was told")
    else:
        stage.check(outcome.code == "E-PRICE-CHANGED", f"told {outcome.code} for a new price")


async def _clock(shift_ms: int, stage: Stage) -> None:
    stage.box.brain.now_ms += shift_ms
    try:
        await stage.sold()
    finally:
        stage.box.brain.now_ms -= shift_ms


# --- what gets lost -------------------------------------------------------------------------------


def _lost() -> Iterator[Case]:
    again = "sends the same request again with the same key, and tells the one answer"
    silence = Lost(hang_up=False)
    yield Case("the answer is lost once", again, _survives(Lost()))
    yield Case("the answer is lost five times", again, _survives(*[Lost()] * 5))
    yield Case("the request is lost once", again, _survives(Unheard()))
    yield Case("the request is lost three times", again, _survives(*[Unheard()] * 3))
    yield Case("request, then answer lost", again, _survives(Unheard(), Lost(), Unheard()))
    yield Case("half an answer", again, _survives(Lost(sent=0.5), arrivals=2))
    yield Case("all of an answer but its end", again, _survives(Lost(sent=0.98), arrivals=2))
    yield Case("no answer after the PUBACK", again, _survives(silence), ("mqtt",))
    yield Case("no answer twice", again, _survives(silence, silence), ("mqtt",))
    yield Case("the box restarts before it sold", again, _survives(Restarted(done=False)))
    yield Case("the box restarts after it sold", again, _survives(Restarted(done=True)))
    yield Case("the box restarts twice", again, _survives(*[Restarted(done=True)] * 2))
    yield Case("the quote is lost", "quotes again, and sells", _quote_lost)
    yield Case("the box is away", "waits for it, and sells once", _away)


def _survives(*moves: Move, arrivals: int | None = None) -> Play:
    """Return a play in which all this happens to one sale, which is made once all the same."""
    # What only dresses an answer up needs no second try.
    needed = (
        arrivals
        if arrivals is not None
        else 1 + sum(not isinstance(move, Twice | Stray | Richer) for move in moves)
    )

    async def play(stage: Stage) -> None:
        stage.will(*moves)
        await stage.sold()
        stage.check(len(stage.keys()) == 1, "made a new key for the same sale")
        came = len(stage.arrivals())
        stage.check(came >= needed, f"told an outcome after {came} tries of {needed}")

    return play


async def _quote_lost(stage: Stage) -> None:
    stage.will_to("quote", Unheard(), Lost())
    await stage.sold()


async def _away(stage: Stage) -> None:
    await stage.box.close()
    wish = stage.wish()
    try:
        early = not await stage.terminal.silent()
    finally:
        await stage.box.open()
    stage.check(not early, "told an outcome without a box")
    outcome = await stage.terminal.outcome(wish)
    stage.check(outcome.outcome == "sold", f"told {outcome.outcome} when the box was back")


# --- what is not true -----------------------------------------------------------------------------


def _false() -> Iterator[Case]:
    believes = "believes nothing but a whole answer to this request"
    yield Case("the answer comes twice", "tells one outcome", _survives(Twice()), ("mqtt",))
    stray = Stray(b'{"key":"00000000-0000-7000-8000-000000000000","receipt":"666"}')
    yield Case("somebody else's answer", believes, partial(_stray, stray), ("mqtt",))
    for name, body in (
        ("a proxy's page", PROXY_PAGE),
        ("half a JSON", b'{"receipt": "1'),
        ("nothing at all", b""),
        ("a list", b"[]"),
        ("a null", b"null"),
        ("not UTF-8", b"\xff\xfe"),
    ):
        move = Garbage(body, 200, "text/html" if b"<" in body else "application/json")
        yield Case(f"instead of an answer, {name}", believes, _survives(move))
    for status in (500, 502, 503, 504):
        move = Garbage(PROXY_PAGE, status, "text/html")
        yield Case(f"a bare {status}", believes, _survives(move), ("http",))


async def _stray(stray: Stray, stage: Stage) -> None:
    stage.will(stray)
    outcome = await stage.sold()
    stage.check(outcome.receipt != "666", "told the receipt of somebody else's sale")


# --- the terminal's own end -----------------------------------------------------------------------


def _restarts() -> Iterator[Case]:
    keeps = "has kept the key before it sent it, and brings the sale to its one outcome"
    for name, move in (
        ("sold, unanswered", Lost()),
        ("not sold", Unheard()),
        ("sold, in silence", Lost(hang_up=False)),
    ):
        doors: tuple[Door, ...] = ("mqtt",) if move == Lost(hang_up=False) else BOTH
        yield Case(f"the terminal dies: {name}", keeps, partial(_dies, (move,)), doors)
    yield Case("the terminal dies twice", keeps, partial(_dies, (Lost(), Lost())))
    yield Case("the terminal dies, then the box", keeps, _both_die)


async def _dies(moves: tuple[Move, ...], stage: Stage) -> None:
    # Each life of the terminal gets one try, which comes to nothing.
    stage.will(*moves)
    wish = stage.wish()
    for _ in moves:
        tries = len(stage.box.arrivals)
        await _until_next_sell(stage, tries)
        await stage.terminal.kill()
        await stage.terminal.start()
    outcome = await stage.terminal.outcome(wish)
    stage.check(outcome.outcome in {"sold", "not sold"}, f"told {outcome.outcome}")
    _tells_the_truth(stage, outcome.outcome)


async def _both_die(stage: Stage) -> None:
    stage.will(Lost())
    wish = stage.wish()
    await _until_next_sell(stage, len(stage.box.arrivals))
    await stage.terminal.kill()
    await stage.box.restart()
    await stage.terminal.start()
    outcome = await stage.terminal.outcome(wish)
    _tells_the_truth(stage, outcome.outcome)


async def _until_next_sell(stage: Stage, since: int) -> None:
    while not any(a.operation == "sell" for a in stage.box.arrivals[since:]):
        await stage.box.until(len(stage.box.arrivals) + 1)


def _tells_the_truth(stage: Stage, outcome: str) -> None:
    keys = stage.keys()
    stage.check(len(keys) == 1, f"used {len(keys)} keys for one sale")
    sold = keys[0] in stage.box.brain.sold
    stage.check((outcome == "sold") == sold, f"told {outcome!r} of a sale that was "
                + ("made" if sold else "never made"))  # fmt: skip


# --- the cashier waits no longer ------------------------------------------------------------------


def _given_up() -> Iterator[Case]:
    asks = "asks what became of the key, and tells that"
    yield Case("given up: it was sold", asks, partial(_give_up, Lost()))
    yield Case("given up: it was not", asks, partial(_give_up, Unheard()))


async def _give_up(move: Move, stage: Stage) -> None:
    stage.will(*[move] * 50)
    wish = stage.wish()
    await _until_next_sell(stage, len(stage.box.arrivals))
    stage.terminal.give_up(wish)
    outcome = await stage.terminal.outcome(wish)
    stage.check(bool(stage.arrivals("ask")), "told an outcome without asking")
    _tells_the_truth(stage, outcome.outcome)


# --- every no there is ----------------------------------------------------------------------------

_REFUSED = {
    "never": "tells the code, and sends this key no more",
    "later": "tells the code, and sends this key no more",
    "same": "sends the same key again until it is answered",
}


async def _refused(code: Code, stage: Stage) -> None:
    stage.will(Refused(code.code))
    if code.retry == "same":
        await stage.sold()
        stage.check(len(stage.keys()) == 1, "made a new key where it should send the same")
        return
    outcome = await stage.sell()
    stage.check(outcome.outcome == "refused", f"told {outcome.outcome} of a refusal")
    stage.check(outcome.code == code.code, f"told {outcome.code} for {code.code}")
    stage.check(len(stage.arrivals()) == 1, f"sent it {len(stage.arrivals())} times")
