"""LoHa, LoKr, IA3 and DoRA: fused as their formulas say, in every layer they are for, or refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from people_files import LAYER, SMALL, refusal_of
from safetensors.torch import save_file

from streamv2v import Lora, ModelError, StreamConfig, load_components
from streamv2v.models.checks import check_config
from streamv2v.models.lora_files import check_lora_file
from streamv2v.models.lycoris import fuse_lycoris

CONV = "lora_unet_down_blocks_0_resnets_0_conv1"
Weights = dict[str, torch.Tensor]
CHANCE = torch.Generator().manual_seed(4)


def some(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=CHANCE)


class Networks:
    """One linear layer and one convolution under the names of a U-Net's, one linear one of a text encoder's."""

    def __init__(self) -> None:
        torch.manual_seed(2)
        self.linear, self.conv, self.text = torch.nn.Linear(12, 8), torch.nn.Conv2d(6, 8, 3), torch.nn.Linear(4, 4)
        self.unet, self.text_encoder = torch.nn.Module(), torch.nn.Module()
        self.unet.config = SimpleNamespace(layers_per_block=2)  # type: ignore[assignment]
        self.unet.add_module("linear", self.linear)
        self.unet.add_module("conv", self.conv)
        self.text_encoder.add_module("q_proj", self.text)

    def change(self, path: Path, weights: Weights, scale: float, layer: str = "linear") -> torch.Tensor:
        """What a file adds to a layer's weight."""
        save_file({name: weight.contiguous() for name, weight in weights.items()}, path)
        wanted = check_lora_file(path)
        own = getattr(self, layer).weight
        before = own.detach().clone()
        networks = {"U-Net": self.unet, "text encoder": self.text_encoder}
        assert fuse_lycoris(path, networks, scale) == (wanted, wanted)
        return own.detach() - before


@pytest.fixture
def networks() -> Networks:
    return Networks()


def loha(start: str, out: int, columns: int, **more: torch.Tensor) -> Weights:
    shapes = {"w1_a": (out, 3), "w1_b": (3, columns), "w2_a": (out, 3), "w2_b": (3, columns)}
    made = {f"{start}.hada_{part}": some(*shape) for part, shape in shapes.items()}
    return made | {f"{start}.{name}": weight for name, weight in more.items()}


def test_a_loha_is_the_product_of_two_low_ranks_element_by_element(networks: Networks, tmp_path: Path) -> None:
    w = loha("lora_unet_linear", 8, 12, alpha=torch.tensor(1.5))
    a, b, c, d = (w[f"lora_unet_linear.hada_{part}"] for part in ("w1_a", "w1_b", "w2_a", "w2_b"))
    torch.testing.assert_close(
        networks.change(tmp_path / "l.safetensors", w, 0.5), 0.5 * (1.5 / 3) * (a @ b) * (c @ d), rtol=1e-4, atol=1e-5
    )


