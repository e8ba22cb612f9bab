"""Looks: shipped for both model families, the user's own first, errors with the line."""

from __future__ import annotations

import pytest
from streamv2v_cam.errors import LookError
from streamv2v_cam.looks import Look, LookSet, load_looks, parse_looks, sample_of, shipped_text

from streamv2v.controls import Controls
from streamv2v.models.vocabulary import vocabulary_of


@pytest.mark.parametrize(("model", "least"), [("embedded", 26), ("some/sd15-model", 12)])
def test_many_looks_ship_and_each_is_a_picture_of_its_own(model, least):
    looks = list(load_looks(model))
    assert len(looks) >= least
    assert len({look.prompt for look in looks}) == len(looks)
    for look in looks:
        assert look.title != look.name
        assert 0.2 <= Controls().patched(look.patch()).strength <= 0.9


def test_the_set_of_looks_follows_the_model():
    assert "claymation" not in load_looks("embedded")
    assert "claymation" in load_looks("some/sd15-model")


def test_a_look_is_found_by_name_by_number_and_without_regard_to_case():
    looks = LookSet([Look("oil", values={"prompt": "oil"}), Look("neon", values={"prompt": "neon"})])
    assert looks.get("neon") is looks.get("2") is looks.get(2) is looks.get("NEON")


@pytest.mark.parametrize("wanted", ["0", "3", "nion", "", "-1"])
def test_a_look_that_is_not_there_is_refused_with_what_there_is(wanted):
    looks = LookSet([Look("oil", values={"prompt": "oil"}), Look("neon", values={"prompt": "neon"})])
    with pytest.raises(LookError, match="neon"):
        looks.get(wanted)


def test_a_look_brings_back_what_the_last_one_changed_but_not_what_is_the_streamers():
    first = Look("a", values={"prompt": "a", "bank_weight": 2.0, "negative_prompt": "text"})
    second = Look("b", values={"prompt": "b"})
    controls = Controls(mirror=True, zoom=2.0, mode="privacy", seed=9).patched(first.patch()).patched(second.patch())
    assert (controls.prompt, controls.bank_weight, controls.negative_prompt) == ("b", 1.0, "")
    assert (controls.mirror, controls.zoom, controls.mode, controls.seed) == (True, 2.0, "privacy", 9)


def test_the_users_looks_come_behind_the_shipped_ones_and_stand_in_their_place_where_they_redefine_one(tmp_path):
    path = tmp_path / "looks.toml"
    path.write_text('[zebra]\nprompt = "zebra"\n[neon]\ntitle = "My neon"\nprompt = "neon of mine"\n')
    looks, shipped = load_looks("embedded", path), load_looks("embedded")
    assert looks.names == [*shipped.names, "zebra"]
    assert looks.get("neon").prompt == "neon of mine"
    assert looks.numbers["neon"] == shipped.numbers["neon"]


def test_a_byte_order_mark_is_read_over_and_another_encoding_is_named(tmp_path):
    path = tmp_path / "looks.toml"
    path.write_bytes(b'\xef\xbb\xbf[zebra]\nprompt = "zebra"\n')
    assert "zebra" in load_looks("embedded", path)
    path.write_text('[zebra]\nprompt = "zebra"\n', encoding="utf-16")
    with pytest.raises(LookError, match="UTF-8"):
        load_looks("embedded", path)


def test_numbers_that_were_given_win_over_places_and_gaps_stay(tmp_path):
    looks = LookSet([Look(name, values={"prompt": name}) for name in "abcd"], {"d": 2, "a": 9, "gone": 1})
    assert dict(looks.numbers) == {"d": 2, "c": 3, "b": 4, "a": 9}
    assert (looks.at(1), looks.first().name, looks.free_number()) == (None, "d", 5)


def test_every_look_has_a_sample_and_an_unknown_style_gets_the_presenter_without_one():
    samples = {look.name: sample_of(look) for look in load_looks("embedded")}
    assert len(set(samples.values())) == len(samples)
    assert all(jpeg[:2] == b"\xff\xd8" and len(jpeg) < 12_000 for jpeg in samples.values())
    assert sample_of(Look("mine", values={"prompt": "a charcoal of a dog"})) in (
        samples["charcoal"],
        samples["blue-chalk"],
    )
    assert sample_of(Look("mine", values={"prompt": "a person"})) not in samples.values()
    for look in load_looks("some/sd15-model"):
        assert sample_of(look)


def test_no_file_of_the_users_is_no_error_unless_it_was_asked_for(tmp_path):
    path = tmp_path / "looks.toml"
    assert load_looks("embedded", path).names == load_looks("embedded").names
    with pytest.raises(LookError, match=r"looks\.toml"):
        load_looks("embedded", path, must_exist=True)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[neon]\nprompt = "n"\n\nstrength = 7\n', 4, "0 to 1"),
        ('[neon]\nprompt = "n"\n[b]\nprompt = ""\n', 4, "words"),
        ('[neon]\nprompt = "n"\nstrenght = 0.5\n', 3, "did you mean strength"),
        ('[neon]\nprompt = "n"\nmode = "bypass"\n', 3, "nothing a look can set"),
        ("\n[neon]\nstrength = 0.5\n", 2, "no prompt"),
        ('[neon]\ntitle = 3\nprompt = "n"\n', 2, "text"),
        ('prompt = "n"\n', 1, "outside a look"),
        ('[neon]\nprompt = "n\n', 2, "TOML"),
        ('[none]\nprompt = "n"\n', 1, "meaning of its own"),
        ('["two words"]\nprompt = "n"\n', 1, "spaces"),
        ('[a]\nprompt = "n"\n\n[numbers]\na = 0\n', 5, "1 to 999"),
    ],
)
def test_a_wrong_look_is_refused_with_its_line(text, line, words):
    with pytest.raises(LookError) as refusal:
        parse_looks(text, "looks.toml")
    assert f"line {line}" in str(refusal.value)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_shipped_text_can_serve_as_the_users_file():
    assert [look.name for look in parse_looks(shipped_text("embedded"), "mine")] == load_looks("embedded").names


def test_every_look_for_the_embedded_model_names_a_style_it_has_learned_and_no_word_it_passes_over():
    words = vocabulary_of("embedded")
    assert words is not None
    verdicts = {look.name: words.judge(look.prompt) for look in load_looks("embedded")}
    assert not [name for name, verdict in verdicts.items() if not verdict.names_a_look or verdict.unknown]
    assert all(any(phrase in look.prompt for phrase in words.looks) for look in load_looks("embedded"))


def test_the_looks_with_keys_are_painted_and_every_look_for_the_embedded_model_may_show_a_face():
    looks = load_looks("embedded")
    assert not {"comic", "pencil", "neon", "pixel", "vintage"} & set(looks.names[:9])
    assert all(look.patch()["borrow"] for look in looks)


def test_looks_that_follow_the_cameras_light_draw_its_fine_lines_and_the_next_look_draws_none() -> None:
    looks = load_looks("embedded")
    assert looks.get("pencil").patch()["detail"] == 0.5
    assert {name for name in looks.names if looks.get(name).patch()["detail"] == 0} >= {"neon", "blueprint", "thermal"}
