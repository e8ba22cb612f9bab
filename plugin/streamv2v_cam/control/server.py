"""ControlServer: the page and the API on a port of this machine, in a thread of their own."""

from __future__ import annotations

import errno
import logging
import secrets
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..system.accesstoken import AccessToken
from ..system.answering import program_answers
from ..system.runfile import announce, withdraw
from .guard import BODY_LIMIT_BYTES
from .limits import Limits
from .names import Names, lan_addresses
from .report import Desk

log = logging.getLogger(__name__)

NEXT_PORTS = 20
LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = "0.0.0.0"
CONNECTION_LIMIT = 100
TICKET_S = 120.0
ANOTHER_OF_US_S = 0.5
"""Who has the port is asked for so long whether it is this program."""
ASKED_PORTS = 3
"""So many of the ports that were taken are asked; a program that answers nothing must not hold up the start."""
TALKATIVE_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.asgi", "websockets", "websockets.server", "asyncio")
"""At DEBUG they write headers and messages, and with them the token, into the log."""


class ControlServer:
    """Serves the page, the API and the live pictures until stopped.

    Args:
        desk: what is shown and changed.
        token: opens everything but the page's own files.
        host: "127.0.0.1", "localhost" or "::1".
        port: 0 takes any free one.
        search: try the next ports when `port` is taken; for a port nobody asked for.
        lan: other machines in the same network may come in too (over IPv4, with the token).
        lan_picture: and they may see the live picture.
        origins: further addresses at which the page is opened.
        limits: how much may be asked.

    Raises:
        SettingsError: `host` is not this machine.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        token: AccessToken,
        host: str = "127.0.0.1",
        port: int = 8765,
        search: bool = False,
        lan: bool = False,
        lan_picture: bool = False,
        origins: Sequence[str] = (),
        limits: Limits | None = None,
    ) -> None:
        if host not in LOOPBACK:
            raise SettingsError(f"control.host: {host!r} was refused; allowed is one of {', '.join(LOOPBACK)}.")
        self._desk, self._token, self._limits = desk, token, limits or Limits()
        self._host, self._port, self._search = host, port, search
        self._lan, self._lan_picture = lan, lan_picture or not lan
        self._origins = tuple(origins)
        self._tickets: dict[str, float] = {}
        self._stopping = threading.Event()
        self._socket: socket.socket | None = None
        self._run_file: Path | None = None
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on; before `start`, the one it will ask for."""
        return self._port

    @property
    def address(self) -> str:
        """Where the page is; without the token it asks for it."""
        host = "[::1]" if self._host == "::1" else self._host
        return f"http://{host}:{self._port}/"

    @property
    def dock_address(self) -> str:
        """What to type into OBS or a browser: with the token behind "#", where no server and no log sees it."""
        return f"{self.address}#token={self._token.current()}"

    @property
    def lan_dock_addresses(self) -> list[str]:
        """The same for other machines in the network; empty unless they may come in."""
        if not self._lan:
            return []
        return [f"http://{name}:{self._port}/#token={self._token.current()}" for name in lan_addresses()]

    def opening_address(self) -> str:
        """An address for a browser that is started from here: every user can read the command line of a
        program, so it carries a ticket that is good once and for two minutes."""
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = time.monotonic() + TICKET_S
        return f"{self.address}#ticket={ticket}"

    def _redeem(self, ticket: str) -> str | None:
        """The token for a ticket; None for one that was not given out, was used, or is too old."""
        now_s = time.monotonic()
        # Looked up by equality of a random text that is used up by the first try that is right.
        until_s = self._tickets.pop(ticket, 0.0)
        return self._token.current() if now_s < until_s else None

    def start(self) -> None:
        """Take the port and serve; the address holds from here on, the first answer comes a moment later.

        Raises:
            SettingsError: the port is taken, or may not be used.
        """
        if self._thread is not None:
            raise RuntimeError("the server was started already")
        self._token.current()  # made, or refused in one line, before anything listens
        listen_on = EVERYWHERE if self._lan else self._host
        self._socket = open_port(listen_on, self._port, search=self._search)
        asked, self._port = self._port, self._socket.getsockname()[1]
        if asked not in (0, self._port):
            log.warning("%s", self._instead_of(asked))
        self._run_file = announce(_near(listen_on), self._port)
        self._thread = threading.Thread(target=self._serve, name="control-server", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End streams and answers, give the port back; safe to call twice, or before `start`."""
        self._stopping.set()
        withdraw(self._run_file)
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive() and self._server is not None:
                self._server.force_exit = True
                self._thread.join(1.0)
        if self._socket is not None:
            self._socket.close()

    def _instead_of(self, asked: int) -> str:
        """Why the page is not at the port that was asked for."""
        near = _near(EVERYWHERE if self._lan else self._host)
        for port in range(asked, min(self._port, asked + ASKED_PORTS)):
            if program_answers(near, port, limit_s=ANOTHER_OF_US_S):
                return (
                    f"This program runs already, with its page at port {port}; the page of this second one is at "
                    f"{self.address}. One camera and one virtual camera are for one of them: end the other, or give "
                    "this one its own with --source and --sink."
                )
        return f"Port {asked} is taken; the page is at {self.address} instead."

    def _serve(self) -> None:
        # FastAPI takes a good part of a second to import: here it delays no picture.
        import uvicorn

        for name in TALKATIVE_LOGGERS:
            logging.getLogger(name).setLevel(logging.INFO)
        logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)  # the keys of pictures are in addresses
        try:
            config = uvicorn.Config(
                self._application(),
                log_config=None,
                log_level=None,
                access_log=False,
                lifespan="off",
                ws_max_size=BODY_LIMIT_BYTES,
                ws_max_queue=16,
                ws_ping_interval=20.0,
                limit_concurrency=CONNECTION_LIMIT,
                timeout_graceful_shutdown=2,
                server_header=False,
                proxy_headers=False,
            )
            self._server = uvicorn.Server(config)
            if not self._stopping.is_set():
                self._server.run(sockets=[self._socket])  # type: ignore[list-item]
        except Exception:
            log.exception("The page at %s has stopped; the picture goes on.", self.address)

    def _application(self) -> Any:
        from .guard import Guard
        from .routes import OPEN_PATHS, make_application

        app = make_application(
            self._desk,
            self._stopping,
            token=self._token,
            limits=self._limits,
            redeem=self._redeem,
            lan_picture=self._lan_picture,
        )
        names = Names(self._port, lan=self._lan, origins=self._origins)
        return Guard(
            app,  # type: ignore[arg-type]
            names=names,
            token=self._token,
            limits=self._limits,
            open_paths=OPEN_PATHS,
            revision=lambda: self._desk.store.current.revision,
        )


def open_port(host: str, port: int, *, search: bool = False) -> socket.socket:
    """A listening socket on this machine.

    Args:
        search: when the port is taken, try the next ones.

    Raises:
        SettingsError: the port (and, in a search, all that were tried) cannot be had.
    """
    refusal: OSError | None = None
    last = min(port + (NEXT_PORTS if search and port else 0), 65535)
    for number in range(port, last + 1):
        try:
            return _listen(host, number)
        except OSError as error:
            refusal = error
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                break
    tried = f"Port {port}" if last == port else f"Ports {port} to {last}"
    if refusal is not None and refusal.errno == errno.EADDRINUSE:
        if last == port and program_answers(_near(host), port, limit_s=ANOTHER_OF_US_S):
            raise SettingsError(
                f"This program runs already, with its page at port {port} of {host}. Use that one or end it; a second "
                "one needs a port of its own (--port 0 takes any free one)."
            )
        said = "is in use by another program" if last == port else "are all in use by other programs"
    else:
        said = f"cannot be used ({refusal})"
    raise SettingsError(
        f"{tried} of {host} {said}. End the other program, or choose another with --port (0 takes any free one)."
    )


def _near(host: str) -> str:
    """Where this machine itself reaches what listens there."""
    return "127.0.0.1" if host == EVERYWHERE else host


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # Elsewhere reuse means "although an old connection still lingers"; there, "although it is taken".
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1" if host == "localhost" else host, port))
        listening.listen(64)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening
