"""How commands ask a running box: HTTP over its admin socket, which only its owner may open."""

import http.client
import os
import socket
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from edge.commands.shared import EXIT_BROKEN, EXIT_NO, stop
from edge.doors.admin import SOCKET_FILE

SECONDS_MAX = 120.0
"""How long a box may take to answer; a busy one closes its day between two sales."""


class NotRunning(Exception):
    """No box listens there."""


class Problem(Exception):
    """The box said no: a problem (RFC 9457) as it came."""

    def __init__(self, content: dict[str, Any]) -> None:
        super().__init__(content.get("detail", ""))
        self.content = content

    @property
    def code(self) -> str:
        """The refusal's stable code."""
        return str(self.content.get("code", ""))


class Live:
    """A connection to the box whose state is in `folder`. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._connection = _Connection(folder)

    def __enter__(self) -> "Live":
        """Connect. Raises NotRunning."""
        try:
            self._connection.connect()
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            raise NotRunning from None
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, operation: str, request: Any) -> bytes:
        """Return the JSON the box answers. Raises Problem for a no, OSError if it went away."""
        headers = {"Content-Type": "application/json", "Host": "localhost"}
        body = msgspec.json.encode(request)
        try:
            self._connection.request("POST", f"/v1/{operation}", body, headers)
            answer = self._connection.getresponse()
            said = answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError("the box went away") from error
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise Problem(msgspec.json.decode(said))
        return said


class _Connection(http.client.HTTPConnection):
    def __init__(self, folder: Path) -> None:
        super().__init__("localhost", timeout=SECONDS_MAX)
        self._folder = folder

    def connect(self) -> None:
        """Connect, by a name that is short enough for the address of a Unix socket."""
        descriptor = os.open(self._folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.sock = socket.socket(socket.AF_UNIX)
        try:
            self.sock.settimeout(self.timeout)
            self.sock.connect(f"/proc/self/fd/{descriptor}/{SOCKET_FILE}")
        except BaseException:
            self.sock.close()
            raise
        finally:
            os.close(descriptor)


def refuse(problem: Problem) -> NoReturn:
    """End with the box's no; one that has to stop says neither yes nor no."""
    content = problem.content
    code = EXIT_BROKEN if problem.code == "E-STOPPING" else EXIT_NO
    stop(code, f"{content['code']}: {content['detail']}", content.get("fix", ""))


def gone(error: OSError) -> NoReturn:
    """End because the box went away, or may not be asked."""
    if isinstance(error, PermissionError):
        stop(EXIT_BROKEN, f"the box may not be asked: {error}", "run this as the box's own user")
    stop(EXIT_BROKEN, f"the box went away: {error}", "see its log; what was answered is safe")


def asked(folder: Path, operation: str, request: Any) -> bytes:
    """Return the JSON a running box answers, or end the command with why there is none."""
    try:
        with Live(folder) as box:
            return box.ask(operation, request)
    except NotRunning:
        stop(EXIT_NO, "no box is running here", "start it: edgebox run")
    except Problem as problem:
        refuse(problem)
    except OSError as error:
        gone(error)
