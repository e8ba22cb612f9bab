"""Between two frames: take over new controls and move every glide, fade and reset one step on."""

from __future__ import annotations

import torch

from ..controls import STRUCTURE_WEIGHTS, Controls
from ..device.live_tensors import LiveTensors
from ..memory.bank import FeatureBank
from .glide import Glide
from .prompt import PromptEncoder
from .references import PICTURES, changed
from .schedule import Schedule
from .stream_batch import StreamBatch
from .text import TextGlide, as_text, same_lengths
from .weight_glides import WeightGlides

FADE_FRAMES = 4
"""Least frames over which a bank fades before it is refilled."""
RETURN_FRAMES = 8
"""Frames over which the feedback comes back after a change of the look has gone through all slots."""
LOOK = (
    *("prompt", "blend", "negative_prompt", "clip_skip"),
    *("strength", "step_spread", "guidance_scale", "guidance_delta", "seed"),
    *STRUCTURE_WEIGHTS,
    *PICTURES,
    "reference_weight",
)
"""Controls whose change must be seen at once, so that no feedback may hold the last picture."""


class Transitions:
    """Makes the stream follow the controls; only numbers move, nothing is rebuilt.

    A new prompt glides in over `transition_s`, and strength and weights that change with it glide along; alone
    they jump, so that a dragged slider acts at once. A change of prompt or seed makes the bank
    fade (and refill when the glide has ended), reset, or stay, as `bank_change` says. Feedback pauses
    while the look changes and until the last frame of the old look has left. A seed that is travelled to
    changes the picture as slowly as a turning noise does, and leaves bank and feedback alone.
    """

    def __init__(
        self,
        encoder: PromptEncoder,
        schedule: Schedule,
        live: LiveTensors,
        stream: StreamBatch,
        bank: FeatureBank | None,
    ) -> None:
        self._encoder, self._schedule, self._live = encoder, schedule, live
        self._stream, self._bank = stream, bank
        self._controls: Controls | None = None
        self._prompt = self._negative = TextGlide(as_text(torch.empty(1, 0, 0)), 1)
        self._strength = Glide(0.0)
        self._travel = Glide(1.0)
        self._structure = WeightGlides(STRUCTURE_WEIGHTS)
        self._fade: int | None = None
        self._reread = False
        self._settled_frames = RETURN_FRAMES

    @property
    def moving(self) -> bool:
        """Whether a glide or a fade is under way, or the noise moves."""
        drifts = self._controls is not None and self._controls.noise_drift > 0
        return self._fade is not None or self._gliding or drifts or self._travel.progress < 1.0

    @property
    def _gliding(self) -> bool:
        glides = self._prompt, self._negative, self._strength, self._structure
        return min(glide.progress for glide in (*glides, self._stream.references)) < 1.0

    def restart(self) -> None:
        """The next controls apply at once, without glide or fade."""
        self._controls = None

    def weights_changed(self, now_s: float) -> None:
        """The networks have other weights: the words are read anew, and what was drawn before is another look."""
        self._encoder.forget()
        controls = self._controls
        if controls is None:
            return
        skip, glide_s = controls.clip_skip, controls.transition_s
        text = self._encoder.blend(controls.prompt, controls.blend, skip)
        self._prompt.go(text, duration_s=glide_s, now_s=now_s)
        negative = self._encoder.encode_negative(controls.negative_prompt, skip)
        self._negative.go(negative, duration_s=glide_s, now_s=now_s)
        self._reread = True
        self._other_look(controls)

    def follow(self, controls: Controls, now_s: float) -> bool:
        """Take over `controls` at `now_s`; returns whether the picture can differ from the last frame's.

        Raises nothing: `Controls` are valid by construction.
        """
        old, self._controls = self._controls, controls
        changed = old is None or controls != old
        if old is None:
            self._begin(controls)
        elif changed:
            self._head_for(controls, old, now_s)
        if self._stream.references.arrived(now_s):
            self._other_look(controls)
            changed = True
        text_moves = changed or self._reread or min(self._prompt.progress, self._negative.progress) < 1.0
        if text_moves:
            self._reread = False
            texts = [self._prompt.at(now_s), self._negative.at(now_s)]
            if self._stream.guided:  # else nothing looks at the negative prompt
                texts = same_lengths(texts, self._encoder.length)
            self._stream.set_text(*texts)
        moved = changed or self.moving
        self._schedule.set_strength(self._strength.at(now_s), controls.step_spread)
        self._stream.references.write(now_s)
        self._stream.structure.write(self._structure.at(now_s), controls.structure_interval)
        bank_fade = self._next_fade() * self._ramp(controls.bank_ramp)
        self._live.write(controls, bank_fade=bank_fade, feedback_fade=self._next_feedback(controls, old))
        self._move_noise(controls, now_s)
        return moved

    def _begin(self, controls: Controls) -> None:
        length, skip = self._encoder.length, controls.clip_skip
        self._prompt = TextGlide(self._encoder.blend(controls.prompt, controls.blend, skip), length)
        self._negative = TextGlide(self._encoder.encode_negative(controls.negative_prompt, skip), length)
        self._strength = Glide(controls.strength)
        self._structure.jump(controls)
        self._stream.references.jump(controls)
        self._fade = None
        self._settled_frames = RETURN_FRAMES
        self._travel = Glide(1.0)
        self._stream.fixed_noise.jump(controls.seed)

    def _head_for(self, controls: Controls, old: Controls, now_s: float) -> None:
        other_layer = controls.clip_skip != old.clip_skip
        other_words = other_layer or (controls.prompt, controls.blend) != (old.prompt, old.blend)
        along = other_words or changed(controls, old)
        other_negative = other_layer or controls.negative_prompt != old.negative_prompt
        glide_s = controls.transition_s
        if other_words:
            target = self._encoder.blend(controls.prompt, controls.blend, controls.clip_skip)
            self._prompt.go(target, duration_s=glide_s, now_s=now_s)
        if other_negative:
            target = self._encoder.encode_negative(controls.negative_prompt, controls.clip_skip)
            self._negative.go(target, duration_s=glide_s, now_s=now_s)
        if controls.strength != old.strength:
            self._strength.go(controls.strength, duration_s=glide_s if along else 0.0, now_s=now_s)
        self._structure.go(controls, duration_s=glide_s if along else 0.0, now_s=now_s)
        self._stream.references.go(controls, old, duration_s=glide_s if along else 0.0, now_s=now_s)
        if self._change_seed(controls, old, now_s) or other_words:
            self._change_bank(controls.bank_change)

    def _change_seed(self, controls: Controls, old: Controls, now_s: float) -> bool:
        """Jump to another seed, or begin the way to it; whether it jumped."""
        if controls.seed == old.seed:
            return False
        self._travel = Glide(1.0 if controls.seed_travel_s == 0 else 0.0)
        if controls.seed_travel_s == 0:
            self._stream.fixed_noise.jump(controls.seed)
            return True
        self._stream.fixed_noise.head_for(controls.seed)
        self._travel.go(1.0, duration_s=controls.seed_travel_s, now_s=now_s)
        return False

    def _other_look(self, controls: Controls) -> None:
        """What was drawn before this frame is another look, although no control has changed with it."""
        self._settled_frames = -self._stream.delay_frames
        self._change_bank(controls.bank_change)

    def _change_bank(self, kind: str) -> None:
        if self._bank is None or kind == "keep":
            return
        if kind == "reset":
            self._bank.reset()
        else:
            self._fade = FADE_FRAMES

    def _next_fade(self) -> float:
        """Share of the bank weight for the coming frame; refills the bank when a fade ends."""
        if self._fade is None:
            return 1.0
        if self._fade > 0:
            self._fade -= 1
        if self._fade == 0 and self._prompt.progress >= 1.0 and self._bank is not None:
            self._fade = None
            self._bank.reset()
            return 1.0
        return self._fade / FADE_FRAMES

    def _ramp(self, frames: int) -> float:
        """Share of the bank weight for the coming frame, while a refilled bank gains it over `frames`."""
        if self._bank is None or self._bank.filling or self._bank.frame + 1 >= frames:
            return 1.0
        return (self._bank.frame + 1) / frames

    def _next_feedback(self, controls: Controls, old: Controls | None) -> float:
        """Share of the feedback for the coming frame: none while a change of the look is on its way out."""
        names = LOOK if controls.seed_travel_s == 0 else tuple(name for name in LOOK if name != "seed")
        changed = old is not None and any(getattr(controls, name) != getattr(old, name) for name in names)
        if changed or self._gliding:
            self._settled_frames = -self._stream.delay_frames
        elif self._settled_frames < RETURN_FRAMES:
            self._settled_frames += 1
        return max(0, self._settled_frames) / RETURN_FRAMES

    def _move_noise(self, controls: Controls, now_s: float) -> None:
        """One frame on: towards another seed, and on the circle of the noise."""
        if self._travel.progress < 1.0:
            self._stream.fixed_noise.travel(self._travel.at(now_s))
        if controls.noise_drift > 0:
            self._stream.fixed_noise.turn(controls.noise_drift)
