"""HostLink: the way to the running program, through the control API that everyone else uses."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from ..errors import SettingsError
from .errors import ObsError

log = logging.getLogger(__name__)

COMMAND_LIFETIME_S = 2.0
"""A press that could not be delivered so long is dropped: nobody wants ten of them when the program is back."""
STATUS_PERIOD_S = 4.0
PAUSES_S = (0.5, 1.0, 2.0, 4.0)
ANSWER_LIMIT_S = 5.0
GONE: Mapping[str, Any] = {"connected": False, "reason": "the OBS process was ended"}


@dataclass(frozen=True)
class HostState:
    """What the program last told.

    Attributes:
        online: the program answers.
        reason: why not, one line.
        revision: of the controls; -1 before the first.
        look, controls, telemetry, air: as the API gives them.
    """

    online: bool = False
    reason: str = "looking for the program"
    revision: int = -1
    look: str | None = None
    controls: Mapping[str, Any] = field(default_factory=dict)
    telemetry: Mapping[str, Any] = field(default_factory=dict)
    air: Mapping[str, Any] = field(default_factory=dict)
    notice: Mapping[str, Any] = field(default_factory=dict)

    def updated(self, message: Mapping[str, Any]) -> HostState:
        """The state after one message of /api/events."""
        kind = message.get("type")
        if kind in ("state", "status", "change"):
            fresh = {
                key: message[key]
                for key in ("revision", "look", "controls", "telemetry", "air", "notice")
                if key in message
            }
            if kind == "change":
                fresh["controls"] = {**self.controls, **message.get("changed", {})}
            return replace(self, online=True, reason="", **fresh)
        return self


class HostLink:
    """Sends commands in order, follows the program's state, tells it how it stands with OBS.

    Args:
        address: of the program, "http://127.0.0.1:8765".
        token: gives the token of the control API; asked anew for each connection, since it may be rotated.
        hand: a mark of this process, by which the program tells it from a second one; "" makes one up.
    """

    def __init__(self, address: str, token: Callable[[], str], *, hand: str = "") -> None:
        self._place = check_address(address)
        self._token = token
        self._stopping = threading.Event()
        self._online = threading.Event()
        self._outbox: queue.SimpleQueue[tuple[float, Mapping[str, Any]] | None] = queue.SimpleQueue()
        self._socket: Any = None
        self._status: Mapping[str, Any] = {"connected": False}
        self.state = HostState()
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for work, name in ((self._follow, "host-state"), (self._deliver, "host-commands"), (self._tell, "host-obs"))
        ]
        self._status_news = threading.Event()
        self._hand = hand or secrets.token_hex(8)
        self._answered = threading.Event()
        self.refused = False
        """Another OBS process speaks for the same OBS to this program: this one has nothing to do."""

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        """End; safe to call twice, or before `start`."""
        heard = self._online.is_set() and not self._stopping.is_set()
        self._stopping.set()
        self._outbox.put(None)
        self._status_news.set()
        telling = self._threads[-1]
        if heard and telling.ident is not None:
            # the next process need not wait until we are taken for silent; nothing of ours is told after it
            telling.join(timeout_s)
            self._say({**GONE, "hand": self._hand}, timeout_s=timeout_s)
        if self._socket is not None:
            with contextlib.suppress(Exception):
                self._socket.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout_s)

    def send(self, message: Mapping[str, Any]) -> None:
        """Queue a command ({"command": ...}) or a patch ({"controls": {...}}); returns at once."""
        self._outbox.put((time.monotonic(), message))

    def obs_status(self, status: Mapping[str, Any]) -> None:
        """What the program shows about OBS from now on."""
        if status != self._status:
            self._status = dict(status)
            if not status.get("connected"):
                self._answered.clear()
            self._status_news.set()

    def get(self, path: str) -> Any:
        """What a GET of the API answers.

        Raises:
            ObsError: the program does not answer, or refuses.
        """
        return request_json(self._place, "GET", path, self._token())

    def _follow(self) -> None:
        from websockets.sync.client import connect

        quiet = logging.getLogger("streamv2v_cam.obs.websocket")
        # at DEBUG it writes the headers, with the token
        quiet.setLevel(logging.WARNING)
        tries = 0
        while not self._stopping.is_set():
            try:
                headers = {"Authorization": f"Bearer {self._token()}"}
                events = f"ws://{self._place}/api/events"
                with connect(events, additional_headers=headers, proxy=None, logger=quiet, close_timeout=1) as socket:
                    self._socket, tries = socket, 0
                    for text in socket:
                        self._heard(json.loads(text))
                reason = f"The program at {self._place} has closed the connection."
            except Exception as error:
                reason = _why_not(self._place, error)
            self._socket = None
            self._online.clear()
            self._answered.clear()
            if self.state.reason != reason and not self._stopping.is_set():
                log.warning("%s", reason)
            self.state = replace(self.state, online=False, reason=reason)
            self._stopping.wait(PAUSES_S[min(tries, len(PAUSES_S) - 1)])
            tries += 1

    def _heard(self, message: Mapping[str, Any]) -> None:
        if message.get("type") == "answer" and not message.get("ok"):
            log.warning("The program refused what OBS asked: %s", message.get("error"))
        elif message.get("type") == "state" and not self.state.online:
            log.info("Connected to the program at %s.", self._place)
        self.state = self.state.updated(message)
        if self.state.online and not self._online.is_set():
            self._online.set()
            self._status_news.set()

    def _deliver(self) -> None:
        while (item := self._outbox.get()) is not None:
            asked_s, message = item
            # the program first says whether it listens to us or to another OBS process
            self._answered.wait(max(0.0, asked_s + COMMAND_LIFETIME_S - time.monotonic()))
            socket = self._socket
            if self.refused:
                continue
            if time.monotonic() > asked_s + COMMAND_LIFETIME_S or socket is None:
                log.warning("%s was dropped: the program does not answer.", message.get("command", "A new prompt"))
                continue
            # sent once at most: what got lost with the connection may have been done already
            with contextlib.suppress(Exception):
                socket.send(json.dumps(message))

    def _tell(self) -> None:
        while not self._stopping.is_set():
            if self._online.is_set():
                self._say({**self._status, "hand": self._hand})
            self._status_news.wait(STATUS_PERIOD_S)
            self._status_news.clear()

    def _say(self, news: Mapping[str, Any], *, timeout_s: float = ANSWER_LIMIT_S) -> None:
        """Tell the program how OBS is, and hear whether another process does so already."""
        try:
            answer = request_json(self._place, "POST", "/api/obs/state", self._token(), news, timeout_s=timeout_s)
        except (ObsError, SettingsError, OSError):
            return
        if not news.get("connected"):
            return
        refused = answer.get("taken", False) is True
        if refused and not self.refused:
            log.warning("An OBS process runs already for this OBS and this program; this one waits and does nothing.")
        elif self.refused and not refused:
            log.info("The other OBS process has ended; this one takes over.")
        self.refused = refused
        self._answered.set()


def check_address(address: str) -> str:
    """Host and port of "http://HOST:PORT".

    Raises:
        ObsError: anything else.
    """
    try:
        parts = urlsplit(address if "//" in address else f"http://{address}")
        if parts.scheme == "http" and parts.hostname and parts.port and parts.path in ("", "/"):
            return parts.netloc
    except ValueError:
        pass
    raise ObsError(f"{address!r} is no address of the program; it looks like http://127.0.0.1:8765")


def request_json(
    place: str, method: str, path: str, token: str, body: Mapping[str, Any] | None = None, *, timeout_s: float = 5.0
) -> Any:
    """One request to the program's API; what it answers.

    Raises:
        ObsError: no answer, or a refusal, in one line.
    """
    connection = http.client.HTTPConnection(place, timeout=timeout_s)
    headers = {"Authorization": f"Bearer {token}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise ObsError(_why_not(place, error)) from None
    finally:
        connection.close()
    if answer.status != 200:
        raise ObsError(f"The program at {place} refused {method} {path} ({answer.status}).{_token_hint(answer.status)}")
    return json.loads(text)


def _token_hint(status: int) -> str:
    return " Its token is another one than ours: see obs.token_file." if status == 401 else ""


def _why_not(place: str, error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    code = getattr(getattr(error, "rcvd", None), "code", None)
    if status in (401, 403) or code == 4401:
        return f"The program at {place} does not let us in. Its token is another one than ours: see obs.token_file."
    if isinstance(error, ConnectionRefusedError):
        return f"The program does not run at {place}. Start it with: streamv2v-cam run"
    return f"The program at {place} does not answer ({type(error).__name__})."