def test_a_loha_of_a_convolution_comes_flat_or_with_a_core(networks: Networks, tmp_path: Path) -> None:
    w = loha("lora_unet_conv", 8, 6 * 9)
    a, b, c, d = (w[f"lora_unet_conv.hada_{part}"] for part in ("w1_a", "w1_b", "w2_a", "w2_b"))
    found = networks.change(tmp_path / "flat.safetensors", w, 1.0, "conv")
    torch.testing.assert_close(found, ((a @ b) * (c @ d)).reshape(8, 6, 3, 3), rtol=1e-4, atol=1e-5)
    parts = {"t1": (2, 2, 3, 3), "w1_a": (2, 8), "w1_b": (2, 6), "t2": (2, 2, 3, 3), "w2_a": (2, 8), "w2_b": (2, 6)}
    w = {f"lora_unet_conv.hada_{part}": some(*shape) for part, shape in parts.items()}

    def half(n: int) -> torch.Tensor:
        core, first, second = (w[f"lora_unet_conv.hada_{part}"] for part in (f"t{n}", f"w{n}_a", f"w{n}_b"))
        return torch.einsum("ijkl,ip,jr->prkl", core, first, second)

    found = networks.change(tmp_path / "core.safetensors", w, 1.0, "conv")
    torch.testing.assert_close(found, half(1) * half(2), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("low", [(), (1,), (2,), (1, 2)])
def test_a_lokr_is_a_product_of_blocks_each_whole_or_of_low_rank(
    networks: Networks, tmp_path: Path, low: tuple[int, ...]
) -> None:
    start, sizes = "lora_unet_linear.lokr_", {1: (2, 3), 2: (4, 4)}
    w: Weights = {"lora_unet_linear.alpha": torch.tensor(1.0)}
    factors = []
    for n, (rows, columns) in sizes.items():
        if n in low:
            w |= {f"{start}w{n}_a": some(rows, 2), f"{start}w{n}_b": some(2, columns)}
            factors.append(w[f"{start}w{n}_a"] @ w[f"{start}w{n}_b"])
        else:
            w |= {f"{start}w{n}": some(rows, columns)}
            factors.append(w[f"{start}w{n}"])
    found = networks.change(tmp_path / "k.safetensors", w, 0.5)
    torch.testing.assert_close(found, 0.5 * (0.5 if low else 1.0) * torch.kron(*factors), rtol=1e-4, atol=1e-5)


def test_a_lokr_of_a_convolution_has_the_kernel_in_its_second_factor(networks: Networks, tmp_path: Path) -> None:
    w = {"lora_unet_conv.lokr_w1": some(2, 2), "lora_unet_conv.lokr_w2": some(4, 3, 3, 3)}
    first, second = w.values()
    found = networks.change(tmp_path / "k.safetensors", w, 1.0, "conv")
    torch.testing.assert_close(found, torch.kron(first[..., None, None], second), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("on_input", [True, False])
def test_an_ia3_scales_columns_or_rows(networks: Networks, tmp_path: Path, on_input: bool) -> None:
    before = networks.linear.weight.detach().clone()
    factor = some(1, 12) if on_input else some(8)
    w = {"lora_unet_linear.weight": factor, "lora_unet_linear.on_input": torch.tensor(on_input)}
    found = networks.change(tmp_path / "i.safetensors", w, 0.5)
    torch.testing.assert_close(found, 0.5 * before * (factor if on_input else factor[:, None]), rtol=1e-4, atol=1e-5)


NAMES = {
    "kohya": ("lora_unet_linear.lora_down.weight", "lora_unet_linear.lora_up.weight", "lora_unet_linear.dora_scale"),
    "peft": ("unet.linear.lora_A.weight", "unet.linear.lora_B.weight", "unet.linear.lora_magnitude_vector.weight"),
}


@pytest.mark.parametrize("names", NAMES)
def test_a_dora_is_what_peft_makes_of_it(networks: Networks, tmp_path: Path, names: str) -> None:
    down, up, magnitude = some(2, 12), some(8, 2), some(8).abs()
    before = networks.linear.weight.detach().clone()
    holder = torch.nn.Module()
    holder.layer = torch.nn.Linear(12, 8)
    holder.layer.load_state_dict(networks.linear.state_dict())
    inject_adapter_in_model(LoraConfig(r=2, lora_alpha=2, target_modules=["layer"], use_dora=True), holder)
    layer: Any = holder.layer
    layer.lora_A["default"].weight.data, layer.lora_B["default"].weight.data = down.clone(), up.clone()
    layer.lora_magnitude_vector["default"].weight.data = magnitude.clone()
    layer.merge()
    shaped = magnitude[:, None] if names == "kohya" else magnitude
    w = dict(zip(NAMES[names], (down, up, shaped), strict=True))
    found = networks.change(tmp_path / "d.safetensors", w, 0.5)
    torch.testing.assert_close(found, 0.5 * (layer.get_base_layer().weight.detach() - before), rtol=1e-4, atol=1e-5)


def test_lengths_of_columns_are_followed_where_the_file_has_one_for_each(networks: Networks, tmp_path: Path) -> None:
    before = networks.linear.weight.detach().clone()
    w = loha("lora_unet_linear", 8, 12, dora_scale=some(1, 12).abs())
    a, b, c, d = (w[f"lora_unet_linear.hada_{part}"] for part in ("w1_a", "w1_b", "w2_a", "w2_b"))
    whole = before + (a @ b) * (c @ d)
    wanted = whole / whole.norm(dim=0, keepdim=True) * w["lora_unet_linear.dora_scale"]
    found = networks.change(tmp_path / "d.safetensors", w, 1.0)
    torch.testing.assert_close(before + found, wanted, rtol=1e-4, atol=1e-5)


def test_kinds_may_be_mixed_and_the_text_encoders_part_is_added(networks: Networks, tmp_path: Path) -> None:
    w = loha("lora_unet_linear", 8, 12) | {
        "lora_te_text_model_q_proj.lora_down.weight": some(2, 4),
        "lora_te_text_model_q_proj.lora_up.weight": some(4, 2),
    }
    found = networks.change(tmp_path / "m.safetensors", w, 1.0, "text")
    down, up = list(w.values())[-2:]
    torch.testing.assert_close(found, up @ down, rtol=1e-4, atol=1e-5)


def test_a_whole_model_is_changed_and_what_fits_nothing_is_counted(tiny_model: Path, tmp_path: Path) -> None:
    nowhere = LAYER.replace("down_blocks_0", "down_blocks_9")
    save_file(loha(LAYER, 16, 16) | loha(CONV, 16, 16 * 9) | loha(nowhere, 16, 16), tmp_path / "l.safetensors")
    config = StreamConfig(model=str(tiny_model), loras=(Lora(str(tmp_path / "l.safetensors")),), **SMALL)
    check_config(config)
    plain, fused = load_components(StreamConfig(model=str(tiny_model), **SMALL)), load_components(config)
    assert fused.warned == (f"Of the LoRA {config.loras[0].source} 1 of 3 layers fit nothing in this model.",)
    changed = {
        name
        for (name, before), after in zip(plain.unet.named_parameters(), fused.unet.parameters(), strict=True)
        if not torch.equal(before, after)
    }
    assert changed == {
        "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight",
        "down_blocks.0.resnets.0.conv1.weight",
    }


BROKEN: list[tuple[Callable[[], Weights], str]] = [
    (lambda: {f"{LAYER}.hada_w1_a": some(16, 3), f"{LAYER}.hada_w1_b": some(3, 16)}, "make no whole"),
    (lambda: loha(LAYER, 16, 16) | {f"{LAYER}.hada_w2_b": some(4, 16)}, "make no whole"),
    (lambda: {f"{LAYER}.lokr_w1": some(2, 2), f"{LAYER}.lokr_w2_a": some(8, 2)}, "make no whole"),
    (lambda: {f"{LAYER}.lora_down.weight": some(2, 16), f"{LAYER}.dora_scale": some(16, 1)}, "make no whole"),
    (lambda: loha(LAYER, 16, 16, surprise=some(2)), "more than LoRA weights"),
    (lambda: loha(LAYER.replace("attn1_to_q", "attn2_to_k"), 16, 2048), "made for SDXL"),
    (lambda: loha(LAYER, 16, 16) | {f"{LAYER}.hada_w1_a": torch.full((16, 3), float("nan"))}, "not-a-number"),
]


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_what_makes_no_whole_is_one_line_before_anything_is_loaded(
    tiny_model: Path, tmp_path: Path, number: int
) -> None:
    weights, words = BROKEN[number]
    save_file(weights(), tmp_path / "b.safetensors")
    loras = (Lora(str(tmp_path / "b.safetensors")),)
    assert words in refusal_of(check_config, StreamConfig(model=str(tiny_model), loras=loras))


def test_shapes_of_another_model_are_one_line(tiny_model: Path, tmp_path: Path) -> None:
    save_file(loha(LAYER, 24, 24), tmp_path / "b.safetensors")
    with pytest.raises(ModelError, match="it does not fit this model"):
        load_components(StreamConfig(model=str(tiny_model), loras=(Lora(str(tmp_path / "b.safetensors")),), **SMALL))
