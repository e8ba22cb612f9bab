"""Which device and which number format a stream runs on, with the reason for people to read."""

from __future__ import annotations

import os

import torch

from .config import StreamConfig
from .errors import ConfigError


def choose_device(config: StreamConfig) -> torch.device:
    """The asked device, or the best there is.

    Raises:
        ConfigError: the asked device is not in this machine.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if config.device == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if there[name]))
    device = torch.device(config.device)
    if not there[device.type]:
        found = ", ".join(name for name, is_there in there.items() if is_there)
        raise ConfigError(f"device: {config.device} was asked for, this machine has {found}; choose one or 'auto'.")
    return device


def choose_dtype(config: StreamConfig, device: torch.device) -> tuple[torch.dtype, str]:
    """The number format of the networks, and why."""
    if config.dtype != "auto":
        return getattr(torch, config.dtype), "asked for"
    if device.type == "cuda":
        return torch.float16, "half precision is the fastest a GPU does well"
    if device.type == "mps":
        return torch.float16, "half precision is the fastest this GPU does well"
    if _cpu_has_bfloat16():
        return torch.bfloat16, "this CPU has bfloat16 instructions"
    return torch.float32, "this CPU has no bfloat16 instructions"


def _cpu_has_bfloat16() -> bool:
    if os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in ("AVX2", "SSE41"):
        return False
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in probes)
