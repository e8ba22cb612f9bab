"""What was tried on this machine and how it came out, remembered in a small JSON file.

A trial takes a second or more, its answer rarely changes: so it is kept under all that it depends on, for a
month, since a machine may have been busy in a way that no key tells.
A file that cannot be read or written only costs the trial again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..config import StreamConfig

FILE_NAME = "trials.json"
KEPT = 200
"""Answers kept; the oldest go first."""
HOLDS_S = 30 * 86400.0


class Trials:
    """Answers by question and key.

    Args:
        folder: where the file lies; None remembers nothing beyond this object.
        clock: seconds since 1970.

    Attributes:
        complaint: why the last answer could not be kept; "" when it was.
    """

    def __init__(self, folder: str | Path | None, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._file = Path(folder) / FILE_NAME if folder is not None else None
        self._answers = self._read()
        self.complaint = ""

    def recall(self, question: str, key: str) -> Any:
        """The answer remembered, or None: also where it is older than a month, or from the future."""
        match self._answers.get(f"{question} {key}"):
            case {"answer": answer, "at_s": float(at_s)} if 0 <= self._clock() - at_s <= HOLDS_S:
                return answer
        return None

    def remember(self, question: str, key: str, answer: Any) -> None:
        """Keep a plain value; a file that cannot be written is told in `complaint`."""
        name = f"{question} {key}"
        self._answers = self._read() | self._answers  # another engine may have written meanwhile
        self._answers.pop(name, None)
        self._answers[name] = {"answer": answer, "at_s": self._clock()}
        self._answers = dict(list(self._answers.items())[-KEPT:])
        if self._file is None:
            return
        beside = self._file.with_name(f"{FILE_NAME}.{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(self._answers, indent=1), encoding="utf-8")
            beside.replace(self._file)
        except OSError as error:
            self.complaint = f"what was tried could not be remembered in {self._file} ({error.strerror or error})"
            with contextlib.suppress(OSError):
                beside.unlink()

    def _read(self) -> dict[str, Any]:
        if self._file is None:
            return {}
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def usable_cores() -> int:
    """Cores that this process may use: a container or taskset may allow fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_key(*more: object) -> str:
    """A short key of this machine (processor, cores, system) and of whatever else an answer depends on."""
    told = [platform.machine(), _processor(), usable_cores(), platform.system(), *more]
    return hashlib.sha256("|".join(map(str, told)).encode()).hexdigest()[:16]


def stream_key(config: StreamConfig, *more: object) -> str:
    """A key of the machine and of everything in `config` that changes the speed of a frame."""
    bank = config.bank
    return machine_key(
        config.model,
        config.vae,
        *(f"{lora.source}x{lora.scale}" for lora in config.loras),
        *(f"{network.source}:{network.kind}" for network in config.structure),
        *([config.ip_adapter] if config.ip_adapter else []),
        f"{config.width}x{config.height}x{config.slots}",
        config.sequential,
        config.guidance,
        f"{bank.kind} {bank.queue_length} {bank.attention} {bank.fusion} {bank.fused_layers}",
        *more,
    )


def side_by_side(
    runs: Mapping[Any, Callable[[], object]], *, rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[Any, float]:
    """Median time of each run in ms, measured in turns, so that a busy moment strikes all alike.

    Each runs once before, unmeasured.
    """
    for run in runs.values():
        run()
    times: dict[Any, list[float]] = {name: [] for name in runs}
    for turn in range(rounds):
        names = list(runs)
        for name in names if turn % 2 == 0 else reversed(names):
            began_s = clock()
            runs[name]()
            times[name].append((clock() - began_s) * 1000)
    return {name: statistics.median(values) for name, values in times.items()}


def fastest(times_ms: Mapping[Any, float], usual: Any, *, gain: float) -> Any:
    """The name with the least time, or `usual` unless it is beaten by more than `gain` (a share, 0..1)."""
    best = min(times_ms, key=lambda name: times_ms[name])
    return best if times_ms[best] < times_ms[usual] * (1 - gain) else usual


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
