"""A hub on the loopback interface with one small repository, and a catalogue that offers it under three names."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import constants
from local_hub import LocalHub
from streamv2v_cam.catalogue import Catalogue, Entry, Licence
from streamv2v_cam.catalogue.entries import Beside
from streamv2v_cam.catalogue.room import Room
from streamv2v_cam.settings import load_settings

NAME = "someone/tiny"
FREE = Entry("tiny", "Tiny", "Tests.", "sd15", Licence("MIT", "https://example.org"), NAME)
ASKING = replace(FREE, name="asking", licence=Licence("Own terms", "https://example.org/terms", ask=True))
WITH_LORA = replace(FREE, name="with-lora", beside=(Beside(NAME, "lora.safetensors", 8),))


@pytest.fixture
def hub(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    repository = Path(shutil.copytree(tiny_model, tmp_path / "repository"))
    (repository / "LICENSE.md").write_text("Do as you like.")
    (repository / "lora.safetensors").write_bytes(b"a LoRA's")
    with LocalHub(repository, NAME) as served:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", served.address)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", served.address + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)
        yield served


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))
    folders = {"engine.models_folder": str(tmp_path / "models"), "engine.cache_dir": str(tmp_path / "hub")}
    return Catalogue(load_settings(folders), room=Room("cpu", "this machine", 2**40), table=(FREE, ASKING, WITH_LORA))
