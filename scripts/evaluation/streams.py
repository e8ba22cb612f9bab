"""Engines for the settings: the model is loaded once, and each setting's engine is built from the same parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from streamv2v import Components, StreamConfig, StreamV2V, load_components

from .settings import Setting


class Engines:
    """Hands out one engine at a time; the model's weights stay in memory.

    Args:
        base: model, device, dtype and slots; size and bank come from clip and setting.
        components: the model's parts where they are loaded already.
    """

    def __init__(self, base: StreamConfig, components: Components | None = None) -> None:
        self.base = base
        self.components = components or load_components(base)
        self._engine: StreamV2V | None = None

    def config(self, setting: Setting, size: tuple[int, int]) -> StreamConfig:
        """What `setting` is built from, for pictures of `size` (width, height) px."""
        return replace(self.base, width=size[0], height=size[1], bank=setting.bank_config(), **setting.stream)

    def engine(self, setting: Setting, size: tuple[int, int]) -> StreamV2V:
        """The engine of a setting; the one handed out before is closed unless it is the same."""
        config = self.config(setting, size)
        if self._engine is None or self._engine.config != config:
            self.close()
            # Two engines on one U-Net would read each other's bank, so the former detaches first.
            self._engine = StreamV2V(config, self.components)
        return self._engine

    def close(self) -> None:
        """Detach from the U-Net."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def __enter__(self) -> Engines:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
