"""Recording by command: what is on air into a new file, from a press to a press."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
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

log = logging.getLogger(__name__)


@cache
def _videos() -> Path:
    """The user's folder of videos; found by reading files, and asked for several times a second."""
    return Path(user_videos_dir())


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
        self._path: Path | None = None
        self._feed: SinkFeed | None = None
        self._began_s = self._ended_s = 0.0
        self._reason = ""
        self._ending: list[threading.Thread] = []

    @property
    def folder(self) -> Path:
        """Where the files go."""
        asked = self._settings.record_folder
        return home_path(asked) if asked else _videos() / FOLDER

    @property
    def busy(self) -> bool:
        """Whether a recording is under way or being finished."""
        return self._feed is not None or any(thread.is_alive() for thread in self._ending)

    def start(self) -> None:
        """Begin a file with the next picture on air; nothing changes where one is being written.

        Raises:
            SinkError: it cannot be written there.
        """
        with self._lock:
            self._see_loss()
            if self._feed is not None:
                return
            path, sink = self._open()
            self._path, self._reason, self._began_s = path, "", time.monotonic()
            self._feed = self._publisher.add_sink(sink, every_frame=True)
        log.info("recording to %r", str(path))

    def stop(self) -> None:
        """End the file, in a thread: its last pictures are still being written; nothing changes where there is none."""
        with self._lock:
            feed, self._feed = self._feed, None
            if feed is None:
                return
            self._ended_s = time.monotonic()
            self._publisher.remove_sink(feed)
            thread = threading.Thread(target=self._finish, args=(feed,), name="recording end", daemon=True)
            self._ending = [old for old in self._ending if old.is_alive()] + [thread]
            thread.start()

    def toggle(self) -> None:
        """Start or stop.

        Raises:
            SinkError: it cannot be started.
        """
        if self._feed is None:
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
            going = self._feed is not None
            state = "recording" if going else "finishing" if self.busy else "lost" if self._reason else "off"
            seconds = (time.monotonic() if going else self._ended_s) - self._began_s
            return {
                "state": state,
                "file": self._path.name if self._path else "",
                "folder": str(self._path.parent if self._path else self.folder),
                "seconds": round(seconds, 1),
                "bytes": _size(self._path),
                "reason": self._reason,
            }

    def _see_loss(self) -> None:
        feed = self._feed
        if feed is not None and feed.status.given_up:
            self._reason, self._feed, self._ended_s = feed.status.lost or "", None, time.monotonic()
            self._publisher.remove_sink(feed)

    def _finish(self, feed: SinkFeed) -> None:
        feed.stop()
        status = feed.status
        if status.lost:
            self._reason = status.lost
        else:
            log.info("recorded %d pictures to %r", status.frames, str(self._path))

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


def _size(path: Path | None) -> int:
    try:
        return path.stat().st_size if path else 0
    except OSError:
        return 0
