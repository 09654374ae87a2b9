"""The tray: what the cloud did not accept is listed, explained and resolved, as a fact."""

import asyncio
import json
from pathlib import Path

from click.testing import CliRunner

from edge.commands.exceptions import CHOICES as SAID
from edge.commands.exceptions import KINDS as NAMED
from edge.commands.exceptions import tray
from edge.desk.office.exceptions import CHOICES
from tests.away_kit import PRICE, away_shop


def test_every_choice_and_every_kind_has_words_in_both_languages() -> None:
    assert set(NAMED) == set(CHOICES)
    assert {choice for choices in CHOICES.values() for choice in choices} == set(SAID)
    assert all(zh and en.isascii() for zh, en in [*NAMED.values(), *SAID.values()])


async def overdrawn(folder: Path) -> tuple[Path, int]:
    """Make one exception; return the configuration, and the fact it is about."""
    async with away_shop(folder, {"overdraft_max": PRICE}) as shop:
        shop.offline()
        assert (await shop.pay(PRICE, approved_by="boss"))["status"] == 200
        await shop.online()
        [outcome] = [
            one for one in shop.twin.outcomes(shop.stand.premises.box) if one.outcome != "accepted"
        ]
        return shop.stand.premises.config_path, outcome.sequence


def said(*words: str) -> tuple[int, str]:
    """Run a command in a process of its own loop; return its code and what it printed."""
    done = CliRunner().invoke(tray, [*words])
    return done.exit_code, done.output


def test_an_exception_is_listed_explained_and_resolved_once(tmp_path: Path) -> None:
    path, sequence = asyncio.run(overdrawn(tmp_path))
    config = ["--config", str(path)]
    code, listed = said("list", "--lang", "en", *config)
    assert code == 1
    assert "an overdraft that nothing covers" in listed
    assert "12.80 s1" in listed
    code, shown = said("show", str(sequence), "--lang", "en", *config)
    assert code == 0
    assert "--choice charge_store" in shown
    wrong = said("resolve", str(sequence), "--choice", "merge", "--by", "anna", *config)
    assert wrong[0] == 1
    assert "E-CHOICE" in wrong[1]
    right = ["resolve", str(sequence), "--choice", "charge_store", "--by", "anna", "--json"]
    code, told = said(*right, *config)
    assert code == 0
    assert json.loads(told)["resolved"]["choice"] == "charge_store"
    assert said("list", *config) == (0, "")
    again = said(*right, *config)
    assert again[0] == 1
    assert "E-RESOLVED" in again[1]
    assert "E-NO-EXCEPTION" in said("resolve", "1", *right[2:], *config)[1]
    code, everything = said("list", "--all", "--lang", "zh", *config)
    assert code == 0
    assert "由门店承担" in everything


def test_an_empty_tray_is_a_yes(tmp_path: Path) -> None:
    async def nothing(folder: Path) -> Path:
        async with away_shop(folder) as shop:
            return shop.stand.premises.config_path

    path = asyncio.run(nothing(tmp_path))
    assert said("list", "--config", str(path)) == (0, "")
    code, told = said("show", "7", "--config", str(path))
    assert (code, "nothing in the tray" in told) == (1, True)
