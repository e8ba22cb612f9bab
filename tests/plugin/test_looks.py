"""Looks: shipped for both model families, the user's own first, errors with the line."""

from __future__ import annotations

import pytest
from streamv2v_cam.errors import LookError
from streamv2v_cam.looks import Look, LookSet, load_looks, look_of, parse_looks, save_look, shipped_text

from streamv2v.controls import Controls


@pytest.mark.parametrize("model", ["embedded", "some/sd15-model"])
def test_a_dozen_looks_ship_and_each_is_a_picture_of_its_own(model):
    looks = list(load_looks(model))
    assert len(looks) >= 12
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


def test_the_users_looks_come_first_in_their_order_and_win_over_shipped_ones(tmp_path):
    path = tmp_path / "looks.toml"
    path.write_text('[zebra]\nprompt = "zebra"\n[neon]\ntitle = "My neon"\nprompt = "neon of mine"\n')
    looks = load_looks("embedded", path)
    assert looks.names[:2] == ["zebra", "neon"]
    assert looks.get("neon").prompt == "neon of mine"
    assert len(looks) == len(load_looks("embedded")) + 1


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
    ],
)
def test_a_wrong_look_is_refused_with_its_line(text, line, words):
    with pytest.raises(LookError) as refusal:
        parse_looks(text, "looks.toml")
    assert f"line {line}" in str(refusal.value)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_saved_look_is_read_back_and_the_rest_of_the_file_stays(tmp_path):
    path = tmp_path / "deep" / "looks.toml"
    save_look(path, Look("first", "First", {"prompt": "one"}))
    path.write_text("# mine\n" + path.read_text() + "# the end\n")
    saved = Look("second", "Second", {"prompt": 'two "quoted"', "strength": 0.4, "blend": [["oil", 0.5]]})
    save_look(path, saved)
    save_look(path, Look("first", "First", {"prompt": "one again"}))
    looks = parse_looks(path.read_text(), "looks.toml")
    assert [look.name for look in looks] == ["first", "second"]
    assert looks[0].prompt == "one again"
    assert looks[1].patch() == saved.patch()
    assert "# mine" in path.read_text()
    assert "# the end" in path.read_text()


def test_the_live_values_become_a_look_that_brings_them_back(tmp_path):
    now = Controls(prompt="neon", blend=(("oil", 0.5),), strength=0.4, zoom=2.0, mode="freeze", bank_weight=2.0)
    save_look(tmp_path / "looks.toml", look_of(now, "mine", "Mine"))
    look = load_looks("embedded", tmp_path / "looks.toml").get("mine")
    back = Controls(seed=7, guidance_scale=3.0).patched(look.patch())
    assert back == Controls(prompt="neon", blend=(("oil", 0.5),), strength=0.4, bank_weight=2.0)
    assert "zoom" not in look.values, "the framing is the streamer's"


def test_a_look_that_is_added_moves_no_number():
    looks = LookSet([Look(name, values={"prompt": name}) for name in ("one", "two")])
    assert looks.with_look(Look("three", values={"prompt": "3"})).names == ["one", "two", "three"]
    replaced = looks.with_look(Look("one", values={"prompt": "other"}))
    assert (replaced.names, replaced.get(1).prompt) == (["one", "two"], "other")
    assert looks.get(1).prompt == "one"


def test_a_broken_file_is_not_written_over(tmp_path):
    path = tmp_path / "looks.toml"
    path.write_text("[neon\n")
    with pytest.raises(LookError, match="nothing was written"):
        save_look(path, Look("first", values={"prompt": "one"}))
    assert path.read_text() == "[neon\n"


def test_the_shipped_text_can_serve_as_the_users_file():
    assert [look.name for look in parse_looks(shipped_text("embedded"), "mine")] == load_looks("embedded").names


def test_every_look_for_the_embedded_model_names_a_style_it_has_learned():
    from training.captions import STYLE_WORDS

    styles = {
        look.name: [style for style, words in STYLE_WORDS.items() if any(word in look.prompt for word in words)]
        for look in load_looks("embedded")
    }
    assert all(styles.values()), styles
    assert len({style[0] for style in styles.values()} - {"photo"}) >= 12
