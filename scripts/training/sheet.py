"""The sheet: every style on a few pictures, as the stream would draw them, to be looked at.

Beside them, where asked for, what the teachers make of the same pictures and what another model does. It steps as the
engine does: the photo is noised to the first timestep, denoised, noised again with the same kind of fixed noise to the
next, and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from diffusers import AutoencoderTiny, LCMScheduler, UNet2DConditionModel
from transformers.models.clip.modeling_clip import CLIPTextModel
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from training.captions import STYLE_WORDS
from training.teachers import TEACHERS

FONT = cv2.FONT_HERSHEY_SIMPLEX
HEADING = 26
"""Height of the line of names, pixels."""
JPEG_QUALITY = 85

Hand = Callable[[np.ndarray, list[str]], list[np.ndarray]]
"""Draws a photo [S, S, 3] in some of the styles or prompts of the sheet, by their names."""


class Model:
    """The exported folder opened for drawing, on the CPU in float32."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        self.text_encoder = CLIPTextModel.from_pretrained(folder / "text_encoder").eval()
        self.unet = UNet2DConditionModel.from_pretrained(folder / "unet").eval()
        self.vae = AutoencoderTiny.from_pretrained(folder / "vae").eval()
        kept = LCMScheduler.from_config(LCMScheduler.load_config(folder / "scheduler")).alphas_cumprod  # type: ignore[union-attr]
        self.signal, self.spread = kept.sqrt(), (1 - kept).sqrt()

    @torch.inference_mode()
    def words(self, prompts: list[str]) -> torch.Tensor:
        """Prompt embeddings, [B, 32, D]."""
        ids = self.tokenizer(prompts, padding="max_length", truncation=True, return_tensors="pt")
        return self.text_encoder(ids.input_ids).last_hidden_state

    @torch.inference_mode()
    def draw(
        self, pictures: torch.Tensor, words: torch.Tensor, *, strength: float, steps: int, seed: int = 0
    ) -> torch.Tensor:
        """Restyle pictures [B, 3, H, W] in -1..1; timesteps fall evenly from 999 x strength."""
        factor = self.vae.config.scaling_factor  # type: ignore[attr-defined]
        clean = self.vae.encoder(pictures) * factor
        generator = torch.Generator().manual_seed(seed)
        for step in range(steps):
            t = int(999 * strength * (steps - step) / steps)
            noise = torch.randn(clean.shape[1:], generator=generator)
            noised = self.signal[t] * clean + self.spread[t] * noise
            clean = self.unet(noised, torch.tensor(t), encoder_hidden_states=words).sample
        return self.vae.decoder(clean / factor).clamp(-1, 1)


def draw_sheet(
    folder: Path,
    pictures: list[np.ndarray],
    sheet: Path,
    *,
    prompts: list[str] | None = None,
    strength: float = 0.5,
    columns: int = 7,
    cell: int | None = None,
    teachers: bool = False,
    before: Path | None = None,
) -> None:
    """Write one picture: the photos [S, S, 3] under the styles' names, each in a row that begins with the photo.

    Args:
        folder: of the model.
        prompts: drawn instead of the styles, under their own words.
        columns: so many styles lie side by side; the others follow below.
        cell: side of a cell on the sheet, pixels; that of the photos unless given.
        teachers: each row is followed by what its styles' teachers make of the photo.
        before: folder of another model; each row is followed by what that one draws for the same words.

    Raises:
        ValueError: teachers of prompts were asked for, or the sheet can't be written.
    """
    if prompts and teachers:
        raise ValueError("teachers draw styles, not prompts: ask for one or the other")
    asked = {words: words for words in prompts or ()} or {s: w[0] for s, w in STYLE_WORDS.items() if s != "photo"}
    hands: dict[str, Hand] = {"": _model_hand(Model(folder), asked, strength)}
    if before:
        hands["before"] = _model_hand(Model(before), asked, strength)
    if teachers:
        hands["teacher"] = lambda square, names: [TEACHERS[name](square) for name in names]
    names, side, rows = list(asked), cell or pictures[0].shape[0], []
    for start in range(0, len(names), columns):
        chunk = names[start : start + columns]
        rows.append(_heading(["photo", *chunk], side, columns + 1))
        for square in pictures:
            for label, draw in hands.items():
                cells = [_resized(one, side) for one in (square, *draw(square, chunk))]
                _write(cells[0], label, at=(6, side - 8))
                rows.append(np.hstack(cells + [np.full_like(cells[0], 255)] * (columns - len(chunk))))
    sheet.parent.mkdir(parents=True, exist_ok=True)
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if sheet.suffix.lower() in (".jpg", ".jpeg") else []
    if not cv2.imwrite(str(sheet), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR), quality):
        raise ValueError(f"the sheet could not be written: {sheet}")


def _model_hand(model: Model, asked: dict[str, str], strength: float) -> Hand:
    """How a model draws a photo for some of the names in `asked` (name -> prompt)."""
    words = dict(zip(asked, model.words(list(asked.values())), strict=True))

    def draw(square: np.ndarray, names: list[str]) -> list[np.ndarray]:
        picture = torch.from_numpy(square).permute(2, 0, 1)[None].float() / 127.5 - 1
        chunk = torch.stack([words[name] for name in names])
        drawn = model.draw(picture.expand(len(names), -1, -1, -1), chunk, strength=strength, steps=1)
        return list(((drawn + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy())

    return draw


def _heading(names: list[str], side: int, columns: int) -> np.ndarray:
    strip = np.full((HEADING, side * columns, 3), 255, np.uint8)
    for place, name in enumerate(names):
        _write(strip[:, place * side : (place + 1) * side], name, at=(6, HEADING - 8))
    return strip


def _write(picture: np.ndarray, text: str, *, at: tuple[int, int]) -> None:
    """Put a line of text on a picture, dark on white, smaller where it would be cut off; nothing where it is empty."""
    if not text:
        return
    scale = min(0.55, (picture.shape[1] - 2 * at[0]) / cv2.getTextSize(text, FONT, 1.0, 1)[0][0])
    (width, height), below = cv2.getTextSize(text, FONT, scale, 1)
    area = np.ascontiguousarray(picture)
    area[at[1] - height - 2 : at[1] + below + 2, : at[0] + width + 4] = 255
    cv2.putText(area, text, at, FONT, scale, (40, 40, 40), 1, cv2.LINE_AA)
    picture[:] = area


def _resized(picture: np.ndarray, side: int) -> np.ndarray:
    if picture.shape[0] == side:
        return picture.copy()
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
