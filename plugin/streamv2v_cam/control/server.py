"""ControlServer: the page and the API on a port of this machine, in a thread of their own."""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import SettingsError
from ..looks import LookSet
from ..store import ControlStore
from .report import Desk, JpegSource, Report

log = logging.getLogger(__name__)

NEXT_PORTS = 20
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ControlServer:
    """Serves the page, the API and the live picture until stopped.

    Args:
        store: the one door for changes.
        looks: what the look buttons offer.
        telemetry: gives plain numbers, ready for JSON (`TelemetrySnapshot.as_dict`).
        report: says what is on air and why.
        preview: the live picture; None leaves it out.
        host: "127.0.0.1", "localhost" or "::1".
        port: 0 takes any free one.
        search: try the next ports when `port` is taken; for a port nobody asked for.

    Raises:
        SettingsError: `host` is not this machine.
    """

    def __init__(
        self,
        store: ControlStore,
        *,
        looks: LookSet,
        telemetry: Callable[[], Mapping[str, Any]],
        report: Callable[[], Report],
        preview: JpegSource | None = None,
        host: str = "127.0.0.1",
        port: int = 8765,
        search: bool = False,
    ) -> None:
        if host not in LOOPBACK:
            raise SettingsError(f"control.host: {host!r} was refused; allowed is one of {', '.join(LOOPBACK)}.")
        self._desk = Desk(store, looks, telemetry, report, preview)
        self._host, self._port, self._search = host, port, search
        self._stopping = threading.Event()
        self._socket: socket.socket | None = None
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on; before `start`, the one it will ask for."""
        return self._port

    @property
    def address(self) -> str:
        """What to type into a browser."""
        host = "[::1]" if self._host == "::1" else self._host
        return f"http://{host}:{self._port}/"

    def start(self) -> None:
        """Take the port and serve; the address holds from here on, the first answer comes a moment later.

        Raises:
            SettingsError: the port is taken, or may not be used.
        """
        if self._thread is not None:
            raise RuntimeError("the server was started already")
        self._socket = open_port(self._host, self._port, search=self._search)
        asked, self._port = self._port, self._socket.getsockname()[1]
        if asked not in (0, self._port):
            log.warning("Port %d is taken; the page is at %s instead.", asked, self.address)
        self._thread = threading.Thread(target=self._serve, name="control-server", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End streams and answers, give the port back; safe to call twice, or before `start`."""
        self._stopping.set()
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive() and self._server is not None:
                self._server.force_exit = True
                self._thread.join(1.0)
        if self._socket is not None:
            self._socket.close()

    def _serve(self) -> None:
        # FastAPI takes a good part of a second to import: here it delays no picture.
        import uvicorn

        from .guard import Guard
        from .routes import make_application

        try:
            config = uvicorn.Config(
                Guard(make_application(self._desk, self._stopping), port=self._port),  # type: ignore[arg-type]
                log_config=None,
                access_log=False,
                lifespan="off",
                ws_max_size=1024,
                ws_ping_interval=20.0,
                timeout_graceful_shutdown=2,
                server_header=False,
            )
            self._server = uvicorn.Server(config)
            if not self._stopping.is_set():
                self._server.run(sockets=[self._socket])  # type: ignore[list-item]
        except Exception:
            log.exception("The page at %s has stopped; the picture goes on.", self.address)


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
        said = "is in use by another program" if last == port else "are all in use by other programs"
    else:
        said = f"cannot be used ({refusal})"
    raise SettingsError(
        f"{tried} of {host} {said}. End the other program, or choose another with --port (0 takes any free one)."
    )


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
