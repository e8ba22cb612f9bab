"""The process that stands in for an engine elsewhere: an entry like `worker.main`, which passes everything on.

It reads frames from shared memory and writes styled ones there as any engine does, so that nobody in the host knows the
difference. The address of the server stands where the model's name does.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from streamv2v.errors import ModelError

from ... import __version__
from ...errors import SettingsError
from ..child import EngineEnd
from ..protocol import Failure, FailureKind, Notice, Ready
from ..shared_frames import Record
from .address import ServerAddress, dial_of
from .dialling import BEAT_S, dialled, wait
from .flight import Flight
from .line import EventLoop, Line, LineClosed
from .pictures import PictureReader, PictureWriter, readable_codecs
from .session import FULL
from .wire import Arrived, Hello, KeyframeWanted, Picture, Reads, WireError, heard, words

ENTRY = "streamv2v_cam.engine.remote.client:main"
DEAD_S = 4.0
"""A picture that nobody has taken in for so long has met a line that is dead."""
KEPT = 64


def main(end: EngineEnd) -> None:
    """Entry of the process."""
    if end.spec.every_frame:
        raise ModelError("An engine elsewhere does not take clips. Leave engine.remote out, or translate there.")
    try:
        dial = dial_of(end.spec.config.model)
        events = EventLoop("line")
        while not end.memory.stop:
            address, line = dialled(end, dial, events)
            try:
                why = Relay(end, line, address, dial.pictures).run()
            finally:
                line.close()
            wait(end, f"{why}; trying again")
    except SettingsError as error:
        raise ModelError(str(error)) from error


class Relay:
    """Passes on what host and server have for each other, until one of them ends.

    Args:
        end: of the host.
        line: to the server.
        address: of the server.
        pictures: how they are written, one of `choosing.CHOICES`.
    """

    def __init__(self, end: EngineEnd, line: Line, address: ServerAddress, pictures: str) -> None:
        self._end, self._line, self._address, self._asked = end, line, address, pictures
        size = end.spec.config.width, end.spec.config.height
        self._flight = Flight(lambda: line.round_trip_s)
        self._writer = PictureWriter(*size, pictures, (), self._flight)
        self._reader = PictureReader(*size)
        self._lock = threading.Lock()
        self._sent: dict[int, Record] = {}
        self._facts: dict[str, Any] = {}
        self._told = ""
        self._ready = threading.Event()
        self._over = threading.Event()

    def run(self) -> str:
        """Until the host says stop; or there is no engine to be had now, for the reason that is returned."""
        config, end = self._end.spec.config, self._end
        plain = "raw" if self._asked == "raw" else "jpeg"
        reads = readable_codecs() if self._asked in ("auto", "h264") else ()
        hello = Hello(config.width, config.height, plain, end.snapshot, __version__, reads=reads, asked=self._asked)
        self._line.send(words(hello))
        feeder = threading.Thread(target=self._feed, name="frames to server", daemon=True)
        feeder.start()
        try:
            while not end.memory.stop:
                end.memory.beat()
                if self._flight.unanswered_s() > DEAD_S:
                    return self._lost("it takes no picture any more")
                try:
                    self._take(self._line.recv(BEAT_S))
                except TimeoutError:
                    continue
        except WireError as error:
            return self._lost(str(error))
        except LineClosed as closed:
            if closed.code == FULL:
                return f"{self._address} is full ({closed.reason})"
            return self._lost(closed.reason or ("it was stopped" if closed.orderly else "the line broke"))
        finally:
            self._over.set()
        return ""

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            picture = self._reader.read(message)
            self._line.send(words(Arrived(picture.sequence)))
            if picture.pixels is None:
                self._line.send(words(KeyframeWanted()))
            else:
                self._answer(picture)
                self._tell_line()
            return
        said = heard(message)
        if isinstance(said, Arrived):
            self._flight.arrived(said.sequence)
        elif isinstance(said, Reads):
            self._writer.allow(said.codecs)
        elif isinstance(said, KeyframeWanted):
            self._writer.want_keyframe()
        elif isinstance(said, Ready):
            self._facts, self._told = said.facts, self._line_words()
            self._end.ready(said.delay_frames, self._all_facts(), said.text)
            self._ready.set()
        elif isinstance(said, Failure):
            self._end.send(said)
            raise SystemExit(1)
        elif isinstance(said, Notice) and said.facts is not None:
            self._facts = said.facts
            self._end.send(replace(said, facts=self._all_facts()))
        elif not isinstance(said, Hello) and hasattr(said, "text"):
            self._end.send(said)  # type: ignore[arg-type]

    def _line_words(self) -> str:
        there, back = self._writer.codec, self._reader.codec or self._writer.codec
        return there if there == back else f"{there} there, {back} back"

    def _all_facts(self) -> dict[str, Any]:
        return {**self._facts, "server": str(self._address), "line": self._told}

    def _tell_line(self) -> None:
        """Say it where pictures are written in another way than before."""
        now = self._line_words()
        if now == self._told or not self._ready.is_set():
            return
        self._told = now
        trip_ms = self._line.round_trip_s * 1000
        self._end.send(
            Notice(
                f"pictures to and from {self._address}: {now} ({trip_ms:.0f} ms there and back)",
                facts=self._all_facts(),
            )
        )

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
                message = self._writer.message(Picture(end.memory.picture(record), last))
                self._flight.sent(last)
                self._line.send(message)
        except (LineClosed, ValueError):  # the line, or the memory of a host that has ended
            return

    def _lost(self, why: str) -> str:
        reason = f"the engine at {self._address} is gone: {why}"
        if not self._ready.is_set():
            return reason  # nothing has begun yet, so nothing ends either
        self._end.send(Failure(FailureKind.CRASH, reason))
        raise SystemExit(1)
