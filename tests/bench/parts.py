"""What the parts of a sale cost by themselves, beside a whole sale and a bare echo; prints JSON.

    python -m tests.bench.parts --out parts.json

The parts are what no box can leave out that answers with an exact receipt: read the request,
price it, take the payment, post the entry, print the receipt, write the answer and the fact, and
seal a page. Each is the box's own function, called in this process with everything it wants in
memory already: no member is looked up, no key, no limit and no right is checked, nothing waits
for a disk, a thread or a socket. `parts / echo` is therefore less than what CPU of a sale beside
an echo can come to as long as these functions are what they are, and `parts / sale` the share of
a sale that they explain.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from drivers import terminal as words
from edge import letters, replies
from edge.desk.answer import reply
from edge.journal import Page
from edge.shop.accounts.lots import Holdings
from edge.shop.basket import Basket, Line, Product
from edge.shop.bundle import decode
from edge.shop.facts import SaleMade
from edge.shop.member import Member
from edge.shop.operations.made import Made
from edge.shop.operations.sell import sell
from edge.shop.pricing import compile_rules, moment, price
from edge.shop.receipt import ReceiptHeader, render
from edge.shop.tender import Paid, Tender, settle
from simulators import demo_data
from tests.bench import costs, report
from tests.bench.report import spread
from tests.bench.shop import BASKET, STORE
from tests.bench.terminals import cells_of, stand

KEY = "01920000-0000-7000-8000-000000000001"
AT = moment(1_795_312_800_000, "Asia/Shanghai")
DIGEST = "0d" * 32
SALE, ECHO = "sale mqtt 50", "R2 50"

Part = Callable[[], object]


def parts() -> Mapping[str, Part]:
    """Return each part of a sale of the basket that the other benchmarks sell, ready to be run."""
    rules = compile_rules(decode(msgspec.json.encode(demo_data.bundle(STORE))), "b" * 64)
    products = {one.id: msgspec.convert(one, Product, from_attributes=True)
                for one in demo_data.products()}  # fmt: skip
    by_code = {code: products[one.id] for one in demo_data.products() for code in one.gtins}
    lines = tuple(_line(by_code.get(one["code"]) or products[one["code"]], one)
                  for one in BASKET["lines"])  # fmt: skip
    basket = Basket(lines, Member("m00002", display="L*", tier="gold"))
    quote = price(basket, rules, AT, "handheld_pos", 1)
    made = Made(
        deed=KEY, receipt="s1-1S-000001", business_date=AT.date, at=AT, store=STORE,
        terminal="t01", terminal_kind="handheld_pos", cashier="anna",
    )  # fmt: skip
    cash, nothing = (Tender("cash", 20000),), Holdings()
    paid = settle(quote.total, cash, nothing, rules.bundle, today=AT.date)
    assert isinstance(paid, Paid), paid
    fact = sell(quote, paid, rules, nothing, made)
    assert isinstance(fact, SaleMade), fact
    header = ReceiptHeader(
        store_zh="一号店", store_en="Store one", epoch=1, sequence=1, previous=DIGEST,
        at_ms=AT.at_ms, zone="Asia/Shanghai", points_balance=100,
    )  # fmt: skip
    stamp = replies.Stamp(KEY, "zh", 1, 1, DIGEST, AT.at_ms)
    text = render(fact, header, "zh")
    request = _request(quote.fingerprint, quote.total)
    kind, body = letters.write(fact)
    answer = reply(replies.sold(fact, stamp, text)).stored()
    page = Page(1, 1, AT.at_ms, "t01", KEY, DIGEST, kind, body, answer, "")
    return {
        "read the request": lambda: (words.decode("sell", request), hashlib.sha256(request)),
        "price it": lambda: price(basket, rules, AT, "handheld_pos", 1),
        "take the payment": lambda: settle(
            quote.total, cash, nothing, rules.bundle, today=AT.date
        ),
        "post the entry": lambda: sell(quote, paid, rules, nothing, made),
        "print the receipt": lambda: render(fact, header, "zh"),
        "write the answer": lambda: reply(replies.sold(fact, stamp, text)).stored(),
        "write the fact": lambda: letters.write(fact),
        "seal the page": lambda: page.sealed_after(DIGEST),
    }  # fmt: skip


def _line(product: Product, said: Mapping[str, str]) -> Line:
    quantity = Decimal(said.get("quantity", "1"))
    return Line(
        product=product, code=said["code"], quantity=quantity, unit_price=product.price
    )  # fmt: skip


def _request(quote: str, total: int) -> bytes:
    return json.dumps({
        "key": KEY, "cashier": "anna", **BASKET, "quote": quote, "expected_total": total,
        "tenders": [{"kind": "cash", "amount": 20000}],
    }).encode()  # fmt: skip


async def measure(folder: Path, rounds: int, seconds: float) -> dict[str, Any]:
    """Return the report."""
    head, done = report.header(folder, rounds, seconds), list[Mapping[str, float]]()
    alone = {name: costs.repeated(part, seconds / 4) for name, part in parts().items()}
    async with stand(folder) as here:
        cells = {name: cells_of(here)[name] for name in (ECHO, SALE)}
        for number in range(1, rounds + 1):
            one = {name: (await cell()).cpu_us for name, cell in alone.items()}
            one |= {name: (await cell(seconds)).cpu_us for name, cell in cells.items()}
            done.append(one)
            print(f"round {number} of {rounds}: {one}", file=sys.stderr, flush=True)
    return {
        "header": {**head, "cells": "microseconds of CPU"},
        "ratios": _ratios(done, tuple(alone)),
        "cells": {name: spread([one[name] for one in done], 1) for name in done[0]},
    }


def _ratios(rounds: Sequence[Mapping[str, float]], alone: Sequence[str]) -> dict[str, Any]:
    sums = [sum(one[name] for name in alone) for one in rounds]
    return {
        f"parts / {against}": spread(
            [parts / one[name] for parts, one in zip(sums, rounds, strict=True)], 2
        )
        for against, name in (("echo", ECHO), ("sale", SALE))
    }


def main() -> None:
    """Read the arguments, measure, write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.parts", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each cell of a round")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="edgebox-bench-") as folder:
        found = uvloop.run(measure(Path(folder), asked.rounds, asked.seconds))
    made = {"made_with": "python -m tests.bench.parts --out FILE", **found}
    asked.out.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
