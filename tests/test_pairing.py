"""A new terminal comes in by what the owner was shown, once; and goes when the owner says so."""

import asyncio
import json
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from drivers.mqtt import Disconnected, Rejected
from edge.access import Access, Pair, Pairing, Terms, Wait
from edge.access.pairing import ALPHABET, TRIES_MAX, WINDOW_SECONDS
from edge.access.records import ACCESS_FILE
from edge.backup import make, restore
from edge.commands.qr import as_blocks
from edge.config import Config
from edge.contracts import documents
from edge.refusals import Refusal
from simulators.request_keys import new_key
from tests.fake_desk import terminal
from tests.gate import HANDHELD, PC_POS, Gate, gate
from tests.mqtt_far import connected
from tests.owner import command, quiet, report

CHANCE = bytes(range(32))
NEW = {"name": "till-9", "kind": "pc_pos"}


def ask(code: str, name: str = "till-9") -> Pair:
    return Pair(code=code, name=name, kind="pc_pos")


def code_of(judged: Terms | Refusal) -> str:
    assert isinstance(judged, Refusal)
    return judged.code


# --- the window -----------------------------------------------------------------------------------


@given(st.binary(min_size=32, max_size=32))
def test_a_ticket_is_easy_to_type_and_hard_to_guess(chance: bytes) -> None:
    ticket = Pairing().open(Terms(), chance, 0)
    letters = ticket.code.replace("-", "")
    assert len(letters) == 8
    assert set(letters) <= set(ALPHABET)
    assert len(ticket.secret) * 5 >= 128


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["code", "secret"]))
def test_it_fits_however_it_is_typed(chance: bytes, which: str) -> None:
    window = Pairing()
    said = getattr(window.open(Terms(), chance, 0), which)
    for typed in (said, said.lower(), f" {said} ", said.replace("-", ""), "-".join(said)):
        assert window.judge(ask(typed), WINDOW_SECONDS - 1) == Terms()


def test_it_is_open_for_ten_minutes_and_five_tries() -> None:
    window = Pairing()
    assert code_of(window.judge(ask("AAAA-AAAA"), 0)) == "E-PAIRING-CLOSED"
    ticket = window.open(Terms(), CHANCE, 0)
    assert code_of(window.judge(ask(ticket.code), WINDOW_SECONDS)) == "E-PAIRING-CLOSED"
    ticket = window.open(Terms(), CHANCE, 0)
    for _ in range(TRIES_MAX):
        assert code_of(window.judge(ask(""), 1)) == "E-PAIRING-CODE"
    assert code_of(window.judge(ask(ticket.code), 1)) == "E-PAIRING-CLOSED"


def test_a_new_window_closes_the_one_before() -> None:
    window = Pairing()
    old = window.open(Terms(), CHANCE, 0)
    new = window.open(Terms(), CHANCE[::-1], 0)
    assert code_of(window.judge(ask(old.code), 1)) == "E-PAIRING-CODE"
    assert window.judge(ask(new.code), 1) == Terms()


def test_it_is_for_whom_the_owner_means() -> None:
    window = Pairing()
    ticket = window.open(Terms(id="till-9", kind="handheld"), CHANCE, 0)
    assert code_of(window.judge(ask(ticket.code, "other"), 1)) == "E-PAIRING-TERMS"
    assert code_of(window.judge(ask(ticket.code), 1)) == "E-PAIRING-TERMS"


def test_the_picture_says_what_the_text_says() -> None:
    text = "https://box.local:8480/pair#secret=ABC&ca=" + "0f" * 32
    halves = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}
    rows: list[list[int]] = []
    for line in as_blocks(text).splitlines():
        pairs = [halves[sign] for sign in line]
        rows += [[upper for upper, _ in pairs], [lower for _, lower in pairs]]
    big = [[pixel for pixel in row for _ in range(4)] for row in rows for _ in range(4)]
    image = memoryview(bytearray().join(bytes(row) for row in big))
    shape = (len(big), len(big[0]))
    (found,) = zxingcpp.read_barcodes(image.cast("B", shape))
    assert found.text == text


# --- through the doors ----------------------------------------------------------------------------


