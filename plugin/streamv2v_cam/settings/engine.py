"""What the engine is built from, as settings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from streamv2v.config import EMBEDDED_MODEL, SLOT_LIMIT, BankConfig, Lora, StreamConfig
from streamv2v.errors import ConfigError

from .kinds import Rate, Section, Spec, Words


class BankSettings(Section):
    """The feature bank: what the engine remembers of past frames."""

    kind: Literal["paper", "queue", "off", "best"] = Field(
        default="best", description='how the bank remembers; "best" is the paper\'s with what proved better'
    )
    queue_length: int = Field(default=4, ge=1, le=16, description="frames kept by the queue bank")
    attention: bool = Field(default=True, description="extended self-attention")
    fusion: bool = Field(default=True, description="feature fusion")
    fused_layers: Words = Field(
        default=list(BankConfig().fused_layers), description="name prefixes of the layers that fuse"
    )
    merge_rule: Literal["mean", "pairwise", "weighted"] = Field(
        default="mean", description="how merged tokens are averaged"
    )
    token_age_limit: int = Field(
        default=16, ge=1, le=1024, description="weighted merging: most tokens that one stands for"
    )
    merge_split: Literal["random", "grid", "place"] = Field(
        default="random", description="how tokens are parted before merging"
    )
    matching: Literal["exact", "window"] = Field(
        default="exact",
        description="where merging looks for a token's match: everywhere, or near its place, which is faster",
    )
    window: int = Field(default=4, ge=1, le=64, description="matching in a window: tokens on every side, at least")
    storage: Literal["same", "fp8"] = Field(
        default="same", description='"fp8" saves up to half of the memory of the bank; a little slower and less precise'
    )
    spread: bool = Field(default=False, description="spread bank updates over frames, so that frame time is flat")
    merge_seed: int = Field(default=0, ge=0, le=2**32 - 1, description="seed of the random split in merging")


_INSIDE = "inside the engine, px; unset follows the published shape and wanted_fps"


class EngineSettings(Section):
    """What the engine is built from; changing one means building it anew."""

    model: str = Field(
        default=EMBEDDED_MODEL,
        min_length=1,
        description='"embedded", another name of `models`, a diffusers folder, a .safetensors file or a hub id',
    )
    remote: str | None = Field(
        default=None,
        min_length=1,
        description='an engine server that does the work, like wss://gpu-pc:8770, or "auto": whichever is found',
    )
    remote_pictures: Literal["auto", "jpeg", "h264", "raw"] = Field(
        default="auto",
        description='pictures on the way there and back; "auto": JPEG, or H.264 while the line is too slow for it',
    )
    remote_fallback: bool = Field(
        default=False, description="keep this machine's own engine ready, which draws while the server is away"
    )
    announce: bool = Field(
        default=True, description="as an engine server: let the machines of this network find it by themselves (mDNS)"
    )
    revision: str | None = Field(default=None, description="branch, tag or commit of a hub id")
    single_file_config: str | None = Field(
        default=None, description="configuration of a single-file checkpoint: a folder or a hub id"
    )
    vae: str | None = Field(
        default=None, min_length=1, description="another VAE: folder, file or hub id; own: the model's, SDXL's too"
    )
    loras: Words = Field(
        default=[], description='LoRAs, each a file, folder or hub id, with ":0.8" behind it for its scale'
    )
    structure: Words = Field(
        default=[],
        description="ControlNets and T2I-Adapters, each a folder, file or hub id, "
        'with ":canny", ":softedge", ":lineart" or ":picture" behind it where its name does not say it',
    )
    ip_adapter: str | None = Field(
        default=None,
        min_length=1,
        description="IP-Adapter for reference pictures: a .safetensors file, or of the hub owner/name/path.safetensors",
    )
    ip_adapter_encoder: str | None = Field(
        default=None, min_length=1, description='folder of its image encoder; unset is "image_encoder" beside the file'
    )
    loras_folder: str | None = Field(
        default=None, min_length=1, description="folder of LoRAs (.safetensors) that may be put on while it runs"
    )
    models_folder: str | None = Field(
        default=None, min_length=1, description="folder of the models fetched by name; unset is the program's own"
    )
    embeddings: str | None = Field(default=None, min_length=1, description="folder of textual inversion embeddings")
    lcm: Literal["auto", "on", "off"] = Field(default="auto", description="LCM-LoRA: where needed, always, never")
    lcm_lora: str = Field(default=StreamConfig().lcm_lora, min_length=1, description="LCM-LoRA, if not the family's")
    width: int | None = Field(default=None, ge=64, le=2048, multiple_of=8, description=f"width {_INSIDE}")
    height: int | None = Field(default=None, ge=64, le=2048, multiple_of=8, description=f"height {_INSIDE}")
    wanted_fps: Rate = Field(
        default=8.0, ge=0, le=60, description="styled pictures a second that a size not set is chosen for; 0 is off"
    )
    slots: int | None = Field(
        default=None, ge=1, le=SLOT_LIMIT, description="denoising steps = slots of the stream; 1 (embedded) or 2"
    )
    sequential: bool = Field(default=False, description="all steps of a frame before the next: no frame of delay")
    renoise: bool = Field(default=True, description="add noise again before the later slots")
    guidance: Literal["none", "full", "self", "initialize"] = Field(default="none", description="kind of guidance")
    safety_checker: bool = Field(default=False, description="run the model's own safety checker, where it has one")
    scene_cut_threshold: float = Field(
        default=0.35, ge=0, le=1, description="picture change that empties the bank; 0 is off"
    )
    device: Spec = Field(
        default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$", description="auto, cpu, cuda, cuda:1 or mps"
    )
    dtype: Literal["auto", "float32", "float16", "bfloat16", "float64"] = Field(
        default="auto", description="number format"
    )
    acceleration: Literal["auto", "none", "graph", "compile", "graph+compile", "openvino"] = Field(
        default="auto",
        description='how frames are sped up; "auto": CUDA graphs; on a CPU OpenVINO or compiled code, if faster',
    )
    offline: bool = Field(default=False, description="never ask the network")
    cache_dir: str | None = Field(default=None, description="where hub files are kept; unset is the hub's own folder")
    threads: int | None = Field(
        default=None, ge=1, le=256, description="CPU threads of the engine; unset tries and remembers the fastest"
    )
    memory: Literal["fit", "keep"] = Field(
        default="fit", description="where memory is short: run what fits and say so, or keep to what was asked"
    )
    spare: bool = Field(
        default=True, description="keep a prepared second engine process for a fast restart, where memory allows"
    )
    compile_cache: str | None = Field(
        default=None, description="folder for compiled code and what was tried here; unset is the program's own"
    )
    load_timeout_s: float = Field(
        default=900.0, ge=5, le=86400, description="longest time without progress while loading, s"
    )
    hang_timeout_s: float = Field(
        default=3.0,
        ge=1,
        le=3600,
        description="silence after which an engine hangs, s; four frames of a slow one, ten times that if it computes",
    )
    bank: BankSettings = BankSettings()


def parse_lora(text: str) -> Lora:
    """A LoRA from "SOURCE" or "SOURCE:SCALE"; a drive letter is no scale.

    Raises:
        ConfigError: an empty source, or a scale out of range.
    """
    source, colon, tail = text.rpartition(":")
    try:
        return Lora(source, float(tail)) if colon else Lora(text)
    except ConfigError:
        raise
    except ValueError:
        return Lora(text)
