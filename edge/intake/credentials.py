"""How surely a credential names its member, and what to do when two name two.

Whatever can be copied by looking at it (a printed number, a UID, a phone number, a pass) is enough
to earn. To spend takes a member code that is fresh and was never used, or somebody's word: a PIN
that the cloud has checked, a manager's approval.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge.clock import Reading
from edge.intake.member_codes import MemberCode, MemberKey, Strength, judge, key_hint
from edge.refusals import Refusal
from edge.replays import Replays


@dataclass(frozen=True, slots=True)
class Credential:
    """A member's id and how surely it is theirs; `code` is used up before anything is placed."""

    member: str
    strength: Strength = "identify"
    code: MemberCode | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The credential that counts, and the ids of other members that were shown with it."""

    credential: Credential
    others: tuple[str, ...] = ()


def choose(shown: Sequence[Credential]) -> Choice:
    """Return which of the credentials shown counts: the strongest, of equals the last one.

    Members are never merged at the till.
    """
    assert shown, "nobody showed anything"
    chosen = next((c for c in reversed(shown) if c.strength == "spend"), shown[-1])
    others = dict.fromkeys(c.member for c in shown if c.member != chosen.member)
    return Choice(chosen, tuple(others))


class CodeChecker:
    """Checks member codes on this box: signature, time, and that each is used once.

    `cloud_keys` are the cloud's raw public keys for member codes, by name; `member_key` knows the
    key of a member's phone.
    """

    def __init__(
        self,
        replays: Replays,
        clock: Callable[[], Reading],
        cloud_keys: Mapping[str, bytes],
        member_key: MemberKey,
    ) -> None:
        self._replays, self._clock, self._member_key = replays, clock, member_key
        self._cloud_keys = {key_hint(key): key for key in cloud_keys.values()}

    def check(self, code: MemberCode, by: str = "") -> Credential | Refusal:
        """Return whom a code names and how surely; nothing is used up by looking.

        E-NEEDS-CLOUD, E-CODE-INVALID, E-CODE-EXPIRED, or E-CODE-USED unless it was used by the
        request `by` itself.
        """
        strength = judge(code, self._clock(), self._cloud_keys, self._member_key)
        if isinstance(strength, Refusal):
            return strength
        if self._replays.spent(code.digest, code.until_ms, by):
            return Refusal("E-CODE-USED")
        return Credential(code.member, strength, code)

    async def use(self, credential: Credential, by: str) -> Refusal | None:
        """Use a credential up for the request `by` (terminal and key); None when that is durable.

        Await it before anything is placed, and read the book again afterwards. A credential
        without a code can be used any number of times. The same request may use its code again.
        Raises OSError when the disk fails.
        """
        code = credential.code
        if code is None:
            return None
        match await self._replays.use(code.digest, code.until_ms, by, self._sure_ms()):
            case "now":
                return None
            case "full":
                return Refusal("E-BUSY", retry_after=60)
            case "before" | "over":
                return Refusal("E-CODE-USED")

    def _sure_ms(self) -> int | None:
        """Return what time it is at the least, None where nobody can tell."""
        now = self._clock()
        return None if now.error_ms is None else now.at_ms - now.error_ms
