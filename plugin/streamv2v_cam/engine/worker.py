"""The real engine process: StreamV2V behind the main loop. Only `worker*.py` of the program import torch."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from streamv2v.config import StreamConfig
from streamv2v.tuning.autotune import usable_cores

from .child import EngineEnd
from .protocol import Notice
from .serving import Translator, serve
from .worker_beside import Beside, busy_s

if TYPE_CHECKING:
    import torch

    from streamv2v import StreamV2V
    from streamv2v.models.loading import Components
    from streamv2v.models.preflight import Needs
    from streamv2v.tuning.threads import ThreadsOnAir


_READY: list[tuple[StreamConfig, Components]] = []
"""Of a spare: the networks that it has loaded, until they are taken."""


def prepare(config: StreamConfig) -> None:
    """Import all that an engine needs; on a processor load its networks too, which cost no memory of a card."""
    _begin()
    import torch

    from streamv2v import load_components
    from streamv2v.device.choosing import choose_device

    from . import worker_memory

    del worker_memory  # imported for the start to come
    torch.set_num_threads(1)
    if choose_device(config).type == "cpu":
        _READY.append((config, load_components(config)))


def _begin() -> None:
    _quieten_libraries()
    _sleep_at_barriers()


def _components_of(config: StreamConfig, progress: Callable[..., None]) -> Components:
    """The networks: those a spare has loaded for the same model, or fresh ones."""
    from streamv2v import load_components

    while _READY:
        loaded_for, components = _READY.pop()
        if replace(loaded_for, width=config.width, height=config.height) == config:
            return components
    return load_components(config, progress)


def main(end: EngineEnd) -> None:
    """Entry of the engine process."""
    _begin()
    end.progress("loading torch")
    import torch

    from streamv2v.tuning.threads import usual_threads

    torch.set_num_threads(end.spec.threads or usual_threads(usable_cores()))
    beside = Beside(end, following_threads(end))
    serve(end, lambda config, progress: build(end, config, progress), beside)
    beside.end()


def build(end: EngineEnd, config: StreamConfig, progress: Callable[..., None]) -> Translator:
    """Look at the memory, load, warm up, find the number of threads, begin to compile."""
    from streamv2v import StreamV2V
    from streamv2v.tuning.background_tuning import begin_tuning

    from .worker_memory import check_memory

    needs = check_memory(end, config, progress)
    components = _components_of(config, progress)
    for line in components.warned:
        end.send(Notice(line, True))
    engine = StreamV2V(config, components)

    def warm_up() -> None:
        progress("warming up", None)
        engine.warm_up()
        components.facts |= choose_threads(end, engine, progress)

    may = may_compile(end, config, components.unet.device, needs)
    wanted = config if may else replace(config, acceleration="none")
    engine.compiling = begin_tuning(wanted, components, warm_up, busy_s=busy_s)
    return engine


def may_compile(end: EngineEnd, config: StreamConfig, device: torch.device, needs: Needs | None) -> bool:
    """Whether compiling may begin where it is wanted: asked for by name, or able to pay and with room for it."""
    from streamv2v.tuning.background_compiling import wants_compiling

    from .worker_memory import free_memory, no_room_to_compile

    if wants_compiling(config, device) != "if faster":
        return True
    if end.spec.every_frame:
        # a clip is over before compiling has paid, and the next one may have another size
        return False
    short = no_room_to_compile(needs, free_memory(device)[0])
    if short:
        end.send(Notice(short))
    return not short


def choose_threads(end: EngineEnd, engine: StreamV2V, progress: Callable[..., None]) -> dict[str, Any]:
    """Set the number of CPU threads: asked for, had before, remembered, or tried for a second or two; facts of it."""
    import torch

    asked, cores = end.spec.threads, usable_cores()
    if engine.components.unet.device.type == "cpu" and not asked and (before := end.spec.threads_before):
        torch.set_num_threads(before)
        return {"threads": before, "threads_reason": "as before it was started again"}
    if asked or engine.components.unet.device.type != "cpu" or end.spec.every_frame:
        reason = "asked for" if asked else "the usual number"
        return {"threads": torch.get_num_threads(), "threads_reason": reason}
    import numpy as np
    import psutil

    from streamv2v import Controls
    from streamv2v.tuning.autotune import Trials, stream_key
    from streamv2v.tuning.threads import choose_threads, thread_choices, usual_threads

    config = engine.config
    blank = np.zeros((config.height, config.width, 3), dtype=np.uint8)

    def frame() -> None:
        progress("trying numbers of threads", None)  # each frame: a sign of life, and the moment to hear a stop
        engine(blank, Controls(update_interval=1), now_s=0.0)

    number, reason = choose_threads(
        frame,
        thread_choices(cores, psutil.cpu_count(logical=False)),
        usual=usual_threads(cores),
        trials=Trials(config.compile_cache),
        key=stream_key(config, torch.__version__, engine.components.facts["dtype"]),
        busy_s=busy_s,
    )
    engine.reset()
    return {"threads": number, "threads_reason": reason}


def following_threads(end: EngineEnd) -> ThreadsOnAir | None:
    """Numbers of threads to try on air when the load changes; None where a number was asked for."""
    import psutil

    from streamv2v.tuning.threads import ThreadsOnAir, thread_choices

    if end.spec.threads or end.spec.every_frame:
        return None
    return ThreadsOnAir(thread_choices(usable_cores(), psutil.cpu_count(logical=False)))


def _sleep_at_barriers() -> None:
    # OpenMP threads that wait for one another spin by default. Beside a publisher, which takes a quarter of a core,
    # one of them is always the late one, and the spinning of the others keeps it from running: on two busy cores
    # the same model gave 6 to 12 frames in 8 s spinning, 65 sleeping. Read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # a few microseconds of spinning before the sleep: waking a thread costs more than most layers of a small model
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    os.environ.setdefault("KMP_BLOCKTIME", "0")


def _quieten_libraries() -> None:
    # their bars and advice would land in the middle of the program's own lines; the host shows the progress
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    for name in ("diffusers", "transformers", "huggingface_hub", "torch"):
        logging.getLogger(name).setLevel(logging.ERROR)
