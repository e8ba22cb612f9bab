"""The stream batch (arXiv:2312.12491, section 3.1): one U-Net call advances every frame in flight by one step.

Slot i of n holds frame T - i. Between calls each frame in flight is kept as its clean prediction x_0
and noised again, with the slot's fixed noise and the *present* coefficients, when its turn comes; so
a change of strength or seed between two calls reaches all slots at once and none holds a latent
whose noise level is out of date.

A step is a pass through the U-Net, one program for each course that it can take, and then, where it
is a layer's turn, the bank's taking in, one program a layer: the picture need not wait for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..device.graphs import Graphs, Program
from ..device.live_tensors import LiveTensors
from ..memory.bank import FeatureBank
from ..models.ip_adapter import ReferenceAdapter
from ..models.structure_networks import StructureNetwork
from ..structure.ensemble import Structure
from ..structure.guides import Given
from .added_conditions import CELL, AddedConditions
from .courses import Courses
from .guidance import ResidualNoise, doubled, guidance_embedding, guide, row_slice, rows_of
from .noise import FixedNoise
from .pieces import Passes, pieces_of
from .references import References
from .schedule import Schedule, lcm_step, predicted_noise
from .temporal_smoothing import TemporalSmoothing
from .text import Text


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
        networks: that hold the picture to the camera's.
        adapter: what sees reference pictures.

    Attributes:
        entering: latent of the frame that a pass takes in, `[1, C, h, w]`; fixed address.
        leaving: x_0 of the frame that it hands out, `[1, C, h, w]`; fixed address.
        unet: what a pass calls; may be exchanged between two frames.
        fixed_noise, noise: each slot's noise, `[n, C, h, w]`, and what draws and moves it; fixed address.
        added: what the U-Net is told beside text and timesteps; fixed addresses.
        structure: the networks that hold the picture to the camera's.
        references: the pictures that the look follows beside its prompt.
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
        networks: Sequence[StructureNetwork] = (),
        adapter: ReferenceAdapter | None = None,
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
        self.references = References(adapter, unet, rows=rows, without=rows - self.slots, device=device)
        self.structure = Structure(
            networks,
            slots=self.slots,
            sequential=sequential,
            rows=rows,
            as_rows=partial(doubled, guidance),
            size=(latent_shape[2] * CELL, latent_shape[1] * CELL),
            graphs=self._graphs,
            device=device,
        )
        self._courses = Courses(live, bank, (self.structure, self.references))
        self._pieces = pieces_of(self.slots, sequential=sequential)
        self._samples = torch.zeros_like(self._clean)
        ends = {"entering": self.entering, "leaving": self.leaving}
        self._passes = Passes(self._graphs, self._pieces, self._begin, self._look, self._end, **ends)
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
        self.structure.restart()
        for _ in range(1 if self._sequential else self.slots):
            if self._bank:
                self._bank.reset()
            self.step(latent, interval)
        if self._bank:
            self._bank.start_over()
        self.smoothing.restart()
        return self.leaving

    def begin_scene(self) -> None:
        """What was learned of the frames before does not hold for the next ones; those in flight stay."""
        self.smoothing.restart()
        self.structure.refresh()
        if self._bank:
            self._bank.reset()

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
        course = self._courses.present
        if self._bank:
            self._bank.begin_frame(interval)
        self.structure.begin_frame()
        self.smoothing.prepare()
        return self._passes.of(course, self._tokens)(latent)

    def update(self) -> None:
        """The rest of a step, once its picture is on its way: layers whose turn it is take the frame in."""
        if self._bank:
            self._bank.select_rows(slice(0, rows_of(self._guidance, self.slots)))
            for layer in self._bank.due:
                self._takings[layer.index]()
            self._bank.end_frame()

    @property
    def state(self) -> list[Tensor]:
        """All tensors that a step changes and the next one reads."""
        held = [self.entering, self.leaving, self._clean, self._residual.value, *self.smoothing.state]
        held += self.structure.state
        return held + [tensor for layer in (self._bank.layers if self._bank else []) for tensor in layer.state]

    def run_every_program(self) -> None:
        """Run all there are once, on what happens to be there, so that none is captured later."""
        self.structure.run_every_program(self._given, self._pieces, self._tokens)
        for course in self._courses.every():
            with self._courses.under(course):
                self._passes.of(course, self._tokens)()
        if self._bank:
            self._bank.select_rows(slice(0, rows_of(self._guidance, self.slots)))
            for layer in self._bank.layers:
                self._takings[layer.index]()

    @property
    def _tokens(self) -> int:
        """L, of the present text."""
        assert self._text is not None, "set_text comes before the first frame"
        return self._text.shape[1]

    def _look(self, first: int, last: int, tokens: int) -> None:
        self.structure.answer(lambda: self._given(first, last), first, tokens)

    def _begin(self, latent: Tensor, first: int, last: int) -> None:
        """The noisy samples of slots first..last-1; the first slot takes in `latent`, `[1, C, h, w]`."""
        if first == 0:
            self._residual.begin(self.noise)
            self._clean[:1] = self.smoothing.enter(latent)
        here, schedule = slice(first, last), self._schedule
        sample = schedule.signal[here] * self._clean[here]
        if self._renoise:
            sample = sample + schedule.noise[here] * self.noise[here]
        elif first == 0:
            sample[0] += schedule.noise[0] * self.noise[0]
        self._samples[here] = sample

    def _end(self, first: int, last: int) -> Tensor | None:
        """One step of these samples: x_0 for the next slots, and that which leaves the last one, `[1, C, h, w]`."""
        here = slice(first, last)
        coefficients = {name: getattr(self._schedule, name)[here] for name in ("signal", "noise", "c_skip", "c_out")}
        sample, output = self._samples[here], self._predict(self._given(first, last))
        guided = self._guided(output, sample, coefficients["signal"], coefficients["noise"], first, last)
        kind = "epsilon" if self._is_residual else self._prediction_type
        moved = lcm_step(guided, sample, prediction_type=kind, **coefficients)
        self._clean[first + 1 : last + 1] = moved[: self.slots - first - 1]
        return self.smoothing.leave(moved[-1:]) if last == self.slots else None

    @property
    def _is_residual(self) -> bool:
        return self._guidance in ("self", "initialize")

    def _given(self, first: int, last: int) -> Given:
        """What networks are called with for all rows of slots first..last-1."""
        assert self._text is not None, "set_text comes before the first frame"
        rows, dtype = row_slice(self._guidance, self.slots, first, last), self._unet_dtype
        sample = doubled(self._guidance, self._samples[first:last], first).to(dtype)
        timesteps = doubled(self._guidance, self._schedule.timesteps[first:last], first)
        added = self.added.of(rows, dtype).get("added_cond_kwargs", {})
        return Given(sample, timesteps, self._text[rows].to(dtype), added, rows, first, last)

    def _predict(self, given: Given) -> Tensor:
        """The U-Net's raw output for all rows."""
        if self._bank:
            self._bank.select_rows(given.rows)
        extra = self.structure.told(given.rows)
        if added := self.references.told(given.rows, given.added, given.text.dtype):
            extra["added_cond_kwargs"] = added
        if self._time_cond_width:
            embedding = guidance_embedding(self._live.guidance_scale, self._time_cond_width).to(given.text.dtype)
            extra["timestep_cond"] = embedding.expand(len(given.text), -1)
        called = {"encoder_hidden_states": given.text, "return_dict": False, **extra}
        return self.unet(given.sample, given.timesteps, **called)[0].to(self._samples.dtype)

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
