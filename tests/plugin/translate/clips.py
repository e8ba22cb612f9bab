"""Small clips of many kinds, made on the spot: frame n is grey of value 5 * n + 10."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

SAMPLE_RATE = 44100


def make(
    path: Path,
    *,
    codec: str = "mpeg4",
    size: tuple[int, int] = (64, 48),
    pts: list[int] | None = None,
    time_base: Fraction = Fraction(1, 30),
    pixels: str = "yuv420p",
    sound: str | None = None,
    frames: int = 12,
    colours: int | None = None,
    aspect: Fraction | None = None,
    turn: int = 0,
    transfer: int | None = None,
    sample_rate: int = SAMPLE_RATE,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a clip.

    Args:
        path: its ending names the container.
        pts: ticks of the frames; None is one tick each.
        sound: a codec; None leaves it silent.
        colours: number of the colour matrix to tag.
        turn: degrees a player shall turn the picture by.
        transfer: number of the transfer to tag; the primaries are then those of BT.2020.
        sample_rate: of the sound, Hz.
        options: of the container.
    """
    times = list(range(frames)) if pts is None else pts
    with av.open(str(path), "w", options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        stream.codec_context.time_base = stream.time_base = time_base
        if colours is not None:
            stream.codec_context.colorspace = colours
        if transfer is not None:
            stream.codec_context.color_trc, stream.codec_context.color_primaries = transfer, 9
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if turn:
            stream.set_display_rotation(turn)
        track: Any = container.add_stream(sound, rate=sample_rate, layout="stereo") if sound else None
        for number, time in enumerate(times):
            picture = np.full((size[1], size[0], 3), 5 * number % 240 + 10, np.uint8)
            picture[: size[1] // 4] //= 2
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time, time_base
            container.mux(stream.encode(frame))
        if track is not None:
            container.mux(track.encode(_tone(float((times[-1] + 1) * time_base), sample_rate)))
            container.mux(track.encode())
        container.mux(stream.encode())
    return path


def shown(path: Path) -> list[tuple[float, float]]:
    """Time in seconds and mean grey of every frame."""
    with av.open(str(path)) as container:
        return [(frame.time, float(frame.to_ndarray(format="gray").mean())) for frame in container.decode(video=0)]


def facts(path: Path) -> Any:
    """The video stream's facts, read before the file is closed: width, height, matrix, range, aspect, turn."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        aspect = container.streams.video[0].sample_aspect_ratio
        return frame.width, frame.height, int(frame.colorspace), int(frame.color_range), aspect, frame.rotation


def sound_of(path: Path) -> tuple[str, list[bytes], float] | None:
    """Codec, packets and end in seconds of the sound; None when there is none."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
        end = max(float((packet.pts + (packet.duration or 0)) * packet.time_base) for packet in packets)
        return stream.codec_context.codec.canonical_name, [bytes(packet) for packet in packets], end


def _tone(seconds: float, rate: int) -> av.AudioFrame:
    wave = np.sin(np.arange(int(rate * seconds)) * 440 * 2 * np.pi / rate) * 8000
    samples = np.repeat(wave.astype(np.int16), 2).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    return frame
