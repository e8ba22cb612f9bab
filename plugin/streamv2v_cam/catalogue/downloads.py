"""Fetching beside a run: one model at a time in a thread, with what it is at for the page, paused and gone on with."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from typing import Any

from ..errors import ModelRefused
from .catalogue import Catalogue
from .fetching import Paused
from .getting import get

log = logging.getLogger(__name__)
_END_S = 2.0
"""A piece that is on its way is waited for so long at the program's end; it is kept as far as it came anyway."""


@dataclass(frozen=True)
class Fetching:
    """What there is to say of the last model that was asked for.

    Attributes:
        state: "fetching", "checking", "pausing", "paused", "done" or "failed".
        problem: why it failed, one line.
    """

    name: str
    state: str
    done_bytes: int = 0
    total_bytes: int = 0
    problem: str = ""

    @property
    def runs(self) -> bool:
        return self.state in ("fetching", "checking", "pausing")


class Downloads:
    """The catalogue as the page and the API see it.

    Args:
        catalogue: of the run.
        in_use: what the engine draws with now or is preparing, as `engine.model` or by its name; that is not removed.
    """

    def __init__(self, catalogue: Catalogue, *, in_use: Callable[[], Container[str]] = tuple) -> None:
        self._catalogue, self._in_use = catalogue, in_use
        self._lock = threading.Lock()
        self._now: Fetching | None = None
        self._pause = threading.Event()
        self._thread: threading.Thread | None = None

    def status(self) -> dict[str, Any] | None:
        """name, state, done_bytes, total_bytes, problem of what is being fetched, or was last; None before any."""
        return None if self._now is None else dict(vars(self._now))

    def listed(self) -> list[dict[str, Any]]:
        """All models with what there is to say of them; takes a moment."""
        return [self._catalogue.facts(entry).as_dict() for entry in self._catalogue.entries()]

    def start(self, name: str, *, accept_licence: bool = False) -> dict[str, Any]:
        """Begin to fetch a model, or go on where it stopped.

        Args:
            accept_licence: the person has read its licence and accepts it.
        Raises:
            ModelRefused: there is none of that name, its licence was not accepted, or another one is being fetched.
        """
        entry = self._catalogue.entry(name)
        if accept_licence:
            self._catalogue.accept(name)
        self._catalogue.check_fetchable(entry)
        with self._lock:
            if self._now is not None and self._now.runs:
                raise ModelRefused(f"The model {self._now.name} is being fetched. Pause that first.")
            self._pause = threading.Event()
            self._now = Fetching(name, "fetching")
            self._thread = threading.Thread(
                target=self._fetch, args=(name, self._pause), name="model download", daemon=True
            )
            self._thread.start()
            return dict(vars(self._now))

    def pause(self, name: str) -> dict[str, Any]:
        """Stop fetching; what came is kept.

        Raises:
            ModelRefused: that model is not being fetched.
        """
        with self._lock:
            now = self._now
            if now is None or now.name != name or not now.runs:
                raise ModelRefused(f"The model {name[:60]} is not being fetched.")
            self._pause.set()
            self._now = replace(now, state="pausing")
            return dict(vars(self._now))

    def remove(self, name: str) -> str:
        """Take a model away; what was done, one sentence.

        Raises:
            ModelRefused: it is in use, or not this program's to remove.
        """
        used = self._in_use()
        if self._catalogue.here(name) and (name in used or self._catalogue.resolve(name) in used):
            raise ModelRefused(f"The model {name} is on air or being prepared. Go over to another one first.")
        told = self._catalogue.remove(name)
        with self._lock:
            if self._now is not None and self._now.name == name:
                self._now = None
        return told

    def close(self) -> None:
        """Pause what is being fetched, at the program's end."""
        self._pause.set()
        if self._thread is not None:
            self._thread.join(_END_S)

    def _fetch(self, name: str, pause: threading.Event) -> None:
        try:
            get(self._catalogue, name, tell=self._told, stopping=pause.is_set)
            self._end("done")
        except Paused:
            self._end("paused")
        except ModelRefused as refusal:
            self._end("failed", str(refusal))
        except Exception as fault:
            log.exception("fetching %s", name)
            self._end("failed", f"The program has a fault ({type(fault).__name__}). The log has more of it.")

    def _told(self, what: str, done: int, total: int) -> None:
        with self._lock:
            if self._now is not None and self._now.state != "pausing":
                self._now = replace(self._now, state=what, done_bytes=done, total_bytes=total)

    def _end(self, state: str, problem: str = "") -> None:
        with self._lock:
            if self._now is not None:
                self._now = replace(self._now, state=state, problem=problem)
        if problem:
            log.warning("%s", problem)
