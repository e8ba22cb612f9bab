"""CLIP frame consistency and text agreement, for comparison with published tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch

MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
"""Of the pictures CLIP was trained on; the preprocessing that its authors published."""


class ClipFigures(NamedTuple):
    """Cosines, -1..1: of consecutive pictures' embeddings, and of pictures' and prompt's."""

    frames: float
    text: float


class ClipModel:
    """A CLIP model from a transformers folder.

    Args:
        folder: with config.json, safetensors weights and the tokenizer's files.
    Raises:
        ValueError: there is no such folder.
    """

    def __init__(self, folder: str | Path, device: str = "cpu") -> None:
        from transformers.models.clip.modeling_clip import CLIPModel
        from transformers.models.clip.tokenization_clip import CLIPTokenizer

        if not (Path(folder) / "config.json").is_file():
            raise ValueError(f"--clip {folder}: a transformers folder of a CLIPModel is wanted; it has no config.json.")
        self._model: Any = CLIPModel.from_pretrained(str(folder), local_files_only=True)
        self._model.to(device).eval()
        self._tokenizer: Any = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
        self._side: int = self._model.config.vision_config.image_size
        self._device = device

    @torch.inference_mode()
    def figures(self, pictures: Sequence[np.ndarray], prompt: str) -> ClipFigures:
        """Frame consistency and text agreement of a stream, uint8 `[H, W, 3]` each."""
        images = torch.cat([self._embed(self._model.get_image_features, self._tensor(p)) for p in pictures])
        most = self._model.config.text_config.max_position_embeddings
        tokens = self._tokenizer(prompt, return_tensors="pt", truncation=True, max_length=most)
        text = self._embed(self._model.get_text_features, tokens.input_ids.to(self._device))
        steps = (images[1:] * images[:-1]).sum(dim=-1)
        return ClipFigures(float(steps.mean()), float((images * text).sum(dim=-1).mean()))

    def _tensor(self, picture: np.ndarray) -> torch.Tensor:
        """The middle square, `[1, 3, S, S]`, standardised."""
        height, width = picture.shape[:2]
        scale = self._side / min(height, width)
        size = (max(self._side, round(width * scale)), max(self._side, round(height * scale)))
        shrunk = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        x, y = (size[0] - self._side) // 2, (size[1] - self._side) // 2
        square = shrunk[y : y + self._side, x : x + self._side].astype(np.float32) / 255
        standard = (square - np.array(MEAN, np.float32)) / np.array(DEVIATION, np.float32)
        return torch.from_numpy(standard).permute(2, 0, 1)[None].to(self._device)

    @staticmethod
    def _embed(features: Any, inputs: torch.Tensor) -> torch.Tensor:
        """Unit vectors `[B, E]`."""
        answer = features(inputs)
        # transformers 5 answers with an output object, 4 with the tensor itself
        vectors = answer if isinstance(answer, torch.Tensor) else answer.pooler_output
        return torch.nn.functional.normalize(vectors, dim=-1)
