"""Models of the SDXL family as people bring them: a folder, one file, VAEs, LoRAs, embeddings; and their refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import EulerDiscreteScheduler, UNet2DConditionModel
from people_files import SMALL, named, refusal_of
from safetensors.torch import load_file, save_file
from single_file import save_single_file
from tiny import save_tiny_model, tiny_vae
from tiny_sdxl import save_sdxl, sdxl_pipe, sdxl_unet

from streamv2v import StreamConfig, StreamV2V, load_components
from streamv2v.errors import ModelError
from streamv2v.models.checks import check_config, check_model
from streamv2v.models.model_facts import SD_VAE, ModelFacts, model_facts
from streamv2v.models.preflight import attention_layers, bank_bytes, needs_of
from streamv2v.models.sdxl import TINY_VAE
from streamv2v.models.sdxl import UNET as SDXL_UNET
from streamv2v.models.vaes import load_vae

NETWORKS = ("unet", "vae", "text_encoder", "text_encoder_2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of the family as a diffusers folder, with a KL VAE."""
    return save_sdxl(tmp_path_factory.mktemp("sdxl"), vae="kl")


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    """One of one's own to break."""
    return Path(shutil.copytree(folder, tmp_path / "model"))


def asked(model: Path, **settings: Any) -> StreamConfig:
    return StreamConfig(**{"model": str(model), "vae": "own", **SMALL, **settings})


def changed(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_folder_is_loaded_with_both_text_encoders_and_counted_exactly(folder: Path) -> None:
    config = asked(folder)
    check_config(config)
    loaded, facts = load_components(config), model_facts(config)
    assert type(loaded.text_encoder_2).__name__ == "CLIPTextModelWithProjection" and loaded.zero_when_empty
    assert sum(facts.parameters.values()) == loaded.facts["parameters"] and not loaded.warned
    assert needs_of(config, facts, dtype="float32", device="cpu").parts["second text encoder weights"] > 0
    with StreamV2V(config, loaded) as engine:
        engine.warm_up()
        assert engine.bank is not None
        assert bank_bytes(config, facts.unet, dtype="float32") == engine.bank.nbytes


def test_one_file_gives_the_same_weights_as_its_folder(folder: Path, tmp_path: Path) -> None:
    pipe = sdxl_pipe(tmp_path, vae="kl")
    path = save_single_file(pipe, tmp_path / "xl.safetensors")
    config = asked(path, single_file_config=str(folder))
    check_config(config)
    loaded = load_components(config)
    for part in NETWORKS:
        wanted, got = getattr(pipe, part).state_dict(), getattr(loaded, part).state_dict()
        assert wanted.keys() == got.keys()
        for name, tensor in wanted.items():
            torch.testing.assert_close(got[name], tensor, msg=f"{part}.{name}")
    assert sum(model_facts(config).parameters.values()) == loaded.facts["parameters"]
    words = refusal_of(check_config, asked(path, cache_dir=str(tmp_path)))
    assert "engine.single_file_config (--single-file-config)" in words


def test_one_file_that_predicts_velocities_from_pure_noise_says_so_by_its_marks(folder: Path, tmp_path: Path) -> None:
    home = shutil.copytree(folder, tmp_path / "configuration")
    EulerDiscreteScheduler(beta_schedule="scaled_linear").save_pretrained(str(home / "scheduler"))
    weights = load_file(str(save_single_file(sdxl_pipe(tmp_path, vae="kl"), tmp_path / "xl.safetensors")))
    marks = {"v_pred": torch.zeros(1), "ztsnr": torch.zeros(1)}
    save_file({**weights, **marks}, tmp_path / "v.safetensors")
    loaded = load_components(asked(tmp_path / "v.safetensors", single_file_config=str(home), lcm="off"))
    assert loaded.prediction_type == "v_prediction" and float(loaded.alphas_cumprod[-1]) < 1e-6


def test_the_refiner_and_models_that_do_not_fit_together_are_refused_in_words(copied: Path, tmp_path: Path) -> None:
    index = {"_class_name": "StableDiffusionXLImg2ImgPipeline", "text_encoder": [None, None],
             "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"]}  # fmt: skip
    (tmp_path / "refiner").mkdir()
    (tmp_path / "refiner" / "model_index.json").write_text(json.dumps(index))
    assert "SDXL's refiner" in refusal_of(check_model, str(tmp_path / "refiner"))
    one = named(
        tmp_path / "one.safetensors", "conditioner.embedders.0.model.text_projection", "model.diffusion_model.x"
    )
    assert "SDXL's refiner" in refusal_of(check_model, str(one))
    changed(copied / "unet" / "config.json", projection_class_embeddings_input_dim=5)
    assert "its U-Net reads 5 numbers, and prompt and sizes make 32" in refusal_of(check_model, str(copied))
    changed(copied / "text_encoder_2" / "config.json", hidden_size=20)
    assert "encoders write 16 and 20" in refusal_of(check_model, str(copied))
    shutil.rmtree(copied / "tokenizer_2")
    assert "it has no tokenizer_2/" in refusal_of(check_model, str(copied))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("edm_mean", "model.diffusion_model.x", "conditioner.embedders.0.transformer.x"), "Playground 2.5"),
        (("model.diffusion_model.label_emb.0.0.weight", "cond_stage_model.x"), "wants more than a prompt"),
    ],
)
def test_kin_of_another_noise_schedule_is_named(tmp_path: Path, names: tuple[str, ...], words: str) -> None:
    assert words in refusal_of(check_model, str(named(tmp_path / "some.safetensors", *names)))


