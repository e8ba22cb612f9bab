"""The engine's size while it runs: sizes of the published shape, changed in the background, by hand or by rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from streamv2v.config import StreamConfig
from streamv2v.errors import ControlError
from streamv2v.tuning.autotune import Trials

from ..control import SizeChoice
from ..sizes import CELL, engine_size
from ..telemetry import TelemetrySnapshot
from .carrying import Engine, SizeByRate, remembered_size
from .elsewhere import engine_dial
from .others import OtherPrograms

if TYPE_CHECKING:
    from ..settings import LoadedSettings

USUAL_WANTED_FPS = 8.0
"""For a choice by rate where the settings say that there is none at the start."""

AREAS = {"small": 0.5, "medium": 0.7, "usual": 1.0, "larger": 1.4, "large": 2.0}
"""Name of a size -> its area, as a share of that of the start; rising."""
AUTO = "auto"


class EngineSizes:
    """The sizes on offer, and going over to one.

    Args:
        engine: what runs the engine; the old one stays on air until the new one's first picture.
        usual: width and height that the engine has where nobody chose another, px.
        by_rate: chooses by the rate of the engine; None offers no such choice.
        wanted_fps: pictures a second for a choice by rate that names none.
    """

    def __init__(
        self, engine: Engine, usual: tuple[int, int], *, by_rate: SizeByRate | None = None, wanted_fps: float = 0.0
    ) -> None:
        self._engine, self._by_rate, self._wanted_fps = engine, by_rate, wanted_fps
        self.offered = ladder(*usual)

    def choices(self) -> list[SizeChoice]:
        """All, with the one that is chosen marked; a size that memory forced is none of them."""
        running = self._engine.config
        fixed = [
            SizeChoice(name, width, height, not self._auto and (width, height) == (running.width, running.height))
            for name, (width, height) in self.offered.items()
        ]
        if self._by_rate is None:
            return fixed
        told, wanted = self._by_rate.told, self._by_rate.wanted_fps or self._wanted_fps
        return [SizeChoice(AUTO, running.width, running.height, self._auto, told, wanted), *fixed]

    def choose(self, name: str, wanted_fps: float | None = None) -> SizeChoice:
        """Have an engine of that size built, or its size chosen by rate; returns at once.

        Args:
            name: of one of the choices.
            wanted_fps: pictures a second, for a choice by rate; None leaves it as it was.

        Raises:
            ControlError: there is no such size.
        """
        if name == AUTO and self._by_rate is not None:
            self._wanted_fps = wanted_fps or self._by_rate.wanted_fps or self._wanted_fps
            self._by_rate.want(self._wanted_fps)
        elif name in self.offered:
            if self._by_rate is not None:
                self._by_rate.want(0.0)
            width, height = self.offered[name]
            self._engine.rebuild(replace(self._engine.config, width=width, height=height))
        else:
            raise ControlError("size", name, f"one of {', '.join(choice.name for choice in self.choices())}")
        return next(choice for choice in self.choices() if choice.name == name)

    def with_settings(self, settings: LoadedSettings) -> StreamConfig:
        """What an engine of another model is built from, in the size that is chosen now.

        Args:
            settings: for that model.

        Raises:
            SettingsError: a value the library refuses.
        """
        if self._auto:
            return config_here(settings)
        usual, running = settings.engine_size(), self._engine.config
        present = next((name for name, size in self.offered.items() if size == (running.width, running.height)), "")
        width, height = ladder(*usual).get(present, usual)
        return replace(settings.stream_config(), width=width, height=height)

    def turn_to(self, settings: LoadedSettings) -> None:
        """Another model is on air: offer its sizes.

        Args:
            settings: for that model.
        """
        self.offered = ladder(*settings.engine_size())
        if self._by_rate is not None:
            self._by_rate.turn_to(self.offered)

    def follow(self) -> None:
        """Look at the rate of the engine, where its size is chosen by that; call it a few times a second."""
        if self._by_rate is not None:
            self._by_rate.follow()

    @property
    def facts(self) -> dict[str, object]:
        """What came of a choice by rate, beside what the engine says of itself; empty without one."""
        return {"size_by_rate": self._by_rate.told} if self._by_rate is not None and self._auto else {}

    @property
    def _auto(self) -> bool:
        return self._by_rate is not None and self._by_rate.wanted_fps > 0


def starting_config(settings: LoadedSettings) -> StreamConfig:
    """What the first engine is built from: of the size that fitted the wanted rate before, where none was asked for.

    Raises:
        SettingsError: a value the library refuses.
    """
    if settings.engine.remote:
        return replace(settings.stream_config(), model=engine_dial(settings))
    return config_here(settings)


def config_here(settings: LoadedSettings) -> StreamConfig:
    """What an engine on this machine is built from first.

    Raises:
        SettingsError: a value the library refuses.
    """
    usual = settings.stream_config()
    if not _by_rate(settings):
        return usual
    offered, trials = ladder(usual.width, usual.height), Trials(usual.compile_cache)
    width, height = remembered_size(usual, offered, trials, settings.engine.wanted_fps) or (usual.width, usual.height)
    return replace(usual, width=width, height=height)


def engine_sizes(
    settings: LoadedSettings, engine: Engine, telemetry: Callable[[], TelemetrySnapshot], *, by_rate: bool = True
) -> EngineSizes:
    """The sizes of a run.

    Args:
        settings: all of them.
        engine: what runs the engine.
        telemetry: the figures of the last seconds.
        by_rate: False leaves the choice by rate out.
    """
    usual, wanted_fps = settings.engine_size(), settings.engine.wanted_fps or USUAL_WANTED_FPS
    if not by_rate:
        return EngineSizes(engine, usual)
    follower = SizeByRate(
        engine,
        ladder(*usual),
        telemetry=telemetry,
        trials=Trials(engine.config.compile_cache),
        wanted_fps=wanted_fps if _by_rate(settings) else 0.0,
        others=OtherPrograms(),
    )
    return EngineSizes(engine, usual, by_rate=follower, wanted_fps=wanted_fps)


def _by_rate(settings: LoadedSettings) -> bool:
    engine = settings.engine
    return engine.wanted_fps > 0 and engine.width is None and engine.height is None


def ladder(width: int, height: int) -> dict[str, tuple[int, int]]:
    """Name -> width and height, px, of half to twice the area in that shape; rising."""
    return {name: engine_size(width / height, *_scaled(width, height, area)) for name, area in AREAS.items()}


def _scaled(width: int, height: int, area: float) -> tuple[int, int]:
    return round(width * area**0.5 / CELL) * CELL, round(height * area**0.5 / CELL) * CELL
