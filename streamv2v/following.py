"""Between two frames: take over new controls and move every glide, fade and reset one step on."""

from __future__ import annotations

from .bank import FeatureBank
from .controls import Controls
from .live import LiveTensors
from .prompt import Glide, PromptEncoder
from .schedule import Schedule
from .stream_batch import StreamBatch

FADE_FRAMES = 4
"""Least frames over which a bank fades before it is refilled."""


class Following:
    """Makes the stream follow the controls; only numbers move, nothing is rebuilt.

    A new prompt glides in over `transition_s`, and a strength that changes with it glides along; alone,
    strength jumps, so that a dragged slider acts at once. A change of prompt or seed makes the bank
    fade (and refill when the glide has ended), reset, or stay, as `bank_change` says.
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
        self._prompt = self._negative = Glide(None)
        self._strength = Glide(0.0)
        self._fade: int | None = None

    @property
    def moving(self) -> bool:
        """Whether a glide or a fade is under way."""
        return self._fade is not None or self._prompt.progress < 1.0 or self._strength.progress < 1.0

    def restart(self) -> None:
        """The next controls apply at once, without glide or fade."""
        self._controls = None

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
        text_moves = changed or self._prompt.progress < 1.0
        if text_moves:
            self._stream.set_text(self._prompt.at(now_s), self._negative.at(now_s))
        moved = changed or self.moving
        self._schedule.set_strength(self._strength.at(now_s))
        self._live.write(controls, bank_fade=self._next_fade())
        return moved

    def _begin(self, controls: Controls) -> None:
        self._prompt = Glide(self._encoder.blend(controls.prompt, controls.blend))
        self._negative = Glide(self._encoder.encode(controls.negative_prompt))
        self._strength = Glide(controls.strength)
        self._fade = None
        self._stream.draw_noise(controls.seed)

    def _head_for(self, controls: Controls, old: Controls, now_s: float) -> None:
        other_look = (controls.prompt, controls.blend) != (old.prompt, old.blend)
        other_negative = controls.negative_prompt != old.negative_prompt
        glide_s = controls.transition_s
        if other_look:
            target = self._encoder.blend(controls.prompt, controls.blend)
            self._prompt.go(target, duration_s=glide_s, now_s=now_s)
        if other_negative:
            target = self._encoder.encode(controls.negative_prompt)
            self._negative.go(target, duration_s=glide_s, now_s=now_s)
        if controls.strength != old.strength:
            self._strength.go(controls.strength, duration_s=glide_s if other_look else 0.0, now_s=now_s)
        if controls.seed != old.seed:
            self._stream.draw_noise(controls.seed)
        if other_look or controls.seed != old.seed:
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
