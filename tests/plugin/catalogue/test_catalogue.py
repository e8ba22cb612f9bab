"""The catalogue: what is offered by name, what is here, and that a name is never a path or a hub id."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamv2v_cam.catalogue import ENTRIES, Catalogue, with_named_model
from streamv2v_cam.catalogue.advice import card_words
from streamv2v_cam.catalogue.own import name_for
from streamv2v_cam.catalogue.room import Room
from streamv2v_cam.errors import ModelRefused
from streamv2v_cam.settings import LoadedSettings, load_settings

from streamv2v.models.preflight import MIB

LARGE, SMALL = Room("cuda", "the large card", 24_000 * MIB), Room("cuda", "the small card", 4_000 * MIB)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedSettings:
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))
    folders = {"engine.models_folder": str(tmp_path / "models"), "engine.cache_dir": str(tmp_path / "hub")}
    return load_settings(folders)


@pytest.fixture
def catalogue(settings: LoadedSettings) -> Catalogue:
    return Catalogue(settings, room=LARGE)


def refusal(catalogue: Catalogue, name: str) -> str:
    with pytest.raises(ModelRefused) as refused:
        catalogue.resolve(name)
    return str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["stabilityai/sd-turbo", "/etc", "../models", "sd-turbo/..", "", ".", "SD-TURBO", "sd-turbo.part", "http://a/b"],
)
def test_a_name_chooses_from_the_catalogue_and_is_never_a_path_or_a_hub_id(catalogue: Catalogue, name: str) -> None:
    assert refusal(catalogue, name).startswith("There is no model")


def test_what_is_not_here_yet_is_refused_with_the_way_to_get_it(catalogue: Catalogue) -> None:
    assert refusal(catalogue, "sd-turbo").endswith("streamv2v-cam models get sd-turbo")
    assert catalogue.resolve("embedded") == "embedded"
    assert [entry.name for entry in catalogue.offered()] == ["embedded"]


def test_a_fetched_model_is_its_folder_and_a_half_one_counts_for_nothing(
    catalogue: Catalogue, tiny_model: Path
) -> None:
    half = catalogue.folder / "sd-turbo.part"
    shutil.copytree(tiny_model, half)
    assert not catalogue.here("sd-turbo")
    half.rename(catalogue.folder / "sd-turbo")
    assert catalogue.here("sd-turbo") and catalogue.resolve("sd-turbo") == str(catalogue.folder / "sd-turbo")
    assert [entry.name for entry in catalogue.offered()] == ["embedded", "sd-turbo"]
    assert "removed" in catalogue.remove("sd-turbo")
    assert not catalogue.here("sd-turbo") and not any(file.is_dir() for file in catalogue.folder.iterdir())


def test_a_model_that_was_fetched_by_its_hub_id_is_here_too_and_is_not_this_programs_to_remove(
    catalogue: Catalogue, tiny_model: Path, tmp_path: Path
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    kept = tmp_path / "hub" / "models--stabilityai--sd-turbo"
    shutil.copytree(tiny_model, kept / "snapshots" / commit)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text(commit)
    assert catalogue.resolve("sd-turbo") == "stabilityai/sd-turbo"
    with pytest.raises(ModelRefused, match="hf cache rm"):
        catalogue.remove("sd-turbo")
    next((kept / "snapshots" / commit / "unet").glob("*.safetensors")).unlink()
    assert not catalogue.here("sd-turbo"), "a half one"


def test_whether_a_model_fits_is_the_engines_own_arithmetic(settings: LoadedSettings) -> None:
    for name, large, small in (("embedded", True, True), ("sd-turbo", True, False), ("sdxl-turbo", True, False)):
        entry = next(entry for entry in ENTRIES if entry.name == name)
        assert Catalogue(settings, room=LARGE).facts(entry).fit.fits is large
        assert Catalogue(settings, room=SMALL).facts(entry).fit.fits is small
    assert "the small card has" in Catalogue(settings, room=SMALL).facts(entry).fit.words
    processor = replace(LARGE, device="cpu", words="this machine")
    assert "slow here" in Catalogue(settings, room=processor).facts(entry).fit.words


def test_weights_in_16_bits_are_half_the_download_where_there_are_some(settings: LoadedSettings) -> None:
    def size(name: str, device: str) -> float:
        catalogue = Catalogue(settings, room=replace(LARGE, device=device))
        return catalogue.facts(catalogue.entry(name)).download_bytes

    assert size("sd-turbo", "cpu") == 2 * size("sd-turbo", "cuda") > 2e9
    assert size("lcm-dreamshaper-v7", "cpu") == size("lcm-dreamshaper-v7", "cuda"), "its repository has none"


def test_a_folder_of_ones_own_is_taken_in_by_reference_and_only_leaves_the_list(
    catalogue: Catalogue, tiny_model: Path
) -> None:
    entry = catalogue.add(tiny_model, "mine")
    assert catalogue.resolve("mine") == str(tiny_model) and entry in catalogue.offered()
    with pytest.raises(ModelRefused, match="another model's"):
        catalogue.add(tiny_model, "sd-turbo")
    assert "stay where they are" in catalogue.remove("mine")
    assert tiny_model.is_dir() and refusal(catalogue, "mine").startswith("There is no model")


def test_one_of_ones_own_that_was_moved_says_so(catalogue: Catalogue, tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "Moving Model")
    assert catalogue.add(folder).name == name_for(folder) == "moving-model"
    shutil.rmtree(folder)
    assert "was moved or removed" in (told := refusal(catalogue, "moving-model")) and str(tmp_path) not in told
    facts = catalogue.facts(catalogue.entry("moving-model"))
    assert not facts.here and not facts.fit.fits


def test_what_is_no_model_is_not_taken_in(catalogue: Catalogue, tmp_path: Path) -> None:
    page = tmp_path / "page.safetensors"
    page.write_text("<!doctype html>")
    (pickle := tmp_path / "a.ckpt").write_text("x")
    for path, words in (
        (page, "web page"),
        (pickle, "can run code"),
        (tmp_path, "model_index"),
        (tmp_path / "none", "is not there"),
    ):
        with pytest.raises(ModelRefused, match=words):
            catalogue.add(path, "mine")
    assert [entry.name for entry in catalogue.entries()] == [entry.name for entry in ENTRIES]


def test_a_licence_is_accepted_once_and_remembered(settings: LoadedSettings) -> None:
    first = Catalogue(settings, room=LARGE)
    assert not first.accepted(first.entry("sd-turbo")) and first.accepted(first.entry("lcm-dreamshaper-v7"))
    first.accept("sd-turbo")
    again = Catalogue(settings, room=LARGE)
    assert again.accepted(again.entry("sd-turbo")) and not again.accepted(again.entry("sdxl-turbo"))


def test_a_spoiled_list_is_said_and_not_written_over(catalogue: Catalogue, tiny_model: Path) -> None:
    list_file = catalogue.own._path
    list_file.parent.mkdir(parents=True, exist_ok=True)
    list_file.write_text("[own\n")
    with pytest.raises(ModelRefused, match="cannot be read"):
        catalogue.add(tiny_model, "mine")
    assert list_file.read_text() == "[own\n"
    list_file.write_text('[own]\n"../up" = "/etc"\nfine = 3\n')
    assert catalogue.own.paths() == {}


def test_every_entry_says_what_a_person_has_to_know() -> None:
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert entry.title and entry.good_for.endswith(".") and entry.licence and entry.licence.link.startswith("https")


def test_the_first_run_says_in_one_line_what_a_card_carries_and_how_to_get_it(settings: LoadedSettings) -> None:
    both = card_words(Catalogue(settings, room=LARGE))
    assert both.startswith("The large card carries SD-Turbo and SDXL-Turbo") and "models get sdxl-turbo" in both
    one = card_words(Catalogue(settings, room=replace(LARGE, total_bytes=6_000 * MIB)))
    assert "SDXL" not in one and "run --model sd-turbo" in one
    assert not card_words(Catalogue(settings, room=SMALL)) and "\n" not in both
    assert not card_words(Catalogue(settings, room=replace(LARGE, device="cpu"))), "a processor is no card"


def test_a_name_of_the_catalogue_stands_for_its_model_in_the_settings(
    catalogue: Catalogue, settings: LoadedSettings, tiny_model: Path
) -> None:
    named = replace(
        settings,
        values=settings.values.model_copy(update={"engine": settings.engine.model_copy(update={"model": "sd-turbo"})}),
    )
    with pytest.raises(ModelRefused, match="models get sd-turbo"):
        with_named_model(named)
    shutil.copytree(tiny_model, catalogue.folder / "sd-turbo")
    assert with_named_model(named).engine.model == str(catalogue.folder / "sd-turbo")
    assert with_named_model(settings) is settings, "the included one is itself"


@pytest.mark.parametrize("name", ["start", "mine.safetensors", "mine.ckpt", "../up", "a/b", "A", "-a", "", "\u6c34"])
def test_a_name_that_would_stand_for_something_else_is_not_given(
    catalogue: Catalogue, tiny_model: Path, name: str
) -> None:
    if name:
        with pytest.raises(ModelRefused, match="cannot be called"):
            catalogue.add(tiny_model, name)
    catalogue.own._path.write_text(f'[own]\n"{name}" = "{tiny_model}"\n')
    assert catalogue.own.paths() == {}, "nor taken from a file that a hand has written"


def test_one_odd_folder_of_ones_own_leaves_the_list_of_the_others_alone(catalogue: Catalogue, tiny_model: Path) -> None:
    odd = Path(shutil.copytree(tiny_model, catalogue.own._path.parent / "odd"))
    catalogue.add(odd, "odd")
    (odd / "unet" / "config.json").write_text('{"cross_attention_dim": 16}')
    catalogue.own.add("long", Path("/" + "x" * 300))
    found = {entry.name: catalogue.facts(entry) for entry in catalogue.entries()}
    assert not found["odd"].fit.fits and "makes no sense" in found["odd"].fit.words
    assert not found["long"].here and found["embedded"].fit.fits


def test_a_table_that_a_hand_has_made_a_word_is_told_and_not_written_over(
    catalogue: Catalogue, tiny_model: Path
) -> None:
    catalogue.own._path.write_text("own = 3\n")
    with pytest.raises(ModelRefused, match="is no table"):
        catalogue.add(tiny_model, "mine")
    assert catalogue.own._path.read_text() == "own = 3\n"


def test_a_path_that_is_no_text_is_refused_in_one_line(catalogue: Catalogue, tiny_model: Path) -> None:
    odd = catalogue.own._path.parent / os.fsdecode(b"caf\xe9")
    shutil.copytree(tiny_model, odd)
    with pytest.raises(ModelRefused, match="no text"):
        catalogue.add(odd, "mine")
    assert "mine" not in catalogue.own.paths()


def test_a_removal_that_is_broken_off_leaves_no_model_that_counts(
    catalogue: Catalogue, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Path(shutil.copytree(tiny_model, catalogue.folder / "sd-turbo"))

    def broken_off(_folder: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as at_once, pytest.raises(KeyboardInterrupt):
        at_once.setattr(shutil, "rmtree", broken_off)
        catalogue.remove("sd-turbo")
    assert target.is_dir() and not catalogue.here("sd-turbo")
    assert "removed" in catalogue.remove("sd-turbo") and not target.exists()
