"""Devices on a real kernel: plugged in, used, pulled in the middle of things, plugged in again."""

import asyncio
from pathlib import Path

import pytest

from tests.kernel.machine import run
from tests.kernel.scenes import SCENES

IS_DEBIAN = "\nID=debian\n" in Path("/etc/os-release").read_text()


@pytest.mark.skipif(not IS_DEBIAN, reason="it boots Debian's kernel, which only Debian's apt has")
def test_devices_on_a_real_kernel(tmp_path: Path) -> None:
    report = asyncio.run(run(list(SCENES), tmp_path))
    assert set(report.scenes) == set(SCENES), str(report)
    failed = {name: found for name, found in report.scenes.items() if "failed" in found}
    assert not failed, str(report)
    # Plugs that were really pulled, outside of the machine.
    assert {"pull serial", "take card", "pull reader"} <= set(report.done)
