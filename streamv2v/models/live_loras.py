"""LoRAs put on, scaled and taken off while the model runs: prepared beside in a thread, swapped in between two frames.

The weights stay at their addresses and change their numbers, so that captured graphs and whatever else holds them goes
on. What they were is kept, and comes back bit for bit.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..config import Lora
from ..device.beside import beside, taken_over
from ..errors import ModelError
from .lora_changes import Change, pair_changes, reading_pipeline
from .lora_files import check_lora_file
from .lora_needs import FILES_KEPT, SUFFIX
from .loras import as_misfit, told_of
from .lycoris import lycoris_changes
from .lycoris_files import is_lycoris
from .parts import quiet
from .sdxl import is_sdxl
from .weight_files import read_table

Wanted = tuple[tuple[str, float], ...]
"""Name of a file in the folder, without its ending, and its scale."""
STOP_S = 2.0
"""Less than a host waits before it ends an engine process."""


@dataclass(frozen=True, eq=False)
class _Prepared:
    """New numbers for all weights that differ from those on air."""

    wanted: Wanted
    weights: list[Tensor]
    numbers: list[Tensor]


@dataclass(frozen=True, eq=False)
class _File:
    """A LoRA's file as it was read, until it changes on disk."""

    stamp: tuple[int, int]
    changes: list[Change]
    pairs: bool


