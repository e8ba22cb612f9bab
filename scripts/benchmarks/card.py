"""The device under the measurement: its name, its matrix rate, memory and energy, as it gives them itself."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


def device_name(device: torch.device) -> str:
    """What the device calls itself."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads ({device.type})"


def wait_for(device: torch.device) -> None:
    """Wait until the device has done everything it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def matrix_rate(device: torch.device, dtype: torch.dtype, *, side: int | None = None, seconds: float = 1.5) -> float:
    """What one large matrix product reaches here, in TFLOP/s: the median of batches over `seconds`.

    The clock of a card under load is lower than in its data sheet, so this is the measure for the model's rate.
    """
    side = side or (8192 if device.type == "cuda" else 1536)
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(left)
    products = 8 if device.type == "cuda" else 1
    rates = []
    with torch.inference_mode():
        torch.mm(left, right, out=out)
        wait_for(device)
        until_s = time.perf_counter() + seconds
        while time.perf_counter() < until_s or len(rates) < 3:
            began_s = time.perf_counter()
            for _ in range(products):
                torch.mm(left, right, out=out)
            wait_for(device)
            rates.append(2 * side**3 * products / (time.perf_counter() - began_s) / 1e12)
    return statistics.median(rates)


def forget_peak(device: torch.device) -> None:
    """Give unused memory back and count the peak from here."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def peak_mib(device: torch.device) -> float:
    """Most memory held since `forget_peak`, weights included, MiB; on a CPU what the process holds now."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device) / 2**20
    import psutil

    return psutil.Process().memory_info().rss / 2**20


def energy_joules(device: torch.device) -> float | None:
    """The card's energy counter, joules since the driver was loaded; None where it gives none."""
    if device.type != "cuda":
        return None
    import pynvml

    try:
        pynvml.nvmlInit()
        uuid = str(torch.cuda.get_device_properties(device).uuid)
        card = pynvml.nvmlDeviceGetHandleByUUID(uuid if uuid.startswith("GPU-") else f"GPU-{uuid}")
        return pynvml.nvmlDeviceGetTotalEnergyConsumption(card) / 1000
    except (pynvml.NVMLError, AttributeError):
        return None


@contextmanager
def counted_waits() -> Iterator[list[float]]:
    """Collects the seconds that Python spends waiting for the device, one entry for each wait.

    Every way by which the library may wait is counted: the copy of a tensor to the host, and waiting for an
    event, a stream or the whole device. A frame's time less its waits is the work of the host.
    """
    waits: list[float] = []
    doors: list[tuple[Any, str]] = [
        (torch.Tensor, "cpu"),
        (torch.cuda.Event, "synchronize"),
        (torch.cuda.Stream, "synchronize"),
        (torch.cuda, "synchronize"),
    ]
    found = [(owner, name, owner.__dict__.get(name), getattr(owner, name)) for owner, name in doors]

    def timed(call: Any) -> Any:
        def wait(*args: Any, **options: Any) -> Any:
            began_s = time.perf_counter()
            try:
                return call(*args, **options)
            finally:
                waits.append(time.perf_counter() - began_s)

        return wait

    for owner, name, _own, call in found:
        setattr(owner, name, timed(call))
    try:
        yield waits
    finally:
        for owner, name, own, _call in found:
            if own is None:
                delattr(owner, name)
            else:
                setattr(owner, name, own)
