"""Count cards pay at a lane whose till the box runs: shown, sold, parked, back after a crash."""

from pathlib import Path
from typing import Any

from simulators.demo_data import card_number
from tests.lane_kit import CASH, LANE, TEA, Lane, in_virtual_time, lane, memory_of

COFFEE = "americano"
WHO = {"kind": "member", "text": "m0001"}
NET = 1_280
PREFIX = "01a20038-0556-7048-b05f-"


async def do(it: Lane, operation: str, number: int, **body: Any) -> dict[str, Any]:
    return await it.ask(operation, key=f"{PREFIX}{number:012x}", cashier="anna", **body)


async def sell_card(it: Lane, number: int = 1) -> str:
    sold = await do(it, "sell_count_card", number, member=WHO, plan="coffees", tender="card")
    return str(sold["count_card"])


async def left(it: Lane) -> list[int]:
    told = await it.ask("balance", credential=WHO)
    return [lot["amount"] for lot in told["lots"] if lot["unit"] == "CNT"]


@in_virtual_time
async def test_a_guest_pays_with_a_count_card_and_money(folder: Path) -> None:
    async with lane(folder) as it:
        card = await sell_card(it)
        await it.scan(it.member_code(), COFFEE, COFFEE, TEA)
        screens = [it.display.screen]
        await it.key(".6")
        screens.append(it.display.screen)
        shown = it.heard_last("shown")
        assert (shown["due"], shown["uses"][0]["left"]) == (450, 8)
        await it.key("+5")
        screens.append(it.display.screen)
        assert screens == [
            ("绿茶 500ml      4.50", "合计           30.10"),
            ("次卡 x2        25.60", "应付            4.50"),
            ("实付            5.00", "找零            0.50"),
        ]
        sold = it.heard_last("sold")
        assert [(one["count_card"], one["uses"]) for one in sold["uses"]] == [(card, 2)]
        assert "用 2 次" in "\n".join(it.printer.paper)
        assert await left(it) == [8]


@in_virtual_time
async def test_a_barcode_says_it_too_and_a_card_may_pay_for_all(folder: Path) -> None:
    async with lane(folder, lang="en") as it:
        await sell_card(it)
        await it.scan(it.member_code(), COFFEE, "EDGE:USES:2")
        assert it.heard_last("declined")["code"] == "E-USES-FEW"
        assert "can pay for 1 units" in it.heard_last("declined")["detail"]
        await it.scan("EDGE:USES:1")
        assert it.display.screen == ("Card uses x1   12.80", "To pay          0.00")
        await it.scan("EDGE:USES:0")
        assert it.display.screen[1] == "Total          12.80"
        await it.scan("EDGE:USES", CASH)
        assert it.display.screen == ("Card uses x1   12.80", "     Thank you")
        assert (it.heard_last("sold")["change"], it.drawer) == (0, 0)


@in_virtual_time
async def test_a_printed_card_does_not_spend_and_a_code_shown_before_still_proves(
    folder: Path,
) -> None:
    async with lane(folder) as it:
        await sell_card(it)
        await it.scan(card_number(1), COFFEE, "EDGE:USES")
        assert it.heard_last("declined")["code"] == "E-NEEDS-PROOF"
        code = it.member_code()
        await it.scan(code, "EDGE:USES", card_number(1), CASH)
        assert len(it.sales) == 1
        await it.scan(code)
        assert it.heard_last("declined")["code"] == "E-CODE-USED", "it proved this sale"


@in_virtual_time
async def test_another_member_s_card_is_not_used_for_the_first_one_s_wish(folder: Path) -> None:
    async with lane(folder) as it:
        await sell_card(it)
        await it.scan(it.member_code(), COFFEE, "EDGE:USES", card_number(2))
        assert it.heard_last("shown")["member"] == "m0001", "who is surer"
        assert it.heard_last("shown")["due"] == 0
        await it.scan("EDGE:CANCEL", "EDGE:CANCEL", card_number(2), COFFEE, "EDGE:USES")
        assert it.heard_last("declined")["code"] == "E-NEEDS-PROOF"


