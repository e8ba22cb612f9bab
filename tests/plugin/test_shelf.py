"""The shelf: the person's own looks are kept, numbered, renamed, copied, deleted, exported and imported."""

from __future__ import annotations

import os

import pytest
from streamv2v_cam.errors import LookClash, LookError
from streamv2v_cam.looks import Look, Shelf, parse_looks

from streamv2v.controls import Controls
from streamv2v.errors import ControlError

NOW = Controls(prompt="snow", strength=0.4)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "looks.toml"


def shelf_at(path) -> Shelf:
    names = {"pencil": "Pencil sketch", "oil": "Oil painting", "neon": "Neon"}
    return Shelf([Look(name, title, {"prompt": name}) for name, title in names.items()], path)


def test_a_saved_look_takes_the_next_number_and_has_it_after_a_restart_too(path):
    shelf = shelf_at(path)
    shelf.keep(NOW, "Snow globe")
    for looks in (shelf.looks, shelf_at(path).looks):
        assert dict(looks.numbers) == {"pencil": 1, "oil": 2, "neon": 3, "snow-globe": 4}
        assert looks.first().name == "pencil", "saving does not change the look of the start"
        assert looks.get("snow-globe").patch()["strength"] == 0.4


@pytest.mark.parametrize("title", ["水彩", "Акварель", "😀", "Ägypten", "3", "auto", "numbers", "a" * 60])
def test_a_title_may_be_in_any_script_and_gets_a_name_of_its_own(path, title):
    first = shelf_at(path).keep(NOW, title)
    assert first.title == title
    assert shelf_at(path).looks.get(first.name).title == title
    assert shelf_at(path).looks.at(3).name == "neon", "a name of digits would hide a number"


def test_two_titles_without_a_letter_of_the_alphabet_get_two_names(path):
    shelf = shelf_at(path)
    assert len({shelf.keep(NOW, title).name for title in ("水彩", "油画", "水,彩", "Snow!", "Snow?")}) == 5


@pytest.mark.parametrize("title", ["", "   ", "\n", "\u202e", "x" * 61])
def test_a_title_that_shows_nothing_or_never_ends_is_refused(path, title):
    with pytest.raises(ControlError, match="title"):
        shelf_at(path).keep(NOW, title)
    assert not path.exists()


@pytest.mark.parametrize("title", ["Pencil sketch", " pencil  SKETCH", "Ｐencil sketch"])
def test_a_title_that_is_there_is_asked_about_and_a_yes_replaces_it_in_its_place(path, title):
    shelf = shelf_at(path)
    with pytest.raises(LookClash) as clash:
        shelf.keep(NOW, title)
    assert (clash.value.field, clash.value.look) == ("title", "pencil")
    shelf.keep(NOW, title, replace=True)
    assert (shelf.looks.get(1).prompt, len(shelf.looks)) == ("snow", 3)
    shelf.delete("pencil")
    assert shelf.looks.get(1).prompt == "pencil", "the shipped one comes back"


def test_a_number_is_swapped_with_the_look_that_has_it_and_no_third_one_moves(path):
    shelf = shelf_at(path)
    shelf.keep(NOW, "Snow")
    shelf.renumber("snow", 2)
    assert dict(shelf.looks.numbers) == {"pencil": 1, "snow": 2, "neon": 3, "oil": 4}
    shelf.renumber("oil", 9)
    assert dict(shelf_at(path).looks.numbers) == {"pencil": 1, "snow": 2, "neon": 3, "oil": 9}
    with pytest.raises(ControlError, match="999"):
        shelf.renumber("oil", 1000)


def test_a_deleted_look_frees_its_number_and_moves_no_other(path):
    shelf = shelf_at(path)
    path.parent.mkdir()
    path.write_text('[a]\nprompt = "a"\n[b]\nprompt = "b"\n')
    assert shelf.looks.numbers["b"] == 5
    shelf.delete("a")
    assert dict(shelf_at(path).looks.numbers) == {"pencil": 1, "oil": 2, "neon": 3, "b": 5}
    shelf.keep(NOW, "Snow")
    assert shelf_at(path).looks.numbers["snow"] == 4


