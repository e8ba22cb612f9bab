"""A prompt that the model does not know changes nothing on air and is told once."""

from __future__ import annotations

import logging

import pytest
from streamv2v_cam.knownwords import UnknownLook, WordJudge
from streamv2v_cam.run.starting import starting_store
from streamv2v_cam.settings import load_settings
from streamv2v_cam.store import ControlStore

from streamv2v.controls import Controls
from streamv2v.models.vocabulary import Vocabulary, vocabulary_of

WORDS = Vocabulary(looks=("oil painting", "pencil"), shades=("warm",))


def store() -> ControlStore:
    return ControlStore(Controls(prompt="pencil"), look="pencil", judge=WordJudge(WORDS))


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


def test_a_run_asked_for_unknown_words_begins_in_a_known_look_and_says_so_once(caplog):
    said: list[str] = []
    settings = load_settings({"start.prompt": "a zombie", "start.strength": 0.7}, None)
    with caplog.at_level("WARNING", logger="streamv2v_cam"):
        here = starting_store(settings, vocabulary_of("embedded"), say=said.append)
    assert not caplog.records, "it is said once"
    assert (here.current.look, here.current.controls.prompt) == ("pencil", "a pencil sketch of a person")
    assert here.current.controls.strength == 0.7
    assert len(said) == 1 and "zombie" in said[0] and "starts in pencil" in said[0]
