"""Cashiers of a voyage: they sell, pay in, take back and put aside, and now and then err."""

import asyncio
import json
from typing import Any

from simulators import demo_data
from tests.afloat import DAY_SECONDS, Store
from tests.crew import RETRY_SECONDS, Ask, encode, new_key
from tests.oracle.recorder import Asked, must

Said = dict[str, Any]

TURNS = {"sell": 65, "pay_in": 12, "take_back": 13, "undo_pay_in": 4, "put_aside": 6}
"""What a guest wants, out of a hundred."""
MEMBERS = 5
"""How many people come here."""
CODE_SECONDS = 600
"""How long the code on a phone is good."""
PAID_IN = (10_000, 30_000, 50_000, 100_000)


class Cashier:
    """Does what guests want, as a person would, and now and then something wrong."""

    def __init__(self, store: Store, name: str, ask: Ask) -> None:
        self._store, self._name, self._ask, self._luck = store, name, ask, store.luck
        self._sales: list[str] = []
        self._top_ups: list[str] = []
        """Receipts of this cashier's own."""
        self._coupons: dict[str, list[str]] = {}
        """Coupons that were ever shown here, by who showed them."""
        self._number = 0

    async def work(self, turns: int) -> None:
        """Serve so many guests over the day."""
        for _ in range(turns):
            await asyncio.sleep(self._luck.random() * 2 * DAY_SECONDS / turns)
            match self._luck.choices([*TURNS], [*TURNS.values()])[0]:
                case "pay_in":
                    await self._pay_in()
                case "take_back" if self._sales:
                    await self._take_back()
                case "undo_pay_in" if self._top_ups:
                    top_up = self._luck.choice(self._top_ups)
                    await self._do("cancel_top_up", {"top_up": top_up})
                case "put_aside":
                    await self._put_aside()
                case _:
                    await self._sell(self._basket())

    # --- sales -----------------------------------------------------------------------------------

    async def _sell(self, basket: Said) -> None:
        basket = {**basket, **await self._wishes(basket)}
        quoted = json.loads(await self._ask("quote", encode(basket)))
        if "code" in quoted:
            self._store.recorder.counts[f"quote {quoted['code']}"] += 1
            return
        total = quoted["total"]
        wrong = self._luck.random() < 0.1
        request = {
            **basket,
            "quote": quoted["quote"],
            "expected_total": total + (1 if wrong else 0),
            "tenders": await self._tenders(basket, total),
        }
        sold = await self._do("sell", request, quoted["bundle"])
        if "code" not in sold:
            self._sales.append(sold["receipt"])
            if basket.get("member", {}).get("kind") == "code" and self._luck.random() < 0.5:
                await self._show_again(basket["member"])

    async def _show_again(self, code: Said) -> None:
        """Try a code that was used, while it would still be good."""
        await asyncio.sleep(self._luck.random() * CODE_SECONDS)
        await self._sell({**self._basket(), "member": code})

    async def _wishes(self, basket: Said) -> Said:
        """Return what a member wants to redeem: points, and coupons, used ones too."""
        luck = self._luck
        if "member" not in basket or luck.random() < 0.3:
            return {}
        held = await self._held(basket)
        mine = self._coupons.setdefault(basket["member"]["text"], [])
        mine += [lot["lot"] for lot in held.get("lots", ()) if lot["unit"] == "CPN"]
        coupons = [luck.choice(mine)] if mine and luck.random() < 0.7 else []
        return {"coupons": coupons, "redeem": luck.choice([0, 0, 10, 40, 500])}

    async def _tenders(self, basket: Said, total: int) -> list[Said]:
        """Pay from stored value what the member has of it, now and then more, the rest in cash."""
        luck, value = self._luck, 0
        if "member" in basket and luck.random() < 0.6:
            held = await self._held(basket)
            stored = held.get("principal", 0) + held.get("bonus", 0)
            value = min(total, luck.choice([stored, stored // 3, stored + 100]))
        tenders = [{"kind": "value", "amount": value}] if value else []
        if value < total or not total:
            cash = total - value + luck.choice([0, 5000])
            tenders.append({"kind": "cash", "amount": cash})
        return tenders

    async def _held(self, basket: Said) -> Said:
        asked = encode({"credential": basket["member"]})
        held: Said = json.loads(await self._ask("balance", asked))
        refused = held.get("code", "")
        if refused == "E-UNKNOWN-MEMBER":  # a guest may be here before the cloud's first page is
            must(not self._store.knows_members, "who was known once is known for ever", held)
        else:
            must(not refused or refused.startswith("E-CODE"), "a balance is told", held)
            self._store.knows_members |= not refused
        return held

    # --- all else --------------------------------------------------------------------------------

    async def _pay_in(self) -> None:
        member = self._member()
        paid = await self._do("top_up", {"member": member, "amount": self._luck.choice(PAID_IN)})
        if "code" not in paid:
            self._top_ups.append(paid["receipt"])

    async def _take_back(self) -> None:
        """Take back a whole sale, one unit of it, or what is left; perhaps not the first time."""
        sale = self._luck.choice(self._sales)
        match self._luck.choice(["void", "some", "rest"]):
            case "void":
                await self._do("void", {"sale": sale})
            case "some":
                await self._do("return", {"sale": sale, "lines": [{"line": 0, "count": 1}]})
            case _:
                await self._do("return", {"sale": sale})

    async def _put_aside(self) -> None:
        """Put a basket aside; take it up later, now and then twice, and sell it."""
        basket = self._basket()
        parked = await self._do("park", basket)
        if "code" in parked:
            return
        await asyncio.sleep(self._luck.random() * 3600)
        recalled = await self._do("recall", {"ticket": parked["ticket"]})
        if self._luck.random() < 0.3:
            await self._do("recall", {"ticket": parked["ticket"]})
        if "code" not in recalled:
            await self._sell(basket)

    # --- one request -----------------------------------------------------------------------------

    async def _do(self, operation: str, said: Said, rules: str = "") -> Said:
        """Have something done, however long it takes; return what was answered."""
        self._number += 1
        recorder, key = self._store.recorder, new_key(self._luck, self._number)
        request = {**said, "key": key, "cashier": self._name}
        payload = encode(request)
        recorder.asks(key, Asked(self._name, operation, request, rules))
        first = await self._settled(operation, payload)
        recorder.answered(key, first)
        self._store.look()
        if self._luck.random() < 0.2:
            recorder.answered(key, await self._settled(operation, payload))
        await self._ask_about(key, first)
        answer: Said = json.loads(first)
        recorder.counts[f"{operation} {answer.get('code', 'done')}"] += 1
        return answer

    async def _settled(self, operation: str, payload: bytes) -> bytes:
        """Ask until the answer is not `retry: same`."""
        while True:
            answer = await self._ask(operation, payload)
            if json.loads(answer).get("retry") != "same":
                return answer
            await asyncio.sleep(RETRY_SECONDS)

    async def _ask_about(self, key: str, answer: bytes) -> None:
        """Now and then ask what became of a key: of this one, or of one nobody ever used."""
        luck, recorder = self._luck, self._store.recorder
        if luck.random() < 0.15:
            fate = json.loads(await self._settled("ask", encode({"key": key})))
            must(fate["fate"] == "done", "what was answered is done", key, fate)
            must(fate["answer"] == json.loads(answer), "done is done with its answer", key)
        if luck.random() < 0.05:
            unused = new_key(luck, 7)
            fate = json.loads(await self._settled("ask", encode({"key": unused})))
            must(fate == {"key": unused, "fate": "never"}, "what nobody used is never", fate)
            recorder.never[unused] = self._name

    def _basket(self) -> Said:
        luck = self._luck
        lines = [
            {"code": demo_data.ean(luck.randint(1, 13)), "quantity": str(luck.randint(1, 3))}
            for _ in range(luck.randint(1, 4))
        ]
        if luck.random() < 0.3:
            lines.append({"code": "apples", "quantity": f"0.{luck.randint(100, 999)}"})
        if luck.random() < 0.03:
            lines.append({"code": "6900000000007", "quantity": "1"})
        basket: Said = {"lines": lines}
        if luck.random() < 0.7:
            basket["member"] = self._member()
        return basket

    def _member(self) -> Said:
        """Return the card or a code of one of a few members: so the same ones come again."""
        number = self._luck.randint(1, MEMBERS)
        if self._luck.random() < 0.15:
            return {"kind": "code", "text": self._store.mint(f"m{number:04}", CODE_SECONDS)}
        return {"kind": "card", "text": demo_data.card_number(number)}
