"""What is looked at before an engine of another model is started beside the one on air."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamv2v.config import StreamConfig
from streamv2v.models.vocabulary import Vocabulary, vocabulary_of

from ..engine.asked import check_asked
from ..engine.free_memory import free_card_bytes, free_system_bytes
from ..engine.memory_needs import has_nvidia, memory_needs

if TYPE_CHECKING:
    from ..settings import LoadedSettings


def free_bytes(device: str) -> int | None:
    """Memory that is left on a device, "auto", "cpu", "cuda:1"; None where that is not told before an engine asks."""
    kind, _, index = device.partition(":")
    if on_processor(device):
        return free_system_bytes()
    return free_card_bytes(int(index or 0)) if kind in ("auto", "cuda") else None


def on_processor(device: str) -> bool:
    """Whether an engine on that device takes the machine's own memory."""
    return device == "cpu" or (device == "auto" and not has_nvidia())


def known_words(settings: LoadedSettings) -> Vocabulary | None:
    """The words that the model of these settings knows; None where it takes any.

    Raises:
        ModelError: its list of words cannot be read.
    """
    return vocabulary_of(settings.engine.model, loras=settings.engine.loras)


@dataclass(frozen=True)
class Looking:
    """What is looked at before an engine is started; tests of everything around it put in their own.

    Attributes:
        check: raises `ModelError` where a configuration can be seen to be wrong.
        words: the words that the model of settings knows; None where it takes any.
        needs_bytes: memory that an engine takes.
        free_bytes: memory that is left on a device; None where that cannot be told.
    """

    check: Callable[[StreamConfig], None] = check_asked
    words: Callable[[LoadedSettings], Vocabulary | None] = known_words
    needs_bytes: Callable[[StreamConfig], int] = lambda config: memory_needs(config)[0].total_bytes
    free_bytes: Callable[[str], int | None] = free_bytes


NOTHING_LOOKED_AT = Looking(lambda config: None, lambda model: None, lambda config: 0, lambda device: None)
"""For an engine that a test has put in the engine's place."""
