"""Reading the settings: defaults < file < environment < command line, each value with its origin."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_dir, user_config_dir
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from streamv2v.config import BEST_CONTROLS, BankConfig, StreamConfig
from streamv2v.controls import CONTROL_NAMES, Controls
from streamv2v.errors import ConfigError, ControlError
from streamv2v.steering import Structure

from ..errors import SettingsError
from ..looks import LookSet, Shelf, family_of, load_looks, shipped_looks
from ..sizes import size_for
from ..system.ownership import remedy
from ..system.paths import home_path
from ..system.textfile import read_text
from .engine import EngineSettings, parse_lora
from .model import (
    DEFAULT_LOOK,
    CaptureSettings,
    ControlSettings,
    ObsSettings,
    OnDemandSettings,
    PublishSettings,
    Settings,
    StartSettings,
)
from .tree import FIELDS, flatten, nearest, nest, no_setting, values_by_name, variable
from .words import allowed_words

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

CONFIG_VARIABLE = "STREAMV2V_CONFIG"
# the embedded model draws sharpest in one step, which is also the fastest and has no frame of delay
EMBEDDED_SLOTS, OTHER_SLOTS = 1, 2


def default_config_path() -> Path:
    """settings.toml in the user's configuration folder, or where STREAMV2V_CONFIG points."""
    asked = os.environ.get(CONFIG_VARIABLE)
    return Path(asked) if asked else Path(user_config_dir("streamv2v-cam", appauthor=False)) / "settings.toml"


def default_cache_folder() -> str:
    """Where compiled code and what was tried on this machine are kept: "engine" in the user's cache folder."""
    return str(Path(user_cache_dir("streamv2v-cam", appauthor=False)) / "engine")


@dataclass(frozen=True)
class LoadedSettings:
    """All settings of one run, and where each came from.

    Attributes:
        values: the sections; also reachable as `capture`, `publish`, `engine`, `control`, `obs`, `start`.
        path: the settings file that was or would be read.
        origins: dotted name -> origin of every value that is not a default.
    """

    values: Settings
    path: Path
    origins: Mapping[str, str]

    @property
    def capture(self) -> CaptureSettings:
        return self.values.capture

    @property
    def publish(self) -> PublishSettings:
        return self.values.publish

    @property
    def engine(self) -> EngineSettings:
        return self.values.engine

    @property
    def control(self) -> ControlSettings:
        return self.values.control

    @property
    def obs(self) -> ObsSettings:
        return self.values.obs

    @property
    def on_demand(self) -> OnDemandSettings:
        return self.values.on_demand

    @property
    def start(self) -> StartSettings:
        return self.values.start

    def origin(self, name: str) -> str:
        """ "default", "file PATH", "environment VARIABLE" or "command line" for a dotted name."""
        return self.origins.get(name, "default")

    def items(self) -> list[tuple[str, Any, str]]:
        """Name, value and origin of every setting, in the order of declaration."""
        return [(name, value, self.origin(name)) for name, value in values_by_name(self.values)]

    @property
    def looks_path(self) -> Path:
        """The user's file of looks; it need not exist."""
        chosen = self.control.looks_file
        return home_path(chosen) if chosen else self.path.parent / "looks.toml"

    @property
    def token_path(self) -> Path:
        """The file of the access token of the control API, beside the settings file."""
        return self.path.parent / "token"

    def looks(self) -> LookSet:
        """The looks for this model, the user's over the shipped ones."""
        must_exist = self.control.looks_file is not None
        return load_looks(self.engine.model, self.looks_path, must_exist=must_exist, family=self._family)

    def shelf(self) -> Shelf:
        """The same, with every change of the user's own."""
        return Shelf(shipped_looks(self.engine.model), self.looks_path, self._family)

    @property
    def _family(self) -> str:
        return "" if self.engine.remote else family_of(self.engine.model)

    def engine_size(self) -> tuple[int, int]:
        """Width and height inside the engine, px; what was not set follows the shape of the published picture."""
        engine, publish = self.engine, self.publish
        return size_for(engine.model, publish.width / publish.height, engine.width, engine.height)

    def engine_slots(self) -> int:
        """Denoising steps, with the default of the model where none was set."""
        return self.engine.slots or (EMBEDDED_SLOTS if self.engine.model == "embedded" else OTHER_SLOTS)

    def stream_config(self) -> StreamConfig:
        """What the engine is built from.

        Raises:
            SettingsError: a value the library refuses.
        """
        engine = self.engine
        width, height = self.engine_size()
        names: dict[str, Any] = engine.model_dump(include=_AS_SET)
        names["compile_cache"] = engine.compile_cache or default_cache_folder()
        try:
            return StreamConfig(
                width=width,
                height=height,
                slots=self.engine_slots(),
                bank=self._bank_config(),
                loras=tuple(parse_lora(text) for text in engine.loras),
                structure=tuple(Structure.parsed(text) for text in engine.structure),
                **names,
            )
        except ConfigError as error:
            raise SettingsError(f"engine: {error}") from error

    def _bank_config(self) -> BankConfig:
        """The bank; with kind "best" the winners, and over them what a person set."""
        bank: dict[str, Any] = self.engine.bank.model_dump() | {"fused_layers": tuple(self.engine.bank.fused_layers)}
        if bank["kind"] != "best":
            return BankConfig(**bank)
        asked = {name: value for name, value in bank.items() if f"engine.bank.{name}" in self.origins}
        return BankConfig.best(**asked | {"kind": "paper"})

    def start_look(self) -> str | None:
        """Name of the look at the start; None when there is none or a prompt takes its place.

        Raises:
            LookError: a look that does not exist.
        """
        asked = self.start.look
        if asked == "none":
            return None
        if asked != DEFAULT_LOOK:
            return self.looks().get(asked).name
        if "start.prompt" in self.origins:
            return None
        first = self.looks().first()
        return first.name if first else None

    def controls(self) -> Controls:
        """The live values at the start: defaults (with those of the best bank) < the look < `[start]`.

        Raises:
            LookError: a look that does not exist.
            SettingsError: a refused value, with its origin.
        """
        name = self.start_look()
        controls = Controls().patched(BEST_CONTROLS if self.engine.bank.kind == "best" else {})
        controls = controls.patched(self.looks().get(name).patch() if name else {})
        names = (name for name in CONTROL_NAMES if name != "reference")  # that is a file, see pictures.py
        patch = {key: value for key in names if (value := getattr(self.start, key)) is not None}
        try:
            return controls.patched(patch)
        except ControlError as error:
            found = f"{error.field} ({self.origin('start.' + error.field.split()[0])}): {error.given!r} was refused"
            raise SettingsError(f"{found}; allowed is {error.allowed}.") from error


