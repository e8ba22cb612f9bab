"""OpenVINO as the runtime of a processor: a traced network made into its form, kept on disk, and run.

Its threads share out work while they run (oneTBB), so that a core that other programs keep busy costs a share; those
of PyTorch are given equal parts, and all wait for the one on the busy core.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .static_networks import Request, Shapes, shapes_of

SETTINGS: dict[str, Any] = {
    # by itself it takes 16-bit numbers where a processor has them
    "INFERENCE_PRECISION_HINT": "f32",
    "PERFORMANCE_HINT": "LATENCY",
    "NUM_STREAMS": 1,
    # a thread that is tied to a core waits there behind whatever else keeps it busy
    "ENABLE_CPU_PINNING": False,
}
DONE = "graphs.json"


def openvino_missing() -> str:
    """Why there is no OpenVINO here, one line; "" where there is."""
    if importlib.util.find_spec("openvino") is None:
        return "OpenVINO is not installed (pip install openvino)"
    return ""


def convert(module: nn.Module, values: Sequence[Tensor], file: Path) -> None:
    """Trace `module` for tensors shaped as `values` and write it to `file` (.xml, its weights beside it).

    Raises:
        Exception: whatever tracing or converting fails with; there are many kinds.
    """
    openvino = the_runtime()
    values = tuple(value.clone(memory_format=torch.contiguous_format) for value in values)
    with torch.no_grad():
        traced = torch.jit.trace(module.eval(), values, check_trace=False)
        model = openvino.convert_model(traced, example_input=values, input=list(shapes_of(values)))
    openvino.save_model(model, file, compress_to_fp16=False)


def load(file: Path) -> Request:
    """Compile what `convert` wrote, for this processor; `file`'s folder keeps the compiled form for the next time."""
    openvino = the_runtime()
    core = openvino.Core()
    core.set_property({"CACHE_DIR": str(file.parent / "compiled")})
    request = core.compile_model(str(file), "CPU", SETTINGS).create_infer_request()
    count = len(request.model_outputs)

    def run(values: Sequence[Tensor]) -> list[Tensor]:
        arrays = [value.contiguous().numpy() for value in values]  # held until the work is done
        for number, array in enumerate(arrays):
            request.set_input_tensor(number, openvino.Tensor(array, shared_memory=True))
        request.infer()
        return [torch.from_numpy(request.get_output_tensor(number).data) for number in range(count)]

    return run


def the_runtime() -> Any:
    """The package `openvino`, kept from reporting over the network that it was used, as its converter does."""
    if "openvino_telemetry" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    return openvino


class GraphFolder:
    """The graphs of one network on disk.

    Args:
        folder: of this network, these weights, these shapes and these versions alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def complete(self) -> bool:
        """Whether all graphs were written."""
        return (self._folder / DONE).is_file()

    def write(self, module: nn.Module, calls: Sequence[Sequence[Tensor]]) -> None:
        """Convert `module` for each of `calls`, of which no two have the same shapes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for number, values in enumerate(calls):
            convert(module, values, self._folder / f"{number}.xml")
        listed = [shapes_of(values) for values in calls]
        (self._folder / DONE).write_text(json.dumps(listed), encoding="utf-8")

    def read(self, load: Callable[[Path], Request] = load) -> dict[Shapes, Request]:
        """Load all of them, by the shapes they were made for."""
        listed = json.loads((self._folder / DONE).read_text(encoding="utf-8"))
        shapes = [tuple(tuple(shape) for shape in call) for call in listed]
        return {call: load(self._folder / f"{number}.xml") for number, call in enumerate(shapes)}

    def discard(self) -> None:
        """Make it incomplete, so that it is written anew: what it holds cannot be read."""
        with suppress(OSError):
            (self._folder / DONE).unlink()
