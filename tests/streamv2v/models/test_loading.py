"""Models, VAEs and LoRAs from folders and files; what a person reads when one is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import LCMScheduler, PNDMScheduler
from safetensors.torch import save_file
from tiny import save_tiny_model, scheduler_config, tiny_unet, tiny_vae

from streamv2v import Lora, ModelError, StreamConfig, load_components
from streamv2v.config import ConfigError
from streamv2v.models.checks import check_model
from streamv2v.models.few_steps import is_few_step, wanted_loras
from streamv2v.models.hub import wanted_files

SMALL: dict[str, Any] = {"width": 64, "height": 64, "dtype": "float32", "device": "cpu", "offline": True}


def lora_file(path: Path, seed: int) -> dict[str, torch.Tensor]:
    """A rank-2 LoRA for one projection of the tiny U-Net, in the common format."""
    layer = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    generator = torch.Generator().manual_seed(seed)
    weights = {
        f"{layer}.lora_A.weight": torch.randn(2, 32, generator=generator),
        f"{layer}.lora_B.weight": torch.randn(32, 2, generator=generator),
    }
    save_file(weights, path)
    return weights


def test_a_diffusers_folder_loads_with_its_own_schedule(tiny_model: Path) -> None:
    components = load_components(StreamConfig(model=str(tiny_model), **SMALL))
    assert components.prediction_type == "epsilon"
    torch.testing.assert_close(components.alphas_cumprod, LCMScheduler(**scheduler_config()).alphas_cumprod)
    torch.testing.assert_close(components.unet.conv_in.weight, tiny_unet().conv_in.weight)
    assert components.safety_checker is None


def test_v_prediction_is_read_from_the_model(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path, scheduler=LCMScheduler(**scheduler_config(prediction_type="v_prediction")))
    assert load_components(StreamConfig(model=str(folder), **SMALL)).prediction_type == "v_prediction"


def test_another_vae_takes_the_models_place(tiny_model: Path, tmp_path: Path) -> None:
    tiny_vae(seed=9, kind="kl").save_pretrained(tmp_path / "vae9")
    components = load_components(StreamConfig(model=str(tiny_model), vae=str(tmp_path / "vae9"), **SMALL))
    assert type(components.vae).__name__ == "AutoencoderKL"


def test_several_loras_are_fused_with_their_scales(tiny_model: Path, tmp_path: Path) -> None:
    plain = load_components(StreamConfig(model=str(tiny_model), **SMALL))
    first, second = lora_file(tmp_path / "one.safetensors", 1), lora_file(tmp_path / "two.safetensors", 2)
    loras = (Lora(str(tmp_path / "one.safetensors"), 0.5), Lora(str(tmp_path / "two.safetensors"), -1.0))
    fused = load_components(StreamConfig(model=str(tiny_model), loras=loras, **SMALL))

    def weight(components: Any) -> torch.Tensor:
        return components.unet.mid_block.attentions[0].transformer_blocks[0].attn1.to_q.weight

    (a1, b1), (a2, b2) = first.values(), second.values()
    torch.testing.assert_close(weight(fused), weight(plain) + 0.5 * b1 @ a1 - 1.0 * b2 @ a2, rtol=1e-4, atol=1e-4)
    assert not hasattr(fused.unet, "peft_config"), "adapters are gone, a frame pays nothing for them"
    assert fused.facts["loras"] == [f"{loras[0].source} x 0.5", f"{loras[1].source} x -1"]


@pytest.mark.parametrize(
    ("scheduler", "model", "loras", "wanted"),
    [
        (PNDMScheduler(), "some/sd15", (), False),
        (LCMScheduler(), "some/model", (), True),
        (PNDMScheduler(timestep_spacing="trailing"), "some/model", (), True),
        (PNDMScheduler(), "stabilityai/sd-turbo", (), True),
        (PNDMScheduler(), "some/sd15", (Lora("a/hyper-sd-2step"),), True),
    ],
)
def test_lcm_lora_is_added_only_where_the_model_is_not_few_step(
    scheduler: Any, model: str, loras: tuple[Lora, ...], wanted: bool
) -> None:
    unet = tiny_unet(cross_attention_dim=768).config
    config = StreamConfig(model=model, loras=loras)
    assert is_few_step(config, unet, scheduler) is wanted
    names = [lora.source for lora in wanted_loras(config, unet, scheduler)]
    assert (names[:1] == ["latent-consistency/lcm-lora-sdv1-5"]) is not wanted
    off = wanted_loras(StreamConfig(model=model, lcm="off", loras=loras), unet, scheduler)
    assert off == loras


def test_a_many_step_model_of_another_width_says_there_is_no_lcm_lora() -> None:
    with pytest.raises(ModelError, match="no LCM-LoRA for its text width 1024"):
        wanted_loras(StreamConfig(model="some/sd21"), tiny_unet(cross_attention_dim=1024).config, PNDMScheduler())


def test_a_folder_without_a_unet_says_so(tiny_model: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "broken")
    shutil.rmtree(tmp_path / "broken" / "unet")
    with pytest.raises(ModelError, match=r"no U-Net \(unet/\)"):
        load_components(StreamConfig(model=str(tmp_path / "broken"), **SMALL))


def test_a_truncated_weight_file_is_one_line(tiny_model: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "cut")
    weights = tmp_path / "cut" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(ModelError) as raised:
        load_components(StreamConfig(model=str(tmp_path / "cut"), **SMALL))
    assert "\n" not in str(raised.value) and "is cut short: it has 5000 of" in str(raised.value)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("./not/there", "looked for as a folder"),
        ("no such model", "looked for as a folder and is not there"),
        (__file__, "looked for as a folder and is a file that is no model's"),
        ("model.ckpt", "can run code"),
        ("not-there.safetensors", "is not there"),
        ("someone/not-downloaded", "already downloaded"),
    ],
)
def test_a_model_that_is_not_there_says_what_was_looked_for(model: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=words):
        load_components(StreamConfig(model=model, cache_dir=str(tmp_path), **SMALL))


@pytest.mark.parametrize(
    ("source", "words"),
    [("no/such/file.safetensors", "is not there"), ("x y", "is not there"), ("a.pt", "is not there")],
)
def test_a_lora_that_is_not_there_says_so(tiny_model: Path, source: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        load_components(StreamConfig(model=str(tiny_model), loras=(Lora(source),), **SMALL))


def test_a_lora_of_another_model_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "big.safetensors"
    layer = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    save_file({f"{layer}.lora_A.weight": torch.zeros(2, 640), f"{layer}.lora_B.weight": torch.zeros(640, 2)}, path)
    with pytest.raises(ModelError, match="could not be added"):
        load_components(StreamConfig(model=str(tiny_model), loras=(Lora(str(path)),), **SMALL))


def test_a_safety_checker_that_is_not_there_cannot_be_switched_on(tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="carries none"):
        load_components(StreamConfig(model=str(tiny_model), safety_checker=True, **SMALL))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the CUDA device the test misses")
def test_a_device_that_is_not_there_is_refused(tiny_model: Path) -> None:
    with pytest.raises(ConfigError, match="cuda was asked for"):
        load_components(StreamConfig(model=str(tiny_model), **{**SMALL, "device": "cuda"}))


def test_of_a_repository_only_one_set_of_safetensors_is_wanted() -> None:
    names = [
        "README.md",
        "model_index.json",
        "v1-5-pruned.safetensors",
        "v1-5-pruned.ckpt",
        "unet/config.json",
        "unet/diffusion_pytorch_model.bin",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.non_ema.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
    ]
    wanted = wanted_files(names, ("unet", "vae", "tokenizer"), half=True)
    assert wanted == [
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
    ]


def test_the_embedded_model_is_an_ordinary_model_of_at_most_25_mb() -> None:
    from streamv2v.config import EMBEDDED_FOLDER

    components = load_components(StreamConfig(offline=True))
    assert components.facts["parameters"] > 1_000_000
    size = sum(file.stat().st_size for file in EMBEDDED_FOLDER.rglob("*") if file.is_file())
    assert size <= 25 * 1024 * 1024


def test_a_single_file_checkpoint_gives_the_same_weights_as_its_folder(tmp_path: Path) -> None:
    from diffusers import StableDiffusionPipeline
    from single_file import save_single_file

    folder = save_tiny_model(tmp_path / "folder", vae="kl")
    pipe = StableDiffusionPipeline.from_pretrained(str(folder), safety_checker=None)
    path = save_single_file(pipe, tmp_path / "checkpoint.safetensors")
    config = StreamConfig(model=str(path), single_file_config=str(folder), lcm="off", **SMALL)
    single = load_components(config)
    for part in ("unet", "vae", "text_encoder"):
        wanted, got = getattr(pipe, part).state_dict(), getattr(single, part).state_dict()
        assert wanted.keys() == got.keys()
        for name, tensor in wanted.items():
            torch.testing.assert_close(got[name], tensor, msg=f"{part}.{name}")


def test_a_single_file_that_is_no_checkpoint_is_one_line(tiny_model: Path, tmp_path: Path) -> None:
    save_file({"nothing": torch.zeros(2)}, tmp_path / "other.safetensors")
    config = StreamConfig(model=str(tmp_path / "other.safetensors"), single_file_config=str(tiny_model), **SMALL)
    with pytest.raises(ModelError) as raised:
        load_components(config)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("model", ["embedded", "someone/any-hub-id"])
def test_a_model_that_may_be_right_passes_the_check_without_the_network(model: str) -> None:
    check_model(model)


@pytest.mark.parametrize("model", ["./not/there", "no such model", "model.ckpt", "/"])
def test_a_model_that_is_plainly_wrong_is_seen_before_it_is_loaded(model: str) -> None:
    with pytest.raises(ModelError):
        check_model(model)
