"""The day that the examples of the vocabulary show, played on a real box and written down.

    python -m tests.examples      plays it, and writes drivers/terminal/examples anew

Whoever changes an answer, the demo's rules or the words does that, and looks at what changed.
"""

import asyncio
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec.structs import replace

from drivers.terminal import examples
from edge.access.passwords import pin_hash
from edge.config import Cashier, Config
from simulators import demo_data
from tests.counter_kit import rich, trusting
from tests.shopfront import Shopfront, open_shop
from tests.stand import until

FOLDER = Path(examples.__file__).parent
TERMINAL = "pos-1"
SALT = b"0123456789abcdef"
PINS = {"amy": "2468", "boss": "13579"}
AMY = {"kind": "card", "text": demo_data.card_number(1)}
LATTE = {"code": demo_data.ean(1), "quantity": "1"}
OIL = {"code": demo_data.ean(20), "quantity": "1"}
CARD, SPARE, THIRD = (demo_data.card_number(index) for index in (901, 902, 903))
FEE = [{"kind": "wallet", "amount": 9_900}]
UNSENT = re.compile(r'(?<="unsent": )[0-9]+|(?<="unsent_at_close": ){[^}]*}')
SHIFT_COUNTED = 46_490
SEALING = X25519PrivateKey.from_private_bytes(bytes(range(32)))
DIGEST = re.compile(r"\b[0-9a-f]{16}\b|\b[0-9a-f]{64}\b")


def staffed(config: Config) -> Config:
    """A trusting store where amy works, and boss may approve."""
    people = {
        name: Cashier(
            id=name, name=name.title(), pin_scrypt=pin_hash(pin, SALT),
            rights=frozenset({"approve"}) if name == "boss" else frozenset(),
        )
        for name, pin in PINS.items()
    }  # fmt: skip
    terminals = {
        name: replace(terminal, rights=frozenset({"day", "reports"}))
        for name, terminal in config.terminals.items()
    }
    cloud = replace(config.cloud, sealing_key=SEALING.public_key().public_bytes_raw())
    return replace(trusting(config), staff=people, cloud=cloud, terminals=terminals)


class Step(NamedTuple):
    """One request of the day and what was answered."""

    operation: str
    title: str
    request: dict[str, Any]
    status: int
    answer: dict[str, Any]
    body: bytes
    """The answer, byte for byte."""


class Day:
    """Asks at one terminal and remembers; keys are counted, so that the day is always the same."""

    def __init__(self, front: Shopfront) -> None:
        self._front, self._keys = front, 0
        self.steps: list[Step] = []

    async def ask(self, operation: str, title: str, /, **request: Any) -> dict[str, Any]:
        payload = json.dumps(request, ensure_ascii=False).encode()
        journal = self._front.box.journal
        await until(lambda: journal.committed == journal.head.sequence)
        await self._front.settled()
        said = await self._front.over_http(TERMINAL, operation, payload)
        status = said.content.get("status", 200) if "problem" in said.media else 200
        self.steps.append(Step(operation, title, request, status, said.content, said.body))
        return said.content

    async def do(self, operation: str, title: str, /, **request: Any) -> dict[str, Any]:
        return await self.ask(operation, title, key=self.key(), cashier="amy", **request)

    def key(self) -> str:
        self._keys += 1
        return f"01900000-0000-7000-8000-{self._keys:012x}"

    async def sell(self, title: str, tenders: Any = None, **wish: Any) -> dict[str, Any]:
        quoted = await self.ask("quote", f"{title}: what it costs", **wish)
        cash = [{"kind": "cash", "amount": quoted["total"]}]
        return await self.do(
            "sell", title, **wish, quote=quoted["quote"], expected_total=quoted["total"],
            tenders=tenders or cash,
        )  # fmt: skip


async def play(day: Day) -> None:
    """Play the day."""
    await day.ask("health", "How the box is")
    await day.do("park", "Nobody has signed on yet", lines=[LATTE])
    await day.ask("sign_on", "Amy begins to work", cashier="amy", pin=PINS["amy"])
    await day.ask("sign_on", "A wrong PIN", cashier="boss", pin="0000")
    await _selling(day)
    await _value(day)
    await _returning(day)
    await _counts(day)
    await _people(day)
    await _counter(day)
    await _approved(day)
    await _ending(day)
    await day.ask("ask", "A key that was used", key="01900000-0000-7000-8000-000000000002")
    await day.ask("ask", "A key that never will be", key="01900000-0000-7000-8000-0000000000ff")


