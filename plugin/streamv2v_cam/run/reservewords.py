"""The live values for an engine in reserve: words that its own model does not know are replaced by such as it knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from streamv2v.models.vocabulary import Vocabulary

from ..knownwords import WordJudge
from ..store import LiveValues, Snapshot
from .starting import known_controls

if TYPE_CHECKING:
    from ..settings import LoadedSettings


class KnownWords:
    """Live values in words of one model: unknown ones would put another picture on air than anybody meant.

    Args:
        store: the live values of the run, in words of an engine elsewhere.
        settings: with the looks to fall back on.
        vocabulary: of the model here; None judges nothing.

    Attributes:
        told: one line where other words are used than those asked for, else "".
    """

    def __init__(self, store: LiveValues, settings: LoadedSettings, vocabulary: Vocabulary | None) -> None:
        self._store, self._settings, self._vocabulary = store, settings, vocabulary
        self._judge = WordJudge(vocabulary)
        self._asked: Snapshot | None = None
        self._given = store.current
        self._known: Snapshot | None = None
        self.told = ""

    @property
    def current(self) -> Snapshot:
        """The newest values, with the words that were known last where the newest are not."""
        now = self._store.current
        if now is not self._asked:
            self._asked, self._given = now, self._in_known_words(now)
        return self._given

    def _in_known_words(self, now: Snapshot) -> Snapshot:
        if self._judge.knows(now.controls):
            self._known, self.told = now, ""
            return now
        known = (
            self._known.controls if self._known else known_controls(self._settings, now.controls, self._vocabulary)[0]
        )
        self.told = f"it does not know “{_short(now.controls.prompt)}” and draws “{_short(known.prompt)}”"
        return replace(now, controls=now.controls.patched({"prompt": known.prompt, "blend": known.blend}))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
