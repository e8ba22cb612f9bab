"""The socket to OBS, opened directly: an http proxy of the machine is for the web, and knows no OBS."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit


def authority(host: str, port: int) -> str:
    """ "HOST:PORT" as it stands in an address; an IPv6 host gets its brackets."""
    bare = host.strip("[]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


def is_this_machine(host: str) -> bool:
    """Whether a host names the machine that we run on, by its loopback."""
    return host.strip("[]") in ("localhost", "::1") or host.startswith("127.")


def connect_directly() -> None:
    """Let obsws-python open its sockets itself: websocket-client would ask `http_proxy` and its relatives."""
    import obsws_python.baseclient
    import websocket

    class DirectSocket(websocket.WebSocket):
        """A WebSocket whose connection is opened here, so that no proxy is asked."""

        def connect(self, url: str, **options: Any) -> None:
            place = urlsplit(url)
            opened = socket.create_connection((place.hostname or "", place.port or 80), options.get("timeout"))
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                super().connect(url, **options, socket=opened)
            except BaseException:
                opened.close()
                raise

    obsws_python.baseclient.websocket = SimpleNamespace(WebSocket=DirectSocket)
