"""Before a weight is loaded: does it fit? The engine process's part, which knows the device."""

from __future__ import annotations

from collections.abc import Callable

import torch

from streamv2v.config import StreamConfig
from streamv2v.device.choosing import choose_device, choose_dtype
from streamv2v.models.fallbacks import Fit, fitting
from streamv2v.models.ip_adapter_files import with_adapter
from streamv2v.models.lora_needs import with_loras
from streamv2v.models.model_facts import model_facts
from streamv2v.models.preflight import MIB, Needs, needs_of, size_words
from streamv2v.models.structure_files import with_structure

from .child import EngineEnd
from .free_memory import free_system_bytes
from .protocol import Notice, Refit

COMPILER_BYTES = 1024 * MIB
"""What compiling takes beside the second copy of the model that is compiled: the compiler's tables, and g++."""


def check_memory(end: EngineEnd, config: StreamConfig, progress: Callable[..., None]) -> Needs | None:
    """Go on where `config` fits; else ask the host for a smaller choice, or only say what is short.

    A hub model is fetched first, since its files say what it needs.

    Returns:
        what `config` needs; None where that cannot be told, which is no reason not to load it.
    Raises:
        ModelError: the model is not there, or incomplete.
        SystemExit: the host was asked to start again with another choice.
    """
    device = choose_device(config)
    dtype = choose_dtype(config, device)[0]
    half = dtype in (torch.float16, torch.bfloat16)
    facts = with_structure(model_facts(config, half=half, progress=progress), config, half=half)
    facts = with_loras(with_adapter(facts, config, half=half), config)
    name = str(dtype).removeprefix("torch.")
    free_bytes, where = free_memory(device)
    try:
        fit = fitting(
            config, free_bytes, lambda rung: needs_of(rung, facts, dtype=name, device=device.type), where=where
        )
    except (LookupError, TypeError, ValueError) as error:  # a configuration that leaves to its library what is usual
        end.send(Notice(f"what memory {config.model} needs is not known ({type(error).__name__}: {error})"))
        return None
    answer_to(end, fit)
    return fit.asked


def no_room_to_compile(needs: Needs | None, free_bytes: int) -> str:
    """Why nothing is compiled unasked beside the engine, for lack of memory; "" where there is enough."""
    if needs is None:
        return "not compiled: what memory a second copy of the model needs is not known"
    wanted = needs.total_bytes + COMPILER_BYTES
    if wanted <= free_bytes:
        return ""
    return f"not compiled: that needs about {size_words(wanted)} more, and {size_words(free_bytes)} are free"


def answer_to(end: EngineEnd, fit: Fit) -> None:
    """Tell the host what came of it."""
    if not fit.words:
        return
    if fit.fits and end.spec.fit:
        end.send(Refit(fit.config, fit.words, short=fit.short))
        raise SystemExit(0)
    end.send(Notice(f"{fit.short}; running it all the same, as engine.memory says" if fit.fits else fit.words, True))


def free_memory(device: torch.device) -> tuple[int, str]:
    """Bytes that `device` has left, and what it is called."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0], torch.cuda.get_device_name(device)
    return free_system_bytes(), "this machine"
