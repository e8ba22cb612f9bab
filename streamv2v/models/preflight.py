"""What an engine will need of memory, before anything of it is loaded.

Parameters and the bank are exact, since headers and configurations fix them. The rest is an estimate:
the largest tensors that live at one time, what the device's own libraries hold, and a margin.
Standard library only: the host process may ask, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..config import LAST_UP, StreamConfig
from .model_facts import ModelFacts
from .sdxl import is_sdxl

MIB = 2**20
DTYPE_BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}
PARTS = {
    "unet": "U-Net",
    "vae": "VAE",
    "text_encoder": "text encoder",
    "text_encoder_2": "second text encoder",
    "safety_checker": "safety checker",
    "structure": "structure networks'",
    "ip_adapter": "IP-Adapter",
    "image_encoder": "image encoder of references",
}

MARGIN = 0.15
"""Share added to the estimated part; allocators keep more than they hand out. Not measured on a GPU."""
LIBRARIES_BYTES = {"cuda": 600 * MIB, "mps": 300 * MIB, "cpu": 450 * MIB}
"""What the device's context and libraries hold. CPU: the engine process with all imported and no model, about
450 MiB measured; CUDA and MPS: not measured, common figures."""
UNET_TENSORS = 14
"""Tensors of the first level's size that live at one time: the feed-forward alone holds twelve."""
VAE_TENSORS = 4
"""Tensors of the widest full-size layer that live at one time: in, normalised, out, and the convolution's own."""
ORDERS_IN_POOL = 32
LIVE_LORAS = "LoRAs put on live"


@dataclass(frozen=True)
class Layer:
    """A self-attention layer: its name, tokens N and channels C."""

    name: str
    tokens: int
    channels: int


@dataclass(frozen=True)
class Needs:
    """Memory that a configuration takes, in bytes.

    Attributes:
        parts: what for -> bytes, in the order of a table.
        estimated: names in `parts` that are estimates; the others are exact.
        guessed: what is assumed because no file says it.
    """

    parts: dict[str, int]
    estimated: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()

    @property
    def total_bytes(self) -> int:
        return sum(self.parts.values())

    def rows(self) -> list[tuple[str, str, str]]:
        """(what, MiB, "exact" or "estimate") of each part, and the sum."""
        table = [(name, size_words(size), self._kind(name)) for name, size in self.parts.items()]
        return [*table, ("in all", size_words(self.total_bytes), "estimate")]

    def __str__(self) -> str:
        return "\n".join(f"{name:24}{size:>12}  {kind}" for name, size, kind in self.rows())

    def _kind(self, name: str) -> str:
        return "estimate" if name in self.estimated else "exact"


def size_words(size: int) -> str:
    """Bytes for people: "44 MiB", "7.4 GiB"."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / MIB:.0f} MiB" if size >= MIB else f"{size} B"


def needs_of(config: StreamConfig, facts: ModelFacts, *, dtype: str, device: str) -> Needs:
    """What `config` takes with that model.

    Args:
        dtype: number format of the networks, such as "float16".
        device: "cpu", "cuda" or "mps".
    """
    width = DTYPE_BYTES[dtype]
    widths = {"vae": _wide(width) if runs_in_float32(facts, dtype) else width}
    parts = {
        f"{PARTS.get(part, part)} weights": count * widths.get(part, width)
        for part, count in facts.parameters.items()
        if count
    }
    if facts.float32_parameters:
        parts[f"{PARTS['unet']} weights"] += facts.float32_parameters * (_wide(width) - width)
    if config.bank.kind != "off":
        parts["feature bank"] = bank_bytes(config, facts.unet, dtype=dtype, float32_layers=facts.float32_layers)
    unet, vae = unet_working_bytes(config, facts.unet, width), vae_working_bytes(config, facts.vae, widths["vae"])
    working = max(unet, vae) + min(unet, vae) // 4
    estimates = {"working tensors": working, "device and libraries": LIBRARIES_BYTES[device.split(":")[0]]}
    if config.structure:
        estimates["structure networks' answers"] = structure_bytes(config, facts.unet, width)
    estimates["margin"] = int(MARGIN * (sum(estimates.values()) + parts.get("feature bank", 0)))
    if facts.changed_by_loras:
        estimates[LIVE_LORAS] = live_loras_bytes(facts, width, device)
    return Needs({**parts, **estimates}, tuple(estimates), facts.guessed)


def live_loras_bytes(facts: ModelFacts, width: int, device: str) -> int:
    """Most bytes of `device` that LoRAs put on while it runs take: while they are swapped in.

    What the layers become is made beside them; what they were is kept in the machine's memory, which a card's is not.
    The files' own numbers are in float32.
    """
    copies = 1 if device.startswith("cuda") else 2
    return copies * facts.changed_by_loras * width + facts.loras * DTYPE_BYTES["float32"]


def runs_in_float32(facts: ModelFacts, dtype: str) -> bool:
    """Whether the VAE does although the networks run in `dtype`: SDXL's own overflows in float16."""
    return dtype == "float16" and is_sdxl(facts.unet) and bool(facts.vae.get("force_upcast", False))


