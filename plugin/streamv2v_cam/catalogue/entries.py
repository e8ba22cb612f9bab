"""The table of models that are offered by name.

Of each repository nothing is written down that its hub tells when it is asked: no revision, no sum of a file. Sizes are
counted from the parameters of the networks and are said with "about".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streamv2v.config import EMBEDDED_MODEL, StreamConfig
from streamv2v.models.model_facts import SD_UNET, SD_VAE, SD_VAE_PARAMETERS, TINY_VAE, TINY_VAE_PARAMETERS, ModelFacts
from streamv2v.models.sdxl import TINY_VAE as TINY_VAE_ID
from streamv2v.models.sdxl import UNET as SDXL_UNET

Family = Literal["embedded", "sd15", "sd21", "sdxl", "own"]
Speed = Literal["processor", "card", "large card"]
"""What draws it live: any processor, a graphics card, or a large one."""


@dataclass(frozen=True)
class Licence:
    """What a model may be used for.

    Attributes:
        name: as its makers call it.
        link: where it is read.
        ask: whether a person has to say yes before it is fetched: it forbids some uses.
    """

    name: str
    link: str
    ask: bool = False


@dataclass(frozen=True)
class Beside:
    """A file of another repository that a model is drawn with; kept where the hub's client keeps its own.

    Attributes:
        size: about, bytes.
    """

    repository: str
    file: str
    size: int


@dataclass(frozen=True)
class Entry:
    """A model that may be chosen by its name.

    Attributes:
        name: short; what people, looks and the API call it by.
        title: for people.
        good_for: one sentence.
        family: which looks and LoRAs fit it.
        licence: None for one of the person's own, whose licence is theirs to know.
        repository: of the hub; "" for what is never fetched.
        beside: what else is fetched for it.
        half: whether the repository has weights in 16 bits, too.
        speed: what draws it live.
        path: of a file or folder of the person's own; "" for the others.
    """

    name: str
    title: str
    good_for: str
    family: Family
    licence: Licence | None = None
    repository: str = ""
    beside: tuple[Beside, ...] = ()
    half: bool = True
    speed: Speed = "card"
    path: str = ""


_TINY_VAE = tuple(
    Beside(TINY_VAE_ID, file, size)
    for file, size in (("config.json", 1000), ("diffusion_pytorch_model.safetensors", 4 * TINY_VAE_PARAMETERS))
)
_LCM_SD15 = Beside(StreamConfig.lcm_lora, "pytorch_lora_weights.safetensors", 135_000_000)
_LCM_SDXL = Beside("latent-consistency/lcm-lora-sdxl", "pytorch_lora_weights.safetensors", 394_000_000)
"""About; what the hub says when they are fetched is what counts."""

STABILITY = Licence("Stability AI Community License", "https://stability.ai/license", ask=True)
OPEN_RAIL = Licence(
    "CreativeML Open RAIL-M", "https://huggingface.co/spaces/CompVis/stable-diffusion-license", ask=True
)
OPEN_RAIL_XL = Licence(
    "CreativeML Open RAIL++-M",
    "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md",
    ask=True,
)

ENTRIES: tuple[Entry, ...] = (
    Entry(
        EMBEDDED_MODEL,
        "The one that is included",
        "Small and quick, on a processor too; paints in its own looks.",
        "embedded",
        Licence("GPL-2.0-or-later", "https://www.gnu.org/licenses/old-licenses/gpl-2.0.html"),
        speed="processor",
    ),
    Entry(
        "sd-turbo",
        "SD-Turbo",
        "Any look you can describe, in one step; the lightest of those for a graphics card.",
        "sd21",
        STABILITY,
        "stabilityai/sd-turbo",
    ),
    Entry(
        "sdxl-turbo",
        "SDXL-Turbo",
        "Finer pictures than SD-Turbo's and closer to the prompt, in one step.",
        "sdxl",
        STABILITY,
        "stabilityai/sdxl-turbo",
        _TINY_VAE,
        speed="large card",
    ),
    Entry(
        "lcm-dreamshaper-v7",
        "LCM DreamShaper 7",
        "Painted and photographic looks in two to four steps; takes LoRAs of SD 1.5.",
        "sd15",
        Licence("MIT", "https://huggingface.co/SimianLuo/LCM_Dreamshaper_v7"),
        "SimianLuo/LCM_Dreamshaper_v7",
        half=False,
    ),
    Entry(
        "sd15-lcm",
        "Stable Diffusion 1.5 with LCM-LoRA",
        "What most LoRAs, ControlNets and IP-Adapters are made for, in two to four steps.",
        "sd15",
        OPEN_RAIL,
        "stable-diffusion-v1-5/stable-diffusion-v1-5",
        (_LCM_SD15,),
    ),
    Entry(
        "sdxl-lcm",
        "SDXL with LCM-LoRA",
        "The base of most LoRAs for SDXL, in two to four steps.",
        "sdxl",
        OPEN_RAIL_XL,
        "stabilityai/stable-diffusion-xl-base-1.0",
        (*_TINY_VAE, _LCM_SDXL),
        speed="large card",
    ),
)

# Counted from networks of these shapes, made without weights (torch's meta device).
CLIP_L, OPENCLIP_H, OPENCLIP_G = 123_060_480, 340_387_840, 694_659_840
SHAPES: dict[str, ModelFacts] = {
    "sd15": ModelFacts({"unet": 859_520_964, "vae": SD_VAE_PARAMETERS, "text_encoder": CLIP_L}, SD_UNET, SD_VAE),
    "sd21": ModelFacts({"unet": 865_910_724, "vae": SD_VAE_PARAMETERS, "text_encoder": OPENCLIP_H}, SD_UNET, SD_VAE),
    "sdxl": ModelFacts(
        {"unet": 2_567_463_684, "vae": TINY_VAE_PARAMETERS, "text_encoder": CLIP_L, "text_encoder_2": OPENCLIP_G},
        SDXL_UNET,
        TINY_VAE,
    ),
}
"""What models of a family are made of, for those that are not here yet; SDXL is drawn with the tiny VAE."""


def download_bytes(entry: Entry, *, half: bool) -> int:
    """About how much is fetched; 0 for what is never fetched.

    Args:
        half: take weights in 16 bits where there are some.
    """
    if not entry.repository:
        return 0
    counts = {**SHAPES[entry.family].parameters, "vae": SD_VAE_PARAMETERS}
    width = 2 if half and entry.half else 4
    return width * sum(counts.values()) + sum(file.size for file in entry.beside)
