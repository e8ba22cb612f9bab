"""Export: the trained parts as an ordinary diffusers folder."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

import diffusers
from diffusers import AutoencoderTiny, LCMScheduler, UNet2DConditionModel
from transformers.models.clip.modeling_clip import CLIPTextModel
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from streamv2v.models.hub import LAYERS_FILE
from streamv2v.models.model_facts import FLOAT32_KEY
from streamv2v.models.vocabulary import WORDS_KEY
from training.captions import known_words
from training.tokenizer import save_tokenizer

# The computed attention takes differences from the mean (`recognising.py`); bfloat16 rounds them away.
FLOAT32_LAYERS = ["down_blocks.0.attentions.0"]
LIMIT_BYTES = 25_000_000
CLASSES = {
    "scheduler": ["diffusers", "LCMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderTiny"],
    "safety_checker": [None, None],
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
}


def export_folder(
    folder: Path,
    *,
    unet: UNet2DConditionModel,
    vae: AutoencoderTiny,
    text_encoder: CLIPTextModel,
    tokenizer: CLIPTokenizer,
    scheduler: LCMScheduler,
) -> int:
    """Write the model in float16 safetensors; returns its size in bytes.

    The folder is written beside its place and then put there whole, so that a reader never sees
    half a model.

    Raises:
        ValueError: the folder came out larger than 25 MB.
    """
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    for name, module in (("unet", unet), ("vae", vae), ("text_encoder", text_encoder)):
        copy.deepcopy(module).half().save_pretrained(part / name)
    _tidy_configs(part)
    save_tokenizer(tokenizer, part / "tokenizer")
    scheduler.save_pretrained(part / "scheduler")
    index = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": diffusers.__version__}
    index |= {"requires_safety_checker": False, **CLASSES}
    (part / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    (part / LAYERS_FILE).write_text(told_of_the_model(), encoding="utf-8")
    size = sum(p.stat().st_size for p in part.rglob("*") if p.is_file())
    if size > LIMIT_BYTES:
        raise ValueError(f"the model should be at most {LIMIT_BYTES} bytes, it is {size}: see {part}")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return size


def told_of_the_model() -> str:
    """What the engine and the program should know of it, as JSON: layers that keep float32, and the words it knows."""
    return json.dumps({FLOAT32_KEY: FLOAT32_LAYERS, WORDS_KEY: known_words()}, indent=2) + "\n"


def _tidy_configs(part: Path) -> None:
    """Make the configs open without warnings and in the reader's own choice of type."""
    # transformers opens a model in the type its config names; ours is stored small, not meant small.
    _edit_json(part / "text_encoder" / "config.json", {"dtype": "float32"})
    # AutoencoderTiny writes this key and then warns of it when it reads it.
    _edit_json(part / "vae" / "config.json", {"block_out_channels": None})
    for path in part.rglob("*.safetensors"):
        path.chmod(0o644)


def _edit_json(path: Path, changes: dict[str, str | None]) -> None:
    config = json.loads(path.read_text(encoding="utf-8")) | changes
    config = {k: v for k, v in config.items() if not (k in changes and v is None)}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
