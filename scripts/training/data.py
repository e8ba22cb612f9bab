"""Training data: photos cropped once, drawn by every teacher once, kept as memory-mapped arrays.

The cache folder holds `sources.npy` uint8 [N, S, S, 3], `targets.npy` uint8 [N, K, S, S, 3] and
`labels.npy` uint8 [N, K, 3] (style, palette, mood), with N crops, K teachers and S pixels a side.
Crop n depends on the seed and n alone, so the cache is the same however many processes draw it.
"""

from __future__ import annotations

import fnmatch
import json
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.looks_targets import TEACHERS
from training.toning import MOODS, PALETTES, apply_mood, apply_palette

STYLES: tuple[str, ...] = tuple(TEACHERS)
# Crops of one photo, by what its file name begins with; people are worth more than garments.
CROPS_BY_PREFIX = {"webcam_": 7, "portrait_": 7, "profile_": 6, "wallpaper_": 1}


@dataclass(frozen=True)
class Cache:
    """The three arrays of a rendered cache, memory-mapped read-only."""

    sources: np.ndarray
    targets: np.ndarray
    labels: np.ndarray


def list_photos(folder: Path, *, hold_out: Sequence[str] = ()) -> list[Path]:
    """The photos to learn from, sorted by name, without those whose stem fits a held-out pattern.

    Raises:
        FileNotFoundError: the folder has no JPEG or PNG that may be used.
    """
    names = sorted(p for p in folder.glob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
    photos = [p for p in names if not any(fnmatch.fnmatch(p.stem, pattern) for pattern in hold_out)]
    if not photos:
        raise FileNotFoundError(f"no photos to learn from: looked for *.jpg and *.png in {folder}")
    return photos


def crop_plan(photos: list[Path]) -> list[Path]:
    """The photo each crop is taken from; photos of people appear several times."""
    plan: list[Path] = []
    for photo in photos:
        count = next((n for p, n in CROPS_BY_PREFIX.items() if photo.name.startswith(p)), 1)
        plan.extend([photo] * count)
    return plan


def random_crop(picture: np.ndarray, rng: np.random.Generator, *, size: int) -> np.ndarray:
    """A square crop, perhaps mirrored and relit, resized to [size, size, 3] RGB uint8."""
    height, width = picture.shape[:2]
    side = int(min(height, width) * rng.uniform(0.6, 1.0))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    crop = picture[top : top + side, left : left + side]
    mode = cv2.INTER_AREA if side >= size else cv2.INTER_CUBIC
    crop = cv2.resize(crop, (size, size), interpolation=mode)
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    image = crop.astype(np.float32) / 255.0
    image = image ** np.exp(rng.normal(0, 0.22)) * rng.normal(1, 0.06, 3)
    image = image + rng.normal(0, 1, image.shape) * abs(rng.normal(0, 0.008))
    return np.ascontiguousarray(np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8))


def random_toning(rng: np.random.Generator) -> tuple[int, int]:
    """Indices of a palette and a mood; half of the time both are 0, no change."""
    kind = rng.random()
    palette = int(rng.integers(1, len(PALETTES))) if 0.5 <= kind < 0.88 else 0
    mood = int(rng.integers(1, len(MOODS))) if kind >= 0.78 else 0
    return palette, mood


def _render_one(job: tuple[int, str, int, int, str]) -> None:
    index, path, seed, size, folder = job
    cv2.setNumThreads(1)
    rng = np.random.default_rng((seed, index))
    picture = cv2.imread(path, cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"not a picture that OpenCV can read: {path}")
    source = random_crop(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), rng, size=size)
    cache = open_cache(Path(folder), mode="r+")
    cache.sources[index] = source
    for style, teacher in enumerate(TEACHERS.values()):
        palette, mood = random_toning(rng)
        drawn = apply_palette(teacher(source), PALETTES[palette])
        cache.targets[index, style] = apply_mood(drawn, MOODS[mood])
        cache.labels[index, style] = (style, palette, mood)


def open_cache(folder: Path, *, mode: str = "r", every: int = 1) -> Cache:
    """Map a rendered cache, or every n-th crop of it; `mode` is "r" or "r+"."""
    arrays = (np.load(folder / f"{n}.npy", mmap_mode=mode) for n in ("sources", "targets", "labels"))  # type: ignore[call-overload]
    return Cache(*(array[::every] for array in arrays))


def render_cache(photos: list[Path], folder: Path, *, seed: int, size: int = 256, processes: int = 2) -> Cache:
    """Draw every crop by every teacher, or map what an earlier call has drawn already."""
    done = folder / "rendered.json"
    plan = crop_plan(photos)
    facts = {"crops": len(plan), "styles": list(STYLES), "seed": seed, "size": size}
    if done.exists() and json.loads(done.read_text()) == facts:
        return open_cache(folder)
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    count, kinds = len(plan), len(STYLES)
    shapes = {"sources": (count, size, size, 3), "targets": (count, kinds, size, size, 3), "labels": (count, kinds, 3)}
    for name, shape in shapes.items():
        np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.uint8, shape=shape).flush()
    jobs = [(i, str(p), seed, size, str(folder)) for i, p in enumerate(plan)]
    if processes == 1:
        for job in jobs:
            _render_one(job)
    else:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            for _ in pool.imap_unordered(_render_one, jobs, chunksize=8):
                pass
    done.write_text(json.dumps(facts))
    return open_cache(folder)
