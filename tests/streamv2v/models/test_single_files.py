"""Models and VAEs in one file: without a VAE, without a configuration, with velocities."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderTiny, LCMScheduler
from people_files import SMALL, refusal_of
from safetensors.torch import load_file, save_file
from tiny import save_tiny_model, scheduler_config, tiny_vae

from streamv2v import ModelError, StreamConfig, load_components
from streamv2v.models.checks import check_config


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny model as a folder and as one file."""
    from diffusers import StableDiffusionPipeline
    from single_file import save_single_file

    place = tmp_path_factory.mktemp("whole")
    folder = save_tiny_model(place / "folder", vae="kl", scheduler=LCMScheduler(**scheduler_config()))
    pipe = StableDiffusionPipeline.from_pretrained(str(folder), safety_checker=None)
    return folder, save_single_file(pipe, place / "whole.safetensors")


def without_vae(file: Path, to: Path) -> Path:
    save_file({n: w for n, w in load_file(str(file)).items() if not n.startswith("first_stage_model.")}, to)
    return to


def test_a_single_file_without_a_vae_takes_the_one_named(whole: tuple[Path, Path], tmp_path: Path) -> None:
    folder, file = whole
    path = without_vae(file, tmp_path / "bare.safetensors")
    bare = StreamConfig(model=str(path), single_file_config=str(folder), **SMALL)
    assert "carries no VAE; name one with --vae" in refusal_of(check_config, bare)
    named_vae = StreamConfig(model=str(path), single_file_config=str(folder), vae=str(folder / "vae"), **SMALL)
    check_config(named_vae)
    assert type(load_components(named_vae).vae).__name__ == "AutoencoderKL"


def test_a_vae_in_one_file_loads_in_both_layouts(whole: tuple[Path, Path], tmp_path: Path) -> None:
    folder, file = whole
    prefix = "first_stage_model."
    original = {n.removeprefix(prefix): w for n, w in load_file(str(file)).items() if n.startswith(prefix)}
    wanted = tiny_vae(kind="kl").state_dict()
    for name, weights in (("original", original), ("diffusers", wanted)):
        path = tmp_path / f"{name}.safetensors"
        save_file({n: w.clone().contiguous() for n, w in weights.items()}, path)
        config = StreamConfig(model=str(folder), vae=str(path), **SMALL)
        check_config(config)
        got = load_components(config).vae.state_dict()
        torch.testing.assert_close(got["decoder.conv_in.weight"], wanted["decoder.conv_in.weight"])


def test_a_tiny_vae_in_one_file_is_the_same_as_its_folder(whole: tuple[Path, Path], tmp_path: Path) -> None:
    made = AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8), decoder_block_out_channels=(8, 8, 8), latent_channels=4,
        num_encoder_blocks=(1, 3, 2), num_decoder_blocks=(2, 0, 1),
    ).eval()  # fmt: skip
    made.save_pretrained(tmp_path / "folder")
    file = (tmp_path / "folder" / "diffusion_pytorch_model.safetensors").rename(tmp_path / "taesd.safetensors")
    config = StreamConfig(model=str(whole[0]), vae=str(file), **SMALL)
    check_config(config)
    got, latent = load_components(config).vae, torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(got.decode(latent).sample, made.decode(latent).sample, rtol=1e-4, atol=1e-4)
    weights = load_file(str(file))
    del weights["decoder.layers.0.bias"]
    save_file(weights, tmp_path / "cut.safetensors")
    with pytest.raises(ModelError, match="1 of its weights are missing"):
        load_components(StreamConfig(model=str(whole[0]), vae=str(tmp_path / "cut.safetensors"), **SMALL))


def test_a_file_that_predicts_velocities_says_so_by_its_mark(whole: tuple[Path, Path], tmp_path: Path) -> None:
    folder, file = whole
    weights = load_file(str(file))
    for name, tensors, metadata in (
        ("mark", {**weights, "v_pred": torch.zeros(1)}, {}),
        ("words", weights, {"modelspec.prediction_type": "v"}),
    ):
        save_file(tensors, tmp_path / f"{name}.safetensors", metadata=metadata)
        config = StreamConfig(model=str(tmp_path / f"{name}.safetensors"), single_file_config=str(folder), **SMALL)
        assert load_components(config).prediction_type == "v_prediction"


def test_offline_a_single_file_without_configuration_names_the_option(whole: tuple[Path, Path], tmp_path: Path) -> None:
    config = StreamConfig(model=str(whole[1]), cache_dir=str(tmp_path), **SMALL)
    words = refusal_of(check_config, config)
    assert "engine.single_file_config (--single-file-config)" in words


def test_the_hub_ids_asked_for_a_single_files_configuration_are_those_of_diffusers() -> None:
    from diffusers.loaders.single_file_utils import DIFFUSERS_DEFAULT_PIPELINE_PATHS

    from streamv2v.models.checks import SINGLE_FILE_CONFIGS

    asked = {DIFFUSERS_DEFAULT_PIPELINE_PATHS[kind]["pretrained_model_name_or_path"] for kind in ("v1", "v2")}
    assert set(SINGLE_FILE_CONFIGS) == asked