async def _selling(day: Day) -> None:
    await day.ask("identify", "By a member's card", credential=AMY)
    await day.sell(
        "A guest pays in cash", lines=[LATTE], tenders=[{"kind": "cash", "amount": 2000}]
    )
    sold = await day.sell("A member, and a coupon for next time", lines=[OIL], member=AMY)
    (coupon,) = sold["coupons_given"]
    await day.ask("check_coupon", "A coupon that may be used", coupon=f"C:{coupon}", member=AMY)
    await day.sell(
        "A coupon, and points", lines=[LATTE, OIL], member=AMY, coupons=[f"C:{coupon}"], redeem=50
    )
    await day.sell("A delivery", lines=[LATTE], channel="delivery", region="north")
    parked = await day.do("park", "A basket that waits", lines=[LATTE], member=AMY, label="table 4")
    await day.ask("list_parked", "What waits")
    await day.do("recall", "The basket again", ticket=parked["ticket"])
    await day.do("recall", "Somebody was faster", ticket=parked["ticket"])


async def _value(day: Day) -> None:
    paid_in = await day.do("top_up", "500.00 and a bonus", member=AMY, amount=50_000, tender="card")
    await day.ask("balance", "All that a member holds", credential=AMY)
    value = [{"kind": "value", "amount": 1280}]
    await day.sell("Paid with stored value", lines=[LATTE], member=AMY, tenders=value)
    await day.do("cancel_top_up", "Undone, after some of it was spent", top_up=paid_in["receipt"])
    await day.do("top_up", "A small one", member=AMY, amount=10_000)
    await day.do("refund_card", "The account is closed", member=AMY)


async def _counts(day: Day) -> None:
    sold = await day.do("sell_count_card", "Ten coffees", member=AMY, plan="coffees")
    used = await day.do("use_count", "One of them", member=AMY, product="americano")
    await _uses_in_a_sale(day)
    await day.do("use_count", "More than there are", member=AMY, product="americano", uses=10)
    await day.do("return_use", "It was not drunk", use=used["deed"])
    await day.do("give_back_count_card", "No more coffee", count_card=sold["receipt"])
    card = {"member": AMY, "card": "gift-100", "tender": "wallet"}
    await day.do("sell_card", "A card product", **card)
    await day.do("exchange", "An umbrella for points", member=AMY, offer="umbrella")
    await day.do("exchange", "Nobody offers that", member=AMY, offer="yacht")
    umbrella = await day.do("exchange", "One more", member=AMY, offer="umbrella")
    await day.do("undo_exchange", "It is broken", exchange=umbrella["receipt"], reason="broken")
    await day.do("draw", "The home of the points alone may draw", member=AMY, draw="wheel")
    await day.do("undo_draw", "Nobody knows that ticket", ticket="s1-box-1-1S-999999")
    gold = await day.do("buy_tier", "A year of gold", member=AMY, tier="gold", tenders=FEE)
    assert "tier" in gold, gold
    await day.do("refund_tier", "Given back at once", member=AMY)


async def _uses_in_a_sale(day: Day) -> None:
    two = {"lines": [{"code": "americano", "quantity": "2"}], "member": AMY, "uses": [{"line": 0}]}
    parked = await day.do("park", "A basket of which a use is to pay a part", **two)
    await day.do("recall", "With its use", ticket=parked["ticket"])
    quoted = await day.ask("quote", "A use of a count card pays for one of two", **two)
    sold = await day.do(
        "sell", "A use pays for one, a bank card for the other", **two, quote=quoted["quote"],
        expected_total=quoted["total"], tenders=[{"kind": "card", "amount": quoted["due"]}],
    )  # fmt: skip
    await day.ask("quote", "More uses than goods", **{**two, "uses": [{"line": 0, "uses": 3}]})
    back = [{"line": 0, "units": [0]}]
    await day.do(
        "return", "What a use paid for gives the use back", sale=sold["receipt"], lines=back
    )


async def _people(day: Day) -> None:
    terms = [{"to": "terms", "version": "1"}]
    new = await day.do(
        "enrol", "A new member, with a card and what only the cloud may read", display="李四",
        phone="13900000077", birthday="05-23", card=CARD, consents=terms,
        personal={"name": "李四", "phone": "13900000077"},
    )  # fmt: skip
    await day.do("enrol", "They are a member already", phone="13900000077", consents=terms)
    await day.do("enrol", "What everybody must agree to", display="Wang")
    card = {"kind": "card", "text": CARD}
    await day.ask("identify", "By the card that was handed out", credential=card)
    await day.do("update_member", "Another birthday", member=card, birthday="05-24")
    await day.do("bind_card", "One more card", member=card, card=SPARE)
    await day.do("freeze_card", "Mislaid", card=SPARE, reason="mislaid")
    await day.ask("identify", "By a frozen card", credential={"kind": "card", "text": SPARE})
    unfrozen = {"card": SPARE}
    await day.do("unfreeze_card", "A cashier alone may not", **unfrozen)
    await _with_approval(day, "unfreeze_card", "Found again", **unfrozen)
    await _with_approval(day, "replace_card", "A new card for an old one", old=SPARE, new=THIRD)
    await day.do(
        "activate_card", "It is no pre-printed card", card=CARD, batch="b1", distributor="x"
    )
    member = {"kind": "member", "text": new["member"]}
    await day.sell("The new member buys", lines=[LATTE], member=member)


