"""Weight files of every kind that people bring: what each is told from its table, and in which words it is refused."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, LCMScheduler, PNDMScheduler
from safetensors.torch import load_file, save_file
from tiny import save_tiny_model, scheduler_config, tiny_unet, tiny_vae

from streamv2v import Lora, ModelError, StreamConfig, StreamV2V, load_components
from streamv2v.errors import StreamV2VError
from streamv2v.models.checks import check_config, check_lora, check_model, check_vae
from streamv2v.models.lora_files import check_lora_file
from streamv2v.models.loras import named_few_step
from streamv2v.models.parts import load_part
from streamv2v.models.weight_files import read_table

SMALL: dict[str, Any] = {"width": 64, "height": 64, "dtype": "float32", "device": "cpu", "offline": True}
LAYER = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
UNET_WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


def named(path: Path, *names: str, **shapes: tuple[int, ...]) -> Path:
    """A safetensors file with tensors of those names."""
    save_file({name: torch.ones(shapes.get(name, (2, 2))) for name in (*names, *shapes)}, path)
    return path


def plain_lora(path: Path, layer: str = LAYER, width: int = 16, **other: torch.Tensor) -> Path:
    """A kohya LoRA of rank 2 for one square layer, and other tensors beside it."""
    generator = torch.Generator().manual_seed(1)
    save_file(
        {
            f"{layer}.lora_down.weight": torch.randn(2, width, generator=generator),
            f"{layer}.lora_up.weight": torch.randn(width, 2, generator=generator),
            f"{layer}.alpha": torch.tensor(2.0),
            **other,
        },
        path,
    )
    return path


def refusal_of(work: Any, *given: Any, **named: Any) -> str:
    with pytest.raises(ModelError) as raised:
        work(*given, **named)
    assert "\n" not in str(raised.value)
    return str(raised.value)


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
        (("model.diffusion_model.x", "conditioner.embedders.1.model.x"), "SDXL"),
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
        ({"_class_name": "StableDiffusionXLPipeline", "text_encoder_2": ["x", "X"]}, "SDXL family"),
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


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"), "a LyCORIS LoHa; only plain LoRA is taken"),
        (("lokr_w1", "lokr_w2"), "a LyCORIS LoKr; only plain LoRA is taken"),
        (("lora_down.weight", "lora_up.weight", "dora_scale"), "a DoRA; only plain LoRA is taken"),
        (("weight", "on_input"), "an IA3; only plain LoRA is taken"),
        (("oft_blocks",), "an OFT; only plain LoRA is taken"),
        (("diff",), "full differences; only plain LoRA is taken"),
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
    assert "made for SDXL" in refusal_of(check_lora, str(sdxl))


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


def test_the_hub_ids_asked_for_a_single_files_configuration_are_those_of_diffusers() -> None:
    from diffusers.loaders.single_file_utils import DIFFUSERS_DEFAULT_PIPELINE_PATHS

    from streamv2v.models.checks import SINGLE_FILE_CONFIGS

    asked = {DIFFUSERS_DEFAULT_PIPELINE_PATHS[kind]["pretrained_model_name_or_path"] for kind in ("v1", "v2")}
    assert set(SINGLE_FILE_CONFIGS) == asked


def test_a_many_step_model_is_not_taken_for_a_fast_one_by_its_folders_name(tiny_model: Path) -> None:
    from streamv2v.models.loras import is_few_step

    assert not is_few_step(StreamConfig(model="hyperrealism"), tiny_unet().config, PNDMScheduler())
