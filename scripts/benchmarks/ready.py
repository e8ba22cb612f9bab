"""An engine as it is after its start: warmed up and, where that is asked for by name, compiled."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from streamv2v import Components, StreamConfig, StreamV2V

COMPILER = "streamv2v.tuning.background_compiling"
"""The part of the engine that compiles."""

PARTS = 3
"""Encoder, U-Net and decoder."""


def can_compile() -> bool:
    """Whether the engine has a part that compiles; the word alone is a setting and no compiler."""
    return find_spec(COMPILER) is not None


@contextmanager
def ready_engine(config: StreamConfig, components: Components) -> Iterator[StreamV2V]:
    """The engine of `config`, ready for frames.

    Raises:
        RuntimeError: compiling was asked for and not all parts came of it, with the engine's own words.
    """
    with StreamV2V(config, components) as engine:
        if getattr(config, "compiles", False):  # older checkouts know no such thing
            _compile(engine, config)
        else:
            engine.warm_up()
        yield engine


def _compile(engine: StreamV2V, config: StreamConfig) -> None:
    """Wait until the engine's own compiling is over and everything that came of it is in use."""
    if not can_compile():
        raise RuntimeError("this engine has no compiler in it")
    from streamv2v.tuning.background_compiling import begin_compiling

    compiling = begin_compiling(config, engine.components, engine.warm_up)
    if compiling is None:
        raise RuntimeError("this configuration compiles nothing")
    try:
        while not compiling.wait(0.5):
            compiling.hand_over(engine.use_networks)
        compiling.hand_over(engine.use_networks)
        if len(compiling.used) < PARTS:
            raise RuntimeError(compiling.outcome or "the engine compiled no part")
    finally:
        compiling.stop()


def forget_compiled() -> None:
    """Drop compiled code of engines that are gone: what is left costs a question at every call."""
    if "torch._dynamo" in sys.modules:
        import torch._dynamo

        torch._dynamo.reset()
