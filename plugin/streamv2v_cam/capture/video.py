"""A video file as a camera: paced by its own time stamps, newest frame first when the reader is slow."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

from ..errors import SourceError
from ..frame import Pixels
from .decoding import open_video, reason_of, to_pixels

FALLBACK_FPS = 25.0
MOST_BEHIND_S = 0.1


class VideoFileSource:
    """A file that plays at its own speed.

    Args:
        path: the file, or an http(s) address of one.
        loop: begin again at its end.

    Raises:
        SourceError: it cannot be opened, or holds no moving picture.
    """

    def __init__(self, path: Path | str, *, loop: bool = False) -> None:
        self._address = str(path)
        self._what = f"Video {Path(path).name!r}"
        self._loop = loop
        self._container, self._stream = self._open()
        rate = self._stream.average_rate or self._stream.base_rate
        self._frame_s = 1.0 / float(rate or FALLBACK_FPS)
        size = f"{self._stream.codec_context.width}x{self._stream.codec_context.height}"
        self.name = f"video {Path(path).name!r} ({size} at {1 / self._frame_s:.3g}{', looped' if loop else ''})"
        self._frames = self._play()

    def read(self) -> Pixels | None:
        """The picture that is due now, after waiting for its time; late ones are skipped. None at the end.

        Raises:
            SourceError: the file became unreadable.
        """
        return next(self._frames, None)

    def close(self) -> None:
        self._frames.close()
        self._container.close()

    def _open(self):
        return open_video(self._address, what=self._what, timeout_s=10.0 if "://" in self._address else None)

    def _play(self) -> Generator[Pixels, None, None]:
        began_s, offset_s = time.monotonic(), 0.0
        while True:
            last_s, shown = 0.0, 0
            for frame, at_s in self._decode():
                due_s = began_s + offset_s + at_s
                behind_s = time.monotonic() - due_s
                last_s = at_s
                # A file so heavy that it is always late still shows its pictures, slower than its own clock.
                if behind_s > max(MOST_BEHIND_S, self._frame_s) and shown % 8:
                    shown += 1
                    continue
                time.sleep(max(0.0, -behind_s))
                shown += 1
                yield to_pixels(frame, self._stream)
            if not shown:
                raise SourceError(f"{self._what} holds no picture that can be decoded.")
            if not self._loop:
                time.sleep(min(self._frame_s, 1.0))
                return
            offset_s = max(offset_s + last_s + self._frame_s, time.monotonic() - began_s)
            self._container.close()
            self._container, self._stream = self._open()

    def _decode(self):
        """Frames with their times, seconds from the first."""
        import av.error

        first_s: float | None = None
        at_s = -self._frame_s
        try:
            for frame in self._container.decode(self._stream):
                at_s = frame.time - (first_s or 0.0) if frame.time is not None else at_s + self._frame_s
                if first_s is None:
                    first_s, at_s = at_s, 0.0
                yield frame, at_s
        except (av.error.FFmpegError, OSError) as error:
            if first_s is None:
                raise SourceError(f"{self._what} cannot be played: {reason_of(error)}.") from None
            # A damaged end is an end: what could be seen was seen.
