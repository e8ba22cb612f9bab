"""Compile a network beside the running one: same weights, same pictures to rounding, made with torch.compile.

Three parts are compiled apart: "decoder", "encoder", "unet". Each is a copy that shares its parameters
with the running network, so nothing on air is touched; whoever owns the engine puts it in between two frames.
The bank's processors stay outside of the compiled code: what they do changes from frame to frame (read,
fill, weighted or not), and compiled along they are compiled again and again (60 graphs for six frames).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import Tensor

from ..memory.hook import SELF_ATTENTION
from ..models.loading import Components
from ..models.networks import plain_decoder, plain_encoder
from .autotune import side_by_side

PARTS = ("decoder", "encoder", "unet")
"""In the order of compiling: the quickest to compile first."""
TOLERANCES = {torch.bfloat16: 0.05, torch.float16: 0.02, torch.float32: 2e-3, torch.float64: 1e-6}
"""Largest deviation (RMS, relative) that counts as rounding. bfloat16 keeps eight bits: one in 256 at every layer."""
GRAPHS = 128
"""Compiled pieces that one piece of code may have; torch's own limit is eight, and a U-Net has more blocks."""


@dataclass(frozen=True)
class Example:
    """The arguments of one call of a network, kept to compile for."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def run(self, call: Callable[..., Any]) -> Any:
        """Call with these arguments, which stay as they are; a U-Net takes items out of a list that it is given."""
        return call(*self.args, **{name: _kept(value, lambda one: one) for name, value in self.kwargs.items()})


@dataclass
class Examples:
    """Real calls of each part: one for every set of shapes that a stream makes."""

    calls: dict[str, list[Example]] = field(default_factory=lambda: {part: [] for part in PARTS})

    @contextmanager
    def watching(self, components: Components) -> Iterator[None]:
        """Within it, calls of the three networks are noted down."""
        seen: set[Any] = set()
        hooks = []
        for part in PARTS:

            def note(_module: Any, args: Any, kwargs: Any, part: str = part) -> None:
                shape = (part, *(_shape(value) for value in (*args, *kwargs.values())))
                if shape not in seen:
                    seen.add(shape)
                    kept = {name: _kept(value) for name, value in kwargs.items()}
                    self.calls[part].append(Example(tuple(map(_kept, args)), kept))

            hooks.append(network(components, part).register_forward_pre_hook(note, with_kwargs=True))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


@dataclass(frozen=True)
class CompiledPart:
    """A compiled network, ready to take the running one's place.

    Attributes:
        call: the compiled module.
        network: what takes the running network's place, called as `Networks` says.
        deviation: RMS difference from the eager one on the examples, relative.
        place: puts in what only the running network may use (the bank); called just before the switch.
        eager: the same copy, uncompiled, for a trial.
    """

    part: str
    call: Callable[..., Any]
    network: Callable[..., Any]
    deviation: float
    eager: Callable[..., Any]
    examples: list[Example]
    place: Callable[[], None]

    def times_ms(self, *, rounds: int) -> tuple[float, float]:
        """(eager, compiled) median time of all example calls, in turns, ms; on a CPU, where a call waits."""

        def all_of(call: Callable[..., Any]) -> Callable[[], None]:
            def run() -> None:
                for example in self.examples:
                    example.run(call)

            return run

        times = side_by_side({"eager": all_of(self.eager), "compiled": all_of(self.call)}, rounds=rounds)
        return times["eager"], times["compiled"]


class Deviates(Exception):
    """Compiled code does not give the eager network's result."""


def network(components: Components, part: str) -> Any:
    """The module that stands for `part`."""
    return components.unet if part == "unet" else getattr(components.vae, part)