@in_virtual_time
async def test_an_open_basket_keeps_its_uses_over_a_crash(folder: Path) -> None:
    async with lane(folder) as it:
        await sell_card(it)
        await it.scan(it.member_code(), TEA, COFFEE, COFFEE, "EDGE:USES")
        key = it.box.lanes.tills[LANE]._baskets.key
        file = memory_of(folder)
        await it.stop(crash=True)
        file.write_bytes(file.read_bytes().replace(TEA.encode(), b"6970000099990"))
        await it.start()
        assert it.heard_last("recovered") == {"lines": 1, "lost": ["6970000099990"]}
        assert (it.heard_last("shown")["total"], it.heard_last("shown")["due"]) == (2 * NET, 0)
        await it.scan(CASH)
        assert it.sales[-1] == key
        assert await left(it) == [8]


@in_virtual_time
async def test_a_card_used_up_while_the_box_was_away_is_said(folder: Path) -> None:
    async with lane(folder) as it:
        await sell_card(it)
        await it.scan(it.member_code(), COFFEE, COFFEE, "EDGE:USES")
        many = await do(it, "use_count", 2, member={"kind": "code", "text": it.member_code()},
                        product=COFFEE, uses=9)  # fmt: skip
        assert many["left"] == 1
        await it.stop(crash=True)
        await it.start()
        declined = it.heard_last("declined")
        assert (declined["code"], "美式咖啡" in declined["detail"]) == ("E-COUNTS-SHORT", True)
        assert it.heard_last("shown")["due"] == NET


@in_virtual_time
async def test_parked_at_a_lane_and_sold_at_a_terminal_with_its_uses(folder: Path) -> None:
    async with lane(folder) as it:
        card = await sell_card(it)
        await it.scan(it.member_code(), TEA, COFFEE, "EDGE:USES", "EDGE:PARK")
        assert it.heard("parked")[-1]["number"] == 1
        ticket = it.heard("parked")[-1]["ticket"]
        back = await do(it, "recall", 2, ticket=ticket)
        assert back["uses"] == [{"line": 1, "count_card": card}]
        code = {"kind": "code", "text": it.member_code()}
        wish = {"lines": back["lines"], "member": code, "uses": back["uses"]}
        quoted = await it.ask("quote", **wish)
        assert quoted["due"] == 450
        paid = {"quote": quoted["quote"], "expected_total": quoted["total"],
                "tenders": [{"kind": "cash", "amount": 450}]}  # fmt: skip
        sold = await do(it, "sell", 3, **wish, **paid)
        assert sold["uses"][0]["left"] == 9


@in_virtual_time
async def test_parked_at_a_terminal_and_taken_up_at_a_lane(folder: Path) -> None:
    async with lane(folder) as it:
        await sell_card(it)
        lines = [{"code": TEA}, {"code": COFFEE, "quantity": "2"}]
        uses = [{"line": 1, "uses": 2}]
        for number in (2, 3):
            await do(it, "park", number, lines=lines, member=WHO, uses=uses)
        await it.stop(crash=True)
        await it.start()
        await it.key(".8*1")
        assert it.heard_last("shown")["due"] == 450
        await it.scan(CASH)
        assert it.heard_last("declined")["code"] == "E-NEEDS-PROOF", "they show again who they are"
        await it.scan(it.member_code(), CASH)
        assert it.heard_last("sold")["uses"][0]["uses"] == 2
        await do(it, "use_count", 4, member={"kind": "code", "text": it.member_code()},
                 product=COFFEE, uses=7)  # fmt: skip
        await it.key(".8*2")
        assert it.heard_last("declined")["code"] == "E-COUNTS-SHORT"
        assert it.heard_last("shown")["due"] == 450 + NET, "one use is left"
        await it.scan(it.member_code(), CASH)
        assert it.heard_last("sold")["uses"][0]["left"] == 0


@in_virtual_time
async def test_what_is_parked_names_lines_it_has_and_a_member(folder: Path) -> None:
    async with lane(folder) as it:
        lines = [{"code": COFFEE}]
        beyond = await do(it, "park", 1, lines=lines, member=WHO, uses=[{"line": 1}])
        nobody = await do(it, "park", 2, lines=lines, uses=[{"line": 0}])
        assert (beyond["code"], nobody["code"]) == ("E-NO-LINE", "E-NO-MEMBER")