_MADE = {"bank", "loras", "structure", "width", "height", "slots", "compile_cache"}
_AS_SET = {item.name for item in fields(StreamConfig)} - _MADE


def load_settings(flags: Mapping[str, Any] | None = None, config_path: Path | str | None = None) -> LoadedSettings:
    """All settings, merged and checked.

    Args:
        flags: dotted name -> value from the command line; None values count as not given.
        config_path: another settings file, which must then exist.

    Raises:
        SettingsError: one line that says which setting, from where, what was found, what is allowed.
        LookError: the start look does not exist, or the file of looks cannot be read.
    """
    path = home_path(config_path) if config_path else default_config_path()
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    from_file = flatten(read_settings_file(path, must_exist=config_path is not None))
    from_environment = flatten(_environment())
    from_flags = {name: value for name, value in (flags or {}).items() if value is not None}
    for name, value in from_file.items():
        merged[name], origins[name] = value, f"file {path}"
    for name, value in from_environment.items():
        merged[name], origins[name] = value, f"environment {variable(name)}"
    for name, value in from_flags.items():
        merged[name], origins[name] = value, "command line"
    for name in merged:
        if name not in FIELDS:
            raise SettingsError(f"{name} ({origins[name]}): there is no such setting; {nearest(name)}")
    try:
        values = Settings(**nest(merged))
    except ValidationError as error:
        raise SettingsError(_refusal(error.errors()[0], origins)) from None
    loaded = LoadedSettings(values, path, origins)
    loaded.stream_config()
    loaded.controls()
    return loaded


def read_settings_file(path: Path, *, must_exist: bool = False) -> dict[str, Any]:
    """The sections of a settings file; empty when there is none and none has to be.

    Raises:
        SettingsError: the file is missing, unreadable, or no TOML (with the line).
    """
    try:
        return tomllib.loads(read_text(path))
    except FileNotFoundError:
        if must_exist:
            raise SettingsError(
                f"No settings file at {path}. `streamv2v-cam config init --config {path}` writes one."
            ) from None
        return {}
    except UnicodeDecodeError:
        raise SettingsError(f"The settings file {path} is not in UTF-8. Save it as UTF-8 in your editor.") from None
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read ({error.strerror}).{remedy(error)}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The settings file {path} is not valid TOML: {error}.") from error


def _environment() -> dict[str, Any]:
    """The sections set through STREAMV2V_SECTION__NAME; others of the prefix without "__" are not settings.

    Raises:
        SettingsError: a variable in the form of a setting that is none, or of one with "_" for "__".
    """
    for name in os.environ:
        if why := no_setting(name):
            raise SettingsError(f"{name} (environment): there is no such setting; {why}")
    return {name: value for name, value in EnvSettingsSource(Settings)().items() if isinstance(value, dict)}


def _refusal(error: ErrorDetails, origins: Mapping[str, str]) -> str:
    """One line for a value that pydantic refused."""
    location = [str(part) for part in error["loc"]]
    name = next(
        (dotted for end in range(len(location), 0, -1) if (dotted := ".".join(location[:end])) in FIELDS),
        location[0],
    )
    if name not in FIELDS:
        return f"{name}: {error['input']!r} was refused; it is a section, written [{name}] in the file."
    return (
        f"{name} ({origins.get(name, 'default')}): {error['input']!r} was refused; "
        f"allowed is {allowed_words(FIELDS[name])}."
    )
