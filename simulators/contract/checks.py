"""The contract of every driver, as checks that need no test framework and no hardware.

Each check takes a `Kit` and a seed, and raises `Broken` (or whatever the driver raised) with the
reason. What is done at one end is what the other says, wherever the bytes are cut; junk is Faults,
and the next clean event is heard; the capture replays exactly, cut at every byte; whatever comes
and for however long, what is kept is bounded.
"""

import random
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise, zip_longest
from typing import Any, Final

from drivers import captures
from drivers.codec import Codec, Send
from drivers.events import Fault, State
from simulators.contract.junk import junk
from simulators.contract.kit import Kit
from simulators.contract.pair import Pair

FLOOD_PIECE: Final = b"8" * 4096
FLOOD_PIECES: Final = 50
KEPT_BYTES_MAX: Final = 64 * 1024
CUT_BYTES_MAX: Final = 600
TRIES_MAX: Final = 3
"""After junk, a clean event is heard at the latest at this attempt."""


class Broken(AssertionError):
    """The driver, or its simulator, does not keep the contract; `str()` says why, for people."""


@dataclass(frozen=True, slots=True)
class Check:
    """One promise: `what` in words, and how it is checked once with one seed."""

    what: str
    run: Callable[[Kit, int], None]
    rounds: int
    """With how many seeds it is worth running."""


def is_declared(kit: Kit, _: int) -> None:
    """Check that the parts fit each other."""
    driver = kit.driver
    _hold(bool(driver.doc and driver.doc.strip()), "DRIVER.doc is empty")
    _hold(bool(driver.says or driver.obeys), "DRIVER neither says nor obeys anything")
    first = next(iter(kit.steps), None)
    _hold(
        first is not None and first.mark == "!" and first.what == driver.settings(),
        "the capture must begin with `! {}`: the device as it comes out of the box",
    )


def replays(kit: Kit, _: int) -> None:
    """Check that the capture replays, and shows every word."""
    shown = captures.replay(kit.steps, kit.driver.codec).kinds
    missing = {*kit.driver.says, *kit.driver.obeys} - shown
    words = ", ".join(sorted(word.__name__ for word in missing))
    _hold(not missing, f"the capture never shows {words}")


def replays_cut_anywhere(kit: Kit, _: int) -> None:
    """Check that each frame of the capture may arrive in two pieces, cut at any byte.

    All frames of a connection are cut at the same byte at once, so that each is cut at each of its
    own; beyond `CUT_BYTES_MAX`, which only a long run of equal records reaches, at some.
    """
    if kit.driver.link != "stream":
        return
    for block in _connections(kit.steps):
        longest = max(map(len, captures.frames_seen(block)), default=0)
        for at in (*range(1, min(longest, CUT_BYTES_MAX)), *range(CUT_BYTES_MAX, longest, 97)):
            try:
                captures.replay(block, kit.driver.codec, partial(_cut, at))
            except captures.Differs as error:
                raise Broken(f"cut after byte {at}: {error}") from error


def is_heard(kit: Kit, seed: int) -> None:
    """Check that what is done at one end is said at the other."""
    for settings in kit.settings:
        luck = random.Random(seed)
        pair = both_ends(kit, settings, luck)
        for script, there in ((kit.acts, pair.host), (kit.orders, pair.device)):
            for deed, said in script(settings, luck):
                heard = pair.do(there, deed)
                _hold(heard == list(said), f"{deed!r} with {settings} was heard as {heard!r}")


def survives_junk(kit: Kit, seed: int) -> None:
    """Check that junk of this kind says nothing strange, and passes."""
    for settings in kit.settings:
        luck = random.Random(seed)
        take_junk(kit, settings, junk(kit.frames, luck), luck)


def take_junk(kit: Kit, settings: Any, frames: Sequence[bytes], luck: random.Random) -> None:
    """Check that these frames say nothing strange, the same however cut, and pass."""
    pair = both_ends(kit, settings, luck)
    said = pair.feed(frames)
    strange = [event for event in said if not isinstance(event, (*kit.driver.says, State))]
    _hold(not strange, f"junk made it say {strange[:3]!r}")
    if kit.driver.link == "stream":
        _is_one_however_cut(kit, settings, frames, luck)
    _is_well_again(kit, pair, settings, luck)


def _is_one_however_cut(
    kit: Kit, settings: Any, frames: Sequence[bytes], luck: random.Random
) -> None:
    # Answers come between the pieces or after the whole: other bytes, not the same ones cut.
    pieces = silenced(kit, settings, luck).feed(frames)
    whole = silenced(kit, settings, None).feed([b"".join(frames)])
    for cut, uncut in zip_longest(_believed(pieces), _believed(whole)):
        _hold(cut == uncut, f"where junk is cut matters: {cut!r}, and whole it is {uncut!r}")


def _believed(said: Iterable[object]) -> list[object]:
    """Return the events, and the state that is left; faults and states may come once a read."""
    said = list(said)
    events = [word for word, _ in groupby(said) if not isinstance(word, Fault | State)]
    return events + [word for word in said if isinstance(word, State)][-1:]


