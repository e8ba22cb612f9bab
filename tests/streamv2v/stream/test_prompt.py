"""Prompts: encoded once, blended by weight, glided in time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import tiny_text_encoder, tiny_tokenizer

from streamv2v.models.vocabulary import Vocabulary
from streamv2v.prompts.reading import CHUNK_LIMIT
from streamv2v.stream.glide import Glide, same_length
from streamv2v.stream.prompt import CACHE_SIZE, PromptEncoder
from streamv2v.stream.text_encoders import weighted


@pytest.fixture
def encoder(tmp_path: Path) -> PromptEncoder:
    return PromptEncoder(tiny_tokenizer(tmp_path), tiny_text_encoder())


def test_the_same_words_are_encoded_once(encoder: PromptEncoder) -> None:
    assert encoder.encode("oil painting") is encoder.encode("oil painting")
    assert encoder.encoded == 1
    assert encoder.encode("oil").tokens.shape == (1, 16, 16)


def test_the_cache_is_bounded_and_keeps_what_is_used(encoder: PromptEncoder) -> None:
    encoder.encode("red")
    for number in range(CACHE_SIZE):
        encoder.encode(f"blue {number}")
        encoder.encode("red")
    assert encoder.encoded == CACHE_SIZE + 1
    encoder.encode("blue 0")
    assert encoder.encoded == CACHE_SIZE + 2


def test_a_prompt_without_a_look_is_encoded_with_the_one_that_its_model_draws_then(
    encoder: PromptEncoder, tmp_path
) -> None:
    words = Vocabulary(looks=("oil", "red"), shades=("warm",), otherwise="oil paint", otherwise_words="oil")
    told = PromptEncoder(tiny_tokenizer(tmp_path), tiny_text_encoder(), vocabulary=words)
    assert torch.equal(told.blend("blue, warm", []).tokens, told.encode("oil, warm").tokens)
    assert torch.equal(told.blend("red", []).tokens, told.encode("red").tokens)
    both = told.blend("red", [("blue", 1.0)]).tokens
    assert torch.equal(both, told.blend("red", [("oil", 1.0)]).tokens)
    assert torch.equal(told.encode_negative("blue").tokens, told.encode("blue").tokens), (
        "a negative prompt is left alone"
    )
    assert torch.equal(encoder.blend("blue", []).tokens, encoder.encode("blue").tokens), "nobody listed any words"


def plain(encoder: PromptEncoder, folder: Path, text: str) -> torch.Tensor:
    """What transformers makes of a text by itself, `[1, 16, 16]`."""
    tokens = tiny_tokenizer(folder)(text, padding="max_length", max_length=16, truncation=True, return_tensors="pt")
    with torch.no_grad():
        return tiny_text_encoder()(tokens.input_ids)[0]


def test_a_simple_prompt_is_what_transformers_makes_of_it(encoder: PromptEncoder, tmp_path: Path) -> None:
    torch.testing.assert_close(encoder.encode("a red man, oil").tokens, plain(encoder, tmp_path, "a red man, oil"))
    torch.testing.assert_close(encoder.encode("").tokens, plain(encoder, tmp_path, ""))


def test_a_long_prompt_is_its_chunks_one_behind_the_other(encoder: PromptEncoder, tmp_path: Path) -> None:
    parts = [plain(encoder, tmp_path, "red " * 14), plain(encoder, tmp_path, "blue man")]
    torch.testing.assert_close(encoder.encode("red " * 14 + "blue man").tokens, torch.cat(parts, dim=1))
    torch.testing.assert_close(
        encoder.encode("red BREAK blue").tokens,
        torch.cat([plain(encoder, tmp_path, "red"), plain(encoder, tmp_path, "blue")], dim=1),
    )
    assert encoder.encode("red " * 500).tokens.shape == (1, 16 * CHUNK_LIMIT, 16)


def test_a_weight_multiplies_its_tokens_and_keeps_the_mean(tmp_path: Path) -> None:
    text_encoder = tiny_text_encoder()
    torch.nn.init.constant_(text_encoder.final_layer_norm.bias, 0.5)  # a mean that is not near zero
    encoder = PromptEncoder(tiny_tokenizer(tmp_path), text_encoder)
    wanted = encoder.encode("a red man").tokens.clone()
    mean = wanted.mean()
    wanted[:, 2] *= 1.5
    wanted *= mean / wanted.mean()
    torch.testing.assert_close(encoder.encode("a (red:1.5) man").tokens, wanted)
    torch.testing.assert_close(encoder.encode("a (red:1.0) man"), encoder.encode("a red man"))


def test_weights_about_a_mean_of_nothing_give_no_wild_numbers() -> None:
    hidden = torch.tensor([[[1.0, -1.0], [1.0, -1.0]]])
    torch.testing.assert_close(weighted(hidden, torch.tensor([[1.0, 2.0]])), hidden * torch.tensor([[[1.0], [2.0]]]))


def test_clip_skip_is_the_layer_before_normalised(encoder: PromptEncoder, tmp_path: Path) -> None:
    tokens = tiny_tokenizer(tmp_path)("a red man", padding="max_length", max_length=16, return_tensors="pt")
    model = tiny_text_encoder()
    with torch.no_grad():
        wanted = model.final_layer_norm(model(tokens.input_ids, output_hidden_states=True).hidden_states[-2])
    torch.testing.assert_close(encoder.encode("a red man", 2).tokens, wanted)
    torch.testing.assert_close(encoder.encode("a red man", 12), encoder.encode("a red man", 2))  # it has two layers


def test_repeating_a_text_changes_no_attention() -> None:
    torch.manual_seed(0)
    query, text = torch.randn(1, 5, 8), torch.randn(1, 3, 8)
    once, (twice, other) = text, same_length([text, torch.randn(1, 6, 8)], 3)
    assert twice.shape == other.shape == (1, 6, 8)
    attend = torch.nn.functional.scaled_dot_product_attention
    torch.testing.assert_close(attend(query, twice, twice), attend(query, once, once))


def test_lengths_meet_at_their_common_multiple_or_at_the_longest() -> None:
    def chunks(*counts: int) -> list[int]:
        return [text.shape[1] for text in same_length([torch.zeros(1, count, 2) for count in counts], 1)]

    assert chunks(1, 1) == [1, 1] and chunks(1, 3) == [3, 3] and chunks(2, 3) == [6, 6] and chunks(3, 4) == [4, 4]


def test_a_blend_and_a_glide_of_several_lengths_have_a_common_one(encoder: PromptEncoder) -> None:
    red, both = encoder.encode("red").tokens, encoder.encode("blue BREAK night").tokens
    torch.testing.assert_close(
        encoder.blend("red", [("blue BREAK night", 1.0)]).tokens, (red.repeat(1, 2, 1) + both) / 2
    )
    glide = Glide(red, 16)
    glide.go(both, duration_s=1.0, now_s=0.0)
    torch.testing.assert_close(glide.at(0.5), (red.repeat(1, 2, 1) + both) / 2)
    glide.go(red, duration_s=1.0, now_s=0.5)
    assert glide.at(0.6).shape == (1, 32, 16) and glide.at(2.0) is red


def test_a_blend_is_the_weighted_mean(encoder: PromptEncoder) -> None:
    red, blue = encoder.encode("red").tokens, encoder.encode("blue").tokens
    torch.testing.assert_close(encoder.blend("red", [("blue", 3.0)]).tokens, (red + 3 * blue) / 4)
    torch.testing.assert_close(encoder.blend("red", []).tokens, red)
    torch.testing.assert_close(encoder.blend("red", [("blue", 0.0)]).tokens, red)


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
