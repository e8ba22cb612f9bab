"""Pictures for people: settings side by side, what changes from frame to frame, and curves over the frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

AMPLIFIED = 8
"""Frame differences are shown this many times as strong."""
COLUMNS = 7
"""Pictures side by side on one sheet, the source included."""
COLOURS = ((31, 119, 180), (214, 39, 40), (44, 160, 44), (255, 127, 14), (148, 103, 189), (140, 86, 75), (23, 190, 207))
INK, PAPER = (40, 40, 40), (255, 255, 255)
LABEL_PX = 22

Shown = dict[int, tuple[np.ndarray, np.ndarray]]
"""Frame number -> (its picture, the picture before it), RGB uint8 `[H, W, 3]`."""


def sheets(columns: dict[str, Shown]) -> list[np.ndarray]:
    """Side-by-side sheets, RGB; the first column (the source) is on each.

    Args:
        columns: name -> pictures; all with the same frames and size. For each frame a row of pictures and one of
            differences to the frame before.
    """
    names = list(columns)
    first, others = names[0], names[1:]
    chunks = [others[k : k + COLUMNS - 1] for k in range(0, max(1, len(others)), COLUMNS - 1)]
    return [_sheet({name: columns[name] for name in [first, *chunk]}) for chunk in chunks]


def difference_picture(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """|now - before|, amplified, on black."""
    gap = np.abs(now.astype(np.float32) - before.astype(np.float32)) * AMPLIFIED
    return np.clip(gap, 0, 255).astype(np.uint8)


def plot(title: str, lines: Mapping[str, Sequence[float]], *, first: int = 0, grey: str = "source") -> np.ndarray:
    """Curves over the frame number, RGB uint8.

    Args:
        lines: name -> values of frame `first`, `first` + 1, ...; the one named `grey` stands in grey.
    """
    width, height, left, top, legend = 960, 420, 64, 40, 24 * ((len(lines) + 3) // 4)
    canvas = np.full((height + legend, width, 3), PAPER, np.uint8)
    most = max(max((max(values) for values in lines.values() if len(values)), default=1.0), 1e-6) * 1.05
    count = max(2, *(len(values) for values in lines.values()))
    right, bottom = width - 16, height - 34
    for step in range(5):
        y = round(bottom - (bottom - top) * step / 4)
        cv2.line(canvas, (left, y), (right, y), (225, 225, 225), 1)
        _write(canvas, f"{most * step / 4:.3g}", (6, y + 4))
        number = first + round((count - 1) * step / 4)
        _write(canvas, str(number), (round(left + (right - left) * step / 4) - 8, bottom + 20))
    for index, (name, values) in enumerate(lines.items()):
        colour = (150, 150, 150) if name == grey else COLOURS[index % len(COLOURS)]
        x = left + (right - left) * np.arange(len(values)) / (count - 1)
        y = bottom - (bottom - top) * np.asarray(values, float) / most
        dashed = index >= len(COLOURS)
        points = np.round(np.stack([x, y], axis=-1)).astype(np.int32)
        for start, end in zip(points[: -1 : 2 if dashed else 1], points[1 :: 2 if dashed else 1], strict=False):
            cv2.line(canvas, start.tolist(), end.tolist(), colour, 2, cv2.LINE_AA)
        at = (left + (index % 4) * 222, height + 16 + 24 * (index // 4) - 8)
        cv2.line(canvas, (at[0], at[1] - 4), (at[0] + 22, at[1] - 4), colour, 3)
        _write(canvas, name, (at[0] + 28, at[1]))
    _write(canvas, title, (left, 24), 0.55)
    return canvas


def save(path: Path, picture: np.ndarray) -> None:
    """Write an RGB picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def _sheet(columns: dict[str, Shown]) -> np.ndarray:
    numbers = sorted(next(iter(columns.values())))
    drawn = []
    for name, shown in columns.items():
        parts = [_label(name, shown[numbers[0]][0].shape[1])]
        for number in numbers:
            now, before = shown[number]
            parts += [_label(f"frame {number}", now.shape[1]), now]
            parts += [_label(f"change x {AMPLIFIED}", now.shape[1]), difference_picture(now, before)]
        drawn.append(np.vstack(parts))
    gap = np.full((drawn[0].shape[0], 4, 3), PAPER, np.uint8)
    return np.hstack([part for column in drawn for part in (column, gap)][:-1])


def _label(text: str, width: int) -> np.ndarray:
    strip = np.full((LABEL_PX, width, 3), PAPER, np.uint8)
    _write(strip, text, (4, LABEL_PX - 7))
    return strip


def _write(canvas: np.ndarray, text: str, at: tuple[int, int], scale: float = 0.45) -> None:
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, INK, 1, cv2.LINE_AA)
