"""A prompt that names no look changes nothing on air, or is drawn as what its model says; either is told once."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from streamv2v_cam.knownwords import UnknownLook, WordJudge
from streamv2v_cam.run.starting import starting_store
from streamv2v_cam.settings import load_settings
from streamv2v_cam.store import ControlStore

from streamv2v.controls import Controls
from streamv2v.models.vocabulary import Vocabulary, vocabulary_of

WORDS = Vocabulary(looks=("oil painting", "pencil"), shades=("warm",))
ANSWERING = replace(WORDS, photo=("photo",), otherwise="oil paint")


def embedded(*, otherwise: str) -> Vocabulary:
    """The words of the model that ships, with another answer to a prompt that names no look."""
    words = vocabulary_of("embedded")
    assert words is not None
    return replace(words, otherwise=otherwise)


def store(words: Vocabulary = WORDS) -> ControlStore:
    return ControlStore(Controls(prompt="pencil"), look="pencil", judge=WordJudge(words))


@pytest.mark.parametrize(
    "patch",
    [{"prompt": "a zombie", "strength": 0.9}, {"prompt": "oil painting", "blend": [["a zombie", 1.0]]}],
)
def test_a_prompt_or_blend_of_unknown_words_leaves_everything_as_it_is(patch, caplog):
    here = store()
    before = here.current
    with caplog.at_level(logging.WARNING), pytest.raises(UnknownLook) as refused:
        here.apply(patch)
    assert here.current is before
    assert refused.value.unknown == ("zombie",)
    assert (here.notice.number, here.notice.refused, here.notice.unknown) == (1, True, ("zombie",))
    assert [record.message for record in caplog.records] == [here.notice.text]
    assert "zombie" in here.notice.text and "pencil" in here.notice.text


def test_what_was_said_goes_when_known_words_come_and_stays_while_other_values_change():
    here = store()
    with pytest.raises(UnknownLook):
        here.apply({"prompt": "zombie"})
    here.apply({"strength": 0.2})
    assert here.notice.refused
    here.apply({"prompt": "pencil"})
    assert (here.notice.number, here.notice.text, here.notice.refused) == (1, "", False)


def test_words_that_are_passed_over_beside_a_look_are_told_without_refusing_it():
    here = store()
    here.apply({"prompt": "an oil painting of a zombie"})
    assert here.current.controls.prompt == "an oil painting of a zombie"
    assert (here.notice.unknown, here.notice.refused) == (("zombie",), False)


def test_a_weight_of_nothing_in_a_blend_is_not_judged():
    assert store().apply({"blend": [["a zombie", 0.0]]}).controls.blend == (("a zombie", 0.0),)


def test_unknown_words_that_the_model_draws_as_something_go_on_air_and_are_told(caplog):
    here = store(ANSWERING)
    with caplog.at_level(logging.INFO):
        here.apply({"prompt": "a zombie", "blend": [["a warm oil painting of a ghost", 0.5]]})
    assert (here.current.controls.prompt, here.current.look) == ("a zombie", None)
    assert (here.notice.refused, here.notice.unknown) == (False, ("zombie", "ghost"))
    (line,) = here.notice.answered
    assert "“a zombie”" in line and "drawn as oil paint" in line and "pencil" in line
    assert here.notice.text == f"{line} Passed over: ghost."
    assert [record.message for record in caplog.records] == [line]
    here.apply({"prompt": "pencil", "blend": []})
    assert (here.notice.text, here.notice.answered) == ("", ())


def test_a_model_that_draws_unknown_words_still_refuses_to_show_the_bare_camera():
    here = store(ANSWERING)
    with pytest.raises(UnknownLook, match="photo") as refused:
        here.apply({"prompt": "a photo of a zombie"})
    assert here.current.controls.prompt == "pencil" and "bypass" in refused.value.told


def test_words_count_as_known_only_where_they_name_a_look():
    judge = WordJudge(ANSWERING)
    assert judge.knows(Controls(prompt="pencil")) and not judge.knows(Controls(prompt="a zombie"))
    assert not judge.knows(Controls(prompt="pencil", blend=(("a zombie", 0.5),)))
    assert WordJudge(None).knows(Controls(prompt="a zombie"))
    assert judge.notice.text == ""


SETTINGS = {"start.prompt": "a zombie", "start.strength": 0.7}


def test_a_run_asked_for_unknown_words_begins_in_a_known_look_and_says_so_once(caplog):
    said: list[str] = []
    settings = load_settings(SETTINGS, None)
    first = settings.looks().first()
    assert first is not None
    with caplog.at_level("WARNING", logger="streamv2v_cam"):
        here = starting_store(settings, embedded(otherwise=""), say=said.append)
    assert not caplog.records, "it is said once"
    assert (here.current.look, here.current.controls.prompt) == (first.name, first.prompt)
    assert here.current.controls.strength == 0.7
    assert len(said) == 1 and "zombie" in said[0] and f"starts in {first.name}" in said[0]


def test_a_run_asked_for_words_that_its_model_draws_as_something_begins_in_them_and_says_as_what(caplog):
    said: list[str] = []
    with caplog.at_level("INFO", logger="streamv2v_cam"):
        here = starting_store(load_settings(SETTINGS, None), embedded(otherwise="oil paint"), say=said.append)
    assert not caplog.records, "it is said once"
    assert (here.current.look, here.current.controls.prompt) == (None, "a zombie")
    assert len(said) == 1 and "zombie" in said[0] and "drawn as oil paint" in said[0]
