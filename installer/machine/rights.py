"""Root: whether it may be used, asked in words; and what root can do by hand where there is no sudo."""

from __future__ import annotations

import shlex
import sys
from typing import Sequence

from ..console import Console
from ..errors import InstallError
from .host import Host
from .steps import MachineStep

REFUSED = "it needs root; repeat the command and agree, or give it --yes."
NO_SUDO = "it needs root, and there is no sudo."
SUDO_FAILED = "it needs root, and sudo does not give it."


def reason_without_root(steps: Sequence[MachineStep], host: Host, console: Console, *, yes: bool) -> str:
    """Why root may not be used; empty where it may. Asked in words, with every single action that needs it.

    Args:
        steps: those that need it.
        yes: the person has agreed already.
    """
    if not steps or host.is_root():
        return ""
    if not host.has("sudo"):
        _say_by_hand(steps, host, console)
        return NO_SUDO
    words = [line for step in steps for action in step.actions if _needs_root(action) for line in action.words()]
    if not yes and not _agreed("These need root, and are done with sudo:", words, "Do them?", console):
        return REFUSED
    try:
        # it may be there and not for this person; then each piece would fail by itself
        host.run(["true"], root=True)
    except InstallError as error:
        console.say(f"note: what needs root is left out: {error}")
        return SUDO_FAILED
    return ""


def claim_for_removal(lines: Sequence[str], host: Host, console: Console, *, yes: bool) -> None:
    """Let root be used for a removal.

    Raises:
        InstallError: it may not, or there is no sudo; nothing has been taken back then.
    """
    if host.is_root():
        return
    if not host.has("sudo"):
        raise InstallError("Taking it back needs root, and there is no sudo. Install it, then repeat the command.")
    if not yes and not _agreed("This is taken back, with sudo where it needs root:", lines, "Go on?", console):
        raise InstallError("Taking it back needs root. Repeat the command and agree, or give it --yes.")


def _say_by_hand(steps: Sequence[MachineStep], host: Host, console: Console) -> None:
    """Root cannot call the installer in the person's place: it would set up root's own home folder."""
    console.say("note: there is no sudo; what needs root is left out.")
    if host.has("apt-get") and host.user:
        words = shlex.quote(f"apt-get install sudo && usermod -aG sudo {host.user}")
        console.say(f"Either get it (su - -c {words}), log in anew and repeat the command,")
        console.say("or become root with su - and paste these lines; `remove` knows nothing of those:")
    else:
        console.say("Either get it, or become root with su - and paste these lines; `remove` knows nothing of those:")
    for step in steps:
        for action in step.actions:
            for line in action.typed() if _needs_root(action) else ():
                console.say("    " + line)


def _needs_root(action: object) -> bool:
    return bool(getattr(action, "root", False))


def _agreed(title: str, lines: Sequence[str], question: str, console: Console) -> bool:
    if not sys.stdin.isatty():
        return False
    console.say(title)
    for line in lines:
        console.say("    " + line)
    console.stream.write(f"{question} [y/N] ")
    console.stream.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
