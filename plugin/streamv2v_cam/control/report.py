"""What the page and the API tell: one plain object, made anew for every reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from .. import __version__
from ..looks import LookSet
from ..store import ControlStore


class JpegSource(Protocol):
    """Where the page's picture comes from."""

    def wait_newer(self, last_sequence: int, timeout_s: float, /) -> tuple[int, bytes] | None:
        """Sequence number and JPEG of a picture newer than `last_sequence`; None when none came in time."""
        ...


@dataclass(frozen=True)
class Report:
    """What is on air and why, in words; the composition root makes one whenever it is asked.

    Attributes:
        state: an `AirState`, such as "live" or "engine restarting".
        reason: one line for a person; empty when there is nothing to say.
        progress: what the engine is busy with while it loads; may be empty.
        source: where the picture comes from, in words.
        sinks: where it goes, in words, each with what is wrong with it if something is.
        facts: more about the engine (device, model, size), plain values.
    """

    state: str
    reason: str = ""
    progress: str = ""
    source: str = ""
    sinks: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Desk:
    """Everything the routes reach: the one door for changes, and the calls that tell how things are."""

    store: ControlStore
    looks: LookSet
    telemetry: Callable[[], Mapping[str, Any]]
    report: Callable[[], Report]
    preview: JpegSource | None

    def state(self) -> dict[str, Any]:
        """The state as the API gives it, ready for JSON."""
        now = self.store.current
        return {
            "version": __version__,
            "revision": now.revision,
            "look": now.look,
            "controls": now.controls.as_dict(),
            "air": asdict(self.report()),
            "telemetry": dict(self.telemetry()),
            "preview": self.preview is not None,
        }
