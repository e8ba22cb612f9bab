"""The same settings with another model: as if the run had been started with that one alone."""

from __future__ import annotations

from dataclasses import replace

from .engine import EngineSettings
from .loading import LoadedSettings

_ITS_OWN = {
    "loras": "LoRAs",
    "structure": "structure networks",
    "ip_adapter": "IP-Adapter",
    "vae": "VAE",
    "embeddings": "embeddings",
}
"""What a person names for one model, and others cannot carry -> for people."""
_WITH_IT = ("revision", "single_file_config", "ip_adapter_encoder", "lcm_lora", "width", "height", "slots")


def with_model(settings: LoadedSettings, model: str) -> LoadedSettings:
    """The settings for another model: its own defaults, and nothing that was named for the present one.

    Args:
        settings: of the run.
        model: as `engine.model`.
    """
    if model == settings.engine.model:
        return settings
    usual = EngineSettings()
    changes = {name: getattr(usual, name) for name in (*_ITS_OWN, *_WITH_IT)}
    engine = settings.engine.model_copy(update={**changes, "model": model})
    gone = {f"engine.{name}" for name in changes}
    origins = {name: origin for name, origin in settings.origins.items() if name not in gone}
    return replace(settings, values=settings.values.model_copy(update={"engine": engine}), origins=origins)


def named_for(settings: LoadedSettings) -> list[str]:
    """What these settings name for their model alone, for people: "LoRAs", "VAE"."""
    usual = EngineSettings()
    return [words for name, words in _ITS_OWN.items() if getattr(settings.engine, name) != getattr(usual, name)]
