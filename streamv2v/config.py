"""Everything that fixes a shape, an address or a weight: changing it means building the engine anew.

Standard library only, so that the host process can read and validate it without torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .errors import ConfigError
from .steering import STRUCTURE_LIMIT, Structure

EMBEDDED_MODEL = "embedded"
OWN_VAE = "own"
"""In `vae`: the model's own, whatever family it is of."""
EMBEDDED_FOLDER = Path(__file__).parent / "models" / "embedded"

GUIDANCES = ("none", "full", "self", "initialize")
BANKS = ("paper", "queue", "off")
DTYPES = ("auto", "float32", "float16", "bfloat16", "float64")
DEVICES = ("auto", "cpu", "cuda", "mps")
MERGE_RULES = ("mean", "pairwise", "weighted")
MERGE_SPLITS = ("random", "grid", "place")
MATCHINGS = ("exact", "window")
STORAGES = ("same", "fp8")
LCMS = ("auto", "on", "off")
ACCELERATIONS = ("auto", "none", "graph", "compile", "graph+compile", "openvino")
SLOT_LIMIT = 8

LAST_UP = "last_up"
"""In `fused_layers`: the up block nearest to the picture, whatever its number in this model."""

BEST_BANK: dict[str, Any] = {
    "spread": True,
    "merge_rule": "weighted",
    "token_age_limit": 16,
    "merge_split": "place",
}
"""What `BankConfig.best()` changes of the paper's bank: the measured winners, kept here and nowhere else."""
BEST_CONTROLS: dict[str, Any] = {"feedback": 0.6, "input_denoise": 0.5, "motion_gate": 0.5, "fusion_softness": 0.03}
"""The live values that go with it; a look or a setting that names one of them wins."""


@dataclass(frozen=True)
class Lora:
    """One LoRA to fuse into the model: a file, a folder, a hub id or a file behind one, with its scale (0..2)."""

    source: str
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.source:
            raise ConfigError("A LoRA needs a file, a folder or a hub id; none was given.")
        if not -2.0 <= self.scale <= 2.0:
            raise ConfigError(f"LoRA {self.source}: the scale {self.scale} was refused; allowed is -2 to 2.")


