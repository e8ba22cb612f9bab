"""One copy of a model's weights for several streams, each with a bank and live values of its own. Imports torch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from streamv2v import StreamV2V, load_components
from streamv2v.config import StreamConfig
from streamv2v.device.choosing import choose_device, choose_dtype
from streamv2v.models.hub import Progress, silent
from streamv2v.models.model_facts import model_facts
from streamv2v.models.preflight import Needs, needs_of

from .remote.fleet.admission import no_room
from .worker_memory import free_memory


class SharedModel:
    """Weights, and engines on them.

    What captures graphs on a card does so for every engine. On a processor nothing is compiled and nothing converted:
    another runtime would take a copy of the weights for every session.

    Args:
        config: what is loaded; engines of it may have other sizes.
        threads: of the mathematics on a processor.
        share: of the device's free memory that this process may take, above 0 to 1.

    Raises:
        ModelError, ConfigError: it cannot be loaded; one line for a person.
    """

    def __init__(
        self, config: StreamConfig, *, threads: int = 1, share: float = 1.0, progress: Progress = silent
    ) -> None:
        torch.set_num_threads(threads)
        device = choose_device(config)
        dtype = choose_dtype(config, device)[0]
        if device.type == "cuda" and share < 1:
            torch.cuda.set_per_process_memory_fraction(share, device)
        self.free_bytes = int(share * free_memory(device)[0])
        self._device, self._dtype = device.type, str(dtype).removeprefix("torch.")
        self._facts = model_facts(config, half=dtype in (torch.float16, torch.bfloat16), progress=progress)
        self._plain = device.type != "cuda"
        self.components = load_components(config, progress)

    def needs(self, config: StreamConfig) -> Needs | None:
        """What one engine of that takes, the weights included; None where no file says it."""
        try:
            return needs_of(config, self._facts, dtype=self._dtype, device=self._device)
        except (LookupError, TypeError, ValueError):  # a configuration that leaves to its library what is usual
            return None

    def refuses(self, config: StreamConfig, others: list[StreamConfig]) -> str:
        """Why an engine of that has no room beside the others, for a person; "" where it has."""
        wanted = self.needs(config)
        if wanted is None:
            return ""
        return no_room(wanted, [needs for other in others if (needs := self.needs(other))], self.free_bytes)

    def engine(self, config: StreamConfig, progress: Callable[..., None]) -> StreamV2V:
        """An engine with a bank of its own, warm."""
        progress("warming up", None)
        # a LoRA that one session puts on would be in the weights of all
        config = replace(config, loras_folder=None)
        if self._plain:
            config = replace(config, acceleration="none")
        # the bank sits in the attention layers: each engine has its own tree of layers over the same parameters
        engine = StreamV2V(config, replace(self.components, unet=over_the_same_weights(self.components.unet)))
        engine.warm_up()
        return engine


def over_the_same_weights(network: Any) -> Any:
    """A copy of a network's modules whose parameters and buffers are the very tensors of the original."""
    shared = [*network.parameters(), *network.buffers()]
    return copy.deepcopy(network, {id(tensor): tensor for tensor in shared})
