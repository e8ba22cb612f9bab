"""Programs: work on tensors of fixed address, captured once into a CUDA graph and replayed, or run as it is.

A replay runs what the capture has seen: the same kernels on the same addresses. So a program reads every
number that may change from a tensor, and a branch that the host decides is two programs. Launching the
thousand small kernels of a U-Net from Python costs more than many of them take; a replay is one launch.

Off CUDA, or switched off, a program runs its function each time and copies the result to the same
place, so that whatever holds of a replay holds, and is tested, everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ..errors import ShapeError

NOTHING = torch.empty(0)


class Graphs:
    """Where programs are captured: one stream, one pool of memory, one count.

    All graphs share a pool, since they run one after another on one stream and hand nothing on in it:
    results are copied out to tensors that live outside.

    Args:
        device: of the programs.
        on: False runs every program as it is.

    Attributes:
        on: whether programs are captured; never off CUDA.
        captures: graphs captured so far.
        programs: all that were made here.
    """

    def __init__(self, device: torch.device, *, on: bool) -> None:
        self.on = on and device.type == "cuda"
        self.captures = 0
        self._device = device
        self.programs: list[Program] = []
        if self.on:
            self._stream: Any = torch.cuda.Stream(device)
            self._pool: Any = torch.cuda.graph_pool_handle()

    def first_run(self, work: Callable[[], None], name: str) -> Any:
        """Do `work` once for real, then capture it.

        The real run comes first because loading kernels and choosing algorithms are not allowed under
        capture; it is on the capturing stream, so that the libraries' workspaces are that stream's.

        Returns:
            the graph; capturing itself has computed nothing.
        """
        present = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(present)
        with torch.cuda.stream(self._stream):
            work()
        present.wait_stream(self._stream)
        graph = torch.cuda.CUDAGraph()
        try:
            # only this thread's calls are watched: another may be compiling at the same time
            with (
                torch.cuda.device(self._device),
                torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"),
            ):
                work()
        except Exception as error:
            error.add_note(f"This happened while capturing {name!r}; acceleration='none' works without capturing.")
            raise
        self.captures += 1
        return graph

    def wait(self) -> None:
        """Wait until the device has done everything."""
        if self.on:
            torch.cuda.synchronize(self._device)

    @contextmanager
    def anew(self) -> Iterator[None]:
        """All programs forget their graphs: the next run of each captures again. An error brings the old ones back."""
        before = [(program, program.graph) for program in self.programs]
        self.wait()  # a graph must not be dropped while it runs
        for program in self.programs:
            program.graph = None
        try:
            yield
        except BaseException:
            for program, graph in before:
                program.graph = graph
            raise


class Program:
    """A function over tensors of fixed address. What a run returns is overwritten by the next run.

    Args:
        graphs: where it is captured.
        name: for messages.
        function: takes the inputs, answers a tensor of `output`'s shape (without an output whatever it likes);
            on CUDA it must not wait for the device nor decide by a tensor's value.
        inputs: tensors that it reads, at addresses that stay.
        output: where the result goes, at an address that stays.

    Attributes:
        runs: how often it ran.
        graph: the captured graph; None before the first run and where nothing is captured.
    """

    def __init__(
        self,
        graphs: Graphs,
        name: str,
        function: Callable[..., Any],
        inputs: Sequence[Tensor] = (),
        output: Tensor = NOTHING,
    ) -> None:
        self.name, self.inputs, self.output = name, tuple(inputs), output
        self.runs = 0
        self.graph: Any = None
        self._graphs, self._function = graphs, function
        graphs.programs.append(self)

    def __call__(self, *values: Tensor) -> Tensor:
        """Run once.

        Args:
            values: contents for the first inputs, copied in; an input itself, or none, leaves what is there.
        Returns:
            `output`; the next run overwrites it.
        Raises:
            ShapeError: a value of another shape than its input.
        """
        for number, (value, place) in enumerate(zip(values, self.inputs, strict=False)):
            if value is not place:
                self._check(value, place, f"takes, as input {number},")
                place.copy_(value)
        self.runs += 1
        if self.graph is not None:
            self.graph.replay()
        elif self._graphs.on:
            self.graph = self._graphs.first_run(self._work, self.name)
        else:
            self._work()
        return self.output

    def _work(self) -> None:
        result = self._function(*self.inputs)
        if result is not None and self.output is not NOTHING:
            self._check(result, self.output, "answers")
            self.output.copy_(result)

    def _check(self, found: Tensor, wanted: Tensor, does: str) -> None:
        if found.shape != wanted.shape:
            raise ShapeError(
                f"The program {self.name!r} {does} {list(wanted.shape)}; found {list(found.shape)}. "
                "Its shapes are fixed: build the engine anew for another size."
            )


@contextmanager
def kept(tensors: Sequence[Tensor]) -> Iterator[None]:
    """Put back, afterwards, what `tensors` held before: for runs that must leave no trace."""
    before = [tensor.clone() for tensor in tensors]
    try:
        yield
    finally:
        for tensor, value in zip(tensors, before, strict=True):
            tensor.copy_(value)
