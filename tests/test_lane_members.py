"""Two members shown for one basket at a lane: the surer one counts, and somebody looks at it."""

import json
from pathlib import Path

from msgspec.structs import replace

from simulators.demo_data import card_number, ean
from simulators.member_code import Minter
from tests import virtual_time
from tests.lane_kit import CANCEL, CASH, Lane, lane

TEA = ean(3)


def sold(it: Lane) -> list[tuple[str | None, list[str]]]:
    """The member and the flags of each sale, as the cloud hears of them."""
    pages = [page for page in it.box.journal.after(0, 1000) if page.origin == "till-1"]
    facts = [json.loads(page.body) for page in pages]
    return [(fact["member"], fact["flags"]) for fact in facts]


def test_of_two_cards_the_last_counts_and_the_sale_is_flagged(tmp_path: Path) -> None:
    async def play() -> None:
        async with lane(tmp_path) as it:
            await it.scan(TEA, card_number(1), card_number(1))
            assert it.heard("two_members") == []
            await it.scan(card_number(2))
            said = it.heard_last("two_members")
            assert said["counts"] == said["shown"][1]
            assert all(display.endswith("**") for display in said["shown"])
            await it.scan(CASH, TEA, card_number(3), CASH)
            assert sold(it) == [("m0002", ["two_members"]), ("m0003", [])]

    virtual_time.run(play())


def test_the_last_one_shown_again_is_still_one_of_two(tmp_path: Path) -> None:
    async def play() -> None:
        async with lane(tmp_path) as it:
            await it.scan(TEA, card_number(1), card_number(2), card_number(2), CASH)
            assert len(it.heard("two_members")) == 1
            assert sold(it) == [("m0002", ["two_members"])]

    virtual_time.run(play())


def test_the_next_guest_is_nobody_s_double(tmp_path: Path) -> None:
    async def play() -> None:
        async with lane(tmp_path) as it:
            await it.scan(TEA, card_number(1), CANCEL, TEA, card_number(2), CASH)
            assert it.heard("two_members") == []
            assert sold(it) == [("m0002", [])]

    virtual_time.run(play())


def test_a_code_that_proves_its_member_outlasts_a_card_that_does_not(tmp_path: Path) -> None:
    async def play() -> None:
        cloud = Minter.of(b"c" * 32)
        it = Lane(tmp_path, ("scanner-1", "display-1", "printer-1", "scale-1"))
        it.config = replace(
            it.config, cloud=replace(it.config.cloud, member_code_keys={"c": cloud.public_key})
        )
        await it.start()
        now = it.box._world.clock.read()
        assert now.error_ms is not None
        code = cloud.cloud_code("m0001", now.at_ms // 1000, bytes(8))
        await it.scan(TEA, code, card_number(2), CASH, TEA, code)
        assert sold(it) == [("m0001", ["two_members"])]
        assert it.heard_last("two_members")["counts"] == it.heard_last("two_members")["shown"][0]
        assert it.heard_last("declined")["code"] == "E-CODE-USED"
        await it.stop()

    virtual_time.run(play())