async def open_window(it: Gate, **terms: object) -> str:
    said = (await it.office("terminals_pair", terms)).said
    return str(said["code"])


async def pair(it: Gate, **terms: object) -> str:
    """Pair a till and return its login."""
    welcome = await it.post("pair", {"code": await open_window(it, **terms), **NEW})
    assert welcome.status == 200, welcome
    return f"{welcome.said['terminal']}:{welcome.said['token']}"


async def test_nothing_is_open_before_pairing(tmp_path: Path) -> None:
    async with gate(tmp_path) as it:
        assert (await it.fetch("GET", "/v1/health", {})).status == 200
        assert (await it.post("pair", {"code": "x", **NEW})).code == "E-PAIRING-CLOSED"
        for method, path in (
            ("GET", "/metrics"), ("POST", "/v1/sell"), ("POST", "/v1/health"),
            ("GET", "/v1/lanes/front/events"), ("GET", "/"),
            ("GET", "/v1/requests/01890a5d-ac96-774b-bcce-b302099a8057"), ("PUT", "/v1/x"),
        ):  # fmt: skip
            assert (await it.fetch(method, path, {})).code == "E-UNAUTHORIZED", path
        assert (await it.fetch("GET", "/ca.pem", {})).code == "E-NOT-FOUND"  # there is no TLS


async def test_a_terminal_is_paired_once_and_works_through_both_doors(tmp_path: Path) -> None:
    async with gate(tmp_path) as it:
        code = await open_window(it, rights=["own_price"], lang="en")
        welcome = await it.post("pair", {"code": code.lower(), **NEW})
        assert welcome.status == 200
        assert welcome.said["rights"] == ["own_price"]
        login = f"till-9:{welcome.said['token']}"
        assert (await it.post("pair", {"code": code, **NEW})).code == "E-PAIRING-CLOSED"
        assert (await it.post("health", {}, login)).status == 200
        end = await connected(await it.handheld("till-9", welcome.said["token"]))
        end.transport.close()
        kept = (it.config.store.state_dir / ACCESS_FILE).read_text()
        assert welcome.said["token"] not in kept
        assert code.replace("-", "") not in kept


async def test_it_comes_in_as_the_contract_says(tmp_path: Path) -> None:
    contract = json.loads(documents()["/openapi.json"].body)
    post = contract["paths"]["/v1/pair"]["post"]
    assert post["security"] == [], "nobody has a token yet"
    (example,) = post["requestBody"]["content"]["application/json"]["examples"].values()
    async with gate(tmp_path) as it:
        code = await open_window(it)
        told = await it.post("pair", example["value"] | {"code": code})
        assert told.status == 200
        welcome = {**contract, "$ref": "#/components/schemas/Welcome"}
        Draft202012Validator(welcome).validate(told.said)
        login = f"{told.said['terminal']}:{told.said['token']}"
        assert (await it.post("ask", {"key": new_key()}, login)).said["fate"] == "never"


async def test_it_stays_paired_when_the_box_starts_again(tmp_path: Path) -> None:
    async with gate(tmp_path) as it:
        login, handheld, pos = await pair(it), it.login(HANDHELD), it.login(PC_POS)
        configured = it.config.terminals

    def same(config: Config) -> Config:
        return replace(config, terminals=configured)

    async with gate(tmp_path, same) as it:
        assert (await it.post("health", {}, login)).status == 200
        assert (await it.office("terminals_revoke", {"id": "till-9"})).status == 200
        assert (await it.office("terminals_revoke", {"id": HANDHELD})).status == 200
    async with gate(tmp_path, same) as it:
        assert (await it.post("health", {}, login)).code == "E-UNAUTHORIZED"
        assert (await it.post("health", {}, handheld)).code == "E-UNAUTHORIZED"
        assert (await it.post("health", {}, pos)).status == 200
    async with gate(tmp_path) as it:  # the configuration has a new token for it
        assert (await it.post("health", {}, it.login(HANDHELD))).status == 200