async def _with_approval(day: Day, operation: str, title: str, /, **request: Any) -> None:
    wanted = {"key": day.key(), "cashier": "amy", **request, "approved_by": "boss"}
    await day.ask(
        "approve", f"The manager agrees: {title}", manager="boss", pin=PINS["boss"],
        operation=operation, request=wanted,
    )  # fmt: skip
    await day.ask(operation, title, **wanted)


async def _counter(day: Day) -> None:
    sold = await day.sell("A sale to speak of", lines=[LATTE])
    await day.do("feedback", "A score", kind="score", about=sold["receipt"], score=5)
    await day.do("feedback", "A complaint", kind="complaint", about=sold["receipt"], tags=["slow"])
    await day.do("feedback", "At an event", kind="check_in", about="gala", member=AMY)
    await day.do("feedback", "They came before", kind="check_in", about="gala", member=AMY)
    scanned = [
        {"code": demo_data.ean(1), "quantity": "12"},
        {"code": demo_data.ean(1), "quantity": "-2"},
    ]
    await day.do("scan_session", "A shelf", name="shelf 3", purpose="stock", scanned=scanned)
    nothing = [
        {"code": demo_data.ean(1), "quantity": "1"},
        {"code": demo_data.ean(1), "quantity": "-1"},
    ]
    await day.do("scan_session", "Nothing left", name="shelf 4", purpose="stock", scanned=nothing)


async def _approved(day: Day) -> None:
    sold = await day.sell("Brought back later", lines=[LATTE])
    wanted = {
        "key": day.key(), "cashier": "amy", "sale": sold["receipt"], "approved_by": "boss",
    }  # fmt: skip
    await day.ask("return", "The manager has not approved it yet", **wanted)
    await day.ask(
        "approve", "The manager lets that very request through", manager="boss",
        pin=PINS["boss"], operation="return", request=wanted,
    )  # fmt: skip
    await day.ask("return", "The same request again, approved", **wanted)


async def _ending(day: Day) -> None:
    await day.do("day_open", "It has begun already")
    await day.ask("x_report", "How the day goes")
    await day.do("shift_close", "3.00 is missing", counted=SHIFT_COUNTED, change_money=10_000)
    await day.do("z_close", "The day is over", counted={"": SHIFT_COUNTED}, change_money=10_000)
    await day.ask("x_report", "No day is open")
    await day.do("day_open", "The next one")
    await day.ask("sign_off", "Amy leaves")


async def _returning(day: Day) -> None:
    two = {**LATTE, "quantity": "2"}
    sold = await day.sell("Two, of which one comes back", lines=[two])
    back = [{"line": 0, "count": 1}]
    await day.do("return", "One of two", sale=sold["receipt"], lines=back, reason="torn")
    await day.ask("find_receipt", "By its number", sale=sold["receipt"])
    await day.do(
        "return", "More than there is", sale=sold["receipt"], lines=[{"line": 0, "count": 9}]
    )
    wrong = await day.sell("A mistake", lines=[LATTE])
    await day.do("void", "The whole receipt", sale=wrong["receipt"], reason="mistake")
    await day.ask("reprint", "A copy", sale=sold["receipt"])


def written(steps: list[Step]) -> Iterator[tuple[str, str]]:
    """Yield the name and the content of each file of examples."""
    for operation in dict.fromkeys(step.operation for step in steps):
        mine = [
            {"step": number, **step._asdict()}
            for number, step in enumerate(steps, 1)
            if step.operation == operation
        ]
        for one in mine:
            del one["operation"], one["body"]
        yield f"{operation}.json", json.dumps(mine, ensure_ascii=False, indent=1) + "\n"


def plain(answer: Any) -> Any:
    """Return an answer without what depends on every byte written before it, or on the wire."""
    return json.loads(UNSENT.sub("0", DIGEST.sub("~", json.dumps(answer))))


async def main() -> None:
    """Play the day on a fresh box and write it down."""
    folder = Path(tempfile.mkdtemp())
    try:
        async with open_shop(folder, bundle=rich(), adjust=staffed) as front:
            day = Day(front)
            await play(day)
    finally:
        shutil.rmtree(folder)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for name, text in written(day.steps):
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
