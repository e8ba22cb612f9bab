"""Who may speak to the server: a check in front of every request and every WebSocket.

Any page in the person's browser can reach a server on this machine, and so can every other user of it. So:
the Host header must be one of our own names (a rebound name is not); what changes something,
and every WebSocket, must come from our own page where a browser says where it comes from (a "null" origin is
refused); everything but the page's own files needs the access token; a change is JSON of bounded size, which a
foreign form cannot send, and there may not be too many of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Container, MutableMapping
from typing import Any

from ..system.accesstoken import AccessToken
from .limits import Limits
from .names import Names, is_this_machine

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_LIMIT_BYTES = 16 * 1024
FILE_LIMIT_BYTES = 256 * 1024
FILE_PATH = "/api/looks/file"
"""Where a file of looks is taken in, which may be longer."""
PICTURE_PATH = "/api/references/picture"
"""Where a picture file is taken in: the one body that is no JSON."""
PICTURE_LIMIT_BYTES = 20 * 1024 * 1024
BODY_TIMEOUT_S = 10.0
REFUSED_BODY_S = 0.5
READING = frozenset({"GET", "HEAD"})
TICKET_PATH = "/api/ticket"
HEADERS = (
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)


class Refused(Exception):
    """A request that goes no further: its status and one line why."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


def check_sender(
    method: str, path: str, headers: dict[str, str], names: Names, *, socket: bool, near: bool = True
) -> None:
    """Refuse what does not come from this machine's own page or a program without a browser.

    Args:
        method: of HTTP; a WebSocket counts as a change.
        headers: lower-case name -> value.
        names: of this server.
        socket: the request opens a WebSocket.
        near: the request comes from this machine.

    Raises:
        Refused: 403.
    """
    host = headers.get("host", "").lower()
    if not names.mean(host, near=near):
        raise Refused(
            403,
            f"Host {host!r} is not this server. Open the page by the address that the program prints; "
            "an address behind a proxy is named in control.origins.",
        )
    site = headers.get("sec-fetch-site", "none")
    navigation = method == "GET" and path == "/" and headers.get("sec-fetch-mode") == "navigate"
    if site not in ("same-origin", "none") and not navigation:
        raise Refused(403, "Requests from other pages are refused.")
    origin = headers.get("origin")
    if origin is not None and not names.allow(origin.lower(), host):
        raise Refused(403, f"Origin {origin!r} is refused; open the page of this program itself.")


def body_limit(path: str) -> int:
    """How many bytes a body may have there."""
    return {FILE_PATH: FILE_LIMIT_BYTES, PICTURE_PATH: PICTURE_LIMIT_BYTES}.get(path, BODY_LIMIT_BYTES)


def check_body(method: str, path: str, headers: dict[str, str], limit: int) -> None:
    """Refuse a change that is not JSON (a picture: not said to be one), or says that it is too long.

    Raises:
        Refused: 413 or 415.
    """
    if method in READING:
        return
    if method == "DELETE" and headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return  # a foreign form cannot send it, and there is no body to be of any kind
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if path == PICTURE_PATH and not kind.startswith("image/"):
        raise Refused(415, "A picture is sent as its file (Content-Type: image/...).")
    if path != PICTURE_PATH and kind != "application/json":
        raise Refused(415, "Changes are sent as JSON (Content-Type: application/json).")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 12 or int(length) > limit:
        raise Refused(413, f"The body is too long; at most {limit} bytes are read.")


