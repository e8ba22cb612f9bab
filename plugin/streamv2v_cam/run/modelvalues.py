"""The live values on their way from one model to another: each gets words, LoRAs and numbers that it takes.

A look that both have goes along in the other's own version; other words go along where the new model knows them; what
it cannot carry is left behind, said once, and is there again when its model is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamv2v.controls import Controls
from streamv2v.errors import ControlError
from streamv2v.models.vocabulary import Vocabulary

from ..knownwords import WordJudge
from ..looks import LOOK_CONTROLS, LookSet
from ..settings.another import named_for
from ..store import OF_THE_LOOK, ControlStore, Snapshot, WordsAndLoras
from .starting import first_known, lora_folder, prompt_notes, worded

if TYPE_CHECKING:
    from ..settings import LoadedSettings

Patches = list[tuple[Mapping[str, Any], str | None]]
WITHOUT_PICTURES: Mapping[str, Any] = {"reference": "", "reference_blend": ()}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Left:
    """What was on with a model when another took over: its words and numbers, the streamer's LoRAs, and the look."""

    values: Mapping[str, Any]
    loras: Mapping[str, float]
    look: str | None


@dataclass(frozen=True)
class Reader:
    """A model, as far as live values are concerned.

    Attributes:
        settings: for it.
        vocabulary: the words that it knows; None judges nothing.
        looks: for it.
    """

    settings: LoadedSettings
    vocabulary: Vocabulary | None
    looks: LookSet

    def knows(self, controls: Controls) -> bool:
        """Whether prompt and blend name looks that it knows."""
        return WordJudge(self.vocabulary).knows(controls)

    def takes(self, controls: Controls) -> bool:
        """Whether it knows them, or draws them as something all the same."""
        return WordJudge(self.vocabulary).takes(controls)


class ModelValues:
    """The live values of a run whose model changes.

    Args:
        store: holds them.
        title: what people call a model, by its `engine.model`.

    Attributes:
        told: what could not be carried to the model on air, one line; "" for nothing.
    """

    def __init__(self, store: ControlStore, title: Callable[[str], str]) -> None:
        self._store, self._title = store, title
        self._left: dict[str, _Left] = {}
        self._arrived: tuple[object, ...] | None = None
        self.told = ""

    def preview(self, new: Reader) -> Snapshot:
        """The values as that model takes them; nothing changes.

        Raises:
            ControlError: values that it refuses.
        """
        patches = self._decided(new, lora_folder(new.settings), self._store.current)
        merged = {name: value for patch, _ in patches for name, value in patch.items()}
        return self._store.preview(merged, patches[-1][1])

    def turn_to(self, new: Reader, old: LoadedSettings) -> None:
        """That model is on air.

        Args:
            new: it.
            old: settings for the model that was on air until now.
        """
        before, loras = self._store.current, lora_folder(new.settings)
        self._left[old.engine.model] = _left_of(before)
        self._decided(new, loras, before)  # what has to be read for it is read while other changes go on
        notes = prompt_notes(new.settings, loras, new.looks, self._store.notes.text_model)
        reads = WordsAndLoras(new.vocabulary, notes, loras, new.looks)
        try:
            now = self._store.turn_to(reads, lambda current: self._decided(new, loras, current))
        except ControlError as error:
            log.warning("Not all values could be taken along to the other model: %s", error)
            now = self._store.turn_to(reads, lambda current: [_in_plain_words(new)])
        self._arrived = _words(now)
        self.told = " ".join(self._said(before, now, old, new))
        if self.told:
            log.info("%s", self.told)
            self._store.tell(self.told)

    def _decided(self, new: Reader, loras: Any, now: Snapshot) -> Patches:
        """Patches one after the other: the streamer's own LoRAs, then the picture; nothing that cannot be had."""
        left = self._left.get(new.settings.engine.model)
        own = _fitting(loras, left.loras if left else dict(_own_loras(now)))
        patch, look = self._picture(new, left, now)
        if "loras" in patch:
            patch = {**patch, "loras": _fitting(loras, patch["loras"])}
        try:
            self._store.preview(patch, look)
        except ControlError as error:  # a picture that was removed, or a frame where the camera is not lent any more
            log.info("A reference picture stays behind: %s", error)
            patch = {**patch, **WITHOUT_PICTURES}
        return [({"loras": own}, None), (patch, look)]

    def _picture(self, new: Reader, left: _Left | None, now: Snapshot) -> tuple[Mapping[str, Any], str | None]:
        if now.look is not None and now.look in new.looks and new.knows(worded(new.looks.get(now.look))):
            look = new.looks.get(now.look)
            return look.patch(), look.name
        known, meant = new.knows(now.controls), _words(now) != self._arrived
        if left is not None and not (known and meant):
            look = left.look if left.look in new.looks else None
            of_the_look = new.looks.get(look).values if look else {}
            values = {name: value for name, value in of_the_look.items() if name in OF_THE_LOOK}
            if new.takes(now.controls.patched(left.values)):
                return {**left.values, **values}, look
        if known:
            return {}, None
        first = first_known(new.looks, new.vocabulary)
        return _in_plain_words(new) if first is None else (first.patch(), first.name)

    def _said(self, before: Snapshot, now: Snapshot, old: LoadedSettings, new: Reader) -> list[str]:
        was, lines = f"“{self._title(old.engine.model)}”", []
        gone = [name for name, _ in _own_loras(before) if name not in dict(now.controls.loras)]
        if gone:
            lines.append(f"LoRAs that are made for {was} rest until it is back: {', '.join(gone)}.")
        if named := named_for(old):
            lines.append(f"The settings name {' and '.join(named)} for {was}, which come back with it.")
        if before.look not in (None, now.look) or not new.knows(before.controls):
            prompt = now.controls.prompt
            shown = prompt if len(prompt) <= 60 else prompt[:57] + "..."
            lines.append(f"This model draws “{shown}”; {was} keeps its look until it is back.")
        return lines


def _own_loras(now: Snapshot) -> tuple[tuple[str, float], ...]:
    """The streamer's LoRAs, beneath those of the look that is on."""
    if "loras" not in now.beneath:
        return now.controls.loras
    return Controls().patched({"loras": dict(now.beneath["loras"])}).loras


def _left_of(now: Snapshot) -> _Left:
    values = now.controls.as_dict()
    kept = {name: values[name] for name in LOOK_CONTROLS if name not in OF_THE_LOOK}
    return _Left(kept, dict(_own_loras(now)), now.look)


def _words(now: Snapshot) -> tuple[object, ...]:
    return now.controls.prompt, now.controls.blend


def _in_plain_words(new: Reader) -> tuple[Mapping[str, Any], str | None]:
    """What every model takes: the words of its first look, and nothing that stands for a file."""
    first = first_known(new.looks, new.vocabulary)
    words = Controls() if first is None else worded(first)
    return {"prompt": words.prompt, "blend": words.blend, "loras": {}, **WITHOUT_PICTURES}, None


def _fitting(loras: Any, wanted: Mapping[str, float]) -> dict[str, float]:
    """Those that can be put on."""
    return {name: scale for name, scale in dict(wanted).items() if _fits(loras, name, scale)}


def _fits(loras: Any, name: str, scale: float) -> bool:
    try:
        loras.check(Controls().patched({"loras": {name: scale}}))
    except ControlError:
        return False
    return True
