"""The process that stands in for an engine elsewhere: an entry like `worker.main`, which passes everything on.

It reads frames from shared memory and writes styled ones there as any engine does, so that nobody in the host knows the
difference. The address of the server stands where the model's name does.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import NoReturn

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from streamv2v.errors import ModelError

from ... import __version__
from ...errors import SettingsError
from ..child import EngineEnd
from ..protocol import Failure, FailureKind, Ready
from ..shared_frames import Record
from .address import Dial, ServerAddress, dial_of
from .certificate import pinned_context
from .flight import Flight
from .known import known_servers
from .line import EventLoop, Line, LineClosed
from .server import ENGINE_PATH, LARGEST_MESSAGE, PING_S, SILENT_S
from .session import FULL
from .wire import Arrived, Hello, Picture, WireError, heard, picture_bytes, picture_of, words

ENTRY = "streamv2v_cam.engine.remote.client:main"
AGAIN_S = 1.0
DEAD_S = 4.0
"""A picture that nobody has taken in for so long has met a line that is dead."""
BEAT_S = 0.05
KEPT = 64


def main(end: EngineEnd) -> None:
    """Entry of the process."""
    if end.spec.every_frame:
        raise ModelError("An engine elsewhere does not take clips. Leave engine.remote out, or translate there.")
    try:
        dial = dial_of(end.spec.config.model)
        events = EventLoop("line")
        while not end.memory.stop:
            line = _dialled(end, dial.address, events)
            try:
                full = Relay(end, line, dial).run()
            finally:
                line.close()
            _wait(end, f"{dial.address} is full ({full}); trying again")
    except SettingsError as error:
        raise ModelError(str(error)) from error


def _dialled(end: EngineEnd, address: ServerAddress, events: EventLoop) -> Line:
    """A line to the server, tried for as long as it takes.

    Raises:
        ModelError: the server does not know this machine, or is another one.
    """
    while True:
        end.progress(f"asking {address} for an engine")
        certificate, token = known_servers().of(address)
        try:
            return events.run(_open(address, certificate, token, events))
        except InvalidStatus as error:
            if error.response.status_code == 401:
                raise ModelError(
                    f"{address} does not know this machine any more. There: streamv2v-cam serve --pair; "
                    f"here: streamv2v-cam pair {address} CODE"
                ) from error
            why = f"it answered {error.response.status_code}"
        except Exception as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise ModelError(
                    f"Who answers at {address} is not the server that this machine was paired with. If it was set up "
                    f"anew: streamv2v-cam pair {address} CODE"
                ) from error
            why = " ".join(str(error).split())[:160] or type(error).__name__
        _wait(end, f"{address} does not answer ({why}); trying again")


async def _open(address: ServerAddress, certificate: str, token: str, events: EventLoop) -> Line:
    socket = await connect(
        address.url(ENGINE_PATH),
        ssl=pinned_context(certificate),
        additional_headers={"Authorization": f"Bearer {token}"},
        proxy=None,
        compression=None,
        max_size=LARGEST_MESSAGE,
        open_timeout=5,
        ping_interval=PING_S,
        ping_timeout=SILENT_S,
    )
    line = Line(socket, events)
    line.pumping = asyncio.ensure_future(line.pump())
    return line


def _wait(end: EngineEnd, why: str) -> None:
    until_s = time.monotonic() + AGAIN_S
    end.progress(why)
    while time.monotonic() < until_s and not end.memory.stop:
        end.memory.beat()
        time.sleep(BEAT_S)


class Relay:
    """Passes on what host and server have for each other, until one of them ends.

    Args:
        end: of the host.
        line: to the server.
        dial: what was dialled.
    """

    def __init__(self, end: EngineEnd, line: Line, dial: Dial) -> None:
        self._end, self._line, self._address = end, line, dial.address
        self._config, self._codec = end.spec.config, dial.pictures
        self._lock = threading.Lock()
        self._flight = Flight()
        self._sent: dict[int, Record] = {}
        self._ready = threading.Event()
        self._over = threading.Event()

    def run(self) -> str:
        """Until the host says stop; or the server has no engine to spare, which is returned in words."""
        config, end = self._config, self._end
        self._line.send(words(Hello(config.width, config.height, self._codec, end.snapshot, __version__)))
        feeder = threading.Thread(target=self._feed, name="frames to server", daemon=True)
        feeder.start()
        try:
            while not end.memory.stop:
                end.memory.beat()
                if self._flight.unanswered_s() > DEAD_S:
                    self._lost("it takes no picture any more")
                try:
                    self._take(self._line.recv(BEAT_S))
                except TimeoutError:
                    continue
        except WireError as error:
            self._lost(str(error))
        except LineClosed as closed:
            if closed.code == FULL:
                return closed.reason
            self._lost("it was stopped" if closed.orderly else "the line broke")
        finally:
            self._over.set()
        return ""

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            picture = picture_of(message, self._config.width, self._config.height)
            self._line.send(words(Arrived(picture.sequence)))
            self._answer(picture)
            return
        said = heard(message)
        if isinstance(said, Arrived):
            self._flight.arrived(said.sequence)
        elif isinstance(said, Ready):
            where = {"server": str(self._address), "line": self._codec}
            self._end.ready(said.delay_frames, {**said.facts, **where}, said.text)
            self._ready.set()
        elif isinstance(said, Failure):
            self._end.send(said)
            raise SystemExit(1)
        elif not isinstance(said, Hello) and hasattr(said, "text"):
            self._end.send(said)  # type: ignore[arg-type]

    def _answer(self, picture: Picture) -> None:
        with self._lock:
            shown, taken = self._sent.get(picture.sequence), self._sent.get(picture.taken)
            self._sent = {number: record for number, record in self._sent.items() if number >= picture.sequence}
        if shown is None or taken is None:
            return  # so old that its source is gone
        self._end.answer(
            picture.pixels, shown=shown, taken=taken, engine_ms=picture.engine_ms, revision=picture.revision
        )

    def _feed(self) -> None:
        end, revision, last = self._end, self._end.snapshot.revision, 0
        try:
            while not self._over.is_set():
                end.wait_frame()
                snapshot = end.take_controls()
                if snapshot.revision != revision:
                    revision = snapshot.revision
                    self._line.send(words(snapshot))
                if not self._ready.is_set() or not self._flight.wait_room(BEAT_S):
                    continue
                record = end.memory.frames_in.newest(after=last)
                if record is None:
                    continue
                last = record.sequence
                with self._lock:
                    self._sent[last] = record
                    self._sent.pop(last - KEPT, None)
                self._flight.sent(last)
                self._line.send(
                    picture_bytes(Picture(end.memory.picture(record), last), self._codec, self._flight.quality)
                )
        except (LineClosed, ValueError):  # the line, or the memory of a host that has ended
            return

    def _lost(self, why: str) -> NoReturn:
        self._end.send(Failure(FailureKind.CRASH, f"the engine at {self._address} is gone: {why}"))
        raise SystemExit(1)
