"""What a run starts in: the live values that were asked for, in words that the model knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from streamv2v.controls import Controls
from streamv2v.models.vocabulary import Vocabulary

from ..knownwords import UnknownLook, WordJudge
from ..promptnotes import PromptNotes
from ..settings.pictures import pictures_of, with_reference
from ..store import ControlStore

if TYPE_CHECKING:
    from ..settings import LoadedSettings


def starting_store(
    settings: LoadedSettings,
    vocabulary: Vocabulary | None,
    *,
    say: Callable[[str], None],
) -> ControlStore:
    """The store of a run.

    A show that is asked for a look nobody knows begins in the first look that is known, and says so.

    Args:
        settings: all of them.
        vocabulary: words that the model knows; None judges nothing.
        say: told in one line why another look than the one asked for is on air, and what of the prompt does not count.
    """
    pictures = pictures_of(settings)
    guided = settings.engine.guidance != "none"
    notes = PromptNotes(settings.stream_config().loras, guided=guided)
    judge = WordJudge(vocabulary, notes=notes)
    controls, name = settings.controls(), settings.start_look()
    try:
        judge.check(controls, quietly=True)
    except UnknownLook as refusal:
        controls, name = known_controls(settings, controls, vocabulary)
        say(refusal.told.replace("the look on air stays", f"the run starts in {name or 'its usual look'}"))
    for line in judge.notes.of(controls):
        say(line)
    controls = with_reference(settings, controls, pictures)
    return ControlStore(controls, look=name, judge=judge, pictures=pictures, borrow=settings.publish.borrow)


def known_controls(
    settings: LoadedSettings, asked: Controls, vocabulary: Vocabulary | None
) -> tuple[Controls, str | None]:
    """The values asked for, with the words of the first look that the model knows, and that look's name."""
    silent = WordJudge(vocabulary, quiet=True)
    for look in settings.looks():
        words = Controls().patched(look.patch())
        try:
            silent.check(words)
        except UnknownLook:
            continue
        return asked.patched({"prompt": words.prompt, "blend": words.blend}), look.name
    return asked.patched({"prompt": Controls().prompt, "blend": ()}), None