async def test_a_credential_lost_on_its_way_blocks_no_name(tmp_path: Path) -> None:
    async with gate(tmp_path) as it:
        lost = await pair(it)
        login = await pair(it)
        assert (await it.post("health", {}, lost)).code == "E-UNAUTHORIZED"
        assert (await it.post("health", {}, login)).status == 200
        again = await it.post("pair", {"code": await open_window(it), **NEW})
        assert again.code == "E-NAME-TAKEN"
        configured = {"code": await open_window(it), "name": PC_POS, "kind": "pc_pos"}
        assert (await it.post("pair", configured)).code == "E-NAME-TAKEN"


@pytest.mark.parametrize(
    "body", [{}, {"code": 7, **NEW}, {"code": "x", "name": "BOX", "kind": "pc_pos"}, [], "x"]
)
async def test_nonsense_is_no_try(tmp_path: Path, body: object) -> None:
    async with gate(tmp_path) as it:
        code = await open_window(it)
        for _ in range(TRIES_MAX + 1):
            assert (await it.post("pair", body)).code == "E-MALFORMED"
        assert (await it.post("pair", {"code": code, **NEW})).status == 200


@pytest.mark.parametrize("name", ["box", "dev"])
async def test_a_terminal_cannot_take_the_box_s_own_names(tmp_path: Path, name: str) -> None:
    async with gate(tmp_path) as it:
        asked = {"code": await open_window(it), "name": name, "kind": "pc_pos"}
        assert (await it.post("pair", asked)).code == "E-NAME-TAKEN"


# --- changes --------------------------------------------------------------------------------------


async def test_a_new_token_ends_the_old_one_when_it_is_used(tmp_path: Path) -> None:
    async with gate(tmp_path) as it:
        old = await pair(it)
        assert (await it.post("health", {}, old)).status == 200
        fresh = await it.office("terminals_rotate", {"id": "till-9"})
        new = f"till-9:{fresh.said['token']}"
        assert (await it.post("health", {}, old)).status == 200
        assert (await it.post("health", {}, new)).status == 200
        assert (await it.post("health", {}, old)).code == "E-UNAUTHORIZED"
        refused = await it.office("terminals_rotate", {"id": HANDHELD})
        assert refused.code == "E-CONFIGURED"


async def test_who_is_revoked_is_cut_off_everywhere_at_once(tmp_path: Path) -> None:
    async with gate(tmp_path) as it:
        end = await connected(await it.handheld(HANDHELD, it.token(HANDHELD)))
        bystander = await connected(await it.handheld(PC_POS, it.token(PC_POS)))
        async with asyncio.timeout(60):
            assert (await it.office("terminals_revoke", {"id": HANDHELD})).status == 200
            goodbye = await end.until(Disconnected)
            assert goodbye.code == 0x87
            await end.lost.wait()
        refused = await (await it.handheld(HANDHELD, it.token(HANDHELD))).until(Rejected)
        assert refused.code == 0x86
        assert (await it.post("health", {}, it.login(HANDHELD))).code == "E-UNAUTHORIZED"
        assert not bystander.lost.is_set()
        bystander.transport.close()


async def test_the_event_stream_of_who_is_revoked_ends(tmp_path: Path) -> None:
    async with gate(tmp_path) as it:
        lane = next(iter(it.config.lanes))
        code = await open_window(it, lane=lane)
        welcome = (await it.post("pair", {"code": code, **NEW})).said
        host, port = it.box.http.address
        reader, writer = await asyncio.open_connection(host, port)
        login = f"till-9:{welcome['token']}"
        writer.write(
            f"GET /v1/lanes/{lane}/events HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {login}\r\n\r\n".encode()
        )
        assert b"200" in await reader.readline()
        async with asyncio.timeout(60):
            assert (await it.office("terminals_revoke", {"id": "till-9"})).status == 200
            await asyncio.gather(_end_of(reader))
        writer.close()


