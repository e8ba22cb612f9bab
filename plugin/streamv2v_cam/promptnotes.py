"""What there is to say of a prompt besides its words: LoRAs that it names, what counts and what does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from typing import Any

from streamv2v.config import Lora
from streamv2v.controls import Controls
from streamv2v.prompts.reading import CHUNK_LIMIT, PromptReader, TextModel
from streamv2v.prompts.syntax import Tag, parse

NO_GUIDANCE = "The negative prompt does nothing: guidance is off. It needs --guidance full, at the cost of speed."


class PromptNotes:
    """Says what a prompt's signs come to, for one run.

    Args:
        loras: fused into the model.
        guided: whether guidance is on, without which a negative prompt does nothing.
        text_model: gives what the running engine reads prompts with; None while there is none.
    """

    def __init__(
        self,
        loras: Sequence[Lora] = (),
        *,
        guided: bool = True,
        text_model: Callable[[], TextModel | None] = lambda: None,
    ) -> None:
        self._loras, self._guided, self.text_model = tuple(loras), guided, text_model
        self._reads: PromptReader | None = None

    def of(self, controls: Controls) -> list[str]:
        """All there is to say of prompt, blend and negative prompt, one line each."""
        texts = [controls.prompt, *(text for text, weight in controls.blend if weight > 0), controls.negative_prompt]
        said = [line for text in texts if text for line in self._of_text(text)]
        if controls.negative_prompt and not self._guided:
            said.append(NO_GUIDANCE)
        return list(dict.fromkeys(said))

    def told(self, text: str) -> dict[str, Any]:
        """How one prompt is read, ready for JSON.

        Returns:
            known (whether an engine is there to count for), tokens, places, chunks, room, chunk_limit, beyond,
            embeddings, loras (name, scale, there, told) and remarks.
        """
        reader = self._reader()
        reading = reader.read(text) if reader else None
        return {
            "known": reading is not None,
            "tokens": reading.tokens if reading else 0,
            "places": reading.room * len(reading.chunks) if reading else 0,
            "chunks": len(reading.chunks) if reading else 0,
            "room": reading.room if reading else 0,
            "chunk_limit": CHUNK_LIMIT,
            "beyond": list(reading.beyond) if reading else [],
            "embeddings": list(reading.embeddings) if reading else [],
            "loras": [
                {"name": tag.name, "scale": tag.scale, "there": self._found(tag) is not None, "told": self._told(tag)}
                for tag in parse(text).tags
            ],
            "remarks": list(reading.remarks if reading else parse(text).remarks),
        }

    def _of_text(self, text: str) -> Iterator[str]:
        reader = self._reader()
        yield from reader.read(text).remarks if reader else parse(text).remarks
        for tag in parse(text).tags:
            found = self._found(tag)
            if found is None or found.scale != tag.scale:
                yield self._told(tag)

    def _reader(self) -> PromptReader | None:
        model = self.text_model()
        if model is None:
            return None
        if self._reads is None or self._reads.model is not model:  # building a tokenizer takes a tenth of a second
            self._reads = PromptReader(model)
        return self._reads

    def _found(self, tag: Tag) -> Lora | None:
        if tag.kind == "hypernet":
            return None
        return next((lora for lora in self._loras if _name(lora.source) == _name(tag.name)), None)

    def _told(self, tag: Tag) -> str:
        """One line: whether what a prompt names is there, and what to do."""
        if tag.kind == "hypernet":
            return f"“{tag.name}” is a hypernetwork, which this program does not take; it is passed over."
        found = self._found(tag)
        if found is None:
            return (
                f"The LoRA “{tag.name}” is not in the model: LoRAs are added at the start, "
                f"with --lora FILE:{tag.scale:g} or engine.loras."
            )
        if found.scale != tag.scale:
            return (
                f"The LoRA “{tag.name}” is in the model with {found.scale:g}; the {tag.scale:g} of the prompt changes "
                f"nothing. Start with --lora FILE:{tag.scale:g}."
            )
        return f"The LoRA “{tag.name}” is in the model with {found.scale:g}."


def _name(source: str) -> str:
    name = PurePath(source.replace("\\", "/")).name.casefold()
    return name.removesuffix(".safetensors")
