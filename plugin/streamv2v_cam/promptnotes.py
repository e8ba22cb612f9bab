"""What there is to say of a prompt besides its words: LoRAs that it names, what counts and what does not."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from streamv2v.config import Lora
from streamv2v.controls import Controls
from streamv2v.prompts.reading import CHUNK_LIMIT, PromptReader, TextModel
from streamv2v.prompts.syntax import Tag, parse

from .lorafolder import LoraFile, LoraFolder

NO_GUIDANCE = "The negative prompt does nothing: guidance is off. It needs --guidance full, at the cost of speed."


class PromptNotes:
    """Says what a prompt's signs come to, for one run.

    Args:
        loras: fused into the model.
        guided: whether guidance is on, without which a negative prompt does nothing.
        text_model: gives what the running engine reads prompts with; None while there is none.
        folder: of the LoRAs that may be put on while it runs.
        of_looks: negative prompts that looks carry for whoever has guidance; nobody is told that they do nothing.
    """

    def __init__(
        self,
        loras: Sequence[Lora] = (),
        *,
        guided: bool = True,
        text_model: Callable[[], TextModel | None] = lambda: None,
        folder: LoraFolder | None = None,
        of_looks: Container[str] = (),
    ) -> None:
        self._of_looks = of_looks
        self._folder = folder or LoraFolder(None)
        self._loras, self._guided, self.text_model = tuple(loras), guided, text_model
        self._reads: PromptReader | None = None

    def of(self, controls: Controls) -> list[str]:
        """All there is to say of prompt, blend and negative prompt, one line each."""
        texts = [controls.prompt, *(text for text, weight in controls.blend if weight > 0), controls.negative_prompt]
        said = [line for text in texts if text for line in self._of_text(text, dict(controls.loras))]
        if controls.negative_prompt and not self._guided and controls.negative_prompt not in self._of_looks:
            said.append(NO_GUIDANCE)
        return list(dict.fromkeys(said))

    def told(self, text: str, controls: Controls | None = None) -> dict[str, Any]:
        """How one prompt is read, ready for JSON.

        Args:
            controls: the live values beside it; None is none.

        Returns:
            known (whether an engine is there to count for), tokens, places, chunks, room, chunk_limit, beyond,
            embeddings, loras (name, scale, there, told) and remarks.
        """
        reader = self._reader()
        reading = reader.read(text) if reader else None
        on = dict(controls.loras) if controls else {}
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
                {"name": tag.name, "scale": tag.scale, "there": self._scale(tag, on) is not None, "told": told}
                for tag, told in self._each_told(parse(text).tags, on)
            ],
            "remarks": list(reading.remarks if reading else parse(text).remarks),
        }

    def _of_text(self, text: str, on: Mapping[str, float]) -> Iterator[str]:
        reader = self._reader()
        yield from reader.read(text).remarks if reader else parse(text).remarks
        tags = [tag for tag in parse(text).tags if self._scale(tag, on) != tag.scale]
        yield from (told for _, told in self._each_told(tags, on))

    def _reader(self) -> PromptReader | None:
        model = self.text_model()
        if model is None:
            return None
        if self._reads is None or self._reads.model is not model:  # building a tokenizer takes a tenth of a second
            self._reads = PromptReader(model)
        return self._reads

    def _scale(self, tag: Tag, on: Mapping[str, float]) -> float | None:
        """How much of what a prompt names is in the weights; None where it is not."""
        fused, put_on = self._fused(tag), self._put_on(tag, on)
        return fused if put_on is None else put_on + (fused or 0.0)

    def _fused(self, tag: Tag) -> float | None:
        of_lora = [lora.scale for lora in self._loras if _same(tag, lora.source)]
        return sum(of_lora) if of_lora else None

    def _put_on(self, tag: Tag, on: Mapping[str, float]) -> float | None:
        return next((scale for name, scale in on.items() if _same(tag, name)), None)

    def _each_told(self, tags: Sequence[Tag], on: Mapping[str, float]) -> Iterator[tuple[Tag, str]]:
        """What a prompt names, each with one line: whether it is there, and what to do."""
        files = self._folder.files() if tags else []
        return ((tag, self._told(tag, on, files)) for tag in tags)

    def _told(self, tag: Tag, on: Mapping[str, float], files: Sequence[LoraFile]) -> str:
        if tag.kind == "hypernet":
            return f"“{tag.name}” is a hypernetwork, which this program does not take; it is passed over."
        named, scale = f"The LoRA “{tag.name}”", self._scale(tag, on)
        file = next((file for file in files if _same(tag, file.name)), None)
        if scale is None:
            return f"{named} {self._of_folder(file, tag)}"
        told = f"{named} is in the model with {scale:g}"
        if scale == tag.scale:
            return f"{told}."
        live = self._fused(tag) is None
        way = f"{_control(file, tag)} does." if live else f"Start with --lora FILE:{tag.scale:g}."
        return f"{told}; the {tag.scale:g} of the prompt changes nothing. {way}"

    def _of_folder(self, file: LoraFile | None, tag: Tag) -> str:
        if self._folder.rests:
            return f"is not in the model. {self._folder.rests}"
        if file is None:
            return (
                "is not in the model, nor among those to be put on while it runs (engine.loras_folder). Put its file "
                f"there, or start with --lora FILE:{tag.scale:g}."
            )
        if file.why:
            return f"is in the folder and cannot be put on. {file.why}"
        return f"is in the folder and not on, and a prompt puts none on. {_control(file, tag)} does."


def _control(file: LoraFile | None, tag: Tag) -> str:
    """What puts a LoRA of the folder on."""
    name = file.name if file else tag.name
    return f"The control loras = {{ {name} = {tag.scale:g} }} (LoRAs in the dock, a look, start.loras)"


def _same(tag: Tag, source: str) -> bool:
    return tag.kind != "hypernet" and _name(source) == _name(tag.name)


def _name(source: str) -> str:
    name = PurePath(source.replace("\\", "/")).name.casefold()
    return name.removesuffix(".safetensors")