def bearer(headers: dict[str, str]) -> str | None:
    """The token of an Authorization header; None without one."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token else None


def headers_of(scope: Scope) -> dict[str, str]:
    """Lower-case name -> value; the first of repeated ones, and a repeated Host or Origin is empty.

    Which of two Host headers holds is understood differently by different programs, so neither does.
    """
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in found:
            value = "" if name in ("host", "origin") else found[name]
        found[name] = value
    return found


class Guard:
    """The checks as ASGI middleware; puts the protective headers on every answer.

    Args:
        app: what is guarded; it checks the tokens of WebSockets and the keys of pictures itself.
        names: the names of this server.
        token: opens everything.
        limits: how much may be asked.
        open_paths: the page's own files, readable without a token; so is everything below `/stream/`.
        revision: of the live values; every answer of the API carries it in the header X-Revision.
    """

    def __init__(
        self,
        app: Application,
        *,
        names: Names,
        token: AccessToken,
        limits: Limits,
        open_paths: Container[str],
        revision: Callable[[], int],
    ) -> None:
        self._app, self._names, self._token = app, names, token
        self._limits, self._open_paths, self._revision = limits, open_paths, revision

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope)
        socket = scope["type"] == "websocket"
        method, path = ("GET" if socket else scope["method"]), scope["path"]
        peer = scope.get("client")
        near = peer is not None and is_this_machine(peer[0])
        readable = method == "GET" and path == "/" and "text/html" in headers.get("accept", "")
        arrives = BODY_LIMIT_BYTES
        try:
            check_sender(method, path, headers, self._names, socket=socket, near=near)
            if socket:
                await self._app(scope, receive, send)
                return
            self._check_token(method, path, headers)
            arrives = 2 * PICTURE_LIMIT_BYTES
            limit = body_limit(path)
            check_body(method, path, headers, limit)
            receive = _replayed(await _whole_body(receive, limit)) if method not in READING else receive
        except Refused as refusal:
            if socket:
                await _close(receive, send)
                return
            if method not in READING:
                await _let_arrive(receive, arrives)
            await _answer(refusal, send, readable=readable)
            return
        await self._app(scope, receive, _with_headers(send, self._revision if path.startswith("/api/") else None))

    def _check_token(self, method: str, path: str, headers: dict[str, str]) -> None:
        """Refuse who has no token where one is needed, and everyone who asks too much.

        Raises:
            Refused: 401 or 429.
        """
        if path == TICKET_PATH:
            bucket = self._limits.strangers
        elif method in READING and (path in self._open_paths or path.startswith("/stream/")):
            bucket = self._limits.reading
        elif (given := bearer(headers)) is not None and self._token.opens(given):
            bucket = self._limits.reading if method in READING else self._limits.changes
        elif self._limits.strangers.take():
            raise Refused(401, "This needs the access token (Authorization: Bearer ...); `streamv2v-cam token show`.")
        else:
            bucket = self._limits.strangers
        if not bucket.take():
            raise Refused(429, "Too many requests; wait a moment.")


async def _whole_body(receive: Receive, limit: int) -> bytes:
    """The body, read to its end.

    Raises:
        Refused: 413 or 408: it is longer than allowed although it did not say so, or takes too long.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refused(400, "The body has no end.")
                body += message.get("body", b"")
                if len(body) > limit:
                    raise Refused(413, f"The body is too long; at most {limit} bytes are read.")
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise Refused(408, f"The body did not arrive within {BODY_TIMEOUT_S:g} s.") from None


async def _let_arrive(receive: Receive, left: int) -> None:
    """Take in what a body still has to send, as far as it comes in a moment, and keep none of it.

    A connection that is closed with a body unread is reset, and who sent it reads of that instead of the refusal.

    Args:
        left: bytes at most; few of who has no token.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(REFUSED_BODY_S):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body"):
                    return


def _replayed(body: bytes) -> Receive:
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            return {"type": "http.disconnect"}
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _with_headers(send: Send, revision: Callable[[], int] | None) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", ())}
            added = [pair for pair in HEADERS if pair[0] not in given]
            if revision is not None:
                added.append((b"x-revision", str(revision()).encode()))
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return send_with_headers


async def _answer(refusal: Refused, send: Send, *, readable: bool) -> None:
    """Say why: to a program as JSON, to a person before a browser as a line of text."""
    body = refusal.reason.encode() if readable else json.dumps({"error": refusal.reason}).encode()
    kind = b"text/plain; charset=utf-8" if readable else b"application/json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *HEADERS]
    if refusal.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refusal.status == 429:
        headers.append((b"retry-after", b"1"))
    # A body that was too long is left unread, so the connection cannot be used again.
    headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _close(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1008})
