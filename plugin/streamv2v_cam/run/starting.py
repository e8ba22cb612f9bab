"""What a run starts in: the live values that were asked for, in words that the model knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from streamv2v.config import EMBEDDED_MODEL
from streamv2v.controls import Controls
from streamv2v.errors import ControlError, ModelError
from streamv2v.models.checks import UNKNOWN, check_model
from streamv2v.models.vocabulary import Vocabulary
from streamv2v.prompts.reading import TextModel

from ..knownwords import UnknownLook, WordJudge
from ..looks import Look, LookSet
from ..lorafolder import LoraFolder
from ..promptnotes import PromptNotes
from ..settings.pictures import pictures_of, with_reference
from ..store import OF_THE_LOOK, ControlStore
from ..system.paths import home_path

if TYPE_CHECKING:
    from ..settings import LoadedSettings


EMBEDDED_TAKES_NONE = "LoRAs are made for larger models than the embedded one; engine.model chooses another."
ELSEWHERE = "LoRAs are put on where the engine is: start its server with --lora."


def starting_store(
    settings: LoadedSettings,
    vocabulary: Vocabulary | None,
    *,
    say: Callable[[str], None],
) -> ControlStore:
    """The store of a run.

    A show that is asked for a look nobody knows begins in the first look that is known, and says so; where the model
    draws such words as something, it begins in that.

    Args:
        settings: all of them.
        vocabulary: words that the model knows; None judges nothing.
        say: told in one line why another look than the one asked for is on air, and what of the prompt does not count.
    """
    pictures = pictures_of(settings)
    loras = lora_folder(settings)
    judge = WordJudge(vocabulary, notes=prompt_notes(settings, loras, settings.looks()))
    controls, name = settings.controls(), settings.start_look()
    try:
        judge.check(controls, quietly=True)
    except UnknownLook as refusal:
        controls, name = known_controls(settings, controls, vocabulary)
        say(refusal.told.replace("the look on air stays", f"the run starts in {name or 'its usual look'}"))
    for line in (*judge.notice.answered, *judge.notes.of(controls)):
        say(line)
    controls = with_reference(settings, controls, pictures)
    if loras.gone:
        say(f"WARNING: {loras.rests}")
    try:
        loras.check(controls)
    except ControlError as refusal:
        say(f"{refusal} The run starts without LoRAs.")
        controls = controls.patched({"loras": {}})
    return ControlStore(
        controls,
        look=name,
        judge=judge,
        pictures=pictures,
        borrow=settings.publish.borrow,
        beneath=_beneath(settings, name),
        loras=loras,
    )


def prompt_notes(
    settings: LoadedSettings,
    loras: LoraFolder,
    looks: LookSet,
    text_model: Callable[[], TextModel | None] = lambda: None,
) -> PromptNotes:
    """What there is to say of prompts in a run.

    Args:
        loras: those that may be put on in it.
        looks: those that are offered.
        text_model: gives what the engine reads prompts with; None while there is none.
    """
    return PromptNotes(
        settings.stream_config().loras,
        guided=settings.engine.guidance != "none",
        text_model=text_model,
        folder=loras,
        of_looks={worded(look).negative_prompt for look in looks},
    )


def lora_folder(settings: LoadedSettings) -> LoraFolder:
    """The LoRAs that may be put on in a run."""
    engine = settings.engine
    if engine.remote:
        return LoraFolder(None, rests=ELSEWHERE)
    folder = home_path(engine.loras_folder) if engine.loras_folder else None
    if engine.model == EMBEDDED_MODEL:
        return LoraFolder(folder, rests=EMBEDDED_TAKES_NONE)
    try:
        reads = check_model(engine.model)
    except ModelError:  # said by who loads it
        reads = UNKNOWN
    return LoraFolder(folder, reads)


def _beneath(settings: LoadedSettings, name: str | None) -> dict[str, Any]:
    """What the streamer's own values are beneath those of the look at the start."""
    own = {key: value for key in OF_THE_LOOK if (value := getattr(settings.start, key)) is not None}
    plain = Controls().as_dict() | own
    return {key: plain[key] for key in OF_THE_LOOK if name and key in settings.looks().get(name).values}


def known_controls(
    settings: LoadedSettings, asked: Controls, vocabulary: Vocabulary | None
) -> tuple[Controls, str | None]:
    """The values asked for, with the words of the first look that the model knows, and that look's name."""
    look = first_known(settings.looks(), vocabulary)
    if look is None:
        return asked.patched({"prompt": Controls().prompt, "blend": ()}), None
    words = worded(look)
    return asked.patched({"prompt": words.prompt, "blend": words.blend}), look.name


def first_known(looks: LookSet, vocabulary: Vocabulary | None) -> Look | None:
    """The first look in words that a model knows; None where there is none."""
    judge = WordJudge(vocabulary)
    return next((look for look in looks if judge.knows(worded(look))), None)


def worded(look: Look) -> Controls:
    """The live values as that look has them, over the usual ones."""
    return Controls().patched(look.patch())
