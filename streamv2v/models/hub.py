"""From a model's name to a folder on this machine: embedded, a folder, or a pinned hub download."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..config import EMBEDDED_FOLDER, EMBEDDED_MODEL
from ..errors import ModelError
from .asking import Warn, Wish, asked
from .sdxl import SECOND_PARTS
from .weight_files import OTHER_FORMATS, PICKLES, read_json

Progress = Callable[[str, float | None], None]
"""(what is being done, share done 0..1 or None) -> nothing; called from the loading thread."""

PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
WEIGHTY = ("unet", "vae", "text_encoder", "text_encoder_2")
LAYERS_FILE = "streamv2v.json"
"""Beside model_index.json: what this engine should know of the model (`float32_layers.py`); most have none."""
HUB_FILE = re.compile(r"^([A-Za-z0-9][\w.-]*/[\w.-]+)/([\w./-]+\.safetensors)$")
HUB_ID = re.compile(r"^[A-Za-z0-9][\w.-]*/[\w.-]+$")


def home_path(text: str) -> Path:
    """A path with "~" as the person's home; "~" of nobody is a name like any other."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def hub_file(source: str) -> tuple[str, str] | None:
    """(hub id, file) of a name like "owner/name/file.safetensors"; None for any other, or where that folder is here."""
    match = HUB_FILE.match(source)
    plain = all(part not in ("", ".", "..") for part in source.split("/"))
    return (match[1], match[2]) if match and plain and not Path(source).parent.is_dir() else None


def silent(_what: str, _share: float | None) -> None:
    """The progress nobody watches."""


def is_single_file(model: str) -> bool:
    """Whether `model` names one checkpoint file rather than a folder or a hub id."""
    return Path(model).suffix.lower() in (".safetensors", *PICKLES, *OTHER_FORMATS)


def find_folder(
    model: str,
    *,
    revision: str | None = None,
    offline: bool = False,
    cache_dir: str | None = None,
    half: bool = False,
    parts: Iterable[str] = PARTS,
    progress: Progress = silent,
    warn: Warn = lambda _line: None,
) -> Path:
    """The diffusers folder that `model` stands for, downloaded if it must be.

    Args:
        model: "embedded", a folder or a hub id.
        revision: branch, tag or commit of a hub id.
        offline: only files that are already there.
        half: prefer half-precision weights where the hub has them.
        parts: sub-folders that are needed.
        warn: told that the hub could not be reached and what was kept of the model is used.
    Raises:
        ModelError: what was looked for, where, and what to do.
    """
    if model == EMBEDDED_MODEL:
        if not (EMBEDDED_FOLDER / "model_index.json").is_file():
            raise ModelError("The embedded model is not in this installation; install the program again.")
        return EMBEDDED_FOLDER
    folder = home_path(model)
    if folder.is_dir():
        return folder
    looks_like_path = model.startswith((".", "/", "~")) or "\\" in model or not HUB_ID.match(model)
    if looks_like_path or folder.exists():
        found = "is a file that is no model's" if folder.exists() else "is not there"
        raise ModelError(
            f"The model {model!r} was looked for as a folder and {found}. "
            "Give 'embedded', a diffusers folder, a .safetensors file or a hub id such as stabilityai/sd-turbo."
        )
    return _download(model, revision, offline, cache_dir, half, tuple(parts), progress, warn)


def chosen_weights(names: Iterable[str], *, half: bool) -> list[str]:
    """Of the files of one part those whose weights are taken: one rule for the download and for the loading.

    Args:
        half: take "fp16" weights where there are some; else they are taken where there are no others.
    """
    weights = [name for name in names if name.endswith(".safetensors") and "non_ema" not in name]
    fp16 = [name for name in weights if ".fp16" in name]
    full = [name for name in weights if ".fp16" not in name]
    return (fp16 or full) if half else (full or fp16)


def wanted_files(names: Iterable[str], parts: Iterable[str], *, half: bool) -> list[str]:
    """Which of a repository's files make up the model: configurations and one set of safetensors each.

    Args:
        names: all files of the repository.
        half: take "fp16" weights for a part that has them.
    """
    names = list(names)
    wanted = [name for name in names if name in ("model_index.json", LAYERS_FILE)]
    for part in parts:
        inside = [name for name in names if name.startswith(part + "/") and name.count("/") == 1]
        wanted += [name for name in inside if name.endswith((".json", ".txt", ".model"))]
        wanted += chosen_weights(inside, half=half)
    return wanted


