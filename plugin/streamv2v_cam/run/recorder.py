"""Recording by command: what is on air into a new file, from a press to a press."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

from platformdirs import user_videos_dir

from ..errors import SinkError
from ..interfaces import Sink
from ..publish import PublisherThread, SinkFeed, open_sink
from ..settings.model import PublishSettings
from ..system.paths import home_path

FOLDER = "StreamV2V"
LOSSES = 5
"""So many of the last losses are kept."""

log = logging.getLogger(__name__)


@cache
def _videos() -> Path:
    """The user's folder of videos; found by reading files, and asked for several times a second."""
    return Path(user_videos_dir())


@dataclass
class _Recording:
    """One file: the one before may still be finished while it is written, and each comes out well or badly alone."""

    path: Path
    feed: SinkFeed
    began_s: float = field(default_factory=time.monotonic)
    ended_s: float | None = None
    reason: str = ""
    end: threading.Thread | None = None

    @property
    def state(self) -> str:
        if self.ended_s is None:
            return "recording"
        if self.end is not None and self.end.is_alive():
            return "finishing"
        return "lost" if self.reason else "off"


class Recorder:
    """At most one recording by command; its file is named by the time and overwrites nothing.

    Args:
        publisher: gives the pictures; a recording gets every one of them.
        settings: size, rate, folder and kind of the files.
        clock: the time of day, for the names.
    """

    def __init__(
        self,
        publisher: PublisherThread,
        settings: PublishSettings,
        *,
        clock: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._publisher, self._settings, self._clock = publisher, settings, clock
        self._lock = threading.Lock()
        self._newest: _Recording | None = None
        self._ending: list[threading.Thread] = []
        self._losses: deque[tuple[str, str]] = deque(maxlen=LOSSES)

    @property
    def folder(self) -> Path:
        """Where the files go."""
        asked = self._settings.record_folder
        return home_path(asked) if asked else _videos() / FOLDER

    @property
    def busy(self) -> bool:
        """Whether a recording is under way or being finished."""
        return self._written is not None or any(thread.is_alive() for thread in self._ending)

    @property
    def losses(self) -> tuple[tuple[str, str], ...]:
        """File and reason of the last ones that were lost when a newer one, of which the status tells, had begun."""
        return tuple(self._losses)

    @property
    def _written(self) -> _Recording | None:
        newest = self._newest
        return newest if newest is not None and newest.ended_s is None else None

    def start(self) -> None:
        """Begin a file with the next picture on air; nothing changes where one is being written.

        Raises:
            SinkError: it cannot be written there.
        """
        with self._lock:
            self._see_loss()
            if self._written is not None:
                return
            path, sink = self._open()
            self._newest = _Recording(path, self._publisher.add_sink(sink, every_frame=True))
        log.info("recording to %r", str(path))

    def stop(self) -> None:
        """End the file, in a thread: its last pictures are still being written; nothing changes where there is none."""
        with self._lock:
            ended = self._written
            if ended is None:
                return
            self._publisher.remove_sink(ended.feed)
            ended.end = threading.Thread(target=self._finish, args=(ended,), name="recording end", daemon=True)
            ended.end.start()
            ended.ended_s = time.monotonic()
            self._ending = [old for old in self._ending if old.is_alive()] + [ended.end]

    def toggle(self) -> None:
        """Start or stop.

        Raises:
            SinkError: it cannot be started.
        """
        if self._written is None:
            self.start()
        else:
            self.stop()

    def close(self) -> None:
        """End the file and wait until it is whole; safe to call twice."""
        self.stop()
        for thread in self._ending:
            thread.join()

    def status(self) -> dict[str, object]:
        """How it stands, plain values.

        state ("off", "recording", "finishing" or "lost"), file (its name), folder, seconds, bytes, reason of a loss.
        """
        with self._lock:
            self._see_loss()
            newest = self._newest
            if newest is None:
                return dict(state="off", file="", folder=str(self.folder), seconds=0.0, bytes=0, reason="")
            return {
                "state": newest.state,
                "file": newest.path.name,
                "folder": str(newest.path.parent),
                "seconds": round((newest.ended_s or time.monotonic()) - newest.began_s, 1),
                "bytes": _size(newest.path),
                "reason": newest.reason,
            }

    def _see_loss(self) -> None:
        written = self._written
        if written is not None and written.feed.status.given_up:
            written.reason, written.ended_s = written.feed.status.lost or "", time.monotonic()
            self._publisher.remove_sink(written.feed)

    def _finish(self, ended: _Recording) -> None:
        ended.feed.stop()
        status = ended.feed.status
        if not status.lost:
            log.info("recorded %d pictures to %r", status.frames, str(ended.path))
            return
        log.warning("the recording %r was lost: %s", str(ended.path), status.lost)
        with self._lock:
            ended.reason = status.lost
            if ended is not self._newest:
                self._losses.append((ended.path.name, status.lost))

    def _open(self) -> tuple[Path, Sink]:
        folder, wanted = self.folder, self._settings
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SinkError(f"The folder {folder} for recordings cannot be made: {error.strerror}.") from None
        stem = f"{self._clock():%Y-%m-%d %H-%M-%S}"
        names = (f"{stem}{number}.{wanted.record_kind}" for number in ("", *(f" ({n})" for n in range(2, 1000))))
        path = next(folder / name for name in names if not (folder / name).exists())
        return path, open_sink(str(path), width=wanted.width, height=wanted.height, fps=wanted.fps)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
