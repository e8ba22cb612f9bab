"""Prompts judged before they go on air: one that names no look the model knows might show nearly the bare camera.

Where the model says what it draws instead (`Vocabulary.otherwise`), such a prompt goes on air all the same, and it is
said what it is drawn as.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from streamv2v.controls import Controls
from streamv2v.errors import ControlError
from streamv2v.models.vocabulary import Verdict, Vocabulary
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
        answered: the part about prompts that name no look and went on air all the same, a line for each.
    """

    number: int = 0
    text: str = ""
    unknown: tuple[str, ...] = ()
    refused: bool = False
    notes: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()


class WordJudge:
    """Judges the words of changed controls and keeps what there is to say of them.

    Args:
        vocabulary: of the model; None judges nothing.
        notes: says what else there is to say of prompts.

    Attributes:
        notes: as given.
    """

    def __init__(self, vocabulary: Vocabulary | None, *, notes: PromptNotes | None = None) -> None:
        self._vocabulary = vocabulary
        self.notes = notes or PromptNotes()
        self.notice = WordNotice()

    def turn_to(self, vocabulary: Vocabulary | None, notes: PromptNotes) -> None:
        """Judge for another model from now on; what was said of the one before holds no longer."""
        self._vocabulary, self.notes = vocabulary, notes
        self.forget()

    def knows(self, controls: Controls) -> bool:
        """Whether prompt and every text of the blend name a look; nothing is said of it."""
        return all(verdict.names_a_look for _, _, verdict in self._verdicts(controls))

    def takes(self, controls: Controls) -> bool:
        """Whether `check` would let them go on; nothing is said of it."""
        return all(verdict.names_a_look or verdict.drawn_as for _, _, verdict in self._verdicts(controls))

    def check(self, controls: Controls, *, quietly: bool = False) -> None:
        """Go on where prompt and every text of the blend name a look, or are drawn as something without one.

        Args:
            controls: whose words are judged.
            quietly: the caller says what came of it, so nothing goes to the log.

        Raises:
            UnknownLook: one does neither; it was put into the log and into `notice`.
        """
        unknown: dict[str, None] = {}
        passed: dict[str, None] = {}
        answered: list[str] = []
        for field, text, verdict in self._verdicts(controls):
            if not verdict.names_a_look and not verdict.drawn_as:
                refusal = self._refusal(field, text, verdict)
                self._say(refusal.told, verdict.unknown, refused=True)
                if not quietly:
                    log.warning("%s", refusal.told)
                raise refusal
            unknown |= dict.fromkeys(verdict.unknown)
            if verdict.names_a_look:
                passed |= dict.fromkeys(verdict.unknown)
            else:
                answered.append(self._answer(text, verdict))
        for line in () if quietly else answered:
            log.info("%s", line)
        lines = [*answered, f"Passed over: {', '.join(passed)}."] if passed else answered
        notes = self.notes.of(controls)
        self._say(" ".join([*lines, *notes]), tuple(unknown), notes=tuple(notes), answered=tuple(answered))

    def forget(self) -> None:
        """The words on air were asked for again: there is nothing more to say of others."""
        self._say("", ())

    def tell(self, text: str) -> None:
        """Say something else of what is on air, until other words come."""
        self._say(text, (), notes=(text,))

    def _verdicts(self, controls: Controls) -> Iterator[tuple[str, str, Verdict]]:
        """Field, text and verdict of the prompt and of every text of the blend that counts."""
        texts = [("prompt", controls.prompt), *(("blend", text) for text, weight in controls.blend if weight > 0)]
        for field, text in texts if self._vocabulary is not None else ():
            assert self._vocabulary is not None
            yield field, text, self._vocabulary.judge(parse(text).text)

    def _say(
        self,
        text: str,
        unknown: tuple[str, ...],
        *,
        refused: bool = False,
        notes: tuple[str, ...] = (),
        answered: tuple[str, ...] = (),
    ) -> None:
        number = self.notice.number + bool(text)
        self.notice = WordNotice(number, text, unknown, refused, notes, answered)

    def _refusal(self, field: str, text: str, verdict: Verdict) -> UnknownLook:
        why, instead = _why(verdict), self._instead(verdict)
        told = f"“{_short(text)}” names no look this model knows ({why}); the look on air stays. Try words {instead}."
        allowed = f"words of a look that this model knows, {instead} ({why})"
        return UnknownLook(field, text, verdict.unknown, allowed, told)

    def _answer(self, text: str, verdict: Verdict) -> str:
        why, instead = _why(verdict), self._instead(verdict)
        told = f"“{_short(text)}” names no look this model knows ({why}); it is drawn as {verdict.drawn_as}."
        return f"{told} Try words {instead}."

    def _instead(self, verdict: Verdict) -> str:
        """Words that the model knows, those that are spelled like unknown ones where there are any."""
        assert self._vocabulary is not None
        known = ", ".join(verdict.nearest or _one_of_each(self._vocabulary.looks))
        return f"{'near it' if verdict.nearest else 'such as'} {known}"


def _why(verdict: Verdict) -> str:
    if verdict.asks_for_photo:
        return "it asks for the camera's own picture, which bypass shows"
    return f"not known: {', '.join(verdict.unknown)}" if verdict.unknown else "its words only name or light a subject"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _one_of_each(looks: tuple[str, ...]) -> list[str]:
    """A few looks from all over the list, which has the kinds one after the other."""
    step = max(1, len(looks) // _EXAMPLES)
    return list(looks[::step][:_EXAMPLES])
