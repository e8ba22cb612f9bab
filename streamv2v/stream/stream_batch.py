"""The stream batch (arXiv:2312.12491, section 3.1): one U-Net call advances every frame in flight by one step.

Slot i of n holds frame T - i. Between calls each frame in flight is kept as its clean prediction x_0
and noised again, with the slot's fixed noise and the *present* coefficients, when its turn comes; so
a change of strength or seed between two calls reaches all slots at once and none holds a latent
whose noise level is out of date.

A step is a pass through the U-Net, one program for each course that it can take, and then, where it
is a layer's turn, the bank's taking in, one program a layer: the picture need not wait for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..device.graphs import Graphs, Program
from ..device.live_tensors import LiveTensors
from ..memory.bank import FeatureBank
from ..memory.layer_bank import Action
from .added_conditions import AddedConditions
from .guidance import ResidualNoise, doubled, guidance_embedding, guide, row_slice, rows_of
from .noise import FixedNoise
from .schedule import Schedule, lcm_step, predicted_noise
from .temporal_smoothing import TemporalSmoothing
from .text import Text


class Course(NamedTuple):
    """What a pass depends on beside numbers in tensors: a program for each."""

    filling: bool
    weighted: bool
    watching: bool


class StreamBatch:
    """The latents in flight and the U-Net that moves them on.

    Args:
        unet: a `UNet2DConditionModel`.
        schedule, live: tensors the step reads; they change between calls, in place.
        bank: the feature bank attached to `unet`, or None.
        guidance: "none", "full", "self" or "initialize".
        prediction_type: "epsilon", "v_prediction" or "sample".
        latent_shape: `(C, h, w)`.
        sequential: all steps of a frame before the next frame, instead of the batch.
        renoise: whether slots after the first get their noise back.
        dtype: of the latents; the U-Net keeps its own.
        graphs: where the programs are captured; None captures nothing.

    Attributes:
        entering: latent of the frame that a pass takes in, `[1, C, h, w]`; fixed address.
        leaving: x_0 of the frame that it hands out, `[1, C, h, w]`; fixed address.
        unet: what a pass calls; may be exchanged between two frames.
        fixed_noise, noise: each slot's noise, `[n, C, h, w]`, and what draws and moves it; fixed address.
        added: what the U-Net is told beside text and timesteps; fixed addresses.
    """

    def __init__(
        self,
        unet: Any,
        schedule: Schedule,
        live: LiveTensors,
        bank: FeatureBank | None,
        *,
        guidance: str,
        prediction_type: str,
        latent_shape: tuple[int, int, int],
        sequential: bool,
        renoise: bool,
        dtype: torch.dtype,
        graphs: Graphs | None = None,
    ) -> None:
        self.unet, self._schedule, self._live, self._bank = unet, schedule, live, bank
        self._guidance, self._prediction_type = guidance, prediction_type
        self._sequential, self._renoise = sequential, renoise
        self.slots = schedule.slots
        self.delay_frames = 0 if sequential else self.slots - 1
        device = schedule.timesteps.device
        self._clean = torch.zeros(self.slots, *latent_shape, device=device, dtype=dtype)
        self.fixed_noise = FixedNoise(self._clean.shape, device=device, dtype=dtype)
        self.noise = self.fixed_noise.value
        self._residual = ResidualNoise(self.noise)
        self._text: Tensor | None = None
        self._texts: dict[int, Tensor] = {}
        rows = rows_of(guidance, self.slots)
        self.added = AddedConditions(unet.config, rows, latent_shape[1:], device=device)
        self.smoothing = TemporalSmoothing(
            live, schedule, bank, latent_shape=latent_shape, guidance=guidance, sequential=sequential
        )
        self._unet_dtype = unet.dtype
        self._time_cond_width = getattr(unet.config, "time_cond_proj_dim", None)
        self.entering, self.leaving = self.noise.new_zeros(2, 1, *latent_shape).unbind(0)
        self._graphs = graphs or Graphs(device, on=False)
        self._passes: dict[tuple[Course, int], Program] = {}
        self._takings = {
            layer.index: Program(self._graphs, f"bank of {layer.name}", layer.update)
            for layer in (bank.layers if bank else [])
        }

    @property
    def guided(self) -> bool:
        """Whether rows without the prompt, or with the negative one, go through the U-Net."""
        return rows_of(self._guidance, self.slots) > self.slots

    def set_text(self, prompt: Text, negative: Text) -> None:
        """Give every row its text, as long for both where rows without prompt are called; written in place."""
        without = rows_of(self._guidance, self.slots) - self.slots
        tokens = prompt.tokens.shape[1]
        if tokens not in self._texts:
            self._texts[tokens] = prompt.tokens.repeat(without + self.slots, 1, 1)
        self._text = self._texts[tokens]
        if without:
            self._text[:without] = negative.tokens
        self._text[without:] = prompt.tokens
        self.added.set_pooled(prompt.pooled, negative.pooled, without)

    def start(self, latent: Tensor, interval: int) -> Tensor:
        """Warm start: push the first frame through all steps; returns its x_0, `[1, C, h, w]`.

        Each of the n calls refills the bank, so after the last one every slot's bank and latent are
        those of this frame at the slot's own noise level; what the slots held before has been pushed out.
        """
        self.smoothing.restart()
        for _ in range(1 if self._sequential else self.slots):
            if self._bank:
                self._bank.reset()
            self.step(latent, interval)
        if self._bank:
            self._bank.start_over()
        self.smoothing.restart()
        return self.leaving

    def step(self, latent: Tensor, interval: int) -> Tensor:
        """Take one frame in and hand one out: `advance`, then `update`; arguments and result as there."""
        self.advance(latent, interval)
        self.update()
        return self.leaving

    def advance(self, latent: Tensor, interval: int) -> Tensor:
        """One pass; `update` has to follow it.

        Args:
            latent: of the entering frame, `[1, C, h, w]`.
            interval: the bank's update interval, in frames.
        Returns:
            x_0 of the frame leaving the last slot, `[1, C, h, w]`; overwritten by the next call.
        """
        course = self._course(self._bank is not None and self._bank.filling, *self._live.switches)
        if self._bank:
            self._bank.begin_frame(interval)
        self.smoothing.prepare()
        return self._pass_of(course)(latent)

    def update(self) -> None:
        """The rest of a step, once its picture is on its way: layers whose turn it is take the frame in."""
        if self._bank:
            self._bank.select_rows(slice(0, rows_of(self._guidance, self.slots)))
            for layer in self._bank.due:
                self._takings[layer.index]()
            self._bank.end_frame()

    @property
    def courses(self) -> list[Course]:
        """Every course that a pass can take, filling ones first; while filling nothing of the bank is weighed."""
        fillings = (True, False) if self._bank else (False,)
        every = [self._course(filling, *switches) for filling in fillings for switches in self._live.all_switches()]
        return list(dict.fromkeys(every))

    @property
    def state(self) -> list[Tensor]:
        """All tensors that a step changes and the next one reads."""
        held = [self.entering, self.leaving, self._clean, self._residual.value, *self.smoothing.state]
        return held + [tensor for layer in (self._bank.layers if self._bank else []) for tensor in layer.state]

    def run_every_program(self) -> None:
        """Run all there are once, on what happens to be there, so that none is captured later."""
        for course in self.courses:
            with self._under(course):
                self._pass_of(course)()
        if self._bank:
            self._bank.select_rows(slice(0, rows_of(self._guidance, self.slots)))
            for layer in self._bank.layers:
                self._takings[layer.index]()

    def _course(self, filling: bool, weighted: bool, watching: bool) -> Course:
        return Course(filling, weighted and self._bank is not None and not filling, watching)

    @contextmanager
    def _under(self, course: Course) -> Iterator[None]:
        """The host's switches as in `course`."""
        before, self._live.switches = self._live.switches, (course.weighted, course.watching)
        for layer in self._bank.layers if self._bank else []:
            layer.action = Action.FILL if course.filling else Action.READ
        try:
            yield
        finally:
            self._live.switches = before

    def _pass_of(self, course: Course) -> Program:
        assert self._text is not None, "set_text comes before the first frame"
        key = course, self._text.shape[1]
        if key not in self._passes:
            words = [word for word, is_so in course._asdict().items() if is_so] or ["reading"]
            name = f"pass ({', '.join(words)}; {key[1]} tokens)"
            self._passes[key] = Program(self._graphs, name, self._pass, [self.entering], self.leaving)
        return self._passes[key]

    def _pass(self, latent: Tensor) -> Tensor:
        """The device's part of `advance`."""
        latent = self.smoothing.enter(latent)
        self._residual.begin(self.noise)
        if self._sequential:
            clean = latent
            for slot in range(self.slots):
                clean = self._advance(clean, slot, slot + 1)
        else:
            self._clean[0] = latent[0]
            moved = self._advance(self._clean, 0, self.slots)
            self._clean[1:] = moved[:-1]
            clean = moved[-1:]
        return self.smoothing.leave(clean)

    def _advance(self, clean: Tensor, first: int, last: int) -> Tensor:
        """One step of slots first..last-1: x_0 in, better x_0 out, `[last - first, C, h, w]`."""
        here, schedule = slice(first, last), self._schedule
        coefficients = {name: getattr(schedule, name)[here] for name in ("signal", "noise", "c_skip", "c_out")}
        sample = coefficients["signal"] * clean
        if self._renoise:
            sample = sample + coefficients["noise"] * self.noise[here]
        elif first == 0:
            sample[0] += coefficients["noise"][0] * self.noise[0]
        output = self._predict(sample, first, last)
        guided = self._guided(output, sample, coefficients["signal"], coefficients["noise"], first, last)
        kind = "epsilon" if self._is_residual else self._prediction_type
        return lcm_step(guided, sample, prediction_type=kind, **coefficients)

    @property
    def _is_residual(self) -> bool:
        return self._guidance in ("self", "initialize")

    def _predict(self, sample: Tensor, first: int, last: int) -> Tensor:
        """The U-Net's raw output for all rows of slots first..last-1."""
        assert self._text is not None, "set_text comes before the first frame"
        rows = row_slice(self._guidance, self.slots, first, last)
        if self._bank:
            self._bank.select_rows(rows)
        dtype = self._unet_dtype
        extra = self.added.of(rows, dtype)
        if self._time_cond_width:
            embedding = guidance_embedding(self._live.guidance_scale, self._time_cond_width).to(dtype)
            extra["timestep_cond"] = embedding.expand(self._text[rows].shape[0], -1)
        output = self.unet(
            doubled(self._guidance, sample, first).to(dtype),
            doubled(self._guidance, self._schedule.timesteps[first:last], first),
            encoder_hidden_states=self._text[rows].to(dtype),
            return_dict=False,
            **extra,
        )[0]
        return output.to(sample.dtype)

    def _guided(self, output: Tensor, sample: Tensor, signal: Tensor, noise: Tensor, first: int, last: int) -> Tensor:
        """Combine rows with and without prompt; residual kinds answer in epsilon form."""
        count = last - first
        if self._guidance == "none":
            return output
        if self._guidance == "full":
            return guide(output[count:], output[:count], self._live)
        conditional = predicted_noise(output[-count:], sample, signal, noise, self._prediction_type)
        if self._guidance == "initialize" and first == 0:
            self._residual.value[:1] = predicted_noise(
                output[:1], sample[:1], signal[:1], noise[:1], self._prediction_type
            )
        delta = self._live.guidance_delta.to(output.dtype)
        guided = guide(conditional, delta * self._residual.value[first:last], self._live)
        self._residual.follow(guided, self.noise, self._schedule, first, last)
        return guided
