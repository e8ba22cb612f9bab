"""MachineStep: one piece of the installation, with whether it is done, to do, or left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

DONE, PENDING, LEFT_OUT = "done", "to do", "left out"


@dataclass(frozen=True)
class Wishes:
    """What the person asked for.

    Attributes:
        program: the program's executable in the environment.
        icon: the program's icon, a file.
        script: the Lua script for OBS, a file.
        dock: address of the dock, with its key; without it where nothing is to be changed.
        autostart: start the program at login.
    """

    program: str
    icon: str
    script: str
    dock: str
    autostart: bool = False


@dataclass(frozen=True)
class MachineStep:
    """One piece.

    Attributes:
        name: in the journal.
        title: what people read.
        state: `DONE`, `PENDING` or `LEFT_OUT`.
        reason: why it is left out, and what to do.
        actions: what is to do, in order.
    """

    name: str
    title: str
    state: str
    reason: str = ""
    actions: Sequence[Any] = ()

    @property
    def needs_root(self) -> bool:
        """Whether one of its actions does."""
        return any(action.root for action in self.actions if hasattr(action, "root"))


def step(name: str, title: str, actions: Sequence[Any], *, done: bool = False) -> MachineStep:
    """A step that is to do, or done."""
    return MachineStep(name, title, DONE if done else PENDING, "", () if done else tuple(actions))


def left_out(name: str, title: str, reason: str) -> MachineStep:
    """A step that cannot be done here or now."""
    return MachineStep(name, title, LEFT_OUT, reason)
