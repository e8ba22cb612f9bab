"""Fetching a model by its name from a real hub on the loopback interface: resumed, checked, never half."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from local_hub import LocalHub
from streamv2v_cam.catalogue import Catalogue
from streamv2v_cam.catalogue.alone import alone
from streamv2v_cam.catalogue.fetching import RECORD, Paused
from streamv2v_cam.catalogue.getting import get
from streamv2v_cam.errors import ModelRefused

from streamv2v.models.checks import check_folder
from streamv2v.models.hub import cached_folder

WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
REPOSITORY = "someone/tiny"


class Told:
    """What was said of the fetching."""

    def __init__(self) -> None:
        self.said: list[tuple[str, int, int]] = []

    def __call__(self, what: str, done: int, total: int) -> None:
        self.said.append((what, done, total))


def weights_asked(hub: LocalHub) -> list[str | None]:
    return [given for path, given in hub.asked if path.endswith(WEIGHTS)]


def test_a_fetched_model_is_whole_with_its_licence_and_progress_ends_at_the_whole(
    hub: LocalHub, catalogue: Catalogue
) -> None:
    told = Told()
    get(catalogue, "tiny", tell=told)
    place = Path(catalogue.resolve("tiny"))
    check_folder(place)
    assert (place / "LICENSE.md").is_file() and not (place / "lora.safetensors").exists()
    assert not list(place.rglob("*.part")) and not (place / RECORD).exists()
    done = [done for _, done, _ in told.said]
    assert done == sorted(done) and done[-1] == told.said[-1][2] == sum(
        file.stat().st_size for file in place.rglob("*") if file.is_file()
    )
    hub.asked.clear()
    get(catalogue, "tiny", tell=told)
    assert not hub.asked, "what is here is not asked for again"


def test_a_paused_one_is_not_here_and_goes_on_with_a_range_where_it_stopped(
    hub: LocalHub, catalogue: Catalogue
) -> None:
    size = (hub.folder / WEIGHTS).stat().st_size
    half = catalogue.folder / "tiny.part" / f"{WEIGHTS}.part"
    with pytest.raises(Paused):
        get(catalogue, "tiny", tell=Told(), stopping=lambda: half.exists() and half.stat().st_size > 20_000)
    kept = half.stat().st_size
    assert 20_000 < kept < size and not catalogue.here("tiny")
    hub.asked.clear()
    get(catalogue, "tiny", tell=Told())
    assert weights_asked(hub) == [f"bytes={kept}-"]
    assert (Path(catalogue.resolve("tiny")) / WEIGHTS).read_bytes() == (hub.folder / WEIGHTS).read_bytes()


def test_a_file_with_another_sum_is_thrown_away_and_the_model_is_not_here(hub: LocalHub, catalogue: Catalogue) -> None:
    for spoilt in ("unet/config.json", WEIGHTS):
        hub.spoilt = spoilt
        with pytest.raises(ModelRefused, match="did not arrive as the hub has it"):
            get(catalogue, "tiny", tell=Told())
        assert not catalogue.here("tiny") and not (catalogue.folder / "tiny.part" / f"{spoilt}.part").exists()
    hub.spoilt = ""
    get(catalogue, "tiny", tell=Told())
    assert catalogue.here("tiny")


def test_what_was_begun_of_another_state_of_the_repository_is_not_gone_on_from(
    hub: LocalHub, catalogue: Catalogue
) -> None:
    half = catalogue.folder / "tiny.part" / f"{WEIGHTS}.part"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"x" * 5000)
    (catalogue.folder / "tiny.part" / RECORD).write_text(json.dumps({WEIGHTS: "another sum"}))
    get(catalogue, "tiny", tell=Told())
    assert weights_asked(hub) == [None] and catalogue.here("tiny")


def test_a_licence_that_has_to_be_accepted_is_asked_for_before_anything_is_fetched(
    hub: LocalHub, catalogue: Catalogue
) -> None:
    with pytest.raises(ModelRefused, match=r"Own terms.*example.org/terms.*--accept-licence"):
        get(catalogue, "asking", tell=Told())
    assert not hub.asked
    catalogue.accept("asking")
    get(catalogue, "asking", tell=Told())
    assert catalogue.here("asking")


def test_what_a_model_is_drawn_with_is_fetched_and_checked_beside_it(hub: LocalHub, catalogue: Catalogue) -> None:
    hub.spoilt = "lora.safetensors"
    with pytest.raises(ModelRefused, match="did not arrive"):
        get(catalogue, "with-lora", tell=Told())
    assert not catalogue.here("with-lora")
    hub.spoilt = ""
    hub.asked.clear()
    get(catalogue, "with-lora", tell=Told())
    assert not weights_asked(hub), "what came and was checked is not fetched twice"
    folder = cached_folder(REPOSITORY, catalogue.cache_dir, "lora.safetensors")
    assert catalogue.here("with-lora") and folder and (folder / "lora.safetensors").read_bytes() == b"a LoRA's"


def test_a_full_disk_is_said_before_anything_is_fetched(
    hub: LocalHub, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage: Any = shutil.disk_usage(catalogue.own._path.parent)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    with pytest.raises(ModelRefused, match="Make room, or name another folder"):
        get(catalogue, "tiny", tell=Told())
    assert not weights_asked(hub)


def test_one_model_is_fetched_by_one_at_a_time_and_not_removed_meanwhile(hub: LocalHub, catalogue: Catalogue) -> None:
    (catalogue.folder / "tiny.part").mkdir(parents=True)
    with alone(catalogue.folder, "tiny"):
        for act in (lambda: get(catalogue, "tiny", tell=Told()), lambda: catalogue.remove("tiny")):
            with pytest.raises(ModelRefused, match="being fetched already"):
                act()
    assert "removed" in catalogue.remove("tiny")


def test_a_hub_without_it_or_out_of_reach_is_said_in_one_line(hub: LocalHub, catalogue: Catalogue) -> None:
    hub.name = "someone/else"
    with pytest.raises(ModelRefused, match="has no model") as refused:
        get(catalogue, "tiny", tell=Told())
    assert "\n" not in str(refused.value)
    with pytest.raises(ModelRefused, match="offline is on"):
        catalogue.offline = True
        get(catalogue, "tiny", tell=Told())


def test_what_is_left_of_another_one_is_told_before_anything_is_fetched(hub: LocalHub, catalogue: Catalogue) -> None:
    left = catalogue.folder / "tiny" / "unet" / "mine.txt"
    left.parent.mkdir(parents=True)
    left.write_text("mine")
    with pytest.raises(ModelRefused, match=r"is no whole model.*models remove tiny"):
        get(catalogue, "tiny", tell=Told())
    assert not hub.asked and left.read_text() == "mine"