def test_renaming_keeps_the_name_so_that_scenes_go_on(path):
    shelf = shelf_at(path)
    shelf.keep(NOW, "Snow")
    assert shelf.rename("snow", "雪").name == "snow"
    assert shelf_at(path).looks.get("snow").title == "雪"
    with pytest.raises(LookClash, match="Neon"):
        shelf.rename("snow", "neon")


def test_what_ships_is_neither_renamed_nor_deleted_but_can_be_copied(path):
    shelf = shelf_at(path)
    for refused in (lambda: shelf.rename("oil", "Mine"), lambda: shelf.delete("oil")):
        with pytest.raises(LookClash, match="copy"):
            refused()
    first, second = shelf.duplicate("oil"), shelf.duplicate("oil")
    assert [look.title for look in (first, second)] == ["Oil painting 2", "Oil painting 3"]
    assert first.patch() == shelf.looks.get("oil").patch()
    with pytest.raises(LookError, match="no look"):
        shelf.duplicate("nobody")


def test_all_looks_go_to_another_machine_as_a_file_with_their_numbers_and_none_twice(path, tmp_path):
    here, there = shelf_at(path), shelf_at(tmp_path / "there.toml")
    here.keep(NOW, "雪")
    here.keep(Controls(prompt="rain"), "Rain")
    here.renumber("rain", 8)
    done = there.import_text("\ufeff" + here.exported())
    assert len(done.added) == 2
    assert there.looks.at(8).title == "Rain"
    assert there.import_text(here.exported()).skipped == done.added, "what is there already is passed over"
    assert len(there.looks) == 5
    assert [look.name for look in parse_looks(here.exported(["rain"]), "file")] == ["rain"]


def test_an_import_asks_before_it_writes_over_a_title_and_takes_nothing_until_then(path):
    shelf = shelf_at(path)
    file = '[x]\ntitle = "Neon"\nprompt = "other"\n[y]\ntitle = "New"\nprompt = "new"\n'
    with pytest.raises(LookClash, match="Neon"):
        shelf.import_text(file)
    assert len(shelf.looks) == 3
    assert shelf.import_text(file, same_title="skip").added == ("y",)
    assert shelf.import_text(file, same_title="replace").replaced == ("neon",)
    assert shelf.looks.get("neon").prompt == "other"


FOREIGN = {
    'region = "background"': {},
    'region = "background"\noutside = "camera"': {},
    'region = "face"\noutside = "blur"': {},
    'outside = "camera"': {},
    'region = "background"\noutside = "colour"': {"region": "background", "outside": "colour"},
    'region = "person"\noutside = "palette"': {"region": "person", "outside": "palette"},
    'region = "whole"\nregion_feather = 0.5': {"region": "whole", "region_feather": 0.5},
    "strength = 0": {},
    "strength = 0.2": {},
    "strength = 0.3": {"strength": 0.3},
}


@pytest.mark.parametrize(("lines", "kept"), FOREIGN.items())
def test_no_look_of_a_foreign_file_puts_the_cameras_own_picture_on_air(path, lines, kept):
    """Whatever the person has set for the places that the look leaves open: a face covered by them stays covered."""
    shelf = shelf_at(path)
    done = shelf.import_text(f'[paint]\ntitle = "Paint"\nprompt = "paint"\n{lines}\n')
    assert shelf.looks.get("paint").values == {"prompt": "paint", **kept}
    lost = not kept
    assert done.bared == (("paint",) if lost else ()) and ("paint" in done.told) is lost
    for region, outside in (("background", "colour"), ("whole", "camera")):
        own = Controls(region=region, outside=outside)
        seen = own.patched(shelf.looks.get("paint").patch())
        assert seen.region == "whole" or seen.outside not in ("camera", "blur")
        assert seen.strength >= 0.3


def test_a_region_that_the_person_chose_stays_when_its_own_file_is_read_again(path):
    shelf = shelf_at(path)
    shelf.keep(Controls(prompt="rain", region="background"), "Rain")
    assert shelf.import_text(shelf.exported()).skipped == ("rain",)
    assert shelf.looks.get("rain").values["region"] == "background"


def test_a_name_of_a_file_that_another_look_has_here_is_made_anew(path):
    shelf = shelf_at(path)
    shelf.import_text('[oil]\ntitle = "Crude"\nprompt = "crude"\n[3]\ntitle = "Three"\nprompt = "three"\n')
    assert [shelf.looks.get("oil").prompt, shelf.looks.at(3).name] == ["oil", "neon"]
    assert {"Crude", "Three"} <= {look.title for look in shelf.looks}


