"""The settings as a tree of sections: names, ranges, units and help, declared once.

File, environment, command line, `config show` and the commented file of `config init` all draw
themselves from this tree. Live values (`[start]`) are taken over from `Controls`, so a new control
is a new setting without a line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, create_model, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from streamv2v.config import EMBEDDED_MODEL, SLOT_LIMIT, BankConfig, StreamConfig
from streamv2v.controls import describe_controls

from .kinds import Origins, Rate, Section, Spec, Table, Words, words_from
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


class BankSettings(Section):
    """The feature bank: what the engine remembers of past frames."""

    kind: Literal["paper", "queue", "off", "best"] = Field(
        default="best", description='how the bank remembers; "best" is the paper\'s with what proved better'
    )
    queue_length: int = Field(default=4, ge=1, le=16, description="frames kept by the queue bank")
    attention: bool = Field(default=True, description="extended self-attention")
    fusion: bool = Field(default=True, description="feature fusion")
    fused_layers: Words = Field(
        default=list(BankConfig().fused_layers), description="name prefixes of the layers that fuse"
    )
    merge_rule: Literal["mean", "pairwise", "weighted"] = Field(
        default="mean", description="how merged tokens are averaged"
    )
    token_age_limit: int = Field(
        default=16, ge=1, le=1024, description="weighted merging: most tokens that one stands for"
    )
    merge_split: Literal["random", "grid", "place"] = Field(
        default="random", description="how tokens are parted before merging"
    )
    matching: Literal["exact", "window"] = Field(
        default="exact",
        description="where merging looks for a token's match: everywhere, or near its place, which is faster",
    )
    window: int = Field(default=4, ge=1, le=64, description="matching in a window: tokens on every side, at least")
    storage: Literal["same", "fp8"] = Field(
        default="same", description='"fp8" saves up to half of the memory of the bank; a little slower and less precise'
    )
    spread: bool = Field(default=False, description="spread bank updates over frames, so that frame time is flat")
    merge_seed: int = Field(default=0, ge=0, le=2**32 - 1, description="seed of the random split in merging")


_INSIDE = "inside the engine, px; unset follows the published shape and wanted_fps"


class EngineSettings(Section):
    """What the engine is built from; changing one means building it anew."""

    model: str = Field(
        default=EMBEDDED_MODEL,
        min_length=1,
        description='"embedded", a diffusers folder, a .safetensors file or a hub id',
    )
    remote: str | None = Field(
        default=None, min_length=1, description="an engine server that does the work, like wss://gpu-pc:8770"
    )
    remote_pictures: Literal["jpeg", "raw"] = Field(
        default="jpeg", description='pictures on the way there and back; "raw" is for fast wires'
    )
    revision: str | None = Field(default=None, description="branch, tag or commit of a hub id")
    single_file_config: str | None = Field(
        default=None, description="configuration of a single-file checkpoint: a folder or a hub id"
    )
    vae: str | None = Field(
        default=None, min_length=1, description="another VAE: folder, file or hub id; own: the model's, SDXL's too"
    )
    loras: Words = Field(
        default=[], description='LoRAs, each a file, folder or hub id, with ":0.8" behind it for its scale'
    )
    embeddings: str | None = Field(default=None, min_length=1, description="folder of textual inversion embeddings")
    lcm: Literal["auto", "on", "off"] = Field(default="auto", description="LCM-LoRA: where needed, always, never")
    lcm_lora: str = Field(default=StreamConfig().lcm_lora, min_length=1, description="LCM-LoRA, if not the family's")
    width: int | None = Field(default=None, ge=64, le=2048, multiple_of=8, description=f"width {_INSIDE}")
    height: int | None = Field(default=None, ge=64, le=2048, multiple_of=8, description=f"height {_INSIDE}")
    wanted_fps: Rate = Field(
        default=8.0, ge=0, le=60, description="styled pictures a second that a size not set is chosen for; 0 is off"
    )
    slots: int | None = Field(
        default=None, ge=1, le=SLOT_LIMIT, description="denoising steps = slots of the stream; 1 (embedded) or 2"
    )
    sequential: bool = Field(default=False, description="all steps of a frame before the next: no frame of delay")
    renoise: bool = Field(default=True, description="add noise again before the later slots")
    guidance: Literal["none", "full", "self", "initialize"] = Field(default="none", description="kind of guidance")
    safety_checker: bool = Field(default=False, description="run the model's own safety checker, where it has one")
    scene_cut_threshold: float = Field(
        default=0.35, ge=0, le=1, description="picture change that empties the bank; 0 is off"
    )
    device: Spec = Field(
        default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$", description="auto, cpu, cuda, cuda:1 or mps"
    )
    dtype: Literal["auto", "float32", "float16", "bfloat16", "float64"] = Field(
        default="auto", description="number format"
    )
    acceleration: Literal["auto", "none", "graph", "compile", "graph+compile", "openvino"] = Field(
        default="auto",
        description='how frames are sped up; "auto": CUDA graphs; on a CPU OpenVINO or compiled code, if faster',
    )
    offline: bool = Field(default=False, description="never ask the network")
    cache_dir: str | None = Field(default=None, description="where hub files are kept; unset is the hub's own folder")
    threads: int | None = Field(
        default=None, ge=1, le=256, description="CPU threads of the engine; unset tries and remembers the fastest"
    )
    memory: Literal["fit", "keep"] = Field(
        default="fit", description="where memory is short: run what fits and say so, or keep to what was asked"
    )
    spare: bool = Field(
        default=True, description="keep a prepared second engine process for a fast restart, where memory allows"
    )
    compile_cache: str | None = Field(
        default=None, description="folder for compiled code and what was tried here; unset is the program's own"
    )
    load_timeout_s: float = Field(
        default=900.0, ge=5, le=86400, description="longest time without progress while loading, s"
    )
    hang_timeout_s: float = Field(
        default=3.0,
        ge=1,
        le=3600,
        description="silence after which an engine hangs, s; four frames of a slow one, ten times that if it computes",
    )
    bank: BankSettings = BankSettings()


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


_TYPES: dict[str, Any] = {"number": float, "integer": int, "switch": bool, "text": str, "choice": str}


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
        if rule["kind"] == "blend":
            kind: Any = Annotated[list[tuple[str, float]], NoDecode, BeforeValidator(words_from)]
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
