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
    end.progress("loading torch")
    import torch

    torch.set_num_threads(threads_for(end.spec.threads, _cores()))

    def build(config: StreamConfig, progress: Callable[..., None]) -> Translator:
        from streamv2v import StreamV2V

        return StreamV2V.from_pretrained(config, progress=progress)

    serve(end, build)


def threads_for(asked: int, cores: int) -> int:
    """CPU threads for the mathematics: as asked, or all cores, less one where there are four or more.

    On two cores both are used: measured beside a 30 fps publisher, the process's lower priority alone keeps
    the beat, and a single thread would halve the frame rate.
    """
    if asked:
        return asked
    return cores - 1 if cores >= 4 else cores


def _cores() -> int:
    # a container or taskset may allow fewer than the machine has
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quieten_libraries() -> None:
    # their bars and advice would land in the middle of the program's own lines; the host shows the progress
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    for name in ("diffusers", "transformers", "huggingface_hub", "torch"):
        logging.getLogger(name).setLevel(logging.ERROR)
