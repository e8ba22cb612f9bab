"""From a LoRA's name to its file on this machine: a file, or the only or the named one of a folder or hub id."""

from __future__ import annotations

from pathlib import Path

from ..errors import ModelError
from .checks import LORA_NAME, check_lora, pick_lora
from .hub import Warn, home_path, hub_file, kept_instead


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
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    named = hub_file(source)
    name = named[0] if named else source
    if offline:
        if (found := _cached(source, cache_dir)) is None:
            raise ModelError(
                f"The LoRA {source} was looked for among the files already downloaded and is not there. "
                "Run once with the network and without --offline, or give its file."
            )
        return found
    try:
        files = [file.rfilename for file in HfApi().model_info(name).siblings or []]
        if named and named[1] not in files:
            raise ModelError(f"The hub has {name}, but no file {named[1]} in it. Check the name.")
        return Path(hf_hub_download(name, named[1] if named else pick_lora(files, source), cache_dir=cache_dir))
    except ModelError:
        raise
    except GatedRepoError:
        raise ModelError(
            f"The hub wants you to accept the terms of {source} first: open its page, accept, run 'hf auth login'."
        ) from None
    except RepositoryNotFoundError:
        here = ", and there is no such file here" if named else ""
        raise ModelError(f"The hub has no LoRA {name!r} (or it is private){here}. Check the name.") from None
    except Exception as error:  # the network library's errors have no common base with a stable name
        if (found := _cached(source, cache_dir)) is not None:
            warn(kept_instead(f"LoRA {source}", error))
            return found
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise ModelError(
            f"The LoRA {source} could not be fetched from the hub ({reason}). Check the network, or give its file."
        ) from None


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
