"""Case: what one examination knows before it begins: the machine, the settings, whether the program is on air."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .machine import Machine

if TYPE_CHECKING:
    from ..settings import LoadedSettings

OWN_NAME = "streamv2v-cam"
CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Case:
    """What is examined.

    Attributes:
        machine: gives the facts.
        settings: as the program would run with them; None where they cannot be used.
        refusal: why not.
        config: the settings file that was named; None for the usual one.
        deep: try things out: import the engine, open the camera, speak with OBS. Not while the program is on air.
        program: whether the program, whose settings these are, runs and answers.
        page_port: where its page really is; None is where the settings put it.
        own: numbers of the processes of this program that run, whether their page answers or not.
    """

    machine: Machine
    settings: LoadedSettings | None = None
    refusal: str = ""
    config: Path | None = None
    deep: bool = True
    program: bool = False
    page_port: int | None = None
    own: frozenset[int] = frozenset()

    @property
    def port(self) -> int:
        """The port of the page."""
        if self.page_port is not None:
            return self.page_port
        return self.settings.control.port if self.settings is not None else 0

    def holders(self, device: str) -> list[tuple[int, str]]:
        """Who has a device open; this program itself is left out."""
        return [holder for holder in self.machine.holders(device) if not self.is_own(holder)]

    def is_own(self, holder: tuple[int, str]) -> bool:
        """Whether a process, by its number and name, is this program."""
        return holder[0] in self.own or holder[1] == OWN_NAME

    def with_config(self, command: str) -> str:
        """A command of the program, with the settings file that was named."""
        return command if self.config is None else f"{command} --config {quoted(self.config)}"

    @property
    def has_installer(self) -> bool:
        """Whether the program comes from a checkout, whose installer sets up the machine as well."""
        return (CHECKOUT / "installer" / "__main__.py").is_file()

    def installer(self, verb: str) -> str:
        """The installer's command, where the program comes from a checkout; else pip's for the same end."""
        if self.has_installer:
            python = "py" if self.machine.system == "Windows" else "python3"
            return f"{python} {quoted(CHECKOUT / 'installer')} {verb}"
        return f"{quoted(self.machine.python)} -m pip install --upgrade --force-reinstall streamv2v-cam"

    def pip(self, rest: str) -> str:
        """A command for the pip of the program's own environment."""
        return f"{quoted(self.machine.python)} -m pip {rest}"


def quoted(text: str | Path) -> str:
    """A word of a command, quoted where it has to be."""
    words = str(text)
    if sys.platform != "win32":
        return shlex.quote(words)
    return f'"{words}"' if " " in words else words
