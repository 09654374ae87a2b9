"""Every case of tests/corpus means what it is tagged with: accepted as this, or refused so."""

import ast
import dataclasses
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

import drivers
from drivers import captures
from drivers.codec import Close, Send
from drivers.events import Fault, State
from edge.clock import Reading
from edge.intake import Credential, Intake, MemberCode, Unreadable, WeighedPattern
from edge.intake.member_codes import judge, key_hint
from edge.refusals import Refusal
from tests.corpus.files import HERE, committed, generated, generators
from tests.corpus.truth import Case

DEVICE_KINDS = ("serial", "hid", "tracks", "apdu")
CASES = list(committed())
TODAY = date(2026, 11, 22)
INTAKE = Intake(
    card_prefixes=("2900",),
    coupon_prefixes=("C:", "99"),
    phone_key=b"k" * 32,
    weighed=(
        WeighedPattern("21IIIIIVVVVVC"),
        WeighedPattern("22IIIIIPVVVVC", "price", 2),
        WeighedPattern("23IIIIPVVVVVC", "price", 2),
        WeighedPattern("24IIIIIIVVVVC", "count", 0, "id"),
    ),
    stripe_prefixes=("9529",),
    currency_number="156",
)
SECONDS_OF_SILENCE = 120.0


def plain(value: object) -> Any:
    """Return a value as the corpus writes it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {type(value).__name__: fields}
    if isinstance(value, msgspec.Struct):
        fields = {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        return {type(value).__name__: fields}
    if isinstance(value, date | Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def matches(wanted: Any, found: Any) -> bool:
    """Tell whether all that is wanted is found; decimals are compared as numbers."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            name in found
            and (
                Decimal(value) == Decimal(found[name])
                if name == "amount"
                else matches(value, found[name])
            )
            for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        same = isinstance(found, list) and len(wanted) == len(found)
        return same and all(map(matches, wanted, found))
    return bool(wanted == found)


def said(case: Case) -> list[object]:
    """Return the events of a driver that hears these frames and then nothing more."""
    given = case["input"]
    driver = drivers.load(given["driver"])
    codec = driver.codec(msgspec.convert(given.get("settings", {}), driver.settings))
    outs = list(codec.start(0.0))
    for told in given.get("tell", ()):
        outs += codec.command(captures.word(told), 0.0)
    for frame in given["frames"]:
        outs += codec.receive(bytes.fromhex(frame), 0.0)
    while codec.wake_at is not None and codec.wake_at < SECONDS_OF_SILENCE:
        outs += codec.wake(codec.wake_at)
    silent = Send | Close if given.get("states") else Send | Close | State
    return [out for out in outs if not isinstance(out, silent)]


def judge_device(case: Case) -> None:
    events, expect = said(case), case["expect"]
    if "accept" in expect:
        assert matches(expect["accept"], plain(events)), events
        return
    assert expect["reject"] == "Fault", "a device rejects with a Fault"
    assert events, "nothing was said of it"
    for event in events:
        assert isinstance(event, Fault), event
    assert any(expect.get("says", "") in event.reason for event in events), events  # type: ignore[attr-defined]


def outcome(case: Case) -> object:
    given = case["input"]
    known = INTAKE.resolve(
        given["text"], given.get("symbology", ""), given.get("source", "code"), TODAY
    )
    if not isinstance(known, MemberCode) or "clock" not in given:
        return known
    clock = Reading(floor_ms=given["clock"]["at_ms"], **given["clock"])
    keys = {key_hint(raw): raw for raw in map(bytes.fromhex, given["keys"].values())}
    code_key = bytes.fromhex(given["code_key"]) or None
    strength = judge(known, clock, keys, lambda member: code_key)
    return strength if isinstance(strength, Refusal) else Credential(known.member, strength)


def judge_text(case: Case) -> None:
    found, expect = outcome(case), case["expect"]
    if "accept" in expect:
        assert matches(expect["accept"], plain(found)), found
    elif expect["reject"].startswith("E-"):
        assert isinstance(found, Refusal), found
        assert found.code == expect["reject"]
    else:
        assert found == Unreadable(expect["reject"])


JUDGES = {
    **dict.fromkeys(DEVICE_KINDS, judge_device),
    **dict.fromkeys(("barcode", "gs1", "emvco", "token"), judge_text),
}


@pytest.mark.parametrize("path", sorted(HERE.glob("*.jsonl")), ids=lambda path: path.stem)
def test_every_case_is_judged_as_it_is_tagged(path: Any) -> None:
    wrong = []
    for line in path.read_text("utf-8").splitlines():
        case = msgspec.json.decode(line)
        try:
            JUDGES[case["kind"]](case)
        except AssertionError as error:
            wrong.append(f"{case['id']}: {error}")
    assert not wrong, "\n".join(wrong[:20])


def test_the_corpus_is_large_and_says_yes_and_no() -> None:
    assert len(CASES) >= 1000
    assert len({case["id"] for case in CASES}) == len(CASES)
    tags = Counter("accept" in case["expect"] for case in CASES)
    assert min(tags.values()) >= len(CASES) // 5


@pytest.mark.parametrize("path", generators(), ids=lambda path: path.stem)
def test_a_file_is_what_its_generator_makes(path: Any) -> None:
    name = path.stem.removeprefix("make_")
    assert (HERE / f"{name}.jsonl").read_text("utf-8") == generated(path)


def test_every_file_has_a_generator() -> None:
    made = {path.stem.removeprefix("make_") for path in generators()}
    assert made == {path.stem for path in HERE.glob("*.jsonl")}


def test_the_corpus_believes_nothing_of_the_product() -> None:
    for path in HERE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] not in drivers_and_edge, f"{path.name} imports {name}"


drivers_and_edge = ("edge", "drivers", "cloud_bridge", "simulators", "biip", "zxingcpp")


def test_a_wrong_tag_is_noticed() -> None:
    good = {"id": "x", "kind": "barcode", "input": {"text": "6901234567892"}}
    lies: tuple[dict[str, Any], ...] = (
        {"accept": {"ProductCode": {"code": "06901234567885"}}},
        {"accept": {"CardNumber": {"number": "6901234567892"}}},
        {"reject": "check_digit"},
        {"reject": "E-CODE-USED"},
    )
    for lie in lies:
        with pytest.raises(AssertionError):
            judge_text({**good, "expect": lie})  # type: ignore[typeddict-item]
    line = {"driver": "lines_scanner", "frames": [b"69\r".hex()]}
    lies = ({"reject": "Fault"}, {"accept": []}, {"accept": [{"Scan": {"text": "70"}}]})
    for lie in lies:
        with pytest.raises(AssertionError):
            judge_device({"id": "x", "kind": "serial", "input": line, "expect": lie})
