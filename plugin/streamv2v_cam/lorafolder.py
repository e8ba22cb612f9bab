"""The folder of LoRAs that may be put on while the program runs: what is in it, and whether it fits the model."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from streamv2v.controls import Controls, is_lora_name
from streamv2v.errors import ControlError, ModelError
from streamv2v.models.checks import UNKNOWN, Reads
from streamv2v.models.lora_files import check_lora_file
from streamv2v.models.weight_files import read_table

SUFFIX = ".safetensors"
TRIGGERS = 6
LONGEST_TRIGGER, LONGEST_TITLE = 60, 80
MOST_PICTURES = 10**9
"""Of a training, that a count is believed."""
USUAL_SHARE = 0.8
"""A word in so many of the training's pictures stands for what was learned."""
GONE = "engine.loras_folder names a folder that is not there, or that cannot be read."
MISNAMED = "Its name cannot be chosen: give the file one of at most 100 signs that are text, without \\ or : in it."


@dataclass(frozen=True)
class LoraFile:
    """A LoRA of the folder.

    Attributes:
        name: of the file, without its ending; what it is chosen by.
        title: for people, as the file says it, or its name.
        triggers: words of a prompt that it has learned, as the file says them, the most usual first.
        why: why it cannot be put on, one line; "" where it can.
    """

    name: str
    title: str
    triggers: tuple[str, ...] = ()
    why: str = ""


class LoraFolder:
    """The LoRAs on offer, looked at anew whenever it is asked; a file is read again only when it has changed.

    What is listed is told by the tables of files; their numbers, which may be gigabytes, are read when one is put on.

    Args:
        folder: where they are; None where no folder was named.
        reads: what the model reads.
        rests: why none can be put on in this run, one line; "" where they can.
    """

    def __init__(self, folder: Path | None, reads: Reads = UNKNOWN, *, rests: str = "") -> None:
        self._folder, self._reads, self._rests = folder, reads, rests
        self._kept: dict[tuple[Path, bool], tuple[tuple[int, int], LoraFile]] = {}
        self._lock = threading.Lock()

    @property
    def rests(self) -> str:
        """Why none can be put on now, one line; "" where they can."""
        return self._rests or (GONE if self.gone else "")

    @property
    def gone(self) -> bool:
        """Whether a folder was named that is not there (any more)."""
        return self._folder is not None and not os.path.isdir(self._folder)

    def files(self, *, numbers: bool = False) -> list[LoraFile]:
        """All that lie in the folder, by name; hidden ones are passed over.

        Args:
            numbers: read their numbers, too.
        """
        if self._folder is None:
            return []
        try:
            names = sorted(name for name in os.listdir(self._folder) if not name.startswith("."))
        except OSError:
            return []
        paths = [self._folder / name for name in names if name.endswith(SUFFIX)]
        return [self._read(path, numbers=numbers) for path in paths if os.path.isfile(path)]

    def check(self, controls: Controls) -> None:
        """See that every LoRA that is wanted can be put on; reads all of its file the first time.

        Raises:
            ControlError: one cannot; says why.
        """
        for name, _ in controls.loras:
            if rests := self.rests:
                raise ControlError("loras", name, f"none: {rests.removesuffix('.')}")
            path = None if self._folder is None else self._folder / f"{name}{SUFFIX}"
            if path is None or not os.path.isfile(path):
                raise ControlError("loras", name, "the name of a file in engine.loras_folder")
            if why := self._read(path).why or self._read(path, numbers=True).why:
                raise ControlError("loras", name, f"a LoRA that fits: {why.removesuffix('.')}")

    def _read(self, path: Path, *, numbers: bool = False) -> LoraFile:
        try:
            state = path.stat()
        except OSError as error:
            return LoraFile(path.stem, path.stem, why=f"The LoRA {path.name} cannot be read ({error.strerror}).")
        stamp = (state.st_mtime_ns, state.st_size)
        with self._lock:
            kept = self._kept.get((path, numbers))
        if kept is None or kept[0] != stamp:
            kept = stamp, self._looked_at(path, numbers)
            with self._lock:
                self._kept[path, numbers] = kept
        return kept[1]

    def _looked_at(self, path: Path, numbers: bool) -> LoraFile:
        if not is_lora_name(path.stem):
            shown = "".join(sign if sign.isprintable() else "?" for sign in path.stem)[:LONGEST_TITLE]
            return LoraFile(shown, shown, why=MISNAMED)
        try:
            told = read_table(path).metadata
        except ModelError as error:
            return LoraFile(path.stem, path.stem, why=str(error).replace(str(path), path.name))
        title = _clean(told.get("modelspec.title") or told.get("ss_output_name") or "", LONGEST_TITLE) or path.stem
        try:
            check_lora_file(path, width=self._reads.width, sdxl=self._reads.sdxl, numbers=numbers)
        except ModelError as error:
            return LoraFile(path.stem, title, triggers_of(told), str(error))
        except OSError as error:  # it went while it was read
            return LoraFile(path.stem, title, triggers_of(told), f"The LoRA {path.name} cannot be read ({error}).")
        return LoraFile(path.stem, title, triggers_of(told))


def triggers_of(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Words that a LoRA has learned, from what trainers write into its file (modelspec, kohya's tag counts)."""
    said = _clean(metadata.get("modelspec.trigger_phrase", ""), LONGEST_TRIGGER * TRIGGERS)
    if said:
        return _distinct(said.split(","))
    try:
        tables = json.loads(metadata.get("ss_tag_frequency", "{}"))
        counts: Counter[str] = Counter()
        for table in tables.values():
            counts.update({str(tag): int(min(max(count, 0), MOST_PICTURES)) for tag, count in table.items()})
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return ()
    most = max(counts.values(), default=0)
    return _distinct(tag for tag, count in counts.most_common() if count >= USUAL_SHARE * most)


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    cleaned = (_clean(word, LONGEST_TRIGGER) for word in words)
    return tuple(dict.fromkeys(word for word in cleaned if word))[:TRIGGERS]


def _clean(text: str, most: int) -> str:
    """Foreign text on one line, without what cannot be printed."""
    return "".join(sign for sign in " ".join(str(text).split()) if sign.isprintable())[:most].strip()