@dataclass(frozen=True)
class BankConfig:
    """The feature bank (arXiv:2405.15757, section 4): its kind and its constants.

    Defaults are those of the published repository where they differ from the paper.
    """

    kind: str = "paper"
    """"paper": dynamic merging into one frame's size (DyMe); "queue": the last frames whole; "off"."""
    queue_length: int = 4
    """Frames kept by the queue bank, 1..16."""
    attention: bool = True
    """Extended self-attention (EA): the bank's keys and values join the current frame's."""
    fusion: bool = True
    """Feature fusion (FF): the nearest bank output is blended in, in the fused layers."""
    fused_layers: tuple[str, ...] = ("mid_block", "up_blocks.0", "up_blocks.1")
    """Name prefixes of the layers that fuse; the low-resolution ones, since FF everywhere blurs.

    "up_blocks" is all up blocks, "last_up" the one nearest to the picture, "" every layer."""
    merge_rule: str = "mean"
    """"mean": a destination becomes the mean of its group; "pairwise": the paper's running average of pairs;
    "weighted": the mean in which each token counts as many as it stands for."""
    token_age_limit: int = 16
    """Weighted merging: most tokens that one stands for, 1..1024; 1 is the plain mean, more fades slower."""
    merge_split: str = "random"
    """How tokens are parted into sources and destinations. "random": the paper's, which loses a place whenever both
    its tokens become sources; "grid": every other token; "place": of the two tokens of each place one is drawn as
    destination, so that no place is lost."""
    matching: str = "exact"
    """"exact": a source is compared with every destination; "window": with those near its place and a few
    from all over the picture, which is O(N) instead of O(N^2)."""
    window: int = 4
    """Matching in a window: at least so many tokens on every side, 1..64."""
    storage: str = "same"
    """"same": the bank keeps the network's number format; "fp8": half the memory of 16-bit formats, plus one
    working tensor for each shape of layer, with two more passes over each layer's tokens a frame and numbers of
    three binary places. Not on mps."""
    spread: bool = False
    """True: layers take turns through the interval, balanced by their work, so that frame time is flat."""
    merge_seed: int = 0
    """Seed of the random source / destination split in merging."""

    def __post_init__(self) -> None:
        _one_of("bank", self.kind, BANKS)
        _one_of("merge_rule", self.merge_rule, MERGE_RULES)
        _one_of("merge_split", self.merge_split, MERGE_SPLITS)
        _one_of("matching", self.matching, MATCHINGS)
        _one_of("storage", self.storage, STORAGES)
        if not 1 <= self.window <= 64:
            raise ConfigError(f"window: {self.window} was refused; allowed is 1 to 64 tokens.")
        if self.matching == "window" and self.kind == "queue":
            raise ConfigError("matching: 'window' was refused; a queue merges nothing. Allowed is 'exact'.")
        if self.matching == "window" and self.merge_split == "grid":
            raise ConfigError(
                "matching: 'window' was refused with merge_split 'grid'; allowed is 'random' or 'place', which are "
                "the same there."
            )
        if not 1 <= self.queue_length <= 16:
            raise ConfigError(f"queue_length: {self.queue_length} was refused; allowed is 1 to 16 frames.")
        if not 1 <= self.token_age_limit <= 1024:
            raise ConfigError(f"token_age_limit: {self.token_age_limit} was refused; allowed is 1 to 1024 tokens.")

    @classmethod
    def best(cls, **changes: Any) -> BankConfig:
        """The best bank known: the paper's with `BEST_BANK`, and with `changes` over it."""
        return cls(**{**BEST_BANK, **changes})

    @property
    def title(self) -> str:
        """What this bank is called: "off", or "paper", "queue" or "best" and what differs: "best, spread=False"."""
        if self.kind == "off":
            return "off"
        known = {self.kind: BankConfig(kind=self.kind)} | ({"best": BankConfig.best()} if self.kind == "paper" else {})
        told = {name: self._differences(bank) for name, bank in known.items()}
        name = min(told, key=lambda name: len(told[name]))
        return ", ".join([name, *told[name]])

    def _differences(self, other: BankConfig) -> list[str]:
        pairs = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [f"{name}={value}" for name, value in pairs if value != getattr(other, name)]


