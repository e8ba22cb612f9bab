"""Palettes and moods: per-pixel changes of colour that can follow any style.

A palette says which colours ("in blue"), a mood how light falls ("dark", "dreamy"). Both are pure
functions of an RGB uint8 picture [H, W, 3] and are named by the key under which captions look up
the words for them. The empty key changes nothing.
"""

from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np

Picture = np.ndarray  # uint8 [H, W, 3]

# The mid tone of each palette, RGB in 0..1.
INKS: dict[str, tuple[float, float, float]] = {
    "red": (0.85, 0.12, 0.12),
    "orange": (0.95, 0.48, 0.08),
    "gold": (0.85, 0.66, 0.15),
    "green": (0.15, 0.62, 0.22),
    "teal": (0.08, 0.58, 0.60),
    "blue": (0.14, 0.34, 0.85),
    "purple": (0.50, 0.20, 0.78),
    "pink": (0.95, 0.40, 0.66),
}
# Two inks at once: the darker one draws the shadows, the lighter one the light, in whichever order they are named.
INK_PAIRS: tuple[tuple[str, str], ...] = tuple(combinations(INKS, 2))
# Those that are shown: each of eight is seen often enough to be learned as two, which each of twenty-eight was not.
SHOWN_PAIRS = (
    "red+gold", "red+blue", "orange+teal", "gold+blue", "gold+purple", "green+purple", "teal+pink", "blue+pink",
)  # fmt: skip
PALETTES: tuple[str, ...] = (
    "",
    *INKS,
    *("+".join(pair) for pair in INK_PAIRS),
    "grey",
    "warm",
    "cold",
    "pastel",
    "vivid",
)
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
MOODS: tuple[str, ...] = ("", "dark", "bright", "dramatic", "misty", "dreamy")


def _duotone(image: np.ndarray, ink: tuple[float, float, float]) -> np.ndarray:
    """Map luminance from a dark shade through the ink to a pale tint, [H, W, 3]."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    colour = np.array(ink, np.float32)
    steps = np.linspace(0, 1, 256, dtype=np.float32)
    table = np.stack([np.interp(steps, (0, 0.5, 1), (0.10 * c, c, 0.2 * c + 0.8)) for c in colour], axis=-1)
    toned = table[(np.clip(grey, 0, 1) * 255).astype(np.uint8)].astype(np.float32)
    return 0.85 * toned + 0.15 * image


def _two_inks(image: np.ndarray, one: str, other: str) -> np.ndarray:
    """Map luminance from a dark shade of the darker ink to it, to the lighter ink and a pale tint, [H, W, 3]."""
    dark, light = sorted((np.array(INKS[name], np.float32) for name in (one, other)), key=lambda c: c @ LUMINANCE)
    grey = np.clip(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 0, 1)
    stops = np.stack([0.12 * dark, dark, light, 0.35 * light + 0.65])
    steps = np.linspace(0, 1, 256, dtype=np.float32)
    table = np.stack([np.interp(steps, (0, 0.35, 0.65, 1), stops[:, c]) for c in range(3)], axis=-1)
    toned = table[(grey * 255).astype(np.uint8)].astype(np.float32)
    return 0.9 * toned + 0.1 * image


def apply_palette(picture: Picture, palette: str) -> Picture:
    """Recolour a picture; `palette` is one of PALETTES."""
    if not palette:
        return picture
    image = picture.astype(np.float32) / 255.0
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None]
    if palette in INKS:
        image = _duotone(image, INKS[palette])
    elif palette.count("+") == 1 and palette in PALETTES:
        image = _two_inks(image, *palette.split("+"))
    elif palette == "grey":
        image = np.repeat(grey, 3, axis=2)
    elif palette == "warm":
        image = image * np.array([1.15, 1.0, 0.72], np.float32)
    elif palette == "cold":
        image = image * np.array([0.72, 0.95, 1.18], np.float32)
    elif palette == "pastel":
        image = 0.38 + 0.62 * (grey + (image - grey) * 0.9)
    elif palette == "vivid":
        image = grey + (image - grey) * 1.9
    else:
        raise ValueError(f"no such palette: {palette!r}; there are {', '.join(PALETTES[1:])}")
    return np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)


def apply_mood(picture: Picture, mood: str) -> Picture:
    """Relight a picture; `mood` is one of MOODS."""
    if not mood:
        return picture
    image = picture.astype(np.float32) / 255.0
    if mood == "dark":
        image = 0.75 * image**1.6
    elif mood == "bright":
        image = 0.08 + 0.92 * image**0.6
    elif mood == "dramatic":
        image = 1 / (1 + np.exp(-9 * (image - 0.5)))
    elif mood == "misty":
        image = 0.42 + 0.45 * image
    elif mood == "dreamy":
        glow = cv2.GaussianBlur(image, (0, 0), 6)
        image = 1 - (1 - 0.8 * image) * (1 - 0.45 * glow)
    else:
        raise ValueError(f"no such mood: {mood!r}; there are {', '.join(MOODS[1:])}")
    return np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)


def random_toning(rng: np.random.Generator) -> tuple[str, str]:
    """A palette and a mood by their keys; half of the time both are empty, no change."""
    kind = rng.random()
    palette = mood = ""
    if 0.5 <= kind < 0.88:
        single = [name for name in PALETTES[1:] if "+" not in name]
        names = SHOWN_PAIRS if rng.random() < 0.35 else single
        palette = names[int(rng.integers(len(names)))]
    if kind >= 0.78:
        mood = MOODS[int(rng.integers(1, len(MOODS)))]
    return palette, mood


def tone(picture: Picture, palette: str, mood: str) -> Picture:
    """Recolour a picture by a palette, then relight it by a mood."""
    return apply_mood(apply_palette(picture, palette), mood)
