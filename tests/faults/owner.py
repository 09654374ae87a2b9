"""What the owner has done at a box: exceptions resolved, terminals let in and sent away.

Each request is made once. What was said to it is remembered, so that whoever judges knows what
the box has promised: what was told holds after a restart, what was not told is so or is not.
"""

import asyncio
import http.client
import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from edge.commands.live import Live, NotRunning, Problem
from simulators.premises import Premises
from tests.faults.judging import journal_path, must, read_pages

ATTEMPT_SECONDS_MAX = 15.0
OK, UNAUTHORIZED = 200, 401
FIRST, LATER = "ask_cloud", "write_off"
"""What is chosen for an exception, and what somebody would choose for it afterwards."""
RESOLVED = "exception_resolved.v1"


class Owner:
    """The owner of some premises, at the box's admin socket."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self.sequence = 0
        """The fact about which there is an exception to choose for."""
        self.told: dict[str, Any] | None = None
        """What was said to the first choice for it."""
        self.guests = 0
        """How many terminals there were that nobody knew."""
        self.guest = Guest(premises, self, "")
        """The last of them."""

    def expect(self) -> None:
        """Have a terminal come that nobody knows."""
        self.guests += 1
        self.guest = Guest(self._premises, self, f"guest-{self.guests}")

    async def ask(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what the box says, with its `code` if that is no; None if it says nothing."""
        return await asyncio.to_thread(self._ask, operation, request)

    def _ask(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            with Live(self._premises.folder / "state") as box:
                said = json.loads(box.ask(operation, request))
        except Problem as problem:
            return problem.content
        except (NotRunning, OSError, http.client.HTTPException, ValueError):
            return None
        return said if isinstance(said, dict) else {"items": said}

    # --- exceptions ------------------------------------------------------------------------------

    async def notice(self) -> bool:
        """Look into the tray; return whether there is an exception nobody has chosen for."""
        said = await self.ask("tray", {}) or {}
        self.sequence = next((item["sequence"] for item in said.get("items", ())), 0)
        self.told = None
        return bool(self.sequence)

    async def choose(self) -> None:
        """Choose for the exception."""
        self.told = await self._resolve(FIRST)

    async def judge_choice(self) -> None:
        """Choose otherwise: it is done once, and as it was told first. Raises Violation."""
        again = await self._resolve(LATER)
        must(again is not None, "nobody says what was chosen")
        assert again is not None
        if self.told is not None and "code" not in self.told:
            must(again.get("code") == "E-RESOLVED", "chosen, and chosen again:", again)
        bodies = [json.loads(page.body) for page in read_pages(journal_path(self._premises))
                  if page.kind == RESOLVED]  # fmt: skip
        chosen = [body["choice"] for body in bodies if body["sequence"] == self.sequence]
        was_first = again.get("code") == "E-RESOLVED"
        must(chosen == [FIRST if was_first else LATER], self.sequence, "was chosen for:", chosen)
        must(not await self.notice(), "it is still in the tray")

    async def _resolve(self, choice: str) -> dict[str, Any] | None:
        asked = {"sequence": self.sequence, "choice": choice, "by": "anna"}
        return await self.ask("tray_resolve", asked)


class Guest:
    """A terminal that nobody knows yet, and what it was told on its way in and out."""

    def __init__(self, premises: Premises, owner: Owner, name: str) -> None:
        self._url, self._owner, self.name = premises.http_url, owner, name
        self.tokens: list[str] = []
        """The tokens it was told, the newest last."""
        self.turned = False
        """Whether the newest token has let it in after a change."""
        self.left: bool | None = False
        """Whether it was sent away; None if it was to be, and nobody was told that it is."""

    async def live(self) -> None:
        """Come in, change the token, and be sent away; end where nothing is answered."""
        if not await self.pair() or not await self.enters(self.tokens[-1]):
            return
        changed = await self._owner.ask("terminals_rotate", {"id": self.name})
        if changed is None or "token" not in changed:
            return
        self.tokens.append(changed["token"])
        self.turned = bool(await self.enters(self.tokens[-1]))
        if not self.turned:
            return
        self.left = None
        gone = await self._owner.ask("terminals_revoke", {"id": self.name})
        if gone is not None and "code" not in gone:
            self.left = True

    async def pair(self) -> bool:
        """Come in with what the owner was shown; return whether a token was told."""
        opened = await self._owner.ask("terminals_pair", {"kind": "pc_pos"})
        if opened is None or "code" not in opened or "url" not in opened:
            return False
        asked = {"code": opened["code"], "name": self.name, "kind": "pc_pos"}
        said = await self._post("/v1/pair", asked, {})
        if said is None or said["status"] != OK:
            return False
        self.tokens.append(str(said["token"]))
        return True

    async def enters(self, token: str) -> bool | None:
        """Return whether a token lets it in; None if the box does not say."""
        login = {"Authorization": f"Bearer {self.name}:{token}"}
        said = await self._post("/v1/health", {}, login)
        if said is None or said["status"] not in (OK, UNAUTHORIZED):
            return None
        return bool(said["status"] == OK)

    async def _post(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> dict[str, Any] | None:
        timeout = aiohttp.ClientTimeout(ATTEMPT_SECONDS_MAX)
        try:
            async with (
                aiohttp.ClientSession(self._url, headers=headers, timeout=timeout) as session,
                session.post(path, json=body) as response,
            ):
                said = await response.json(content_type=None)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return None
        return {**said, "status": response.status}

    # --- once the box is back --------------------------------------------------------------------

    async def judge(self) -> None:
        """Hold each token against what was told of it. Raises Violation."""
        if not self.tokens:
            must(await self.pair(), self.name, "cannot be paired, nobody having its token")
            must(await self.enters(self.tokens[-1]) is True, self.name, "is paired and kept out")
            return
        old, new = [await self._certain(token) for token in (self.tokens[0], self.tokens[-1])]
        if self.left:
            must(not old and not new, self.name, "was sent away and comes in")
        elif self.left is None:
            must(new or not old, self.name, "comes in with its old token alone")
        else:
            must(new, self.name, "was told a token that is worth nothing")
        if self.turned:
            must(not old, self.name, "comes in with a token that was changed")
        listed = await self._owner.ask("terminals_list", {})
        assert listed is not None
        known = {one["id"] for one in listed["terminals"]}
        must((self.name in known) == new, self.name, "is listed otherwise than it is let in")

    async def _certain(self, token: str) -> bool:
        """Return whether a token lets it in, which is the same each time."""
        said = [await self.enters(token) for _ in range(2)]
        must(None not in said, "nobody says whether", self.name, "may come in")
        must(said[0] == said[1], self.name, "is let in one time and not another")
        return bool(said[0])
