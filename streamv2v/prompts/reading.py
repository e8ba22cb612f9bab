"""From a prompt to tokens, in chunks of what a text encoder takes at once; no torch, so that the host can count."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tokenizers import Tokenizer

from .syntax import Piece, Tag, parse

CHUNK_LIMIT = 8
"""Most chunks of a prompt."""
COMMA_SHARE = 20 / 75
"""How far from a chunk's end, as a share of it, a comma may stand to be where the next chunk begins."""
SHOWN_WORDS, SHOWN = 12, 80


@dataclass(frozen=True)
class TextModel:
    """What has to be known of a model to count a prompt's tokens; plain values, sent from process to process.

    Attributes:
        tokenizer: as the `tokenizers` library writes it (JSON).
        begin, end, pad: ids of the tokens around and behind a chunk.
        length: places of a chunk, with begin and end.
        embeddings: name of a textual inversion embedding -> ids of its vectors.
    """

    tokenizer: str
    begin: int
    end: int
    pad: int
    length: int
    embeddings: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def room(self) -> int:
        """Tokens of a prompt in one chunk."""
        return self.length - 2

    def padded(self, chunk: Chunk, pad: int | None = None) -> tuple[list[int], list[float]]:
        """Ids and weights of `chunk` with begin, end and what fills it, `length` each; `pad` None is the model's."""
        empty = self.room - len(chunk.ids)
        ids = [self.begin, *chunk.ids, self.end, *[self.pad if pad is None else pad] * empty]
        return ids, [1.0, *chunk.weights, 1.0, *[1.0] * empty]


@dataclass(frozen=True)
class Chunk:
    """Tokens that are encoded together, without begin and end: their ids, and how much each counts."""

    ids: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What becomes of a prompt.

    Attributes:
        chunks: at least one, at most `CHUNK_LIMIT`.
        room: tokens that one of them takes.
        tokens: of the whole prompt, with those that are beyond.
        beyond: the words that do not count, since there are too many.
        embeddings: names of the textual inversion embeddings in it.
        tags: LoRAs and other networks that it names.
        remarks: what was taken otherwise than it may have been meant, one line each.
    """

    chunks: tuple[Chunk, ...]
    room: int
    tokens: int
    beyond: tuple[str, ...] = ()
    embeddings: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def weighted(self) -> bool:
        """Whether any token counts otherwise than as written."""
        return any(weight != 1.0 for chunk in self.chunks for weight in chunk.weights)


@dataclass(frozen=True)
class _Token:
    """A token, or the vectors of an embedding, which stay together."""

    ids: tuple[int, ...]
    weight: float
    text: str
    begins_word: bool
    word: str


class PromptReader:
    """Reads prompts for one model.

    Args:
        model: its tokenizer, length and embeddings.
    """

    def __init__(self, model: TextModel) -> None:
        self.model = model
        self._names = {name.casefold(): name for name in model.embeddings}

    def read(self, text: str) -> Reading:
        """The chunks of `text` and what there is to say of it; raises nothing, whatever it is."""
        prompt = parse(text)
        chunks: list[list[_Token]] = []
        remarks = list(prompt.remarks)
        used: dict[str, None] = {}
        for section in prompt.sections:
            tokens = [token for piece in section for token in self._tokens(piece, used, remarks)]
            chunks += self._filled(tokens)
        kept, rest = chunks[:CHUNK_LIMIT] or [[]], chunks[CHUNK_LIMIT:]
        words = list(dict.fromkeys(token.word for chunk in rest for token in chunk))
        if words:
            shown = " ".join(words[:SHOWN_WORDS])
            shown = shown if len(words) <= SHOWN_WORDS and len(shown) <= SHOWN else f"{shown[:SHOWN].rstrip()} …"
            remarks.append(
                f"The first {sum(len(t.ids) for chunk in kept for t in chunk)} of "
                f"{sum(len(t.ids) for chunk in chunks for t in chunk)} tokens count; beyond them: "
                f"{shown}."
            )
        return Reading(
            tuple(
                Chunk(
                    tuple(number for token in chunk for number in token.ids),
                    tuple(token.weight for token in chunk for _ in token.ids),
                )
                for chunk in kept
            ),
            self.model.room,
            sum(len(token.ids) for chunk in chunks for token in chunk),
            tuple(words),
            tuple(used),
            prompt.tags,
            tuple(dict.fromkeys(remarks)),
        )

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer.from_str(self.model.tokenizer)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _name_pattern(self) -> re.Pattern[str]:
        names = sorted(map(re.escape, self._names), key=len, reverse=True)
        return re.compile(rf"(?<![\w-])(?:embedding:)?({'|'.join(names)})(?![\w-])|(embedding:[\w-]+)", re.IGNORECASE)

    def _tokens(self, piece: Piece, used: dict[str, None], remarks: list[str]) -> Iterator[_Token]:
        """The tokens of a piece, with the vectors of embeddings that are named in it."""
        end = 0
        for found in self._name_pattern.finditer(piece.text):
            name = self._names.get((found[1] or "").casefold())
            if name is None:
                if found[2]:
                    remarks.append(f"“{found[2][:60]}” is not among the embeddings; it is read as words.")
                continue
            yield from self._words(piece.text[end : found.start()], piece.weight)
            used[name] = None
            yield _Token(tuple(self.model.embeddings[name]), piece.weight, name, True, name)
            end = found.end()
        yield from self._words(piece.text[end:], piece.weight)

    def _words(self, text: str, weight: float) -> Iterator[_Token]:
        if not text.strip():
            return
        found = self._tokenizer.encode(text, add_special_tokens=False)
        spans: dict[int | None, tuple[int, int]] = {}
        for word, (first, last) in zip(found.word_ids, found.offsets, strict=True):
            before = spans.get(word, (first, last))
            spans[word] = (min(before[0], first), max(before[1], last))
        last_word: object = self
        for number, word, (first, last) in zip(found.ids, found.word_ids, found.offsets, strict=True):
            start, stop = spans[word]
            yield _Token((number,), weight, text[first:last], word != last_word, text[start:stop].strip())
            last_word = word

    def _filled(self, tokens: list[_Token]) -> list[list[_Token]]:
        """Chunks of at most `room` tokens; where one is full the next begins after a comma nearby, or with a word."""
        room = self.model.room
        chunks: list[list[_Token]] = [[]]
        for token in tokens:
            while sum(len(other.ids) for other in chunks[-1]) + len(token.ids) > room:
                at = 0 if token.begins_word and token.text != "," else self._word_start(chunks[-1])
                chunks.append(self._cut(chunks[-1], at))
            chunks[-1].append(token)
        return chunks

    def _cut(self, chunk: list[_Token], word_start: int) -> list[_Token]:
        """Take from the end of a full chunk what goes into the next."""
        near = int(self.model.room * COMMA_SHARE)
        commas = [at + 1 for at, token in enumerate(chunk) if token.text == ","]
        at = commas[-1] if commas and len(chunk) - commas[-1] <= near else word_start or len(chunk)
        moved = chunk[at:]
        del chunk[at:]
        return moved

    def _word_start(self, chunk: list[_Token]) -> int:
        """Where the last word of a chunk begins; 0, which is nowhere, where it fills the chunk."""
        return next((at for at in range(len(chunk) - 1, 0, -1) if chunk[at].begins_word), 0)