def stream_rows(config: StreamConfig) -> int:
    """Rows of a U-Net call over all slots."""
    return {"full": 2 * config.slots, "initialize": config.slots + 1}.get(config.guidance, config.slots)


def attention_layers(config: StreamConfig, unet: dict[str, Any]) -> Iterator[Layer]:
    """The U-Net's self-attention layers, from its configuration."""
    down, up, channels = unet["down_block_types"], unet["up_block_types"], unet["block_out_channels"]
    levels = len(channels)
    depth = _per_level(unet.get("transformer_layers_per_block", 1), levels)
    upwards = unet.get("reverse_transformer_layers_per_block") or depth[::-1]
    count = _per_level(unet.get("layers_per_block", 2), levels)
    tokens = [h * w for h, w in _level_sizes(config, levels)]
    for level, kind in enumerate(down):
        if "CrossAttn" in kind:
            names = _names(f"down_blocks.{level}", _each(depth[level], count[level]))
            yield from (Layer(name, tokens[level], channels[level]) for name in names)
    if unet.get("mid_block_type", "UNetMidBlock2DCrossAttn") == "UNetMidBlock2DCrossAttn":
        yield from (Layer(name, tokens[-1], channels[-1]) for name in _names("mid_block", _each(depth[-1], 1)))
    for number, kind in enumerate(up):
        level = levels - 1 - number
        if "CrossAttn" in kind:
            names = _names(f"up_blocks.{number}", _each(upwards[number], count[level] + 1))
            yield from (Layer(name, tokens[level], channels[level]) for name in names)


def bank_bytes(config: StreamConfig, unet: dict[str, Any], *, dtype: str, float32_layers: tuple[str, ...] = ()) -> int:
    """Bytes of the feature bank, exactly: the current frame's part of each buffer is counted, too.

    Args:
        float32_layers: layers that keep at least float32 whatever `dtype` is.
    """
    bank, rows, width = config.bank, stream_rows(config), DTYPE_BYTES[dtype]
    layers = list(attention_layers(config, unet))
    ups = [int(layer.name.split(".")[1]) for layer in layers if layer.name.startswith("up_blocks.")]
    last_up = f"up_blocks.{max(ups)}." if ups else LAST_UP
    fused = tuple(last_up if prefix == LAST_UP else prefix for prefix in bank.fused_layers)
    queues = bank.kind == "queue"
    frames = 1 + (bank.queue_length if queues else 1)
    total = 0
    for layer in layers:
        kept = 3 if bank.fusion and layer.name.startswith(fused) else 2
        wide = layer.name.startswith(tuple(f"{name}." for name in float32_layers))
        total += kept * rows * frames * layer.tokens * layer.channels * (_wide(width) if wide else width)
        if queues:
            total += rows * layer.tokens * 8  # which tokens are the oldest
            if bank.queue_length > 1:  # which are copies of the first frame, and what they weigh
                total += rows * layer.tokens * (bank.queue_length + frames * (_wide(width) if wide else width))
        else:
            total += rows * 2 * layer.tokens * 8  # the order of the coming merge
            if bank.merge_rule == "weighted":
                total += rows * 2 * layer.tokens * 4
    if not queues and bank.merge_split != "grid":
        pools = {layer.tokens for layer in layers}
        total += sum((ORDERS_IN_POOL + rows - 1) * 2 * tokens * 4 for tokens in pools)
    return total


