"""A lane whose till the box runs itself: what guests see, what is printed, what a crash costs."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drivers.events import CardPresented, Scan, Swiped, Weighed
from simulators.demo_data import card_number, ean, phone_number
from simulators.escpos_printer import Cover, LoadPaper
from tests import virtual_time
from tests.lane_kit import (
    CANCEL,
    CASH,
    COPY,
    LANE,
    OOLONG,
    TEA,
    cuts,
    in_virtual_time,
    lane,
    printed,
)

APPLES, OIL = "apples", ean(20)
RECEIPT = """\
            街角小店
小票          s1-box-1-1S-000001
营业日                2026-11-22
时间         2026-11-22 06:26:41
终端                      lane-1
收银员                      anna
会员                       m0001
会员等级                    银卡
--------------------------------
绿茶 500ml
  1 x 4.50                  4.50
乌龙茶 500ml
  3 x 5.00                 15.00
--------------------------------
合计 CNY                   19.50
  含税 13% (净额 17.26)     2.24
现金                       50.00
找零                       30.50
--------------------------------
本次积分                      19
积分余额                      29
"""


# --- what people see --------------------------------------------------------------------------


@in_virtual_time
async def test_a_sale_as_the_guest_sees_it(folder: Path) -> None:
    async with lane(folder) as it:
        screens = [it.display.screen]
        await it.scan(TEA)
        screens.append(it.display.screen)
        await it.key("3*")
        await it.scan(OOLONG)
        screens.append(it.display.screen)
        await it.scan(card_number(1))
        screens.append(it.display.screen)
        await it.key("+50")
        screens.append(it.display.screen)
        assert screens == [
            ("      街角小店", "      欢迎光临"),
            ("绿茶 500ml      4.50", "合计            4.50"),
            ("乌龙茶 500m x3 15.00", "合计           19.50"),
            ("会员            王**", "合计           19.50"),
            ("实付           50.00", "找零           30.50"),
        ]
        assert "\n".join(it.printer.paper).startswith(RECEIPT)
        assert (it.drawer, cuts(it), printed(it, COPY)) == (1, 1, 0)
        assert len(it.sales) == 1


@in_virtual_time
async def test_everything_can_be_said_in_english(folder: Path) -> None:
    async with lane(folder, lang="en") as it:
        await it.scan(TEA, CASH)
        assert it.display.screen == ("Paid            4.50", "     Thank you")
        await it.key("nonsense")
        assert it.display.screen[0] == "Keys without a meani"
        assert it.heard("declined")[-1]["code"] == "E-KEYPAD"


@in_virtual_time
async def test_the_keypad_does_what_barcodes_do_and_more(folder: Path) -> None:
    async with lane(folder) as it:
        await it.key(f"2*{TEA}", "*5", OOLONG, "-1", "/" + phone_number(1).removeprefix("+86"))
        shown = it.heard("shown")[-1]
        assert [(line["product"], line["quantity"]) for line in shown["lines"]] == [
            ("oolong-tea", "1")
        ]
        assert shown["member"] == "m0001"
        await it.key("-7", "--", "+")
        assert [said["code"] for said in it.heard("declined")] == ["E-NO-LINE", "E-EMPTY-BASKET"]
        assert it.display.screen[0] == "购物清单是空的" or it.sales == []


@in_virtual_time
async def test_what_a_member_shows_names_them(folder: Path) -> None:
    async with lane(folder) as it:
        number = card_number(1)
        shown: list[Any] = [
            Scan(number, "E0"),
            Swiped(track2=f"{number}=9912"),
            CardPresented("ndef", number),
        ]
        for event in shown:
            it.box.lanes.hear("scanner-1", event)
            await asyncio.sleep(0.1)
            assert it.heard_last("shown")["member"] == "m0001"
            await it.scan(CANCEL)
        it.box.lanes.hear("scanner-1", CardPresented("uid", "04A1B2C3D4E5F6"))
        await asyncio.sleep(0.1)
        assert it.heard_last("declined")["code"] == "E-UNKNOWN-MEMBER"


@in_virtual_time
async def test_a_printed_code_earns_and_does_not_spend(folder: Path) -> None:
    async with lane(folder) as it:
        await it.scan(card_number(1), TEA)
        await it.key(".1", ".5")
        codes = [said["code"] for said in it.heard("declined")]
        assert codes == ["E-NEEDS-PROOF", "E-NEEDS-PROOF"]
        await it.scan(CANCEL, TEA)
        await it.key(".1")
        assert it.heard_last("declined")["code"] == "E-NO-MEMBER"


@in_virtual_time
async def test_a_member_code_a_coupon_points_and_stored_value(folder: Path) -> None:
    async with lane(folder) as it:
        member = {"kind": "member", "text": "m0001"}
        paid_in = {"key": "01a20038-0556-7048-b05f-189e23c66000", "cashier": "anna",
                   "member": member, "amount": 10_000, "tender": "cash"}  # fmt: skip
        assert "receipt" in await it.ask("top_up", **paid_in)
        await it.scan(it.member_code(), OIL, CASH)
        (coupon,) = it.heard_last("sold")["coupons_given"]
        code = it.member_code()
        await it.scan(code, "americano", f"C:{coupon}", f"C:{coupon}")
        await it.key(".5*100", ".1")
        sold = it.heard_last("sold")
        assert (sold["total"], sold["points_spent"]) == (180, 100)
        assert "储值余额                   98.20" in it.printer.paper
        assert it.drawer == 1, "not for stored value"
        await it.scan(code)
        assert it.heard_last("declined")["code"] == "E-CODE-USED"
        await it.scan(it.member_code(), "americano", f"C:{coupon}")
        refused = it.heard_last("declined")
        assert (refused["code"], refused["detail"][:5]) == ("E-COUPON-REFUSED", "这张券现在")
        assert it.heard_last("shown")["total"] == 1280, "the coupon is left out"


@in_virtual_time
async def test_other_tenders_pay_a_part_and_no_cash_moves(folder: Path) -> None:
    async with lane(folder) as it:
        await it.scan(TEA)
        await it.key(".2*1.50")
        assert it.display.screen == ("实付            1.50", "应付            3.00")
        await it.key(".3")
        sold = it.heard_last("sold")
        assert (sold["total"], sold["change"], it.drawer) == (450, 0, 0)
        assert "银行卡                      1.50" in it.printer.paper
        assert "移动支付                    3.00" in it.printer.paper


# --- weighing ---------------------------------------------------------------------------------


@in_virtual_time
async def test_goods_by_weight_are_weighed(folder: Path) -> None:
    async with lane(folder) as it:
        it.hands["scale-1"].tell(Weighed(435))
        await it.scan(APPLES)
        assert it.heard_last("shown")["lines"][0]["quantity"] == "0.435"
        assert it.display.screen[0] == "苹果 x0.435     5.13"
        await it.key("0.2*")
        await it.scan(APPLES)  # somebody knows the weight
        assert it.heard_last("shown")["lines"][1]["quantity"] == "0.2"


@in_virtual_time
async def test_a_scale_in_trouble_says_so_and_nothing_is_sold_unweighed(folder: Path) -> None:
    async with lane(folder) as it:
        for load in (Weighed(20_000), Weighed(-5), Weighed(300, stable=False)):
            it.hands["scale-1"].tell(load)
            await it.scan(APPLES, TEA)
            await asyncio.sleep(5)
        assert [said["code"] for said in it.heard("declined")].count("E-SCALE") == 4
        it.hands["scale-1"].tell(Weighed(300, stable=False))
        await it.scan(APPLES)
        it.hands["scanner-1"].tell(b"torn\x01\r")
        it.hands["scale-1"].tell(Weighed(300))
        await asyncio.sleep(1)
        assert it.heard_last("shown")["lines"][-1]["product"] == "apples", "its own fault alone"
        await it.scan("EDGE:REMOVE-LAST")
        it.hands["scale-1"].tell(Weighed(300, stable=False))
        await it.scan(APPLES)
        await it.unplug("scale-1")
        await asyncio.sleep(5)
        assert it.heard_last("declined")["code"] == "E-SCALE"
        assert all(line["product"] == "green-tea" for line in it.heard_last("shown")["lines"])


# --- the printer never holds up a sale -----------------------------------------------------------


@in_virtual_time
async def test_paper_runs_out_in_a_receipt_and_it_is_printed_again_as_a_copy(folder: Path) -> None:
    async with lane(folder) as it:
        it.hands["printer-1"].tell(LoadPaper(5))
        await it.scan(TEA, CASH, OOLONG, CASH)
        assert len(it.heard("sold")) == len(it.sales) == 2
        assert cuts(it) == 0
        it.printer.paper.clear()
        it.hands["printer-1"].tell(LoadPaper())
        await asyncio.sleep(1)
        assert (cuts(it), printed(it, COPY)) == (2, 2), "the first is a copy, above and below"
        assert "绿茶 500ml" in it.printer.paper[: it.printer.paper.index("乌龙茶 500ml")]


@in_virtual_time
async def test_a_printer_that_is_away_prints_when_it_is_back(folder: Path) -> None:
    async with lane(folder) as it:
        await it.unplug("printer-1")
        await it.scan(TEA, CASH)
        assert len(it.heard("sold")) == 1
        it.plug("printer-1")
        await asyncio.sleep(5)
        assert (cuts(it), printed(it, COPY)) == (1, 0)


@in_virtual_time
async def test_a_receipt_that_never_comes_out_is_offered_again(folder: Path) -> None:
    async with lane(folder) as it:
        for _ in range(3):
            it.hands["printer-1"].tell(LoadPaper(4))
            await it.scan(*((TEA, CASH) if not it.sales else ()))
            await asyncio.sleep(1)
            it.hands["printer-1"].tell(Cover(True))
            it.hands["printer-1"].tell(Cover(False))
            await asyncio.sleep(1)
        assert it.heard_last("declined")["code"] == "E-NOT-PRINTED"
        it.hands["printer-1"].tell(LoadPaper())
        await it.key(".9")
        assert cuts(it) == 1
        assert printed(it, COPY) == 4, "two torn copies have it above, the whole one below too"


@in_virtual_time
async def test_a_lane_without_printer_or_display_sells(folder: Path) -> None:
    async with lane(folder, ("scanner-1",)) as it:
        await it.key(".9")
        await it.scan(TEA, CASH)
        await it.key(".9")
        codes = [said["code"] for said in it.heard("declined")]
        assert codes == ["E-NO-RECEIPT", "E-NO-PRINTER"]
        assert len(it.sales) == 1


# --- who is told ----------------------------------------------------------------------------------


@in_virtual_time
async def test_on_a_lane_without_a_till_the_first_to_watch_claims(folder: Path) -> None:
    async with lane(folder, ("scanner-1",), till=False) as it:
        with it.box.feeds.subscribe(LANE):
            await it.scan(TEA)
        assert it.said == [("scan", {"text": TEA, "symbology": ""})]
        assert not it.box.lanes.unclaimed


@in_virtual_time
async def test_what_nobody_claims_is_dropped_where_everybody_sees_it(folder: Path) -> None:
    async with lane(folder, ("scanner-1",), till=False) as it:
        await it._end("watcher")
        await it.scan(TEA)
        assert it.box.lanes.unclaimed == {LANE: 1}
        assert b'edge_unclaimed_total{lane="lane-1"} 1.0' in it.box._metrics()
        assert it.sales == []
        it._run("watcher", it._watch())


@pytest.mark.parametrize("faulty", ["display-1", "printer-1", "scale-1"])
def test_a_device_that_talks_nonsense_stops_nobody(faulty: str, tmp_path: Path) -> None:
    async def main(folder: Path) -> None:
        async with lane(folder) as it:
            for junk in (b"\x00\xff" * 300, b"\x10\x08\x0c\x00", b"\x02?A\r" * 50):
                it.hands[faulty].tell(junk)
                await it.scan(TEA)
            await it.scan(CASH)
            assert [said["total"] for said in it.heard("sold")] == [1350]

    virtual_time.run(main(tmp_path))
