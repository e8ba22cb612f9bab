"""Live LoRAs between two frames of a stream: swapped in, with what has to follow from other weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..controls import Controls
from ..models.live_loras import LiveLoras
from ..models.loading import Components
from .frame_path import FramePath
from .transitions import Transitions


class LorasOnAir:
    """Follows `Controls.loras`; the thread that owns the engine calls it.

    On a processor the U-Net that compiled code or another runtime answers has its weights within, so that while a LoRA
    is on the plain one draws; afterwards the other is put back. What was not in use by then stays out.

    Args:
        components: of the engine.
        folder: where LoRAs are; None has none.

    Attributes:
        loras: what prepares and swaps them.
    """

    def __init__(self, components: Components, folder: str | None, path: FramePath, transitions: Transitions) -> None:
        networks = {"U-Net": components.unet, "text encoder": components.text_encoder}
        if components.text_encoder_2 is not None:
            networks["second text encoder"] = components.text_encoder_2
        self.loras = LiveLoras(networks, folder)
        self._path, self._transitions, self._unet = path, transitions, components.unet
        self._within = components.unet.device.type == "cpu"
        self._other: Any = None
        self._held = False

    def hand_over(self, beside: Any, controls: Controls, use_networks: Callable[..., None]) -> None:
        """Let what works beside the engine put in what it has finished; on a processor until the first LoRA is wanted.

        What is made from then on would have the weights of a moment within it. Ask before `follow`.

        Args:
            beside: what compiles and converts; None where nothing does.
            use_networks: the engine's.
        """
        self._held = self._held or (self._within and bool(controls.loras))
        if beside is not None and self._held:
            beside.stop()
        elif beside is not None:
            beside.hand_over(use_networks)

    def follow(self, controls: Controls, now_s: float) -> bool:
        """Put in what is ready; whether the picture can differ from the last frame's.

        A stream that has not begun waits for what is wanted: nothing of it is on air that could stop.
        """
        self.loras.want(controls.loras)
        if not self._path.begun:
            self.loras.wait()
        if not self.loras.swap():
            return False
        if self._within:
            self._choose_unet()
        self._transitions.weights_changed(now_s)
        return True

    def _choose_unet(self) -> None:
        networks = self._path.networks
        if self.loras.on and networks.unet is not self._unet:
            self._other = networks.unet
            self._path.use_networks(networks._replace(unet=self._unet))
        elif not self.loras.on and self._other is not None:
            self._path.use_networks(networks._replace(unet=self._other))
            self._other = None
