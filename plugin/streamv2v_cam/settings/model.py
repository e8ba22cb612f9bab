"""The settings as a tree of sections: names, ranges, units and help, declared once.

File, environment, command line, `config show` and the commented file of `config init` all draw
themselves from this tree. Live values (`[start]`) are taken over from `Controls`, so a new control
is a new setting without a line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, create_model, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from streamv2v.controls import describe_controls

from .engine import EngineSettings
from .kinds import Origins, Rate, Scales, Section, Spec, Table, Words, words_from
from .ondemand import OnDemandSettings

ENVIRONMENT_PREFIX = "STREAMV2V_"
ENVIRONMENT_DELIMITER = "__"
DEFAULT_PORT = 8765
DEFAULT_LOOK = "auto"


class CaptureSettings(Section):
    """Where the picture comes from."""

    source: Spec = Field(
        default="auto",
        description='"auto" (first camera, else the presenter), "presenter", a camera\'s name or number, '
        "a video or image file, an rtsp:// or http:// address",
    )
    width: int = Field(default=1280, ge=16, le=7680, description="width asked of the camera, px")
    height: int = Field(default=720, ge=16, le=4320, description="height asked of the camera, px")
    fps: Rate = Field(default=30.0, gt=0, le=240, description="pictures a second asked of the camera")
    loop: bool = Field(default=True, description="start a video file again at its end")


class PublishSettings(Section):
    """The picture on air; its size and rate stay the same for the whole run."""

    width: int = Field(default=1280, ge=64, le=3840, multiple_of=2, description="published width, even, px")
    height: int = Field(default=720, ge=64, le=2160, multiple_of=2, description="published height, even, px")
    fps: Rate = Field(default=30.0, ge=1, le=120, description="published pictures a second")
    sinks: Words = Field(
        default=["auto"],
        min_length=1,
        description='where it goes: "auto" (the virtual camera where there is one), "camera", '
        '"camera:/dev/video10", "null", or a file ending in .mp4 or .mkv',
    )
    record_folder: str | None = Field(
        default=None, min_length=1, description="where recordings by command go; unset is StreamV2V among your videos"
    )
    record_kind: Literal["mp4", "mkv"] = Field(default="mp4", description="what recordings by command are written as")
    preview: bool = Field(default=True, description="show the picture on the page of the program")
    borrow: bool = Field(
        default=True,
        description="let looks take detail and fillings from the camera's own picture; false forbids it to every look",
    )
    fallback_raw: bool = Field(default=False, description="show the untouched camera while the engine is away")
    slate_reasons: bool = Field(
        default=False, description="put reasons and progress on the slate, where viewers read them"
    )
    hold_s: float = Field(
        default=1.0, ge=0, le=60, description="how long the last styled picture stays before the slate, s"
    )


class ControlSettings(Section):
    """The page and its address; only this machine can reach it, unless `lan` is switched on."""

    host: Literal["127.0.0.1", "localhost", "::1"] = Field(
        default="127.0.0.1", description="address the page listens on"
    )
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535, description="port of the page; 0 takes any free one")
    open_browser: Literal["auto", "always", "never"] = Field(
        default="auto", description="open the page at the start: where there is a screen, always, never"
    )
    lan: bool = Field(
        default=False, description="let other devices on your network reach the page too, with the access token"
    )
    lan_picture: bool = Field(default=False, description="with lan: let them also see the live picture")
    origins: Origins = Field(
        default=[], description='addresses of a proxy in front of the page, such as ["https://cam.example.org"]'
    )
    looks_file: str | None = Field(default=None, description="your looks; unset is looks.toml beside the settings file")


class ObsSettings(Section):
    """OBS as a hand on the controls: `streamv2v-cam obs`, or `run --obs`."""

    with_run: bool = Field(default=False, description="`run` starts the OBS process as well, as with --obs")
    host: str = Field(default="127.0.0.1", min_length=1, description="machine on which OBS runs")
    port: int = Field(default=4455, ge=1, le=65535, description="port of OBS's WebSocket server")
    password_file: str | None = Field(
        default=None, description="file with the OBS password, open to you alone; unset is the keyring"
    )
    server: str | None = Field(
        default=None, description="address of the running program; unset is the one of [control] on this machine"
    )
    token_file: str | None = Field(
        default=None, description="file with the access token of `server`; unset is this machine's own"
    )
    scenes: Table = Field(default={}, description="scene of OBS = look: switching to the scene chooses the look")
    sources: Table = Field(default={}, description="source of OBS = look: showing the source chooses the look")
    prompt_source: str | None = Field(default=None, min_length=1, description="text source whose text is the prompt")
    caption_source: str | None = Field(default=None, min_length=1, description="text source that says what is on air")
    caption: str = Field(
        default="{prompt}",
        description="what it says: text with {look}, {prompt}, {mode}, {strength}, {fps}, {latency_ms}, {state}",
    )
    microphone: str | None = Field(
        default=None, min_length=1, description="input that `obs sync-audio` holds back; unset finds it"
    )
    audio_sync: bool = Field(default=False, description="keep the microphone held back by the measured latency")
    events: bool = Field(default=True, description="tell other tools of changes, as custom events of OBS")

    @model_validator(mode="after")
    def _caption_is_no_prompt(self) -> Self:
        if self.prompt_source is not None and self.prompt_source == self.caption_source:
            raise ValueError("prompt_source and caption_source are one source: what it says would become the prompt")
        return self


_TYPES: dict[str, Any] = {"number": float, "integer": int, "switch": bool, "text": str, "choice": str, "colour": str}


def _help(rule: dict[str, Any]) -> str:
    """The help of a control with its range or choices."""
    if "low" in rule:
        unit = f" {rule['unit']}" if rule["unit"] else ""
        return f"{rule['help']} {rule['low']} to {rule['high']}{unit}."
    return f"{rule['help']} One of {', '.join(rule['choices'])}." if "choices" in rule else rule["help"]


def _start_model() -> type[Section]:
    declared: dict[str, Any] = {
        "look": (str, Field(DEFAULT_LOOK, min_length=1, description='look at the start, by name or number; "none"'))
    }
    for name, rule in describe_controls().items():
        if rule["kind"] == "loras":
            kind: Any = Scales
        elif rule["kind"] == "blend":
            kind = Annotated[list[tuple[str, float]], NoDecode, BeforeValidator(words_from)]
        else:
            kind = _TYPES[rule["kind"]]
        declared[name] = (kind | None, Field(None, description=_help(rule)))
    return create_model("StartSettings", __base__=Section, __doc__="Live values at the start.", **declared)


if TYPE_CHECKING:

    class StartSettings(Section):
        """Live values at the start: the look, and one optional field for every control."""

        look: str = DEFAULT_LOOK
else:
    StartSettings = _start_model()


class Settings(BaseSettings):
    """Every setting of the program, checked; `load_settings` builds it and knows each value's origin."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter=ENVIRONMENT_DELIMITER,
        extra="forbid",
        frozen=True,
    )

    capture: CaptureSettings = CaptureSettings()
    publish: PublishSettings = PublishSettings()
    engine: EngineSettings = EngineSettings()
    control: ControlSettings = ControlSettings()
    obs: ObsSettings = ObsSettings()
    on_demand: OnDemandSettings = OnDemandSettings()
    start: StartSettings = StartSettings()

    @classmethod
    def settings_customise_sources(cls, settings_cls: Any, init_settings: Any, **_: Any) -> tuple[Any, ...]:
        """Only what `load_settings` has merged: it reads the sources one by one to know the origins."""
        return (init_settings,)
