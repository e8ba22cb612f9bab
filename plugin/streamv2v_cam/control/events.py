"""The WebSocket: every change once and in order, the status twice a second, and changes the other way."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Coroutine
from typing import Any

from fastapi import FastAPI, WebSocket
from starlette.websockets import WebSocketDisconnect

from streamv2v.errors import ControlError

from ..errors import LookError, SinkError
from ..store import COVERED, ControlStore, Snapshot
from ..system.accesstoken import AccessToken
from .acting import COVERS, UNCOVERS, acted, applied
from .answers import as_json
from .bodies import BadBody, Command, read_object, refusal, understood
from .guard import bearer, headers_of
from .limits import Limits
from .report import Desk, told

STATUS_PERIOD_S = 0.5
TOKEN_TIMEOUT_S = 5.0
TOO_MANY_PAUSE_S = 0.05
LISTENER_LIMIT = 24
BACKLOG_LIMIT = 20_000
WAITING_LIMIT = 200
"""Messages of one listener that wait for their turn."""
COVERED_SINCE = "the cover, which was asked for after it"
Waiting = tuple[str | bytes, int]
"""A message, and how often its sender had asked for a cover by then."""
LEFT_S = 10.0
"""So long may it take to carry out what a listener sent before it went away."""
GONE = (WebSocketDisconnect, RuntimeError)
"""What sending to a listener that has gone away raises."""
CLOSE_GOING, CLOSE_LATER, CLOSE_TOKEN = 1001, 1013, 4401


class Changes:
    """The changes of a store for one listener on an event loop: from `first` on, each once and in order."""

    def __init__(self, store: ControlStore) -> None:
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._waiting: deque[Snapshot] = deque()
        self.overrun = False
        self.end = store.subscribe(self._take)
        # Subscribed first, so that nothing falls between; what is in both is left out by its revision.
        self.first = self._last = store.current

    def _take(self, snapshot: Snapshot) -> None:
        if len(self._waiting) >= BACKLOG_LIMIT:
            self.overrun = True
        else:
            self._waiting.append(snapshot)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._news.set)

    async def wait(self, timeout_s: float) -> None:
        """Until there is a change, or the time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._news.wait()

    def messages(self) -> list[dict[str, Any]]:
        """The changes since the last call, as messages."""
        self._news.clear()
        found: list[dict[str, Any]] = []
        while self._waiting:
            snapshot = self._waiting.popleft()
            if snapshot.revision > self._last.revision:
                found.append(_change(self._last, snapshot))
                self._last = snapshot
        return found

    @property
    def revision(self) -> int:
        """Of the change that was given out last."""
        return self._last.revision


def _change(before: Snapshot, after: Snapshot) -> dict[str, Any]:
    old, new = before.controls.as_dict(), after.controls.as_dict()
    return {
        "type": "change",
        "revision": after.revision,
        "look": after.look,
        "bank_resets": after.bank_resets,
        "changed": {name: value for name, value in new.items() if value != old[name]},
    }


