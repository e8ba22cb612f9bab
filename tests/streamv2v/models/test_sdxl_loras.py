"""LoRAs and embeddings for models of the SDXL family: for the U-Net and both text encoders, in trainers' own names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import EulerDiscreteScheduler
from people_files import SMALL, refusal_of
from safetensors.torch import save_file
from single_file import unet_name
from tiny import tiny_unet
from tiny_sdxl import FIRST, SECOND, save_sdxl, sdxl_unet

from streamv2v import BankConfig, Lora, StreamConfig, StreamV2V, load_components
from streamv2v.models.checks import Reads, check_config, check_lora
from streamv2v.models.few_steps import lcm_lora_for, named_few_step, wanted_loras
from streamv2v.models.original_names import as_diffusers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of the family as a diffusers folder."""
    return save_sdxl(tmp_path_factory.mktemp("sdxl"))


def asked(model: Path, **settings: Any) -> StreamConfig:
    return StreamConfig(**{"model": str(model), **SMALL, **settings})


def lora_for(path: Path, weights: dict[str, torch.Tensor]) -> Path:
    save_file(weights, path)
    return path


def pair(name: str, out: int, into: int, seed: int) -> dict[str, torch.Tensor]:
    """A kohya pair of rank 2."""
    draw = torch.Generator().manual_seed(seed)
    return {
        f"{name}.lora_down.weight": torch.randn(2, into, generator=draw),
        f"{name}.lora_up.weight": torch.randn(out, 2, generator=draw),
        f"{name}.alpha": torch.tensor(2.0),
    }


UNET_LAYERS = {
    f"lora_unet_{theirs}_transformer_blocks_{block}_attn1_to_q": f"{ours}.transformer_blocks.{block}.attn1.to_q"
    for theirs, ours, block in (
        ("input_blocks_3_1", "down_blocks.1.attentions.0", 1),
        ("middle_block_1", "mid_block.attentions.0", 0),
        ("output_blocks_1_1", "up_blocks.0.attentions.1", 0),
    )
}
"""Trainers of SDXL keep the original names: theirs -> diffusers'."""


@pytest.mark.parametrize("kind", ["plain", "LoHa"])
def test_a_lora_changes_the_unet_and_both_text_encoders(folder: Path, tmp_path: Path, kind: str) -> None:
    sizes, layer = dict.fromkeys(UNET_LAYERS, 32), "text_model_encoder_layers_0_self_attn"
    for start, size in (("lora_te1", FIRST), ("lora_te2", SECOND)):
        sizes |= dict.fromkeys((f"{start}_{layer}_q_proj", f"{start}_{layer}_out_proj"), size)
    weights: dict[str, torch.Tensor] = {}
    for number, (name, size) in enumerate(sizes.items()):
        if kind == "plain":
            weights |= pair(name, size, size, number)
        else:
            draw = torch.Generator().manual_seed(number)
            halves = {half: (size, 2) if half.endswith("a") else (2, size) for half in ("w1_a", "w1_b", "w2_a", "w2_b")}
            weights |= {f"{name}.hada_{half}": torch.randn(shape, generator=draw) for half, shape in halves.items()}
    path = lora_for(tmp_path / "xl.safetensors", weights)
    config = asked(folder, loras=(Lora(str(path), 0.5),))
    check_config(config)
    plain, fused = load_components(asked(folder)), load_components(config)
    assert not fused.warned
    theirs = {
        **{name: ("unet", ours) for name, ours in UNET_LAYERS.items()},
        f"lora_te1_{layer}_q_proj": ("text_encoder", "layers.0.self_attn.q_proj"),
        f"lora_te2_{layer}_q_proj": ("text_encoder_2", "layers.0.self_attn.q_proj"),
    }
    for name, (part, ours) in theirs.items():
        before, after = getattr(plain, part).state_dict(), getattr(fused, part).state_dict()
        key = next(key for key in before if key.endswith(f"{ours}.weight"))
        if kind == "plain":
            change = weights[f"{name}.lora_up.weight"] @ weights[f"{name}.lora_down.weight"]
        else:
            first, second = (weights[f"{name}.hada_w{n}_a"] @ weights[f"{name}.hada_w{n}_b"] for n in (1, 2))
            change = first * second
        torch.testing.assert_close(after[key], before[key] + 0.5 * change, rtol=1e-3, atol=1e-3)


