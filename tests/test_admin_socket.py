"""The admin socket: the box's own user asks a running box, and nobody else does."""

import asyncio
import json
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from edge.commands.live import Live, NotRunning, Problem
from edge.doors.admin import LIMITS, SOCKET_FILE, AdminDoor
from simulators.keys import make_key
from simulators.premises import BoxProcess, Plan, Premises, furnish
from tests.http_house import http, reply_of
from tests.owner import Owned, owned, process

HOST = {"Host": "localhost", "Accept-Language": "en"}
JSON = {**HOST, "Content-Type": "application/json"}


async def talk(box: Owned, raw: bytes) -> tuple[int, Mapping[str, str], dict[str, object]]:
    reader, writer = await asyncio.open_unix_connection(str(box.state / SOCKET_FILE))
    writer.write(raw)
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return reply_of(answer)


async def refused(box: Owned, *request: object) -> tuple[int, object]:
    status, _, said = await talk(box, http(*request))  # type: ignore[arg-type]
    return status, said.get("code")


async def test_only_its_owner_may_open_it(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        assert stat.S_IMODE(box.state.stat().st_mode) == 0o700
        mode = (box.state / SOCKET_FILE).stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
    assert not (box.state / SOCKET_FILE).exists()


async def test_it_says_how_the_box_is(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        status, _, said = await talk(box, http("GET", "/v1/health", JSON, b""))
        assert (status, said["store"]) == (200, "s1")


async def test_what_it_does_not_understand_it_refuses(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        large = b" " * (LIMITS.body_bytes_max + 1)
        deep = b"[" * 100_000
        cases = [
            (("GET", "/", JSON, b""), (404, "E-NOT-FOUND")),
            (("GET", "/v1/z_close", JSON, b""), (405, "E-METHOD")),
            (("POST", "/v1/health", JSON, b"{}"), (405, "E-METHOD")),
            (("POST", "/v1/z_close", HOST, b"{}"), (415, "E-NOT-JSON")),
            (("POST", "/v1/z_close", JSON, large), (413, "E-TOO-LARGE")),
            (("POST", "/v1/z_close", JSON, b"\xff"), (400, "E-MALFORMED")),
            (("POST", "/v1/z_close", JSON, deep), (400, "E-MALFORMED")),
            (("POST", "/v1/z_close", JSON, b'{"today":1}'), (400, "E-MALFORMED")),
            (("POST", "/v1/open_sesame", JSON, b"{}"), (404, "E-UNKNOWN-OPERATION")),
        ]
        before = box.kinds()
        for request, expected in cases:
            assert await refused(box, *request) == expected
        assert box.kinds() == before


async def test_a_crowd_is_turned_away_and_the_box_goes_on(tmp_path: Path) -> None:
    async with owned(tmp_path) as box:
        path = str(box.state / SOCKET_FILE)
        crowd = [await asyncio.open_unix_connection(path) for _ in range(LIMITS.connections_max)]
        late, writer = await asyncio.open_unix_connection(path)
        answer = await late.read()
        assert reply_of(answer)[0] == 503
        assert b"E-BUSY" in answer
        for _, other in [(late, writer), *crowd]:
            other.close()
            await other.wait_closed()
        assert (await box.sell(1))["status"] == 200


async def test_a_path_may_be_longer_than_a_socket_s_address(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25) / ("longer" * 12)
    async with owned(folder) as box:
        assert len(str(box.state / SOCKET_FILE)) > 200
        with Live(box.state) as live, pytest.raises(Problem, match="营业日") as no:
            await asyncio.to_thread(live.ask, "z_close", {})
        assert no.value.code == "E-DAY-CLOSED"


async def test_a_file_that_nobody_listens_at_is_no_box(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / SOCKET_FILE))
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NotRunning), Live(folder):
            raise AssertionError("nobody is there")


# --- real boxes -----------------------------------------------------------------------------------


def premises(folder: Path) -> Premises:
    key = make_key("cloud-1", Random(1))
    return furnish(folder, Plan("http://127.0.0.1:1", {key.id: key.public_key}))


def health(state: Path) -> dict[str, object]:
    with Live(state) as live:
        connection = live._connection
        connection.request("GET", "/v1/health", headers={"Host": "localhost"})
        content = json.loads(connection.getresponse().read())
        assert isinstance(content, dict)
        return content


async def test_what_a_killed_box_left_is_replaced_and_a_second_box_takes_nothing(
    tmp_path: Path,
) -> None:
    place = premises(tmp_path)
    state = tmp_path / "state"
    first = BoxProcess(place)
    await first.start(selling=False)
    left = (state / SOCKET_FILE).stat().st_ino
    await first.kill()
    assert (state / SOCKET_FILE).exists()

    second = BoxProcess(place)
    await second.start(selling=False)
    try:
        here = (state / SOCKET_FILE).stat()
        assert (here.st_ino, stat.S_IMODE(here.st_mode)) != (left, 0)
        assert stat.S_IMODE(here.st_mode) == 0o600
        said = await process("run", "--config", place.config_path)
        assert said.code == 70
        assert "another" in said.err
        assert (state / SOCKET_FILE).stat().st_ino == here.st_ino
        assert (await asyncio.to_thread(health, state))["store"] == "s1"
    finally:
        assert await second.stop() == 0
    assert not (state / SOCKET_FILE).exists()


async def test_a_door_that_was_never_opened_closes(tmp_path: Path) -> None:
    class Nobody:
        async def handle(self, operation: str, payload: bytes) -> object:
            raise AssertionError

    door = AdminDoor(tmp_path, Nobody(), lambda: None)  # type: ignore[arg-type, return-value]
    await door.close()
    assert door.path == tmp_path / SOCKET_FILE
