"""A frame's way into the stream and a picture's way out: host, device, colours, VAE.

The frame is brought to the engine's size before the captured program, on the device and in whole grey
levels, so that a source that changes its size costs no capture; frames that have the size pass untouched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

from ..device.graphs import Graphs, Program
from ..device.host_transfer import Download, Upload
from ..errors import FrameError, ModelError, StreamV2VError
from ..frames import Pixels, fit, to_levels, to_picture
from ..models.codec import Codec


class FrameIn:
    """uint8 frame of any size on the host -> latent.

    Args:
        latent: where it goes, `[1, C, h, w]`.
        width, height: of the engine, px.

    Attributes:
        encode: the program from the uint8 picture of the engine's size to the latent.
    """

    def __init__(self, codec: Codec, graphs: Graphs, latent: Tensor, *, width: int, height: int) -> None:
        self._codec, self._width, self._height = codec, width, height
        self._upload = Upload(latent.device)
        levels = torch.zeros(height, width, 3, dtype=torch.uint8, device=latent.device)
        self.encode = Program(graphs, "encode", self._encode, [levels], latent)

    def take(self, frame: Pixels) -> Tensor:
        """Bring uint8 `[H, W, 3]` in; returns the latent, overwritten by the next frame's."""
        return self.encode(fit(self._upload.send(frame), self._width, self._height))

    def _encode(self, levels: Tensor) -> Tensor:
        return self._codec.encode(to_picture(levels))


class PictureOut:
    """Latent -> uint8 picture on the host; knows which pictures are on their way.

    Args:
        latent: where it comes from, `[1, C, h, w]`.
        width, height: of the engine, px.
        check: looks at every finished picture and answers what may be shown.

    Attributes:
        decode: the program from the latent to the uint8 picture on the device.
    """

    def __init__(
        self,
        codec: Codec,
        graphs: Graphs,
        latent: Tensor,
        *,
        width: int,
        height: int,
        check: Callable[[Pixels], Pixels] | None = None,
    ) -> None:
        self._codec, self._check, self._latent = codec, check, latent
        levels = torch.zeros(height, width, 3, dtype=torch.uint8, device=latent.device)
        self.decode = Program(graphs, "decode", self._decode, [latent], levels)
        self._download = Download(levels)
        self._on_the_way: deque[int | None] = deque()
        self._last: Pixels | None = None

    def __len__(self) -> int:
        """Pictures on their way."""
        return len(self._on_the_way)

    def send(self) -> None:
        """Decode what is in the latent and start the picture on its way."""
        self._download.before_overwriting()
        self.decode()
        self._on_the_way.append(self._download.begin())

    def repeat(self) -> None:
        """Let the next picture be the one before it once more."""
        self._on_the_way.append(None)

    def collect(self) -> Pixels:
        """Wait for the oldest picture on its way; RGB uint8 `[H, W, 3]`, the caller's own.

        Raises:
            FrameError: none is on its way.
            StreamV2VError: the networks gave not-a-numbers.
        """
        if not self._on_the_way:
            raise FrameError("No picture is on its way: submit() a frame before collect().")
        number = self._on_the_way.popleft()
        if number is not None:
            picture = self._download.wait(number)
            if not picture.any() and not self.sound():  # not-a-number becomes black
                raise StreamV2VError("the networks answered with not-a-numbers; such a picture is not shown")
            self._last = self._check(picture) if self._check is not None else picture
        assert self._last is not None, "the first picture cannot repeat another"
        return self._last.copy()

    def check_sound(self, model: str) -> None:
        """See that the latest picture was numbers.

        Raises:
            ModelError: it was not; says what to do.
        """
        if not self.sound():
            raise ModelError(
                f"{model} answers with not-a-numbers. Choose engine.dtype float32, another VAE "
                "(--vae madebyollin/taesd) or another model."
            )

    @torch.inference_mode()
    def sound(self) -> bool:
        """Whether what is in the latent decodes to numbers."""
        return bool(torch.isfinite(self._codec.decode(self._latent)).all())

    def forget(self) -> None:
        """Drop what is on its way, after waiting for it, since its memory is used again."""
        while self._on_the_way:
            if (number := self._on_the_way.popleft()) is not None:
                self._download.wait(number)

    def _decode(self, latent: Tensor) -> Tensor:
        return to_levels(self._codec.decode(latent))
