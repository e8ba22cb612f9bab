"""Prompts judged before they go on air: one that names no look the model knows would show nearly the bare camera."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from streamv2v.controls import Controls
from streamv2v.errors import ControlError
from streamv2v.models.vocabulary import Vocabulary
from streamv2v.prompts.syntax import parse

from .promptnotes import PromptNotes

_EXAMPLES = 4

log = logging.getLogger(__name__)


class UnknownLook(ControlError):
    """A prompt that names no look the model knows; the look on air stays.

    Attributes:
        unknown: words of it that the model does not know.
        told: one line for a person.
    """

    def __init__(self, field: str, prompt: str, unknown: tuple[str, ...], allowed: str, told: str) -> None:
        super().__init__(field, prompt, allowed)
        self.unknown, self.told = unknown, told


@dataclass(frozen=True)
class WordNotice:
    """What there is to say of the words that came last.

    Attributes:
        number: goes up by one with every notice, so that each is said once.
        text: one line for a person; "" once other words have gone on air.
        unknown: words that the model does not know.
        refused: the look on air stayed because of them.
        notes: the part of the text that is not about single words, line by line.
    """

    number: int = 0
    text: str = ""
    unknown: tuple[str, ...] = ()
    refused: bool = False
    notes: tuple[str, ...] = ()


class WordJudge:
    """Judges the words of changed controls and keeps what there is to say of them.

    Args:
        vocabulary: of the model; None judges nothing.
        quiet: nothing goes to the log.
        notes: says what else there is to say of prompts.

    Attributes:
        notes: as given.
    """

    def __init__(self, vocabulary: Vocabulary | None, *, quiet: bool = False, notes: PromptNotes | None = None) -> None:
        self._vocabulary, self._quiet = vocabulary, quiet
        self.notes = notes or PromptNotes()
        self.notice = WordNotice()

    def turn_to(self, vocabulary: Vocabulary | None, notes: PromptNotes) -> None:
        """Judge for another model from now on; what was said of the one before holds no longer."""
        self._vocabulary, self.notes = vocabulary, notes
        self.forget()

    def check(self, controls: Controls, *, quietly: bool = False) -> None:
        """Go on where prompt and every text of the blend name a look.

        Args:
            controls: whose words are judged.
            quietly: the caller says what was refused, so nothing goes to the log.

        Raises:
            UnknownLook: one does not; it was put into the log and into `notice`.
        """
        unknown: dict[str, None] = {}
        texts = [("prompt", controls.prompt), *(("blend", text) for text, weight in controls.blend if weight > 0)]
        for field, text in texts if self._vocabulary is not None else ():
            assert self._vocabulary is not None
            verdict = self._vocabulary.judge(parse(text).text)
            if not verdict.names_a_look:
                refusal = self._refusal(field, text, verdict.unknown, verdict.nearest)
                self._say(refusal.told, verdict.unknown, refused=True)
                if not (self._quiet or quietly):
                    log.warning("%s", refusal.told)
                raise refusal
            unknown |= dict.fromkeys(verdict.unknown)
        passed = [f"Passed over: {', '.join(unknown)}."] if unknown else []
        notes = self.notes.of(controls)
        self._say(" ".join(passed + notes), tuple(unknown), notes=tuple(notes))

    def forget(self) -> None:
        """The words on air were asked for again: there is nothing more to say of others."""
        self._say("", ())

    def tell(self, text: str) -> None:
        """Say something else of what is on air, until other words come."""
        self._say(text, (), notes=(text,))

    def _say(self, text: str, unknown: tuple[str, ...], *, refused: bool = False, notes: tuple[str, ...] = ()) -> None:
        number = self.notice.number + bool(text)
        self.notice = WordNotice(number, text, unknown, refused, notes)

    def _refusal(self, field: str, text: str, unknown: tuple[str, ...], nearest: tuple[str, ...]) -> UnknownLook:
        assert self._vocabulary is not None
        known = ", ".join(nearest or _one_of_each(self._vocabulary.looks))
        try_words = f"{'near it' if nearest else 'such as'} {known}"
        why = f"not known: {', '.join(unknown)}" if unknown else "its words only name or light a subject"
        shown = text if len(text) <= 60 else text[:57] + "..."
        told = f"“{shown}” names no look this model knows ({why}); the look on air stays. Try words {try_words}."
        return UnknownLook(field, text, unknown, f"words of a look that this model knows, {try_words} ({why})", told)


def _one_of_each(looks: tuple[str, ...]) -> list[str]:
    """A few looks from all over the list, which has the kinds one after the other."""
    step = max(1, len(looks) // _EXAMPLES)
    return list(looks[::step][:_EXAMPLES])
