"""`edgebox explain`: what was asked, what happened, what was told, who owes what, who knows."""

import json
import re
from pathlib import Path

from cloud_bridge.contract import Outcome
from edge.commands.telling import ACCOUNTS, HAPPENED
from edge.journal import CLOUD, connect
from edge.letters import KINDS, LETTERS
from edge.shop import ledger
from edge.tray import TRAY_FILE, Tray
from simulators.cloud.weather import Sky
from tests.owner import Owned, command, owned
from tests.stand import until
from tests.test_desk_rude import key


def acknowledged(box: Owned) -> int:
    """Return how far the cloud has come, as the file says it."""
    db = connect(box.state / "journal.db", writable=False)
    try:
        row = db.execute("select sequence from bookmark where name = ?", (CLOUD,)).fetchone()
        return int(row[0]) if row else 0
    finally:
        db.close()


async def explained(box: Owned, number: int, lang: str = "en") -> str:
    result = await command("explain", key(number), "--config", box.config, "--lang", lang)
    assert result.exit_code == 0, result.output
    return result.stdout


async def test_a_sale_is_told_from_end_to_end(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        sold = await box.sell(1, member=1)
        await until(lambda: acknowledged(box) >= box.shop.box.journal.committed)
        english, chinese = await explained(box, 1), await explained(box, 1, "zh")
    assert "sale.v1 by pos-1" in english
    assert f"goods were sold, receipt {sold['receipt']}" in english
    assert "yes (200)" in english
    assert "cash:pos-1" in english
    assert "+4.50 CNY    money in the drawer" in english
    assert "+4 PTS    what the member holds" in english
    assert "has it: accepted" in english
    assert "销售" in chinese
    assert "云端已确认" in chinese


async def test_what_waits_and_what_was_refused_is_told(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        box.shop.weather.sky = Sky(off=True)
        asked = await box.shop.sale(key(2), [{"code": "water", "quantity": "1"}])
        assert (await box.shop.ask("sell", {**asked, "expected_total": 1}))["status"] == 409
        await box.sell(3)
        refused, waiting = await explained(box, 2), await explained(box, 3)
    assert "E-PRICE-CHANGED (409)" in refused
    assert "the request was refused" in refused
    assert "waiting to send" in waiting


async def test_what_the_cloud_did_not_simply_accept_is_told(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        await box.sell(1)
        await until(lambda: acknowledged(box) >= box.shop.box.journal.committed)
        page = box.shop.box.journal.find("pos-1", key(1))
        assert page is not None
        outcome = Outcome(sequence=page.sequence, hash=page.digest,
                          outcome="accepted_with_exception", reason="who is this?")  # fmt: skip
        Tray(box.state).put([outcome])
        said = await explained(box, 1)
        result = await command("explain", key(1), "--json", "--config", box.config)
    assert "has it: accepted with an exception: who is this?" in said
    assert json.loads(result.stdout)[0]["cloud"] == {
        "outcome": "accepted_with_exception", "reason": "who is this?",
    }  # fmt: skip


def test_the_tray_keeps_what_was_not_accepted_and_skips_what_is_torn(tmp_path: Path) -> None:
    tray = Tray(tmp_path)
    assert tray.of([1]) == {}
    good = Outcome(sequence=1, hash="a", outcome="accepted")
    bad = Outcome(sequence=2, hash="b", outcome="rejected_invalid", reason="no")
    tray.put([good])
    assert not (tmp_path / TRAY_FILE).exists()
    tray.put([good, bad])
    with (tmp_path / TRAY_FILE).open("ab") as file:
        file.write(b'{"sequence":3,"ha\n')
    tray.put([bad])
    assert tray.of([1, 2, 3]) == {2: bad}
    assert (tmp_path / TRAY_FILE).stat().st_mode & 0o777 == 0o600
    Tray(tmp_path / "nowhere").put([bad])


def test_every_account_and_no_unknown_kind_is_named() -> None:
    lines = (ledger.__doc__ or "").splitlines()
    told = [line.split()[0] for line in lines if re.match(" {4}[a-z]", line)]
    names = {account.partition(":")[0] for account in told}
    assert names == set(ACCOUNTS)
    assert set(HAPPENED) <= {kind.rpartition(".")[0] for kind in KINDS.values()}
    assert len(KINDS) == len(LETTERS)