def past_bytes(config: StreamConfig, unet: dict[str, Any], *, dtype: str) -> int:
    """Keys and values of past frames alone, without the current frame's part and without outputs."""
    frames = config.bank.queue_length if config.bank.kind == "queue" else 1
    cells = sum(layer.tokens * layer.channels for layer in attention_layers(config, unet))
    return 2 * stream_rows(config) * frames * cells * DTYPE_BYTES[dtype]


def structure_bytes(config: StreamConfig, unet: dict[str, Any], width: int) -> int:
    """Bytes of what structure networks are shown and answer, and of the sum; each is counted as a ControlNet's."""
    channels = unet["block_out_channels"]
    cells = [h * w for h, w in _level_sizes(config, len(channels))]
    count = _per_level(unet.get("layers_per_block", 2), len(channels))
    answer = channels[0] * cells[0] + channels[-1] * cells[-1]
    answer += sum(many * wide * size for many, wide, size in zip(count, channels, cells, strict=True))
    answer += sum(wide * size for wide, size in zip(channels, cells[1:], strict=False))
    pictures = 3 * config.width * config.height * config.slots
    networks = len(config.structure)
    return ((networks + 1) * stream_rows(config) * answer + networks * pictures) * width


def unet_working_bytes(config: StreamConfig, unet: dict[str, Any], width: int) -> int:
    """Estimate of the U-Net's tensors at their peak: first level, skips, and the scores of a merge."""
    channels, rows = unet["block_out_channels"], stream_rows(config)
    sizes = [h * w for h, w in _level_sizes(config, len(channels))]
    count = _per_level(unet.get("layers_per_block", 2), len(channels))
    first = UNET_TENSORS * channels[0] * sizes[0]
    skips = sum(cells * wide * (many + 1) for cells, wide, many in zip(sizes, channels, count, strict=True))
    scores = 0
    if config.bank.kind != "off":
        scores = 2 * max((layer.tokens**2 for layer in attention_layers(config, unet)), default=0)
    return rows * (first + skips + scores) * width


def vae_working_bytes(config: StreamConfig, vae: dict[str, Any], width: int) -> int:
    """Estimate of the decoder's tensors at their peak, which is at the picture's full size."""
    if vae.get("_class_name") == "AutoencoderTiny":
        widest = vae.get("decoder_block_out_channels", [64])[-1]
    else:
        widest = max(vae["block_out_channels"][:2])  # the last up block still takes its neighbour's channels
    return VAE_TENSORS * widest * config.width * config.height * width


def _level_sizes(config: StreamConfig, levels: int) -> list[tuple[int, int]]:
    """(h, w) of each level, cells; a stride of two with padding rounds up."""
    h, w = config.height // 8, config.width // 8
    sizes = []
    for _ in range(levels):
        sizes.append((h, w))
        h, w = (h + 1) // 2, (w + 1) // 2
    return sizes


def _wide(width: int) -> int:
    """Bytes of an element in a layer that keeps float32."""
    return max(width, DTYPE_BYTES["float32"])


def _per_level(value: Any, levels: int) -> list[Any]:
    return [value] * levels if isinstance(value, int) else list(value)


def _each(depth: int | list[int], layers: int) -> list[int]:
    """Transformer blocks of each of a block's layers; reduced models give each its own number."""
    return [depth] * layers if isinstance(depth, int) else list(depth)[:layers]


def _names(block: str, depths: list[int]) -> list[str]:
    return [f"{block}.attentions.{i}.transformer_blocks.{k}.attn1" for i, n in enumerate(depths) for k in range(n)]
