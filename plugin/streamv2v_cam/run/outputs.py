"""Where a run publishes to: the virtual camera, files, the page; and when a recording begins and ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import SinkError
from ..interfaces import Sink
from ..publish import NullSink, PreviewSink, PublisherThread, SinkFeed, SinkOpener, is_file_sink
from ..settings.model import PublishSettings

AUTO = "auto"
Say = Callable[[str], None]


@dataclass
class Recording:
    """A file that begins with the first styled picture on air, so that no slate is in it.

    Attributes:
        sink: the open file.
        feed: its place at the publisher, None before it began.
    """

    sink: Sink
    feed: SinkFeed | None = None


class Outputs:
    """Opens the sinks of a run and hands them to its publisher.

    Args:
        settings: size, rate and sinks.
        say: told in one line each which outputs there are.

    Raises:
        SinkError: an output that was named cannot be opened. A virtual camera that was not named may be missing.
    """

    def __init__(self, settings: PublishSettings, *, say: Say) -> None:
        self._settings, self._say = settings, say
        self.preview = PreviewSink() if settings.preview else None
        self.recordings: list[Recording] = []
        self._shown = False
        """An output beside the files takes the pictures."""
        self._live: list[tuple[Sink, Callable[[], Sink] | None]] = []
        try:
            for spec in dict.fromkeys(settings.sinks):
                self._open(spec.strip())
        except SinkError:
            self.discard()
            raise

    def attach(self, publisher: PublisherThread) -> None:
        """Give the publisher everything but the recordings."""
        for sink, reopen in self._live:
            publisher.add_sink(sink, reopen=reopen)
        if self.preview is not None:
            publisher.add_sink(self.preview)

    def record(self, publisher: PublisherThread, for_s: float | None) -> None:
        """Begin every recording with the next beat, and end each after exactly `for_s` seconds of pictures."""
        limit = None if for_s is None else max(1, round(for_s * self._settings.fps))
        for recording in self.recordings:
            if recording.feed is None:
                recording.feed = publisher.add_sink(recording.sink, every_frame=True, limit=limit)

    def over(self, *, timed_out: bool) -> bool:
        """Whether nothing is left to do.

        With recordings: each has all its pictures, or was lost; a lost one ends neither the others nor a camera's show.

        Args:
            timed_out: the time that was asked for is up.
        """
        feeds = [recording.feed for recording in self.recordings]
        if not feeds:
            return timed_out
        if not all(feed and (feed.done.is_set() or feed.status.given_up) for feed in feeds):
            return False
        whole = all(feed and feed.done.is_set() for feed in feeds)
        return whole or timed_out or not self._shown

    @property
    def unbegun(self) -> bool:
        """Whether a recording was wanted and never got a picture."""
        return any(recording.feed is None for recording in self.recordings)

    @property
    def lost_recording(self) -> str | None:
        """Why a recording was given up, one line; None while none was."""
        feeds = (recording.feed for recording in self.recordings)
        return next((feed.status.lost for feed in feeds if feed and feed.status.given_up), None)

    def discard(self) -> None:
        """Close what the publisher never got; a recording that never began leaves no file."""
        for recording in self.recordings:
            if recording.feed is None:
                with contextlib.suppress(SinkError):
                    recording.sink.close()

    def _open(self, spec: str) -> None:
        reopen = self._opener("camera" if spec == AUTO else spec)
        if spec == AUTO:
            self._open_auto(reopen)
        elif spec == "null":
            self._live.append((NullSink(), None))
            self._shown = True
        elif is_file_sink(spec):
            self.recordings.append(Recording(reopen()))
            self._say(f"recording: {self.recordings[-1].sink.name}, from the first styled picture on")
        else:
            self._live.append((reopen(), reopen))
            self._shown = True
            self._say(f"output: {self._live[-1][0].name}")

    def _open_auto(self, reopen: Callable[[], Sink]) -> None:
        try:
            self._live.append((reopen(), reopen))
            self._shown = True
            self._say(f"output: {self._live[-1][0].name}")
        except SinkError as error:
            instead = "only the page shows the picture" if self.preview else "nothing shows it (--no-preview)"
            self._say(f"output: {instead}. {error}")

    def _opener(self, spec: str) -> SinkOpener:
        return SinkOpener(spec, width=self._settings.width, height=self._settings.height, fps=self._settings.fps)
