"""All doors of the box: opened together, closed together, and told the same news."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from drivers.terminal import HealthReport
from edge.access import Access
from edge.config import Config, Http, Listener
from edge.config.checks import is_loopback
from edge.doors import registrar
from edge.doors.admin import AdminDoor, Office
from edge.doors.behind import Desk
from edge.doors.broker import BrokerDoor
from edge.doors.feeds import Feeds
from edge.doors.http import HttpDoor
from edge.doors.lane_events import LaneEvents
from edge.doors.mqtt import MqttDoor
from edge.doors.registrar import Place, Registrar
from edge.doors.securing import Certificates
from edge.doors.turns import Turns
from edge.world import World

LOOK_SECONDS: Final = 1.0
"""How soon everybody hears that the box is in another state."""
HEALTH_SECONDS: Final = 60.0


class Doors:
    """The doors a configuration asks for. `report` says how the box is."""

    def __init__(
        self,
        config: Config,
        world: World,
        access: Access,
        desk: Desk,
        office: Office,
        feeds: Feeds,
        report: Callable[[], HealthReport],
        metrics: Callable[[], bytes],
    ) -> None:
        """Read or make the certificate. Raises ConfigError and OSError."""
        self._config, self._report = config, report
        self._certificates = self._certify(config, world)
        context = None if self._certificates is None else self._certificates.context
        self.registrar = Registrar(access, world, config.lanes, self._place)
        turns = Turns()
        self.mqtt = MqttDoor(
            desk, access, config.store.id, config.mqtt, context if config.mqtt.tls else None, turns
        )
        self.http = HttpDoor(
            config.http, desk, access, feeds.subscribe, metrics, self.registrar,
            context if config.http.tls else None, turns,
        )  # fmt: skip
        self.broker: BrokerDoor | None = None
        if config.mqtt.broker is not None:
            jitter = world.luck.random
            self.broker = BrokerDoor(desk, access, config.store.id, config.mqtt, jitter, turns)
        rooms = dict.fromkeys(registrar.OPERATIONS, self.registrar)
        feeds.besides.append(LaneEvents(access, self.mqtt, self.broker))
        self.admin = AdminDoor(config.store.state_dir, office, desk.health, rooms)
        self._said: tuple[str, str] | None = None

    async def open(self) -> None:
        """Start to listen everywhere; raises OSError when an address is taken."""
        await self.mqtt.open()
        await self.http.open()
        await self.admin.open()

    async def run(self) -> None:
        """Keep the certificate fresh, and everybody informed, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._inform(), name="news of the box")
            if self._certificates is not None:
                tasks.create_task(self._certificates.run(), name="certificate")
            if self.broker is not None:
                tasks.create_task(self.broker.run(), name="broker")

    async def close(self) -> None:
        """Let nobody else in, answer whoever is inside, and hang up."""
        self._announce_state("stopping", "")
        doors = (self.http, self.mqtt, self.admin, self.broker)
        await asyncio.gather(*(door.close() for door in doors if door is not None))

    def announce(self, place: str, payload: bytes) -> None:
        """Tell all terminals, now and later; `place` such as "box/state", "dev/scale/state"."""
        self.mqtt.announce(place, payload)
        if self.broker is not None:
            self.broker.announce(place, payload)

    async def _inform(self) -> None:
        loop = asyncio.get_running_loop()
        health_at = loop.time()
        while True:
            report = self._report()
            self._announce_state(report.state, report.reason)
            if loop.time() >= health_at:
                health_at += HEALTH_SECONDS
                self.announce("box/health", msgspec.json.encode(report))
            await asyncio.sleep(LOOK_SECONDS)

    def _announce_state(self, state: str, reason: str) -> None:
        if (state, reason) != self._said:
            self._said = state, reason
            said = msgspec.json.encode({"state": state, "reason": reason})
            self.announce("box/state", said)

    @staticmethod
    def _certify(config: Config, world: World) -> Certificates | None:
        folder = config.secrets.tls_folder
        if folder is None or not (config.http.tls or config.mqtt.tls):
            return None
        return Certificates(folder, config.http.hosts, world.clock)

    def _place(self) -> Place:
        config, trusted = self._config, self._certificates
        return Place(
            store=config.store.id,
            lang=config.store.lang,
            http=_url("http", config.http, config.http, self.http.address[1]),
            mqtt=_url("mqtt", config.mqtt, config.http, self.mqtt.address[1]),
            fingerprint="" if trusted is None else trusted.fingerprint,
            ca_pem="" if trusted is None else trusted.ca_pem,
        )


def _url(scheme: str, door: Listener, http: Http, port: int) -> str:
    """Return where a door is found, by a name that works beyond this computer if there is one."""
    outside = [host for host in http.hosts if not is_loopback(host)]
    host = outside[0] if outside and not is_loopback(door.host) else http.hosts[0]
    bracketed = f"[{host}]" if ":" in host else host
    return f"{scheme}{'s' if door.tls else ''}://{bracketed}:{port}"
