"""Which device, number format and acceleration a stream runs with, with the reason for people to read."""

from __future__ import annotations

import os

import torch

from ..config import StreamConfig
from ..errors import ConfigError


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


def choose_acceleration(config: StreamConfig, device: torch.device) -> str:
    """One of `ACCELERATIONS` but "auto": as asked, or what suits the device.

    Raises:
        ConfigError: graphs were asked for and the device is not a CUDA one, or OpenVINO and it is no CPU.
    """
    if config.acceleration == "auto":
        return "graph" if device.type == "cuda" else "none"
    if config.captures and device.type != "cuda":
        raise ConfigError(
            f"acceleration: {config.acceleration!r} captures graphs, for which a CUDA device is needed; "
            f"the stream runs on {device.type}. Choose 'auto' or 'none'."
        )
    if config.acceleration == "openvino" and device.type != "cpu":
        raise ConfigError(
            f"acceleration: 'openvino' is for processors; the stream runs on {device.type}. Choose 'auto', or the "
            "device 'cpu'."
        )
    return config.acceleration


def choose_dtype(config: StreamConfig, device: torch.device) -> tuple[torch.dtype, str]:
    """The number format of the networks, and why."""
    if config.dtype != "auto":
        return getattr(torch, config.dtype), "asked for"
    if device.type == "cuda":
        return cuda_dtype(torch.cuda.get_device_capability(device), torch.cuda.get_device_name(device))
    if device.type == "mps":
        return torch.float16, "half precision is the fastest this GPU does well"
    if cpu_has_bfloat16():
        return torch.bfloat16, "this CPU has bfloat16 instructions"
    return torch.float32, "this CPU has no bfloat16 instructions"


def cuda_dtype(capability: tuple[int, int], name: str) -> tuple[torch.dtype, str]:
    """The number format for a CUDA card, and why.

    Never bfloat16, though cards from 8.0 on have it: its 8 bits tell cosines near 1 apart only in steps of
    1/256, and fusion decides at 0.98; activations of the Stable Diffusion family fit into float16's range.

    Args:
        capability: compute capability, (major, minor).
        name: of the card.
    """
    if "GTX 16" in name:
        # reported over years: pytorch/pytorch#58123, #77955
        return torch.float32, "GTX 16 cards give NaN in half precision"
    if capability < (7, 0) and capability != (6, 0):
        return torch.float32, "this GPU calculates half precision at a fraction of its speed"
    return torch.float16, "half precision is the fastest a GPU does well"


def cpu_has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 by instructions of its own; emulated it is slower than float32."""
    if os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in ("AVX2", "SSE41"):
        return False
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in probes)
