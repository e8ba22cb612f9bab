"""Models that people bring: what each is told from its table, and in which words it is refused."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderTiny, FlowMatchEulerDiscreteScheduler
from people_files import LAYER, SMALL, UNET_WEIGHTS, named, refusal_of
from safetensors.torch import load_file, save_file
from streamv2v_cam.engine.asked import check_asked
from tiny import save_tiny_model, tiny_unet

from streamv2v import StreamConfig, StreamV2V, load_components
from streamv2v.config import Lora
from streamv2v.errors import ModelError, StreamV2VError
from streamv2v.models.checks import check_config, check_model, check_vae
from streamv2v.models.parts import load_part
from streamv2v.models.weight_files import read_table


@pytest.fixture
def copied(tiny_model: Path, tmp_path: Path) -> Path:
    """A tiny model of one's own to break."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>Please log in</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
        (b"PK\x03\x04 a pickle in a zip file", "a pickle under another name"),
        (b"../../../blobs/0123", "text of a link (../../../blobs/0123)"),
        (b"\x00" * 400, "is none"),
        (struct.pack("<Q", 40) + b'{"a":{"dtype":"F32","shape":[2],"data_of', "damaged"),
        (struct.pack("<Q", 4000) + b'{"a":', "cut short: it has 13 of 4008 bytes"),
        (struct.pack("<Q", 2) + b"{}", "holds no tensors"),
    ],
)
def test_a_file_that_is_no_weights_says_what_it_is(tmp_path: Path, raw: bytes, words: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(raw)
    assert words in refusal_of(read_table, path)


def test_a_table_that_lies_about_its_tensors_is_damaged(tmp_path: Path) -> None:
    for line in (
        {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]},
        {"dtype": "F33", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]},
        {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]},
    ):
        table = json.dumps({"a": line}).encode()
        (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(table)) + table + bytes(16))
        assert "damaged" in refusal_of(read_table, tmp_path / "a.safetensors")


def test_a_dangling_link_is_named_with_what_to_do(copied: Path) -> None:
    (copied / UNET_WEIGHTS).unlink()
    (copied / UNET_WEIGHTS).symlink_to("../../blobs/gone")
    words = refusal_of(check_model, str(copied))
    assert "is a link to ../../blobs/gone, which is not there" in words and "run once with the network" in words


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("double_blocks.0.img_attn.qkv.weight", "img_in.weight"), "FLUX"),
        (("model.diffusion_model.joint_blocks.0.x.weight",), "Stable Diffusion 3"),
        (("model.diffusion_model.x", "first_stage_model.x", "conditioner.embedders.0.model.x"), "SDXL's refiner"),
        (("control_model.input_hint_block.0.weight",), "ControlNet"),
        (("encoder.conv_in.weight", "decoder.conv_in.weight"), "VAE alone and no model: name it with --vae"),
        ((f"{LAYER}.lora_down.weight",), "a LoRA and no model: name it with --lora"),
        (("emb_params",), "textual inversion embedding"),
        (("model.diffusion_model.a", "scaled_fp8"), "scaled to fp8"),
        (("model.diffusion_model.a", "first_stage_model.a"), "carries no text encoder"),
        (("nothing.known",), "holds no U-Net"),
    ],
)
def test_one_file_of_another_kind_is_named(tmp_path: Path, names: tuple[str, ...], words: str) -> None:
    path = named(tmp_path / "some.safetensors", *names)
    assert words in refusal_of(check_model, str(path))


@pytest.mark.parametrize(("channels", "kind"), [(5, "depth"), (8, "picture-editing"), (9, "inpainting")])
def test_a_unet_with_more_inputs_is_refused_as_what_it_is(tmp_path: Path, channels: int, kind: str) -> None:
    folder = save_tiny_model(tmp_path, unet=tiny_unet(in_channels=channels))
    words = refusal_of(check_model, str(folder))
    assert kind in words and f"{channels} channels" in words
    names = ("first_stage_model.x", "cond_stage_model.x")
    path = tmp_path / "one.safetensors"
    named(path, *names, **{"model.diffusion_model.input_blocks.0.0.weight": (8, channels, 3, 3)})
    assert kind in refusal_of(check_model, str(path))


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ({"_class_name": "StableDiffusion3Pipeline", "transformer": ["diffusers", "X"]}, "Stable Diffusion 3 family"),
        ({"_class_name": "FluxPipeline", "transformer": ["diffusers", "X"]}, "FLUX family"),
        ({"_class_name": "StableDiffusionXLPipeline", "text_encoder_2": ["x", "X"]}, "SDXL's refiner"),
        ({"_class_name": "StableDiffusionXLAdapterPipeline", "text_encoder_2": ["x", "X"]}, "SDXL family"),
        ({"_class_name": "NewPipeline", "transformer": ["diffusers", "X"]}, "a NewPipeline"),
    ],
)
def test_a_folder_of_another_family_is_named(tmp_path: Path, index: dict[str, Any], words: str) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    assert words in refusal_of(check_model, str(tmp_path))


