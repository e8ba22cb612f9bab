"""`translate_clip`: the composition of reader, engine and writer for one clip."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from streamv2v.config import StreamConfig
from streamv2v.controls import Controls
from streamv2v.models.vocabulary import vocabulary_of
from streamv2v.prompts.reading import TextModel

from ..capture.framing import frame as framed
from ..engine.asked import check_asked
from ..engine.clip import ClipEngine
from ..engine.heartbeat import Patience
from ..engine.link import DEFAULT_ENTRY
from ..frame import Pixels
from ..knownwords import WordJudge
from ..promptnotes import PromptNotes
from ..rates import rate_of
from ..references.shelf import Given
from ..run.starting import lora_folder, prompt_notes
from ..settings.pictures import pictures_of, with_reference
from ..sizes import even, size_for
from ..system.logs import console
from ..system.opencv import cv2
from ..system.stopping import terminate_as_interrupt
from .every import check_every, styled_every
from .outputs import Writer, check_output, constant_rate, open_output
from .progress import ClipProgress
from .reader import ClipReader
from .timing import Timed, at_rate
from .writer import PictureFormat

if TYPE_CHECKING:
    from ..settings import LoadedSettings

log = logging.getLogger(__name__)


@dataclass
class _Counts:
    """What went through so far."""

    read: int = 0
    written: int = 0
    ticks: int = 0


@dataclass(frozen=True)
class _Slot:
    """When one translated picture is shown: how often, from which tick, for how many ticks."""

    count: int
    pts: int
    duration: int


@dataclass
class _Job:
    """One translation under way."""

    reader: ClipReader
    writer: Writer
    picture: PictureFormat
    controls: Controls
    fps: Fraction | None
    every: int = 1
    references: tuple[Given, ...] = ()
    counts: _Counts = field(default_factory=_Counts)
    slots: deque[_Slot] = field(default_factory=deque)

    def pictures(self) -> Iterator[Pixels]:
        """The clip's frames for the engine, framed; notes in `slots` when each is to be shown."""
        look = self.controls
        for timed, slot in self._timed():
            self.counts.read += 1
            if not slot.count:
                continue
            self.slots.append(slot)
            yield framed(
                timed,
                self.picture.width,
                self.picture.height,
                fit=look.fit,
                zoom=look.zoom,
                pan_x=look.pan_x,
                pan_y=look.pan_y,
                mirror=look.mirror,
            )

    def write(self, styled: Pixels) -> None:
        """One translated picture into the clip, at the time of the frame it came from."""
        slot = self.slots.popleft()
        size = (self.picture.width, self.picture.height)
        shrinks = styled.shape[1] > size[0]
        pixels: Any = cv2.resize(styled, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
        for number in range(slot.count):
            self.writer.write(pixels, pts=slot.pts + number * slot.duration, duration=slot.duration)
            self.counts.written += 1
        self.counts.ticks = slot.pts + slot.count * slot.duration

    def _timed(self) -> Iterator[tuple[Pixels, _Slot]]:
        frames: Iterator[Timed[Pixels]] = self.reader.frames(on_other=self.writer.other)
        if self.fps is None:
            for timed in frames:
                yield timed.item, _Slot(1, timed.pts, timed.duration)
            return
        beat = 0
        for pixels, count in at_rate(frames, self.reader.time_base, self.picture.rate):
            yield pixels, _Slot(count, beat, 1)
            beat += count


def translate_clip(
    settings: LoadedSettings,
    source: str,
    target: str,
    *,
    size: tuple[int, int] | None = None,
    fps: Fraction | float | None = None,
    every: int = 1,
    sound: bool = True,
    overwrite: bool = False,
    entry: str = DEFAULT_ENTRY,
) -> dict[str, Any]:
    """Translate `source` into `target`: the same frames at the same times, in the look that is set.

    Args:
        settings: model, look and the rest.
        source: path, folder or pattern of numbered pictures, or "-" for standard input.
        target: path ending in .mp4, .mkv, .mov, .ts, ...; a pattern of numbered pictures; "-" for standard
            output (matroska). It appears under its name only when it is whole.
        size: width and height of the clip written, px; None keeps the source's (odd sizes go up by one).
        fps: constant rate of the clip written, and of numbered pictures that are read; None keeps every frame at
            its own time.
        every: style each such frame, and move its picture to the frames between (1..30).
        sound: carry the sound over.
        overwrite: replace a target that exists.
        entry: function that runs in the engine process.

    Returns:
        Plain values: frames_in, frames_out, duration_s, fps (frames translated per second), width, height,
        engine_width, engine_height, sound, prompt, load_s, wall_s and the engine's own facts.

    Raises:
        MediaError: a clip that cannot be read or written.
        SettingsError: an `every` that makes no sense.
        ControlError: the prompt names no look that the model knows.
        EngineError, StreamV2VError: the engine.
    """
    check_every(every)
    check_output(source, target, overwrite=overwrite)
    if entry == DEFAULT_ENTRY:
        _check_model_and_words(settings)
    pictures = pictures_of(settings)
    controls = with_reference(settings, settings.controls(), pictures)
    began_s = time.monotonic()
    # numbered pictures have no rate of their own: the one that is asked for is theirs, and none is shown twice
    asked = None if fps is None else rate_of(fps)
    with terminate_as_interrupt(), ClipReader(source, series_rate=asked) as reader:
        rate = asked or constant_rate(target, rate_of(reader.rate))
        picture = _picture_format(reader, size, rate)
        config = _engine_config(settings, picture)
        with ClipProgress(reader.frame_count) as progress:
            try:
                around = (reader.container, reader.subtitles)
                tracks = reader.audio if sound else ()
                with open_output(target, picture, tracks, surroundings=around, replace=overwrite) as writer:
                    job = _Job(reader, writer, picture, controls, rate, every, pictures.given(controls))
                    facts, load_s = _translate(job, config, settings, entry, progress)
            except KeyboardInterrupt:
                console.print("stopped; nothing was kept")
                raise
    told = _summary(job, config, wall_s=time.monotonic() - began_s, load_s=load_s)
    return told | {"sound": writer.sound_kept or "none", "prompt": controls.prompt, "engine": facts}


def _summary(job: _Job, config: StreamConfig, *, wall_s: float, load_s: float) -> dict[str, Any]:
    """What a translation came to, in plain values."""
    picture = job.picture
    return {
        "frames_in": job.counts.read,
        "frames_out": job.counts.written,
        "duration_s": round(float(job.counts.ticks * picture.time_base), 3),
        "fps": round(job.counts.read / max(wall_s - load_s, 1e-6), 2),
        "width": picture.width,
        "height": picture.height,
        "engine_width": config.width,
        "engine_height": config.height,
        "load_s": round(load_s, 2),
        "wall_s": round(wall_s, 2),
    }


def _translate(
    job: _Job, config: StreamConfig, settings: LoadedSettings, entry: str, progress: ClipProgress
) -> tuple[dict[str, Any], float]:
    """Run the clip through an engine; the engine's facts and the seconds it took to load."""
    patience = Patience(settings.engine.load_timeout_s, settings.engine.hang_timeout_s)
    began_s = time.monotonic()
    with ClipEngine(
        config,
        job.controls,
        entry=entry,
        patience=patience,
        threads=settings.engine.threads or 0,
        fit=settings.engine.memory == "fit",
        say=progress.loading,
        references=job.references,
    ) as engine:
        load_s = time.monotonic() - began_s
        before = _notes(settings, None).of(job.controls)
        for line in _notes(settings, engine.text_model).of(job.controls):
            if line not in before:
                log.warning("%s", line)
        progress.begin()
        borrow = settings.publish.borrow and job.controls.borrow
        size = (config.width, config.height)
        for styled in styled_every(engine.translate, job.pictures(), job.every, size=size, borrow=borrow):
            job.write(styled)
            progress.frame()
        return engine.facts, load_s


def _check_model_and_words(settings: LoadedSettings) -> None:
    """Refuse what can be seen to be wrong before the engine is started."""
    check_asked(settings.stream_config())
    known = vocabulary_of(settings.engine.model, loras=settings.engine.loras)
    judge = WordJudge(known)
    judge.check(settings.controls(), quietly=True)
    for line in (*judge.notice.answered, *_notes(settings, None).of(settings.controls())):
        log.warning("%s", line)


def _notes(settings: LoadedSettings, text: TextModel | None) -> PromptNotes:
    """What there is to say of prompts; what lies beyond a prompt's length only once an engine is there."""
    return prompt_notes(settings, lora_folder(settings), settings.looks(), lambda: text)


def _picture_format(reader: ClipReader, size: tuple[int, int] | None, fps: Fraction | None) -> PictureFormat:
    width, height = even(*(size or (reader.width, reader.height)))
    rate = reader.rate if fps is None else fps
    return PictureFormat(
        width=width,
        height=height,
        sample_aspect=reader.sample_aspect if size is None else Fraction(1),
        time_base=reader.time_base if fps is None else 1 / rate,
        rate=rate,
        matrix=reader.matrix,
        primaries=reader.primaries,
        transfer=reader.transfer,
    )


def _engine_config(settings: LoadedSettings, picture: PictureFormat) -> StreamConfig:
    config = settings.stream_config()
    engine = settings.engine
    aspect = picture.width / picture.height * float(picture.sample_aspect)
    width, height = size_for(engine.model, aspect, engine.width, engine.height)
    return replace(config, width=width, height=height)
