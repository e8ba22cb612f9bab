"""Another model in mid-show: what is offered, what is refused, and what follows it: looks, words, LoRAs, sizes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plugin.run.show import GIB, Show
from streamv2v_cam.errors import ModelRefused
from streamv2v_cam.looks import load_looks
from streamv2v_cam.lorafolder import LoraFile
from streamv2v_cam.run.beforehand import known_words
from streamv2v_cam.run.models import EngineModels
from streamv2v_cam.run.offers import Offer
from streamv2v_cam.settings import LoadedSettings
from tiny_sdxl import save_sdxl

from streamv2v.errors import ControlError
from streamv2v.models.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sdxl(tmp_path_factory.mktemp("other") / "tiny-xl")


@pytest.fixture
def show(tmp_path: Path, other: Path, monkeypatch: pytest.MonkeyPatch) -> Show:
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))
    return Show(tmp_path, other)


def test_a_model_is_chosen_by_name_and_the_one_on_air_stays_until_the_other_comes(show: Show):
    chosen = show.models.choose("sd-turbo")
    assert (chosen.title, chosen.current, chosen.preparing) == ("SD-Turbo", False, True)
    wish = show.engine.succession.preparing
    assert wish is not None and wish.only_beside and wish.config.model == show.other
    status = show.models.status()
    assert (status["on_air"], status["preparing"]) == ("embedded", "sd-turbo")
    show.engine.comes()
    assert [(choice.name, choice.current, choice.preparing) for choice in show.models.choices()] == [
        ("embedded", False, False),
        ("sd-turbo", True, False),
        ("sdxl-turbo", False, False),
    ]
    assert show.models.status()["preparing"] == ""


@pytest.mark.parametrize("name", ["stabilityai/sd-turbo", "/etc/passwd", "..", "tiny-xl", "SD-Turbo"])
def test_neither_a_path_nor_a_hub_id_is_a_name(show: Show, name: str):
    for wanted in (name, show.other):
        with pytest.raises(ControlError, match="sd-turbo"):
            show.models.choose(wanted)
    assert show.engine.succession.preparing is None


def test_what_is_not_here_does_not_fit_or_is_broken_is_refused_in_one_line_and_nothing_is_begun(
    show: Show, tmp_path: Path
):
    with pytest.raises(ModelRefused, match="not on this machine yet"):
        show.models.choose("sdxl-turbo")
    show.free = 2 * GIB
    with pytest.raises(ModelRefused, match=r"SD-Turbo needs about .* beside the present model.* are free"):
        show.models.choose("sd-turbo")
    show.free = 64 * GIB
    show.offers.append(Offer("mine", "Mine", str(tmp_path / "gone")))
    with pytest.raises(ModelRefused, match=r"Mine cannot be used: .*gone"):
        show.models.choose("mine")
    assert show.engine.succession.preparing is None


def test_a_list_that_cannot_be_read_is_told_to_who_chooses_and_leaves_the_state_alone(show: Show):
    def spoiled() -> list[Offer]:
        raise ModelRefused("The list of models cannot be read.")

    models = EngineModels(
        show.settings, show.engine, store=show.store, shelf=show.shelf, sizes=show.sizes, offers=spoiled
    )
    assert models.status()["title"] == "embedded"
    with pytest.raises(ModelRefused, match="cannot be read"):
        models.choose("sd-turbo")


def test_the_name_of_the_one_on_air_gives_up_what_is_in_preparation(show: Show):
    show.models.choose("sd-turbo")
    show.models.choose("embedded")
    assert show.engine.succession.preparing is None


def test_steps_and_size_are_those_of_the_other_family_and_a_size_chosen_by_hand_keeps_its_name(show: Show):
    show.sizes.choose("small")
    wish = show.engine.succession.take_wish()
    assert wish is not None
    show.engine.config = wish.config
    show.go_to("sd-turbo")
    config = show.engine.config
    # "tiny-xl" is of the family whose usual area is larger; small is half of it
    assert config.slots == 2 and 0.4 < config.width * config.height / (680 * 384) < 0.6
    assert [choice.name for choice in show.sizes.choices() if choice.current] == ["small"]
    show.go_to("embedded")
    assert (show.engine.config.slots, show.engine.config.width) == (1, wish.config.width)


def test_a_look_that_both_have_goes_along_in_the_others_own_words(show: Show):
    show.store.apply(show.shelf.looks.get("oil").patch(), look="oil")
    show.go_to("sd-turbo")
    now = show.store.current
    assert (now.look, now.controls.prompt) == ("oil", show.shelf.looks.get("oil").prompt)
    assert "baroque" in now.controls.prompt and "thermal" not in show.shelf.looks and "lowpoly" in show.shelf.looks
    assert show.models.status()["told"] == ""
    # and words that the embedded model does not know are taken from now on
    show.store.apply({"prompt": "a zebra"})


def test_a_look_that_the_other_has_not_keeps_its_words_and_is_back_with_its_model(show: Show):
    thermal = show.shelf.looks.get("thermal")
    show.store.apply(thermal.patch() | {"strength": 0.42}, look="thermal")
    show.go_to("sd-turbo")
    now = show.store.current
    assert (now.look, now.controls.prompt) == (None, thermal.prompt)
    assert "keeps its look" in show.models.status()["told"] and show.store.notice.text
    show.go_to("embedded")
    now = show.store.current
    assert (now.look, now.controls.prompt, now.controls.strength) == ("thermal", thermal.prompt, 0.42)


def test_words_that_a_model_does_not_know_give_way_to_a_look_that_it_knows(show: Show):
    show.go_to("sd-turbo")
    show.store.apply({"prompt": "a zebra"})
    revision = show.store.current.revision
    show.go_to("embedded")
    now = show.store.current
    first = show.shelf.looks.first()
    assert first is not None and (now.look, now.controls.prompt) == (first.name, first.prompt)
    assert now.revision > revision
    with suppress(ControlError):  # a model may draw words that it does not know as something, and says so
        show.store.apply({"prompt": "a zebra"})
    assert show.store.notice.unknown == ("zebra",)


def test_words_that_a_model_drew_as_something_are_back_with_it(tmp_path: Path, other: Path, monkeypatch):
    def words(settings: LoadedSettings) -> Vocabulary | None:
        known = known_words(settings)
        return known and replace(known, otherwise="oil paint")

    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))
    show = Show(tmp_path, other, words)
    show.store.apply({"prompt": "a zebra"})
    show.go_to("sd-turbo")
    show.store.apply({"prompt": "a quagga"})
    show.go_to("embedded")
    assert show.store.current.controls.prompt == "a zebra"


def test_the_other_engine_begins_in_values_of_its_own_while_those_on_air_stay(show: Show):
    show.store.apply(show.shelf.looks.get("oil").patch(), look="oil")
    before = show.store.current
    show.models.choose("sd-turbo")
    wish = show.engine.succession.preparing
    assert wish is not None
    given = show.engine.following.values_for(wish.config)
    assert "baroque" in given.controls.prompt and show.store.current is before
    show.engine.comes()
    assert show.store.current.controls == given.controls


def test_loras_and_what_the_settings_name_for_one_model_rest_until_it_is_back(
    tmp_path: Path, other: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))
    show = Show(tmp_path, other, **{"engine.vae": "own"})
    monkeypatch.setattr("streamv2v_cam.run.modelvalues.lora_folder", lambda settings: Folder(settings.engine.model))
    show.store.loras = Folder("embedded")  # type: ignore[assignment]
    show.store.apply({"loras": {"pastel": 0.8}})
    show.go_to("sd-turbo")
    assert show.store.current.controls.loras == () and show.engine.config.vae is None
    told = show.models.status()["told"]
    assert "pastel" in told and "VAE" in told
    (lora,) = show.store.notes.told("oil <lora:pastel>")["loras"]
    assert "in the folder and cannot be put on. It fits the embedded model." in lora["told"]
    show.go_to("embedded")
    assert show.store.current.controls.loras == (("pastel", 0.8),) and show.engine.config.vae == "own"


class Folder:
    """LoRAs that fit the embedded model alone."""

    rests = ""

    def __init__(self, model: str) -> None:
        self.fits = model == "embedded"

    def files(self) -> list[LoraFile]:
        return [LoraFile("pastel", "Pastel", why="" if self.fits else "It fits the embedded model.")]

    def check(self, controls: Any) -> None:
        if controls.loras and not self.fits:
            raise ControlError("loras", controls.loras[0][0], "a LoRA that fits")


def test_an_engine_elsewhere_refuses_in_one_line(show: Show):
    models = EngineModels(
        show.settings, None, store=show.store, shelf=show.shelf, sizes=show.sizes, offers=lambda: show.offers
    )
    assert models.choices() == [] and "another machine" in models.status()["rests"]
    with pytest.raises(ModelRefused, match="another machine"):
        models.choose("embedded")


def test_a_picture_that_is_gone_by_then_takes_no_words_with_it(show: Show):
    """Words of the other model on this one would be nearly the bare camera."""
    taken = show.store.pictures.add_frame(np.zeros((30, 40, 3), np.uint8))
    show.store.apply({**show.shelf.looks.get("oil").patch(), "reference": taken.name}, look="oil")
    show.store.apply({"prompt": "an oil painting"})
    show.go_to("sd-turbo")
    show.store.apply({"prompt": "a zebra", "reference": ""})
    show.store.pictures._held.clear()
    wish = show.models.choose("embedded") and show.engine.succession.preparing
    assert wish is not None
    given = show.engine.following.values_for(wish.config).controls
    show.engine.comes()
    for now in (given, show.store.current.controls):
        assert (now.prompt, now.reference) == ("an oil painting", "")


def test_a_file_of_looks_that_is_spoiled_meanwhile_lets_no_unknown_words_through(show: Show):
    show.go_to("sd-turbo")
    show.store.apply({"prompt": "a zebra"})
    show.settings.looks_path.write_text("[spoiled")
    show.go_to("embedded")
    first = load_looks("embedded").first()
    assert first is not None and show.store.current.look == first.name
    with suppress(ControlError):
        show.store.apply({"prompt": "a zebra"})
    assert show.store.notice.unknown == ("zebra",)


def test_whoever_follows_an_engine_ends_none(show: Show, caplog: pytest.LogCaptureFixture):
    def fails(settings: Any) -> None:
        raise ZeroDivisionError

    show.sizes.turn_to = fails  # type: ignore[method-assign]
    show.go_to("sd-turbo")
    assert show.models.on_air == show.other and "Not everything has followed" in caplog.text
