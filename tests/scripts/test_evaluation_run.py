"""The bench as it is run: the embedded model on a small clip, results on disk, and going on after a stop."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import torch
from evaluate import main
from evaluation.cells import CHANGE_FRAME, Ask, Cell, measure
from evaluation.clip_model import ClipModel
from evaluation.clips import Clip, read_clip
from evaluation.pictures import AMPLIFIED, difference_picture, plot, sheets
from evaluation.scene import Scene, survey
from evaluation.settings import OFF, PAPER, SETTINGS
from evaluation.settling import changed_stream
from evaluation.still import Noise
from evaluation.store import Store, fingerprint, key_of
from evaluation.streams import Engines

from streamv2v import StreamConfig

SIZE, FRAMES = 64, 2 * CHANGE_FRAME


def moving_frames(count: int) -> list[np.ndarray]:
    """A disc that goes right before a shaded wall, RGB uint8 [64, 64, 3]."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    wall = np.stack([90 + x, 60 + y, 120 + 0 * x], axis=-1).astype(np.uint8)
    return [cv2.circle(wall.copy(), (18 + n, 30), 12, (230, 180, 140), -1) for n in range(count)]


@pytest.fixture(scope="module")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "disc.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(25))
        stream.width = stream.height = SIZE
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        for picture in moving_frames(FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def engines():
    torch.set_num_threads(1)
    with Engines(StreamConfig(slots=2, dtype="float32")) as engines:
        yield engines


@pytest.fixture(scope="module")
def scene() -> Scene:
    return survey(Clip("disc", moving_frames(FRAMES), 25.0), noise=Noise(), still_frames=22, slots=2)


@pytest.fixture(scope="module")
def cells(engines: Engines, scene: Scene) -> dict[str, Cell]:
    asks = ((OFF, Ask(show=(4, 12))), (PAPER, Ask(measures=("ghost",))))
    return {setting.name: measure(engines, setting, scene, "pencil sketch", ask) for setting, ask in asks}


def test_a_clip_is_read_with_its_rate_shrunk_and_cut(clip_file: Path) -> None:
    clip = read_clip(clip_file, pixels=SIZE * SIZE, most=5)
    assert (clip.name, clip.fps, clip.size, len(clip.frames)) == ("disc", 25.0, (64, 64), 5)
    with pytest.raises(ValueError, match="at least 2 frames"):
        read_clip(clip_file, pixels=SIZE * SIZE, most=1)


@pytest.mark.slow
def test_a_real_stream_gives_every_figure(cells: dict[str, Cell]) -> None:
    figures = cells["off"].figures
    assert figures["warp"]["l1"] > 0 and len(figures["warp"]["per_frame"]) == FRAMES - 1
    assert figures["still"]["deviation"] > 0 and 0 < figures["locked"]["share"] < 1
    assert figures["settle"]["jump"]["apart"] > 1 and figures["settle"]["jump"]["frames"] is not None
    assert -1 <= figures["fidelity"]["edges"] <= 1 and figures["fidelity"]["sharpness"] > 0
    assert set(cells["off"].pictures) == {4, 12} and json.dumps(figures)


@pytest.mark.slow
def test_what_was_not_asked_for_is_not_measured(cells: dict[str, Cell]) -> None:
    assert not {"warp", "still", "settle", "fidelity", "drift", "clip_model"} & cells["paper"].figures.keys()
    assert cells["paper"].pictures == {}


@pytest.mark.slow
def test_without_a_bank_there_is_no_ghost_at_all_and_with_one_there_is(cells: dict[str, Cell]) -> None:
    assert cells["off"].figures["ghost"]["peak"] == 0.0
    assert cells["paper"].figures["ghost"]["peak"] > 0.0


@pytest.mark.slow
def test_a_jump_settles_within_the_frames_in_flight_without_a_bank_and_a_glide_takes_its_time(
    cells: dict[str, Cell],
) -> None:
    settle = cells["off"].figures["settle"]
    assert settle["jump"]["frames"] <= 1 < settle["glide"]["frames"]
    assert settle["jump"]["floor"] == 0.0


@pytest.mark.parametrize("slots", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_streams_are_aligned_with_their_frames_however_many_are_in_flight(engines: Engines, slots: int) -> None:
    engines.close()
    greys = [np.full((SIZE, SIZE, 3), 40 + 20 * n, np.uint8) for n in range(8)]
    with Engines(StreamConfig(slots=slots, dtype="float32", scene_cut_threshold=0.0), engines.components) as own:
        engine, look = own.engine(OFF, (SIZE, SIZE)), OFF.look("a photo", 0.0)
        changed = changed_stream(engine, greys, look, look, at=3, fps=25)
        for pictures in (list(engine.translate(greys, look)), changed):
            assert [round((picture.mean() - 40) / 20) for picture in pictures] == list(range(8))


def test_the_next_engine_leaves_nothing_of_the_former_on_the_model(engines: Engines, scene: Scene) -> None:
    frames, look = scene.clip.frames[:6], OFF.look("pencil sketch", 0.5)
    first = list(engines.engine(OFF, scene.clip.size).translate(frames, look))
    list(engines.engine(SETTINGS["best"], scene.clip.size).translate(frames, look))
    again = list(engines.engine(OFF, scene.clip.size).translate(frames, look))
    np.testing.assert_array_equal(first, again)


@pytest.mark.slow
def test_a_long_run_is_measured_where_it_is_asked_for(engines: Engines, scene: Scene) -> None:
    ask = Ask(measures=("warp",), drift_minutes=0.01)
    found = measure(engines, OFF, scene, "pencil sketch", ask).figures["drift"]
    assert found["pictures"] == 60 and found["away_last"] == 0.0 and found["sharpness"] == pytest.approx(1)


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[str, dict[str, Any]]:
    main([str(argument) for argument in arguments])
    out = capsys.readouterr().out
    return out, json.loads(out.splitlines()[-1])


@pytest.mark.slow
def test_a_run_writes_tables_pictures_and_json_and_goes_on_where_it_was(
    clip_file: Path, tmp_path: Path, capsys
) -> None:
    short = ["--measures", "warp", "still", "fidelity", "--still-frames", 6, "--frames", 6, "--size", 4096]
    short += ["--prompts", "cartoon", "--dtype", "float32", "--out", tmp_path]
    _, first = run(capsys, clip_file, "--settings", "off", *short)
    out, both = run(capsys, clip_file, "--settings", "off", "paper", *short)
    assert "1/2  disc  off  cartoon  (measured before)" in out and "paper  cartoon  (measured before)" not in out
    assert [cell["setting"] for cell in both["results"]] == ["off", "paper"]
    assert both["results"][0] == first["results"][0]
    assert both["summary"]["In relation to off"]["rows"]["off"][0] == pytest.approx(1.0)
    assert "per_frame" not in out and "per_frame" in (tmp_path / "results.json").read_text()
    assert "| paper |" in (tmp_path / "results.md").read_text()
    sheet = cv2.imread(str(tmp_path / "disc-0-cartoon-sheet-0.png"))
    assert sheet is not None and sheet.shape[1] == 3 * SIZE + 2 * 4
    assert cv2.imread(str(tmp_path / "disc-0-cartoon-warp.png")) is not None

    out, _ = run(capsys, clip_file, "--settings", "off", *short, "--strength", 0.4)
    assert "measured before" not in out, "what depends on the strength is measured again"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--settings", "papers"], "no setting 'papers'"),
        (["--measures", "speed"], "no measure 'speed'"),
        (["--frames", "5"], "settle needs at least"),
        (["--raft", "none.pth"], "leave --raft out"),
        (["--clip", "none"], "CLIPModel is wanted"),
        (["--model", "./none"], "none"),
    ],
)
def test_what_cannot_be_run_ends_with_one_line(clip_file: Path, arguments: list[str], words: str) -> None:
    with pytest.raises(SystemExit, match=words):
        main([str(clip_file), *arguments])


