"""StreamV2V: the engine. uint8 picture -> latent -> one U-Net call for all slots -> picture.

What the host does for a frame is here; what the device does are programs (`device/graphs.py`) in the order of
`stream/frame_path.py`. After warm-up a frame captures nothing, allocates nothing, and the host waits once
(`device/host_transfer.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch

from .config import StreamConfig
from .controls import Controls
from .device.choosing import choose_acceleration
from .device.graphs import Graphs
from .device.host_transfer import PLACES
from .device.live_tensors import LiveTensors
from .errors import FrameError
from .frames import Pixels, check_frame
from .memory.bank import FeatureBank, OrderSource
from .memory.hook import BankHook, attach
from .models.codec import Codec
from .models.hub import Progress, silent
from .models.loading import Components, load_components
from .models.networks import Networks
from .models.safety import SafetyHook
from .models.vocabulary import vocabulary_of
from .stream.frame_path import FramePath
from .stream.guidance import rows_of
from .stream.loras_on_air import LorasOnAir
from .stream.prompt import encoder_of
from .stream.schedule import Schedule
from .stream.similarity import SceneCut, StillFilter
from .stream.stream_batch import StreamBatch
from .stream.transitions import Transitions
from .tuning.background_tuning import Beside, begin_tuning


class StreamV2V:
    """Live img2img with a feature bank (arXiv:2405.15757): frames in, frames of another look out.

    Call T returns the picture of frame max(0, T - delay_frames). The first frame is pushed through all steps, so
    already the first picture is whole. A call is `submit` and `collect`; who can give a frame before the last picture
    is there (a clip) submits one ahead, and host work overlaps with the device's. Not thread-safe: one thread owns it.

    Attributes:
        config: what the engine was built from.
        delay_frames: frames a picture comes out later than it went in (slots - 1; 0 when sequential).
        bank: the feature bank, None with bank kind "off".
        prompts, references: what reads and encodes words and pictures; `references.put` gives one its name.
        frames, repeats, cuts: frames taken in, pictures repeated because nothing moved, scene cuts seen.
        live: the LoRAs that are put on live.
        compiling: what is made beside the running engine and taken in between two frames; None without.
    """

    def __init__(
        self,
        config: StreamConfig,
        components: Components,
        *,
        order_source: OrderSource | None = None,
        graphs: Graphs | None = None,
    ) -> None:
        self.config, self.components = config, components
        self.delay_frames, fills = config.delay_frames, config.delay_frames + 1
        self.frames = self.repeats = self.cuts = 0
        unet, self._device = components.unet, components.unet.device
        self._acceleration = choose_acceleration(config, self._device)
        self._graphs = graphs or Graphs(self._device, on="graph" in self._acceleration)
        dtype = torch.float64 if unet.dtype == torch.float64 else torch.float32
        codec = Codec(components.vae, dtype)
        self.prompts = encoder_of(components, vocabulary_of(config.model, loras=config.loras))
        alphas, scaling = components.alphas_cumprod, components.timestep_scaling
        self._schedule = Schedule(alphas, config.slots, timestep_scaling=scaling, device=self._device, dtype=dtype)
        live = LiveTensors(self._device, dtype)
        self.bank: FeatureBank | None = None
        self._hook: BankHook | None = None
        if config.bank.kind != "off":
            self.bank = FeatureBank(config.bank, rows_of(config.guidance, config.slots), fills, order_source)
            self._hook = attach(unet, self.bank, live)
        with torch.inference_mode():
            blank = torch.zeros(1, 3, config.height, config.width, device=self._device)
            latent_shape = tuple(codec.encode(blank).shape[1:])
        self._stream = StreamBatch(
            unet,
            self._schedule,
            live,
            self.bank,
            guidance=config.guidance,
            prediction_type=components.prediction_type,
            latent_shape=latent_shape,  # type: ignore[arg-type]
            sequential=config.sequential,
            renoise=config.renoise,
            dtype=dtype,
            graphs=self._graphs,
            networks=components.structure,
            adapter=components.adapter,
        )
        checker = components.safety_checker
        safety = SafetyHook(checker, components.feature_extractor) if checker is not None else None
        self.references = self._stream.references
        self._path = FramePath(codec, self._stream, self._graphs, config.width, config.height, check=safety)
        self._out = self._path.out
        self._transitions = Transitions(self.prompts, self._schedule, live, self._stream, self.bank)
        self.live = LorasOnAir(components, config.loras_folder, self._path, self._transitions)
        self._still = StillFilter(self.delay_frames)
        self._cut = SceneCut(config.scene_cut_threshold)
        self._controls = Controls()
        self.compiling: Beside | None = None

    @classmethod
    def from_pretrained(cls, config: StreamConfig | None = None, *, progress: Progress = silent) -> StreamV2V:
        """Load what `config` names and warm up.

        Args:
            config: None for the embedded model.
            progress: called with (what is being done, share done or None).
        Raises:
            ModelError, ConfigError: one line for a person.
        """
        config = config or StreamConfig()
        engine = cls(config, load_components(config, progress))
        progress("warming up", None)
        engine.compiling = begin_tuning(config, engine.components, engine.warm_up)
        return engine

    def __call__(self, frame: Pixels, controls: Controls | None = None, *, now_s: float | None = None) -> Pixels:
        """Take one frame in, hand the newest finished picture out.

        Args:
            frame: RGB uint8 `[H, W, 3]`, any size; resized to the engine's without keeping the aspect.
            controls: live values; None keeps the last ones.
            now_s: clock for glides, seconds; None is the monotonic clock.
        Returns:
            RGB uint8 `[config.height, config.width, 3]`.
        Raises:
            FrameError: `frame` is not uint8 `[H, W, 3]`, or a submitted picture was not collected yet.
        """
        if len(self._out):
            raise FrameError("A picture is on its way already: collect() it before the next call.")
        self.submit(frame, controls, now_s=now_s)
        return self.collect()

    @torch.inference_mode()
    def submit(self, frame: Pixels, controls: Controls | None = None, *, now_s: float | None = None) -> None:
        """Take one frame in and start its work without waiting for it; arguments as in a call.

        Raises:
            FrameError: `frame` is no such picture, or two pictures are on their way already.
        """
        check_frame(frame)
        if len(self._out) >= PLACES:
            raise FrameError(f"{PLACES} pictures are on their way already: collect() one before the next submit().")
        self._controls = controls = controls or self._controls
        self.live.hand_over(self.compiling, controls, self.use_networks)
        now_s = time.monotonic() if now_s is None else now_s
        self._watch(frame, self.live.follow(controls, now_s) | self._transitions.follow(controls, now_s))
        repeat = self._still.may_repeat(frame, controls.still_threshold) and self._path.begun
        self.frames += 1
        if repeat:
            self.repeats += 1
            self._out.repeat()
        else:
            self._path.run(frame, controls.update_interval)

    @torch.inference_mode()
    def collect(self) -> Pixels:
        """Wait for the oldest picture on its way and hand it out; `FrameError` where none is."""
        return self._out.collect()

    @torch.inference_mode()
    def flush(self, controls: Controls | None = None) -> list[Pixels]:
        """Hand out the pictures on their way and the frames still in flight, oldest first, and end the stream.

        Returns:
            what is on its way, then the last min(frames taken in, delay_frames) pictures; then a new stream starts.
        """
        controls = controls or self._controls
        on_the_way = [self._out.collect() for _ in range(len(self._out))]
        pictures: list[Pixels] = []
        for _ in range(self.delay_frames if self._path.begun else 0):
            self._path.run_on(controls.update_interval)
            pictures.append(self._out.collect())
        in_flight = min(self.frames, self.delay_frames)
        self.reset()
        return on_the_way + pictures[len(pictures) - in_flight :]

    def translate(self, frames: Iterable[Pixels], controls: Controls | None = None) -> Iterator[Pixels]:
        """A whole clip: exactly one picture per frame, in order, each of its own frame; works one frame ahead."""
        self.reset()
        try:
            for number, picture in enumerate(self._ahead(frames, controls)):
                if number >= self.delay_frames:
                    yield picture
            yield from self.flush(controls)
        finally:
            self._out.forget()

    def reset(self) -> None:
        """Forget the stream: the next frame is a first one."""
        for part in (self._out, self._still, self._cut):
            part.forget()
        self.frames = 0
        self._path.begun = False
        self._transitions.restart()
        self.reset_bank()

    def reset_bank(self) -> None:
        """Forget the past frames, keep those in flight; reallocates nothing."""
        self._stream.begin_scene()

    def remember(self, prompts: Iterable[str]) -> None:
        """Encode `prompts` ahead, so that choosing them later costs nothing."""
        for prompt in prompts:
            self.prompts.encode_prompt(prompt)

    @property
    def networks(self) -> Networks:
        """What encodes, predicts and decodes at present."""
        return self._path.networks

    def use_networks(
        self,
        encoder: Callable[..., Any] | None = None,
        unet: Callable[..., Any] | None = None,
        decoder: Callable[..., Any] | None = None,
    ) -> None:
        """Exchange networks between two frames for others of the same weights, such as compiled ones.

        The stream goes on. Where graphs are captured, the new networks run once and are captured for every
        course within this call, and what the stream remembers is put back. An error leaves the present ones.

        Args:
            encoder, unet, decoder: called as `Networks` says; None keeps the present one.
        """
        given = zip(Networks._fields, (encoder, unet, decoder), strict=True)
        # compared with None, since a compiled module has no truth value
        self._path.use_networks(self.networks._replace(**{name: made for name, made in given if made is not None}))

    def warm_up(self) -> None:
        """Run a few blank frames and every program, so that all is there before the first real frame."""
        blank = np.zeros((self.config.height, self.config.width, 3), dtype=np.uint8)
        for _ in range(2):
            self(blank, Controls(update_interval=1), now_s=0.0)
        self._path.capture()
        self._out.check_sound(self.config.model)
        self.reset()
        self.repeats = self.cuts = 0

    def facts(self) -> dict[str, Any]:
        """What is running, for people and benchmarks: device, dtype, parameters, bank bytes, size, slots, captures."""
        return {
            **self.components.facts,
            **{name: getattr(self.config, name) for name in ("width", "height", "slots", "delay_frames")},
            "bank": self.config.bank.title,
            "bank_bytes": self.bank.nbytes if self.bank else 0,
            "prompts_encoded": self.prompts.encoded,
            "acceleration": self._acceleration,
            "captures": self._graphs.captures,
            **self.live.loras.facts(),
            **(self.compiling.facts() if self.compiling else {}),
        }

    def close(self) -> None:
        """Detach from the U-Net; safe to call twice."""
        self.live.loras.stop()
        if self.compiling is not None:
            self.compiling.stop()
        if self._hook is not None:
            self._hook.detach()

    def __enter__(self) -> StreamV2V:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _watch(self, frame: Pixels, moved: bool) -> None:
        """A cut refills the bank; a change of controls ends any repeating."""
        if self._cut.seen(frame):
            self.cuts += 1
            self.reset_bank()
            moved = True
        if moved:
            self._still.forget()

    def _ahead(self, frames: Iterable[Pixels], controls: Controls | None) -> Iterator[Pixels]:
        """The picture of every call, with the next frame already submitted."""
        for frame in frames:
            self.submit(frame, controls, now_s=0.0)
            if len(self._out) == PLACES:
                yield self.collect()
        while len(self._out):
            yield self.collect()