class LiveLoras:
    """The LoRAs of a folder on the networks of a running engine.

    `want` and `swap` are called by the thread that owns the engine, between two frames; neither waits for anything.

    Args:
        networks: "U-Net", "text encoder" and, where the model has one, "second text encoder".
        folder: where the files are; None has none.

    Attributes:
        on: what is in the weights now.
        told: what came of the last change, one line for a person; "" before the first.
    """

    def __init__(self, networks: Mapping[str, Any], folder: str | None) -> None:
        self.on: Wanted = ()
        self.told = ""
        self._networks, self._folder = dict(networks), None if folder is None else Path(folder).expanduser()
        if folder is not None:
            reading_pipeline(sdxl=is_sdxl(networks["U-Net"].config))
        self._asked: Wanted = ()
        self._refused: Wanted | None = None
        self._ready: _Prepared | None = None
        self._base: dict[int, tuple[Tensor, Tensor]] = {}
        """Of every layer that was changed: its weight, and a copy of what it was, outside of a card's memory."""
        self._files: dict[str, _File] = {}
        self._lock = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False

    @property
    def settled(self) -> bool:
        """Whether nothing is prepared or waits to be swapped in."""
        return self._asked in (self.on, self._refused)

    def want(self, wanted: Wanted) -> None:
        """Prepare these and no others; the newest wish wins."""
        if wanted == self._asked:
            return
        with self._lock:
            self._asked, self._refused = wanted, None
            self._lock.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="loras", daemon=True)
            self._thread.start()

    def swap(self) -> bool:
        """Put in what is ready, if it still is wanted; whether the weights have changed."""
        ready = self._ready
        if ready is None:
            return False
        with self._lock:
            self._ready = None
            if ready.wanted != self._asked:
                return False
            if ready.weights:  # none, where what is taken off had never come
                with torch.no_grad():
                    torch._foreach_copy_(ready.weights, ready.numbers)  # pyright: ignore[reportPrivateImportUsage]
            for numbers in ready.numbers:
                taken_over(numbers)
            self.on = ready.wanted
            if not self.on:
                self._base.clear()
            self._lock.notify_all()
        return bool(ready.weights)

    def wait(self) -> None:
        """Wait until the newest wish is ready to be swapped in, or was refused."""
        with self._lock:
            self._lock.wait_for(lambda: self.settled or self._ready is not None or self._stopping)

    def stop(self) -> None:
        """End the thread, or leave it where what it prepares takes too long; safe to call twice."""
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
        if self._thread is not None:
            # Python that ends under a thread which has used PyTorch may abort
            self._thread.join(STOP_S)

    def facts(self) -> dict[str, Any]:
        """What is on, for people, and why it is not what was wanted; empty where nothing is and nothing was."""
        on = ", ".join(f"{name} x {scale:g}" for name, scale in self.on)
        refused = self.told if self._refused is not None else ""
        return {"live_loras": "; ".join(filter(None, (on or "none", refused)))} if on or refused else {}

    def _run(self) -> None:
        done: Wanted = ()
        while True:
            with self._lock:
                self._lock.wait_for(lambda done=done: self._stopping or self._asked != done)
                if self._stopping:
                    return
                done = self._asked
            prepared, told = None, ""
            try:
                prepared, warned = self._prepared(done)
                told = "; ".join([_said(done), *warned])
            except ModelError as error:
                told = str(error)
            except Exception as error:  # of whatever kind: the weights on air stay, and the engine goes on
                reason = " ".join(str(error).split())[:160]
                told = f"The LoRAs stay as they are: {type(error).__name__}: {reason}."
            with self._lock:
                if done == self._asked:
                    self._ready, self.told = prepared, told
                    self._refused = done if prepared is None else None
                    self._lock.notify_all()

    @torch.no_grad()
    def _prepared(self, wanted: Wanted) -> tuple[_Prepared, list[str]]:
        warned: list[str] = []
        files = [(self._file(name, warned), scale) for name, scale in wanted]
        # as at a start: first all that adds up, then what is reckoned from the weight it finds
        files.sort(key=lambda found: not found[0].pairs)
        changes: dict[int, list[tuple[Change, float]]] = {key: [] for key in self._base}
        for file, scale in files:
            for change in file.changes:
                self._keep(change.layer.weight)
                changes.setdefault(id(change.layer.weight), []).append((change, scale))
        prepared = _Prepared(wanted, [], [])
        with beside(self._networks["U-Net"].device):
            for key, found in changes.items():
                weight, base = self._base[key]
                numbers = base.to(weight.device)
                if found:
                    numbers = numbers.to(torch.promote_types(weight.dtype, torch.float32))
                    for change, scale in found:
                        numbers = change.changed(numbers, scale)
                    if not bool(torch.isfinite(numbers := numbers.to(weight.dtype)).all()):
                        raise ModelError(
                            "With these LoRAs a weight grows beyond what its numbers hold. Scale them down."
                        )
                prepared.weights.append(weight)
                prepared.numbers.append(numbers)
        return prepared, warned

    def _keep(self, weight: Tensor) -> None:
        if id(weight) not in self._base:
            self._base[id(weight)] = weight, weight.detach().to("cpu", copy=True)

    def _file(self, name: str, warned: list[str]) -> _File:
        """A file of the folder, read.

        Raises:
            ModelError: it is not there, no LoRA, or not for this model.
        """
        if self._folder is None:
            raise ModelError(f"There is no folder of LoRAs to take {name!r} from; engine.loras_folder names one.")
        path = self._folder / f"{name}{SUFFIX}"
        try:
            state = path.stat()
        except OSError:
            raise ModelError(f"The LoRA {name!r} was looked for in {self._folder} and is not there.") from None
        stamp = (state.st_mtime_ns, state.st_size)
        kept = self._files.get(name)
        if kept is not None and kept.stamp == stamp:
            return kept
        unet = self._networks["U-Net"].config
        width = unet.cross_attention_dim if isinstance(unet.cross_attention_dim, int) else 0
        many = check_lora_file(path, width=width, sdxl=is_sdxl(unet))
        lora, pairs = Lora(name), not is_lycoris(read_table(path).tensors)
        with as_misfit(lora), quiet():
            changes = pair_changes(path, self._networks) if pairs else lycoris_changes(path, self._networks)[0]
        warned += told_of(lora, len(changes), many)
        while len(self._files) >= FILES_KEPT:
            del self._files[next(iter(self._files))]
        self._files[name] = _File(stamp, changes, pairs)
        return self._files[name]


def _said(wanted: Wanted) -> str:
    return "LoRAs: " + (", ".join(f"{name} x {scale:g}" for name, scale in wanted) or "none")
