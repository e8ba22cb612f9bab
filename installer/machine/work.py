"""install, update, repair and remove: the steps of this system done in order, or taken back in the reverse of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Iterator

from ..console import Console
from ..errors import InstallError, UnfinishedError
from . import linux, macos, obs, rights, windows
from .actions import Afterwards, File, Run
from .host import Host
from .journal import Journal
from .steps import DONE, LEFT_OUT, MachineStep, Wishes, left_out
from .undo import take_back, words_of_undo

STEPS: dict[str, Callable[[Host, Wishes], Iterator[MachineStep]]] = {
    "linux": linux.steps,
    "darwin": macos.steps,
    "win32": windows.steps,
}


def steps_of(host: Host, wishes: Wishes) -> Iterator[MachineStep]:
    """The steps of a system; none where it is no known one."""
    make = STEPS.get(host.system)
    for made in () if make is None else make(host, wishes):
        yield from _without_edited(made, host)


def _without_edited(made: MachineStep, host: Host) -> Iterator[MachineStep]:
    """A step without the files that the person has changed since we wrote them; those are named."""
    files = [action for action in made.actions if isinstance(action, File)]
    edited = [action for action in files if action.is_edited(host, Journal(host))]
    left = [action for action in made.actions if action not in edited]
    if not edited:
        yield made
    elif any(not isinstance(action, (Run, Afterwards)) for action in left):
        yield replace(made, actions=left)
    for action in edited:
        reason = (
            f"{action.name} was changed since it was written, and stays as it is. To have it written anew, move it "
            "away and repeat the command."
        )
        yield left_out(made.name, made.title, reason)


def plan_lines(host: Host, wishes: Wishes) -> Iterator[str]:
    """What `install` would do, letter by letter, and what it would leave out and why."""
    for step in steps_of(host, wishes):
        yield f"{step.title}: {step.state}{'; ' + step.reason if step.reason else ''}"
        for action in step.actions:
            yield from ("    " + line for line in action.words())


def install(host: Host, wishes: Wishes, console: Console, *, yes: bool = False) -> list[MachineStep]:
    """Do what is to do; a repeated call goes on where an earlier one stopped.

    Args:
        yes: do not ask before root is needed.

    Returns:
        the steps that are left out, with their reasons.

    Raises:
        UnfinishedError: steps failed; those after them were done all the same, and what is done is kept.
    """
    journal = Journal(host)
    planned = list(steps_of(host, wishes))
    no_root = rights.reason_without_root([step for step in planned if step.needs_root], host, console, yes=yes)
    missing, failed = [], []
    for number, step in enumerate(steps_of(host, wishes), 1):
        if step.state == DONE:
            continue
        if step.state == LEFT_OUT or (step.needs_root and no_root):
            missing.append(MachineStep(step.name, step.title, LEFT_OUT, step.reason or no_root))
            continue
        console.begin(number, len(planned), step.title)
        try:
            _perform(step, host, journal, console)
        except InstallError as error:
            failed.append(f"{step.title}: {str(error).rstrip('.')}")
            console.say(f"      failed: {error}")
        else:
            console.end()
    if failed:
        raise UnfinishedError(f"{'; '.join(failed)}. The rest is done; mend this, then repeat.", missing=missing)
    return missing


def _perform(step: MachineStep, host: Host, journal: Journal, console: Console) -> None:
    for action in step.actions:
        console.tick(action.words()[0].rstrip(":"))
        known = len(journal.entries)
        try:
            action.perform(host, journal)
        except InstallError as error:
            if not getattr(action, "may_fail", False):
                raise
            # what did not come about has nothing to be taken back
            for entry in journal.entries[known:]:
                journal.drop(entry)
            console.say(f"      note: {error}")


def undo_lines(host: Host) -> Iterator[str]:
    """What `remove` would do to the machine."""
    is_open = obs.is_open(host)
    for entry in reversed(Journal(host).entries):
        yield words_of_undo(entry) + (f": left out: {obs.OPEN}" if is_open and entry["kind"] == "obs" else "")


def remove(host: Host, console: Console, *, yes: bool = False) -> bool:
    """Take back everything that the journal knows; false where there was nothing.

    What is in OBS's files stays in them and in the journal while OBS is open.

    Raises:
        InstallError: something could not be taken back; the rest of the journal stays for another try.
    """
    journal = Journal(host)
    entries = list(reversed(journal.entries))
    if not entries:
        return False
    if any(entry.get("root") for entry in entries):
        rights.claim_for_removal([words_of_undo(entry) for entry in entries], host, console, yes=yes)
    left: list[dict[str, Any]] = []
    for number, entry in enumerate(entries, 1):
        if entry["kind"] == "obs" and obs.is_open(host):
            left.append(entry)
            continue
        console.begin(number, len(entries), words_of_undo(entry)[:80])
        if entry["kind"] == "obs":
            known = [other["name"] for other in journal.entries if other["kind"] == "obs"]
            obs.take_out_of_others(host, known, console.say)
        take_back(entry, host, console.say)
        journal.drop(entry)
        console.end()
    for entry in left:
        console.say(f"left out: {words_of_undo(entry)}: {obs.OPEN}")
    return True
