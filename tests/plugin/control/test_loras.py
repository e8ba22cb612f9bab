"""LoRAs over the API: listed with the words they know, put on by name alone, refused in one line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from plugin.control.conftest import make_stage
from safetensors.numpy import save_file
from streamv2v_cam.looks import Look
from streamv2v_cam.lorafolder import MISNAMED, LoraFolder, triggers_of
from streamv2v_cam.store import ControlStore

from streamv2v import Controls
from streamv2v.errors import ControlError
from streamv2v.models.checks import Reads

LAYER = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"


def lora(path: Path, *, width: int = 768, **metadata: str) -> Path:
    pair = {f"{LAYER}.lora_down.weight": (2, width), f"{LAYER}.lora_up.weight": (4, 2)}
    save_file({name: np.ones(shape, np.float32) for name, shape in pair.items()}, path, metadata or None)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "loras"
    made.mkdir()
    tags = {"10_pastel": {"pastel colours": 20, "1girl": 19, "tree": 3}}
    lora(made / "pastel.safetensors", ss_tag_frequency=json.dumps(tags), ss_output_name="Soft pastel")
    lora(made / "sdxl.safetensors", width=2048)
    (made / "page.safetensors").write_bytes(b"<html>not found</html>")
    lora(tmp_path / "outside.safetensors")
    return made


def test_the_list_tells_names_trigger_words_and_what_does_not_fit(folder: Path, tmp_path: Path) -> None:
    stage = make_stage(tmp_path)
    stage.desk.store = ControlStore(loras=LoraFolder(folder, Reads(768, False)))
    stage.server.start()
    try:
        with stage.client() as client:
            page, pastel, sdxl = client.get("/api/loras").json()["loras"]
            assert pastel == {
                "name": "pastel",
                "title": "Soft pastel",
                "triggers": ["pastel colours", "1girl"],
                "why": "",
                "scale": None,
            }
            assert "web page" in page["why"] and "SDXL" in sdxl["why"]
            assert client.patch("/api/controls", json={"loras": {"pastel": 0.8}}).status_code == 200
            assert client.get("/api/loras").json()["loras"][1]["scale"] == 0.8
            for name in (
                "sdxl",
                "page",
                "nothing",
                "../outside",
                "/etc/passwd",
                "owner/hub-id",
                str(folder / "pastel"),
            ):
                refused = client.patch("/api/controls", json={"loras": {name: 1.0}})
                assert refused.status_code == 422 and "\n" not in refused.json()["error"], name
            assert stage.desk.store.current.controls.loras == (("pastel", 0.8),)
    finally:
        stage.server.stop()


@pytest.mark.parametrize("scale", [3.0, -2.5, "much", True, None])
def test_a_scale_out_of_range_is_refused(scale: object) -> None:
    with pytest.raises(ControlError):
        Controls().patched({"loras": {"pastel": scale}})


def test_where_none_can_be_put_on_it_is_said_why(folder: Path) -> None:
    store = ControlStore(loras=LoraFolder(folder, rests="The embedded model takes none."))
    with pytest.raises(ControlError, match="embedded model takes none"):
        store.apply({"loras": {"pastel": 1.0}})
    assert store.current.controls.loras == ()


def test_a_look_has_its_loras_for_as_long_as_it_is_on(folder: Path) -> None:
    store = ControlStore(loras=LoraFolder(folder, Reads(768, False)))
    soft = Look("soft", "Soft", {"prompt": "soft colours", "loras": {"pastel": 0.6}})
    store.apply(soft.patch(), look="soft")
    assert store.current.controls.loras == (("pastel", 0.6),)
    store.apply(Look("oil", "Oil", {"prompt": "oil"}).patch(), look="oil")
    assert store.current.controls.loras == ()


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"modelspec.trigger_phrase": "ohwx man, blue hair"}, ("ohwx man", "blue hair")),
        ({"ss_tag_frequency": '{"a": {"red": 9}, "b": {"red": 1, "hat": 10}}'}, ("red", "hat")),
        ({"ss_tag_frequency": "[1, 2"}, ()),
        ({"ss_tag_frequency": '{"a": 7}'}, ()),
        ({"ss_tag_frequency": '{"a": {"red": 1e999, "hat": 3}}'}, ("red",)),
        ({"ss_tag_frequency": '{"a": {"red": 1' + "0" * 400 + "}}"}, ("red",)),
        ({"ss_tag_frequency": '{"a": {"red": -1' + "0" * 400 + "}}"}, ("red",)),
        ({"ss_tag_frequency": '{"a": {"red": NaN}}'}, ()),
        ({"modelspec.trigger_phrase": "\x1b[31m" + "x" * 500}, ("[31m" + "x" * 56,)),
        ({}, ()),
    ],
)
def test_trigger_words_are_read_from_what_trainers_write(metadata: dict[str, str], words: tuple[str, ...]) -> None:
    assert triggers_of(metadata) == words


def test_a_list_reads_the_tables_alone_and_what_is_put_on_is_read_whole(folder: Path) -> None:
    path = lora(folder / "hollow.safetensors")
    raw = bytearray(path.read_bytes())
    raw[-4:] = np.float32(np.nan).tobytes()
    path.write_bytes(raw)
    found = LoraFolder(folder, Reads(768, False))
    assert {file.name: bool(file.why) for file in found.files()}["hollow"] is False
    with pytest.raises(ControlError, match="not-a-number"):
        found.check(Controls(loras=(("hollow", 1.0),)))
    assert "not-a-number" in {file.name: file.why for file in found.files(numbers=True)}["hollow"]


def test_names_that_cannot_be_chosen_say_so_and_hidden_files_are_none(folder: Path) -> None:
    for name in (b"caf\xe9.safetensors", b"a:b.safetensors", b"._pastel.safetensors"):
        lora(folder / "made.safetensors").rename(os.path.join(folder, os.fsdecode(name)))
    found = {file.name: file.why for file in LoraFolder(folder).files()}
    assert found["caf?"] == found["a:b"] == MISNAMED and not any(name.startswith(".") for name in found)
    json.dumps(list(found), ensure_ascii=False).encode()


def test_a_name_longer_than_a_disk_takes_is_refused_as_any_other(folder: Path) -> None:
    store = ControlStore(loras=LoraFolder(folder))
    for name in ("\u9577" * 90, "a" * 101):
        with pytest.raises(ControlError, match="names of LoRAs"):
            store.apply({"loras": {name: 1.0}})


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    gone = LoraFolder(tmp_path / "nowhere")
    assert gone.gone and "not there" in gone.rests and gone.files() == []
    with pytest.raises(ControlError, match="not there"):
        gone.check(Controls(loras=(("pastel", 1.0),)))
