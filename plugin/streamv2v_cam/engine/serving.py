"""The engine's main loop, for whatever translates: the newest frame (live) or every frame (a clip)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from streamv2v.config import StreamConfig
from streamv2v.controls import Controls

from ..frame import Pixels
from ..references import SIDE
from ..store import Snapshot
from .child import EngineEnd
from .shared_frames import Record


class Translator(Protocol):
    """What the loop needs of an engine; `streamv2v.StreamV2V` is one."""

    @property
    def delay_frames(self) -> int:
        """Frames between a picture going in and its translation coming out."""
        ...

    def __call__(self, pixels: Pixels, controls: Controls, /) -> Pixels:
        """Translate the next frame of a live stream: call T gives the picture of frame max(0, T - delay)."""
        ...

    def translate(self, frames: Iterable[Pixels], controls: Controls, /) -> Iterator[Pixels]:
        """Exactly one output per input, each that input's own translation."""
        ...

    def reset_bank(self) -> None: ...

    def facts(self) -> dict[str, Any]: ...

    def close(self) -> None: ...


Between = Callable[[Translator, float], None]
"""Called between two frames of a live stream, whether or not there is a new one, with the ms that the engine took for
the frame before; 0 where none was drawn since the last call."""
Build = Callable[[StreamConfig, Callable[..., None]], Translator]
"""Makes the translator: `build(config, progress)`; `progress(text, share)` may be called often."""


def serve(end: EngineEnd, build: Build, between: Between = lambda engine, engine_ms: None) -> None:
    """Build a translator and work until the host says stop, or the clip is at its end."""
    engine = build(end.spec.config, end.progress)
    try:
        prompts = getattr(engine, "prompts", None)  # a stand-in reads none
        end.ready(engine.delay_frames, engine.facts(), prompts.reader.model if prompts is not None else None)
        if end.spec.every_frame:
            serve_clip(end, engine)
        else:
            serve_live(end, engine, between)
    finally:
        engine.close()


def serve_live(end: EngineEnd, engine: Translator, between: Between = lambda engine, engine_ms: None) -> None:
    """Translate the newest frame again and again; frames that came in between are skipped."""
    taken: deque[Record] = deque(maxlen=engine.delay_frames + 1)
    shown = show_references(engine, end.snapshot)
    bank_resets = end.snapshot.bank_resets
    last, engine_ms = 0, 0.0
    while not end.memory.stop:
        end.memory.beat()
        between(engine, engine_ms)
        engine_ms = 0.0
        record = end.memory.frames_in.newest(after=last)
        snapshot = end.take_controls()
        if snapshot.bank_resets != bank_resets:
            bank_resets = snapshot.bank_resets
            engine.reset_bank()
        if snapshot.references is not shown:
            shown = show_references(engine, snapshot)
        if record is None:
            end.wait_frame()
            continue
        last = record.sequence
        began_s = time.monotonic()
        styled = engine(end.memory.picture(record), snapshot.controls)
        engine_ms = (time.monotonic() - began_s) * 1000
        taken.append(record)
        # the picture that comes out is that of `delay_frames` calls ago, and of frame 0 before that
        end.answer(styled, shown=taken[0], taken=record, engine_ms=engine_ms, revision=snapshot.revision)


def show_references(engine: Translator, snapshot: Snapshot) -> Any:
    """Give the engine the pictures that its controls name; returns them."""
    references: Any = getattr(engine, "references", None)
    if references is not None:  # a stand-in follows none
        for name, raw in snapshot.references:
            references.put(name, np.frombuffer(raw, np.uint8).reshape(SIDE, SIDE, 3))
    return snapshot.references


def serve_clip(end: EngineEnd, engine: Translator) -> None:
    """Translate a clip: every frame in order, each answered by its own translation."""
    snapshot = end.take_controls()
    show_references(engine, snapshot)
    taken: deque[Record] = deque()
    newest: Record | None = None

    def frames() -> Iterator[Pixels]:
        nonlocal newest
        while (record := _next_frame(end, newest.sequence + 1 if newest else 1)) is not None:
            newest = record
            taken.append(record)
            yield end.memory.picture(record)

    began_s = time.monotonic()
    for styled in engine.translate(frames(), snapshot.controls):
        end.memory.beat()
        now_s = time.monotonic()
        assert newest is not None
        end.answer(
            styled,
            shown=taken.popleft(),
            taken=newest,
            engine_ms=(now_s - began_s) * 1000,
            revision=snapshot.revision,
        )
        began_s = now_s
    while not end.memory.stop:
        # the host still reads the last answers; it says stop when it has them
        end.memory.beat()
        end.wait_frame()


def _next_frame(end: EngineEnd, sequence: int) -> Record | None:
    while not end.memory.stop:
        end.memory.beat()
        record = end.memory.frames_in.at(sequence)
        if record is not None:
            return record
        if 0 < end.memory.last_sequence < sequence:
            return None
        end.wait_frame()
    return None
