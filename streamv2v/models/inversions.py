"""Textual inversion embeddings put behind the words that a text encoder knows."""

from __future__ import annotations

from typing import Any

import torch
from safetensors import safe_open

from ..prompts.inversions import fitting, inversions_in


def add_inversions(
    text_encoder: Any, folder: str, *, length: int, second: Any = None
) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """Append the embeddings of `folder` to the token embeddings of `text_encoder`, in place.

    Args:
        length: tokens that the encoder takes at once.
        second: the second encoder of the SDXL family, of as many words; vectors get the same ids in both.
    Returns:
        name -> ids of its vectors; and what was passed over, one line each.
    Raises:
        ModelError: there is no such folder.
    """
    encoders = [text_encoder] if second is None else [text_encoder, second]
    words = [encoder.get_input_embeddings().weight.data for encoder in encoders]
    found, passed = inversions_in(folder)
    found, unfit = fitting(found, widths=tuple(table.shape[1] for table in words), room=length - 2)
    ids: dict[str, tuple[int, ...]] = {}
    tables = [[table] for table in words]
    count = len(words[0])
    for one in found:
        try:
            with safe_open(one.path, framework="pt") as file:
                vectors = [
                    file.get_tensor(key).reshape(one.vectors, width).to(table)
                    for key, width, table in zip(one.keys, one.widths, words, strict=True)
                ]
        except Exception as error:  # the library has many kinds
            unfit.append(f"{one.path.name}: it cannot be read ({' '.join(str(error).split())[:100]}); copy it again")
            continue
        if not all(torch.isfinite(part).all() for part in vectors):
            unfit.append(f"{one.path.name}: it holds numbers that are none")
            continue
        ids[one.name] = tuple(range(count, count + one.vectors))
        for table, part in zip(tables, vectors, strict=True):
            table.append(part)
        count += one.vectors
    for encoder, table in zip(encoders, tables if ids else [], strict=False):
        encoder.set_input_embeddings(torch.nn.Embedding.from_pretrained(torch.cat(table), freeze=True))
    return ids, passed + unfit