def test_without_the_small_vae_the_models_own_is_used_and_said(folder: Path, tmp_path: Path) -> None:
    loaded = load_components(asked(folder, vae=None, cache_dir=str(tmp_path)))
    (line,) = loaded.warned
    assert TINY_VAE in line and "the model's own is used" in line and type(loaded.vae).__name__ == "AutoencoderKL"
    tiny = save_sdxl(tmp_path / "tiny")
    assert not load_components(asked(tiny, vae=None, cache_dir=str(tmp_path))).warned


def test_where_the_small_vae_is_on_this_machine_it_is_the_usual_one(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / f"models--{TINY_VAE.replace('/', '--')}"
    tiny_vae().save_pretrained(place / "snapshots" / ("0" * 40))
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("0" * 40)
    for vae, kind in ((None, "AutoencoderTiny"), ("own", "AutoencoderKL")):
        config = asked(folder, vae=vae, cache_dir=str(tmp_path))
        loaded = load_components(config)
        assert type(loaded.vae).__name__ == model_facts(config).vae["_class_name"] == kind and not loaded.warned


def test_the_small_vae_in_one_file_is_taken_by_its_name(folder: Path, tmp_path: Path) -> None:
    tiny_vae().save_pretrained(tmp_path)
    for name in ("taesdxl_everything.safetensors", "taesd.safetensors"):
        shutil.copy(tmp_path / "diffusion_pytorch_model.safetensors", tmp_path / name)
    config = asked(folder, vae=str(tmp_path / "taesdxl_everything.safetensors"))
    check_config(config)
    assert type(load_components(config).vae).__name__ == "AutoencoderTiny"
    words = refusal_of(check_config, asked(folder, vae=str(tmp_path / "taesd.safetensors")))
    assert f"made for Stable Diffusion 1.x and 2.x, and the model is not. Choose {TINY_VAE}" in words
    other = save_tiny_model(tmp_path / "other")
    words = refusal_of(check_config, asked(other, vae=str(tmp_path / "taesdxl_everything.safetensors")))
    assert "made for SDXL" in words


def test_the_own_vae_runs_in_float32_where_the_rest_runs_in_float16_and_says_what_is_faster(folder: Path) -> None:
    config = asked(folder, dtype="float16")
    loaded, facts = load_components(config), model_facts(config)
    assert (loaded.vae.dtype, loaded.unet.dtype) == (torch.float32, torch.float16)
    (line,) = loaded.warned
    assert "overflows in float16" in line and "sdxl-vae-fp16-fix" in line
    parts = needs_of(config, facts, dtype="float16", device="cpu").parts
    assert parts["VAE weights"] == 4 * facts.parameters["vae"]
    assert parts["U-Net weights"] == 2 * facts.parameters["unet"]


@pytest.mark.parametrize(("name", "widens"), [("sdxl_vae", True), ("sdxl-vae-fp16-fix", False)])
def test_a_full_vae_in_one_file_has_the_familys_scaling(folder: Path, tmp_path: Path, name: str, widens: bool) -> None:
    path = tmp_path / f"{name}.safetensors"
    save_file({n: w.clone().contiguous() for n, w in tiny_vae(kind="kl").state_dict().items()}, path)
    vae = load_vae(str(path), asked(folder), torch.float32, lambda *_: None, sdxl=True)
    assert vae.config.scaling_factor == 0.13025 and vae.config.force_upcast is widens


REDUCED: dict[str, dict[str, Any]] = {
    "SSD-1B": {
        "mid_block_type": "UNetMidBlock2D",
        "transformer_layers_per_block": [1, 2, 4],
        "reverse_transformer_layers_per_block": [[4, 4, 10], [2, 1, 1], 1],
    },
    "Vega": {"mid_block_type": "UNetMidBlock2D", "transformer_layers_per_block": [1, 1, 2]},
    "no middle": {"mid_block_type": None, "layers_per_block": 1},
}


@pytest.mark.parametrize("name", REDUCED)
def test_the_layers_of_reduced_unets_are_known_before_they_are_built(name: str) -> None:
    settings = {**SDXL_UNET, **REDUCED[name]}
    with torch.device("meta"):
        unet = UNet2DConditionModel(
            **settings, cross_attention_dim=2048, addition_time_embed_dim=256, attention_head_dim=(5, 10, 20),
            projection_class_embeddings_input_dim=2816, use_linear_projection=True,
        )  # fmt: skip
    known = [layer.name for layer in attention_layers(StreamConfig(width=1024, height=1024), dict(unet.config))]
    assert known == [name for name, _ in unet.named_modules() if name.endswith(".attn1")]


def test_a_unet_without_a_middle_draws_and_remembers(tmp_path: Path) -> None:
    pipe = save_sdxl(tmp_path, unet=sdxl_unet(mid_block_type=None))
    config = asked(pipe)
    with StreamV2V(config, load_components(config)) as engine:
        engine.warm_up()
        assert engine.bank is not None and engine.bank.nbytes > 0


def test_memory_of_sdxl_is_counted_with_its_bank() -> None:
    facts = ModelFacts({"unet": 2_567_463_684}, SDXL_UNET, SD_VAE)
    config = StreamConfig(width=1024, height=1024, slots=1)
    needs = needs_of(config, facts, dtype="float16", device="cuda")
    keys_and_values = sum(2 * layer.tokens * layer.channels for layer in attention_layers(config, SDXL_UNET))
    assert keys_and_values == 2 * (10 * 4096 * 640 + 60 * 1024 * 1280)
    assert needs.parts["feature bank"] > 2 * 2 * keys_and_values


def test_an_incomplete_second_encoder_is_named(copied: Path) -> None:
    path = copied / "text_encoder_2" / "model.safetensors"
    weights = load_file(str(path))
    weights.pop("text_projection.weight")
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(ModelError, match="1 of its weights are missing"):
        load_components(asked(copied))
