"""IP-Adapters by name: what is found and loaded, what is refused, what memory they are counted with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import tiny_unet
from tiny_references import SORTS, save_ip_adapter

from streamv2v import Controls, ModelError, StreamConfig, StreamV2V, load_components
from streamv2v.models.ip_adapter_files import check_ip_adapter, find_adapter, with_adapter
from streamv2v.models.model_facts import model_facts

SIDE = 64


def config_of(model: Path | str, adapter: Path | str, **settings: Any) -> StreamConfig:
    chosen = {"width": SIDE, "height": SIDE, "dtype": "float32", "device": "cpu", **settings}
    return StreamConfig(model=str(model), ip_adapter=str(adapter), **chosen)


@pytest.mark.parametrize("sort", SORTS)
def test_an_adapter_is_loaded_with_the_encoder_beside_it_and_followed(
    tiny_model: Path, tmp_path: Path, sort: str
) -> None:
    config = config_of(tiny_model, save_ip_adapter(tmp_path, tiny_unet(), sort))
    check_ip_adapter(config)
    assert find_adapter(config, half=False).sort == sort
    with StreamV2V(config, load_components(config)) as engine:
        engine.references.put("a", np.full((9, 9, 3), 200, np.uint8))
        engine(np.zeros((SIDE, SIDE, 3), np.uint8), Controls(reference="a"))
        assert engine.references.switches == ("reference",) and engine.facts()["ip_adapter"] == config.ip_adapter


def test_what_cannot_be_used_is_refused_in_one_line(tiny_model: Path, tmp_path: Path) -> None:
    path = save_ip_adapter(tmp_path / "good", tiny_unet())
    alone = tmp_path / "alone" / "deep" / path.name
    alone.parent.mkdir(parents=True)
    alone.write_bytes(path.read_bytes())
    other = save_ip_adapter(tmp_path / "other", tiny_unet(cross_attention_dim=24))
    wide = tmp_path / "good" / "wide.safetensors"
    weights = load_file(str(path))
    save_file(weights | {"image_proj.proj.weight": torch.zeros(64, 40)}, str(wide))
    face = tmp_path / "good" / "faceid.safetensors"
    rest = {name: weight for name, weight in weights.items() if not name.startswith("image_proj.proj")}
    save_file(rest | {"image_proj.proj.0.weight": torch.zeros(4, 32)}, str(face))
    cases = [
        (config_of("embedded", path), "none is made for the embedded model"),
        (config_of(tiny_model, tmp_path / "gone.safetensors"), "was looked for and is not there"),
        (config_of(tiny_model, tmp_path / "gone.bin"), "files can run code"),
        (config_of(tiny_model, alone), "Copy the folder image_encoder beside the file"),
        (config_of(tiny_model, other), "text of width 24, and the U-Net reads 16"),
        (config_of(tiny_model, wide), "reads an encoder of width 40"),
        (config_of(tiny_model, face), "face recogniser"),
        (
            config_of(tiny_model, tiny_model / "unet" / "diffusion_pytorch_model.safetensors"),
            "image_encoder|IP-Adapter",
        ),
    ]
    for config, words in cases:
        with pytest.raises(ModelError, match=words) as refused:
            check_ip_adapter(config)
        assert "\n" not in str(refused.value)


def test_its_memory_and_its_encoders_are_counted_before_they_are_loaded(tiny_model: Path, tmp_path: Path) -> None:
    config = config_of(tiny_model, save_ip_adapter(tmp_path, tiny_unet(), "plus"))
    facts = with_adapter(model_facts(config), config, half=False)
    adapter = load_components(config).adapter
    assert adapter is not None
    assert facts.parameters["image_encoder"] == sum(p.numel() for p in adapter.encoder.parameters())
    assert facts.parameters["ip_adapter"] > sum(p.numel() for p in adapter.projection.parameters())
