"""The tokenizer: byte-level BPE in CLIP's file format, learned from the captions' own words.

All 256 bytes are in the vocabulary, with and without the end-of-word mark, so any sentence in any
script tokenises; a word that was never seen falls apart into smaller known pieces.
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

from transformers.models.clip.tokenization_clip import CLIPTokenizer

from training.captions import vocabulary

START, END = "<|startoftext|>", "<|endoftext|>"
MAX_TOKENS = 32


def byte_alphabet() -> list[str]:
    """The printable stand-ins of the 256 bytes in byte-level BPE, in byte order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet, extra = [], 0
    for byte in range(256):
        if byte in printable:
            alphabet.append(chr(byte))
        else:
            alphabet.append(chr(256 + extra))
            extra += 1
    return alphabet


def learn_merges(words: dict[str, int], *, limit: int) -> list[tuple[str, str]]:
    """Byte-pair merges, the most frequent pair first; ties go to the pair first in the alphabet."""
    pieces = {word: [*word[:-1], word[-1] + "</w>"] for word in sorted(words)}
    merges: list[tuple[str, str]] = []
    while len(merges) < limit:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, parts in pieces.items():
            for pair in pairwise(parts):
                pairs[pair] += words[word]
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word, parts in pieces.items():
            pieces[word] = _merge(parts, best)
    return merges


def _merge(parts: list[str], pair: tuple[str, str]) -> list[str]:
    out: list[str] = []
    for part in parts:
        if out and (out[-1], part) == pair:
            out[-1] += part
        else:
            out.append(part)
    return out


def make_tokenizer(*, limit: int = 1200) -> CLIPTokenizer:
    """The tokenizer of the embedded model: at most `limit` merges, 32 tokens a prompt."""
    words = {w: n for w, n in vocabulary().items() if w.isascii()}
    merges = learn_merges(words, limit=limit)
    alphabet = sorted(byte_alphabet())
    tokens = [*alphabet, *(a + "</w>" for a in alphabet), *dict.fromkeys(a + b for a, b in merges), START, END]
    vocab = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=MAX_TOKENS)  # type: ignore[arg-type]


def save_tokenizer(tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Write the tokenizer; vocab.json and merges.txt too, for readers of the older format."""
    tokenizer.save_pretrained(folder)
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False), encoding="utf-8")
    pairs = (m if isinstance(m, str) else " ".join(m) for m in model["merges"])
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(pairs) + "\n", encoding="utf-8")
