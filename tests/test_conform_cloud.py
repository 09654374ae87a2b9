"""The conformance suite for clouds: our twin passes, and broken ones are named with the reason."""

import asyncio
import json
from base64 import b64encode
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from click.testing import Result as Said
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cloud_bridge.contract import Lot
from simulators import demo_data
from simulators.cloud import CLEAR, CloudServer, CloudTwin, MemoryWire, Weather
from simulators.cloud.twin import wall_clock
from simulators.conform.cloud.cases import CASES
from simulators.conform.cloud.far_box import FarBox
from simulators.conform.cloud.playing import play
from simulators.conform.cloud.stage import Stage
from simulators.conform.command import conform
from simulators.conform.judged import Result
from simulators.keys import make_key
from tests.broken_clouds import BROKEN, Breakage, takes_gaps

LUCK = Random(5)
WHO = demo_data.members()[0].id
VALUE = Lot(
    id="v1", member=WHO, unit="PRN", opened="2026-01-01", active_from="2026-01-01", issuer="hq"
)
CLOUD, *BOXES = (make_key(name, LUCK) for name in ("cloud-1", "a", "b"))


def twin() -> CloudTwin:
    """Return a cloud with two boxes, members, rules, and somebody who holds stored value."""
    made = CloudTwin(CLOUD)
    made.seed_members(demo_data.members(), demo_data.cards())
    made.publish_bundle(demo_data.bundle("s1"))
    made.keeping.give(VALUE, 1000)
    for box in BOXES:
        made.register_box(box.id, box.public_key)
    return made


async def judged(*names: str) -> dict[str, str]:
    """Play these cases against a twin, all for none; return why cases failed, by name."""
    far = twin()
    wire, luck = MemoryWire(far, Weather(Random(1), CLEAR)), Random(7)
    boxes = [
        FarBox(box.id, box.private_key, wire, wall_clock, lambda: f"{luck.getrandbits(128):032x}")
        for box in BOXES
    ]
    stage = Stage(boxes[0], boxes[1], "s1", WHO, {CLOUD.id: CLOUD.public_key}, luck,
                  far.vault.public_key)  # fmt: skip
    chosen = [case for case in CASES if case.__name__ in names] if names else CASES
    heard: list[Result] = []
    results = await play(stage, heard.append, chosen)
    far.close()
    assert heard == results
    assert [result.case for result in results] == [case.__name__ for case in chosen]
    return {result.case: result.reason for result in results if not result.passed}


def asked(folder: Path) -> list[str]:
    """Return what the command has to be told beside the address."""
    words = ["--member", WHO, "--cloud-key", f"cloud-1={b64encode(CLOUD.public_key).decode()}"]
    sealing = twin()
    words += ["--sealing-key", b64encode(sealing.vault.public_key).decode()]
    sealing.close()
    for box in BOXES:
        path = folder / f"{box.id}.key"
        path.write_bytes(
            box.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        words += ["--box", f"{box.id}={path}"]
    return words


async def command(*words: str) -> Said:
    """Run the command in a thread of its own: the cloud that it asks lives on this loop."""
    return await asyncio.to_thread(CliRunner().invoke, conform, ["cloud", *words])


async def test_the_command_finds_our_own_cloud_good_over_real_http(tmp_path: Path) -> None:
    badge, far = tmp_path / "badge.svg", twin()
    async with CloudServer(far) as server:
        said = await command(server.url, *asked(tmp_path), "--badge", str(badge))
        again = await command(server.url, *asked(tmp_path), "--json")
    far.close()
    assert said.exit_code == 0, said.output
    assert len(CASES) >= 60
    assert f"v1 {len(CASES)}/{len(CASES)} CONFORMS" in said.output
    assert f">v1 {len(CASES)}/{len(CASES)}<" in badge.read_text()
    assert again.exit_code == 0, "a tenant can be checked more than once"
    told = json.loads(again.stdout)["cases"]
    assert len(told) == len(CASES)
    assert all(case["passed"] for case in told)


async def test_the_command_says_what_a_broken_cloud_breaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes_gaps(monkeypatch)
    far = twin()
    async with CloudServer(far) as server:
        said = await command(server.url, *asked(tmp_path), "--case", "gaps")
    far.close()
    assert said.exit_code == 1
    assert "FAIL  gaps: answered 200 where 409 was due" in said.output
    assert "What does not follow is refused as a gap" in said.output
    assert "v1 0/1 DOES NOT CONFORM" in said.output


@pytest.mark.parametrize(("case", "breakage", "reason"), BROKEN, ids=[row[0] for row in BROKEN])
async def test_a_broken_cloud_is_named_with_the_promise_it_breaks(
    case: str, breakage: Breakage, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await judged(case) == {}
    breakage(monkeypatch)
    found = await judged(case)
    assert reason in found.get(case, ""), found


# --- the command ----------------------------------------------------------------------------------


def test_every_promise_is_one_line_and_every_name_is_another() -> None:
    said = CliRunner().invoke(conform, ["cloud", "--list"])
    assert said.exit_code == 0
    lines = said.output.splitlines()
    assert len({line.partition(": ")[0] for line in lines}) == len(CASES)
    assert "gaps: What does not follow is refused as a gap" in said.output
    assert all(line.endswith(".") for line in lines)


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        ([], "give its address"),
        (["ftp://127.0.0.1", "--member", "m"], "give its address"),
        (["http://127.0.0.1:1"], "--member m1"),
        (["http://127.0.0.1:1", "--member", "m"], "--box NAME=KEYFILE"),
        (["http://127.0.0.1:1", "--member", "m", "--box", "a"], "--help"),
        (["http://127.0.0.1:1", "--member", "m", "--box", "a=/no/such"], "openssl genpkey"),
        (["http://127.0.0.1:1", "--member", "m", "--cloud-key", "c=AAAA"], "32 bytes"),
        (["http://127.0.0.1:1", "--member", "m"], "start it"),
        (["http://127.0.0.1:1", "--case", "no such"], "--list"),
    ],
)
def test_a_wrong_question_says_what_to_do(words: list[str], fix: str, tmp_path: Path) -> None:
    has_boxes = fix in {"32 bytes", "start it"}
    said = CliRunner().invoke(conform, ["cloud", *words, *(asked(tmp_path) if has_boxes else [])])
    assert said.exit_code == 2, said.output
    assert fix in said.output


def test_a_key_of_another_kind_is_none(tmp_path: Path) -> None:
    key = tmp_path / "rsa.key"
    made = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    words = ["http://127.0.0.1:1", "--member", "m", "--box", f"a={key}"]
    said = CliRunner().invoke(conform, ["cloud", *words])
    assert (said.exit_code, "no Ed25519 key" in said.output) == (2, True)
