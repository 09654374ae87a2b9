"""What there is to see in the store, and what has happened: everything the demo shows."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from simulators.demo.words import Lang, money, say

HAPPENINGS_MAX: Final = 200
ZONE: Final = ZoneInfo("Asia/Shanghai")
"""Where the store is: its receipts print this clock, so the screen shows it too."""

Who = Literal["box", "lane", "handheld", "pos", "cloud"]
Tone = Literal["plain", "good", "bad", "quiet"]
Answer = Mapping[str, Any]
"""What the box answered: JSON."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the running list. `at` is the store's clock."""

    at: str
    who: Who
    tone: Tone
    text: str


@dataclass(slots=True)
class Spot:
    """What a till's own screen shows just now: who buys, what it costs, what was sold."""

    member: Answer | None = None
    quote: Answer | None = None
    sold: Answer | None = None

    def clear(self) -> None:
        """Be ready for the next guest."""
        self.member = self.quote = self.sold = None


@dataclass(slots=True)
class Tally:
    """What the tills were answered, counted."""

    sales: int = 0
    offline_sales: int = 0
    refused: int = 0
    revenue: int = 0
    """In minor units."""


@dataclass(slots=True)
class Scene:
    """The store as it looks; `news` hears of everything that happens."""

    lang: Lang
    news: Callable[[Happening], None]
    health: Answer | None = None
    spots: Mapping[Who, Spot] = field(
        default_factory=lambda: {"lane": Spot(), "handheld": Spot(), "pos": Spot()}
    )
    refusal: Answer | None = None
    """The last problem."""
    display: tuple[str, str] = ("", "")
    """What the lane's customer display shows."""
    paper: list[str] = field(default_factory=list)
    """The last receipt that came out of the lane's printer, row by row."""
    tally: Tally = field(default_factory=Tally)
    happenings: deque[Happening] = field(default_factory=lambda: deque(maxlen=HAPPENINGS_MAX))

    @property
    def state(self) -> str:
        """How the box is, in its own words."""
        return "not_selling" if self.health is None else str(self.health["state"])

    def say(self, what: str, /, **params: object) -> str:
        """Return a text in the scene's language."""
        return say(self.lang, what, **params)

    def tell(self, who: Who, happened: str, tone: Tone = "plain", /, **params: object) -> None:
        """Let something happen."""
        happening = Happening(clock(), who, tone, self.say(happened, **params))
        self.happenings.append(happening)
        self.news(happening)

    def checked(self, health: Answer | None) -> None:
        """Take what the box says of itself; None when it does not answer."""
        before, self.health = self.state, health
        if self.state != before:
            tone: Tone = "good" if self.state == "selling" else "bad"
            more = self.say(f"{self.state}_more")
            self.tell("box", "state", tone, state=self.say(self.state), more=more)

    def sold(self, who: Who, sold: Answer) -> None:
        """Take the answer that a sale was made."""
        self.spots[who].sold = sold
        self.tally.sales += 1
        self.tally.offline_sales += self.state == "selling_offline"
        self.tally.revenue += sold["total"]
        self.tell(
            who, "sold", "good", total=money(sold["total"]), receipt=sold["receipt"],
            points=sold["points_earned"],
        )  # fmt: skip

    def refused(self, who: Who, problem: Answer) -> None:
        """Take the answer that a request is refused."""
        self.refusal = problem
        self.tally.refused += 1
        self.tell(
            who, "refused", "bad", code=problem["code"], title=problem["title"],
            fix=problem["fix"],
        )  # fmt: skip


def clock() -> str:
    """Return the store's time of day, as HH:MM:SS."""
    return datetime.now(ZONE).strftime("%H:%M:%S")
