"""Structure networks by name: what is found and loaded, what is refused, what memory they are counted with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import tiny_adapter, tiny_controlnet, tiny_unet

from streamv2v import BankConfig, ModelError, StreamConfig, StreamV2V, load_components
from streamv2v.config import Structure
from streamv2v.models.model_facts import model_facts
from streamv2v.models.preflight import needs_of, structure_bytes
from streamv2v.models.structure_files import check_structure, with_structure

SIDE = 64


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with folders of networks; the adapter by its name for lines."""
    folder = tmp_path_factory.mktemp("networks")
    unet = tiny_unet()
    tiny_controlnet(unet).save_pretrained(folder / "canny")
    tiny_controlnet(unet, union=True).save_pretrained(folder / "union")
    tiny_adapter(unet).save_pretrained(folder / "sketch")
    tiny_adapter(unet, colours=3).save_pretrained(folder / "tile")
    tiny_controlnet(tiny_unet(cross_attention_dim=24)).save_pretrained(folder / "other-text-canny")
    tiny_adapter(tiny_unet(block_out_channels=(16, 16, 32))).save_pretrained(folder / "other-shape-sketch")
    return folder


def config_of(model: Path | str, *sources: str, **settings: Any) -> StreamConfig:
    chosen = {"width": SIDE, "height": SIDE, "dtype": "float32", "device": "cpu", **settings}
    return StreamConfig(model=str(model), structure=tuple(map(Structure.parsed, sources)), **chosen)


def test_networks_of_every_class_are_loaded_from_their_folders_and_draw(tiny_model: Path, networks: Path) -> None:
    sources = [f"{networks / 'canny'}", f"{networks / 'sketch'}", f"{networks / 'union'}:softedge"]
    config = config_of(tiny_model, *sources)
    check_structure(config)
    components = load_components(config)
    assert [type(one.module).__name__ for one in components.structure] == [
        "ControlNetModel",
        "T2IAdapter",
        "ControlNetUnionModel",
    ]
    with StreamV2V(config, components) as engine:
        assert engine(np.zeros((SIDE, SIDE, 3), np.uint8)).shape == (SIDE, SIDE, 3)
        kinds = {"canny": "canny", "sketch": "lineart", "union": "softedge"}
        assert engine.facts()["structure"] == [f"{networks / name} ({kind})" for name, kind in kinds.items()]


def test_a_network_that_is_named_twice_is_there_once(tiny_model: Path, networks: Path) -> None:
    one, other = load_components(
        config_of(tiny_model, f"{networks / 'canny'}", f"{networks / 'canny'}:softedge")
    ).structure
    assert one.module is other.module and (one.kind, other.kind) == ("canny", "softedge")


def test_what_cannot_be_used_is_refused_in_one_line(tiny_model: Path, networks: Path, tmp_path: Path) -> None:
    (tmp_path / "canny.ckpt").write_bytes(b"x")
    cases = [
        (config_of("embedded", f"{networks / 'canny'}"), "no network is made for the embedded model"),
        (config_of(tiny_model, f"{networks / 'canny2'}"), "was looked for and is not there"),
        (config_of(tiny_model, f"{tmp_path / 'canny.ckpt'}"), "files can run code"),
        (config_of(tiny_model, f"{tiny_model / 'unet'}:canny"), "and no structure network"),
        (config_of(tiny_model, f"{networks / 'other-text-canny'}"), "text width are 24 and the U-Net's 16"),
        (config_of(tiny_model, f"{networks / 'other-shape-sketch'}"), r"\[16, 16, 32\]"),
    ]
    for config, words in cases:
        with pytest.raises(ModelError, match=words) as refused:
            check_structure(config)
        assert "\n" not in str(refused.value)


def test_a_network_is_not_shown_what_it_cannot_take(tiny_model: Path, networks: Path) -> None:
    with pytest.raises(ModelError, match="pictures of 1 colours, which picture has not"):
        load_components(config_of(tiny_model, f"{networks / 'sketch'}:picture"))


def test_one_of_the_hub_without_the_network_is_told_so(tiny_model: Path, tmp_path: Path) -> None:
    config = config_of(tiny_model, "nobody/canny", offline=True, cache_dir=str(tmp_path))
    check_structure(config)
    with pytest.raises(
        ModelError,
        match=r"nobody/canny was looked for among the files .* or give its folder",
    ):
        load_components(config)


def test_their_memory_is_counted_before_they_are_loaded(tiny_model: Path, networks: Path) -> None:
    config = config_of(tiny_model, f"{networks / 'canny'}", bank=BankConfig(kind="off"), slots=2)
    facts = with_structure(model_facts(config), config, half=False)
    components = load_components(config)
    weights = sum(p.numel() for p in components.structure[0].module.parameters())
    assert facts.parameters["structure"] == weights
    with StreamV2V(config, components) as engine:
        engine(np.zeros((SIDE, SIDE, 3), np.uint8))
        held = sum(one.nbytes for one in engine._stream.structure.state)
    assert structure_bytes(config, facts.unet, 4) == held
    needs = needs_of(config, facts, dtype="float32", device="cpu")
    assert needs.parts["structure networks' weights"] == 4 * weights
    assert needs.parts["structure networks' answers"] == held
    without = replace(config, structure=())
    assert with_structure(model_facts(without), without, half=False) == model_facts(without)