@dataclass(frozen=True)
class StreamConfig:
    """What an engine is built from: model, size, slots, guidance, bank, device (DESIGN: two kinds of option).

    Raises:
        ConfigError: a value that cannot be built, with what is allowed.
    """

    model: str = EMBEDDED_MODEL
    """"embedded", a diffusers folder, a single-file checkpoint (.safetensors) or a hub id."""
    revision: str | None = None
    """Branch, tag or commit of a hub id."""
    single_file_config: str | None = None
    """For a single-file checkpoint: folder or hub id with the configuration files; None asks diffusers."""
    vae: str | None = None
    """Another VAE: a folder, a .safetensors file or a hub id ("madebyollin/taesd"). None keeps the model's own, but
    draws models of the SDXL family with TAESDXL; "own" keeps theirs, too."""
    loras: tuple[Lora, ...] = ()
    embeddings: str | None = None
    """Folder of textual inversion embeddings (.safetensors); a file's name is its word in a prompt."""
    structure: tuple[Structure, ...] = ()
    """ControlNets and T2I-Adapters that hold the picture to the camera's; each has its live weight."""
    ip_adapter: str | None = None
    """IP-Adapter for reference pictures: a .safetensors file, or one of the hub as "owner/name/path.safetensors"."""
    ip_adapter_encoder: str | None = None
    """Folder of its image encoder; None looks for "image_encoder" beside the file."""
    loras_folder: str | None = None
    """Folder of LoRAs (.safetensors) that may be put on while the engine runs (`Controls.loras`)."""
    lcm: str = "auto"
    """LCM-LoRA: "auto" adds it where the model is not few-step by itself; "on" always, "off" never."""
    lcm_lora: str = "latent-consistency/lcm-lora-sdv1-5"
    """Where LCM-LoRA comes from when it is needed; this one stands for that of the model's own family."""
    width: int = 256
    height: int = 256
    """Picture size inside the engine, multiples of 8, 64..2048 px."""
    slots: int = 2
    """Denoising steps = slots of the stream batch, 1..8."""
    sequential: bool = False
    """True: all steps of one frame before the next (no frame of delay), instead of the stream batch."""
    renoise: bool = True
    """False: later slots start from the clean prediction scaled, without fresh noise."""
    guidance: str = "none"
    """"none", "full" (two predictions), "self" or "initialize" (residual CFG of StreamDiffusion)."""
    bank: BankConfig = field(default_factory=BankConfig)
    safety_checker: bool = False
    """Run the model's own safety checker on the output, where it carries one."""
    scene_cut_threshold: float = 0.35
    """Mean luma-histogram change (0..1) that counts as a cut and refills the bank; 0 switches it off."""
    device: str = "auto"
    dtype: str = "auto"
    acceleration: str = "auto"
    """"graph": a frame's work is captured once into CUDA graphs and replayed; "compile"; both; "openvino":
    OpenVINO runs the networks, on a CPU; "none": plain PyTorch, which the others must match. "auto" captures on CUDA
    and takes, on a CPU, what is tried and found faster."""
    compile_cache: str | None = None
    """Folder for compiled code and for what was tried on this machine; None keeps neither, and then a CPU on
    "auto" does not compile."""
    offline: bool = False
    """Never ask the network: only files that are already there."""
    cache_dir: str | None = None
    """Where hub files are kept; None is the hub's own folder."""

    def __post_init__(self) -> None:
        for name, value in (("width", self.width), ("height", self.height)):
            if not isinstance(value, int) or value % 8 or not 64 <= value <= 2048:
                raise ConfigError(f"{name}: {value} was refused; allowed is a multiple of 8 from 64 to 2048.")
        if not 1 <= self.slots <= SLOT_LIMIT:
            raise ConfigError(f"slots: {self.slots} was refused; allowed is 1 to {SLOT_LIMIT}.")
        if len(self.structure) > STRUCTURE_LIMIT:
            raise ConfigError(f"structure: {len(self.structure)} networks were refused; allowed is {STRUCTURE_LIMIT}.")
        if not self.model:
            raise ConfigError("model: nothing was given; allowed is 'embedded', a folder, a file or a hub id.")
        if not 0.0 <= self.scene_cut_threshold <= 1.0:
            raise ConfigError(f"scene_cut_threshold: {self.scene_cut_threshold} was refused; allowed is 0 to 1.")
        _one_of("guidance", self.guidance, GUIDANCES)
        _one_of("lcm", self.lcm, LCMS)
        _one_of("dtype", self.dtype, DTYPES)
        _one_of("acceleration", self.acceleration, ACCELERATIONS)
        if self.acceleration == "openvino" and self.compile_cache is None:
            raise ConfigError("acceleration: 'openvino' was refused without compile_cache, where its graphs are kept.")
        if self.captures and self.device.split(":")[0] in ("cpu", "mps"):
            raise ConfigError(
                f"acceleration: {self.acceleration!r} was refused, since graphs are captured on CUDA alone and the "
                f"device is {self.device!r}; choose 'auto' or 'none', or another device."
            )
        if self.device.split(":")[0] not in DEVICES:
            raise ConfigError(f"device: {self.device!r} was refused; allowed is one of {', '.join(DEVICES)}.")

    @property
    def named_vae(self) -> str | None:
        """The VAE that was named; None where it is the model's own, or the one that its family is drawn with."""
        return None if self.vae == OWN_VAE else self.vae

    @property
    def captures(self) -> bool:
        """Whether CUDA graphs are asked for by name; what "auto" becomes depends on the device that is found."""
        return "graph" in self.acceleration.split("+")

    @property
    def compiles(self) -> bool:
        """Whether compiling is asked for by name."""
        return "compile" in self.acceleration.split("+")

    @property
    def delay_frames(self) -> int:
        """Frames between a picture going in and its translation coming out (slots - 1 in a stream batch)."""
        return 0 if self.sequential else self.slots - 1


CONFIG_NAMES = tuple(item.name for item in fields(StreamConfig))


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"{name}: {value!r} was refused; allowed is one of {', '.join(allowed)}.")
