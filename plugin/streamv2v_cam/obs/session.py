"""ObsSession: one connection to OBS, as long as it holds.

obsws-python 1.8 compares no request ids, so that an answer that comes late is taken for the next one's;
its clients are not thread-safe; its event thread dies silently. Therefore a session belongs to one
thread, anything unexpected ends it, and whoever wants to go on opens a new one.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .direct import authority, connect_directly
from .errors import ObsPasswordWrong, ObsUnreachable, RequestRefused
from .secrecy import silence_obsws

NOT_READY = 207
OK = 100
READY_LIMIT_S = 20.0
READY_PAUSE_S = 0.2

OnEvent = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True)
class ObsAddress:
    """Where OBS listens. The password is in no repr."""

    host: str
    port: int
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return authority(self.host, self.port)


class _Events:
    """Takes the place of obsws-python's table of callbacks, which renames keys and dies of an exception."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event

    def trigger(self, name: str, data: Mapping[str, Any]) -> None:
        self._on_event(name, data)


class ObsSession:
    """A socket for requests and one for events.

    Args:
        address: of OBS.
        on_event: called in the event thread with name and data of every event; must only pass them on.
        timeout_s: longest wait for an answer.

    Raises:
        ObsUnreachable: nobody answers there, or not as OBS does.
        ObsPasswordWrong: OBS wants another password.
    """

    def __init__(self, address: ObsAddress, on_event: OnEvent | None = None, *, timeout_s: float = 5.0) -> None:
        silence_obsws()
        connect_directly()
        import obsws_python
        from obsws_python.subs import Subs

        self.address = address
        self._timeout_s = timeout_s
        self._broken = False
        self._events: Any = None
        host = authority(address.host, address.port).rpartition(":")[0]
        where = {"host": host, "port": address.port, "password": address.password, "timeout": timeout_s}
        self._requests: Any = _opened(address, lambda: obsws_python.ReqClient(**where))
        try:
            version = self._when_ready()
            self.version = str(version.get("obsVersion", ""))
            self.websocket_version = str(version.get("obsWebSocketVersion", ""))
            self.requests_known = frozenset(version.get("availableRequests", ()))
            if on_event is not None:
                wanted = (
                    Subs.GENERAL | Subs.CONFIG | Subs.SCENES | Subs.INPUTS | Subs.SCENEITEMS | Subs.OUTPUTS | Subs.UI
                )
                self._events = _opened(address, lambda: obsws_python.EventClient(**where, subs=wanted))
                self._events.callback = _Events(on_event)
        except BaseException:
            self.close()
            raise

    @property
    def has_settings_events(self) -> bool:
        """Whether OBS tells of changed settings: since obs-websocket 5.4, which also brought this request."""
        return "GetSourceFilterKindList" in self.requests_known

    @property
    def alive(self) -> bool:
        """False once the session is of no use any more."""
        return not self._broken and (self._events is None or self._events.worker.is_alive())

    def request(self, name: str, **data: Any) -> dict[str, Any]:
        """One request of the obs-websocket protocol; the answer's data with its keys unchanged.

        Raises:
            RequestRefused: OBS said no; the session goes on.
            ObsUnreachable: no answer, or one that does not belong to the question; the session is over.
        """
        if self._broken:
            raise ObsUnreachable(f"The connection to OBS at {self.address} is closed.")
        try:
            answer = self._requests.base_client.req(name, data)
            status = answer["requestStatus"]
            if answer["requestType"] != name:
                raise ValueError(f"answered {answer['requestType']}")
        except Exception as error:
            self._broken = True
            raise ObsUnreachable(f"OBS at {self.address} did not answer {name} ({_kind(error)}).") from None
        if not status["result"]:
            raise RequestRefused(name, int(status.get("code", 0)), str(status.get("comment", "")))
        return answer.get("responseData") or {}

    def close(self) -> None:
        """End both sockets; safe to call twice."""
        self._broken = True
        for client in (self._requests, self._events):
            if client is not None:
                with contextlib.suppress(Exception):
                    # abort wakes the event thread; a polite close would wait for OBS, which may hang
                    client.base_client.ws.abort()
                    client.base_client.ws.shutdown()
        if self._events is not None:
            self._events.worker.join(self._timeout_s)

    def _when_ready(self) -> dict[str, Any]:
        """GetVersion, asked again while OBS 30 says that it is not ready (code 207)."""
        deadline_s = time.monotonic() + READY_LIMIT_S
        while True:
            try:
                return self.request("GetVersion")
            except RequestRefused as refusal:
                if refusal.code != NOT_READY or time.monotonic() > deadline_s:
                    raise ObsUnreachable(f"OBS at {self.address} is not ready ({refusal.code}).") from None
                time.sleep(READY_PAUSE_S)


def _opened(address: ObsAddress, connect: Callable[[], Any]) -> Any:
    """A client of obsws-python, its many ways to fail told apart."""
    from obsws_python.error import OBSSDKError

    try:
        return connect()
    except OBSSDKError as error:
        if "no password provided" in str(error):
            raise ObsPasswordWrong(
                f"OBS at {address} wants a password. It stands in OBS under Tools > WebSocket Server Settings > "
                "Show Connect Info; give it to: streamv2v-cam obs password"
            ) from None
        # obs-websocket closes the socket (code 4009) instead of answering
        raise ObsPasswordWrong(
            f"OBS at {address} refused the password. The right one stands in OBS under Tools > WebSocket Server "
            "Settings > Show Connect Info; give it to: streamv2v-cam obs password"
        ) from None
    except Exception as error:
        raise ObsUnreachable(
            f"No OBS answers at {address} ({_kind(error)}). Start OBS and tick Tools > WebSocket Server Settings > "
            "Enable WebSocket server."
        ) from None


def _kind(error: Exception) -> str:
    """What failed, in words that hold no secret."""
    name = type(error).__name__
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if "Timeout" in name:
        return "it takes too long"
    if "Closed" in name or isinstance(error, (BrokenPipeError, ConnectionResetError)):
        return "the connection was closed"
    return name
