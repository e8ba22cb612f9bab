"""From a model's name to a folder on this machine: embedded, a folder, or a pinned hub download."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..config import EMBEDDED_FOLDER, EMBEDDED_MODEL
from ..errors import ModelError

Progress = Callable[[str, float | None], None]
"""(what is being done, share done 0..1 or None) -> nothing; called from the loading thread."""

PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
LAYERS_FILE = "streamv2v.json"
"""Beside model_index.json: what this engine should know of the model (`float32_layers.py`); most have none."""
HUB_ID = re.compile(r"^[A-Za-z0-9][\w.-]*/[\w.-]+$")


def home_path(text: str) -> Path:
    """A path with "~" as the person's home; "~" of nobody is a name like any other."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def silent(_what: str, _share: float | None) -> None:
    """The progress nobody watches."""


def is_single_file(model: str) -> bool:
    """Whether `model` names one checkpoint file rather than a folder or a hub id."""
    return Path(model).suffix.lower() in (".safetensors", ".ckpt", ".pt", ".bin", ".pth")


def check_single_file(model: str) -> Path:
    """The checkpoint's path.

    Raises:
        ModelError: it is not there, or could run code when opened.
    """
    path = home_path(model)
    if path.suffix.lower() != ".safetensors":
        raise ModelError(f"{path.name}: only .safetensors files are opened; {path.suffix} files can run code.")
    if not path.is_file():
        raise ModelError(f"The checkpoint {model} was looked for and is not there. Check the path.")
    return path


def find_folder(
    model: str,
    *,
    revision: str | None = None,
    offline: bool = False,
    cache_dir: str | None = None,
    half: bool = False,
    parts: Iterable[str] = PARTS,
    progress: Progress = silent,
) -> Path:
    """The diffusers folder that `model` stands for, downloaded if it must be.

    Args:
        model: "embedded", a folder or a hub id.
        revision: branch, tag or commit of a hub id.
        offline: only files that are already there.
        half: prefer half-precision weights where the hub has them.
        parts: sub-folders that are needed.
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
        raise ModelError(
            f"The model {model!r} was looked for as a folder and is not there. "
            "Give 'embedded', a diffusers folder, a .safetensors file or a hub id such as stabilityai/sd-turbo."
        )
    return _download(model, revision, offline, cache_dir, half, tuple(parts), progress)


def check_model(model: str) -> None:
    """See, at no cost and without the network, whether `model` can be one; a hub id always can.

    Raises:
        ModelError: a path that is not there, a folder that lacks a part, a file that is not opened.
    """
    if is_single_file(model):
        check_single_file(model)
    elif model == EMBEDDED_MODEL or home_path(model).is_dir() or not HUB_ID.match(model):
        check_folder(find_folder(model))


def check_lora(source: str) -> None:
    """See, at no cost and without the network, whether `source` can be a LoRA; a hub id always can.

    Raises:
        ModelError: a path that is not there, or a file that is not opened.
    """
    path = home_path(source)
    if not path.exists() and (path.suffix or not HUB_ID.match(source)):
        raise ModelError(f"The LoRA {source!r} was looked for and is not there. Give a file, a folder or a hub id.")
    if path.is_file() and path.suffix.lower() != ".safetensors":
        raise ModelError(f"LoRA {path.name}: only .safetensors files are opened; {path.suffix} files can run code.")


def check_vae(source: str) -> None:
    """See, at no cost and without the network, whether `source` can be a VAE; a hub id always can.

    Raises:
        ModelError: a folder that is not there.
    """
    if not home_path(source).is_dir() and not HUB_ID.match(source):
        raise ModelError(f"The VAE {source!r} was looked for as a folder and is not there. Give a folder or a hub id.")


def check_folder(folder: Path, parts: Iterable[str] = PARTS) -> None:
    """See that `folder` is a diffusers folder with all it needs.

    Raises:
        ModelError: names what is missing.
    """
    if not (folder / "model_index.json").is_file():
        raise ModelError(f"{folder} is no diffusers model folder: it has no model_index.json. Choose another one.")
    missing = [part for part in parts if not (folder / part).is_dir()]
    if missing:
        words = ", ".join("U-Net (unet/)" if part == "unet" else f"{part}/" for part in missing)
        raise ModelError(f"The model folder {folder} is incomplete: it has no {words}. Download or copy it again.")


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
        weights = [name for name in inside if name.endswith(".safetensors") and "non_ema" not in name]
        fp16 = [name for name in weights if ".fp16" in name]
        full = [name for name in weights if ".fp16" not in name]
        wanted += (fp16 or full) if half else (full or fp16)
    return wanted


def _download(
    model: str,
    revision: str | None,
    offline: bool,
    cache_dir: str | None,
    half: bool,
    parts: tuple[str, ...],
    progress: Progress,
) -> Path:
    from huggingface_hub import HfApi, snapshot_download, try_to_load_from_cache
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    where = f"{model} at {revision}" if revision else model
    try:
        if offline:
            # a snapshot holds only the wanted files, which the hub's own offline call takes for incomplete
            index = try_to_load_from_cache(model, "model_index.json", revision=revision, cache_dir=cache_dir)
            if not isinstance(index, str):
                raise OfflineModeIsEnabled(model)
            return Path(index).parent
        progress(f"asking the hub for {where}", None)
        files = HfApi().model_info(model, revision=revision, files_metadata=True).siblings or []
        wanted = wanted_files([file.rfilename for file in files], parts, half=half)
        _check_wanted(model, wanted, parts)
        total_bytes = sum(file.size or 0 for file in files if file.rfilename in wanted)
        bars: Any = _progress_bars(f"downloading {where}", progress, total_bytes)
        return Path(
            snapshot_download(model, revision=revision, cache_dir=cache_dir, allow_patterns=wanted, tqdm_class=bars)
        )
    except GatedRepoError:
        raise ModelError(
            f"The hub wants you to accept the terms of {model} first: open its page, accept, run 'hf auth login'."
        ) from None
    except RevisionNotFoundError:
        raise ModelError(f"The hub has {model}, but no revision {revision!r}. Check the revision.") from None
    except RepositoryNotFoundError:
        raise ModelError(f"The hub has no model {model!r} (or it is private). Check the name.") from None
    except (LocalEntryNotFoundError, OfflineModeIsEnabled):
        raise ModelError(
            f"The model {where} was looked for among the files already downloaded and is not there. "
            "Run once with the network and without --offline, or choose --model embedded."
        ) from None
    except Exception as error:  # the network library's errors have no common base with a stable name
        if isinstance(error, ModelError):
            raise
        raise ModelError(
            f"The model {where} could not be fetched from the hub ({_one_line(error)}). "
            "Check the network and free disk space; what was fetched is kept and resumed. "
            "Without a network choose --model embedded."
        ) from None


def _check_wanted(model: str, wanted: list[str], parts: tuple[str, ...]) -> None:
    for part in ("unet", "vae", "text_encoder"):
        if part in parts and not any(name.startswith(part) and name.endswith(".safetensors") for name in wanted):
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


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
