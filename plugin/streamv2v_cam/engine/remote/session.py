"""One host and its engine, from the first words to the end of the line."""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import replace

from streamv2v.errors import StreamV2VError

from ... import __version__
from ...errors import CamError
from ...frame import Frame
from ...store import Snapshot
from ...system.opencv import cv2
from ..protocol import Failure, FailureKind, FrameDone, Notice, Refit
from .flight import Flight
from .line import Line, LineClosed
from .pictures import PictureReader, PictureWriter, readable_codecs
from .pool import NUMBERS, EnginePool, Full, Lease
from .wire import PROTOCOL, Arrived, Hello, KeyframeWanted, Picture, Reads, WireError, heard, words

FULL = 1013
"""Close code "try again later" of RFC 6455's registry."""
HELLO_S = 10.0
HEAR_S, WAIT_S = 0.01, 0.5

log = logging.getLogger(__name__)


class Session:
    """Takes pictures and words from a host, gives back styled ones, until one of the two ends it.

    Args:
        line: to the host, which has been let in.
        host: its name, for the log.
        pool: has the engines.
    """

    def __init__(self, line: Line, host: str, pool: EnginePool) -> None:
        self._line, self._host, self._pool = line, host, pool
        self._flight = Flight(lambda: line.round_trip_s)
        self._over = threading.Event()
        self._numbers: dict[int, int] = {}

    def run(self) -> None:
        """Until the end; says to the host why where it is not the host's doing."""
        try:
            hello = self._begin()
            config = replace(self._pool.config, width=hello.width, height=hello.height)
            lease = self._pool.take(config, hello.snapshot)
        except Full as full:
            self._line.close(FULL, str(full))
            return
        except (WireError, StreamV2VError, CamError) as error:
            self._refuse(str(error))
            return
        except (LineClosed, TimeoutError):
            return
        log.info("%r: an engine of %dx%d, pictures as %s", self._host, config.width, config.height, hello.asked)
        self._work(hello, lease)

    def _begin(self) -> Hello:
        text = self._line.recv(HELLO_S)
        hello = heard(str(text))
        if not isinstance(hello, Hello):
            raise WireError("the first words are not a greeting")
        if hello.protocol != PROTOCOL:
            raise WireError(
                f"this server is version {__version__} and the host {hello.version}, which do not understand each "
                "other. Update the older one"
            )
        return hello

    def _refuse(self, reason: str) -> None:
        log.warning("%r: %s", self._host, reason)
        try:
            self._line.send(words(Failure(FailureKind.MODEL, reason)))
            self._line.close()
        except LineClosed:
            pass

    def _work(self, hello: Hello, lease: Lease) -> None:
        lease.link.update(lease.own(hello.snapshot))
        reader = PictureReader(hello.width, hello.height)
        writer = PictureWriter(hello.width, hello.height, hello.asked, hello.reads, self._flight)
        back = threading.Thread(target=self._give_back, args=(hello, lease, writer), name="engine to host", daemon=True)
        back.start()
        try:
            while not self._over.is_set():
                with contextlib.suppress(TimeoutError):
                    self._take(reader, writer, lease, self._line.recv(WAIT_S))
        except LineClosed:
            log.info("%r: the line is closed", self._host)
        except WireError as error:
            self._refuse(str(error))
        finally:
            failed = self._over.is_set()
            self._over.set()
            back.join()
            self._line.close()
            self._pool.give_back(lease, keep=not failed)

    def _take(self, reader: PictureReader, writer: PictureWriter, lease: Lease, message: str | bytes) -> None:
        if isinstance(message, bytes):
            picture = reader.read(message)
            self._line.send(words(Arrived(picture.sequence)))
            if picture.pixels is None:
                self._line.send(words(KeyframeWanted()))
            elif lease.link.ready is not None:
                number = lease.link.feed(Frame(picture.pixels, picture.sequence, 0.0))
                self._numbers[number] = picture.sequence
                self._numbers.pop(number - 256, None)
            return
        said = heard(message)
        if isinstance(said, Snapshot):
            lease.link.update(lease.own(said))
        elif isinstance(said, Arrived):
            self._flight.arrived(said.sequence)
        elif isinstance(said, KeyframeWanted):
            writer.want_keyframe()
        else:
            raise WireError(f"{type(said).__name__} is nothing that a host says")

    def _give_back(self, hello: Hello, lease: Lease, writer: PictureWriter) -> None:
        try:
            if hello.reads:
                self._line.send(words(Reads(readable_codecs())))
            if lease.link.ready is not None:
                self._line.send(words(lease.link.ready))
            done: FrameDone | None = None
            while not self._over.is_set():
                for message in lease.link.hear(HEAR_S):
                    if isinstance(message, FrameDone):
                        done = message
                        continue
                    if isinstance(message, Refit):
                        self._smaller(hello, lease, message)
                        break  # what speaks here has ended
                    self._line.send(words(message))
                    if isinstance(message, Failure):
                        log.warning("%r: %s", self._host, message.reason)
                        self._over.set()
                if done is not None and self._flight.wait_room(0):
                    self._send_newest(hello, lease, writer, done)
                    done = None
        except LineClosed:
            return
        finally:
            if self._over.is_set():
                self._line.close()

    def _send_newest(self, hello: Hello, lease: Lease, writer: PictureWriter, done: FrameDone) -> None:
        found = lease.link.styled(after=lease.last)
        if found is None:
            return
        lease.last, frame = found
        pixels = frame.pixels
        if pixels.shape[:2] != (hello.height, hello.width):  # an engine for which memory was short
            pixels = cv2.resize(pixels, (hello.width, hello.height), interpolation=cv2.INTER_CUBIC)
        taken = self._numbers.get(done.taken, frame.index)
        picture = Picture(pixels, frame.index, taken, done.engine_ms, done.revision % NUMBERS)
        message = writer.message(picture)
        self._flight.sent(picture.sequence)
        self._line.send(message)

    def _smaller(self, hello: Hello, lease: Lease, wish: Refit) -> None:
        lease.link.close()
        lease.link, lease.last = self._pool.start(wish.config, lease.own(hello.snapshot)), 0
        self._line.send(words(Notice(wish.reason, wish.lasting)))
