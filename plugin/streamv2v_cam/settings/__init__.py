"""Settings from file, environment and command line; each value knows where it came from."""

from __future__ import annotations

from .loading import LoadedSettings, default_config_path, load_settings
from .model import DEFAULT_PORT, Settings

__all__ = ["DEFAULT_PORT", "LoadedSettings", "Settings", "default_config_path", "load_settings"]
