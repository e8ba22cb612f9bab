"""The protocols between the stages: what the threads know of devices."""

from __future__ import annotations

from typing import Protocol

from .frame import Pixels


class Source(Protocol):
    """Something that gives pictures at its own pace: camera, file, image, address, presenter."""

    name: str
    """For people: "camera 'HD Webcam' (640x480 at 30)"."""

    def read(self) -> Pixels | None:
        """The next picture, RGB uint8 `[H, W, 3]`, after waiting for it; None at the source's end.

        Raises:
            SourceError: the source is lost; it may be opened again.
        """
        ...

    def close(self) -> None:
        """Give the device back; safe to call twice."""
        ...


class Sink(Protocol):
    """Something that takes pictures of the published size at the published rate.

    It may have an attribute `watched` as well: whether anybody takes what it is given, at this moment; None where that
    cannot be seen, which is also what a sink without it means.
    """

    name: str
    """For people: "virtual camera 'StreamV2V' (/dev/video10)"."""

    def send(self, pixels: Pixels) -> None:
        """Take one picture, RGB uint8 `[H, W, 3]`; must return well within one frame time.

        Raises:
            SinkError: the sink is lost; it may be opened again.
        """
        ...

    def close(self) -> None:
        """Finish and give the device back; safe to call twice."""
        ...