def changed(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_parts_that_do_not_fit_together_say_both_numbers(copied: Path) -> None:
    changed(copied / "text_encoder" / "config.json", hidden_size=24)
    assert "reads text of width 16 and its text encoder writes 24" in refusal_of(check_model, str(copied))


def test_a_vae_of_other_channels_says_both_numbers(tiny_model: Path, copied: Path) -> None:
    changed(copied / "vae" / "config.json", latent_channels=16)
    assert "16 latent channels and the U-Net takes 4" in refusal_of(check_model, str(copied))
    assert "16 latent channels and the U-Net takes 4" in refusal_of(check_vae, str(copied / "vae"))
    check_config(StreamConfig(model=str(copied), vae=str(tiny_model / "vae"), **SMALL))


def test_a_vae_is_held_against_the_channels_of_the_model_it_goes_with(tmp_path: Path) -> None:
    for channels in (4, 16):
        folder = tmp_path / str(channels)
        vae = AutoencoderTiny(
            latent_channels=channels,
            encoder_block_out_channels=(8, 8, 8, 8),
            decoder_block_out_channels=(8, 8, 8, 8),
            num_encoder_blocks=(1, 1, 1, 1),
            num_decoder_blocks=(1, 1, 1, 1),
        )
        vae.save_pretrained(folder)
    check_config(StreamConfig(model="embedded", vae=str(tmp_path / "16")))
    with pytest.raises(ModelError, match="4 latent channels and the U-Net takes 16"):
        check_config(StreamConfig(model="embedded", vae=str(tmp_path / "4")))


def test_a_part_with_pickles_alone_or_an_empty_tokenizer_is_refused(copied: Path) -> None:
    (copied / "text_encoder" / "model.safetensors").rename(copied / "text_encoder" / "pytorch_model.bin")
    assert "only pytorch_model.bin" in refusal_of(check_model, str(copied))
    (copied / "text_encoder" / "pytorch_model.bin").rename(copied / "text_encoder" / "model.safetensors")
    for file in (copied / "tokenizer").iterdir():
        file.unlink()
    assert "tokenizer" in refusal_of(check_model, str(copied))


@pytest.mark.parametrize("part", ["unet/diffusion_pytorch_model", "text_encoder/model", "vae/diffusion_pytorch_model"])
def test_no_weight_is_left_to_chance(copied: Path, part: str) -> None:
    path = copied / f"{part}.safetensors"
    weights = load_file(str(path))
    gone = sorted(weights)[-1]
    save_file({name: weight for name, weight in weights.items() if name != gone}, path, metadata={"format": "pt"})
    words = refusal_of(load_components, StreamConfig(model=str(copied), **SMALL))
    assert "1 of its weights are missing" in words


def test_not_a_number_in_a_model_names_its_part(copied: Path) -> None:
    weights = load_file(str(copied / UNET_WEIGHTS))
    weights["conv_in.weight"][0, 0, 0, 0] = float("nan")
    save_file(weights, copied / UNET_WEIGHTS, metadata={"format": "pt"})
    words = refusal_of(load_components, StreamConfig(model=str(copied), **SMALL))
    assert "The U-Net of" in words and "conv_in.weight" in words


def test_a_model_that_answers_with_not_a_number_draws_nothing_black(tiny_model: Path) -> None:
    components = load_components(StreamConfig(model=str(tiny_model), **SMALL))
    engine = StreamV2V(StreamConfig(model=str(tiny_model), **SMALL), components)
    with torch.no_grad():
        components.unet.conv_out.bias.fill_(float("nan"))
    with pytest.raises(StreamV2VError, match="not-a-numbers"):
        engine.warm_up()


def test_a_scheduler_without_a_noise_schedule_is_refused(copied: Path) -> None:
    FlowMatchEulerDiscreteScheduler().save_pretrained(copied / "scheduler")
    words = refusal_of(load_components, StreamConfig(model=str(copied), **SMALL))
    assert "no noise schedule of Stable Diffusion" in words


def test_each_part_has_its_own_fp16_rule(tmp_path: Path) -> None:
    unet = tiny_unet()
    unet.save_pretrained(tmp_path / "unet")
    with torch.no_grad():
        unet.conv_in.bias.fill_(7.0)
    unet.half().save_pretrained(tmp_path / "unet", variant="fp16")
    halved = load_part(type(unet), tmp_path / "unet", torch.float16)
    assert halved.conv_in.bias[0] == 7.0
    assert load_part(type(unet), tmp_path / "unet", torch.float32).conv_in.bias[0] != 7.0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_weights_of_any_number_format_are_loaded_as_the_engine_wants_them(copied: Path, dtype: torch.dtype) -> None:
    weights = load_file(str(copied / UNET_WEIGHTS))
    save_file({n: w.to(dtype) for n, w in weights.items()}, copied / UNET_WEIGHTS, metadata={"format": "pt"})
    loaded = load_components(StreamConfig(model=str(copied), **SMALL)).unet.conv_in.weight
    assert loaded.dtype == torch.float32
    torch.testing.assert_close(loaded, weights["conv_in.weight"].to(dtype).float())


def test_a_whole_model_named_as_vae_is_refused_with_the_vae_in_it(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(ModelError, match=r"is a whole model\. Name the VAE in it: .*vae"):
        check_vae(str(tmp_path))


@pytest.mark.parametrize("text", ['{"hidden_size": "many"}', '{"hidden_size": [1]}', "[" * 100_000, "{}"])
def test_a_configuration_of_anything_is_one_line(copied: Path, text: str) -> None:
    changed(copied / "unet" / "config.json", addition_embed_type="text_time")
    for part in ("text_encoder_2", "tokenizer_2"):
        (copied / part).mkdir()
        (copied / part / "config.json").write_text(text)
    assert "\n" not in refusal_of(check_model, str(copied))


@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + ".safetensors", "a/" * 3000])
def test_a_name_that_no_disk_takes_is_one_line(name: str) -> None:
    for check in (check_model, lambda model: check_asked(StreamConfig(model=model))):
        assert "\n" not in refusal_of(check, name)
    for asked in ({"loras": (Lora(name),)}, {"vae": name}, {"embeddings": name}):
        assert "\n" not in refusal_of(check_asked, StreamConfig(**asked))
