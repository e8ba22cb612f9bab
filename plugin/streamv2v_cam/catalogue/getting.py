"""Getting a model by its name: licence, room, files, sums, and only then a name under which it counts as here."""

from __future__ import annotations

import os
from pathlib import Path

from streamv2v.errors import ModelError
from streamv2v.models.asking import Wish, asked
from streamv2v.models.checks import check_folder
from streamv2v.models.hub import cached_folder

from ..errors import ModelRefused
from ..system.ownership import remedy
from .alone import alone
from .catalogue import Catalogue
from .entries import Beside, Entry
from .fetching import RECORD, Paused, Stopping, Tell, digest_of, fetch, model_plan, plan_of, silent_bar


def get(catalogue: Catalogue, name: str, *, tell: Tell, stopping: Stopping = lambda: False) -> None:
    """Fetch a model whose licence was accepted; what came before an end is gone on from.

    Args:
        tell: told what is being done, and bytes done of all.
        stopping: asked between pieces whether to pause.
    Raises:
        Paused: `stopping` said so.
        ModelRefused: it cannot be had; says why and what to do.
    """
    entry = catalogue.entry(name)
    catalogue.check_fetchable(entry)
    target, half = catalogue.target(entry), catalogue.half_of(entry)
    try:
        with alone(catalogue.folder, name):
            if catalogue.here(name):
                return
            if os.path.lexists(target):
                raise ModelRefused(
                    f"{target} is there and is no whole model. Move it elsewhere, or take it away with: "
                    f"streamv2v-cam models remove {name}"
                )
            _fetch_all(catalogue, entry, half, tell, stopping)
            check_folder(half)
            half.rename(target)
            (target / RECORD).unlink()
    except Paused:
        raise
    except ModelError as error:
        raise ModelRefused(str(error)) from None
    except OSError as error:
        raise ModelRefused(
            f"The model {name} cannot be kept in {catalogue.folder} ({error.strerror or error}).{remedy(error)}"
        ) from None


def _fetch_all(catalogue: Catalogue, entry: Entry, half: Path, tell: Tell, stopping: Stopping) -> None:
    beside = [file for file in entry.beside if cached_folder(file.repository, catalogue.cache_dir, file.file) is None]
    more = sum(file.size for file in beside)

    def fetched() -> None:
        plan = model_plan(entry.repository, half=catalogue.half)
        total = plan.total_bytes + more
        fetch(
            plan,
            half,
            tell=lambda what, done, _: tell(what, done, total),
            stopping=stopping,
            reserve_bytes=more,
        )
        for file in beside:
            tell("fetching", total - more, total)
            _fetch_beside(file, catalogue.cache_dir, stopping)

    wish = Wish("model", entry.name, entry.repository, "take in a copy of it with streamv2v-cam models add")
    asked(wish, fetched, kept=lambda: None, offline=False, warn=lambda _line: None)


def _fetch_beside(file: Beside, cache_dir: str | None, stopping: Stopping) -> None:
    """Into the hub's own folder, where the engine looks for it."""
    from huggingface_hub import snapshot_download

    parts = plan_of(file.repository, lambda names: [name for name in names if name == file.file]).parts
    if not parts:
        raise ModelError(f"The hub has no {file.file} in {file.repository} any more.")
    bars = silent_bar()
    folder = snapshot_download(file.repository, cache_dir=cache_dir, allow_patterns=[file.file], tqdm_class=bars)
    kept = Path(folder) / file.file
    if digest_of(kept, parts[0].digest, stopping) != parts[0].digest:
        kept.resolve().unlink()
        kept.unlink(missing_ok=True)
        raise ModelError(f"{file.file} of {file.repository} did not arrive as the hub has it. Fetch it again.")
