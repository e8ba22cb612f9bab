"""From a LoRA's name to its file on this machine: a file, or the only or the named one of a folder or hub id."""

from __future__ import annotations

from pathlib import Path

from ..errors import ModelError
from .asking import Warn, Wish, asked
from .checks import LORA_NAME, check_lora, pick_lora
from .hub import home_path, hub_file


def find_lora(source: str, *, offline: bool, cache_dir: str | None, warn: Warn = lambda _line: None) -> Path:
    """The LoRA's file; one of the hub is fetched, or taken as it lies here where the network is away.

    Args:
        offline: only files that are already there.
        warn: told that the hub could not be reached and what was kept is used.
    Raises:
        ModelError: it is not there; says what to do.
    """
    check_lora(source)
    path = home_path(source)
    if path.is_file():
        return path
    if path.is_dir():
        return path / pick_lora([file.name for file in path.iterdir()], source)
    return _of_hub(source, offline, cache_dir, warn)


def _of_hub(source: str, offline: bool, cache_dir: str | None, warn: Warn) -> Path:
    from huggingface_hub import HfApi, hf_hub_download

    named = hub_file(source)
    name = named[0] if named else source

    def fetch() -> Path:
        files = [file.rfilename for file in HfApi().model_info(name).siblings or []]
        if named and named[1] not in files:
            raise ModelError(f"The hub has {name}, but no file {named[1]} in it. Check the name.")
        return Path(hf_hub_download(name, named[1] if named else pick_lora(files, source), cache_dir=cache_dir))

    wish = Wish("LoRA", source, name, "give its file")
    return asked(wish, fetch, kept=lambda: _cached(source, cache_dir), offline=offline, warn=warn)


def _cached(source: str, cache_dir: str | None) -> Path | None:
    """The LoRA's file in the newest snapshot on this machine; None where there is none."""
    from huggingface_hub import constants, try_to_load_from_cache

    if named := hub_file(source):
        found = try_to_load_from_cache(named[0], named[1], cache_dir=cache_dir)
        return Path(found) if isinstance(found, str) else None
    found = try_to_load_from_cache(source, LORA_NAME, cache_dir=cache_dir)
    if isinstance(found, str):
        return Path(found)
    kept = Path(cache_dir or constants.HF_HUB_CACHE) / f"models--{source.replace('/', '--')}" / "snapshots"
    snapshots = sorted(kept.glob("*"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    names = {name: folder for folder in reversed(snapshots) for name in (file.name for file in folder.iterdir())}
    return names[name] / name if names and (name := pick_lora(names, source)) else None
