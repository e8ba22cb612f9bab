"""Pictures that let through in VP8 and VP9: FFmpeg's own decoders leave the layer out, those of libvpx give it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def decoder_of(stream: Any) -> Callable[[Any], list[Any]]:
    """What makes frames of the packets of a stream: its own decoder, or one that gives the layer it announces.

    The function returned raises what PyAV's `Packet.decode` raises. Source of the mark `alpha_mode`: the WebM
    container guidelines.
    """
    marks = {name.lower(): value for name, value in stream.metadata.items()}
    name = _DECODERS.get(stream.codec_context.name, "")
    if not name or marks.get("alpha_mode") != "1":
        return lambda packet: packet.decode()
    import av

    try:
        context: Any = av.CodecContext.create(name, "r")
    except ValueError:  # an FFmpeg without libvpx
        return lambda packet: packet.decode()
    return lambda packet: context.decode(packet if packet.size else None)
