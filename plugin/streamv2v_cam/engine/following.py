"""What follows the engine from one model to another: live values in words and numbers that each of them takes."""

from __future__ import annotations

from typing import Protocol

from streamv2v.config import StreamConfig

from ..store import LiveValues, Snapshot


class Following(Protocol):
    """Asked by whoever starts engines."""

    def values_for(self, config: StreamConfig) -> Snapshot:
        """The live values as an engine built from that takes them; nothing changes."""
        ...

    def follow(self, config: StreamConfig) -> None:
        """The engine on air, or to come, is built from that from now on; raises nothing."""
        ...


class AsTheyAre:
    """For a run whose model stays: the values as they are.

    Args:
        store: the live values.
    """

    def __init__(self, store: LiveValues) -> None:
        self._store = store

    def values_for(self, config: StreamConfig) -> Snapshot:
        return self._store.current

    def follow(self, config: StreamConfig) -> None:
        """Nothing has to."""
