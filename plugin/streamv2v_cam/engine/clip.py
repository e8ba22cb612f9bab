"""ClipEngine: one engine process for a clip; every frame in order, each answered by its own translation."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from streamv2v.config import SLOT_LIMIT, StreamConfig
from streamv2v.controls import Controls
from streamv2v.errors import ModelError
from streamv2v.prompts.reading import TextModel

from ..errors import EngineError
from ..frame import Frame, Pixels
from ..references.shelf import Given
from ..store import Snapshot
from .heartbeat import Patience
from .link import DEFAULT_ENTRY, EngineLink
from .protocol import Failure, FrameDone, Notice, Progress, Ready, Refit

WINDOW = 4
"""Frames on their way beyond the engine's own delay: reading and writing go on while it works."""
_HEAR_S = 0.2

log = logging.getLogger(__name__)

Say = Callable[[str, float | None], None]
"""`say(text, share)`: how far the loading is."""


class ClipEngine:
    """A context manager around one engine process in every-frame mode.

    Args:
        config: what the engine is built from.
        controls: live values, the same for the whole clip.
        entry: function that runs in the child.
        patience: how long the engine may be silent.
        threads: CPU threads of the engine; 0 lets it choose.
        fit: whether a smaller choice runs where memory is short for the one asked.
        say: told of the loading.
        references: the pictures that `controls` name.

    Raises:
        EngineError: on entering, when the engine does not start. There is no second try: a clip can be
            begun again, and a translation in two halves would show the seam.
    """

    def __init__(
        self,
        config: StreamConfig,
        controls: Controls,
        *,
        entry: str = DEFAULT_ENTRY,
        patience: Patience | None = None,
        threads: int = 0,
        fit: bool = True,
        say: Say | None = None,
        references: tuple[Given, ...] = (),
    ) -> None:
        self._config, self._snapshot = config, Snapshot(controls, revision=0, references=references)
        self._entry, self._patience, self._threads = entry, patience, threads
        self._fit = fit
        self._say = say or (lambda text, share: None)
        self._link: EngineLink | None = None
        self.facts: dict[str, Any] = {}
        self.text_model: TextModel | None = None

    def __enter__(self) -> ClipEngine:
        self._link = self._start()
        try:
            while self._link.ready is None:
                self._hear()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.close(at_once=error[0] is not None)

    def translate(self, frames: Iterable[Pixels]) -> Iterator[Pixels]:
        """Exactly one styled picture of the engine's size per frame, in order; once per clip.

        Args:
            frames: RGB uint8 `[H, W, 3]`; brought to the engine's size here.

        Raises:
            EngineError: the engine ended in the middle.
        """
        link = self._link
        assert link is not None and link.ready is not None
        source = iter(frames)
        ahead = WINDOW + link.ready.delay_frames
        given = answered = waiting = 0
        ended = False
        while not ended or answered < given:
            while not ended and given - answered < ahead:
                pixels = next(source, None)
                if pixels is None:
                    ended = True
                    if given:
                        link.end_clip(given)
                else:
                    link.feed(Frame(pixels, given, time.monotonic()))
                    given += 1
            while not waiting and answered < given:
                waiting += self._hear()
            while waiting:
                answered, waiting = answered + 1, waiting - 1
                styled = link.styled_at(answered)
                if styled is None or styled.index != answered - 1:
                    raise EngineError(f"The engine's answer to frame {answered - 1} is missing; this is a fault in it.")
                yield styled.pixels

    def close(self, *, at_once: bool = False) -> None:
        """End the engine process; safe to call twice."""
        if self._link is not None:
            self._link.close(at_once=at_once)

    def _start(self) -> EngineLink:
        return EngineLink(
            self._config,
            self._snapshot,
            entry=self._entry,
            every_frame=True,
            ring_slots=WINDOW + SLOT_LIMIT,
            threads=self._threads,
            fit=self._fit,
            patience=self._patience,
        )

    def _hear(self) -> int:
        """Answers that have come; raises when the engine ended."""
        assert self._link is not None
        answers = 0
        for message in self._link.hear(_HEAR_S):
            if isinstance(message, Failure):
                if message.kind.permanent:
                    raise ModelError(message.reason)
                raise EngineError(f"{message.reason[0].upper()}{message.reason[1:]}.")
            if isinstance(message, Refit):
                # nothing was fed yet: the engine asks for this before it loads
                log.warning("%s", message.reason)
                self._link.close(at_once=True)
                self._config, self._link = message.config, self._start()
                return 0
            if isinstance(message, Progress):
                self._say(message.text, message.share)
            elif isinstance(message, Notice):
                log.log(logging.WARNING if message.lasting else logging.INFO, "%s", message.text)
            elif isinstance(message, Ready):
                self.facts, self.text_model = dict(message.facts), message.text
            elif isinstance(message, FrameDone):
                answers += 1
        return answers
