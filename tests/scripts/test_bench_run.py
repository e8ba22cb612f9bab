"""A whole run of the bench on a tiny model: its last line, its results file, its table; and its instruments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import bench as program
import numpy as np
import pytest
import torch
from benchmarks import measure, shapes
from benchmarks.asked import Refused
from benchmarks.card import counted_waits, energy_joules, matrix_rate, peak_mib
from benchmarks.cases import SHAPES, Turns, bank_of, cpu_legs, known_accelerations, legs
from benchmarks.clip import moving_clip, moving_controls
from benchmarks.document import gpu_part
from benchmarks.measure import psnr, spread_of
from benchmarks.results import read_rows
from benchmarks.stages import STAGES, watched_stages
from benchmarks.taking_turns import TakingTurns, compared
from tiny import one_level_unet, save_tiny_model, tiny_components

from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V
from streamv2v.device.live_tensors import LiveTensors
from streamv2v.tuning.compile_cache import compiler_missing

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")


def run_bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"}
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "bench.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=280,
        env=environment,
        check=False,
    )


@pytest.mark.slow
def test_rows_are_json_on_the_last_line_and_are_not_measured_twice(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rows.jsonl"
    flags = ["--model", str(tiny_model), "--size", "64x64", "--slots", "1", "--bank", "dyme", "--device", "cpu"]
    flags += ["--acceleration", "none", "baseline", "--dtype", "float32", "--frames", "4", "--out", str(out)]
    first = run_bench(*flags)
    assert first.returncode == 0, first.stderr
    result = json.loads(first.stdout.splitlines()[-1])
    engine, plain = result["rows"]
    assert "error" not in engine and "error" not in plain, first.stdout
    assert engine["frames"] == 4 and engine["fps"] > 0 and engine["tflop"] == plain["tflop"] > 0
    assert sum(engine["share"].values()) == pytest.approx(1.0)
    assert engine["captured_while_timed"] == 0 and engine["cuts"] == 0
    assert plain["psnr_to_eager_db"] > 45
    assert {line["found"] for line in result["verdict"]} == {"not measured"}  # acceptance is for a GPU
    program.main(flags)
    again = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert again["rows"] == [] and again["left"] == 0
    assert [json.loads(line) for line in out.read_text().splitlines()] == result["rows"]
    assert "| baseline" in first.stdout
    with pytest.raises(SystemExit, match="--all"):  # engines of a processor that took no turns are in no document
        program.main(["--table", str(out)])


def test_out_of_time_it_says_how_much_is_left(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--model", str(tiny_model), "--size", "64x64", "--bank", "off", "--device", "cpu", "--minutes", "0"]
    program.main([*flags, "--out", str(tmp_path / "rows.jsonl")])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["rows"] == [] and result["left"] == 3


def test_the_legs_of_a_gpu_hold_everything_the_verdict_reads() -> None:
    cases = legs(("none", "graph"))["acceptance"]
    rows = {(case.model, case.slots, case.bank, case.acceleration) for case in cases}
    for model, slots in (("sd15", 4), ("turbo", 1)):
        assert {(model, slots, bank, "graph") for bank in ("off", "dyme", "spread")} <= rows
        assert (model, slots, "dyme", "baseline") in rows
    assert {(case.width, case.height) for case in cases} == {(512, 512)}


def test_no_leg_holds_a_case_twice() -> None:
    for cases in [*legs(("none", "graph")).values(), *legs(("none",), small=True).values(), *cpu_legs().values()]:
        assert len({case.key for case in cases}) == len(cases)


def test_the_banks_are_what_their_names_say() -> None:
    assert not bank_of("ea").fusion and bank_of("ea+ff").fusion
    assert bank_of("dyme") == BankConfig() and not bank_of("dyme").spread and bank_of("spread").spread
    assert bank_of("best") == BankConfig.best()
    assert bank_of("window").matching == "window" and bank_of("fp8").storage == "fp8"


def test_only_an_engine_that_compiles_is_asked_to() -> None:
    assert known_accelerations("cuda", compiles=False) == ("none", "graph")
    assert known_accelerations("cuda", compiles=True) == ("none", "graph", "graph+compile")
    assert known_accelerations("cpu", compiles=False) == ("none",)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "512"], "WIDTHxHEIGHT"),
        (["--size", "100x64"], "multiple of 8"),
        (["--slots", "99"], "1 to 8"),
        (["--bank", "sparrow"], "ea+ff"),
        (["--acceleration", "warp"], "one of auto"),
        (["--acceleration", "graph", "--device", "cpu"], "CUDA"),
        (["--acceleration", "baseline", "--bank", "queue"], "off and dyme alone"),
        (["--frames", "0"], "1 and more"),
        (["--minutes", "-1"], "0 and more"),
        (["--before", "nowhere"], "no checkout"),
        (["--into", "speed.md"], "--table"),
        (["--table", "nowhere.jsonl"], "cannot be read"),
        (["--only", "speeed"], "speeed"),
        (["--device", "abacus"], "one of auto"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_nonsense_is_refused_in_one_line_before_anything_is_measured(arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(arguments)
    assert said in str(ended.value) and "\n" not in str(ended.value)


def test_a_file_that_is_no_results_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"key": "a", "device": "b"}\nhello\n')
    with pytest.raises(Refused, match="line 2 is no row"):
        read_rows(other)


def test_a_document_keeps_the_figures_that_a_file_knows_nothing_of(tmp_path: Path) -> None:
    document, results = tmp_path / "speed.md", tmp_path / "rows.jsonl"
    marks = [f"<!-- bench: {name} -->\n{name} before\n<!-- end of bench: {name} -->\n" for name in ("gpu", "cpu")]
    document.write_text("".join(marks))
    failed = {"kind": "turns", "key": "in turns", "device": "a processor", "error": "too old"}
    results.write_text(json.dumps({**failed, "dtype": "float32", "torch": "2"}))
    program.main(["--table", str(results), "--into", str(document)])
    text = document.read_text()
    assert "gpu before" in text and "too old" in text and "cpu before" not in text
    program.main(["--table", "--into", str(document)])
    assert "gpu before" not in document.read_text() and "#### sizes" in document.read_text()


@pytest.mark.slow
def test_the_command_of_a_gpu_runs_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = {"block_out_channels": (16, 16, 32, 32), "norm_num_groups": 4, "attention_head_dim": 2}
    for shape in SHAPES:
        monkeypatch.setitem(shapes.UNETS, shape, {**shapes.UNETS[shape], **tiny})
    monkeypatch.setattr(measure, "COMPARED_FRAMES", 2)
    monkeypatch.setattr(measure, "WARM_FRAMES", 1)
    out = tmp_path / "rows.jsonl"
    flags = ["--device", "cpu", "--dtype", "float32", "--threads", "1"]
    asked = ["acceptance", "nearest"]
    program.main(["--rehearse", "--only", *asked, "--frames", "1", "--out", str(out), *flags])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["left"] == 0
    assert [row["key"] for row in result["rows"] if "error" in row] == []
    assert {row["leg"] for row in result["rows"]} == set(asked)
    assert all(row["tflop"] > 0 and row["p99_ms"] > 0 for row in result["rows"] if row["kind"] == "engine")
    on_card = [{**row, "on_gpu": True} for row in read_rows(out)]
    plan = {leg: cases for leg, cases in legs(("none",), small=True).items() if leg in asked}
    text = gpu_part(on_card, plan)
    assert "Not measured" not in text and text.count("#### ") == len(asked)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_engines_take_turns_and_an_older_checkout_with_them(tmp_path: Path) -> None:
    model = save_tiny_model(tmp_path, unet=one_level_unet())
    with TakingTurns(ROOT, threads=1, rounds=2, banks=["off"]) as in_turns:  # each bank compiles for a minute or two
        found = in_turns(Turns(str(model), 64, 64, 1))
        assert set(in_turns.running) >= {"now", "before"}
        processes = list(in_turns.running.values())
    ratios = found["banks"]["off"]
    assert all(len(ratios[name]) == 3 and ratios[name][0] > 0 for name in ("of_before", "plain"))
    assert compiler_missing(CPU) or len(ratios["compiled"]) == 3
    assert found["banks"]["off"]["of_off"] == [1.0, 1.0, 1.0]
    with pytest.raises(RuntimeError, match="ended"):
        processes[0].ask("run", name="now off", frames=1)


def test_a_ratio_has_two_sides_or_a_reason() -> None:
    times = {("now", "off"): [2.0, 4.0], ("now", "best"): [3.0, 6.0], ("before", "off"): [1.0, 4.0]}
    found = compared(
        times, {("before", "best"): "too old", ("now", "dyme"): "no memory", ("before", "dyme"): "no memory"}
    )
    assert found["best"]["of_off"] == [1.5, 1.5, 1.5] and found["off"]["of_before"] == [1.5, 1.25, 1.75]
    assert found["best"]["of_before"] == "too old" and found["dyme"]["of_before"] == "no memory"
    assert found["best"]["plain"] == found["off"]["compiled"] == "not measured"


@pytest.mark.slow
def test_a_side_that_fails_says_why_and_the_others_go_on(tmp_path: Path) -> None:
    with TakingTurns(None, threads=1, rounds=1, banks=["dyme"]) as in_turns:
        found = in_turns(Turns(str(tmp_path / "no model"), 64, 64, 1))
    assert "no model" in found["banks"]["dyme"]["of_off"]
    assert found["banks"]["dyme"]["of_before"] == "not measured"


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
    config = StreamConfig(model="tiny", width=64, height=64, slots=2, bank=bank_of(bank), device="cpu")
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
    result = json.loads(run_bench(*flags, "--acceleration", "graph").stdout.splitlines()[-1])
    (row,) = result["rows"]
    assert row["most_off_eager"] <= 1 and row["captures"] > 0 and row["captured_while_timed"] == 0
    assert row["host_ms"] > 0 and result["verdict"]