def _is_well_again(kit: Kit, pair: Pair, settings: Any, luck: random.Random) -> None:
    # What follows junk may fall victim to it, but not become another event.
    for deed, said in list(kit.acts(settings, luck))[:1]:
        for attempt in range(TRIES_MAX):
            heard = pair.do(pair.host, deed)
            if heard == list(said):
                return
            invented = [e for e in heard if not isinstance(e, Fault | State) and e not in said]
            _hold(not invented, f"after junk, {deed!r} was heard as {heard!r}, try {attempt + 1}")
        _hold(False, f"after junk, {deed!r} is never heard again")


def believes_no_damage(kit: Kit, seed: int) -> None:
    """Check that a damaged frame of a guarded wire never becomes an event."""
    if not kit.is_guarded:
        return
    for settings in kit.settings:
        luck = random.Random(seed)
        pair = both_ends(kit, settings, luck)
        for deed, said in kit.acts(settings, luck):
            frames = [bytearray(o.frame) for o in pair.device.command(deed, pair.now)
                      if isinstance(o, Send)]  # fmt: skip
            hit = luck.choice([frame for frame in frames if frame] or [bytearray(1)])
            hit[luck.randrange(len(hit))] ^= 1 << luck.randrange(8)
            heard = pair.feed(bytes(frame) for frame in frames)
            invented = [e for e in heard if not isinstance(e, Fault | State) and e not in said]
            _hold(not invented, f"{deed!r} with a flipped bit was heard as {invented[:3]!r}")


def simulator_survives_junk(kit: Kit, seed: int) -> None:
    """Check that the device's end takes anything from the host, too."""
    luck = random.Random(seed)
    for settings in kit.settings:
        device = kit.device(settings)
        outs = [*device.start(0.0)]
        for frame in junk([luck.randbytes(8)], luck):
            outs += device.receive(frame, 0.0)
        known = (Send, State, Fault, *kit.driver.obeys)
        strange = [out for out in outs if not isinstance(out, known)]
        _hold(not strange, f"junk from the host made the simulator say {strange[:3]!r}")


def is_bounded(kit: Kit, _: int) -> None:
    """Check that 200 KB without an end are faults, and not kept."""
    for settings in kit.settings:
        kept, faults = flood(kit, settings)
        _hold(kept < KEPT_BYTES_MAX, f"{kept} bytes of an endless line are kept with {settings}")
        least = 1 if Fault in kit.driver.says else 0
        _hold(
            least <= faults <= FLOOD_PIECES, f"an endless line is {faults} Faults with {settings}"
        )


def flood(kit: Kit, settings: Any) -> tuple[int, int]:
    """Return how many bytes of an endless line stay in memory, and how many Faults it makes."""
    host = kit.driver.codec(settings)
    tuple(host.start(0.0))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        faults = 0
        for number in range(FLOOD_PIECES):
            said = host.receive(FLOOD_PIECE, number / 1000)
            faults += sum(isinstance(event, Fault) for event in said)
        return tracemalloc.get_traced_memory()[0] - before, faults
    finally:
        tracemalloc.stop()


CHECKS: Final[Mapping[str, Check]] = {
    "declared": Check("its parts fit each other", is_declared, 1),
    "replay": Check("the capture replays exactly, and shows every word", replays, 1),
    "cuts": Check("the capture replays cut at every byte", replays_cut_anywhere, 1),
    "heard": Check("what is done at one end is what the other end says", is_heard, 200),
    "junk": Check("junk is Faults, and the next clean event is heard", survives_junk, 200),
    "damage": Check("a damaged frame never becomes an event", believes_no_damage, 200),
    "host-junk": Check("the simulator survives junk from us", simulator_survives_junk, 50),
    "bounded": Check("what never ends is not kept", is_bounded, 1),
}


def both_ends(kit: Kit, settings: Any, luck: random.Random | None) -> Pair:
    """Return the driver's end and the simulator's, joined."""
    return Pair(kit.driver.codec(settings), kit.device(settings), kit.driver.link, luck)


def silenced(kit: Kit, settings: Any, luck: random.Random | None) -> Pair:
    """Return both ends, joined; once it has started, the device only listens."""
    pair = both_ends(kit, settings, luck)
    pair.device = _Listener()
    return pair


class _Listener(Codec[bytes]):
    def receive(self, frame: bytes, now: float) -> Iterator[object]:
        return iter(())


def _connections(steps: Sequence[captures.Step]) -> Iterator[Sequence[captures.Step]]:
    starts = [number for number, step in enumerate(steps) if step.mark == "!"]
    for start, end in pairwise((*starts, len(steps))):
        yield steps[start:end]


def _cut(at: int, frame: bytes) -> Sequence[bytes]:
    return (frame[:at], frame[at:]) if at < len(frame) else (frame,)


def _hold(good: bool, otherwise: str) -> None:
    if not good:
        raise Broken(otherwise)