def test_a_finished_cell_is_read_as_it_was_and_an_unfinished_one_is_none(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    cell = Cell({"warp": {"l1": 0.1}}, {3: (picture, 255 - picture)})
    Store(tmp_path).put("a", cell)
    (tmp_path / "cells" / "b.part").write_text("{")
    found = Store(tmp_path).get("a")
    assert found is not None and found.figures == cell.figures
    np.testing.assert_array_equal(found.pictures[3], cell.pictures[3])
    assert Store(tmp_path).get("b") is None and Store(None).get("a") is None


def test_other_weights_under_the_same_name_are_another_model(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(bytes(3_000_000))
    before = fingerprint([tmp_path])
    assert fingerprint([tmp_path]) == before
    (tmp_path / "weights").write_bytes(bytes(2_999_999) + b"x")
    assert fingerprint([tmp_path]) != before and fingerprint(["hub/one"]) != fingerprint(["hub/two"])
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1}) != key_of({"a": 1, "b": 3})


def test_sheets_carry_the_source_on_every_page_and_differences_are_amplified() -> None:
    now, before = np.full((16, 24, 3), 100, np.uint8), np.full((16, 24, 3), 103, np.uint8)
    assert (difference_picture(now, before) == 3 * AMPLIFIED).all()
    pages = sheets({name: {2: (now, before)} for name in ("source", *"abcdefgh")})
    assert [page.shape[1] for page in pages] == [7 * 24 + 6 * 4, 3 * 24 + 2 * 4]


def test_a_plot_shows_every_line() -> None:
    empty = plot("t", {"source": [], "a": []})
    one, two = plot("t", {"source": [1, 2, 1], "a": []}), plot("t", {"source": [1, 2, 1], "a": [0, 1, 2]})
    assert (empty != one).any() and (one != two).any()


def test_clip_figures_of_equal_pictures_are_one_and_of_others_less(tmp_path: Path) -> None:
    from tiny import tiny_tokenizer
    from transformers import CLIPConfig, CLIPModel

    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    words = {**small, "vocab_size": 200, "max_position_embeddings": 16, "bos_token_id": 0, "eos_token_id": 1}
    torch.manual_seed(0)
    config = CLIPConfig(text_config=words, vision_config={**small, "image_size": 32, "patch_size": 8}, projection_dim=8)
    CLIPModel(config).save_pretrained(tmp_path)
    tiny_tokenizer(tmp_path)
    model, frames = ClipModel(tmp_path), moving_frames(6)
    assert model.figures([frames[0]] * 3, "a pencil sketch").frames == pytest.approx(1.0, abs=1e-5)
    moved = model.figures([frames[0], 255 - frames[0]], "a pencil sketch")
    assert moved.frames < 0.999 and -1 <= moved.text <= 1
    assert model.figures(frames, "night").text != model.figures(frames, "oil painting").text
