"""StreamV2V: the engine. uint8 picture -> latent -> one U-Net call for all slots -> picture."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

import numpy as np
import torch

from .bank import FeatureBank, OrderSource
from .codec import Codec
from .config import StreamConfig
from .controls import Controls
from .following import Following
from .frames import Pixels, check_frame, to_device, to_host
from .guidance import rows_of
from .hook import BankHook, attach
from .hub import Progress, silent
from .live import LiveTensors
from .loading import Components, load_components
from .prompt import PromptEncoder
from .safety import SafetyHook
from .schedule import Schedule
from .similarity import SceneCut, StillFilter
from .stream_batch import StreamBatch


class StreamV2V:
    """Live img2img with a feature bank (arXiv:2405.15757): frames in, frames of another look out.

    Call T returns the picture of frame max(0, T - delay_frames). The first frame is pushed through all
    steps, so already the first picture is whole. Not thread-safe: one thread owns an engine.

    Attributes:
        config: what the engine was built from.
        delay_frames: frames a picture comes out later than it went in (slots - 1; 0 when sequential).
        bank: the feature bank, None with bank kind "off".
        frames, repeats, cuts: frames taken in, pictures repeated because nothing moved, scene cuts seen.
    """

    def __init__(
        self, config: StreamConfig, components: Components, *, order_source: OrderSource | None = None
    ) -> None:
        self.config, self.components = config, components
        self.delay_frames = config.delay_frames
        self.frames = self.repeats = self.cuts = 0
        unet = components.unet
        self._device = unet.device
        dtype = torch.float64 if unet.dtype == torch.float64 else torch.float32
        self._codec = Codec(components.vae, dtype)
        self._encoder = PromptEncoder(components.tokenizer, components.text_encoder)
        self._schedule = Schedule(
            components.alphas_cumprod,
            config.slots,
            timestep_scaling=components.timestep_scaling,
            device=self._device,
            dtype=dtype,
        )
        live = LiveTensors(self._device, dtype)
        self.bank: FeatureBank | None = None
        self._hook: BankHook | None = None
        if config.bank.kind != "off":
            self.bank = FeatureBank(config.bank, rows_of(config.guidance, config.slots), config.slots, order_source)
            self._hook = attach(unet, self.bank, live)
        with torch.inference_mode():
            blank = torch.zeros(1, 3, config.height, config.width, device=self._device)
            latent_shape = tuple(self._codec.encode(blank).shape[1:])
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
        )
        self._following = Following(self._encoder, self._schedule, live, self._stream, self.bank)
        self._still = StillFilter(self.delay_frames)
        self._cut = SceneCut(config.scene_cut_threshold)
        checker = components.safety_checker
        self._safety = SafetyHook(checker, components.feature_extractor) if checker is not None else None
        self._controls = Controls()
        self._latent: torch.Tensor | None = None
        self._picture: Pixels | None = None

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
        engine.warm_up()
        return engine

    @torch.inference_mode()
    def __call__(self, frame: Pixels, controls: Controls | None = None, *, now_s: float | None = None) -> Pixels:
        """Take one frame in, hand the newest finished picture out.

        Args:
            frame: RGB uint8 `[H, W, 3]`, any size; resized to the engine's without keeping the aspect.
            controls: live values; None keeps the last ones.
            now_s: clock for glides, seconds; None is the monotonic clock.
        Returns:
            RGB uint8 `[config.height, config.width, 3]`.
        Raises:
            FrameError: `frame` is not uint8 `[H, W, 3]`.
        """
        check_frame(frame)
        self._controls = controls = controls or self._controls
        moved = self._following.follow(controls, time.monotonic() if now_s is None else now_s)
        self._watch(frame, moved)
        repeat = self._still.may_repeat(frame, controls.still_threshold) and self._picture is not None
        self.frames += 1
        if repeat:
            self.repeats += 1
            assert self._picture is not None
            return self._picture.copy()
        picture = to_device(frame, self.config.width, self.config.height, self._device)
        latent = self._codec.encode(picture)
        advance = self._stream.step if self._latent is not None else self._stream.start
        self._latent = latent
        self._picture = self._finish(advance(latent, controls.update_interval))
        return self._picture.copy()

    @torch.inference_mode()
    def flush(self, controls: Controls | None = None) -> list[Pixels]:
        """Hand out the frames still in flight, oldest first, and end the stream.

        Returns:
            the last min(frames taken in, delay_frames) pictures; the next call starts a new stream.
        """
        controls = controls or self._controls
        pictures: list[Pixels] = []
        if self._latent is not None:
            for _ in range(self.delay_frames):
                pictures.append(self._finish(self._stream.step(self._latent, controls.update_interval)))
        in_flight = min(self.frames, self.delay_frames)
        self.reset()
        return pictures[len(pictures) - in_flight :]

    def translate(self, frames: Iterable[Pixels], controls: Controls | None = None) -> Iterator[Pixels]:
        """A whole clip: exactly one picture per frame, in order, each of its own frame."""
        self.reset()
        for number, frame in enumerate(frames):
            picture = self(frame, controls, now_s=0.0)
            if number >= self.delay_frames:
                yield picture
        yield from self.flush(controls)

    def reset(self) -> None:
        """Forget the stream: the next frame is a first one."""
        self.frames = 0
        self._latent, self._picture = None, None
        self._following.restart()
        self._still.forget()
        self._cut.forget()
        self.reset_bank()

    def reset_bank(self) -> None:
        """Forget the past frames, keep those in flight; reallocates nothing."""
        self._stream.steadying.restart()
        if self.bank is not None:
            self.bank.reset()

    def remember(self, prompts: Iterable[str]) -> None:
        """Encode `prompts` ahead, so that choosing them later costs nothing."""
        for prompt in prompts:
            self._encoder.encode(prompt)

    def warm_up(self) -> None:
        """Run a few blank frames, so that all buffers and kernels are there before the first real one."""
        blank = np.zeros((self.config.height, self.config.width, 3), dtype=np.uint8)
        for _ in range(2):
            self(blank, Controls(update_interval=1), now_s=0.0)
        self.reset()
        self.repeats = self.cuts = 0

    def facts(self) -> dict[str, Any]:
        """What is running, for people and benchmarks: device, dtype, parameters, bank bytes, size, slots."""
        return {
            **self.components.facts,
            "width": self.config.width,
            "height": self.config.height,
            "slots": self.config.slots,
            "delay_frames": self.delay_frames,
            "bank": self.config.bank.kind,
            "bank_bytes": self.bank.nbytes if self.bank else 0,
            "prompts_encoded": self._encoder.encoded,
        }

    def close(self) -> None:
        """Detach from the U-Net; safe to call twice."""
        if self._hook is not None:
            self._hook.detach()

    def __enter__(self) -> StreamV2V:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _watch(self, frame: Pixels, moved: bool) -> None:
        """A cut refills the bank; a change of controls ends any repeating."""
        if self._cut.seen(frame):
            self.cuts += 1
            self.reset_bank()
            moved = True
        if moved:
            self._still.forget()

    def _finish(self, latent: torch.Tensor) -> Pixels:
        picture = to_host(self._codec.decode(latent))
        return self._safety(picture) if self._safety is not None else picture
