"""Textual inversion embeddings put behind the words that a text encoder knows."""

from __future__ import annotations

from typing import Any

import torch
from safetensors import safe_open

from ..prompts.inversions import fitting, inversions_in


def add_inversions(text_encoder: Any, folder: str, *, length: int) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """Append the embeddings of `folder` to the token embeddings of `text_encoder`, in place.

    Args:
        length: tokens that the encoder takes at once.
    Returns:
        name -> ids of its vectors; and what was passed over, one line each.
    Raises:
        ModelError: there is no such folder.
    """
    words = text_encoder.get_input_embeddings()
    found, passed = inversions_in(folder)
    found, unfit = fitting(found, width=words.weight.shape[1], room=length - 2)
    ids: dict[str, tuple[int, ...]] = {}
    table = [words.weight.data]
    count = len(words.weight)
    for one in found:
        try:
            with safe_open(one.path, framework="pt") as file:
                vectors = file.get_tensor(one.key).reshape(one.vectors, one.width).to(words.weight)
        except Exception as error:  # the library has many kinds
            unfit.append(f"{one.path.name}: it cannot be read ({' '.join(str(error).split())[:100]}); copy it again")
            continue
        if not torch.isfinite(vectors).all():
            unfit.append(f"{one.path.name}: it holds numbers that are none")
            continue
        ids[one.name] = tuple(range(count, count + one.vectors))
        table.append(vectors)
        count += one.vectors
    if ids:
        wider = torch.nn.Embedding.from_pretrained(torch.cat(table), freeze=True)
        text_encoder.set_input_embeddings(wider)
    return ids, passed + unfit
