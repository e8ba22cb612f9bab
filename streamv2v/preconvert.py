"""Make static graphs of the networks in a process of its own, compare them, and leave them on disk.

Tracing and converting hold the interpreter's lock for seconds, and a runtime that dies over a network takes its
process along: so neither happens in the engine's, which only loads what this process loaded before it.
"""

from __future__ import annotations

from .precompile import begin
from .tuning.compiling_child import one_line


def main() -> None:
    """Entry of the child; orders are (configuration, folder of each part, threads)."""
    (config, folders, threads), answer = begin()
    import torch

    torch.set_num_threads(threads)
    from .models.loading import load_components
    from .pipeline import StreamV2V
    from .tuning.compiling import Examples
    from .tuning.converting import convert_part, draw_noise

    components = load_components(config)
    examples = Examples()
    with StreamV2V(config, components) as engine:
        with examples.watching(components):
            engine.warm_up()
        draw_noise(engine)
        for part, folder in folders.items():
            answer(begun=part)
            try:
                deviation = convert_part(components, part, examples.calls[part], folder)
            except Exception as error:  # a network that cannot be traced, or converted: each is a reason to stay plain
                answer(part=part, failed=one_line(error), passing=isinstance(error, (OSError, MemoryError)))
            else:
                answer(part=part, deviation=deviation)
