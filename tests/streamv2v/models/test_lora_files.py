"""LoRAs that people bring, of every kind: fused, or named for what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import PNDMScheduler
from people_files import LAYER, SMALL, named, plain_lora, refusal_of
from safetensors.torch import load_file, save_file
from tiny import tiny_unet

from streamv2v import Lora, StreamConfig, load_components
from streamv2v.models.checks import Reads, check_config, check_lora
from streamv2v.models.few_steps import named_few_step
from streamv2v.models.hub import hub_file
from streamv2v.models.lora_files import check_lora_file


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("oft_blocks",), "an OFT; taken are LoRA, LoHa, LoKr, DoRA and IA3"),
        (("diff",), "full differences; taken are"),
        (("lora_down.weight", "lora_mid.weight", "lora_up.weight"), "Tucker decomposition"),
        (("lora_down.weight",), "has one half of its two weights"),
        (("lora_down.weight", "lora_up.weight", "surprise"), "holds more than LoRA weights"),
    ],
)
def test_a_lora_of_another_kind_is_named(tmp_path: Path, names: tuple[str, ...], words: str) -> None:
    path = named(tmp_path / "some.safetensors", *(f"{LAYER}.{name}" for name in names))
    assert words in refusal_of(check_lora, str(path))


def test_what_is_no_lora_at_all_is_named(tmp_path: Path) -> None:
    embedding = named(tmp_path / "embedding.safetensors", "emb_params")
    assert "a textual inversion embedding and no LoRA" in refusal_of(check_lora, str(embedding))
    flux = named(tmp_path / "flux.safetensors", "double_blocks.0.img_attn.qkv.weight")
    assert "FLUX" in refusal_of(check_lora, str(flux))
    sdxl = named(tmp_path / "xl.safetensors", *(f"lora_te2_x.{half}.weight" for half in ("lora_down", "lora_up")))
    assert "made for SDXL" in refusal_of(check_lora, str(sdxl), Reads(768, False))


def test_a_lora_of_another_text_width_is_refused_before_anything_is_loaded(tiny_model: Path, tmp_path: Path) -> None:
    layer = LAYER.replace("attn1_to_q", "attn2_to_k")
    path = plain_lora(tmp_path / "xl.safetensors", layer, width=2048)
    words = refusal_of(check_config, StreamConfig(model=str(tiny_model), loras=(Lora(str(path)),)))
    assert "made for SDXL (text width 2048, here 16)" in words


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_not_a_number_in_a_lora_is_refused_with_its_name(tmp_path: Path, dtype: torch.dtype) -> None:
    good = plain_lora(tmp_path / "good.safetensors")
    weights = {name: weight.to(dtype) for name, weight in load_file(str(good)).items()}
    save_file(weights, good)
    assert check_lora_file(good) == 1
    weights[f"{LAYER}.lora_up.weight"][3, 1] = float("inf")
    save_file(weights, tmp_path / "bad.safetensors")
    assert "bad.safetensors" in refusal_of(check_lora_file, tmp_path / "bad.safetensors")


def test_layers_of_a_lora_that_fit_nothing_are_counted_and_said(tiny_model: Path, tmp_path: Path) -> None:
    nowhere = LAYER.replace("down_blocks_0", "down_blocks_9")
    pair = {f"{nowhere}.lora_down.weight": torch.ones(2, 16), f"{nowhere}.lora_up.weight": torch.ones(16, 2)}
    half = plain_lora(tmp_path / "half.safetensors", **pair)
    for path, told in ((half, 1), (plain_lora(tmp_path / "whole.safetensors"), 0)):
        loaded = load_components(StreamConfig(model=str(tiny_model), loras=(Lora(str(path)),), **SMALL))
        assert len(loaded.warned) == told
        assert all("1 of 2 layers fit nothing" in line for line in loaded.warned)


def test_the_text_encoders_part_of_a_lora_is_added(tiny_model: Path, tmp_path: Path) -> None:
    start = "lora_te_text_model_encoder_layers_0_self_attn"
    other = {f"{start}_q_proj.lora_down.weight": torch.ones(2, 16), f"{start}_q_proj.lora_up.weight": torch.ones(16, 2)}
    path = plain_lora(tmp_path / "text.safetensors", f"{start}_out_proj", **other)
    plain = load_components(StreamConfig(model=str(tiny_model), **SMALL))
    fused = load_components(StreamConfig(model=str(tiny_model), loras=(Lora(str(path), 0.5),), **SMALL))
    weights, before, after = load_file(str(path)), plain.text_encoder.state_dict(), fused.text_encoder.state_dict()
    for part in ("out_proj", "q_proj"):
        name = next(name for name in before if name.endswith(f"layers.0.self_attn.{part}.weight"))
        down, up = (weights[f"{start}_{part}.lora_{half}.weight"] for half in ("down", "up"))
        torch.testing.assert_close(after[name], before[name] + 0.5 * up @ down)
    assert not fused.warned


def test_a_folder_of_loras_says_which_it_holds(tmp_path: Path) -> None:
    assert "no .safetensors file" in refusal_of(check_lora, str(tmp_path))
    plain_lora(tmp_path / "a.safetensors")
    check_lora(str(tmp_path))
    plain_lora(tmp_path / "b.safetensors")
    assert "holds 2 files (a.safetensors, b.safetensors)" in refusal_of(check_lora, str(tmp_path))


@pytest.mark.parametrize(
    ("name", "few"),
    [
        ("hyperrealism_v2.safetensors", False),
        ("dreamTurbocharged.safetensors", False),
        ("stabilityai/sd-turbo", True),
        ("dreamshaper_8LCM.safetensors", True),
        ("ByteDance/Hyper-SD", True),
        ("realisticVision_hyperVAE.safetensors", True),
        ("latent-consistency/lcm-lora-sdv1-5", True),
    ],
)
def test_a_few_step_model_says_so_in_a_word_of_its_own(name: str, few: bool) -> None:
    assert named_few_step(name) is few


def test_the_default_lora_is_found_in_the_cache_without_a_network(tmp_path: Path) -> None:
    from streamv2v.models.lora_sources import find_lora

    name = StreamConfig.lcm_lora
    place = tmp_path / f"models--{name.replace('/', '--')}"
    snapshot = place / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("0" * 40)
    words = refusal_of(find_lora, name, offline=True, cache_dir=str(tmp_path))
    assert "Run once with the network" in words
    path = plain_lora(snapshot / "pytorch_lora_weights.safetensors")
    assert find_lora(name, offline=True, cache_dir=str(tmp_path)) == path


def test_a_many_step_model_is_not_taken_for_a_fast_one_by_its_folders_name(tiny_model: Path) -> None:
    from streamv2v.models.few_steps import is_few_step

    assert not is_few_step(StreamConfig(model="hyperrealism"), tiny_unet().config, PNDMScheduler())


def test_one_of_a_repositorys_several_files_is_named_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from streamv2v.models.lora_sources import find_lora

    source = "ByteDance/SDXL-Lightning/sdxl_lightning_4step_lora.safetensors"
    check_lora(source)
    assert hub_file(source) == ("ByteDance/SDXL-Lightning", "sdxl_lightning_4step_lora.safetensors")
    assert "Run once with the network" in refusal_of(find_lora, source, offline=True, cache_dir=str(tmp_path))
    place = tmp_path / "models--ByteDance--SDXL-Lightning"
    snapshot = place / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("0" * 40)
    path = plain_lora(snapshot / "sdxl_lightning_4step_lora.safetensors")
    plain_lora(snapshot / "sdxl_lightning_2step_lora.safetensors")
    assert find_lora(source, offline=True, cache_dir=str(tmp_path)) == path
    monkeypatch.chdir(tmp_path)
    for name in ("./a/b/c.safetensors", "a/c.safetensors", "/a/b/c.safetensors", "~/a/b/c.safetensors"):
        assert hub_file(name) is None and "is not there" in refusal_of(check_lora, name)
    (tmp_path / "loras" / "mine").mkdir(parents=True)
    assert "is not there" in refusal_of(check_lora, "loras/mine/gone.safetensors")
