"""Which words a model knows: told by its folder, and what that makes of a prompt."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from streamv2v_cam.looks import load_looks

from streamv2v.errors import ModelError
from streamv2v.models.vocabulary import Vocabulary, vocabulary_of

EMBEDDED = vocabulary_of("embedded")
assert EMBEDDED is not None


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("a zombie", ("zombie",)),
        ("claymation portrait", ("claymation",)),
        ("lego minifigure", ("lego", "minifigure")),
        ("a snow globe", ("snow", "globe")),
        ("asdf qwer", ("asdf", "qwer")),
        ("水彩", ("水彩",)),
        ("😀", ("😀",)),
        ("a portrait of a person", ()),
        ("a realistic photo", ()),
        ("dreamy, warm light", ()),
        ("a book", ()),
    ],
)
def test_words_that_leave_a_photo_a_photo_name_no_look(prompt, unknown):
    verdict = EMBEDDED.judge(prompt)
    assert (verdict.names_a_look, verdict.unknown) == (False, unknown)


@pytest.mark.parametrize(
    "prompt",
    ["pencil", "a PENCIL-sketch!", "a zombie in comic style", "wie ein Aquarelle", "in blue", "cel-shaded", "old film",
     "impressionist", "stained glass window, blue and gold"],
)  # fmt: skip
def test_one_known_look_among_any_words_is_enough(prompt):
    assert EMBEDDED.judge(prompt).names_a_look


ANSWERING = Vocabulary(
    looks=("oil painting", "old photo"), shades=("warm",), photo=("photo", "camera image"), otherwise="oil paint"
)


@pytest.mark.parametrize("prompt", ["a zombie", "a portrait", "warm", "水彩", "image of a camera"])
def test_a_model_may_say_what_it_draws_for_a_prompt_without_a_look(prompt):
    verdict = ANSWERING.judge(prompt)
    assert (verdict.names_a_look, verdict.drawn_as, verdict.asks_for_photo) == (False, "oil paint", False)


@pytest.mark.parametrize("prompt", ["photo", "a camera image of a zombie"])
def test_words_that_ask_for_the_untouched_picture_get_no_other_one(prompt):
    verdict = ANSWERING.judge(prompt)
    assert (verdict.names_a_look, verdict.drawn_as, verdict.asks_for_photo) == (False, "", True)


@pytest.mark.parametrize("prompt", ["an oil painting", "an old photo of a zombie"])
def test_a_prompt_that_names_a_look_is_drawn_as_that(prompt):
    verdict = ANSWERING.judge(prompt)
    assert (verdict.names_a_look, verdict.drawn_as, verdict.asks_for_photo) == (True, "", False)


@pytest.mark.parametrize(
    ("prompt", "given"),
    [("a zombie", "oil painting"), ("(a [zombie]:1.2)", "oil painting"),
     ("", "oil painting"), ("a warm (zombie:1.3)", "oil painting, warm"), ("photo", "photo"),
     ("an old photo of a zombie", "an old photo of a zombie")],
)  # fmt: skip
def test_a_prompt_without_a_look_gets_one_in_its_own_light(prompt, given):
    assert replace(ANSWERING, otherwise_words="oil painting").completed(prompt) == given
    assert ANSWERING.completed(prompt) == prompt


def test_what_a_model_draws_without_a_look_stands_in_its_folder(tmp_path):
    told = {"looks": ["oil painting"], "photo": ["photo"], "otherwise": "oil paint", "otherwise_words": "oil"}
    (tmp_path / "streamv2v.json").write_text(json.dumps({"words": told}))
    words = vocabulary_of(str(tmp_path))
    assert words is not None
    assert (words.photo, words.otherwise, words.otherwise_words) == (("photo",), "oil paint", "oil")


def test_every_shipped_look_is_known():
    assert [look.name for look in load_looks() if not EMBEDDED.judge(look.prompt).names_a_look] == []


def test_words_spelled_like_known_ones_are_named():
    assert EMBEDDED.judge("watercolr sketches").nearest == ("watercolor", "sketch")


def test_a_model_that_lists_no_words_is_not_judged(tmp_path):
    assert vocabulary_of(str(tmp_path)) is None
    (tmp_path / "streamv2v.json").write_text('{"float32_layers": []}')
    assert vocabulary_of(str(tmp_path)) is None
    assert vocabulary_of("stabilityai/sd-turbo") is None
    assert vocabulary_of("embedded", loras=("style.safetensors",)) is None


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"looks": []},
        {"looks": [7]},
        {"looks": ["?"]},
        [],
        3,
        {"looks": ["oil"], "otherwise": ["oil"]},
        {"looks": ["oil"], "otherwise_words": 3},
    ],
)
def test_a_list_that_is_none_says_which_file_to_mend(tmp_path, words):
    (tmp_path / "streamv2v.json").write_text(json.dumps({"words": words}))
    with pytest.raises(ModelError, match=r"streamv2v\.json"):
        vocabulary_of(str(tmp_path))