async def _end_of(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(4096):
            pass
    except ConnectionError:
        pass


async def test_new_rights_ask_for_a_new_login(tmp_path: Path) -> None:
    async with gate(tmp_path) as it:
        login = await pair(it)
        end = await connected(await it.handheld("till-9", login.partition(":")[2]))
        granted = {"id": "till-9", "rights": ["own_price"]}
        assert (await it.office("terminals_rights", granted)).status == 200
        assert (await end.until(Disconnected)).code == 0x87
        listed = (await it.office("terminals_list", {})).said["terminals"]
        assert next(one for one in listed if one["id"] == "till-9")["rights"] == ["own_price"]
        wrong = {"id": "till-9", "rights": ["everything"]}
        assert (await it.office("terminals_rights", wrong)).code == "E-MALFORMED"


# --- guessing -------------------------------------------------------------------------------------


async def test_who_guesses_waits_and_disturbs_nobody(tmp_path: Path) -> None:
    async with gate(tmp_path) as it:
        assert (await it.post("health", {}, it.login(PC_POS))).status == 200
        codes: list[str] = []
        while codes[-8:] != ["E-LOGIN-DELAYED"] * 8:  # on a slow machine the wait grows first
            codes.append((await it.post("health", {}, f"{PC_POS}:{len(codes)}")).code)
        assert codes[:5] == ["E-UNAUTHORIZED"] * 5
        assert (await it.post("health", {}, it.login(HANDHELD))).code == "E-LOGIN-DELAYED"
        rejected = await (await it.handheld(HANDHELD, "guess")).until(Rejected)
        assert rejected.code == 0x9F
        assert (await it.post("health", {}, it.login(PC_POS))).status == 200


def test_the_wait_grows_and_is_forgotten() -> None:
    access, now, waits = Access({"h1": terminal("h1")}), 0.0, []
    for _ in range(14):
        while isinstance(wait := access.login("h1", "no", "10.0.0.9", now), Wait):
            waits.append(wait.seconds)
            now += wait.seconds
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert isinstance(access.login("h1", "secret-h1", "10.0.0.9", now), Wait)
    assert access.login("h1", "secret-h1", "10.0.0.9", now + 60) is not None


# --- the owner's commands -------------------------------------------------------------------------


async def test_the_owner_s_commands(tmp_path: Path) -> None:
    with quiet():
        async with gate(tmp_path) as it:
            config = "--config", it.config_path
            picture = tmp_path / "code.png"
            opened = report(await command("terminals", "pair", "--png", picture, "--json", *config))
            assert picture.read_bytes().startswith(b"\x89PNG")
            secret = opened["url"].partition("#secret=")[2].partition("&")[0]
            welcome = await it.post("pair", {"code": secret, **NEW})
            assert welcome.status == 200
            shown = await command("terminals", "list", *config)
            assert "till-9: paired; pc_pos; no rights; never came in" in shown.output
            granted = await command("terminals", "rights", "till-9", "own_price", *config)
            assert granted.exit_code == 0
            fresh = report(await command("terminals", "rotate", "till-9", "--json", *config))
            assert (await it.post("health", {}, f"till-9:{fresh['token']}")).status == 200
            assert (await command("terminals", "revoke", "till-9", *config)).exit_code == 0
            gone = await command("terminals", "revoke", "till-9", *config)
            assert (gone.exit_code, "E-NO-TERMINAL" in gone.output) == (1, True)
            listed = report(await command("terminals", "list", "--json", *config))
            assert [name for name, _ in listed["revoked"]] == ["till-9"]
        alone = await command("terminals", "list", *config)
        assert (alone.exit_code, "no box is running" in alone.output) == (1, True)


async def test_an_old_backup_brings_nobody_back(tmp_path: Path) -> None:
    async with gate(tmp_path) as it:
        await pair(it)
        make(it.config, it.config_path, tmp_path / "backup")
        assert (await it.office("terminals_revoke", {"id": "till-9"})).status == 200
        config, path = it.config, it.config.store.state_dir / ACCESS_FILE
    kept = path.read_bytes()
    assert not list((tmp_path / "backup").rglob(ACCESS_FILE))
    restore(config, tmp_path / "backup")
    assert path.read_bytes() == kept


async def test_a_damaged_registry_is_never_taken_for_an_empty_one(tmp_path: Path) -> None:
    async with gate(tmp_path) as it:
        await pair(it)
        path = it.config.store.state_dir / ACCESS_FILE
    records = json.loads(path.read_text())
    records["revoked"] = "none"
    path.write_text(json.dumps(records))
    with pytest.raises(Exception, match="is damaged"):
        async with gate(tmp_path):
            pass
