"""A video file as a camera: paced by its own time stamps, newest frame first when the reader is slow."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from ..errors import SourceError
from ..frame import Pixels
from ..media.layers import decoder_of
from ..media.names import in_words, is_address
from ..media.opening import open_clip
from ..media.packets import Packets
from ..media.viewing import Shown, deinterlaced, let_through
from .decoding import SquareViewer

log = logging.getLogger(__name__)

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
        self._title = Path(in_words(self._address)).name
        self._what = f"Video {self._title!r}"
        self._loop = loop
        self._again = self._transparent_said = False
        self._container, self._stream = self._open()
        rate = self._stream.average_rate or self._stream.base_rate
        self._frame_s = 1.0 / float(rate or FALLBACK_FPS)
        size = f"{self._stream.codec_context.width}x{self._stream.codec_context.height}"
        self.name = f"video {self._title!r} ({size} at {1 / self._frame_s:.3g}{', looped' if loop else ''})"
        self._shown = 0
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
        timeout_s = 10.0 if is_address(self._address) else None
        container, stream = open_clip(
            self._address, what=self._what, refusal=SourceError, timeout_s=timeout_s, quiet=self._again
        )
        stream.thread_type = "SLICE"
        self._frames_of = decoder_of(stream)
        self._viewer = SquareViewer(stream)
        return container, stream

    def _play(self) -> Generator[Pixels, None, None]:
        began_s, offset_s = time.monotonic(), 0.0
        while True:
            last_s, shown = 0.0, 0
            self._shown = 0
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
                self._shown = shown
                pixels = self._viewer.pixels(frame)
                if self._viewer.transparent and not self._transparent_said:
                    self._transparent_said = True
                    log.warning("%s", let_through(f"The video {self._title!r}"))
                yield pixels
            if not shown:
                raise SourceError(f"{self._what} holds no picture that can be decoded.")
            if not self._loop:
                time.sleep(min(self._frame_s, 1.0))
                return
            offset_s = max(offset_s + last_s + self._frame_s, time.monotonic() - began_s)
            self._container.close()
            self._again = True
            self._container, self._stream = self._open()

    def _decode(self) -> Iterator[tuple[Any, float]]:
        """Frames with their times, seconds from the first."""
        first_s: float | None = None
        at_s = -self._frame_s
        for shown in deinterlaced(self._frames_of_packets()):
            own_s = _seconds(shown, self._stream)
            at_s = own_s - (first_s or 0.0) if own_s is not None else at_s + self._frame_s
            if first_s is None:
                first_s, at_s = at_s, 0.0
            yield shown.frame, at_s

    def _frames_of_packets(self) -> Iterator[Any]:
        import av.error

        packets = Packets(self._container, [self._stream], name=f"video {self._title!r}", quiet=self._again)
        for packet in packets:
            try:
                yield from self._frames_of(packet)
            except (av.error.FFmpegError, OSError):
                # What could be seen is seen: a damaged piece, or a damaged end.
                continue
        if packets.broke_off and self._shown == 0:
            raise SourceError(f"{self._what} cannot be played: {packets.broke_off}.")


def _seconds(shown: Shown, stream: Any) -> float | None:
    return None if shown.pts is None else float(shown.pts * stream.time_base)
