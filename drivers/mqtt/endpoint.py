"""The server's side, all terminals together: sessions, wills, retained messages, takeover."""

from collections import Counter

from mqtt5 import DisconnectReasonCode as Reason
from msgspec.structs import replace

from drivers.codec import Send
from drivers.mqtt.flow import Message
from drivers.mqtt.framing import Broken
from drivers.mqtt.session import (
    Attached,
    Elsewhere,
    Identity,
    Login,
    Session,
    Settings,
    StateSaid,
)
from drivers.mqtt.topics import has_wildcard, matches


class Endpoint:
    """A small MQTT 5 server for one box's own terminals; not a general broker.

    Terminals publish to the box and the box to terminals; nothing is passed between
    terminals. A session's name is the login's terminal id. What has to happen on another
    connection than the one being served comes out as `Elsewhere`. `counts` says how many
    messages were dropped, by why. A session ends by time (`wake_at`, `wake`) or clean start.
    """

    def __init__(self, settings: Settings, login: Login) -> None:
        self.settings, self.login = settings, login
        self.counts: Counter[str] = Counter()
        self._sessions: dict[str, Session] = {}
        self._retained: dict[str, Message] = {}

    # --- what the box does

    def deliver(self, terminal: str, message: Message, now: float) -> list[Elsewhere]:
        """Send `message` to a terminal, as it has subscribed; QoS 1 is kept for it if away."""
        session = self._sessions.get(terminal)
        if session is None:
            self.counts["no_session"] += 1
            return []
        return _send(session, session.push(message, now, self.counts))

    def hears(self, terminal: str, topic: str) -> bool:
        """Tell whether a terminal is connected and has subscribed to `topic`."""
        session = self._sessions.get(terminal)
        return (
            session is not None
            and session.connection is not None
            and session.qos_of(topic) is not None
        )

    def retain(self, message: Message, now: float) -> list[Elsewhere]:
        """Send `message` to all who subscribed, and to whoever subscribes later.

        An empty payload takes back what was retained (section 3.3.1.3). Only the box calls
        this, for its own few topics.
        """
        assert not has_wildcard(message.topic)
        if message.payload:
            self._retained[message.topic] = message
        else:
            self._retained.pop(message.topic, None)
        outs: list[Elsewhere] = []
        for session in self._sessions.values():
            if session.qos_of(message.topic) is not None:
                outs += _send(session, session.push(message, now, self.counts))
        return outs

    def stop(self, now: float) -> list[Elsewhere]:
        """Say goodbye to all (0x8B). Wills are not said: it is the box that leaves."""
        why = Broken(Reason.SERVER_SHUTTING_DOWN, "come back soon")
        outs = []
        for session in self._sessions.values():
            if session.connection is not None:
                session.will = None
                outs.append(_dismiss(session.connection, why, now))
        return outs

    def dismiss(self, terminal: str, why: Broken, now: float) -> list[Elsewhere]:
        """End a terminal's connection, and forget its session with all that waits in it.

        Its will is not said: it is the box that sends it away.
        """
        session = self._sessions.pop(terminal, None)
        if session is None or session.connection is None:
            return []
        session.will = None
        return [_dismiss(session.connection, why, now)]

    @property
    def wake_at(self) -> float | None:
        """When `wake` wants to be called: the next will or the next end of a session."""
        times = [
            time
            for session in self._sessions.values()
            for time in (session.will_at, session.expires_at)
            if time is not None
        ]
        return min(times, default=None)

    def wake(self, now: float) -> list[StateSaid]:
        """Say the wills that are due and forget the sessions whose time has come."""
        said = []
        for session in list(self._sessions.values()):
            if session.will_at is not None and session.will_at <= now:
                said.append(last_will(session))
            if session.expires_at is not None and session.expires_at <= now:
                del self._sessions[session.identity.id]
        return said

    # --- what connections ask for

    def claim(
        self, identity: Identity, connection: Attached, *, clean: bool, now: float
    ) -> tuple[Session, bool, list[object]]:
        """Return the session for a new login, whether it was there before, and what to do.

        An older connection of the same terminal is taken over (section 3.1.4, 0x8E).
        """
        outs: list[object] = []
        session = self._sessions.get(identity.id)
        if session is not None and session.connection is not None:
            why = Broken(Reason.SESSION_TAKEN_OVER, "connected elsewhere")
            outs.append(_dismiss(session.connection, why, now))
        if session is not None and session.will_at is not None:
            # A will with a delay is not said if the session goes on before it is due (3.1.3.2.2).
            if clean or session.will_at <= now:
                outs.append(last_will(session))
            session.will_at = None
        present = session is not None and not clean and not _is_over(session, now)
        if session is None or not present:
            session = Session(identity, self.settings, self.counts)
            self._sessions[identity.id] = session
        session.identity, session.connection, session.expires_at = identity, connection, None
        return session, present, outs

    def retained(self, pattern: str, qos: int, now: float) -> list[Message]:
        """Return the retained messages a new subscription gets, at most with its QoS."""
        return [
            replace(message, qos=min(message.qos, qos), retain=True)
            for message in self._retained.values()
            if matches(pattern, message.topic)
            and (message.expires_at is None or message.expires_at > now)
        ]


def last_will(session: Session) -> StateSaid:
    """Take the will out of `session` and say it."""
    assert session.will is not None
    said = StateSaid(session.identity, session.will.payload or b"")
    session.will = session.will_at = None
    return said


def _is_over(session: Session, now: float) -> bool:
    return session.expires_at is not None and session.expires_at <= now


def _dismiss(connection: Attached, why: Broken, now: float) -> Elsewhere:
    return Elsewhere(connection, connection.say_goodbye(why, now))


def _send(session: Session, frames: bytes) -> list[Elsewhere]:
    if not frames:
        return []
    assert session.connection is not None
    return [Elsewhere(session.connection, (Send(frames),))]
