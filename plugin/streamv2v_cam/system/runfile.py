"""Which runs of this program go on, by a small file of each: the settings may name another port than a page has."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_dir

from .textfile import write_text

SAME_PROCESS_S = 2.0
"""A number is given to a later process again; the two began further apart than this."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Running:
    """A run of this program.

    Attributes:
        number: of its process.
        host, port: where its page is.
    """

    number: int
    host: str
    port: int


def _folder() -> Path:
    return Path(user_cache_dir("streamv2v-cam", appauthor=False)) / "running"


def announce(host: str, port: int) -> Path | None:
    """Say that this process serves its page there; None where that cannot be written, which nobody needs to know."""
    import psutil

    number = os.getpid()
    told = {"process": number, "began_s": psutil.Process(number).create_time(), "host": host, "port": port}
    path = _folder() / f"{number}-{port}.json"
    try:
        write_text(path, json.dumps(told))
    except OSError as error:
        log.debug("no run file: %s", error)
        return None
    return path


def withdraw(path: Path | None) -> None:
    """It serves no more; safe to call twice."""
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def running() -> list[Running]:
    """The runs that go on, newest first; files of those that were killed are taken away."""
    found: list[tuple[float, Running]] = []
    with contextlib.suppress(OSError):
        for path in _folder().glob("*.json"):
            known = _read(path)
            if known is None:
                withdraw(path)
            else:
                found.append(known)
    return [run for _, run in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _read(path: Path) -> tuple[float, Running] | None:
    """When a run began, and the run; None for one that has ended."""
    import psutil

    try:
        told = json.loads(path.read_text("utf-8"))
        run, began_s = Running(int(told["process"]), str(told["host"]), int(told["port"])), float(told["began_s"])
        same = abs(psutil.Process(run.number).create_time() - began_s) < SAME_PROCESS_S
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return (began_s, run) if same else None
