"""The sample clients, run against a real box: what integrators copy has to work."""

import asyncio
import os
import sys
from pathlib import Path

from simulators import demo_data
from tests.test_first_sale import store

CLIENTS = Path(__file__).parents[1] / "examples" / "clients"
LATTE = demo_data.ean(1)


async def run(*command: str | Path, folder: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def test_they_sell_and_refuse(tmp_path: Path) -> None:
    async def main() -> None:
        async with store(tmp_path / "store") as (premises, box, _):
            token = premises.tokens["pos-1"]
            python = (sys.executable, CLIENTS / "python_till.py", premises.http_url)
            login = f"pos-1:{token}"
            code, said = await run(*python, login, LATTE, "2", folder=tmp_path)
            assert (code, "TOTAL" in said.upper()) == (0, True), said
            code, said = await run(*python, login, "6900000000007", "1", folder=tmp_path)
            assert (code, "E-UNKNOWN-PRODUCT" in said) == (1, True), said
            mqtt = f"mqtt://127.0.0.1:{premises.mqtt_port}/{premises.store}"
            for url in (premises.http_url, mqtt):
                shell = (CLIENTS / "till.sh", url, "pos-1", token)
                code, said = await run(*shell, LATTE, folder=tmp_path)
                assert (code, "TOTAL" in said.upper()) == (0, True), said
                code, said = await run(*shell, "6900000000007", folder=tmp_path)
                assert code == 1, said
            health = await box.health()
            assert health is not None

    (tmp_path / "store").mkdir()
    asyncio.run(main())


def test_a_till_that_died_asks_first_what_became_of_its_sale(tmp_path: Path) -> None:
    async def main() -> str:
        async with store(tmp_path / "store") as (premises, _, _):
            login = f"pos-1:{premises.tokens['pos-1']}"
            (tmp_path / "open-sale.json").write_text(
                '{"key": "01900000-0000-7000-8000-000000000001"}'
            )
            python = (sys.executable, CLIENTS / "python_till.py", premises.http_url)
            code, said = await run(*python, login, LATTE, "1", folder=tmp_path)
            assert code == 0, said
            return said

    (tmp_path / "store").mkdir()
    said = asyncio.run(main())
    assert said.startswith("the open sale: never")
    assert not (tmp_path / "open-sale.json").exists()
