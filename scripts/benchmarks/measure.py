"""One case measured: an engine is built, compared, counted, timed and given back; the result is a plain row."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from streamv2v import Components, Controls, StreamConfig, StreamV2V, load_components
from streamv2v.device.choosing import choose_acceleration, choose_device, choose_dtype
from streamv2v.frames import Pixels

from .baseline import BaselineStream
from .card import counted_waits, device_name, energy_joules, forget_peak, matrix_rate, peak_mib, wait_for
from .cases import LIVE, SHAPES, Case, Search, bank_of
from .clip import PROMPTS, moving_clip, moving_controls, steady_controls
from .flops import frame_flops
from .ready import forget_compiled, ready_engine
from .searching import search_times
from .shapes import random_components
from .stages import watched_stages
from .structure import steered

INTERVAL = 4
"""The bank's update interval, the paper's."""
COMPARED_FRAMES = 12
WARM_FRAMES = 2 * INTERVAL


class Bench:
    """Measures cases one after another; models, counts and pictures that several cases share are made once.

    Args:
        device, dtype: as in `StreamConfig`.
        frames: timed frames of a case.
        vae: another VAE for models that are loaded, as in `StreamConfig`.
        prediction_type: of random shapes.
    """

    def __init__(
        self,
        *,
        device: str = "auto",
        dtype: str = "auto",
        frames: int = 320,
        vae: str | None = None,
        prediction_type: str = "epsilon",
    ) -> None:
        self.frames, self._vae, self._prediction_type = frames, vae, prediction_type
        self._place: dict[str, Any] = {"device": device, "dtype": dtype}
        place = StreamConfig(device=device, dtype=dtype)
        self.device = choose_device(place)
        self.dtype = choose_dtype(place, self.device)[0]
        self.run = f"{time.strftime('%Y-%m-%dT%H:%M:%S')}"
        self._components: tuple[str, Components] | None = None
        self._eager: dict[Case, list[Pixels]] = {}
        self._flops: dict[Case, float] = {}
        self._rate: float | None = None

    @property
    def rate_tflops(self) -> float:
        """What a large matrix product reaches on this device in this run, TFLOP/s."""
        if self._rate is None:
            self._rate = matrix_rate(self.device, self.dtype)
        return self._rate

    def check(self, case: Any) -> None:
        """Refuse what cannot be built here, before anything is measured.

        Raises:
            ConfigError: with what is allowed.
        """
        if isinstance(case, Case):
            choose_acceleration(self.config(case), self.device)

    def measure(self, case: Case) -> dict[str, Any]:
        """The row of `case`; a case that fails gives a row with `error`, so that the others go on."""
        gc.collect()
        forget_compiled()
        forget_peak(self.device)
        return self.row(case, self._baseline if case.is_baseline else self._engine)

    def row(self, case: Any, work: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """What `work(case)` finds, with the facts of this run, or with the `error` that it ended in."""
        row: dict[str, Any] = {
            **case.as_dict(),
            "kind": case.kind,
            "key": case.key,
            "run": self.run,
            "device": device_name(self.device),
        }
        row |= {
            "on_gpu": self.device.type == "cuda",
            "dtype": str(self.dtype).removeprefix("torch."),
            "torch": torch.__version__,
        }
        try:
            row |= work(case)
        except Exception as error:
            row["error"] = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return row

    def search(self, case: Search) -> dict[str, Any]:
        """The row of a search for the nearest stored output."""
        return self.row(case, lambda case: search_times(case, self.device, self.dtype))

    def components(self, case: Case) -> Components:
        """The model of `case`; only the last one is kept."""
        if self._components is None or self._components[0] != case.model:
            self._components = None
            gc.collect()
            forget_peak(self.device)
            config = self.config(case)
            if case.model in SHAPES:
                made = random_components(case.model, config, prediction_type=self._prediction_type)
            else:
                made = load_components(config)
            self._components = (case.model, made)
        return steered(self._components[1], case.model, case.structure)

    def config(self, case: Case) -> StreamConfig:
        """What the engine of `case` is built from."""
        return StreamConfig(
            model=case.model,
            vae=self._vae if case.model not in SHAPES else None,
            width=case.width,
            height=case.height,
            slots=case.slots,
            bank=bank_of(case.bank),
            acceleration="none" if case.is_baseline else case.acceleration,
            **self._place,
        )

    def _engine(self, case: Case) -> dict[str, Any]:
        eager = eager_twin(case)
        if eager not in self._eager:
            self._look_at_eager(eager)
        with ready_engine(self.config(case), self.components(case)) as engine:
            row = self._timed(engine, case)
            row |= self._stages(engine, case)
            pictures = compared_pictures(engine, case)
        if case != eager:
            row["most_off_eager"] = most_apart(pictures, self._eager[eager])
        return row | self._rates(self._flops[eager], row["mean_ms"]) | {"contrast": float(pictures[-1].std())}

    def _stages(self, engine: StreamV2V, case: Case) -> dict[str, Any]:
        """Where the time goes: a run of its own, since marks cost time."""
        clip = moving_clip(case.width, case.height)
        engine(clip[0])
        with watched_stages(engine, self.device) as clock:
            for number in range(min(64, max(INTERVAL, self.frames // INTERVAL * INTERVAL))):
                clock.frame(lambda number=number: engine(clip[number % len(clip)]))
        return {"share": clock.shares(), "stage_ms": clock.mean_ms()}

    def _look_at_eager(self, case: Case) -> None:
        """Pictures and FLOPs of the eager engine, which every other way of running the case is held against."""
        config, components = self.config(case), self.components(case)
        with ready_engine(config, components) as engine:
            self._eager[case] = compared_pictures(engine, case)
        look = steady_controls(**LIVE.get(case.bank, {}))
        text_tokens = components.tokenizer.model_max_length
        counted = {
            "interval": INTERVAL,
            "text_tokens": text_tokens,
            "controls": look,
            "structure": components.structure,
        }
        self._flops[case] = frame_flops(components.unet, components.vae, config, **counted)
        forget_peak(self.device)

    def _timed(self, engine: StreamV2V, case: Case) -> dict[str, Any]:
        """The run proper: nothing hooked in, the controls moving."""
        clip, controls = moving_clip(case.width, case.height), moving_controls(self.frames, **LIVE.get(case.bank, {}))
        engine.remember(PROMPTS)
        engine.reset()
        for number in range(WARM_FRAMES):
            engine(clip[number % len(clip)], controls[0])
        captures = engine.facts()["captures"]
        row = self._times(clip, controls, engine)
        row["ahead_fps"] = ahead_fps(engine, clip, controls)
        facts = engine.facts()
        return row | {
            "peak_mib": peak_mib(self.device),
            "bank_mib": facts["bank_bytes"] / 2**20,
            "path": facts["acceleration"],
            "captures": facts["captures"],
            "captured_while_timed": facts["captures"] - captures,
            "cuts": engine.cuts,
        }

    def _times(self, clip: list[Pixels], controls: list[Controls], work: Any) -> dict[str, Any]:
        times_ms, host_ms = [], []
        joules = energy_joules(self.device)
        with counted_waits() as waits:
            for number, look in enumerate(controls):
                waits.clear()
                began_s = time.perf_counter()
                work(clip[number % len(clip)], look)
                took_s = time.perf_counter() - began_s
                times_ms.append(took_s * 1000)
                host_ms.append((took_s - sum(waits)) * 1000)
        wait_for(self.device)
        row = spread_of(times_ms)
        if self.device.type == "cuda":
            row["host_ms"] = float(np.median(host_ms))
        after = energy_joules(self.device)
        if joules is not None and after is not None:
            row["joules"] = (after - joules) / len(times_ms)
        return row

    def _baseline(self, case: Case) -> dict[str, Any]:
        eager = eager_twin(case)
        if eager not in self._eager:
            self._look_at_eager(eager)
        look = steady_controls()
        stream = BaselineStream(
            self.components(case),
            width=case.width,
            height=case.height,
            slots=case.slots,
            prompt=look.prompt,
            strength=look.strength,
            interval=INTERVAL,
            bank=case.bank != "off",
        )
        try:
            clip = moving_clip(case.width, case.height)
            pictures = [stream(frame) for frame in clip[:COMPARED_FRAMES]]
            row = self._times(clip, moving_controls(self.frames), lambda frame, _look: stream(frame))
            row |= {"peak_mib": peak_mib(self.device), "path": "baseline"}
        finally:
            stream.close()
        row["psnr_to_eager_db"] = psnr(pictures, self._eager[eager])
        return row | self._rates(self._flops[eager], row["mean_ms"])

    def _rates(self, flops: float, mean_ms: float) -> dict[str, Any]:
        achieved = flops / mean_ms / 1e9
        return {
            "tflop": flops / 1e12,
            "tflops": achieved,
            "rate_tflops": self.rate_tflops,
            "rate_share": achieved / self.rate_tflops,
        }


def eager_twin(case: Case) -> Case:
    """The same case on the eager path."""
    return replace(case, acceleration="none")


def compared_pictures(engine: StreamV2V, case: Case) -> list[Pixels]:
    """The first pictures of a new stream of steady looks, for comparing two ways of running a case."""
    engine.reset()
    look = steady_controls(**LIVE.get(case.bank, {}))
    return [engine(frame, look, now_s=0.0) for frame in moving_clip(case.width, case.height)[:COMPARED_FRAMES]]


def ahead_fps(engine: StreamV2V, clip: list[Pixels], controls: list[Controls]) -> float:
    """Pictures a second where the next frame is always submitted before the last picture is collected."""
    engine.submit(clip[0], controls[0])
    began_s = time.perf_counter()
    for number, look in enumerate(controls):
        engine.submit(clip[number % len(clip)], look)
        engine.collect()
    took_s = time.perf_counter() - began_s
    engine.collect()
    return len(controls) / took_s


def spread_of(times_ms: list[float]) -> dict[str, Any]:
    """Percentiles, mean and worst of frame times."""
    p50, p95, p99 = (float(np.percentile(times_ms, q)) for q in (50, 95, 99))
    mean = float(np.mean(times_ms))
    return {
        "frames": len(times_ms),
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "max_ms": max(times_ms),
        "mean_ms": mean,
        "fps": 1000 / mean,
    }


def most_apart(pictures: list[Pixels], others: list[Pixels]) -> int:
    """Largest difference of two clips in grey levels, 0..255."""
    pairs = zip(pictures, others, strict=True)
    return max(int(np.abs(one.astype(int) - other.astype(int)).max()) for one, other in pairs)


def psnr(pictures: list[Pixels], others: list[Pixels]) -> float:
    """Peak signal-to-noise ratio of two clips in dB, 100 where they are equal."""
    squares = [(one.astype(float) - other) ** 2 for one, other in zip(pictures, others, strict=True)]
    error = float(np.mean(squares))
    return 100.0 if error == 0 else float(10 * np.log10(255**2 / error))
