"""One network in training: its optimiser, the average of its weights, and the checkpoint of all three."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch

from training.stage import follow, learning_rate, load_checkpoint, save_checkpoint, set_learning_rate
from training.team import Member


class OneNetwork:
    """A network that learns, going on from the checkpoint at `path` if there is one.

    Args:
        model: where its weights lie; layers that do not learn are left out by themselves.
        steps: of the whole run, which the learning rate follows.

    Attributes:
        average: the network with the running average of the weights.
        first: the step to go on with.
    """

    def __init__(self, model: torch.nn.Module, path: Path, *, steps: int, peak_rate: float, member: Member) -> None:
        self.average, self.first = copy.deepcopy(model), 0
        self._model, self._path, self._steps, self._peak_rate, self._member = model, path, steps, peak_rate, member
        self._optimiser = torch.optim.AdamW(model.parameters(), lr=peak_rate, betas=(0.9, 0.98), weight_decay=1e-4)
        if state := load_checkpoint(path):
            model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self._optimiser.load_state_dict(state["optimiser"])
            self.first = state["step"]

    def learn(self, step: int, loss: torch.Tensor) -> None:
        """One step down the gradient of `loss`, averaged over the team."""
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._member.average_gradients(self._model.parameters())
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        set_learning_rate(self._optimiser, learning_rate(step, self._steps, peak=self._peak_rate))
        self._optimiser.step()
        follow(self.average, self._model, decay=min(0.995, (step + 1) / (step + 10)))

    def save(self, step: int, **more: Any) -> None:
        """Write the checkpoint of `step` steps, with whatever `more` belongs to it."""
        state = {"model": self._model.state_dict(), "average": self.average.state_dict()}
        save_checkpoint(self._path, state | more | {"optimiser": self._optimiser.state_dict(), "step": step})