def test_every_layer_of_the_unet_is_known_by_its_original_name() -> None:
    unet = sdxl_unet()
    attends = [kind.startswith("CrossAttn") for kind in unet.config.up_block_types]
    for name, layer in unet.named_modules():
        if isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d)):
            original = unet_name(f"{name}.weight", unet.config.layers_per_block, attends).removesuffix(".weight")
            for theirs in (f"lora_unet_{original.replace('.', '_')}", f"unet.{original}"):
                found = as_diffusers([theirs], unet.config)[theirs]
                assert found.replace(".", "_").endswith(name.replace(".", "_")), theirs


def test_a_lora_of_the_other_family_is_refused_and_one_for_a_model_not_known_is_not(tmp_path: Path) -> None:
    name = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
    small, large = (lora_for(tmp_path / f"{n}.safetensors", pair(name, 8, n, 1)) for n in (768, 2048))
    second = lora_for(tmp_path / "te2.safetensors", pair("lora_te2_text_model_encoder_layers_0_mlp_fc1", 8, 8, 1))
    sd, xl = Reads(768, False), Reads(2048, True)
    for path in (small, large, second):
        check_lora(str(path))
    check_lora(str(small), sd)
    assert "made for Stable Diffusion 1.x (text width 768, here 2048)" in refusal_of(check_lora, str(small), xl)
    for path in (large, second):
        check_lora(str(path), xl)
        assert "made for SDXL" in refusal_of(check_lora, str(path), sd)


def test_lcm_lora_is_that_of_the_models_own_family() -> None:
    scheduler = EulerDiscreteScheduler()
    for deepest, source in ((10, "lcm-lora-sdxl"), (4, "lcm-lora-ssd-1b"), (2, "Segmind-VegaRT"), (3, "")):
        unet = sdxl_unet(transformer_layers_per_block=(1, deepest)).config
        assert lcm_lora_for(unet).endswith(source) and bool(lcm_lora_for(unet)) is bool(source)
    unet = sdxl_unet(transformer_layers_per_block=(1, 10)).config
    (added,) = wanted_loras(StreamConfig(model="some/xl"), unet, scheduler)
    assert added.source == "latent-consistency/lcm-lora-sdxl"
    assert wanted_loras(StreamConfig(model="some/xl", loras=(added,), lcm="on"), unet, scheduler) == (added,)
    for name in ("sdxl_lightning_4step_lora", "Hyper-SDXL-4steps-lora", "dmd2_sdxl_4step_lora_fp16", "sdxl-turbo"):
        assert named_few_step(f"{name}.safetensors")
        lora = Lora(f"{name}.safetensors")
        assert wanted_loras(StreamConfig(model="some/xl", loras=(lora,)), unet, scheduler) == (lora,)
    assert lcm_lora_for(tiny_unet(cross_attention_dim=1024).config) == ""


def test_an_embedding_for_both_encoders_stands_where_its_name_stands_and_moves_no_vector_of_the_whole(
    folder: Path, tmp_path: Path
) -> None:
    plain = load_components(asked(folder))
    red = plain.tokenizer("red", add_special_tokens=False)["input_ids"][0]
    first, second = (
        encoder.get_input_embeddings().weight[[red]].clone() for encoder in (plain.text_encoder, plain.text_encoder_2)
    )
    save_file({"clip_l": first, "clip_g": second}, tmp_path / "ink.safetensors")
    save_file({"emb_params": first}, tmp_path / "small.safetensors")
    loaded = load_components(asked(folder, embeddings=str(tmp_path)))
    (line,) = loaded.warned
    assert "small.safetensors: it is made for one text encoder" in line
    with StreamV2V(asked(folder, bank=BankConfig(kind="off")), loaded) as engine:
        ink, same = engine.prompts.encode("a man of ink"), engine.prompts.encode("a man of red")
        torch.testing.assert_close(ink.tokens, same.tokens)
        torch.testing.assert_close(ink.pooled, same.pooled)
