"""The installed service: its host is killed, and a real systemd of a person starts it again."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
from services.manager import UserManager, missing

from installer.errors import InstallError
from installer.machine import desktop
from installer.machine.desktop import UNIT
from installer.machine.host import Host
from installer.machine.journal import Journal
from installer.machine.steps import Wishes

from .program import Asked
from .rooms import Room
from .watching import NotSo, Row, is_live, wait, watch

REPOSITORY = Path(__file__).resolve().parents[2]


class Served(Asked):
    """A show that the installed service has started.

    Raises:
        NotSo: there is no systemd here, or it does not take the service.
    """

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        super().__init__(folder)
        if lacks := missing():
            raise NotSo(lacks)
        program = folder / "streamv2v-cam"
        command = shlex.join([sys.executable, "-m", "streamv2v_cam"])
        # "run --no-open" is the service's own; the camera is drawn, and nothing goes out
        program.write_text(f'#!/bin/sh\nexec {command} "$@" -i presenter --sink null --no-preview\n')
        program.chmod(0o755)
        try:
            self.systemd = stack.enter_context(UserManager(folder / "person", self.environment))
            _install(self.systemd, program)
        except (OSError, InstallError) as error:
            raise NotSo(str(error)) from error
        self.systemd.control("start", UNIT)
        wait(lambda: is_live(self.look()), "the service live")

    def host(self) -> psutil.Process:
        """The host process."""
        return psutil.Process(int(self.systemd.facts(UNIT, "MainPID")["MainPID"]))


def _install(systemd: UserManager, program: Path) -> None:
    """The installer's own step, with its own unit."""
    host = Host(system="linux", home=str(systemd.home), environment=systemd.environment)
    wishes = Wishes(str(program), "", "", "")
    for action in desktop.service(host, wishes).actions:
        action.perform(host, Journal(host))


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Served]:
    """A live service."""
    with contextlib.ExitStack() as stack:
        yield Served(folder, stack)


def killed(served: Served) -> Row:
    """The host is killed; nothing of ours is left to say so, and viewers see what the virtual camera shows then."""
    host = served.host()
    parts = host.children(recursive=True)
    row = watch(served, "program killed under its service", lambda: os.kill(host.pid, signal.SIGKILL))
    row.on_air, row.late = f"live > nothing > {row.on_air.removeprefix('live > ')}", None
    left = [part for part in parts if part.is_running() and part.status() != psutil.STATUS_ZOMBIE]
    restarts = served.systemd.facts(UNIT, "NRestarts")["NRestarts"]
    row.said = row.said or "nothing"
    row.note = f"systemd {_version(served)} started it again; {row.note}"
    row.wrong = "" if not left and restarts == "1" else f"{len(left)} parts of the old one left, {restarts} starts"
    return row


def _version(served: Served) -> str:
    return served.systemd.control("--version").split()[1]


ROOM = Room("service", stage, {"service": killed})
