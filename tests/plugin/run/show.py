"""A run of the embedded model whose model changes, without processes: an engine that comes when it is told to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from streamv2v_cam.airstate import EngineState, EngineStatus
from streamv2v_cam.engine.following import AsTheyAre
from streamv2v_cam.engine.succession import Succession, Wish
from streamv2v_cam.run.beforehand import Looking, known_words
from streamv2v_cam.run.models import EngineModels
from streamv2v_cam.run.offers import Offer
from streamv2v_cam.run.sizing import EngineSizes
from streamv2v_cam.run.starting import starting_store
from streamv2v_cam.settings import LoadedSettings, load_settings

from streamv2v.config import StreamConfig
from streamv2v.models.vocabulary import Vocabulary

GIB = 2**30


class Engine:
    """Stands for the supervisor: an engine that is asked for comes when the test says so."""

    def __init__(self, config: StreamConfig, store: Any) -> None:
        self.config, self.following, self.succession = config, AsTheyAre(store), Succession()
        self.spare: Any = SimpleNamespace(pid=None)

    def rebuild(self, config: StreamConfig, *, title: str = "", only_beside: bool = False) -> None:
        self.succession.want(Wish(config, title, only_beside))

    def status(self) -> EngineStatus:
        return EngineStatus(EngineState.RUNNING, "", "SD-Turbo is loading beside; the picture stays")

    def comes(self) -> None:
        """The engine that was asked for takes over."""
        wish = self.succession.take_wish()
        assert wish is not None
        self.config = wish.config
        self.following.follow(wish.config)


class Show:
    """A run of the embedded model, and a small model of the SDXL family that it may go over to."""

    def __init__(
        self,
        folder: Path,
        other: Path,
        words: Callable[[LoadedSettings], Vocabulary | None] = known_words,
        **settings: Any,
    ) -> None:
        self.other, self.free = str(other), 64 * GIB
        self.settings = load_settings({"control.port": 0, **settings}, None)
        self.store = starting_store(self.settings, words(self.settings), say=lambda line: None)
        self.shelf = self.settings.shelf()
        self.engine = Engine(self.settings.stream_config(), self.store)
        self.sizes = EngineSizes(self.engine, self.settings.engine_size())
        self.offers = [
            Offer("embedded", "The one that is included", "embedded"),
            Offer("sd-turbo", "SD-Turbo", self.other),
            Offer("sdxl-turbo", "SDXL-Turbo", "", "The model sdxl-turbo is not on this machine yet."),
        ]
        self.models = EngineModels(
            self.settings,
            self.engine,
            store=self.store,
            shelf=self.shelf,
            sizes=self.sizes,
            offers=lambda: self.offers,
            looking=Looking(needs_bytes=lambda config: 3 * GIB, free_bytes=lambda device: self.free, words=words),
        )

    def go_to(self, name: str) -> None:
        self.models.choose(name)
        self.engine.comes()
