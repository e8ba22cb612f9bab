"""What the device does for a frame, as programs started one after another: encode, pass, decode, taking in.

Three programs and not one: the encoder and the decoder are the same in every course of the pass, so one
capture of each serves all, the first frame is encoded once for all its passes, and the frames in flight
at a stream's end come out without a frame going in. Between two replays the device rests microseconds.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..device.graphs import Graphs, kept
from ..frames import Pixels
from ..models.codec import Codec
from ..models.networks import Networks
from .frame_io import FrameIn, PictureOut
from .stream_batch import StreamBatch


class FramePath:
    """The way of a frame through the device.

    Args:
        codec, stream: picture to latent and back, and what happens between.
        graphs: where all programs are captured.
        width, height: of the engine, px.
        check: looks at every finished picture and answers what may be shown.

    Attributes:
        out: the pictures on their way.
        begun: whether the stream holds frames; the first one is pushed through all slots.
    """

    def __init__(
        self,
        codec: Codec,
        stream: StreamBatch,
        graphs: Graphs,
        width: int,
        height: int,
        *,
        check: Callable[[Pixels], Pixels] | None = None,
    ) -> None:
        self._codec, self._stream, self._graphs = codec, stream, graphs
        self._in = FrameIn(codec, graphs, stream.entering, width=width, height=height)
        self.out = PictureOut(codec, graphs, stream.leaving, width=width, height=height, check=check)
        self.begun = False

    def run(self, frame: Pixels, interval: int) -> None:
        """Start all work for uint8 `[H, W, 3]`, without waiting for any of it; its picture is then on its way.

        Args:
            interval: the bank's update interval, in frames.
        """
        self._in.take(frame)
        self._stream.structure.see(frame)  # the host's work, while the device encodes
        if self.begun:
            self.run_on(interval)
        else:
            self._stream.start(self._stream.entering, interval)
            self.out.send()
            self.begun = True

    def run_on(self, interval: int) -> None:
        """The same with the frame that came last, once more."""
        self._stream.advance(self._stream.entering, interval)
        self.out.send()
        self._stream.update()  # the picture does not wait for this

    @property
    def networks(self) -> Networks:
        """What encodes, predicts and decodes at present."""
        return Networks(self._codec.encoder, self._stream.unet, self._codec.decoder)

    def use_networks(self, networks: Networks) -> None:
        """Exchange them, and capture anew where programs are captured; an error leaves the present ones."""
        before = self.networks
        try:
            with self._graphs.anew():
                self._put_in(networks)
                self.capture()
        except BaseException:
            self._put_in(before)
            raise

    @torch.inference_mode()
    def capture(self) -> None:
        """Run every program once where programs are captured, leaving no trace in the stream."""
        if self._graphs.on:
            with kept(self._stream.state):
                self._in.encode()
                self._stream.run_every_program()
                self.out.decode()

    def _put_in(self, networks: Networks) -> None:
        self._codec.encoder, self._stream.unet, self._codec.decoder = networks
