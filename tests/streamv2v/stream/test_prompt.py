"""Prompts: encoded once, blended by weight, glided in time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import tiny_text_encoder, tiny_tokenizer

from streamv2v.stream.prompt import CACHE_SIZE, Glide, PromptEncoder


@pytest.fixture
def encoder(tmp_path: Path) -> PromptEncoder:
    return PromptEncoder(tiny_tokenizer(tmp_path), tiny_text_encoder())


def test_the_same_words_are_encoded_once(encoder: PromptEncoder) -> None:
    assert encoder.encode("oil painting") is encoder.encode("oil painting")
    assert encoder.encoded == 1
    assert encoder.encode("oil").shape == (1, 16, 16)


def test_the_cache_is_bounded_and_keeps_what_is_used(encoder: PromptEncoder) -> None:
    encoder.encode("red")
    for number in range(CACHE_SIZE):
        encoder.encode(f"blue {number}")
        encoder.encode("red")
    assert encoder.encoded == CACHE_SIZE + 1
    encoder.encode("blue 0")
    assert encoder.encoded == CACHE_SIZE + 2


def test_a_prompt_longer_than_the_model_is_cut_and_still_a_picture(encoder: PromptEncoder) -> None:
    assert encoder.encode("red " * 500).shape == (1, 16, 16)


def test_a_blend_is_the_weighted_mean(encoder: PromptEncoder) -> None:
    red, blue = encoder.encode("red"), encoder.encode("blue")
    torch.testing.assert_close(encoder.blend("red", [("blue", 3.0)]), (red + 3 * blue) / 4)
    torch.testing.assert_close(encoder.blend("red", []), red)
    torch.testing.assert_close(encoder.blend("red", [("blue", 0.0)]), red)


def test_a_glide_turned_half_way_starts_from_where_it_is() -> None:
    glide = Glide(0.0)
    glide.go(10.0, duration_s=2.0, now_s=0.0)
    assert glide.at(1.0) == pytest.approx(5.0)
    glide.go(0.0, duration_s=2.0, now_s=1.0)
    assert glide.at(1.0) == pytest.approx(5.0)
    assert glide.at(3.5) == 0.0 and glide.progress == 1.0
    glide.go(7.0, duration_s=0.0, now_s=4.0)
    assert glide.at(4.0) == 7.0


def test_a_glide_between_texts_uses_its_own_memory_and_spoils_neither_end() -> None:
    red, blue, night = (torch.full((1, 2, 3), level) for level in (1.0, 3.0, 10.0))
    glide = Glide(red)
    glide.go(blue, duration_s=2.0, now_s=0.0)
    half = glide.at(1.0)
    assert half.unique().item() == pytest.approx(2.0)
    assert glide.at(1.5).data_ptr() == half.data_ptr(), "the next look overwrites the last one"
    glide.at(1.0)
    glide.go(night, duration_s=2.0, now_s=1.0)
    assert glide.at(1.0).unique().item() == pytest.approx(2.0)
    assert glide.at(2.0).unique().item() == pytest.approx(6.0)
    assert glide.at(3.0) is night
    assert [value.unique().item() for value in (red, blue, night)] == [1.0, 3.0, 10.0]
