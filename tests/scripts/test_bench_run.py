"""A whole run of the bench on a tiny model: its last line, its results file, its table; and its instruments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.card import counted_waits, energy_joules, matrix_rate, peak_mib
from benchmarks.cases import BANKS, legs
from benchmarks.clip import moving_clip, moving_controls
from benchmarks.measure import psnr, spread_of
from benchmarks.stages import STAGES, watched_stages
from tiny import tiny_components

from streamv2v import Controls, StreamConfig, StreamV2V
from streamv2v.live import LiveTensors

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"}
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "bench.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=280,
        env=environment,
        check=False,
    )


def test_rows_are_json_on_the_last_line_and_are_not_measured_twice(tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    flags = ["--model", str(tiny_model), "--size", "64x64", "--slots", "1", "--bank", "dyme", "--device", "cpu"]
    flags += ["--acceleration", "none", "baseline", "--dtype", "float32", "--frames", "4", "--out", str(out)]
    first = bench(*flags)
    assert first.returncode == 0, first.stderr
    result = json.loads(first.stdout.splitlines()[-1])
    engine, plain = result["rows"]
    assert "error" not in engine and "error" not in plain, first.stdout
    assert engine["frames"] == 4 and engine["fps"] > 0 and engine["tflop"] == plain["tflop"] > 0
    assert sum(engine["share"].values()) == pytest.approx(1.0)
    assert engine["captured_while_timed"] == 0 and engine["cuts"] == 0
    assert plain["psnr_to_eager_db"] > 45
    assert result["verdict"] == []  # acceptance is for a GPU
    again = json.loads(bench(*flags).stdout.splitlines()[-1])
    assert again["rows"] == [] and again["left"] == 0
    assert [json.loads(line) for line in out.read_text().splitlines()] == result["rows"]
    table = bench("--table", str(out)).stdout
    assert "| baseline" in table and "### " in table


def test_out_of_time_it_says_how_much_is_left(tiny_model: Path, tmp_path: Path) -> None:
    flags = ["--model", str(tiny_model), "--size", "64x64", "--bank", "off", "--device", "cpu", "--minutes", "0"]
    result = json.loads(bench(*flags, "--out", str(tmp_path / "rows.jsonl")).stdout.splitlines()[-1])
    assert result["rows"] == [] and result["left"] == 3


def test_an_unknown_leg_is_refused_by_name() -> None:
    answer = bench("--only", "speeed", "--device", "cpu")
    assert answer.returncode != 0
    assert "speeed" in answer.stderr and "acceptance" in answer.stderr


def test_the_legs_of_a_gpu_hold_everything_the_verdict_reads() -> None:
    cases = legs(("none", "graph"), small=False)["acceptance"]
    rows = {(case.model, case.slots, case.bank, case.acceleration) for case in cases}
    for model, slots in (("sd15", 4), ("turbo", 1)):
        assert {(model, slots, bank, "graph") for bank in ("off", "dyme", "spread")} <= rows
        assert (model, slots, "dyme", "baseline") in rows
    assert {(case.width, case.height) for case in cases} == {(512, 512)}


def test_no_leg_holds_a_case_twice() -> None:
    for cases in legs(("none", "graph"), small=False).values():
        assert len({case.key for case in cases}) == len(cases)


def test_the_banks_are_what_their_names_say() -> None:
    assert not BANKS["ea"].fusion and BANKS["ea+ff"].fusion
    assert BANKS["dyme"].kind == "paper" and not BANKS["dyme"].spread and BANKS["spread"].spread


def test_the_moving_controls_never_switch_the_banks_way_of_working() -> None:
    controls, live = moving_controls(200), LiveTensors()
    assert len({look.strength for look in controls}) > 10 and len({look.prompt for look in controls}) == 2
    for look in controls:
        live.write(look)
        assert not live.weighted and not live.watching


def test_the_moving_clip_closes_without_a_cut(tmp_path: Path) -> None:
    clip = moving_clip(64, 64)
    steps = [np.abs(one.astype(int) - other).mean() for one, other in zip(clip, [*clip[1:], clip[0]], strict=True)]
    assert min(steps) > 0
    assert max(steps) < 2 * min(steps)


@pytest.mark.parametrize("bank", ["off", "dyme", "spread"])
def test_stages_make_up_the_whole_frame_and_leave_the_engine_as_it_was(tmp_path: Path, bank: str) -> None:
    config = StreamConfig(model="tiny", width=64, height=64, slots=2, bank=BANKS[bank], device="cpu")
    clip, look = moving_clip(64, 64), Controls(prompt="oil")
    with StreamV2V(config, tiny_components(tmp_path)) as engine:
        engine(clip[0], look)
        with watched_stages(engine, CPU) as clock:
            for frame in clip[:4]:
                clock.frame(lambda frame=frame: engine(frame))
        seen = len(clock.frames)
        engine(clip[5])
    shares = clock.shares()
    assert seen == len(clock.frames) == 4
    assert set(shares) == set(STAGES) and sum(shares.values()) == pytest.approx(1.0)
    assert min(shares.values()) >= 0 and shares["unet"] > 0
    if bank != "off":
        assert shares["bank"] > 0


def test_waits_are_counted_and_the_doors_closed_again() -> None:
    before = [torch.Tensor.cpu, torch.cuda.Event.synchronize, torch.cuda.synchronize]
    with counted_waits() as waits:
        torch.zeros(3).cpu()
        assert len(waits) == 1
    assert [torch.Tensor.cpu, torch.cuda.Event.synchronize, torch.cuda.synchronize] == before


def test_a_processor_gives_its_rate_and_memory_but_no_energy() -> None:
    assert matrix_rate(CPU, torch.float32, side=64, seconds=0.01) > 0
    assert peak_mib(CPU) > 1
    assert energy_joules(CPU) is None


def test_percentiles_and_psnr() -> None:
    spread = spread_of([10.0] * 99 + [30.0])
    assert spread["p50_ms"] == 10.0 and spread["max_ms"] == 30.0 and spread["frames"] == 100
    grey = np.full((4, 4, 3), 100, dtype=np.uint8)
    assert psnr([grey], [grey]) == 100.0
    assert psnr([grey], [grey + 1]) == pytest.approx(48.13, abs=0.01)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="energy and captured graphs need a CUDA card")
def test_a_captured_case_on_a_card_equals_the_eager_one(tiny_model: Path) -> None:
    flags = ["--model", str(tiny_model), "--size", "64x64", "--slots", "2", "--bank", "dyme", "--frames", "16"]
    result = json.loads(bench(*flags, "--acceleration", "graph").stdout.splitlines()[-1])
    (row,) = result["rows"]
    assert row["most_off_eager"] <= 1 and row["captures"] > 0 and row["captured_while_timed"] == 0
    assert row["host_ms"] > 0 and result["verdict"]
