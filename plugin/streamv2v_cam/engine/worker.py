"""The real engine process: StreamV2V behind the main loop. The only file of the program that imports torch."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from streamv2v.config import StreamConfig

from .child import EngineEnd
from .serving import Translator, serve


def main(end: EngineEnd) -> None:
    """Entry of the engine process."""
    _quieten_libraries()
    _sleep_at_barriers()
    end.progress("loading torch")
    import torch

    torch.set_num_threads(threads_for(end.spec.threads, _cores()))

    def build(config: StreamConfig, progress: Callable[..., None]) -> Translator:
        from streamv2v import StreamV2V

        return StreamV2V.from_pretrained(config, progress=progress)

    serve(end, build)


def threads_for(asked: int, cores: int) -> int:
    """CPU threads for the mathematics: as asked, or all cores, less one where there are four or more.

    On two cores both are used: the process's lower priority keeps the publisher's beat, and a single thread
    gives 0.6 times the frame rate (both measured beside a publisher at 30 fps).
    """
    if asked:
        return asked
    return cores - 1 if cores >= 4 else cores


def _sleep_at_barriers() -> None:
    # OpenMP threads that wait for one another spin by default. Beside a publisher, which takes a quarter of a core,
    # one of them is always the late one, and the spinning of the others keeps it from running: on two busy cores
    # the same model gave 6 to 12 frames in 8 s spinning, 65 sleeping. Read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # a few microseconds of spinning before the sleep: waking a thread costs more than most layers of a small model
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    os.environ.setdefault("KMP_BLOCKTIME", "0")


def _cores() -> int:
    # a container or taskset may allow fewer than the machine has
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quieten_libraries() -> None:
    # their bars and advice would land in the middle of the program's own lines; the host shows the progress
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    for name in ("diffusers", "transformers", "huggingface_hub", "torch"):
        logging.getLogger(name).setLevel(logging.ERROR)
