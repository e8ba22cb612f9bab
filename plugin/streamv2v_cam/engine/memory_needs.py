"""What memory the engine will need, told by the host: from files and settings alone, without torch."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from streamv2v.config import StreamConfig
from streamv2v.models.ip_adapter_files import with_adapter
from streamv2v.models.lora_needs import with_loras
from streamv2v.models.model_facts import model_facts
from streamv2v.models.preflight import Needs, needs_of
from streamv2v.models.sdxl import is_sdxl
from streamv2v.models.structure_files import with_structure
from streamv2v.models.weight_files import looking_at


def memory_needs(config: StreamConfig) -> tuple[Needs, list[str]]:
    """The needs of `config`, and what had to be assumed, a line each.

    Raises:
        ModelError: the model's files are not on this machine, or not such as its kind has.
    """
    assumed = []
    device, dtype = config.device.split(":")[0], config.dtype
    if device == "auto":
        device = "cuda" if has_nvidia() else "cpu"
        assumed.append(f"engine.device is auto: counted for {device}.")
    if dtype == "auto":
        dtype = "float16" if device in ("cuda", "mps") else "float32"
        half = "; half of it where the CPU has bfloat16" if dtype == "float32" else ""
        assumed.append(f"engine.dtype is auto: counted in {dtype}{half}.")
    here, half = replace(config, offline=True), dtype == "float16"
    with looking_at(f"the model {config.model}"):
        facts = with_adapter(with_structure(model_facts(here, half=half), here, half=half), here, half=half)
        facts = with_loras(facts, here)
        family = "SDXL" if is_sdxl(facts.unet) else "Stable Diffusion 1.5"
        assumed += [f"{name}: as in {family}, since no file says it." for name in facts.guessed]
        return needs_of(config, facts, dtype=dtype, device=device), assumed


def has_nvidia() -> bool:
    """Whether the driver knows of an NVIDIA GPU."""
    with contextlib.suppress(Exception):  # no driver, no library, no device: each has its own kind
        import pynvml

        pynvml.nvmlInit()
        try:
            return pynvml.nvmlDeviceGetCount() > 0
        finally:
            pynvml.nvmlShutdown()
    return False
