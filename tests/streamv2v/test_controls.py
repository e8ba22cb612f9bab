"""Controls: one frozen snapshot, checked in one place, described for every hand on it."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamv2v.controls import BLEND_LIMIT, CONTROL_NAMES, PROMPT_LIMIT, Controls, describe_controls
from streamv2v.errors import ControlError

NUMBERS = [name for name, rule in describe_controls().items() if rule["kind"] in ("number", "integer")]


def test_defaults_are_allowed_by_their_own_rules():
    plain = Controls()
    assert plain.patched(plain.as_dict()) == plain


def test_a_patch_makes_a_new_snapshot_and_leaves_the_old_one():
    before = Controls()
    after = before.patched({"strength": 0.9, "prompt": "an etching"})
    assert (after.strength, after.prompt) == (0.9, "an etching")
    assert before == Controls()
    with pytest.raises(FrozenInstanceError):
        after.strength = 0.1  # type: ignore[misc]


@pytest.mark.parametrize("name", NUMBERS)
def test_both_ends_of_a_range_are_allowed_and_what_lies_beyond_is_refused(name):
    rule = describe_controls()[name]
    for end in (rule["low"], rule["high"]):
        assert getattr(Controls().patched({name: end}), name) == end
    for beyond in (rule["low"] - 1, rule["high"] + 1):
        with pytest.raises(ControlError) as refusal:
            Controls().patched({name: beyond})
        assert refusal.value.field == name
        assert refusal.value.given == beyond
        assert f"{rule['low']:g} to " in refusal.value.allowed


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, 10**400, "0.5", None, True, [1]])
def test_what_is_no_number_is_refused(name, value):
    with pytest.raises(ControlError):
        Controls().patched({name: value})


def test_a_whole_number_may_come_as_a_float_without_a_fraction_only():
    assert Controls(seed=7.0).seed == 7
    assert isinstance(Controls(seed=7.0).seed, int)
    with pytest.raises(ControlError, match="whole number"):
        Controls(seed=7.5)


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t", None, 3, "x" * (PROMPT_LIMIT + 1)])
def test_a_prompt_without_words_or_without_end_is_refused(prompt):
    with pytest.raises(ControlError, match="prompt"):
        Controls(prompt=prompt)


def test_white_space_in_a_prompt_does_not_make_it_another_prompt():
    assert Controls(prompt="  a\n pencil   sketch ").prompt == "a pencil sketch"


def test_an_unknown_control_is_refused_by_name():
    with pytest.raises(ControlError) as refusal:
        Controls().patched({"strenght": 0.5})
    assert refusal.value.field == "strenght"
    assert "strength" in refusal.value.allowed


def test_a_refused_patch_changes_nothing_although_its_other_half_was_fine():
    plain = Controls()
    with pytest.raises(ControlError):
        plain.patched({"strength": 0.9, "mode": "sleep"})
    assert plain == Controls()


def test_a_blend_is_pairs_of_text_and_weight():
    assert Controls(blend=[["oil", 1], ("neon", 0.5)]).blend == (("oil", 1.0), ("neon", 0.5))
    for wrong in ("oil", [["oil"]], [["oil", -1]], [["", 1]], [["oil", 1]] * (BLEND_LIMIT + 1), 3):
        with pytest.raises(ControlError, match="blend"):
            Controls(blend=wrong)  # type: ignore[arg-type]


def test_the_description_is_plain_json_and_names_every_control():
    described = json.loads(json.dumps(describe_controls()))
    assert tuple(described) == CONTROL_NAMES
    assert all(rule["help"] for rule in described.values())


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from(CONTROL_NAMES), st.integers() | st.text() | st.floats()))
def test_no_patch_brings_out_anything_but_controls_or_a_refusal_in_one_line(patch):
    try:
        assert isinstance(Controls().patched(patch), Controls)
    except ControlError as refusal:
        assert "\n" not in str(refusal)
        assert len(str(refusal)) < 600


def test_no_words_order_a_terminal_about() -> None:
    text = "a \x1b[2Jwall\x00 of\x9b31m paint\r\n, \U0001f469\u200d\U0001f3a8"
    assert Controls(prompt=text).prompt == "a [2Jwall of 31m paint , \U0001f469\u200d\U0001f3a8"
    with pytest.raises(ControlError):
        Controls(prompt="\x00\x07")
