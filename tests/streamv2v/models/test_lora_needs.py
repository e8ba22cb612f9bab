"""What LoRAs put on live take of memory: counted before a weight is loaded, from the tables of their files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from people_files import plain_lora
from safetensors.torch import save_file
from tiny import save_tiny_model

from streamv2v import Controls, StreamConfig, StreamV2V, load_components
from streamv2v.models.lora_needs import with_loras
from streamv2v.models.model_facts import ModelFacts, model_facts
from streamv2v.models.preflight import LIVE_LORAS, needs_of

QUERY = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
KEY = QUERY.replace("to_q", "to_k")
CONV = "lora_unet_down_blocks_0_resnets_0_conv1"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def config(model: Path, tmp_path: Path) -> StreamConfig:
    folder = tmp_path / "loras"
    folder.mkdir()
    plain_lora(folder / "query.safetensors", QUERY)
    plain_lora(folder / "again.safetensors", QUERY)
    plain_lora(folder / "key.safetensors", KEY)
    conv = {f"{CONV}.lora_down.weight": torch.ones(4, 16, 3, 3), f"{CONV}.lora_up.weight": torch.ones(16, 4, 1, 1)}
    save_file(conv, str(folder / "conv.safetensors"))
    return StreamConfig(
        model=str(model), loras_folder=str(folder), width=64, height=64, dtype="float32", device="cpu", slots=1
    )


def facts_of(config: StreamConfig) -> ModelFacts:
    return with_loras(model_facts(config), config)


def test_the_layers_that_are_kept_are_counted_once_each_and_exactly(config: StreamConfig) -> None:
    with StreamV2V(config, load_components(config)) as engine:
        loras = (("query", 1.0), ("key", 0.5), ("conv", 0.5), ("again", 0.1))
        engine(np.zeros((64, 64, 3), np.uint8), Controls(loras=loras))
        kept = sum(base.numel() for _, base in engine.live.loras._base.values())
        own = sum(tensor.numel() for path in Path(str(config.loras_folder)).iterdir() for tensor in _tensors(path))
    facts = facts_of(config)
    assert (facts.changed_by_loras, facts.loras) == (kept, own) and kept == 2 * 16 * 16 + 16 * 16 * 9


def _tensors(path: Path) -> list[torch.Tensor]:
    from safetensors.torch import load_file

    return list(load_file(str(path)).values())


def test_they_are_a_line_of_the_table_twice_on_a_processor_and_once_on_a_card(config: StreamConfig) -> None:
    facts = facts_of(config)
    here, card = (needs_of(config, facts, dtype="float32", device=device) for device in ("cpu", "cuda"))
    assert here.parts[LIVE_LORAS] == 2 * 4 * facts.changed_by_loras + 4 * facts.loras
    assert card.parts[LIVE_LORAS] == 4 * facts.changed_by_loras + 4 * facts.loras
    without = needs_of(config, replace(facts, changed_by_loras=0, loras=0), dtype="float32", device="cpu")
    assert here.total_bytes - without.total_bytes == here.parts[LIVE_LORAS]


def test_what_fits_nothing_is_not_counted_and_no_more_than_the_model_is(config: StreamConfig, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    plain_lora(folder / "wide.safetensors", QUERY.replace("attn1_to_q", "attn2_to_k"), width=2048)
    (folder / "page.safetensors").write_bytes(b"<html>")
    other = replace(config, loras_folder=str(folder))
    assert facts_of(other).changed_by_loras == 0
    for gone in (replace(config, loras_folder=None), replace(config, loras_folder=str(tmp_path / "gone"))):
        assert facts_of(gone).changed_by_loras == 0
    save_file({f"{QUERY}.hada_{part}": torch.ones(16, 16) for part in ("w1_a", "w1_b", "w2_a", "w2_b")},
              str(folder / "loha.safetensors"))  # fmt: skip
    plain_lora(folder / "query.safetensors", QUERY)
    facts = facts_of(other)
    assert facts.changed_by_loras == facts.parameters["unet"] + facts.parameters["text_encoder"]