@pytest.mark.parametrize("text", ["", "x = 1", "[a]\n", "[a", '[a]\nprompt = "n"\nstrength = 7', "a = " + "[" * 5000])
def test_a_file_that_is_none_of_looks_is_refused_and_nothing_changes(path, text):
    with pytest.raises(LookError):
        shelf_at(path).import_text(text)
    assert not path.exists()


def test_the_rest_of_the_file_stays_and_a_broken_one_is_not_written_over(path):
    shelf = shelf_at(path)
    shelf.keep(NOW, "First")
    path.write_text("# mine\n" + path.read_text() + "# the end\n")
    shelf.keep(Controls(prompt='two "quoted"', blend=(("oil", 0.5),)), "Second")
    assert shelf_at(path).looks.get("second").patch()["blend"] == [["oil", 0.5]]
    assert "# mine" in path.read_text() and "# the end" in path.read_text()
    path.write_text("[neon\n")
    with pytest.raises(LookClash, match="nothing was written"):
        shelf.keep(NOW, "Third")
    assert path.read_text() == "[neon\n"
    assert shelf.looks.get("second"), "the looks stay as they were"


def test_an_edit_by_hand_counts_while_the_program_runs(path):
    shelf = shelf_at(path)
    shelf.keep(NOW, "First")
    before = shelf.version
    path.write_text('[hand]\nprompt = "by hand"\n')
    os.utime(path, (1, 1))
    assert "hand" in shelf.looks
    assert shelf.version > before


def test_the_framing_is_the_streamers_and_no_part_of_a_look(path):
    kept = shelf_at(path).keep(Controls(prompt="neon", zoom=2.0, mode="freeze", bank_weight=2.0), "Mine")
    back = Controls(seed=7, guidance_scale=3.0).patched(kept.patch())
    assert back == Controls(prompt="neon", bank_weight=2.0)
    assert "zoom" not in kept.values


def test_looks_of_ones_own_for_another_model_lie_out_of_sight_with_their_names_and_numbers(path):
    shelf = Shelf([Look("oil", "Oil", {"prompt": "oil"})], path, "embedded")
    shelf.keep(Controls(prompt="a pencil sketch"), "Mine")
    assert shelf.looks.get("mine").made_for == "embedded" and shelf.looks.numbers["mine"] == 2
    shelf.turn_to([Look("anime", "Anime", {"prompt": "anime"})], "sdxl")
    assert shelf.looks.names == ["anime"]
    # neither name nor number is taken by another, and what is kept now is for the model on air
    kept = shelf.keep(Controls(prompt="a zebra"), "Mine")
    assert (kept.name, kept.made_for, shelf.looks.numbers[kept.name]) == ("mine-2", "sdxl", 3)
    with pytest.raises(LookClash, match="another model"):
        shelf.keep(Controls(prompt="a zebra"), "Another title", name="mine")
    shelf.turn_to([Look("oil", "Oil", {"prompt": "oil"})], "embedded")
    assert shelf.looks.names == ["oil", "mine"] and shelf.looks.numbers["mine"] == 2
    # a file of all of them, taken in again, doubles none
    again = shelf.import_text(shelf.exported())
    assert not again.added and sorted(again.skipped) == ["mine", "mine-2"]


def test_a_look_without_loras_is_for_all_large_models_and_one_for_the_embedded_for_that_alone():
    free, bound = Look("a", "", {"prompt": "a"}, made_for="sd15"), {"prompt": "a", "loras": {"b": 1.0}}
    assert free.fits("sd15") and free.fits("sdxl") and free.fits("") and not free.fits("embedded")
    assert not Look("a", "", bound, made_for="sd15").fits("sdxl") and Look("a", "", bound).fits("sdxl")
    assert not Look("a", "", {"prompt": "a"}, made_for="embedded").fits("sd15")
    with pytest.raises(LookError, match="made_for"):
        Look("a", "", {"prompt": "a"}, made_for="sd3")


def test_a_file_of_more_looks_than_there_are_numbers_is_refused_before_they_are_read(path):
    text = "".join(f'[look{number}]\nprompt = "a"\n' for number in range(1001))
    with pytest.raises(LookError, match="holds 1001 looks; at most 999"):
        shelf_at(path).import_text(text)
