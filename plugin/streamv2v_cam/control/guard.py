"""Who may speak to the server: a check in front of every request and every WebSocket.

Any page in the person's browser can reach a server on this machine. So: the Host header must be one of
our own names with our own port (a rebound name is not); what changes something, and every WebSocket,
must come from our own page where a browser says where it comes from (a "null" origin is refused);
a change is JSON of bounded size, which a foreign form cannot send.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_LIMIT_BYTES = 16 * 1024
READING = frozenset({"GET", "HEAD"})
HEADERS = (
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


def own_names(port: int) -> frozenset[str]:
    """The Host headers that mean this server."""
    names = ("127.0.0.1", "localhost", "[::1]")
    return frozenset(f"{name}:{port}" for name in names) | (frozenset(names) if port == 80 else frozenset())


class Refused(Exception):
    """A request that goes no further: its status and one line why."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


def check_sender(method: str, path: str, headers: dict[str, str], names: frozenset[str], *, socket: bool) -> None:
    """Refuse what does not come from this machine's own page or a program without a browser.

    Args:
        method: of HTTP; a WebSocket counts as a change.
        headers: lower-case name -> value.
        names: what `own_names` gave.
        socket: the request opens a WebSocket.

    Raises:
        Refused: 403.
    """
    if headers.get("host", "").lower() not in names:
        raise Refused(403, f"Host {headers.get('host', '')!r} is not this server.")
    site = headers.get("sec-fetch-site", "none")
    navigation = method == "GET" and path == "/" and headers.get("sec-fetch-mode") == "navigate"
    if site not in ("same-origin", "none") and not navigation:
        raise Refused(403, "Requests from other pages are refused.")
    if method in READING and not socket:
        return
    origin = headers.get("origin")
    if origin is not None and origin.lower() not in {f"http://{name}" for name in names}:
        raise Refused(403, f"Origin {origin!r} is refused; open the page of this program itself.")


def check_body(method: str, headers: dict[str, str]) -> None:
    """Refuse a change that is not JSON, or says that it is too long.

    Raises:
        Refused: 413 or 415.
    """
    if method in READING:
        return
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, "Changes are sent as JSON (Content-Type: application/json).")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > BODY_LIMIT_BYTES:
        raise Refused(413, f"The body is too long; at most {BODY_LIMIT_BYTES} bytes are read.")


class Guard:
    """The checks as ASGI middleware; puts the protective headers on every answer."""

    def __init__(self, app: Application, *, port: int) -> None:
        self._app = app
        self._names = own_names(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        socket = scope["type"] == "websocket"
        method = "GET" if socket else scope["method"]
        try:
            check_sender(method, scope["path"], headers, self._names, socket=socket)
            check_body(method, headers)
        except Refused as refusal:
            await (_close(receive, send) if socket else _answer(refusal, send))
            return
        if socket:
            await self._app(scope, receive, send)
            return
        await self._app(scope, _bounded(receive), _with_headers(send))


def _bounded(receive: Receive) -> Receive:
    """The same body, cut off with a disconnect once a chunked one grows past the limit."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > BODY_LIMIT_BYTES else message

    return bounded


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", ())}
            added = [pair for pair in HEADERS if pair[0] not in given]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return send_with_headers


async def _answer(refusal: Refused, send: Send) -> None:
    import json

    body = json.dumps({"error": refusal.reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *HEADERS]
    # The body of the request is left unread, so the connection cannot be used again.
    headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _close(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1008})
