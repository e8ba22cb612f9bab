"""The sound of a clip on its way into another: copied where the container takes it, coded anew where not."""

from __future__ import annotations

import io
import logging
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from .formats import Kind

log = logging.getLogger(__name__)

_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
_RATES = {
    "aac": (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000),
    "libopus": (48000, 24000, 16000, 12000, 8000),
    "libmp3lame": (48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000),
}
_MOST_CHANNELS = {"libmp3lame": 2}
_NAMES = {"libmp3lame": "mp3", "libopus": "opus"}
_OUT_OF_STEP_S = Fraction(1, 20)
"""A gap or an overlap of more than this is made good with silence or by leaving out."""
_LONGEST_SILENCE_S = Fraction(3600)


def takes(kind: Kind, stream: Any) -> bool:
    """Whether a container of that kind holds a stream as it is: asked of the container itself, with its beginning."""
    import av
    import av.error

    name = stream.codec_context.codec.canonical_name
    if kind.copies is not None and stream.type == "audio":
        return name in kind.copies
    try:
        with av.open(io.BytesIO(), "w", format=kind.muxer) as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError, OSError):
        return False
    return True


class Sound:
    """All sound streams of a clip.

    Args:
        container: the output, nothing written yet.
        kind: what it is.
        streams: the input's sound streams, of known kinds or not.

    Attributes:
        kept: "copied", "as aac", or "" where there is no sound.
    """

    def __init__(self, container: Any, kind: Kind, streams: Sequence[Any]) -> None:
        import av.error

        self._refusals: Any = (av.error.InvalidDataError, av.error.ArgumentError)
        self._container = container
        self._tracks: dict[int, _Copy | _Coder] = {}
        self.kept = ""
        self.faults: Counter[str] = Counter()
        for stream in streams:
            if stream.codec_context is None:
                log.warning("Track %d is sound of an unknown kind and was left out.", stream.index)
            elif not kind.sound:
                log.warning("The sound was left out: %s holds none.", kind.muxer.upper())
                return
            else:
                self._add(stream, kind)

    def _add(self, stream: Any, kind: Kind) -> None:
        if takes(kind, stream):
            made = self._container.add_stream_from_template(stream)
            self._tracks[stream.index] = _Copy(made, self.faults)
            self.kept = self.kept or "copied"
        else:
            made = _coded_stream(self._container, kind.sound, stream.codec_context)
            self._tracks[stream.index] = _Coder(stream, made, self.faults)
            self.kept = f"as {_NAMES.get(kind.sound, kind.sound)}"
        keep_facts(stream, made)

    def packets(self, packet: Any) -> None:
        """Write what comes of one packet of the input; what the container refuses is left out and counted."""
        track = self._tracks.get(packet.stream.index)
        if track is not None:
            self._mux(track.packets(packet))

    def end(self) -> None:
        """Write what is still held, and say once what had to be mended."""
        for track in self._tracks.values():
            self._mux(track.rest())
        for what, count in self.faults.items():
            log.warning("The sound of the clip: %d %s.", count, what)

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            try:
                self._container.mux(packet)
            except self._refusals:
                self.faults["packets were refused by the container and left out"] += 1


def keep_facts(stream: Any, made: Any) -> None:
    """Language, title and default mark of a stream onto the one that is written."""
    for key in ("language", "title"):
        if stream.metadata.get(key):
            made.metadata[key] = stream.metadata[key]
    try:
        made.disposition = stream.disposition
    except (AttributeError, ValueError, TypeError):
        log.debug("the default mark of track %d could not be kept", stream.index)


def _coded_stream(container: Any, codec: str, context: Any) -> Any:
    rates = _RATES[codec]
    rate = min(rates, key=lambda rate: abs(rate - context.sample_rate))
    # a raw format says how many channels it has, not which
    channels = min(context.layout.nb_channels, _MOST_CHANNELS.get(codec, 8))
    return container.add_stream(codec, rate=rate, layout=_LAYOUTS.get(channels, "stereo"))


class _Copy:
    """Packets as they are, their times growing."""

    def __init__(self, made: Any, faults: Counter[str]) -> None:
        self._made, self._faults = made, faults
        self._last: Fraction | None = None

    def packets(self, packet: Any) -> list[Any]:
        time_s = packet.dts * packet.time_base
        if self._last is not None and time_s <= self._last:
            late = self._last - time_s
            if late > max((packet.duration or 0) * packet.time_base, _OUT_OF_STEP_S):
                self._faults["packets came with a time long past and were left out"] += 1
                return []
            self._faults["packets came with a time that repeats or falls and were moved behind it"] += 1
            moved = int(self._last / packet.time_base) + 1 - packet.dts
            packet.dts += moved
            packet.pts = packet.dts if packet.pts is None else max(packet.pts + moved, packet.dts)
            time_s = packet.dts * packet.time_base
        self._last = time_s
        packet.stream = self._made
        return [packet]

    def rest(self) -> list[Any]:
        return []


class _Coder:
    """Sound decoded and coded anew, without gaps: what is missing or damaged becomes silence."""

    def __init__(self, source: Any, made: Any, faults: Counter[str]) -> None:
        import av
        import av.error

        self._av: Any = av
        self._errors: Any = (av.error.FFmpegError, ValueError)
        self._source, self._made, self._faults = source, made, faults
        self._next_s: Fraction | None = None
        self._model: Any = None

    def packets(self, packet: Any) -> list[Any]:
        try:
            frames = self._source.codec_context.decode(packet)
        except self._errors:
            self._faults["packets were damaged and became silence"] += 1
            # the next good packet's time shows how much silence it takes
            return []
        return [coded for frame in frames for coded in self._placed(frame)]

    def rest(self) -> list[Any]:
        coded: list[Any] = []
        try:
            for frame in self._source.codec_context.decode(None):
                coded += self._placed(frame)
        except self._errors:
            pass
        return coded if self._next_s is None else coded + list(self._made.encode(None))

    def _placed(self, frame: Any) -> list[Any]:
        if not frame.samples or not frame.sample_rate:
            return []
        self._model = frame
        lasts_s = Fraction(frame.samples, frame.sample_rate)
        at_s = self._next_s if frame.pts is None else frame.pts * frame.time_base
        due_s = self._next_s
        if due_s is None or at_s is None:
            self._next_s = due_s = at_s = max(at_s or Fraction(0), Fraction(0))
        ahead_s = at_s - due_s
        if ahead_s < -max(_OUT_OF_STEP_S, lasts_s):
            self._faults["pieces came with a time long past and were left out"] += 1
            return []
        coded: list[Any] = []
        if _OUT_OF_STEP_S < ahead_s < _LONGEST_SILENCE_S:
            coded = self._silence(round(ahead_s * frame.sample_rate))
        return coded + self._encoded(frame)

    def _silence(self, samples: int) -> list[Any]:
        model, coded = self._model, []
        while samples > 0:
            count = min(samples, model.sample_rate)
            quiet = self._av.AudioFrame(format=model.format.name, layout=model.layout, samples=count)
            quiet.sample_rate = model.sample_rate
            for plane in quiet.planes:
                value = b"\x80" if model.format.name.startswith("u8") else b"\0"
                plane.update(value * plane.buffer_size)
            coded += self._encoded(quiet)
            samples -= count
        return coded

    def _encoded(self, frame: Any) -> list[Any]:
        assert self._next_s is not None
        frame.time_base = Fraction(1, frame.sample_rate)
        frame.pts = round(self._next_s * frame.sample_rate)
        self._next_s += Fraction(frame.samples, frame.sample_rate)
        return list(self._made.encode(frame))