def _download(
    model: str,
    revision: str | None,
    offline: bool,
    cache_dir: str | None,
    half: bool,
    parts: tuple[str, ...],
    progress: Progress,
    warn: Warn,
) -> Path:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import RevisionNotFoundError

    where = f"{model} at {revision}" if revision else model

    def fetch() -> Path:
        progress(f"asking the hub for {where}", None)
        try:
            files = HfApi().model_info(model, revision=revision, files_metadata=True).siblings or []
        except RevisionNotFoundError:
            raise ModelError(f"The hub has {model}, but no revision {revision!r}. Check the revision.") from None
        wanted = wanted_files([file.rfilename for file in files], (*parts, *SECOND_PARTS), half=half)
        _check_wanted(model, wanted, parts)
        total_bytes = sum(file.size or 0 for file in files if file.rfilename in wanted)
        bars: Any = _progress_bars(f"downloading {where}", progress, total_bytes)
        return Path(
            snapshot_download(model, revision=revision, cache_dir=cache_dir, allow_patterns=wanted, tqdm_class=bars)
        )

    def kept() -> Path | None:
        # a snapshot holds only the wanted files, which the hub's own offline call takes for incomplete
        found = cached_folder(model, cache_dir, "model_index.json", revision)
        return found if found is None or offline or is_whole(found, parts) else None

    wish = Wish("model", where, model, "choose --model embedded")
    return asked(wish, fetch, kept=kept, offline=offline, warn=warn)


def is_whole(folder: Path, parts: tuple[str, ...]) -> bool:
    """Whether each part is there with its weights, as far as their names tell."""
    told = read_json(folder / "model_index.json")
    needed = (*parts, *(part for part in SECOND_PARTS if any(told.get(part) or ())))
    inside = {part: [file.name for file in (folder / part).glob("*")] for part in needed}
    weighty = [part for part in needed if part in WEIGHTY]
    return all(inside.values()) and all(chosen_weights(inside[part], half=False) for part in weighty)


def _check_wanted(model: str, wanted: list[str], parts: tuple[str, ...]) -> None:
    second = [part for part in SECOND_PARTS if any(name.startswith(f"{part}/") for name in wanted)]
    for part in (part for part in (*parts, *second) if part in WEIGHTY):
        if not any(name.startswith(f"{part}/") and name.endswith(".safetensors") for name in wanted):
            raise ModelError(
                f"{model} has no {part} in the safetensors format, and other formats can run code when opened. "
                "Choose a model with safetensors files."
            )


def _progress_bars(what: str, progress: Progress, total_bytes: int) -> type:
    from tqdm.auto import tqdm

    shown = 0.0

    class ReportingBar(tqdm):  # type: ignore[type-arg]
        """Draws nothing; tells `progress` how far the bytes are."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": False, "file": _Nowhere(), "mininterval": 0.2})

        def display(self, *args: Any, **kwargs: Any) -> None:
            nonlocal shown
            # the bar's own total grows while files are begun, so the share is taken of the sum known before
            share = min(1.0, self.n / total_bytes) if self.unit == "B" and total_bytes else 0.0
            if share > shown:
                shown = share
                progress(what, share)

    return ReportingBar


class _Nowhere:
    def write(self, _text: str) -> None:
        """Swallow what a bar would draw."""

    def flush(self) -> None:
        """Nothing is held."""


def is_cached(model: str, cache_dir: str | None, name: str = "model_index.json") -> bool:
    """Whether files of a hub model, among them `name`, are on this machine already; asks no network."""
    return cached_folder(model, cache_dir, name) is not None


def cached_folder(model: str, cache_dir: str | None, name: str, revision: str | None = None) -> Path | None:
    """The folder of a hub model's files on this machine, if the named file is among them."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(model, name, revision=revision, cache_dir=cache_dir)
    return Path(found).parent if isinstance(found, str) else None
