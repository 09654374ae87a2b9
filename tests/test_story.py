"""The language of stories: what can be said, what it means, and what is said of mistakes."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.commands import story as story_command
from edge.story import StoryError, play, retell
from edge.story.play import VERBS
from edge.story.values import money, value

SHOP = """\
A shop with bread at 6.65, cheese by the kilogram, and one member.

given
  language en
  quiet
  tax food 0%
  product bread | 面包 | Bread | 6.65 | food
  product cheese | 奶酪 | Cheese | 80.00 | food | per kg
  member ann | value 100.00
"""
TODAY = "on 2026-11-22 10:00\n"
NO_FILES: dict[str, bytes] = {}


def read(files: dict[str, bytes]) -> Any:
    def found(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(2, "No such file or directory", name)
        return files[name]

    return found


def rows(*steps: str, given: str = "", files: dict[str, bytes] = NO_FILES) -> list[str]:
    """Return what the last of these steps prints."""
    text = SHOP + given + "\n" + TODAY + "\n".join(steps) + "\n"
    *_, (_, printed) = play(text, read(files))
    return list(printed)


def mistake(text: str, files: dict[str, bytes] = NO_FILES) -> tuple[int, str]:
    """Return the line and the sentence of what is wrong with a story."""
    with pytest.raises(StoryError) as caught:
        list(play(text, read(files)))
    return caught.value.line, caught.value.what


def wrong_step(step: str) -> str:
    """Return what is said of a step on the line after the first; the line must be right."""
    text = SHOP + "\n" + TODAY + step + "\n"
    line, what = mistake(text)
    assert line == len(text.splitlines())
    return what


def wrong_given(row: str) -> str:
    """Return what is said of a line that is given; the line must be right."""
    text = SHOP + f"  {row}\n\n" + TODAY
    line, what = mistake(text)
    assert line == len(SHOP.splitlines()) + 1
    return what


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "exponent", "expected"),
    [
        ("12.50", 2, 1250), ("-0.05", 2, -5), ("12.50", 3, 12500), ("12", 2, 12),
        ("5%", 2, 500), ("12.5%", 2, 1250), ("150%", 2, 15000), ("half%", 2, "half%"),
        ("true", 2, True), ("false", 2, False), ("null", 2, None), ("none", 2, "none"),
        ("bread", 2, "bread"), ('"a, b: {c}"', 2, "a, b: {c}"), (r'"say \"no\""', 2, 'say "no"'),
        ("[a b 2]", 2, ["a", "b", 2]), ("[a, b]", 2, ["a", "b"]), ("[]", 2, []), ("{}", 2, {}),
        ("{at: 10:30, is: five of ten}", 2, {"at": "10:30", "is": "five of ten"}),
        ("{steps: [{at_least: 100.00, share: 5%}]}", 2,
         {"steps": [{"at_least": 10000, "share": 500}]}),
    ],
)  # fmt: skip
def test_a_value_is_read(text: str, exponent: int, expected: object) -> None:
    assert value(text, exponent) == expected


def test_money_has_the_decimals_of_its_currency() -> None:
    assert (money("500", 0), money("5", 2), money("1.125", 3)) == (500, 500, 1125)
    with pytest.raises(StoryError, match="more than 0 decimals"):
        money("5.50", 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a", r"not closed with \]"), ("{a: 1", "not closed with }"), ("{a}", "'a' wants a value"),
        ("{a: }", "a value is missing"), ("{: 1}", "a name is missing"), ("a b", "after a value"),
        ("", "a value is missing"), ("{a: {b} c}", "'b' wants a value"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_read_is_a_mistake(text: str, said: str) -> None:
    with pytest.raises(StoryError, match=said):
        value(text, 2)


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("tax food", "write it as `tax food 9%`"),
        ("tax food much", "write it as `tax food 9%`"),
        ("store Corner", "write it as `store 街角小店 | Corner Shop`"),
        ("width wide", "'wide' is no whole number"),
        ("width 20", "paper is 32 to 48 columns wide"),
        ("currency CNY", "write it as `currency CNY 2`"),
        ("tier gold", "write it as `tier gold | 金卡 | Gold`"),
        ("group deal", "write it as `group deal best_for_guest"),
        ("group deal first priority", "write it as `group deal best_for_guest"),
        ("rule ten | 九折 | Ten | percent_off | a% off per line", "write it as `rule ten"),
        ("prices low", "nothing called 'prices' can be given"),
        ("product tea | 茶 | Tea | 5.00", "a product is `id | zh | en | price | tax class"),
        ("product tea | 茶 | Tea | 5.001 | food", "more than 2 decimals"),
        ("product tea | 茶 | Tea | 5.00 | food | fresh", "'fresh' says of a product"),
        ("rule ten | 九折 | Ten", "a rule is `id | zh | en | kind"),
        ("rule ten | 九折 | Ten | percent_on | stage 3", "rules[0]"),
        ("rule ten | 九折 | Ten | percent_off | stage 3 | 10% off per mile", "rules[0].per"),
        ("terms points.expiries {is: never}", "$.programme.points"),
        ("member bob | coupon ten", "no rule of the kind coupon is called 'ten'"),
        ("member bob | points many", "'many' is no whole number"),
        ("member bob | points 5 until", "'until' wants a word after it"),
        ("member bob | points 5 colour red", "'colour' says of points"),
        ("member bob | lease 5.00 colour red", "'colour' says of a lease"),
        ("member bob | tall", "'tall' says of a member"),
        ("member bob | birthday 13-40", "a birthday is 05-23"),
        ("card 1001 broken", "a card is inactive, active"),
        ("card 1001 | colour red", "of a batch and a distributor"),
        ("member", "which member?"),
        ("language fr", "a receipt is set in zh or en"),
        ("product tea | 茶 | Tea | -5.00 | food", "a price is not below zero"),
        ("product tea | 茶 | Tea | 5.00 | drinks", "no tax is called 'drinks'"),
        ("cashier 12 ann", "`cashier 12 is ann`"),
        ("bundle shop.json", "cannot read 'shop.json': No such file"),
    ],
)
def test_what_is_given_wrongly_is_said_with_its_line(row: str, said: str) -> None:
    assert said in wrong_given(row)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("do dance", "nothing called 'dance' can be done: sell, quote"),
        ("do sell", "sell wants an id, such as S1"),
        ("do sell S1 for bob | bread", "nobody called 'bob' is a member yet"),
        ("do sell S1 for | bread", "'for' wants a word after it"),
        ("do sell S1 for ann gladly | bread", "do not know what 'gladly' means"),
        ("do sell S1 | tea", "no product is called 'tea'"),
        ("do sell S1 | 2", "do not know what '2' means: write `2 bread`"),
        ("do sell S1 | 2 kg bread", "bread is sold by the piece, not by the kg"),
        ("do sell S1 | bread | pay gold", "pay with one of cash, card"),
        ("do sell S1 | bread | pay cash much", "'much' is not an amount"),
        ("do sell S1 | bread | pay voucher V1", "a voucher is `pay voucher V1 of deals"),
        ("do sell S1 for ann | bread | card 9 | pay value", "no card has the number '9'"),
        ("do return R1 of S9 | all", "return wants `of` and the id of a sale, not 'S9'"),
        ("do void V1", "void wants `of` and the id of a sale, not None"),
        ("do top_up T1 100.00", "say whom it is for: `for ann`"),
        ("do top_up T1 for ann 100.00 by barter", "cash, card, wallet or transfer"),
        ("do cancel C1 of T9", "cancel wants `of` and the id of what it is about, not 'T9'"),
        ("do refund_card X1 for ann | reason whim", "the guest's or the merchant's, not 'whim'"),
        ("do use U1 for ann tea", "no product is called 'tea'"),
        ("do enrol bob | receipts S9", "no sale is called 'S9'"),
        ("do use U1 for ann bread 0", "'0' is no whole number from 1 on"),
        ("do quote for ann | bread | redeem -1", "'-1' is no whole number from 0 on"),
        ("do quote for ann | bread | redeem", "one word is wanted after 'redeem'"),
        ("do quote | bread | channel pigeon", "not by 'pigeon'"),
        ("do notices for ann | place wall", "not at 'wall'"),
        ("do scan_session I1 shelf fun | bread", "not for 'fun'"),
        ("do z_close | counted 5.00", "`counted cash:corner-1 120.00`"),
        ("do", "say what is done"),
        ("on 2046-11-22", "more than 4000 days at once"),
        ("do card polish 1001", "no step of a card is called 'polish'"),
        ("do scan_session I1 shelf stock | bread some", "'some' is no quantity"),
        ("do report weather", "no report called 'weather': promotions, staff, trade"),
        ("do x_report now", "x_report: do not know what 'now' means"),
        ("do sync now", "sync: do not know what 'now' means"),
        ("on 2026-11-21", "a story does not go back in time"),
        ("on Monday", "`on` wants a date such as 2026-11-22"),
        ("on 2026-02-30", "is no time of the calendar"),
        ("at B", "no store is called 'B': there is corner"),
        ("then sell", "a step begins with `on`, `at` or `do`"),
    ],
)
def test_a_step_that_cannot_be_is_said_with_its_line(step: str, said: str) -> None:
    assert said in wrong_step(step)


def test_a_story_needs_its_parts() -> None:
    assert mistake("do sell S1 | bread\n") == (0, "a story needs a line `given` of its own")
    line, what = mistake(SHOP + "\ndo sell S1 | bread\n")
    assert (line, what) == (11, "say first when it is: `on 2026-11-22 10:00`")
    line, what = mistake("A title.\n\ngiven\ntax food 0%\n")
    assert (line, what) == (4, "what is given is indented; a step begins with `on`, `at` or `do`")


def test_a_mistake_names_its_line() -> None:
    assert str(StoryError("no", 7)) == "line 7: no"
    assert str(StoryError("no")) == "no"


# --- what is said ---------------------------------------------------------------------------------


def test_phrases_stand_in_any_order() -> None:
    said = ["2 bread", "seller mia", "pay cash 20.00", "0.125 kg cheese"]
    assert rows(f"do sell S1 for ann | {' | '.join(said)}") == rows(
        f"do sell S1 for ann | {' | '.join(reversed(said))}"
    )


def test_a_price_may_be_the_terminals() -> None:
    assert rows("do quote | 2 bread at 5.00 | cheese")[0] == "bread 10.00 (5.00 + 5.00)"


def test_fields_of_a_table_are_added_to_it() -> None:
    given = "  terms points.pending_days 3\n  terms points {exponent: 1}\n"
    earn = "  rule earn | 积分 | Points | points_earn | 1 points for 1.00\n"
    printed = rows("do sell S1 for ann | bread", "do balance ann", given=given + earn)
    assert printed[-1] == "ann holds PTS 6 (6 from 2026-11-25)"


def test_notes_among_what_is_given_say_nothing() -> None:
    assert rows("do balance ann", given="  # a note\n\n") == ["ann holds PRN 100.00 (100.00)"]


def test_a_bundle_file_is_the_shop() -> None:
    bundle = b"""{"format": "edgebox.bundle.v1", "version": 1, "store": "north", "currency": "JPY",
        "exponent": 0, "zone": "Asia/Tokyo", "valid_from": 0, "valid_until": 1,
        "tax": {"food": 800}}"""
    text = "Yen 108, 8 in it.\n\ngiven\n  bundle shop.json\n  quiet\n"
    text += "  product tea | 茶 | Tea | 108 | food\n\n" + TODAY + "do sell S1 | tea\n"
    *_, (_, printed) = play(text, read({"shop.json": bundle}))
    assert [row.split() for row in printed] == [
        ["entry"], ["cash:north-1", "+108", "JPY"], ["sales:food", "-100", "JPY"],
        ["tax:food", "-8", "JPY"],
    ]  # fmt: skip
    line, what = mistake(text, {"shop.json": bundle.replace(b'"JPY"', b'"yen"')})
    assert line == 4
    assert "the bundle is wrong: $.currency" in what


def test_every_verb_says_how_it_is_written() -> None:
    """Whoever looks a verb up finds an example that begins with it."""
    for name, verb in VERBS.items():
        assert f"`{name}" in (verb.__doc__ or ""), name


# --- telling again --------------------------------------------------------------------------------


def test_a_story_is_told_again_the_same() -> None:
    text = SHOP + "\n" + TODAY + "do sell S1 | bread\n  anything at all\n\n\ndo balance ann\n"
    text += "on 2026-11-23\ndo balance ann"
    once = retell(text, read({}))
    assert once == retell(once, read({}))
    assert once.startswith(SHOP)
    assert "anything" not in once
    assert "\n\non 2026-11-23\n" in once


def test_a_story_without_steps_stays_as_it_is() -> None:
    assert retell(SHOP, read({})) == SHOP


# --- the command ----------------------------------------------------------------------------------


def edgebox(*arguments: object) -> Result:
    return CliRunner().invoke(story_command, [str(argument) for argument in arguments])


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "bread.txt"
    path.write_text(SHOP + "\n" + TODAY + "do sell S1 | bread\n", "utf-8")
    return path


def test_the_command_prints_compares_and_writes(story: Path) -> None:
    before = story.read_text("utf-8")
    shown = edgebox(story)
    assert (shown.exit_code, story.read_text("utf-8")) == (0, before)
    assert shown.output == retell(before, read({}))
    assert edgebox("--write", story).exit_code == 0
    assert story.read_text("utf-8") == shown.output
    same = edgebox("--check", story)
    assert (same.exit_code, same.output) == (0, "")


def test_the_installed_command_shows_what_differs(story: Path) -> None:
    command = Path(sys.executable).with_name("edgebox")
    done = subprocess.run(
        [command, "story", "--check", story], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "+    cash:corner-1                  +6.65 CNY" in done.stdout.splitlines()


def test_the_command_says_where_a_story_is_wrong(story: Path) -> None:
    story.write_text(story.read_text("utf-8").replace("| bread\n", "| tea\n"), "utf-8")
    done = edgebox("--check", story)
    assert done.exit_code == 2
    said, fix = done.stderr.splitlines()
    assert said == f"{story}: line 12: no product is called 'tea'"
    assert fix.strip() == "fix: edgebox story --help shows what a story is"


# --- whatever is mistyped -------------------------------------------------------------------------

STORIES = sorted((Path(__file__).parent / "receipts").glob("*.txt"))
ODD = ("0", "-1", "x", "|", "99999999999999999999", "1.00", "{", "]", "for", "5%", "2026-13-01")


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_mistyped_story_goes_on_or_says_where_it_is_wrong(data: st.DataObject) -> None:
    """No slip of a pen ends in an error of ours, and every mistake names its line."""
    path = data.draw(st.sampled_from(STORIES))
    rows = path.read_text("utf-8").splitlines()
    begin = rows.index("given") + 1
    steps = next(n for n, row in enumerate(rows) if n >= begin and row.startswith("on "))
    said = [*range(begin, steps - 1), *(n for n in range(steps, len(rows)) if rows[n][:1] > " ")]
    number = data.draw(st.sampled_from([n for n in said if rows[n].strip()]))
    words = rows[number].split()
    at = data.draw(st.integers(0, len(words) - 1))
    words[at : at + 1] = data.draw(
        st.sampled_from([[], [words[at]] * 2, *[[odd] for odd in ODD], words[:1], words[-1:]])
    )
    indent = "  " if number < steps else ""
    rows[number] = indent + " ".join(words)
    mistaken = played("\n".join(rows), path.parent)
    if mistaken:
        assert mistaken.line > 0 or "the rules given are wrong" in mistaken.what


def played(text: str, folder: Path) -> StoryError | None:
    """Play a story; return what is wrong with it."""
    try:
        list(play(text, lambda name: (folder / name).read_bytes()))
    except StoryError as mistaken:
        return mistaken
    return None
