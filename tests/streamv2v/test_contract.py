"""The contract of a frame, clause by clause, as far as it can be held without a CUDA device.

After warm-up a frame captures nothing, compiles nothing, allocates nothing, and the host waits at one line.
What only the device itself can show is in `test_gpu_contract.py`; what a replay gives, in `test_captured_step.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from changing import OFF, PROMPTS, clip, seeing
from tape import Tape, TapedGraphs
from tiny import one_level_unet, tiny_components

import streamv2v
from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V, describe_controls
from streamv2v.config import BEST_CONTROLS

LIBRARY = Path(streamv2v.__file__).parent
WAITS = {"synchronize", "item", "tolist", "cpu", "numpy", "nonzero", "wait_stream", "is_nonzero"}
"""Methods after which the host knows what the device has computed, and the one that makes a stream wait for another."""
THE_LINE = "the one host synchronisation of a frame"
BESIDE_A_FRAME = {
    ("graphs.py", "wait", "synchronize"): "before graphs are dropped for others",
    ("graphs.py", "first_run", "wait_stream"): "capturing",
    ("nearest.py", "_wait_for", "synchronize"): "the trial of two ways, in warm-up",
    ("beside.py", "beside", "synchronize"): "a thread beside the frames waits for what it prepares",
    ("schedule.py", "alphabar_at", "cpu"): "a table that is on the host",
    ("schedule.py", "__init__", "cpu"): "building",
    ("loading.py", "load_components", "cpu"): "loading",
    ("converting.py", "folder_for", "cpu"): "the name under which a converted network is kept",
    ("converting.py", "folder_for", "numpy"): "the name under which a converted network is kept",
}
DEVICE_OR_HOST_MEMORY = {
    ("host_transfer.py", "send", "numpy"): "pinned memory of the host",
    ("host_transfer.py", "wait", "numpy"): "pinned memory of the host",
    ("openvino_runtime.py", "load", "numpy"): "a runtime of processors: all memory is the host's",
    ("openvino_runtime.py", "run", "numpy"): "a runtime of processors: all memory is the host's",
    ("host_transfer.py", "_make_room", "wait_stream"): "a stream waits, not the host",
    ("host_transfer.py", "begin", "wait_stream"): "a stream waits, not the host",
}
BRANCHING = ("_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal", "unique", "bincount")
"""Operations whose result decides on the host: a program with one of them cannot be captured."""
KINDS: dict[str, dict[str, Any]] = {
    "paper": {},
    "pairwise": {"bank": BankConfig(merge_rule="pairwise", merge_split="grid")},
    "best": {"bank": BankConfig.best()},
    "windows": {"bank": BankConfig.best(matching="window", window=1), "width": 128, "height": 128},
    "fp8": {"bank": BankConfig(storage="fp8"), "guidance": "full"},
    "queue": {"bank": BankConfig(kind="queue", queue_length=2), "guidance": "initialize"},
    "off": {"bank": BankConfig(kind="off"), "guidance": "self", "sequential": True},
}


Build = Callable[..., StreamV2V]


@pytest.fixture(scope="module")
def taped(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Warmed-up engines on tapes; the same one for the same settings."""
    folder, built = tmp_path_factory.mktemp("tiny"), {}

    def build(**settings: Any) -> StreamV2V:
        if repr(settings) not in built:
            config = StreamConfig(**{"width": 64, "height": 64, "slots": 2, "dtype": "float32", **settings})
            engine = built[repr(settings)] = StreamV2V(
                config, seeing(tiny_components(folder, unet=one_level_unet())), graphs=TapedGraphs()
            )
            engine.remember((*PROMPTS, ""))
            engine.warm_up()
        return built[repr(settings)]

    return build


def calls_of(path: Path) -> Iterator[tuple[str, str, str]]:
    """(file, function, method) of every call of a method in WAITS."""
    for function in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WAITS:
                    yield path.name, function.name, node.func.attr


def test_the_host_waits_for_the_device_at_one_named_line_and_nowhere_else_in_a_frame() -> None:
    found = {call for path in LIBRARY.rglob("*.py") for call in calls_of(path)}
    named = [
        line for path in LIBRARY.rglob("*.py") for line in path.read_text("utf-8").splitlines() if THE_LINE in line
    ]
    assert len(named) == 1 and named[0].strip().startswith("place.arrived.synchronize()")
    assert found - BESIDE_A_FRAME.keys() - DEVICE_OR_HOST_MEMORY.keys() == {("host_transfer.py", "wait", "synchronize")}
    assert BESIDE_A_FRAME.keys() | DEVICE_OR_HOST_MEMORY.keys() <= found, "an exception that nothing needs any more"


