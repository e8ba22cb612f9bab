"""The teachers, the palettes and the captions of the embedded model."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from training.captions import MOOD_WORDS, PALETTE_WORDS, STYLE_WORDS, compose, compose_plain
from training.looks_targets import TEACHERS
from training.toning import MOODS, PALETTES, apply_mood, apply_palette


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


@pytest.mark.parametrize("style", TEACHERS)
def test_a_teacher_draws_the_same_twice_and_leaves_its_input_alone(style: str, figure: np.ndarray) -> None:
    before = figure.copy()
    first, second = TEACHERS[style](figure), TEACHERS[style](figure)
    assert first.dtype == np.uint8 and first.shape == figure.shape and first.flags.c_contiguous
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(figure, before)


def test_any_two_teachers_draw_plainly_different_pictures(figure: np.ndarray) -> None:
    drawn = {style: teacher(figure).astype(float) for style, teacher in TEACHERS.items()}
    for one, other in itertools.combinations(drawn, 2):
        assert np.abs(drawn[one] - drawn[other]).mean() > 4, (one, other)


@pytest.mark.parametrize("style", TEACHERS)
def test_a_bare_wall_gets_no_marks(style: str) -> None:
    wall = np.full((64, 64, 3), (150, 170, 140), np.uint8)
    inner = TEACHERS[style](wall)[16:-16, 16:-16].astype(float)
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


def test_plain_prompts_are_often_empty_and_never_name_a_look() -> None:
    rng = np.random.default_rng(0)
    plain = [compose_plain(rng) for _ in range(400)]
    looks = {word for style, words in STYLE_WORDS.items() if style != "photo" for word in words}
    assert plain.count("") > 150
    assert not looks & set(plain)
