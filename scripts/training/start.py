"""Going on from an exported model instead of from random weights."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from transformers.models.clip.modeling_clip import CLIPTextModel
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from training.autoencoder import make_autoencoder
from training.denoiser import Trained
from training.recognising import silence_the_bypass


def given_autoencoder(folder: Path) -> AutoencoderTiny:
    """The autoencoder of an exported model, in float32, in whatever shape it has."""
    given, today = AutoencoderTiny.from_pretrained(folder / "vae").float(), make_autoencoder()
    if list(given.config.num_decoder_blocks) != list(today.config.num_decoder_blocks):  # type: ignore[attr-defined]
        return given
    today.load_state_dict(given.state_dict())  # today's shape holds one of its layers
    return today


def take_over(trained: Trained, folder: Path, tokenizer: CLIPTokenizer) -> None:
    """Load the weights of the exported model in `folder`; what it doesn't have stays as it is.

    `tokenizer` is that of `trained`; its words take over what the folder's tokenizer makes of them.

    Raises:
        RuntimeError: a layer has another shape there.
    """
    given = UNet2DConditionModel.from_pretrained(folder / "unet").float().state_dict()
    trained.unet.load_state_dict(given, strict=False)
    silence_the_bypass(trained.unet)
    words = CLIPTextModel.from_pretrained(folder / "text_encoder").float().state_dict()
    (name,) = (name for name in words if name.endswith("token_embedding.weight"))
    words[name] = moved_words(words[name], CLIPTokenizer.from_pretrained(folder / "tokenizer"), tokenizer)
    trained.text_encoder.load_state_dict(words)


def moved_words(embedding: torch.Tensor, given: CLIPTokenizer, today: CLIPTokenizer) -> torch.Tensor:
    """The embeddings [V, D] of a tokenizer's tokens, for another's: what both have, and the mean of a new one's pieces.

    Vocabularies grow with the captions, and a token's number with its place among them.
    """
    known = given.get_vocab()
    rows = []
    for token, _ in sorted(today.get_vocab().items(), key=lambda entry: entry[1]):
        pieces = [token] if token in known else given.tokenize(token.removesuffix("</w>"))
        rows.append(embedding[[known[piece] for piece in pieces]].mean(dim=0))
    return torch.stack(rows)


def has_first_attention(folder: Path) -> bool:
    """Whether the exported model in `folder` has the attention that the bank acts in already."""
    blocks = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))["down_block_types"]
    return blocks[0].startswith("CrossAttn")
