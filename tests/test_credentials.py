"""Member codes on this box: fresh ones spend, once; everything else earns or is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import Reading
from edge.intake import Choice, CodeChecker, Credential, MemberCode, choose
from edge.intake.member_codes import read
from edge.refusals import Refusal
from edge.replays import Replays
from edge.writer import ThreadWriter
from simulators.member_code import Minter

AT = 1_795_300_000
CLOUD, PHONE = Minter.of(b"c" * 32), Minter.of(b"p" * 32)
PHONES = {"m-1": PHONE.public_key}
NONCE = bytes(8)


class Clock:
    """A clock that stands, until it is set."""

    def __init__(self) -> None:
        self.at, self.error_ms = float(AT), 0

    def __call__(self) -> Reading:
        now = round(self.at * 1000)
        return Reading(now, "trusted", self.error_ms, now)


class Unsure(Clock):
    """A clock after a reboot without a network."""

    def __call__(self) -> Reading:
        return Reading(0, "unknown", None, 0)


def parsed(text: str) -> MemberCode:
    code = read(text)
    assert code is not None
    return code


def checker(replays: Replays, clock: Clock) -> CodeChecker:
    return CodeChecker(replays, clock, {"codes-1": CLOUD.public_key}, PHONES.get)


async def test_a_code_spends_once_and_looking_uses_nothing_up(tmp_path: Path) -> None:
    replays, clock = Replays(tmp_path / "used", ThreadWriter()), Clock()
    codes = checker(replays, clock)
    code = parsed(CLOUD.cloud_code("m-1", AT, NONCE))
    for _ in range(3):
        found = codes.check(code)
        assert found == Credential("m-1", "spend", code)
    assert isinstance(found, Credential)
    assert await codes.use(found, "pc-1/k1") is None
    assert codes.check(code) == Refusal("E-CODE-USED")
    assert codes.check(code, "pc-1/k1") == found
    assert await codes.use(found, "pc-1/k2") == Refusal("E-CODE-USED")
    assert await codes.use(found, "pc-1/k1") is None
    assert await codes.use(Credential("m-1"), "pc-1/k3") is None
    await replays.close()


async def test_a_code_spelled_otherwise_is_the_same_code(tmp_path: Path) -> None:
    replays = Replays(tmp_path / "used", ThreadWriter())
    codes = checker(replays, Clock())
    text = PHONE.phone_code("m-1", AT, NONCE)
    found = codes.check(parsed(text))
    assert isinstance(found, Credential)
    await codes.use(found, "pc-1/k1")
    assert codes.check(parsed(text[:8] + text[8:].lower())) == Refusal("E-CODE-USED")
    await replays.close()


async def test_a_phone_s_code_and_the_cloud_s_are_two_codes(tmp_path: Path) -> None:
    replays = Replays(tmp_path / "used", ThreadWriter())
    codes = checker(replays, Clock())
    for text in (PHONE.phone_code("m-1", AT, NONCE), CLOUD.cloud_code("m-1", AT, NONCE)):
        found = codes.check(parsed(text))
        assert isinstance(found, Credential)
        assert await codes.use(found, "pc-1/k1") is None
    await replays.close()


async def test_a_clock_set_back_gives_no_code_a_second_life(tmp_path: Path) -> None:
    replays, clock = Replays(tmp_path / "used", ThreadWriter()), Clock()
    codes = checker(replays, clock)
    code = parsed(CLOUD.cloud_code("m-1", AT, NONCE))
    found = codes.check(code)
    assert isinstance(found, Credential)
    assert await codes.use(found, "pc-1/k1") is None
    clock.at += 10**7
    for n in range(1100):  # enough to have what is over forgotten
        late = CLOUD.cloud_code("m-2", int(clock.at), n.to_bytes(8, "big"))
        assert await codes.use(Credential("m-2", "spend", parsed(late)), f"pc-1/{n}") is None
    clock.at = AT
    assert codes.check(code) == Refusal("E-CODE-USED")
    assert await codes.use(found, "pc-1/k2") == Refusal("E-CODE-USED")
    await replays.close()


async def test_on_a_clock_nobody_trusts_a_code_earns_and_is_used_up(tmp_path: Path) -> None:
    replays = Replays(tmp_path / "used", ThreadWriter())
    codes = checker(replays, Unsure())
    found = codes.check(parsed(CLOUD.cloud_code("m-1", AT, NONCE)))
    assert isinstance(found, Credential)
    assert found.strength == "identify"
    assert await codes.use(found, "pc-1/k1") is None
    assert await codes.use(found, "pc-1/k2") == Refusal("E-CODE-USED")
    await replays.close()


async def test_too_many_codes_are_told_to_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.replays.CODES_MAX", 2)
    replays = Replays(tmp_path / "used", ThreadWriter())
    codes = checker(replays, Clock())
    answers = []
    for n in range(3):
        code = parsed(CLOUD.cloud_code("m-1", AT, n.to_bytes(8, "big")))
        answers.append(await codes.use(Credential("m-1", "spend", code), f"pc-1/{n}"))
    assert answers == [None, None, Refusal("E-BUSY", retry_after=60)]
    await replays.close()


async def test_another_member_s_phone_signs_for_nobody_else(tmp_path: Path) -> None:
    replays = Replays(tmp_path / "used", ThreadWriter())
    codes = checker(replays, Clock())
    assert codes.check(parsed(PHONE.phone_code("m-2", AT, NONCE))) == Refusal("E-NEEDS-CLOUD")
    forged = Minter.of(b"x" * 32).phone_code("m-1", AT, NONCE)
    assert codes.check(parsed(forged)) == Refusal("E-CODE-INVALID")
    await replays.close()


people = st.builds(
    Credential, st.sampled_from(["m-1", "m-2", "m-3"]), st.sampled_from(["identify", "spend"])
)


@given(st.lists(people, min_size=1, max_size=6))
def test_the_strongest_credential_counts_and_everybody_else_is_named(
    shown: list[Credential],
) -> None:
    choice = choose(shown)
    assert choice.credential in shown
    strengths = {credential.strength for credential in shown}
    assert (choice.credential.strength == "spend") == ("spend" in strengths)
    named = {credential.member for credential in shown}
    assert {choice.credential.member, *choice.others} == named
    assert choose([choice.credential]) == Choice(choice.credential)
