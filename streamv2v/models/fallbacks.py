"""The ladder of smaller choices: what to run when memory is short. One for the start and for every restart.

Standard library only. Slots go first, since fewer of them change the picture least; then the size.
The model, its VAE and the bank stay what they are: those are a person's choices, not a machine's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..config import StreamConfig
from .preflight import Needs, size_words

SMALLEST_SIDE = 128
_SHRINK = 0.75


@dataclass(frozen=True)
class Fit:
    """What came of asking whether a configuration fits.

    Attributes:
        config: what to run.
        asked: what the configuration asked for needs.
        needs: what `config` needs.
        fits: whether `config` fits; False when not even the lowest rung does.
        short: what was asked, what it needs and what there is; "" when it fits.
        words: one line for a person; "" when what was asked for fits.
    """

    config: StreamConfig
    asked: Needs
    needs: Needs
    fits: bool
    short: str = ""
    words: str = ""


def smaller(config: StreamConfig) -> StreamConfig | None:
    """The next rung down: half the slots, then a smaller picture; None at the end."""
    if config.slots > 1 and not config.sequential:
        return replace(config, slots=config.slots // 2)
    width, height = (max(64, round(side * _SHRINK / 8) * 8) for side in (config.width, config.height))
    if min(width, height) < SMALLEST_SIDE or (width, height) == (config.width, config.height):
        return None
    return replace(config, width=width, height=height)


def difference(old: StreamConfig, new: StreamConfig) -> str:
    """What a smaller choice changed, in words."""
    words = []
    if (new.width, new.height) != (old.width, old.height):
        words.append(f"{new.width}x{new.height} instead of {old.width}x{old.height}")
    if new.slots != old.slots:
        words.append(f"{new.slots} slot{'s' if new.slots > 1 else ''} instead of {old.slots}")
    return " and ".join(words)


def fitting(config: StreamConfig, free_bytes: int, needs: Callable[[StreamConfig], Needs], *, where: str) -> Fit:
    """The highest rung that fits.

    Args:
        free_bytes: what the device has left now.
        needs: what a configuration takes (`needs_of` with the model's facts).
        where: the memory in words, such as "this GPU".
    """
    asked = needs(config)
    if asked.total_bytes <= free_bytes:
        return Fit(config, asked, asked, fits=True)
    short = (
        f"{described(config)} needs about {size_words(asked.total_bytes)} and {where} has {size_words(free_bytes)} free"
    )
    rung = config
    while (lower := smaller(rung)) is not None:
        rung = lower
        found = needs(rung)
        if found.total_bytes <= free_bytes:
            taken = size_words(found.total_bytes)
            words = f"{short}; running {difference(config, rung)} (about {taken})"
            return Fit(rung, asked, found, fits=True, short=short, words=words)
    words = f"{short}; nothing smaller fits either, so it may fail: close other programs or choose another model"
    return Fit(config, asked, asked, fits=False, short=short, words=words)


def described(config: StreamConfig) -> str:
    """Model, size and slots in words."""
    slots = f"{config.slots} slot{'s' if config.slots > 1 else ''}"
    return f"{config.model} at {config.width}x{config.height} with {slots}"
