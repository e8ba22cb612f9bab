"""What surrounds a clip's picture: titles, chapters, subtitles. Kept where the container can, else said once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from .formats import Kind
from .sound import keep_facts, takes

log = logging.getLogger(__name__)

_OWN = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "creation_time", "vendor_id"}
"""Said of the file that is read, not of the film in it."""


class Surroundings:
    """Copied into the output; nothing of it can stop a translation.

    Args:
        container: the output, nothing written yet.
        kind: what it is.
        source: the input's container.
        subtitles: its streams of subtitles.
    """

    def __init__(self, container: Any, kind: Kind, source: Any, subtitles: Sequence[Any]) -> None:
        import av.error

        self._errors: Any = (av.error.FFmpegError, ValueError, TypeError, AttributeError)
        self._container = container
        self._tracks: dict[int, Any] = {}
        self._last: dict[int, int] = {}
        lost: list[str] = []
        for key, value in source.metadata.items():
            if key.lower() not in _OWN:
                container.metadata[key] = value
        self._chapters(source, kind, lost)
        for stream in subtitles:
            if stream.codec_context is not None and kind.sound and takes(kind, stream):
                self._tracks[stream.index] = made = container.add_stream_from_template(stream)
                keep_facts(stream, made)
            else:
                lost.append(f"subtitles (track {stream.index})")
        lost += [f"an attachment (track {stream.index})" for stream in source.streams.attachments]
        if lost:
            log.warning("Left out, because %s does not take it: %s.", kind.muxer, ", ".join(lost))

    def packet(self, packet: Any) -> None:
        """One packet of subtitles."""
        made = self._tracks.get(packet.stream.index)
        if made is None or packet.dts <= self._last.get(packet.stream.index, packet.dts - 1):
            return
        self._last[packet.stream.index] = packet.dts
        packet.stream = made
        try:
            self._container.mux(packet)
        except self._errors:
            log.debug("a packet of subtitles was refused", exc_info=True)

    def _chapters(self, source: Any, kind: Kind, lost: list[str]) -> None:
        try:
            chapters = source.chapters()
            if chapters and kind.chapters:
                self._container.set_chapters(chapters)
            elif chapters:
                lost.append(f"{len(chapters)} chapters")
        except self._errors:
            log.debug("the chapters could not be read", exc_info=True)
