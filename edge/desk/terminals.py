"""A terminal's shell: its request in, the shop asked, the outcome made durable, then told."""

from collections.abc import Callable, Iterable
from functools import partial

from drivers import terminal as words
from edge.config import Terminal
from edge.desk.answer import Answer, refuse, reply
from edge.desk.counter import Counter, refused
from edge.desk.keys import Keys, Placed
from edge.desk.means import Job, Means, Outcome, Prepare
from edge.desk.operations import DEEDS, LOOKS, READS, awaited
from edge.desk.paid_uses import quoted
from edge.desk.placing import OURSELVES, Placing, Request
from edge.desk.rehearsal import Rehearsal
from edge.desk.saying import in_words
from edge.desk.staff.rights import may, may_approve
from edge.desk.staff.signing import StaffDesk
from edge.directory import DirectoryDamaged
from edge.journal import JournalBroken
from edge.rates import TokenBucket
from edge.refusals import Language, Refusal
from edge.shop.declined import Declined
from edge.world import World

NOBODYS_TOKEN = "0" * 64
FENCES_PER_SECOND = 1.0
FENCES_BURST = 60.0
REFUSALS_PER_SECOND = 5.0
REFUSALS_BURST = 300.0
"""What a terminal may have written down for ever without selling anything."""


class Desk:
    """Answers terminals, whatever door they come through. Never raises for what they send.

    Terminals in training are answered by the `training` desk, if there is one, which may have a
    `rehearsal` of what goes wrong.
    """

    def __init__(
        self,
        world: World,
        counter: Counter,
        placing: Placing,
        keys: Keys,
        health: Callable[[], words.HealthReport],
        damaged: Callable[[DirectoryDamaged], None],
        training: "Desk | None" = None,
        rehearsal: Rehearsal | None = None,
    ) -> None:
        self._world, self._counter, self._placing = world, counter, placing
        self.means = Means(counter, placing)
        """What the handlers of operations work with; more is added once it is there."""
        self.staff: StaffDesk | None = None
        """Who signs people on; None until it is there, and then no PIN is asked for."""
        self._keys, self._health, self._damaged = keys, health, damaged
        self._training, self._rehearsal = training, rehearsal
        self._fences: dict[str, TokenBucket] = {}
        self._refusals: dict[str, TokenBucket] = {}

    async def handle(
        self, terminal: Terminal, operation: str, payload: bytes, key: str | None = None
    ) -> Answer:
        """Answer one request. `key` is the one outside the payload, where a door has one."""
        if terminal.training and self._training is not None:
            return await self._training.handle(terminal, operation, payload, key)
        try:
            request = words.decode(operation, payload)
        except words.Malformed as malformed:
            return refuse(Refusal(malformed.code, malformed.params), terminal.lang, key)
        own = getattr(request, "key", None)
        if key is not None and own is not None and own != key:
            return refuse(Refusal("E-KEY-MISMATCH"), terminal.lang, key)
        try:
            with self._keys.guard():
                if self._rehearsal is None:
                    return await self._answer(terminal, operation, request)
                said = partial(self._answer, terminal, operation, request)
                return await self._rehearsal.play(request, terminal.lang, said)
        except DirectoryDamaged as error:
            self._damaged(error)
        except JournalBroken:
            pass
        return refuse(Refusal("E-STOPPING"), terminal.lang, own)

    def resume(self, terminals: Iterable[Terminal]) -> None:
        """Let people work on at these terminals who were signed on when the box stopped."""
        for terminal in terminals:
            if terminal.training and self._training is not None:
                self._training.resume((terminal,))
            elif self.staff is not None:
                self.staff.resume(terminal.id, self._counter.members.past, self._placing)

    async def own(self, operation: str, payload: bytes, lang: Language) -> Answer:
        """Answer what the owner asks for at the box itself, where nobody has to sign on."""
        return await self.handle(_ourselves(lang), operation, payload)

    def own_known(self, key: str, lang: Language) -> Answer:
        """Return what is known of a key of the owner's, changing nothing."""
        return self.known(_ourselves(lang), key)

    async def _answer(self, terminal: Terminal, operation: str, request: words.Request) -> Answer:
        if not may(terminal, operation):
            return refuse(Refusal("E-FORBIDDEN"), terminal.lang, getattr(request, "key", None))
        match request:
            case words.Ask():
                return await self._ask(terminal, request)
            case words.Health():
                return self.health()
            case words.SignOn() | words.SignOff() | words.Approve():
                if self.staff is None:
                    return refuse(Refusal("E-FORBIDDEN"), terminal.lang)
                return await self.staff.answer(terminal, request, self._placing)
            case words.Keyed():
                return await self._change(terminal, operation, request)
            case _:
                return await self._read(terminal, request)

    def known(self, terminal: Terminal, key: str) -> Answer:
        """Return what is known of a terminal's own key, changing nothing."""
        if terminal.training and self._training is not None:
            return self._training.known(terminal, key)
        return self._keys.known(terminal.id, key, terminal.lang)

    def health(self) -> Answer:
        """Return how the box is."""
        return reply(self._health())

    # --- questions: they read what is durable ------------------------------------------------

    async def _read(self, terminal: Terminal, request: words.Request) -> Answer:
        if (look := LOOKS.get(type(request))) is not None:
            answer = await look(self.means, terminal, request)
        else:
            answer = READS[type(request)](self.means, terminal, request)
        if isinstance(answer, Refusal):
            return refuse(in_words(self._counter, answer, terminal.lang), terminal.lang)
        return reply(answer)

    # --- changes: one key, one effect --------------------------------------------------------

    async def _change(self, terminal: Terminal, operation: str, asked: words.Keyed) -> Answer:
        content = self._counter.members.blind(words.content_hash(operation, asked))
        request = Request(terminal.id, asked.key, content, operation, terminal.lang)
        job = Job(terminal, request)
        who = request.origin, request.key, request.content, terminal.lang
        if (prepare := awaited(asked)) is not None:
            return await self._keys.once_prepared(*who, lambda: self._prepare(prepare, job, asked))
        decide = partial(DEEDS[type(asked)], self.means, job, asked)
        return await self._keys.once(*who, partial(self._decide, job, asked, decide))

    async def _prepare(
        self, prepare: Prepare, job: Job, asked: words.Keyed
    ) -> Callable[[], Placed | Answer] | Answer:
        if (unable := self._unable(asked) or self._forbidden(job, asked)) is not None:
            return refuse(unable, job.terminal.lang, asked.key)
        prepared = await prepare(self.means, job, asked)
        if isinstance(prepared, Refusal):
            return partial(self._decide, job, asked, lambda: prepared)
        return partial(self._decide, job, asked, prepared)

    def _unable(self, asked: words.Keyed) -> Refusal | None:
        """Return why nothing can be done just now; the books may be closed on the last room."""
        closing = isinstance(asked, words.ZClose)
        return self._placing.blocked(closing=closing) or self._counter.closed()

    def _forbidden(self, job: Job, asked: words.Keyed) -> Refusal | None:
        """Return which person is missing; what was decided before is answered without asking."""
        if job.terminal.id == OURSELVES:
            return None
        if self.staff is not None:
            return self.staff.objection(job.terminal, job.request.content, asked)
        return None if may_approve(job.terminal, asked) else Refusal("E-FORBIDDEN")

    def _decide(
        self, job: Job, asked: words.Keyed, decide: Callable[[], Outcome]
    ) -> Placed | Answer:
        with self._counter.steady():
            if (unable := self._unable(asked) or self._forbidden(job, asked)) is not None:
                return refuse(unable, job.terminal.lang, asked.key)
            exponent = self._counter.exponent
            outcome = decide()
            if isinstance(outcome, Declined):
                outcome = refused(outcome, exponent)
            if isinstance(outcome, Refusal):
                return self._refused(job, asked, outcome)
        return outcome

    def _refused(self, job: Job, asked: words.Keyed, refusal: Refusal) -> Placed | Answer:
        terminal = job.terminal
        if refusal.entry.binds == "nothing":
            return refuse(refusal, terminal.lang, asked.key)
        if not self._may(self._refusals, terminal, REFUSALS_PER_SECOND, REFUSALS_BURST):
            return refuse(Refusal("E-RATE-LIMITED", retry_after=1), terminal.lang, asked.key)
        again = None
        if refusal.code == "E-PRICE-CHANGED" and isinstance(asked, words.Sell):
            again = quoted(self._counter, terminal, asked)
        said = in_words(self._counter, refusal, terminal.lang)
        return self._placing.refusal(
            job.request, said, None if isinstance(again, Refusal) else again
        )

    async def _ask(self, terminal: Terminal, asked: words.Ask) -> Answer:
        request = Request(terminal.id, asked.key, "", "ask", terminal.lang)

        def fence() -> Placed | Answer:
            unable = self._placing.blocked()
            if unable is None and not self._may(
                self._fences, terminal, FENCES_PER_SECOND, FENCES_BURST
            ):
                unable = Refusal("E-RATE-LIMITED", retry_after=1)
            if unable is not None:
                return refuse(unable, terminal.lang, asked.key)
            return self._placing.fence(request)

        return await self._keys.ask(terminal.id, asked.key, terminal.lang, fence)

    def _may(
        self, buckets: dict[str, TokenBucket], terminal: Terminal, per_second: float, burst: float
    ) -> bool:
        bucket = buckets.get(terminal.id)
        if bucket is None:
            bucket = buckets[terminal.id] = TokenBucket(per_second, burst)
        return bucket.take(self._world.monotonic())


def _ourselves(lang: Language) -> Terminal:
    """Return the box itself as a terminal that may do everything."""
    return Terminal(
        id=OURSELVES, kind="pc_pos", token_sha256=NOBODYS_TOKEN, lang=lang,
        rights=frozenset({"approve"}),
    )  # fmt: skip