@torch.inference_mode()
def compile_part(components: Components, part: str, examples: list[Example]) -> CompiledPart:
    """Compile a copy of `part` for the shapes of `examples` and compare the two.

    Raises:
        Deviates: the results differ by more than rounding.
        Exception: whatever torch.compile raises; it has many kinds.
    """
    import torch._dynamo
    import torch._inductor.config

    _trace_no_other_threads()
    running = network(components, part)
    shadow, stand_ins = _share(running), {}
    if part == "unet":
        stand_ins = _shelter_bank(shadow)
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, GRAPHS)
    compiled = torch.compile(shadow, dynamic=False)
    device_type = next(running.parameters()).device.type
    deviation = 0.0
    # with frozen weights convolutions on a CPU are laid out ahead and take their activation in; without, nothing is won
    with torch._inductor.config.patch(freezing=device_type == "cpu"):
        for example in examples:
            found = _first_tensor(example.run(compiled)).float()
            wanted = _first_tensor(example.run(shadow)).float()
            deviation = max(deviation, float((found - wanted).norm() / wanted.norm().clamp(min=1e-12)))
    limit = TOLERANCES.get(next(running.parameters()).dtype, 2e-3)
    if not deviation <= limit:
        raise Deviates(f"the compiled {part} deviates by {deviation:.2g} of its result (allowed is {limit:g})")

    def place() -> None:
        for name, stand_in in stand_ins.items():
            stand_in.inner = running.attn_processors[name]

    return CompiledPart(part, compiled, _whole(components.vae, part, compiled), deviation, shadow, examples, place)


def keep_compiled() -> None:
    """From now on call with a new shape runs eager instead of compiling in the middle of a frame."""
    torch.compiler.set_stance("eager_on_recompile")


def compile_again() -> None:
    """The reverse of `keep_compiled`."""
    torch.compiler.set_stance("default")


def _trace_no_other_threads() -> None:
    """Keep the compiler from tracing as it does once a process: the calls of *every* module, in all threads.

    A frame that ran in that moment failed with "module is not installed as a submodule". What is traced is the
    identity, which can be written down; the compiler's other traces let the calls of other threads through.
    """
    from torch._inductor import loop_body

    shim = getattr(loop_body, "InterpreterShim", None)
    if hasattr(shim, "_dummy_gm"):  # a detail of the compiler, which a later version may not have
        graph = torch.fx.Graph()
        graph.output(graph.placeholder("x"))
        identity = torch.fx.GraphModule(torch.nn.Module(), graph)
        shim._dummy_gm = staticmethod(lambda: identity)  # type: ignore[union-attr]


def _share(module: Any) -> Any:
    """A copy of `module` with its very parameters, buffers and attention processors."""
    kept: list[Any] = [*module.parameters(), *module.buffers(), *getattr(module, "attn_processors", {}).values()]
    return copy.deepcopy(module, {id(item): item for item in kept})


def _whole(vae: Any, part: str, compiled: Any) -> Callable[..., Any]:
    """`compiled` with what the VAE does around its encoder or decoder."""
    if part == "unet":
        return compiled
    around = copy.copy(vae)
    around._modules = {**vae._modules, part: compiled}
    return plain_encoder(around) if part == "encoder" else plain_decoder(around)


def _shelter_bank(unet: Any) -> dict[str, Any]:
    """Put a stand-in that is never compiled around each self-attention of `unet`, with plain attention inside."""
    from diffusers.models.attention_processor import AttnProcessor2_0

    processors = dict(unet.attn_processors)
    stand_ins = {name: _sheltered()(AttnProcessor2_0()) for name in processors if name.endswith(SELF_ATTENTION)}
    unet.set_attn_processor({**processors, **stand_ins})
    return stand_ins


@cache
def _sheltered() -> Any:
    # made on first use: the decorator imports the whole compiler
    class Sheltered:
        """An attention processor that compiled code calls and does not look into."""

        def __init__(self, inner: Any) -> None:
            self.inner = inner

        @torch.compiler.disable
        def __call__(self, attn: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            return self.inner(attn, hidden_states, *args, **kwargs)

    return Sheltered


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((name, _shape(part)) for name, part in value.items())
    if isinstance(value, (tuple, list)):
        return tuple(map(_shape, value))
    return (value.shape, value.stride(), value.dtype) if isinstance(value, Tensor) else repr(value)


def _kept(value: Any, keep: Callable[[Tensor], Tensor] = Tensor.clone) -> Any:
    if isinstance(value, dict):
        return {name: _kept(part, keep) for name, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_kept(part, keep) for part in value)
    return keep(value) if isinstance(value, Tensor) else value


def _first_tensor(result: Any) -> Tensor:
    while not isinstance(result, Tensor):
        result = result[0]
    return result
