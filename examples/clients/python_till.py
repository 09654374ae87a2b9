"""A small till: quote, sell, and never sell twice. Needs nothing but Python.

    python python_till.py http://127.0.0.1:8480 visitor:TOKEN 6970000000031 2

The key of a sale is written down before it is sent. Whatever happens then, start it again: it
asks what became of the open sale before it begins another.
"""

import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

OPEN = Path(os.environ.get("OPEN_SALE", "open-sale.json"))


def new_key() -> str:
    """Return a UUIDv7 (RFC 9562 section 5.7)."""
    value = (time.time_ns() // 1_000_000) << 80 | random.getrandbits(80)
    return str(uuid.UUID(int=value & ~(0xF << 76) & ~(0b11 << 62) | 0x7 << 76 | 0b10 << 62))


def ask(box: str, login: str, operation: str, body: dict) -> dict:
    """Return the box's answer, a reply or a problem, however often it takes."""
    headers = {"Authorization": f"Bearer {login}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{box}/v1/{operation}", json.dumps(body).encode(), headers)
    while True:
        try:
            with urllib.request.urlopen(request, timeout=15) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            try:
                problem = json.load(error)
            except ValueError:
                problem = {"retry": "same"}  # not from the box: a proxy, or half an answer
            if problem["retry"] != "same":
                return problem
            time.sleep(problem.get("retry_after", 1))
        except (OSError, ValueError):
            time.sleep(1)  # the same request again, with the same key


def sell(box: str, login: str, code: str, quantity: str) -> dict:
    """Sell for exact cash, and return what was sold, or the problem."""
    lines = [{"code": code, "quantity": quantity}]
    quoted = ask(box, login, "quote", {"lines": lines})
    if "code" in quoted:
        return quoted
    sale = {
        "key": new_key(),
        "cashier": "amy",
        "lines": lines,
        "quote": quoted["quote"],
        "expected_total": quoted["total"],
        "tenders": [{"kind": "cash", "amount": quoted["total"]}],
    }
    OPEN.write_text(json.dumps(sale))  # a real till also makes sure that it is on the disk
    return ask(box, login, "sell", sale)


if __name__ == "__main__":
    box, login, code, quantity = sys.argv[1:]
    if OPEN.exists():
        fate = ask(box, login, "ask", {"key": json.loads(OPEN.read_text())["key"]})
        print("the open sale:", fate["fate"], fate.get("answer", {}).get("receipt", ""))
        OPEN.unlink()
    answer = sell(box, login, code, quantity)
    OPEN.unlink(missing_ok=True)
    print(answer.get("text") or f"{answer['code']}: {answer['detail']} {answer['fix']}")
    sys.exit("code" in answer)
