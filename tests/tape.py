"""CUDA graphs on any device: a tape of the very operations that a program ran, played again.

Like a capture, a tape keeps addresses, numbers and branches as they were when it was recorded: a float of the
host that reached an operation is a constant for ever, a tensor is read anew. So what a graph would get
wrong, a tape gets wrong as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from streamv2v.device.graphs import Graphs


@cache
def writes(operation: Any) -> list[bool]:
    """Which of its arguments an operation writes to."""
    return [argument.is_write for argument in operation._schema.arguments]


class Tape(TorchDispatchMode):
    """Records operations while it is entered, and puts back what they wrote."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: list[tuple[Any, Any, Any, Any]] = []
        self._before: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        for given, written in zip(args, writes(func), strict=False):
            if written and isinstance(given, Tensor):
                self._remember(given)
        if isinstance(kwargs.get("out"), Tensor):
            self._remember(kwargs["out"])
        result = func(*args, **kwargs)
        self._steps.append((func, args, kwargs, result))
        return result

    def put_back(self) -> None:
        """Undo everything the recording wrote: a capture computes nothing."""
        for memory, value in self._before.values():
            memory.copy_(value)
        self._before.clear()

    def replay(self) -> None:
        """Do it all again, in the same memory."""
        made: dict[int, Any] = {}

        def present(value: Any) -> Any:
            # by hand: PyTorch's own walk through nested arguments takes longer than the operation
            if isinstance(value, Tensor):
                return made.get(id(value), value)
            return [present(part) for part in value] if isinstance(value, (list, tuple)) else value

        for func, args, kwargs, result in self._steps:
            again = func(*map(present, args), **{name: present(value) for name, value in kwargs.items()})
            if isinstance(result, Tensor):
                made[id(result)] = again
            elif isinstance(result, (list, tuple)):
                made |= {id(old): new for old, new in zip(result, again, strict=True)}

    def _remember(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self._before:
            memory = torch.empty(0, dtype=torch.uint8).set_(storage)
            self._before[storage.data_ptr()] = (memory, memory.clone())


class TapedGraphs(Graphs):
    """Graphs whose captures are tapes."""

    def __init__(self) -> None:
        super().__init__(torch.device("cpu"), on=False)
        self.on = True

    def first_run(self, work: Callable[[], None], name: str) -> Tape:
        work()
        tape = Tape()
        with tape:
            work()
        tape.put_back()
        self.captures += 1
        return tape

    def wait(self) -> None:
        """Everything is done at once here."""
