"""The text encoder learns what words mean before pictures are drawn from them."""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
import pytest
import torch
from train_embedded import was_known
from training.asking import Request, random_request
from training.captions import compose
from training.denoiser import make_trained, tokens_of
from training.start import given_autoencoder, take_over
from training.teachers import GENERAL, STYLES
from training.tokenizer import make_tokenizer
from training.wording import learn_words, told_apart

from streamv2v.config import EMBEDDED_FOLDER


def test_a_sentence_without_a_look_asks_for_the_general_one() -> None:
    asked = [random_request(np.random.default_rng(seed), STYLES) for seed in range(400)]
    plain = [request for request in asked if request.words == ""]
    assert plain and all(request == Request("", "photo") for request in plain)
    assert {request.style for request in asked} >= {GENERAL, "photo", "starry", "pencil"}


def test_only_styles_that_are_there_are_asked_for() -> None:
    asked = [random_request(np.random.default_rng(seed), ["photo", "woodcut"]) for seed in range(100)]
    assert {request.style for request in asked} == {"photo", "woodcut"}


def test_two_inks_are_learned_anew_whatever_else_is_kept() -> None:
    one, two = Request("pencil in blue", "pencil", "blue"), Request("pencil in blue and gold", "pencil", "gold+blue")
    assert was_known(one) and was_known(one, new_words=frozenset({"rust"}))
    assert not was_known(two) and not was_known(two, new_words=frozenset({"rust"}))
    assert not was_known(Request("rust", "expressionist"), new_words=frozenset({"rust"}))


@pytest.mark.slow
def test_captions_alone_teach_new_words_and_leave_known_ones_nearly_where_they_were() -> None:
    tokenizer = make_tokenizer()
    trained = make_trained(given_autoencoder(EMBEDDED_FOLDER), tokenizer, seed=0)
    take_over(trained, EMBEDDED_FOLDER, make_tokenizer())
    encoder, words = trained.text_encoder, partial(tokens_of, tokenizer)
    before = copy.deepcopy(encoder).eval()
    known = ("pencil", "thermal", "comic", "cartoon", "neon")
    meanings = learn_words(encoder, words, steps=200, seed=1, batch=48, known=lambda request: request.style in known)
    rng = np.random.default_rng(7)
    styles = ("pencil", "thermal", "starry", "mosaic", "woodcut")
    asked = [Request(compose(rng, style=style), style) for style in styles for _ in range(12)]
    assert told_apart(encoder, meanings, words, asked)["style"] > 0.3

    def moved(style: str) -> float:
        tokens = words([request.words for request in asked if request.style == style])
        with torch.no_grad():
            now, then = (e(tokens).last_hidden_state for e in (encoder.eval(), before))
        return float((now - then).square().mean().sqrt())

    assert max(map(moved, styles[:2])) < 0.7 * min(map(moved, styles[2:]))
