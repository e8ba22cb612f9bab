"""The sheet: every style on a few pictures, as the stream would draw them, to be looked at.

It steps as the engine does: the photo is noised to the first timestep, denoised, noised again with
the same kind of fixed noise to the next, and so on.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from diffusers import AutoencoderTiny, LCMScheduler, UNet2DConditionModel
from transformers.models.clip.modeling_clip import CLIPTextModel
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from training.captions import STYLE_WORDS
from training.teachers import TEACHERS


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
    steps: tuple[int, ...] = (1,),
    columns: int = 9,
    teachers: bool = False,
) -> None:
    """Write one picture: for each number of steps and each photo [S, S, 3], a row of styles, photo first.

    With `teachers` each row is followed by what its styles' teachers make of the photo.
    """
    model = Model(folder)
    styles = [style for style in STYLE_WORDS if style != "photo"]
    if prompts and teachers:
        raise ValueError("teachers draw styles, not prompts: ask for one or the other")
    prompts = prompts or [STYLE_WORDS[style][0] for style in styles]
    embedded = model.words(prompts)
    rows = []
    for start in range(0, len(prompts), columns):
        chunk = embedded[start : start + columns]
        for count in steps:
            for square in pictures:
                batch = torch.from_numpy(square).permute(2, 0, 1)[None].float() / 127.5 - 1
                drawn = model.draw(batch.expand(len(chunk), -1, -1, -1), chunk, strength=strength, steps=count)
                cells = ((drawn + 1) * 127.5).byte().permute(0, 2, 3, 1).numpy()
                blank = [np.zeros_like(square)] * (columns - len(chunk))
                rows.append(np.hstack([square, *cells, *blank]))
                if teachers:
                    drawn_by = [TEACHERS[style](square) for style in styles[start : start + columns]]
                    rows.append(np.hstack([square, *drawn_by, *blank]))
    sheet.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(sheet), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))
