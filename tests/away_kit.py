"""A shop whose members' money is at home in the cloud: leases, holds, and what they spend."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from cloud_bridge.contract import Lease, LeaseAsked, LeaseReturned, LeaseTaken, Lot
from edge.box import JOURNAL_FILE
from edge.config import Config
from edge.journal import CLOUD
from edge.shop.accounts.limits import Kind
from edge.verify import verify
from simulators import demo_data
from simulators.cloud.weather import CLEAR, OFF
from tests.stand import Stand, stand, until

WHO = "m0001"
CARD = {"kind": "card", "text": demo_data.card_number(1)}
LATTE = demo_data.ean(1)
PRICE = 1280
"""What one of those costs a member."""


def value_lot(name: str, member: str = WHO, unit: str = "PRN", **more: str) -> Lot:
    """Return a lot as the cloud gives it."""
    first = "2026-01-01"
    issuer = "hq" if unit in {"PRN", "BON"} else ""
    terms = {"issuer": issuer, **more}
    return Lot(id=name, member=member, unit=unit, opened=first, active_from=first, **terms)


def rules(limits: dict[str, Any] | None = None, *more: dict[str, Any]) -> dict[str, Any]:
    """Return the demo's rules with these limits on what is spent away from home."""
    document = demo_data.bundle("s1")
    document["programme"] = {"issuer": "hq", "limits": limits or {}}
    document["rules"] = [*document["rules"], *more]
    return document


def trusting(config: Config) -> Config:
    """Return a configuration in which members need no proof, and its terminals are managers'.

    A guest waits long here: how busy the computer is must not decide a test.
    """
    return msgspec.structs.replace(
        config,
        cloud=msgspec.structs.replace(config.cloud, hold_seconds_max=20.0),
        store=msgspec.structs.replace(config.store, spending="any"),
        terminals={
            name: msgspec.structs.replace(terminal, rights=terminal.rights | {"approve"})
            for name, terminal in config.terminals.items()
        },
    )


class AwayShop:
    """A stand, and short words for its cloud and for spending."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.twin, self.box = stand.twin, stand.box
        self.leasing = stand.box.cloud.away.leasing
        self._keys = stand.box.journal.head.sequence

    def key(self) -> str:
        """Return a fresh request key."""
        self._keys += 1
        return f"01900000-0000-7000-8000-{self._keys:012}"

    async def lease(self, name: str, kind: Kind = "value", member: str = WHO) -> Lease:
        """Let the cloud lease a share of what is free, and wait until it is here."""
        asked = LeaseAsked(id=name, member=member, kind=kind)
        lease = self.twin.granting.lease(self.stand.premises.box, asked)
        await until(lambda: self.box.journal.find("box", f"lease/{name}") is not None)
        return lease

    async def pay(self, amount: int, quantity: int = 1, **changed: Any) -> dict[str, Any]:
        """Sell so many lattes; `amount` of it from stored value, the rest in cash."""
        lines = [{"code": LATTE, "quantity": str(quantity)}]
        request = await self.stand.sale(self.key(), lines, CARD)
        total = request["expected_total"]
        request["tenders"] = [{"kind": "value", "amount": amount}] if amount else []
        if total > amount:
            request["tenders"].append({"kind": "cash", "amount": total - amount})
        return await self.stand.ask("sell", {**request, **changed})

    def offline(self) -> None:
        """Cut the line."""
        self.stand.weather.sky = OFF

    async def online(self) -> None:
        """Mend it, and wait until the cloud has heard everything."""
        self.stand.weather.sky = CLEAR
        await self.told()

    async def told(self) -> None:
        """Wait until the cloud has recorded all there is."""
        journal = self.box.journal
        await until(lambda: journal.bookmark(CLOUD) == journal.head.sequence)

    def spendable(self, kind: Kind = "value", member: str = WHO) -> int:
        """Return what may be spent here."""
        return self.box.cloud.away._spendable(member, kind)

    def taken(self) -> list[LeaseTaken | LeaseReturned]:
        """Return the facts of leases that the cloud has recorded, in order."""
        kinds = LeaseTaken | LeaseReturned
        envelopes = self.twin.facts(self.stand.premises.box)
        return [
            msgspec.json.decode(e.body, type=kinds) for e in envelopes if e.kind.startswith("lease")
        ]

    def exceptions(self) -> list[tuple[str, str, int]]:
        """Return what the cloud did not simply accept: kind, who is liable, how much."""
        outcomes = self.twin.outcomes(self.stand.premises.box)
        return [(o.kind, o.liable, o.amount) for o in outcomes if o.outcome != "accepted"]

    def owed(self, member: str = WHO) -> int:
        """Return what the cloud owes a member of principal."""
        return -self.twin.books().get(f"principal:{member}", {}).get("CNY", 0)

    def books_agree(self) -> None:
        """Check every page, lot and total; and that the cloud's parts are no more than its lots."""
        report = verify(self.stand.config.store.state_dir / JOURNAL_FILE)
        assert report.books_agree, report.findings
        assert all(one >= 0 for one in self.twin._tables.lots.frees().values())


@asynccontextmanager
async def away_shop(
    folder: Path, limits: dict[str, Any] | None = None, *more: dict[str, Any]
) -> AsyncIterator[AwayShop]:
    """Run a shop on whose word members spend; the cloud is there."""

    async with stand(
        folder, bundle=rules(limits, *more), interval_seconds=0.05, adjust=trusting
    ) as found:
        await until(lambda: found.box.cloud.state.up)
        yield AwayShop(found)
