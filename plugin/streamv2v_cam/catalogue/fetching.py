"""Files of a repository into a folder: resumed where they stopped, and held against the sums that the hub tells.

The hub's own client finds, asks and transfers. What it does not do is kept here: it throws a half file away and checks
sizes alone, and these files are gigabytes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from streamv2v.errors import ModelError
from streamv2v.models.hub import PARTS, wanted_files
from streamv2v.models.preflight import MIB, size_words
from streamv2v.models.sdxl import SECOND_PARTS

HALF = ".part"
RECORD = "fetching.json"
"""Which sum each file of a folder is meant to have that is not whole yet."""
SPARE_BYTES = 512 * MIB
"""Of the disk that stay free."""
LICENCE_FILES = ("license", "licence")
_READ = 4 * MIB

Tell = Callable[[str, int, int], None]
"""(what is being done, bytes done, bytes in all) -> nothing."""
Stopping = Callable[[], bool]


class Paused(ModelError):
    """The fetching was stopped by the person; what came is kept."""


@dataclass(frozen=True)
class Part:
    """A file of a repository.

    Attributes:
        path: inside it.
        size: bytes.
        digest: SHA-256 where the hub keeps the file apart, else Git's own SHA-1; hexadecimal.
    """

    path: str
    size: int
    digest: str


@dataclass(frozen=True)
class Plan:
    """What is fetched of a repository, at one commit."""

    repository: str
    commit: str
    parts: tuple[Part, ...]

    @property
    def total_bytes(self) -> int:
        return sum(part.size for part in self.parts)


def model_plan(repository: str, *, half: bool) -> Plan:
    """What makes up a model: configurations, one set of weights a part, and the licence's text.

    Args:
        half: take "fp16" weights for a part that has them.
    Raises:
        ModelError: the hub names files that cannot be told from bad ones. Those of the hub's client pass.
    """

    def wanted(names: list[str]) -> list[str]:
        terms = [name for name in names if "/" not in name and name.lower().startswith(LICENCE_FILES)]
        return [*wanted_files(names, (*PARTS, *SECOND_PARTS), half=half), *terms]

    return plan_of(repository, wanted)


def plan_of(repository: str, wanted: Callable[[list[str]], list[str]]) -> Plan:
    """What is fetched of a repository as it is now.

    Args:
        wanted: chooses from the names of all its files.
    Raises:
        ModelError: as in `model_plan`.
    """
    from huggingface_hub import HfApi

    info = HfApi().model_info(repository, files_metadata=True)
    files = {file.rfilename: file for file in info.siblings or []}
    parts = tuple(_part(repository, files[name]) for name in dict.fromkeys(wanted(list(files))))
    return Plan(repository, info.sha or "main", parts)


def _part(repository: str, file: Any) -> Part:
    path, digest = file.rfilename, file.lfs.sha256 if file.lfs else file.blob_id
    safe = all(piece not in ("", ".", "..") for piece in path.split("/")) and not set(path) & set("\\:")
    if not safe or not isinstance(digest, str) or file.size is None:
        raise ModelError(f"The hub tells no sum or no size of {path!r} in {repository}, so that it cannot be checked.")
    return Part(path, file.size, digest)


def fetch(plan: Plan, folder: Path, *, tell: Tell, stopping: Stopping = lambda: False, reserve_bytes: int = 0) -> None:
    """Bring the files of a plan into a folder, those that are there already left out.

    Args:
        reserve_bytes: that will be fetched elsewhere on this disk afterwards.
    Raises:
        Paused: `stopping` said so.
        ModelError: no room, or a file that is not the hub's. Those of the hub's client pass.
        OSError: the disk cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _forget_others(plan, folder)
    done = sum(part.size if (folder / part.path).is_file() else _half_size(folder, part) for part in plan.parts)
    _check_room(folder, plan.total_bytes - done + reserve_bytes)
    for part in plan.parts:
        if (folder / part.path).is_file():
            continue
        half = folder / (part.path + HALF)
        half.parent.mkdir(parents=True, exist_ok=True)
        begun = _half_size(folder, part)
        with half.open("r+b" if half.exists() else "w+b") as opened:
            opened.truncate(begun)
            opened.seek(begun)
            counted: Any = _Counted(opened, done - begun, plan.total_bytes, tell, stopping)
            _transfer(plan, part, counted, begun)
        done += part.size - begun
        tell("checking", done, plan.total_bytes)
        if digest_of(half, part.digest, stopping) != part.digest:
            half.unlink()
            raise ModelError(
                f"{part.path} of {plan.repository} did not arrive as the hub has it (its sum is another) and was "
                "thrown away. Fetch it again."
            )
        half.replace(folder / part.path)


def digest_of(path: Path, like: str, stopping: Stopping = lambda: False) -> str:
    """The sum of a file, of the kind that `like` is: 64 digits are SHA-256, 40 are Git's SHA-1 of a blob.

    Raises:
        Paused: `stopping` said so.
    """
    sum_ = hashlib.sha256() if len(like) == 64 else hashlib.sha1(f"blob {path.stat().st_size}\0".encode())
    with path.open("rb") as opened:
        while piece := opened.read(_READ):
            _go_on(stopping)
            sum_.update(piece)
    return sum_.hexdigest()


def _transfer(plan: Plan, part: Part, target: Any, begun: int) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    http_get(
        hf_hub_url(plan.repository, part.path, revision=plan.commit),
        target,
        resume_size=begun,
        headers=build_hf_headers(),
        expected_size=part.size,
        tqdm_class=silent_bar(),
    )


def silent_bar() -> type:
    """A progress bar of the hub's client that draws nothing."""
    from tqdm.auto import tqdm

    class Silent(tqdm):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})

    return Silent


class _Counted:
    """A file that tells how much was written into it, and ends where the person wants it to."""

    def __init__(self, file: BinaryIO, before: int, total: int, tell: Tell, stopping: Stopping) -> None:
        self._file, self._before, self._total, self._tell, self._stopping = file, before, total, tell, stopping

    def write(self, piece: bytes) -> int:
        written = self._file.write(piece)
        self._tell("fetching", self._before + self._file.tell(), self._total)
        _go_on(self._stopping)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _go_on(stopping: Stopping) -> None:
    if stopping():
        raise Paused("The fetching is paused; what came is kept.")


def _half_size(folder: Path, part: Part) -> int:
    """Bytes of a begun file that may be gone on from; only weights, which no server sends in another coding."""
    half = folder / (part.path + HALF)
    size = half.stat().st_size if half.is_file() and part.path.endswith(".safetensors") else 0
    return size if size <= part.size else 0


def _forget_others(plan: Plan, folder: Path) -> None:
    """Throw away what was begun of another state of the repository, and write down what is begun now."""
    record = folder / RECORD
    try:
        before = dict(json.loads(record.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        before = {}
    now = {part.path: part.digest for part in plan.parts}
    for file in [file for file in folder.rglob("*") if file.is_file() and file != record]:
        path = file.relative_to(folder).as_posix().removesuffix(HALF)
        if path not in now or before.get(path) != now[path]:
            file.unlink()
    record.write_text(json.dumps(now), "utf-8")


def _check_room(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if wanted + SPARE_BYTES > free:
        raise ModelError(
            f"{size_words(wanted)} are to be fetched and {size_words(SPARE_BYTES)} kept free, and the disk of {folder} "
            f"has {size_words(free)}. Make room, or name another folder with engine.models_folder."
        )