class Listener:
    """One WebSocket, from its token to its end."""

    def __init__(self, socket: WebSocket, desk: Desk, token: AccessToken, limits: Limits) -> None:
        self._socket, self._desk, self._token, self._limits = socket, desk, token, limits
        self._given = ""
        self._covers = 0
        """How often it has asked for a cover."""

    async def admitted(self) -> bool:
        """Whether the right token came, by header or as the first message."""
        given = bearer(headers_of(self._socket.scope))
        if given is None:
            try:
                async with asyncio.timeout(TOKEN_TIMEOUT_S):
                    given = read_object(await self._socket.receive_text()).get("token")
            except (TimeoutError, BadBody, KeyError):
                given = None
        self._given = given if isinstance(given, str) else ""
        return self._still_opens()

    async def _send(self, message: dict[str, Any]) -> None:
        await self._socket.send_text(as_json(message).decode())

    def _still_opens(self) -> bool:
        return bool(self._given) and self._token.opens(self._given)

    async def tell(self, stopping: threading.Event) -> None:
        """Send what happens until the program ends, the token is rotated or the listener is too slow."""
        changes = Changes(self._desk.store)
        try:
            first = {"type": "state", **self._desk.state(), **told(changes.first)}
            await self._send(first)
            due_s = 0.0
            clock = asyncio.get_running_loop().time
            while not stopping.is_set():
                await changes.wait(max(0.0, due_s - clock()))
                for message in changes.messages():
                    await self._send(message)
                if changes.overrun:
                    await self._socket.close(CLOSE_LATER)
                    return
                if clock() >= due_s:
                    if not self._still_opens():
                        await self._socket.close(CLOSE_TOKEN)
                        return
                    status = {"type": "status", "revision": changes.revision, **self._desk.status()}
                    await self._send(status)
                    due_s = clock() + STATUS_PERIOD_S
            await self._socket.close(CLOSE_GOING)
        finally:
            changes.end()

    async def obey(self) -> None:
        """Carry out what comes, one after the other, and answer each; a cover goes before what waits for files."""
        waiting: asyncio.Queue[Waiting | None] = asyncio.Queue(WAITING_LIMIT)
        tasks = [asyncio.create_task(work) for work in (self._listen(waiting), self._work(waiting))]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _listen(self, waiting: asyncio.Queue[Waiting | None]) -> None:
        while (message := await self._socket.receive())["type"] != "websocket.disconnect":
            raw = message.get("text") or message.get("bytes") or b""
            if _covers(raw):
                self._covers += 1
                await self._carry_out(raw)
            else:
                await waiting.put((raw, self._covers))
        await waiting.put(None)

    async def _work(self, waiting: asyncio.Queue[Waiting | None]) -> None:
        while (sent := await waiting.get()) is not None:
            raw, covers = sent
            await self._carry_out(raw, overtaken=covers != self._covers)

    async def _carry_out(self, raw: str | bytes, *, overtaken: bool = False) -> None:
        answer = await self._answer(raw, overtaken)
        # whoever sends and goes away hears no answer, and wants the rest carried out all the same
        with contextlib.suppress(*GONE):
            await self._send(answer)
        # all others have a turn after each; whoever sends too much is read no faster than it can be refused cheaply
        await asyncio.sleep(TOO_MANY_PAUSE_S if answer.get("status") == 429 else 0)

    async def _answer(self, raw: str | bytes, overtaken: bool) -> dict[str, Any]:
        revision = self._desk.store.current.revision
        answer: dict[str, Any] = {"type": "answer", "id": None, "ok": False, "revision": revision}
        try:
            found = read_object(raw)
            wanted = found.pop("id", None)
            # anything may be an id, as long as it is short
            answer["id"] = wanted if isinstance(wanted, (str, int)) and len(str(wanted)[:101]) <= 100 else None
            if not self._still_opens():
                return {**answer, "status": 401, "error": "The access token was changed."}
            if not self._limits.changes.take():
                return {**answer, "status": 429, "error": "Too many changes; wait a moment."}
            now = await self._change(found, overtaken)
        except BadBody as error:
            return {**answer, "status": error.status, "error": error.reason}
        except ControlError as error:
            return {**answer, "status": 422, **refusal(error)}
        except SinkError as error:
            return {**answer, "status": 507, "error": str(error)}
        except LookError as error:
            return {**answer, "status": 404, "error": str(error)}
        return {**answer, "ok": True, "revision": now.revision, "look": now.look, "mode": now.controls.mode}

    async def _change(self, found: dict[str, Any], overtaken: bool) -> Snapshot:
        desk = self._desk
        if "controls" not in found:
            command = understood(Command, found)
            if overtaken and command.command in UNCOVERS:
                raise ControlError("command", command.command, COVERED_SINCE)
            return await acted(command, desk.store, lambda: desk.looks, desk.recorder)
        patch = found.pop("controls")
        if found or not isinstance(patch, dict):
            raise ControlError("controls", patch, "an object of controls and values, and beside it only an id")
        if overtaken and patch.get("mode", COVERED) != COVERED:
            raise ControlError("mode", patch["mode"], COVERED_SINCE)
        return await applied(patch, desk.store)


def _covers(raw: str | bytes) -> bool:
    """Whether a message asks for the cover and nothing else."""
    with contextlib.suppress(BadBody):
        found = read_object(raw)
        return found.get("command") in COVERS or found.get("controls") == {"mode": COVERED}
    return False


def add_events(app: FastAPI, desk: Desk, token: AccessToken, limits: Limits, stopping: threading.Event) -> None:
    """The address `/api/events`."""
    listeners = 0

    @app.websocket("/api/events")
    async def events(socket: WebSocket) -> None:
        nonlocal listeners
        await socket.accept()
        listener = Listener(socket, desk, token, limits)
        # it may go away in the middle of a message
        with contextlib.suppress(*GONE):
            if not await listener.admitted():
                await socket.close(CLOSE_TOKEN)
            elif listeners >= LISTENER_LIMIT:
                await socket.close(CLOSE_LATER)
            else:
                listeners += 1
                try:
                    await _serve(listener.tell(stopping), listener.obey())
                finally:
                    listeners -= 1


async def _serve(tell: Coroutine[Any, Any, None], obey: Coroutine[Any, Any, None]) -> None:
    """Run both until one ends; of a listener that has gone away, what it sent before is carried out."""
    tasks = telling, obeying = asyncio.create_task(tell), asyncio.create_task(obey)
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if telling in done and isinstance(telling.exception(), GONE):
            done, _ = await asyncio.wait([obeying], timeout=LEFT_S)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
