"""The text encoder learns what words mean before pictures are drawn from them."""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
import torch

from training.architecture import make_text_encoder
from training.asking import Request, random_request
from training.denoiser import tokens_of
from training.teachers import GENERAL, STYLES
from training.tokenizer import make_tokenizer
from training.wording import learn_words, told_apart


def test_a_sentence_without_a_look_asks_for_the_general_one() -> None:
    asked = [random_request(np.random.default_rng(seed), STYLES) for seed in range(400)]
    plain = [request for request in asked if request.words == ""]
    assert plain and all(request == Request("", "photo") for request in plain)
    assert {request.style for request in asked} >= {GENERAL, "photo", "starry", "pencil"}


def test_only_styles_that_are_there_are_asked_for() -> None:
    asked = [random_request(np.random.default_rng(seed), ["photo", "woodcut"]) for seed in range(100)]
    assert {request.style for request in asked} == {"photo", "woodcut"}


def test_captions_alone_teach_words_and_leave_known_ones_nearly_where_they_were() -> None:
    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    encoder, words = make_text_encoder(tokenizer), partial(tokens_of, tokenizer)
    before = copy.deepcopy(encoder).eval()
    meanings = learn_words(encoder, words, steps=60, seed=1, batch=32, known=lambda request: request.style == "pencil")
    asked = [random_request(np.random.default_rng((7, n)), STYLES) for n in range(150)]
    assert told_apart(encoder, meanings, words, asked)["style"] > 5 / len(STYLES)

    def moved(style: str) -> float:
        tokens = words([request.words for request in asked if request.style == style])
        with torch.no_grad():
            now, then = (e(tokens).last_hidden_state for e in (encoder.eval(), before))
        return float((now - then).square().mean().sqrt())

    assert moved("pencil") < 0.5 * min(moved("starry"), moved("mosaic"), moved(GENERAL))
