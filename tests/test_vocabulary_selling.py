"""What can be sold, parked and taken back at a terminal; in memory, with real files."""

import json
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from edge.verify import verify
from simulators import demo_data
from tests.counter_kit import BANANAS, LATTE, OIL, SILVER, Till, counter, trusting
from tests.stand import Stand, until


def agrees(folder: Path) -> bool:
    return verify(folder / "state" / "journal.db").books_agree


async def test_a_coupon_that_a_sale_gave_pays_for_the_next(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        first = await till.sell(OIL, member=SILVER)
        (coupon,) = first["coupons_given"]
        assert "Coupon" in first["text"] or "赠券" in first["text"]
        checked = await till.ask("check_coupon", coupon=f"C:{coupon}", member=SILVER)
        assert (checked["type"], checked["usable"], checked["uses_left"]) == ("ten-off", True, 1)
        quoted = await till.ask("quote", lines=LATTE, member=SILVER, coupons=[f"C:{coupon}"])
        assert [c["reason"] for c in quoted["coupons"]] == ["R-APPLIED"]
        assert quoted["total"] == 280
        sold = await till.sell(LATTE, member=SILVER, coupons=[f"C:{coupon}"])
        assert sold["total"] == 280
        again = await till.ask("check_coupon", coupon=coupon, member=SILVER)
        assert (again["usable"], again["reason"]) == (False, "R-COUPON-USED")
        others = await till.ask("check_coupon", coupon="C:nobody-knows", member=SILVER)
        assert others["reason"] == "R-COUPON-UNKNOWN"
    assert agrees(tmp_path)


async def test_points_pay_a_part_and_come_back_with_the_goods(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        await till.sell(OIL, member=SILVER)
        before = await till.ask("balance", credential=SILVER)
        assert (before["points"], before["points_spendable"]) == (147, 137), "10 are elsewhere"
        sold = await till.sell(LATTE, member=SILVER, redeem="max")
        assert (sold["points_spent"], sold["total"]) == (147, 1133), "and asked for"
        back = await till.do("return", sale=sold["receipt"])
        assert (back["total"], back["points_back"], back["complete"]) == (1133, 147, True)
        assert "退货" in back["text"]
        after = await till.ask("balance", credential=SILVER)
        assert after["points"] == 147
        assert (await till.tries("return", sale=sold["sale"]))["code"] == "E-RETURN-NOTHING"
    assert agrees(tmp_path)


async def test_stored_value_is_paid_in_spent_and_paid_out(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        paid_in = await till.do("top_up", member=SILVER, amount=50_000, tender="card")
        assert (paid_in["bonus"], paid_in["principal_balance"]) == (5_000, 50_000)
        assert "充值" in paid_in["text"]
        value = {"kind": "value", "amount": 1280}
        sold = await till.sell(LATTE, member=SILVER, tenders=[value])
        assert sold["change"] == 0
        held = await till.ask("balance", credential=SILVER)
        assert held["principal"] + held["bonus"] == 55_000 - 1280
        out = await till.do("cancel_top_up", top_up=paid_in["receipt"])
        assert (out["what"], out["tender"]) == ("top_up", "card")
        twice = await till.tries("cancel_top_up", top_up=paid_in["deed"])
        assert twice["code"] == "E-TOP-UP-CANCELLED"
        await till.do("top_up", member=SILVER, amount=10_000)
        closed = await till.do("refund_card", member=SILVER)
        assert (closed["what"], closed["refund"]) == ("account", 10_000)
        short = await till.sale(LATTE, member=SILVER, tenders=[value])
        assert (await till.tries("sell", **short))["code"] in {"E-VALUE-SHORT", "E-OFFLINE-LIMIT"}
    assert agrees(tmp_path)


async def test_who_cannot_prove_who_they_are_spends_nothing(tmp_path: Path) -> None:
    async with counter(tmp_path, adjust=lambda config: config) as till:
        await till.do("top_up", member=SILVER, amount=50_000)
        sale = await till.sale(LATTE, member=SILVER, tenders=[{"kind": "value", "amount": 1280}])
        refused = await till.tries("sell", **sale)
        assert (refused["code"], refused["retry"]) == ("E-NEEDS-PROOF", "same")
        approved = await till.tries("sell", **sale, approved_by="boss")
        assert approved["code"] == "E-NOT-APPROVED", "anybody could say so"
        assert (await till.sell(LATTE, member=SILVER))["total"] == 1280, "cash needs no proof"


async def test_money_comes_in_all_ways_at_once(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        mixed = [
            {"kind": "card", "amount": 1000}, {"kind": "wallet", "amount": 500},
            {"kind": "cash", "amount": 1000},
        ]  # fmt: skip
        sold = await till.sell(LATTE, tenders=mixed)
        assert (sold["total"], sold["paid"], sold["change"]) == (1800, 2500, 700)
        over = await till.sale(LATTE, tenders=[{"kind": "card", "amount": 5000}])
        assert (await till.tries("sell", **over))["code"] == "E-TENDER-OVER"
        bare = await till.sale(LATTE, tenders=[{"kind": "voucher", "amount": 1800}])
        assert (await till.tries("sell", **bare))["code"] == "E-MALFORMED"
        voucher = {"id": "v1", "issuer": "deals", "face": 1800, "paid": 1500, "settlement": 1400}
        paid = await till.sale(
            LATTE, tenders=[{"kind": "voucher", "amount": 9000, "voucher": voucher}]
        )
        assert (await till.do("sell", **paid))["paid"] == 1800, "its face counts, and no more"


async def test_a_delivery_is_charged_and_the_counter_is_not(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        home = await till.ask("quote", lines=LATTE, channel="delivery")
        assert [line["kind"] for line in home["lines"] if "kind" in line] == ["charge"]
        assert home["total"] == 2300
        assert (await till.ask("quote", lines=LATTE, channel="counter"))["total"] == 1800
        sold = await till.sell(LATTE, channel="delivery", region="north")
        assert sold["total"] == 2300


async def test_a_void_is_for_today_and_a_part_is_a_return(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        two = await till.sell([{**LATTE[0], "quantity": "2"}, BANANAS])
        found = await till.ask("find_receipt", sale=two["receipt"])
        (sale,) = found["sales"]
        assert (sale["state"], [line["units"] for line in sale["lines"]]) == ("sold", [2, 1])
        part = await till.do("return", sale=two["receipt"], lines=[{"line": 0, "count": 1}])
        assert (part["what"], part["total"], part["complete"]) == ("return", 1800, False)
        assert (await till.tries("void", sale=two["receipt"]))["code"] == "E-VOID-PARTLY"
        again = (await till.ask("find_receipt", sale=two["sale"]))["sales"][0]
        assert (again["state"], again["lines"][0]["back"]) == ("partly_returned", [0])
        whole = await till.sell(LATTE)
        voided = await till.do("void", sale=whole["receipt"], reason="mistake")
        assert (voided["what"], voided["sale_receipt"]) == ("void", whole["receipt"])
        assert (await till.tries("return", sale=whole["sale"]))["code"] == "E-ALREADY-VOID"
        of_return = await till.tries("return", sale=voided["receipt"])
        assert of_return["code"] == "E-RETURN-OF-RETURN"
        unknown = await till.tries("return", sale="s1-box-1-1S-999999")
        assert unknown["code"] == "E-UNKNOWN-RECEIPT"
        foreign = await till.tries("return", sale="s2-box-1-1S-1")
        assert foreign["code"] == "E-UNKNOWN-RECEIPT", "the cloud was asked, and has none"
    assert agrees(tmp_path)


async def test_a_reprint_is_marked_as_a_copy(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        sold = await till.sell(LATTE, member=SILVER)
        back = await till.do("return", sale=sold["receipt"])
        await settled(till.shop)
        for name, what in ((sold["receipt"], "小票"), (back["receipt"], "退货")):
            copy = await till.ask("reprint", sale=name)
            assert what in copy["text"]
            assert copy["text"].count("补打小票") == 2
        assert "补打小票" not in sold["text"] + back["text"]
        members = await till.ask("find_receipt", member=SILVER)
        assert [sale["state"] for sale in members["sales"]] == ["returned"]


async def test_a_parked_basket_outlives_a_restart_and_is_taken_once(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        parked = await till.do("park", lines=LATTE, member=SILVER, label="table 4")
        (waiting,) = (await till.ask("list_parked"))["baskets"]
        assert (waiting["ticket"], waiting["label"]) == (parked["ticket"], "table 4")
    async with counter(tmp_path) as till:
        till._keys = 100
        handheld = type(till)(till.shop, "handheld-1")
        taken = await handheld.do("recall", ticket=parked["ticket"])
        assert [line["code"] for line in taken["lines"]] == [demo_data.ean(1)]
        member = {"kind": "member", "text": taken["member"]}
        sold = await handheld.sell(taken["lines"], member=member)
        assert sold["total"] == 1280
        assert (await till.tries("recall", ticket=parked["ticket"]))["code"] == "E-BASKET-GONE"
        assert (await till.ask("list_parked"))["baskets"] == []
    assert agrees(tmp_path)


async def test_a_member_is_greeted_once(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        first = await till.ask("identify", credential=SILVER)
        assert [notice["text"] for notice in first["notices"]] == ["欢迎"]
        assert "notices" not in await till.ask("identify", credential=SILVER)


async def test_an_unattended_terminal_may_sell_and_little_else(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        config = till.shop.config.terminals["pos-1"]
        cabinet: Any = replace(config, kind="unattended")
        for operation in ("return", "void", "top_up", "refund_card", "reprint"):
            answer = await till.shop.box.desk.handle(cabinet, operation, body(operation))
            assert (answer.status, b"E-FORBIDDEN" in answer.body) == (403, True)
        quoted = await till.shop.box.desk.handle(
            cabinet, "quote", b'{"lines":[{"code":"bananas"}]}'
        )
        assert quoted.status == 200


def body(operation: str) -> bytes:
    some = {
        "return": b'"sale":"x"', "void": b'"sale":"x"',
        "top_up": b'"member":{"kind":"card","text":"1"},"amount":1',
        "refund_card": b'"member":{"kind":"card","text":"1"}',
    }  # fmt: skip
    if operation == "reprint":
        return b'{"sale":"x"}'
    head = b'{"key":"01900000-0000-7000-8000-000000000001","cashier":"anna",'
    return head + some[operation] + b"}"


async def settled(shop: Stand) -> None:
    await until(lambda: shop.box.journal.committed == shop.box.journal.head.sequence)


async def test_what_is_practised_is_as_exact_and_counts_for_nothing(tmp_path: Path) -> None:
    def learning(config: Any) -> Any:
        config = trusting(config)
        learner = replace(config.terminals["handheld-1"], training=True)
        return replace(config, terminals={**config.terminals, "handheld-1": learner})

    async with counter(tmp_path, adjust=learning) as till:
        real = await till.sell(OIL, member=SILVER)
        before = await till.ask("balance", credential=SILVER)
        learner = Till(till.shop, "handheld-1")
        sold = await learner.sell(LATTE, member=SILVER)
        assert "练习模式" in sold["text"]
        back = await learner.do("return", sale=sold["receipt"])
        assert "练习模式" in back["text"]
        await learner.do("top_up", member=SILVER, amount=10_000)
        ticket = (await learner.do("park", lines=LATTE))["ticket"]
        await learner.do("recall", ticket=ticket)
        unknown = await learner.tries("return", sale=real["receipt"])
        assert unknown["code"] == "E-UNKNOWN-RECEIPT", "no real sale comes back in practice"
        assert (await learner.tries("z_close"))["code"] == "E-FORBIDDEN"
        assert (await till.ask("balance", credential=SILVER))["lots"] == before["lots"]
        assert (await till.ask("list_parked"))["baskets"] == []
    assert agrees(tmp_path)


async def test_a_ticket_wins_at_the_home_of_the_points_and_may_be_taken_back(
    tmp_path: Path,
) -> None:
    async with counter(tmp_path) as till:
        await till.sell(OIL, member=SILVER)
        away = await till.tries("draw", member=SILVER, draw="wheel")
        assert away["code"] == "E-NEEDS-CLOUD"
        desk = till.shop.box.desk
        desk.means = desk.means._replace(away=None)  # as where no cloud is anybody's home
        won = await till.do("draw", member=SILVER, draw="wheel")
        assert (won["prize"], won["product"], won["points"]) == ("tea", "green-tea", 10)
        assert "抽奖" in won["text"]
        assert (await till.tries("undo_draw", ticket=won["receipt"]))["code"] == "E-NEEDS-APPROVAL"
        boss = replace(till.shop.terminal(), rights=frozenset({"approve"}))
        desk.staff = None
        wanted = {"key": till.key(), "cashier": "anna", "ticket": won["deed"]}
        body = json.dumps({**wanted, "approved_by": "boss"}).encode()
        back = json.loads((await desk.handle(boss, "undo_draw", body)).body)
        assert (back["how"], back["points"], back["forfeited"]) == ("void", 10, 0)
        again = json.dumps({**wanted, "key": till.key(), "approved_by": "boss"}).encode()
        assert b"E-RETURN-NOTHING" in (await desk.handle(boss, "undo_draw", again)).body
        held = await till.ask("balance", credential=SILVER)
        assert held["points_spendable"] == 137
    assert agrees(tmp_path)


async def test_what_was_had_for_points_comes_back_piece_by_piece(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        await till.sell(OIL, member=SILVER)
        two = await till.do("exchange", member=SILVER, offer="umbrella", count=2)
        assert (two["points"], two["points_left"]) == (100, 47)
        one = await till.do("undo_exchange", exchange=two["receipt"], count=1)
        assert (one["how"], one["points"], one["complete"]) == ("return", 50, False)
        rest = await till.do("undo_exchange", exchange=two["deed"])
        assert (rest["count"], rest["complete"]) == (1, True)
        more = await till.tries("undo_exchange", exchange=two["deed"], count=1)
        assert more["code"] == "E-RETURN-TOO-MANY"
        assert (await till.ask("balance", credential=SILVER))["points"] == 147
    assert agrees(tmp_path)


async def test_a_count_card_is_used_up_and_never_beyond(tmp_path: Path) -> None:
    async with counter(tmp_path) as till:
        card = await till.do("sell_count_card", member=SILVER, plan="coffees", tender="wallet")
        used = await till.do("use_count", member=SILVER, product="americano", uses=9)
        assert (used["left"], used["count_card"]) == (1, card["count_card"])
        beyond = await till.tries("use_count", member=SILVER, product="americano", uses=2)
        assert beyond["code"] in {"E-COUNTS-SHORT", "E-OFFLINE-USES"}
        other = await till.tries("use_count", member=SILVER, product="latte")
        assert other["code"] == "E-COUNTS-SHORT"
        back = await till.do("return_use", use=used["receipt"], uses=4)
        assert (back["what"], back["left"]) == ("return", 5)
        given = await till.do("give_back_count_card", count_card=card["receipt"])
        assert (given["uses"], given["tender"], given["refund"]) == (
            5,
            "wallet",
            12_000 - 5 * 1_500,
        )
        empty = await till.tries("give_back_count_card", count_card=card["receipt"])
        assert empty["code"] == "E-CARD-EMPTY"
    assert agrees(tmp_path)
