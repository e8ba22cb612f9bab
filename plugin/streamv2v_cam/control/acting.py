"""Commands: what a key, a button or a word in chat asks for, as a change of the live values."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from fastapi.concurrency import run_in_threadpool

from streamv2v.controls import describe_controls
from streamv2v.errors import ControlError

from ..errors import LookError
from ..looks import Look, LookSet
from ..store import ControlStore, Snapshot, names_files
from .bodies import Command
from .report import Recording

RECORDING: Mapping[str, Callable[[Recording], None]] = {
    "start_recording": lambda recorder: recorder.start(),
    "stop_recording": lambda recorder: recorder.stop(),
    "toggle_recording": lambda recorder: recorder.toggle(),
}
OF_LOOKS = ("look", "next_look", "previous_look")
COVERS, UNCOVERS = ("privacy", "toggle_privacy"), ("effect", "leave_privacy")
SEEDS = describe_controls()["seed"]["high"] + 1
Change = tuple[Mapping[str, Any], str | None]


def act(command: Command, store: ControlStore, looks: LookSet, recorder: Recording | None = None) -> Snapshot:
    """Carry out one command.

    Raises:
        SinkError: a recording cannot be written.
        ControlError: the command lacks what it needs; nothing was changed.
        LookError: there is no such look; nothing was changed.
    """
    name = command.command
    if name == "reset_bank":
        return store.reset_bank()
    if name in RECORDING:
        if recorder is None:
            raise ControlError("command", name, "no recording: this program writes none")
        RECORDING[name](recorder)
        return store.current
    if name == "look":
        return store.change(lambda _: _chosen(_wanted(command, looks)))
    if name in OF_LOOKS:
        return store.change(lambda now: _chosen(_beside(now.look, looks, 1 if name == "next_look" else -1)))
    if name == "new_seed":
        return store.change(lambda _: ({"seed": random.randrange(SEEDS)}, None))
    if name in ("strength_up", "strength_down"):
        step = command.step if name == "strength_up" else -command.step
        return store.change(lambda now: (_moved(now, step), None))
    return store.change(lambda now: ({"mode": _mode(name, now)}, None))


async def acted(
    command: Command, store: ControlStore, looks: Callable[[], LookSet], recorder: Recording | None
) -> Snapshot:
    """The same from the server: what reads or writes files in a thread, everything else at once.

    A cover is never in a queue: not behind files, nor behind whoever has taken the last thread.

    Args:
        looks: gives them; reads their file where it has changed.

    Raises:
        SinkError, ControlError, LookError: see `act`.
    """
    if command.command in RECORDING or command.command in OF_LOOKS:
        return await run_in_threadpool(lambda: act(command, store, looks(), recorder))
    return act(command, store, LookSet(()), recorder)


async def applied(patch: Mapping[str, Any], store: ControlStore) -> Snapshot:
    """`ControlStore.apply` from the server, likewise.

    Raises:
        ControlError: see there.
    """
    return await run_in_threadpool(store.apply, patch) if names_files(patch) else store.apply(patch)


def _mode(name: str, now: Snapshot) -> str:
    """The mode after a command that changes it.

    Privacy is a door: whatever covers, covers again, and only `leave_privacy` and `effect` lead out.
    """
    covered = now.controls.mode == "privacy"
    if name in COVERS:
        return "privacy"
    if name == "leave_privacy":
        return now.before_privacy if covered else now.controls.mode
    wanted = name.removeprefix("toggle_")
    if covered and wanted != "effect":
        raise ControlError("command", name, "leave_privacy or effect first, while the picture is covered")
    return "effect" if name.startswith("toggle_") and now.controls.mode == wanted else wanted


def _chosen(look: Look) -> Change:
    return look.patch(), look.name


def _wanted(command: Command, looks: LookSet) -> Look:
    if (command.number is None) == (command.name is None):
        raise ControlError("command", command.command, "look with either a number or a name")
    if command.number is not None:
        look = looks.at(command.number)
        if look is None:
            raise LookError(
                f"There is no look number {command.number}; the last one is {max(looks.numbers.values(), default=0)}."
            )
        return look
    return looks.get(command.name or "")


def _beside(current: str | None, looks: LookSet, step: int) -> Look:
    """The look after (1) or before (-1) the current one, round and round; the first where none is current."""
    ordered = list(looks)
    if not ordered:
        raise LookError("There are no looks to go to.")
    if current is None or current not in looks:
        return ordered[0 if step > 0 else -1]
    return ordered[(looks.names.index(current) + step) % len(ordered)]


def _moved(now: Snapshot, step: float) -> dict[str, float]:
    return {"strength": min(1.0, max(0.0, round(now.controls.strength + step, 4)))}
