"""Who may ask a cloud, and how it says no."""

import msgspec

from simulators.conform.cloud.far_box import must, problem
from simulators.conform.cloud.letters import said
from simulators.conform.cloud.stage import Case, Stage

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PROBLEM_MEDIA = "application/problem+json"


async def strangers(stage: Stage) -> None:
    """Nobody is answered without a signature."""
    problem(await stage.box.bare("GET", "/v1/head"), 401)


async def another_target(stage: Stage) -> None:
    """A signature is good for one target only."""
    auth = stage.box.sign("GET", "/v1/head")
    problem(await stage.box.bare("GET", "/v1/changes?since=&limit=1", auth), 401)


async def another_method(stage: Stage) -> None:
    """A signature is good for one method only."""
    problem(await stage.box.bare("POST", "/v1/head", stage.box.sign("GET", "/v1/head")), 401)


async def another_body(stage: Stage) -> None:
    """A signature is good for one body only."""
    body = msgspec.json.encode(stage.box.batch([stage.box.page(said(stage.store))]))
    auth = stage.box.sign("POST", "/v1/facts", body)
    problem(await stage.box.bare("POST", "/v1/facts", auth, body + b" "), 401)


async def another_key(stage: Stage) -> None:
    """Who signs with another box's key is not answered."""
    auth = stage.other.sign("GET", "/v1/head", name=stage.box.name)
    problem(await stage.box.bare("GET", "/v1/head", auth), 401)


async def unregistered(stage: Stage) -> None:
    """A box that nobody has registered is not answered."""
    auth = stage.box.sign("GET", "/v1/head", name=f"nobody-{stage.box.nonce()[:12]}")
    problem(await stage.box.bare("GET", "/v1/head", auth), 401)


async def unreadable(stage: Stage) -> None:
    """Who asks has to be readable: nothing that is no `Edge-Auth` is answered."""
    for header in ("", "box=", "Bearer token", f"box={stage.box.name},at=now,sig=AAAA", "x" * 200):
        problem(await stage.box.bare("GET", "/v1/head", {"Edge-Auth": header}), 401)


async def stale(stage: Stage) -> None:
    """A request that was signed long ago is not answered."""
    problem(await stage.box.ask("GET", "/v1/head", at=stage.box.now() - DAY_MS), 401)


async def early(stage: Stage) -> None:
    """A request that was signed for long from now is not answered."""
    problem(await stage.box.ask("GET", "/v1/head", at=stage.box.now() + DAY_MS), 401)


async def another_name(stage: Stage) -> None:
    """No box speaks for another."""
    pages = [stage.box.page(said(stage.store))]
    body = msgspec.json.encode(stage.box.batch(pages, box=stage.other.name))
    answer = await stage.box.ask("POST", "/v1/facts", body)
    must(answer.status in {401, 403}, f"answered {answer.status} where 403 was due")


async def problems(stage: Stage) -> None:
    """A refusal is a problem (RFC 9457) with a code."""
    answer = await stage.box.ask("GET", "/v1/nothing-is-here")
    no = problem(answer, 404)
    must(no.status == 404, f"its body says {no.status}")
    must(bool(no.code), "it has no code")
    media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    must(media == PROBLEM_MEDIA, f"its type is {media or 'nothing'}, not {PROBLEM_MEDIA}")


async def malformed(stage: Stage) -> None:
    """What is no JSON, or not the contract's, is refused, and is not the cloud's own failure."""
    for target in ("/v1/facts", "/v1/holds", "/v1/leases", "/v1/sealed"):
        for body in (b"nonsense", b"[]", b"{}", b'{"box": 7}', b"\xff\xfe", b"[" * 2000):
            answer = await stage.box.ask("POST", target, body)
            must(
                400 <= answer.status < 500,
                f"{target} answers {body[:12]!r} with {answer.status} where 400 was due",
            )


CASES: tuple[Case, ...] = (
    strangers, another_target, another_method, another_body, another_key, unregistered, unreadable,
    stale, early, another_name, problems, malformed,
)  # fmt: skip