@pytest.mark.parametrize("settings", KINDS.values(), ids=KINDS.keys())
def test_no_program_decides_by_what_a_tensor_holds(taped: Build, settings: dict[str, Any]) -> None:
    engine = taped(**settings)
    for program in engine._graphs.programs:
        assert isinstance(program.graph, Tape), f"{program.name!r} was not run in warm-up"
        names = {step[0].name().removeprefix("aten::").split(".")[0] for step in program.graph._steps}
        assert names and not names & set(BRANCHING), program.name


def test_the_check_for_deciding_programs_sees_one() -> None:
    tape = Tape()
    with tape:
        assert torch.ones(2).sum().item() == 2
    names = {step[0].name().removeprefix("aten::").split(".")[0] for step in tape._steps}
    assert names & set(BRANCHING)


def shared(engine: StreamV2V) -> list[int]:
    """Addresses of what the layers of a bank share: scratch, weights, drawn orders."""
    bank = engine.bank
    if bank is None or bank.gates is None:
        return []
    pools = [*bank._scratch._held.values(), *bank._orders._pools.values()]
    gates = [*bank.gates._weight.values(), *bank.gates._kept.values(), bank.gates._row_weight]
    return [tensor.data_ptr() for tensor in pools + gates]


@pytest.mark.parametrize("settings", KINDS.values(), ids=KINDS.keys())
def test_what_warm_up_has_allocated_serves_every_frame_after_it(taped: Build, settings: dict[str, Any]) -> None:
    engine = taped(**settings)
    bank, state = engine.bank, engine._stream.state
    before = [tensor.data_ptr() for tensor in state], shared(engine), bank.nbytes if bank else 0
    look = Controls(update_interval=2).patched(BEST_CONTROLS)
    for frame in clip(8, width=engine.config.width, height=engine.config.height):
        engine(frame, look)
    engine.reset_bank()
    after = [tensor.data_ptr() for tensor in engine._stream.state], shared(engine), bank.nbytes if bank else 0
    assert after == before


CHANGES: dict[str, Any] = {
    "prompt": "oil painting",
    "blend": (("oil painting", 0.9),),
    "negative_prompt": "red night",
    "strength": 0.9,
    "step_spread": 1.5,
    "guidance_scale": 5.0,
    "guidance_delta": 0.2,
    "clip_skip": 2,
    "seed": 5,
    "seed_travel_s": 20.0,
    "bank_weight": 3.0,
    "fusion_strength": 0.1,
    "fusion_threshold": 0.2,
    "update_interval": 1,
    "fusion_softness": 0.4,
    "bank_noise_tilt": 2.0,
    "motion_gate": 1.0,
    "motion_threshold": 10.0,
    "feedback": 0.9,
    "input_denoise": 0.9,
    "noise_drift": 5.0,
    "bank_ramp": 8,
    "bank_change": "reset",
    "transition_s": 3.0,
}
NEEDS: dict[str, dict[str, Any]] = {
    "motion_threshold": {"input_denoise": 0.9, "motion_threshold": 1.0},
    "bank_change": {"prompt": "oil painting"},
    "transition_s": {"prompt": "oil painting"},
    "seed_travel_s": {"seed": 5},
}
"""What has to change along for a control to act."""


def test_every_control_that_reaches_the_stream_is_tried() -> None:
    assert set(CHANGES) == set(describe_controls()) - set(OFF)


@pytest.mark.parametrize("name", CHANGES)
def test_a_control_acts_on_the_captured_picture_and_captures_nothing(taped: Build, name: str) -> None:
    engine = taped(guidance="full" if name == "negative_prompt" else "self")
    look = Controls(
        transition_s=0.0,
        guidance_scale=2.0,
        strength=0.7,
        update_interval=3,
        fusion_threshold=0.999,
        bank_change="keep",
    )
    plain, captures, results = look.patched(NEEDS.get(name, {})), engine.facts()["captures"], []
    for then in (plain, plain.patched({name: CHANGES[name]})):
        engine.reset()
        leaving = []
        for number, frame in enumerate(clip(10)):
            engine(frame, look if number < 3 else then, now_s=float(number))
            leaving.append(engine._stream.leaving.clone())
        results.append(torch.cat(leaving))
    assert engine.facts()["captures"] == captures
    assert not torch.equal(*results)
