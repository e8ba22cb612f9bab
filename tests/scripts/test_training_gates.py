"""The gates of the embedded model: each lets a good model pass and stops one that is not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from training import faces
from training.bare import bare_gate, words_alone
from training.captions import STYLE_WORDS
from training.faces import feature_boxes
from training.gates import (
    KEPT_DB,
    MIXTURES,
    feature_gate,
    hue_of,
    kept_gate,
    palette_gate,
    saturation_of,
    sentence_gate,
    strength_gate,
    stroke_gate,
    style_gate,
    two_inks_gate,
    warmth_of,
)
from training.held_out import judged_frames
from training.looks_targets import CLASSICAL
from training.measures import psnr
from training.report import report
from training.strokes import features_agree, stroke_energy
from training.toning import PALETTES, apply_palette

from streamv2v.config import EMBEDDED_FOLDER
from tests.small_clips import write_clip


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    """Two pictures with edges, skin, shadow and colour."""
    y, x = np.mgrid[0:64, 0:64]
    out = []
    for shift in (0, 9):
        picture = np.stack([120 + x, 90 + y, 60 + (x + y) // 2], axis=-1).astype(np.uint8)
        cv2.circle(picture, (30 + shift, 32), 15, (220, 170, 140), -1)
        cv2.rectangle(picture, (5, 45), (25 + shift, 60), (30, 40, 150), -1)
        cv2.circle(picture, (26 + shift, 28), 3, (20, 20, 20), -1)
        out.append(picture)
    return out


def teacher_of(prompt: str):
    style = next(s for s, words in STYLE_WORDS.items() if prompt.startswith(words[0]))
    return CLASSICAL[style]


def test_a_model_that_draws_like_its_teachers_passes_and_one_that_shows_the_photo_does_not(frames) -> None:
    good = style_gate(
        lambda pictures, prompt, _s: [teacher_of(prompt)(p) for p in pictures], frames, teachers=CLASSICAL
    )
    assert good["passed"] and good["nearest"] == 1.0
    lazy = style_gate(lambda pictures, _prompt, _s: pictures, frames, teachers=CLASSICAL)
    assert not lazy["passed"] and lazy["nearest"] < 0.2


def test_a_model_with_one_look_for_every_prompt_fails_by_the_nearest_style(frames) -> None:
    same = style_gate(
        lambda pictures, _prompt, _s: [CLASSICAL["pencil"](p) for p in pictures], frames, teachers=CLASSICAL
    )
    assert same["styles"]["pencil"]["nearest"] == 1.0 and same["nearest"] < 0.2


def toned(pictures, prompt: str, _strength: float):
    words = {"in black and white": "grey", "in bright colours": "vivid", "in pastel colours": "pastel"}
    words |= {f"in {name} colours": name for name in ("warm", "cold")}
    asked = next((p for text, p in words.items() if text in prompt), "")
    asked = asked or next((p for p in PALETTES[1:] if prompt.endswith(f" in {p}")), "")
    return [apply_palette(p, asked) for p in pictures]


def test_the_palette_gate_passes_true_palettes_and_stops_a_model_that_is_deaf_to_them(frames) -> None:
    assert palette_gate(toned, frames)["passed"]
    deaf = palette_gate(lambda pictures, _prompt, _s: pictures, frames)
    assert not deaf["passed"]
    assert sum(entry["passed"] for entry in deaf["palettes"].values()) < 10


def in_two_inks(pictures, prompt: str, _strength: float):
    style = next(s for s in ("pencil", "charcoal") if prompt.startswith(STYLE_WORDS[s][0]))
    one, other = prompt.split(" in ")[1].split(" and ")
    return [apply_palette(CLASSICAL[style](p), f"{one}+{other}") for p in pictures]


def in_their_mixture(pictures, prompt: str, _strength: float):
    one, other = prompt.split(" in ")[1].split(" and ")
    base = CLASSICAL["pencil" if "pencil" in prompt else "charcoal"]
    return [apply_palette(base(p), MIXTURES[f"{one}+{other}"]) for p in pictures]


def test_two_inks_are_both_there_and_not_their_mixture(frames) -> None:
    assert two_inks_gate(in_two_inks, frames)["passed"]
    assert not any(two_inks_gate(in_their_mixture, frames)["pairs"].values())


def test_a_sentence_without_a_look_has_to_be_painted_and_the_bare_photo_is_stopped(frames) -> None:
    def paint(picture):
        return CLASSICAL["cartoon"](picture)

    assert sentence_gate(lambda pictures, _w, _s: [paint(p) for p in pictures], frames, general=paint)["passed"]
    assert not sentence_gate(lambda pictures, _w, _s: pictures, frames, general=paint)["passed"]


def test_a_word_that_gives_nearly_the_bare_photo_is_found(frames) -> None:
    def draw(pictures, prompt: str, _strength: float):
        return [p ^ 1 if prompt == "16" else 255 - p for p in pictures]

    found = bare_gate(draw, frames, ["16", "woodcut"])
    assert list(found["bare"]) == ["16"] and found["words"] == 2 and not found["passed"]
    assert bare_gate(draw, frames, ["woodcut"])["passed"]


def test_words_alone_are_those_that_the_model_that_ships_takes_for_looks() -> None:
    words = words_alone(EMBEDDED_FOLDER)
    assert {"woodcut", "8 bit", "16 bit game"} <= set(words) and not {"16", "old", "photo", "s"} & set(words)


def test_hue_saturation_and_warmth_are_those_of_plain_colours() -> None:
    blue = np.zeros((4, 4, 3), np.uint8)
    blue[..., 2] = 200
    assert hue_of([blue]) == pytest.approx(240, abs=0.1)
    assert saturation_of([blue]) == 200 and warmth_of([blue]) == -200
    almost_red = np.array([[[200, 0, 10], [200, 10, 0]]], np.uint8)
    assert min(hue_of([almost_red]), 360 - hue_of([almost_red])) < 0.5


def test_the_strength_gate_stops_a_slider_that_turns_back(frames) -> None:
    def straight(pictures, _prompt, strength):
        return [np.clip(p.astype(int) + int(60 * strength), 0, 255).astype(np.uint8) for p in pictures]

    assert strength_gate(straight, frames, ["any"])["passed"]
    assert not strength_gate(lambda p, w, s: straight(p, w, 1 - abs(2 * s - 1)), frames, ["any"])["passed"]


def test_psnr_of_a_known_error() -> None:
    black, grey = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    assert psnr(black, grey) == pytest.approx(0.0)
    assert psnr(black, black + 1) == pytest.approx(48.13, abs=0.01)


def test_the_report_names_every_style_and_what_was_not_passed(frames) -> None:
    style = style_gate(lambda pictures, _prompt, _s: pictures, frames, teachers=CLASSICAL)
    palette = palette_gate(toned, frames)
    strength = strength_gate(lambda pictures, _p, _s: pictures, frames, ["pencil"])
    facts = {
        "style": style,
        "palette": palette,
        "strength": strength,
        "two_inks": {"pairs": {"pencil in red and blue": False}, "passed": False},
        "sentences": {"sentences": {"a zombie": {"paint": 20.0, "photo": 18.0}}, "passed": True},
        "bare": {"bare": {"16": 29.1}, "words": 9, "passed": False},
        "kept": kept_gate(style["styles"]),
        "strokes": stroke_gate({"oil": {"strokes": 0.4}, "starry": {"strokes": 0.8}}),
        "features": {"drawn": float("nan"), "wanted": 0.5, "passed": False},
        "size": {"sizes": {"64x64": 20.0}, "passed": True},
    }
    text = report(facts)
    assert all(name in text for name in CLASSICAL)
    assert "gate strokes: NOT passed" in text and "strokes 60% of" in text and "gate kept: NOT passed" in text
    assert "eyes and mouths not judged: no face was found" in text
    assert "two inks: 1 of 1 wrong: pencil in red and blue" in text and "gate sentences: passed" in text
    assert "nearly the photo: 16 29.1 dB of 9" in text
    assert "gate style: NOT passed" in text and "gate palette: passed" in text


def test_the_kept_gate_stops_a_style_that_is_drawn_worse_than_before() -> None:
    good = {style: {"psnr": least} for style, least in KEPT_DB.items()}
    assert kept_gate(good)["passed"]
    assert not kept_gate(good | {"neon": {"psnr": KEPT_DB["neon"] - 0.6}})["passed"]


def test_a_blur_has_less_energy_of_strokes_and_a_shifted_picture_as_much(frames) -> None:
    picture = frames[0]
    whole = stroke_energy(picture)
    assert stroke_energy(cv2.GaussianBlur(picture, (0, 0), 2)) < 0.5 * whole
    assert stroke_energy(picture[:, ::-1].copy()) == pytest.approx(whole, rel=0.01)
    assert stroke_gate({"oil": {"strokes": 0.9}, "pencil": {"strokes": 9.0}})["passed"]


def test_features_agree_where_edges_lie_alike_whatever_their_colour(frames) -> None:
    picture, box = frames[0], [(18, 20, 34, 36)]
    negative = 255 - picture
    assert features_agree(negative, picture, box) > 0.99
    moved = np.roll(picture, 5, axis=1)
    assert features_agree(moved, picture, box) < 0.6


def test_the_feature_gate_stops_eyes_that_lie_elsewhere_and_what_nobody_could_judge() -> None:
    rows = {"oil": {"features": 0.6, "features_wanted": 0.5}, "starry": {"features": 0.4, "features_wanted": 0.5}}
    assert feature_gate(rows)["passed"]
    assert not feature_gate({"oil": {"features": 0.4, "features_wanted": 0.5}})["passed"]
    assert not feature_gate({"oil": {"features": float("nan"), "features_wanted": float("nan")}})["passed"]


def test_boxes_lie_around_the_eyes_and_the_mouth_of_a_face() -> None:
    points = np.array([[40, 50], [60, 50], [50, 60], [43, 72], [57, 72]], np.float32)
    left, right, mouth = feature_boxes(points)
    assert (left[0] + left[2]) / 2 == pytest.approx(40.5, abs=1) and (right[1] + right[3]) / 2 == pytest.approx(
        50.5, abs=1
    )
    assert mouth[0] < 43 and mouth[2] > 57 and mouth[1] < 72 < mouth[3]
    assert left[2] < right[0] and left[3] < mouth[1]


def test_the_networks_that_find_faces_answer_chance_box_and_points() -> None:
    for make, side, last in ((faces.proposer, 12, 4), (faces.refiner, 24, 4), (faces.placer, 48, 10)):
        chance, *rest = make()(torch.zeros(2, 3, side, side))
        assert rest[-1].shape[1] == last
        torch.testing.assert_close(chance.sum(dim=1), torch.ones_like(chance[:, 0]))


def test_a_face_is_found_at_its_place_and_size_and_none_without_the_networks(monkeypatch) -> None:
    def bright_windows(x: torch.Tensor) -> list[torch.Tensor]:
        bright = torch.nn.functional.avg_pool2d(x.mean(dim=1, keepdim=True), 12, 2).clamp(0, 1)
        return [torch.cat([1 - bright, bright], dim=1), torch.zeros(1, 4, *bright.shape[2:])]

    def sure(x: torch.Tensor) -> list[torch.Tensor]:
        points = torch.tensor([[0.3, 0.7, 0.5, 0.35, 0.65, 0.4, 0.4, 0.6, 0.8, 0.8]])
        return [torch.tensor([[0.0, 1.0]]).repeat(len(x), 1), torch.zeros(len(x), 4), points.repeat(len(x), 1)]

    picture = np.zeros((120, 160, 3), np.uint8)
    picture[40:80, 90:130] = 255
    monkeypatch.setattr(faces, "_networks", lambda: (bright_windows, lambda x: sure(x)[:2], sure))
    found = faces.find_features(picture)
    assert found is not None
    np.testing.assert_allclose(found[0], (90, 40, 130, 80), atol=12)
    left, top, right, bottom = found[0]
    np.testing.assert_allclose(found[1][0], (left + 0.3 * (right - left), top + 0.4 * (bottom - top)), atol=0.1)
    assert faces.find_features(np.zeros_like(picture)) is None
    monkeypatch.setattr(faces, "_networks", lambda: None)
    assert (faces.find_face(picture) == 0).all()


def test_photos_and_clips_are_judged_as_squares(tmp_path: Path) -> None:
    photo = np.zeros((40, 80, 3), np.uint8)
    photo[:, 20:60] = (0, 0, 255)
    cv2.imwrite(str(tmp_path / "a.png"), photo)
    clip = write_clip(tmp_path / "b.mp4", 9, width=96, height=64)
    pictures = judged_frames([tmp_path / "a.png", clip], each=3, size=32)
    assert [p.shape for p in pictures] == [(32, 32, 3)] * 4
    assert (pictures[0] == (255, 0, 0)).all()
    (tmp_path / "c.png").write_text("no picture")
    with pytest.raises(ValueError, match="not a picture"):
        judged_frames([tmp_path / "c.png"])
