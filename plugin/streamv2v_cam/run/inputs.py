"""Which source a run reads: the one that was named, or the first camera, or the drawn presenter."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..capture import SourceOpener, list_cameras
from ..errors import SinkError, SourceError
from ..interfaces import Source
from ..settings.model import CaptureSettings
from ..system.paths import home_path

AUTO = "auto"
Say = Callable[[str], None]


class AutoSource:
    """Opens the first camera; where none gives a picture at the start, the presenter, for the whole run.

    A camera that was there once is waited for when it is lost: viewers who saw a person must not
    suddenly see a drawn figure.

    Args:
        camera, presenter: openers.
        any_camera: whether the machine has one at all.
        say: told why the presenter stands in.
    """

    def __init__(
        self,
        camera: Callable[[], Source],
        presenter: Callable[[], Source],
        *,
        any_camera: Callable[[], bool],
        say: Say,
    ) -> None:
        self._camera, self._presenter = camera, presenter
        self._any_camera, self._say = any_camera, say
        self._chosen: Callable[[], Source] | None = None

    def __call__(self) -> Source:
        if self._chosen is None:
            source = self._first()
            if source is not None:
                self._chosen = self._camera
                return source
            self._chosen = self._presenter
        return self._chosen()

    def _first(self) -> Source | None:
        if not self._any_camera():
            self._say("No camera was found: the drawn presenter stands in (--source names another source).")
            return None
        try:
            return self._camera()
        except SourceError as error:
            self._say(f"{error} The drawn presenter stands in.")
            return None


def refuse_one_file_as_both(capture: CaptureSettings, sinks: Iterable[str]) -> None:
    """Refuse to record over the file that is being played.

    Raises:
        SinkError: the file, and what to do.
    """
    source = home_path(capture.source.removesuffix("?loop"))
    for sink in sinks:
        path = home_path(sink.strip())
        if path.is_file() and source.is_file() and path.samefile(source):
            raise SinkError(f"Source and recording are the same file, {sink!r}. Choose another name for --sink.")


def plays_once(capture: CaptureSettings) -> bool:
    """Whether the source is a file that is read to its end, and not again: one that is let go of would begin anew."""
    return not capture.loop and home_path(capture.source).is_file()


def opener(capture: CaptureSettings, *, say: Say) -> Callable[[], Source]:
    """What opens the source of these settings, again and again after losses."""

    def named(spec: str) -> SourceOpener:
        return SourceOpener(spec, width=capture.width, height=capture.height, fps=capture.fps, loop=capture.loop)

    if capture.source != AUTO:
        return named(capture.source)
    return AutoSource(
        named("camera"),
        named("presenter"),
        any_camera=lambda: bool(list_cameras()),
        say=say,
    )
