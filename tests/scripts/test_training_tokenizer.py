"""The tokenizer of the embedded model."""

from __future__ import annotations

from pathlib import Path

import pytest
from training.tokenizer import MAX_TOKENS, learn_merges, make_tokenizer, save_tokenizer
from transformers import CLIPTokenizer


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return make_tokenizer()


def test_the_words_of_the_captions_are_one_token_each(tokenizer: CLIPTokenizer) -> None:
    assert tokenizer.tokenize("pencil sketch in blue") == ["pencil</w>", "sketch</w>", "in</w>", "blue</w>"]


@pytest.mark.parametrize("sentence", ["zürich qzx!", "日本の水彩画", "naïve émigré 42", "ħǿ 🎨"])
def test_any_sentence_tokenises_without_an_unknown_token(tokenizer: CLIPTokenizer, sentence: str) -> None:
    ids = tokenizer(sentence).input_ids
    assert ids[0] == tokenizer.bos_token_id and ids[-1] == tokenizer.eos_token_id
    assert len(ids) > 3
    assert tokenizer.eos_token_id not in ids[1:-1]


def test_different_unknown_words_get_different_tokens(tokenizer: CLIPTokenizer) -> None:
    assert tokenizer("xylophone").input_ids != tokenizer("quokka").input_ids


def test_a_long_prompt_is_cut_and_a_short_one_filled_to_the_same_length(tokenizer: CLIPTokenizer) -> None:
    answer = tokenizer(["blue " * 90, ""], padding="max_length", truncation=True)
    assert [len(ids) for ids in answer.input_ids] == [MAX_TOKENS, MAX_TOKENS]


def test_a_saved_tokenizer_reads_as_it_was(tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    save_tokenizer(tokenizer, tmp_path)
    again = CLIPTokenizer.from_pretrained(tmp_path)
    text = "a Dreamy watercolour of an unheard-of thing, in teal"
    assert again(text).input_ids == tokenizer(text).input_ids
    assert again.model_max_length == MAX_TOKENS


def test_merges_take_the_most_frequent_pair_first_and_do_not_depend_on_order() -> None:
    words = {"aab": 5, "ab": 3, "ba": 1}
    merges = learn_merges(words, limit=3)
    assert merges[0] == ("a", "b</w>")
    assert merges == learn_merges(dict(reversed(words.items())), limit=3)
