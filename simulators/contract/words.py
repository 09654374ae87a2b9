"""One example of each word that devices say or obey, from a seed.

The one place where a new word is registered: a function of a driver's settings and luck in
`EXAMPLES`. A driver whose device takes less than any example says so by `acts` and `orders` of
its own simulator.
"""

import random
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from drivers import events

CODES: Final = ("6901234567892", "4006381333931", "96385074", "SHELF-7", "010690123456789210AB")
GS: Final = "\x1d"
"""Stands for FNC1 in what scanners send."""


def _scan(settings: Any, luck: random.Random) -> events.Scan:
    aim = getattr(settings, "aim", False)
    identifier = luck.choice(string.ascii_letters) + luck.choice(string.digits) if aim else ""
    taken = len(getattr(settings, "prefix", "")) + len(identifier) + 1
    room = min(60, (getattr(settings, "line_bytes_max", 512) - taken) // 4)
    code = "".join(luck.choice(_letters(settings)) for _ in range(luck.randint(1, room)))
    return events.Scan(luck.choice((*CODES, code))[:room] if luck.random() < 0.5 else code,
                       identifier)  # fmt: skip


def _letters(settings: Any) -> Sequence[str]:
    """Return what a code may be made of: printable, in the reader's encoding, and FNC1."""
    encoding = getattr(settings, "encoding", "utf-8")
    wide = {"latin-1": "éÄß", "gb18030": "会员卡€", "utf-8": "会员卡é€😀"}.get(encoding, "")
    return string.digits * 3 + string.ascii_letters + string.punctuation + " " + GS + wide


EXAMPLES: Final[Mapping[type, Callable[[Any, random.Random], object]]] = {
    events.Scan: _scan,
    events.Beep: lambda _, luck: events.Beep(luck.random() < 0.5),
    events.Keyed: lambda _, luck: events.Keyed(str(luck.randrange(10**8))),
    events.Weighed: lambda _, luck: events.Weighed(luck.randrange(15_000), luck.random() < 0.7),
    events.Light: lambda _, luck: events.Light(
        luck.choice(("green", "red", "amber")), luck.random() < 0.5
    ),
    events.Show: lambda _, luck: events.Show(*_two_lines(luck)),
    events.Read: lambda _, luck: events.Read(),
    events.OpenDrawer: lambda _, luck: events.OpenDrawer(),
}
"""By word: an example that a device with these settings can say, or be told."""


def _two_lines(luck: random.Random) -> tuple[str, str]:
    upper, lower = (
        "".join(
            luck.choice(string.ascii_letters + string.digits) for _ in range(luck.randint(0, 20))
        )
        for _ in range(2)
    )
    return upper, lower


def example(word: type, settings: Any, luck: random.Random) -> object:
    """Return an example of this word; raises LookupError, for people, if there is none."""
    if word not in EXAMPLES:
        raise LookupError(
            f"no example of {word.__name__}: give the simulator `acts` or `orders` of its own"
        )
    return EXAMPLES[word](settings, luck)
