"""Training data: photos cropped once, drawn by some of the teachers once, kept as memory-mapped arrays.

The cache folder holds `sources.npy` uint8 [N, S, S, 3], `targets.npy` uint8 [N, K, S, S, 3], `styles.npy` uint8
[N, K], the teacher of each target, and `faces.npy` float32 [N, 4] (`faces.py`), with N crops of S pixels a side and K
teachers of each, drawn by lot: more photos are worth more than every teacher's drawing of one. Crop n depends on the
seed and n alone, so the cache is the same however many processes draw it; crops are in shuffled order, so a cache in
the making is a fair sample, and can be learned from.

Palettes and moods are put on where a batch is drawn (`latents.py`).
"""

from __future__ import annotations

import fnmatch
import json
import multiprocessing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from training.faces import find_face
from training.looks_targets import Teacher
from training.teachers import STYLES, TEACHERS

# Crops of one photo, by what its file name begins with; people are worth more than garments.
CROPS_BY_PREFIX = {"webcam_": 7, "portrait_": 7, "profile_": 6, "wallpaper_": 1}
# Teachers that draw a crop. The photo is its own target, and needs no place.
TARGETS_EACH = 12
DRAWN: dict[str, Teacher] = {style: teacher for style, teacher in TEACHERS.items() if style != "photo"}


@dataclass(frozen=True)
class Cache:
    """The arrays of a rendered cache, memory-mapped read-only."""

    sources: np.ndarray
    targets: np.ndarray
    styles: np.ndarray
    faces: np.ndarray

    @cached_property
    def places(self) -> dict[int, np.ndarray]:
        """For each style that occurs, the crops and slots with its targets, [n, 2]."""
        found = np.argwhere(np.ones_like(self.styles, bool))
        drawn = self.styles[found[:, 0], found[:, 1]]
        return {int(style): found[drawn == style] for style in np.unique(drawn)}


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
    side = int(min(height, width) * rng.uniform(0.5, 1.0))
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


@dataclass(frozen=True)
class _Job:
    """One crop to be drawn."""

    index: int
    photo: Path
    seed: int
    size: int
    folder: Path
    styles: tuple[str, ...]


def _render_one(job: _Job) -> int:
    cv2.setNumThreads(1)
    rng = np.random.default_rng((job.seed, job.index))
    picture = cv2.imread(str(job.photo), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"not a picture that OpenCV can read: {job.photo}")
    source = random_crop(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), rng, size=job.size)
    cache = _map(job.folder, mode="r+")
    cache.sources[job.index] = source
    cache.faces[job.index] = find_face(source)
    drawn = rng.choice(len(job.styles), cache.targets.shape[1], replace=False)
    for slot, style in enumerate(STYLES.index(job.styles[number]) for number in drawn):
        cache.targets[job.index, slot] = TEACHERS[STYLES[style]](source)
        cache.styles[job.index, slot] = style
    return job.index


def _map(folder: Path, *, mode: str) -> Cache:
    names = ("sources", "targets", "styles", "faces")
    return Cache(*(np.load(folder / f"{name}.npy", mmap_mode=mode) for name in names))  # type: ignore[call-overload]


def open_cache(folder: Path) -> Cache:
    """Map a rendered cache read-only: the crops that are drawn so far.

    Raises:
        FileNotFoundError: nothing is rendered there.
        ValueError: it holds the drawings of other teachers.
    """
    try:
        told = json.loads((folder / "rendered.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"no rendered targets in {folder}: run the stage 'render' first") from None
    if told["styles"] != list(STYLES):
        raise ValueError(f"{folder} was rendered for other styles: render it anew")
    whole = _map(folder, mode="r")
    return Cache(*(array[: told["done"]] for array in vars(whole).values()))


def open_caches(work: Path) -> list[Cache]:
    """All caches of a work folder, one for each size: `cache-256`, `cache-384`, and so on.

    Raises:
        FileNotFoundError: there is none.
    """
    folders = sorted(folder for folder in work.glob("cache-*") if (folder / "rendered.json").exists())
    return [open_cache(folder) for folder in folders] or [open_cache(work / "cache-256")]


def render_cache(
    photos: list[Path],
    folder: Path,
    *,
    seed: int,
    size: int = 256,
    processes: int = 2,
    most: int | None = None,
    teachers: Mapping[str, Teacher] = DRAWN,
    each: int = TARGETS_EACH,
) -> Cache:
    """Draw crops by some of the teachers each; what an earlier call has drawn is kept.

    Args:
        most: stop at so many crops; a later call with more goes on.
        teachers: those of TEACHERS to draw with.
        each: targets of one crop.
    """
    plan = crop_plan(photos)
    plan = [plan[i] for i in np.random.default_rng(seed).permutation(len(plan))]
    wanted = len(plan) if most is None else min(most, len(plan))
    each = min(each, len(teachers))
    facts = {"crops": len(plan), "styles": list(STYLES), "drawn": list(teachers), "each": each}
    facts |= {"seed": seed, "size": size}
    done = _begin(folder, facts)
    jobs = [_Job(i, plan[i], seed, size, folder, tuple(teachers)) for i in range(done, wanted)]
    if processes == 1:
        for job in jobs:
            _note(folder, facts, _render_one(job), wanted)
    elif jobs:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            for index in pool.imap(_render_one, jobs, chunksize=2):
                _note(folder, facts, index, wanted)
    return open_cache(folder)


def _begin(folder: Path, facts: dict) -> int:
    """How many crops of just this cache are drawn; makes the empty arrays where there are none."""
    path = folder / "rendered.json"
    told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    done = told.pop("done", 0)
    if told == facts:
        return int(done)
    folder.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    count, each, size = facts["crops"], facts["each"], facts["size"]
    arrays = {
        "sources": ((count, size, size, 3), np.uint8),
        "targets": ((count, each, size, size, 3), np.uint8),
        "styles": ((count, each), np.uint8),
        "faces": ((count, 4), np.float32),
    }
    for name, (shape, kind) in arrays.items():
        np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=kind, shape=shape).flush()
    return 0


def _note(folder: Path, facts: dict, index: int, wanted: int) -> None:
    """Tell how far the cache has come, every 16 crops and at the last."""
    if (index + 1) % 16 == 0 or index + 1 == wanted:
        part = folder / "rendered.part"
        part.write_text(json.dumps(facts | {"done": index + 1}), encoding="utf-8")
        part.replace(folder / "rendered.json")
